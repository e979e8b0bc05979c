"""Ordered rules at work: each step's tokens compared, from the surest step down.

A step is a list of comparisons that must all agree. A comparison is a list of kinds of token that
may stand for one another (a former UPN for a UPN): it agrees when any of the left record's is any of
the right record's. The step by which a record came to its person is kept for the researcher.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tre_toolkit.linkage.records import NONE, Codes, Records, mix, text_codes
from tre_toolkit.linkage.rule_sets import Step

MOST = 20  # records of one return that may carry one token of a step: beyond that it names no child


@dataclass(frozen=True, slots=True)
class Candidates:
    """Record pairs that agree on a step: `left`, `right` (row numbers, left < right) and the step's number."""

    left: Codes
    right: Codes
    step: Codes

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class Crowded:
    """A step whose tokens too many records shared: how many tokens were left out, and how many records carry them."""

    step: str
    tokens: int
    records: int
    largest: int

    def told(self) -> dict[str, str | int]:
        return {"step": self.step, "tokens": self.tokens, "records": self.records}


def keys(records: Records, step: Step) -> pd.DataFrame:
    """For each record and each way it can meet the step, a code: columns row, key."""
    found = []
    for kinds in itertools.product(*step.agree):
        parts = [records.of(name) for name in kinds]
        if all(part.any() for part in parts):
            key = parts[0] if len(parts) == 1 else mix(*parts)
            rows = np.flatnonzero(key != NONE)
            found.append(pd.DataFrame({"row": rows, "key": key[rows]}))
    if not found:
        return pd.DataFrame({"row": np.zeros(0, np.int64), "key": np.zeros(0, np.int64)})
    all_keys = pd.concat(found, ignore_index=True).drop_duplicates()
    if step.within:
        authority = text_codes(records.about["authority"].tolist())[all_keys["row"]]
        all_keys["key"] = mix(all_keys["key"].to_numpy(), authority)
    return all_keys


def candidates(records: Records, steps: Sequence[Step]) -> tuple[Candidates, list[Crowded]]:
    """Every pair of records that agrees on a step, with the first step it agrees on; and what was left out.

    A token that more than `MOST` records of one return share is left out of the step and told.
    """
    found, crowded = [], []
    for number, step in enumerate(steps):
        blocks, left_out = _blocks(records, step)
        if left_out:
            crowded.append(left_out)
        left, right = pairs_of(blocks["row"].to_numpy(), blocks["key"].to_numpy())
        if step.alone:
            left, right = _not_numbered_apart(records, left, right)
        found.append(pd.DataFrame({"left": left, "right": right, "step": np.full(len(left), number)}))
    every = pd.concat(found, ignore_index=True).drop_duplicates(["left", "right"], keep="first")
    columns = (every[name].to_numpy(dtype=np.int64) for name in ("left", "right", "step"))
    return Candidates(*columns), crowded


def told_twice(records: Records, step: Step) -> int:
    """How many tokens of a step some return carries twice: a step that is `alone` leaves them out."""
    blocks = keys(records, step)
    blocks["source"] = records.source[blocks["row"]]
    return int((blocks.groupby(["key", "source"])["row"].size().groupby("key").max() > 1).sum())


def pairs_of(row: Codes, key: Codes) -> tuple[Codes, Codes]:
    """All pairs of rows with the same key, the lower row first."""
    order = np.lexsort((row, key))
    row, key = row[order], key[order]
    sizes = np.unique(key, return_counts=True)[1]
    ends = np.cumsum(sizes)
    end_of = np.repeat(ends, sizes)
    place = np.arange(len(key))
    later = end_of - place - 1  # how many rows of the same block come after this one
    left = np.repeat(place, later)
    right = left + 1 + np.arange(later.sum()) - np.repeat(np.cumsum(later) - later, later)
    return row[left], row[right]


def _not_numbered_apart(records: Records, left: Codes, right: Codes) -> tuple[Codes, Codes]:
    """Leave out pairs that one authority's own numbers, in one dataset, say are two children."""
    local = records.of("local_id")
    system = text_codes((records.about["authority"] + " " + records.about["dataset"]).tolist())
    numbered = (local[left] != NONE) & (local[right] != NONE) & (system[left] == system[right])
    kept = ~(numbered & (local[left] != local[right]))
    return left[kept], right[kept]


def _blocks(records: Records, step: Step) -> tuple[pd.DataFrame, Crowded | None]:
    blocks = keys(records, step)
    blocks["source"] = records.source[blocks["row"]]
    carried = blocks.groupby(["key", "source"])["row"].transform("size")
    largest = carried.groupby(blocks["key"]).transform("max")
    too_many = largest > MOST
    left_out = blocks[too_many]
    told = (
        Crowded(step.name, left_out["key"].nunique(), left_out["row"].nunique(), int(largest.max()))
        if len(left_out)
        else None
    )
    kept = blocks[~too_many & (largest == 1)] if step.alone else blocks[~too_many]
    return kept, told
