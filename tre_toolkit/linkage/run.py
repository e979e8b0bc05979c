"""One linkage run: records in, persons out, and what was refused on the way told.

`link_records` is the whole of it as a function of plain arrays; `link` is the same between files:
parcels in, a spine folder with its report out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.files import new_folder
from tre_toolkit.linkage.cluster import Persons, persons
from tre_toolkit.linkage.intake import Intake, take_in
from tre_toolkit.linkage.people import name_clusters, project_key
from tre_toolkit.linkage.records import Codes, Records, stack
from tre_toolkit.linkage.rules import Candidates, Crowded, Step, candidates, rule_set
from tre_toolkit.linkage.spine import Spine, write_spine
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.signing import Verifier

ALONE = "alone"  # the band of a record that was linked to no other


@dataclass(frozen=True, slots=True)
class Linked:
    """What a run found. `spine` has a row for each record, in the order of `records`."""

    records: Records
    spine: pd.DataFrame
    pairs: Candidates
    persons: Persons
    crowded: tuple[Crowded, ...]
    steps: tuple[Step, ...]


def link_records(records: Records, *, key: bytes, rules: str = "exact") -> Linked:
    """Find the persons among `records` by the ordered rules called `rules`; ids are keyed to `key`."""
    steps = rule_set(rules)
    pairs, crowded = candidates(records, steps)
    found = persons(records, pairs.left, pairs.right, pairs.step)
    first = _first_step(len(records), pairs, found.cluster)
    spine = records.about[["parcel", "authority", "dataset", "period", "record_id"]].copy()
    spine["person_id"] = name_clusters(records, found.cluster, key)
    spine["household_id"] = pd.Series([None] * len(records), dtype="object")
    spine["step"] = np.array([*(step.name for step in steps), None], dtype=object)[first]
    spine["weight"] = np.nan
    spine["band"] = np.array([*(step.band for step in steps), ALONE], dtype=object)[first]
    return Linked(records, spine, pairs, found, tuple(crowded), steps)


def link(
    parcels: Sequence[Path],
    *,
    key: RecipientKey,
    trusted: Sequence[Verifier],
    into: Path,
    report: Path | None = None,
    rules: str = "exact",
    truth: Path | None = None,
    truth_maps: Sequence[Path] = (),
) -> Spine:
    """Link the parcels at these paths and write a spine folder at `into`, its report inside it (and in `report`).

    Raises TreError when a parcel doesn't verify or the parcels may not be linked together; nothing is written then.
    """
    from tre_toolkit.linkage import page, quality
    from tre_toolkit.linkage.report import report_on

    taken = take_in([Path(one) for one in parcels], key=key, trusted=trusted)
    if truth is not None and not taken.facts["synthetic"]:
        raise TreError("a truth file can only be had for synthetic children", hint="leave --truth out")
    linked = link_records(stack(taken.tables), key=_key_of(taken.facts), rules=rules)
    told = report_on(linked, taken.about, taken.facts)
    if truth is not None:
        known = quality.true_persons(linked.spine, truth, truth_maps)
        told["truth"] = quality.score(linked.spine["person_id"], known)
    spine = Spine(
        linked.spine, {**taken.facts, "settings": {"engine": "rules", "rules": rules}, **_tally(linked)}
    )
    with new_folder(into) as folder:
        write_spine(spine, folder)
        page.write(told, folder)
        if report is not None:
            with new_folder(report) as beside:
                page.write(told, beside)
    return spine


def _key_of(facts: Mapping[str, Any]) -> bytes:
    return project_key(facts["project"], facts["project_digest"], facts["key_commitment"])


def _first_step(count: int, pairs: Candidates, cluster: Codes) -> Codes:
    """For each record the surest step that ties it to another of its person; -1 (the last place) when none does."""
    kept = cluster[pairs.left] == cluster[pairs.right]
    ends = np.concatenate([pairs.left[kept], pairs.right[kept]])
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, ends, np.concatenate([pairs.step[kept]] * 2))
    return np.where(first == np.iinfo(np.int64).max, -1, first)


def _tally(linked: Linked) -> dict[str, Any]:
    return {
        "records": len(linked.records),
        "persons": int(linked.spine["person_id"].nunique()),
        "conflicts": linked.persons.conflicts["reason"].value_counts().sort_index().to_dict(),
        "left_out": [json.loads(json.dumps(vars_of(one))) for one in linked.crowded],
    }


def vars_of(crowded: Crowded) -> dict[str, Any]:
    """What a crowded step is told as."""
    return {
        "step": crowded.step,
        "tokens": crowded.tokens,
        "records": crowded.records,
        "largest": crowded.largest,
    }


__all__ = ["Intake", "Linked", "link", "link_records"]
