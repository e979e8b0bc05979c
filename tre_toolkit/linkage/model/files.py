"""Which records stand in one file, and which of them are one child already by the file's own numbers.

A file is what one authority holds. Its returns of all years carry the child's own number, a UPN or an
NHS number: records that share one are one *unit* before any model runs, with the newest value of
every token. Numbers that several authorities' sets share (a national set's, a crosswalk's) bring records together whoever
sent them. Where there is one authority only, each group of datasets with its own numbering is a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tre_toolkit.linkage.cluster import Persons, components, persons
from tre_toolkit.linkage.records import NONE, Codes, Lists, Records
from tre_toolkit.linkage.room import Room
from tre_toolkit.linkage.rule_sets import BRIDGE, Step
from tre_toolkit.linkage.rules import Candidates, Crowded, candidates

OWN: tuple[Step, ...] = (
    Step("same authority, own number", (("local_id",),), "certain", within=True),
    BRIDGE,
    Step("same authority, UPN", (("upn", "former_upn"),), "certain", within=True),
    Step("same authority, NHS number", (("nhs",),), "certain", within=True),
)


@dataclass(frozen=True, slots=True)
class Units:
    """`unit`: the unit of each record. `records`: a row for each unit; `file`: the file each unit is in.

    `pairs` are the exact agreements that made the units, `joined` what came of them.
    """

    unit: Codes
    records: Records
    file: Codes
    names: tuple[str, ...]
    pairs: Candidates
    joined: Persons
    crowded: tuple[Crowded, ...]


def units(records: Records, *, held: Codes | None = None, room: Room | None = None) -> Units:
    """Bring the records of each file together by its own numbers; those of two earlier persons (`held` codes) stay apart."""
    room = room or Room()
    steps = OWN if records.about["authority"].nunique() > 1 else OWN[:2]
    pairs, crowded = candidates(records, steps)
    joined = persons(records, pairs.left, pairs.right, pairs.step, held=held)
    labels, unit = np.unique(joined.cluster, return_inverse=True)
    names, file_of_record = _files(records)
    national = records.of("number") != NONE  # says what happened to a child, and little of who it is
    newest = np.lexsort((np.arange(len(records)), -_rank(records.about["period"]), national, unit))
    first = newest[np.unique(unit[newest], return_index=True)[1]]
    about = records.about.iloc[first].reset_index(drop=True).assign(source=file_of_record[first])
    tokens, lists = {}, {}
    for kind, codes in records.tokens.items():
        rows = _newest(unit[newest], codes[newest], newest, len(labels))
        tokens[kind] = room.put(np.where(rows < 0, NONE, codes[rows]))
        if kind in records.lists:
            found = _lists(records.lists[kind], rows)
            lists[kind] = Lists(room.put(found.starts), room.put(found.values))
    made = Records(about, tokens, lists, names)
    return Units(unit, made, file_of_record[first], names, pairs, joined, tuple(crowded))


def _rank(values: pd.Series) -> Codes:
    return pd.factorize(values, sort=True)[0].astype(np.int64)


def _newest(unit: Codes, codes: Codes, rows: Codes, count: int) -> Codes:
    """For each unit the row with its newest token of one kind, -1 where no record has one; arrays stand newest first."""
    held = codes != NONE
    found = np.full(count, -1, dtype=np.int64)
    named, place = np.unique(unit[held], return_index=True)
    found[named] = rows[held][place]
    return found


def _lists(found: Lists, rows: Codes) -> Lists:
    """The deletion list of the very record a unit's value came from."""
    lengths = np.where(rows < 0, 0, np.diff(found.starts)[rows])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    return Lists(starts, found.values[np.repeat(found.starts[:-1][rows], lengths) + within])


def _files(records: Records) -> tuple[tuple[str, ...], Codes]:
    """Names of the files, and the file of each record."""
    authorities = records.about["authority"]
    if authorities.nunique() > 1:
        codes, names = pd.factorize(authorities, sort=True)
        return tuple(map(str, names)), codes.astype(np.int64)
    codes, names = pd.factorize(records.about["dataset"], sort=True)
    family = _families(records.of("local_id"), codes.astype(np.int64), len(names))
    kept, place = np.unique(family, return_inverse=True)
    told = tuple(" and ".join(names[family == one]) for one in kept)
    return told, place[codes].astype(np.int64)


def _families(local: Codes, dataset: Codes, count: int) -> Codes:
    """Datasets of one authority that share any own number are of one numbering."""
    held = local != NONE
    table = pd.DataFrame({"local": local[held], "dataset": dataset[held]}).drop_duplicates()
    met = table.merge(table, on="local")
    return components(count, met["dataset_x"].to_numpy(), met["dataset_y"].to_numpy())


__all__: Sequence[str] = ["OWN", "Units", "units"]
