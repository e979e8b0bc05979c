"""The report's counts as tables, hidden so that none of them, nor all together, gives a small count away.

An axis is a way of dividing the records (by sex, by return); a mark is something a record has or hasn't (linked; a
UPN). Each axis with each mark is a table of rows by *yes*, *no* and *records*. What is hidden of one group could be had
from the totals, the other groups, another table of the axis, an axis that holds the very same children, or one that divides
the groups further: so more is hidden until none of these gives it away. Written as outputs (CSV with evidence
beside), the tables are what `tre check` reads; linkage itself knows the threshold and nothing else of disclosure.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tre_toolkit.files import digest, write_text
from tre_toolkit.linkage.records import Codes, mix

SMALL = 10  # counts below it are not shown
HIDDEN = "<10"
SYMBOL, ALL, EVERY = "c", "all", "records"
LARGEST = np.int64(0x7FFFFFFFFFFFFFFF)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Axis:
    """A division of the records. `labels`: the rows; `row`: of each record, its place among them. `cells`: rows by marks by
    (yes, no, records); `sets`: a number for the children of each cell, the same for the same children, 0 for nobody;
    `hidden`: the cells that aren't shown. Sums over all rows are shown."""

    name: str
    labels: tuple[str, ...]
    row: Codes
    cells: Codes
    sets: Codes
    hidden: Mask

    @property
    def totals(self) -> Codes:
        """The sets of the sums over all rows."""
        found: Codes = self.sets.sum(axis=0) & LARGEST
        return found


def axes(columns: Mapping[str, pd.Series], marks: Mapping[str, Mask]) -> dict[str, Axis]:
    """The axes of `columns` (a label for each record) with their cells hidden as far as it takes. Labels stand in the order
    of their categories, where the column has one, else by name."""
    made = {name: _axis(name, values, marks) for name, values in columns.items()}
    parents = {
        name: next((other.name for other in made.values() if _divides(axis, other)), None)
        for name, axis in made.items()
    }
    order = sorted(made, key=lambda one: parents[one] is not None)
    while True:
        before = sum(int(axis.hidden.sum()) for axis in made.values())
        for name in order:
            axis, above = made[name], parents[name]
            others = [other for other in made.values() if other is not axis]
            shown = np.concatenate(
                [
                    np.zeros(1, np.int64),
                    *(part for one in others for part in (one.sets[~one.hidden], one.totals.ravel())),
                ]
            )
            hidden, safe = _hidden(axis, shown, None if above is None else made[above])
            made[name] = replace(axis, hidden=hidden)
            if not safe:  # the same children stand in the open elsewhere: hidden there too
                told = axis.sets[hidden]
                for other in others:
                    also = np.isin(other.sets, told[told != 0])
                    made[other.name] = replace(other, hidden=_whole(other.hidden | also))
        if before == sum(int(axis.hidden.sum()) for axis in made.values()):
            return made


def _whole(hidden: Mask) -> Mask:
    """With one of yes and no goes the other; with the records of a row go all its cells."""
    every = np.asarray(hidden[:, :, 2].any(axis=1)).reshape(-1, 1)
    either = np.asarray(hidden[:, :, :2].any(axis=2) | every)
    found: Mask = np.stack([either, either, np.broadcast_to(every, either.shape)], axis=2)
    return found


def _axis(name: str, values: pd.Series, marks: Mapping[str, Mask]) -> Axis:
    ordered = values if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("category")
    row, labels = ordered.cat.codes.to_numpy().astype(np.int64), ordered.cat.categories
    number = mix(np.arange(1, len(row) + 1)) & LARGEST
    cells = np.zeros((len(labels), len(marks), 3), dtype=np.int64)
    sets = np.zeros_like(cells)
    for at, mark in enumerate(marks.values()):
        for side, has in enumerate((mark, ~mark)):
            cells[:, at, side] = np.bincount(row[has], minlength=len(labels))
            np.add.at(sets[:, at, side], row[has], number[has])
    cells[:, :, 2], sets[:, :, 2] = cells.sum(axis=2), sets.sum(axis=2)  # the sum of two sets is their union
    return Axis(name, tuple(map(str, labels)), row, cells, sets & LARGEST, np.zeros(cells.shape, dtype=bool))


def _divides(fine: Axis, coarse: Axis) -> bool:
    """Whether each row of one axis lies within one row of the other, which has fewer."""
    if len(coarse.labels) >= len(fine.labels) or len(coarse.labels) < 2:
        return False
    met = np.unique(fine.row * len(coarse.labels) + coarse.row)
    return len(met) == len(np.unique(fine.row))


def _hidden(axis: Axis, shown: Codes, above: Axis | None) -> tuple[Mask, bool]:
    """Cells to hide, and whether that is enough. Where an axis above tells the sums, each of its shown rows is for itself."""
    known = np.isin(axis.sets, shown)  # 0 is among them: that nobody is there is no small count
    hidden, safe = axis.hidden.copy(), True
    parent = np.zeros(len(axis.labels), dtype=np.int64)
    if above is not None:
        parent[axis.row] = above.row
        hidden |= above.hidden[parent]
    for group in np.unique(parent):
        part = np.flatnonzero(parent == group)
        every = axis.cells[part, 0, 2:]
        if above is None or not above.hidden[group, 0, 2]:
            gone, enough = covered(every, start=hidden[part, 0, 2], known=known[part, 0, 2:])
            hidden[part] |= gone[:, None, None]
            safe &= enough
        for mark in range(axis.cells.shape[1]):
            if above is not None and above.hidden[group, mark, 0]:
                continue
            some, enough = covered(
                axis.cells[part, mark],
                start=hidden[part, mark, 0],
                known=known[part, mark],
                gone=hidden[part, mark, 2],
            )
            hidden[part, mark, :2] |= some[:, None]
            safe &= enough
    return hidden, safe


def covered(
    cells: Codes, *, start: Mask | None = None, known: Mask | None = None, gone: Mask | None = None
) -> tuple[Mask, bool]:
    """Which rows of `cells` to hide, and whether it is enough: those with a small count, those of `start`, and more, until
    none of the small counts comes out. Sums over all rows are taken to be told.

    `cells` is one column, or yes, no and records of a mark: of these the first two are hidden, and the third where
    `gone`. `known` are cells that stand in the open elsewhere. What nobody else tells covers first, then the least. Where
    that isn't enough, the answer is what would be if nothing stood elsewhere.
    """
    first = np.asarray(is_small(cells[:, :2]).any(axis=1))
    if start is not None:
        first = np.asarray(first | start)
    nowhere = np.zeros(cells.shape, dtype=bool)
    for open_ in (nowhere if known is None else known, nowhere):
        hidden = first.copy()
        for at in np.lexsort((cells[:, :2].sum(axis=1), open_[:, :2].any(axis=1))).tolist():
            if _keeps(cells, _cells_of(hidden, cells, gone), open_):
                break
            hidden[at] = True
        if _keeps(cells, _cells_of(hidden, cells, gone), open_):
            break
    return hidden, open_ is not nowhere or known is None


def _cells_of(rows: Mask, cells: Codes, gone: Mask | None) -> Mask:
    hidden = np.repeat(rows[:, None], cells.shape[1], axis=1)
    if cells.shape[1] == 3:
        hidden[:, 2] = False if gone is None else gone
    return hidden


def _keeps(cells: Codes, hidden: Mask, known: Mask) -> bool:
    """Whether nobody can work out a small count that is hidden, nor that it is one."""
    out = known | ~hidden
    while True:  # what is alone in a column follows from the sum; of yes, no and records, two give the third
        more = out | ((~out).sum(axis=0) == 1)
        if cells.shape[1] == 3:
            more = more | (more.sum(axis=1, keepdims=True) >= 2)
        if (more == out).all():
            break
        out = more
    small = is_small(cells) & hidden
    if (small & out).any():
        return False
    if is_small(np.where(out, 0, cells).sum(axis=0))[small.any(axis=0)].any():
        return False
    if cells.shape[1] == 3:  # it could be less by one only if another row could take one more
        spare = np.where(out[:, :2], 0, np.where(out[:, 2:], cells[:, 1::-1], 1))
        left = spare.sum(axis=0) - spare
        return not (small[:, :2] & (left < 1)).any()
    return True


def is_small(counts: Codes) -> Mask:
    found: Mask = (counts > 0) & (counts < SMALL)
    return found


def told(marks: Mapping[str, Mask]) -> dict[str, Mask]:
    """The marks that can be told of at all: neither those who have one nor those who haven't are few. That they are records
    all have, and it is always told of."""
    return {
        name: mark
        for name, mark in marks.items()
        if name == EVERY or not is_small(np.array([mark.sum(), len(mark) - mark.sum()])).any()
    }


def write(made: Mapping[str, Axis], marks: Mapping[str, Mask], folder: Path, *, synthetic: bool) -> None:
    """Write a table for each axis and mark into `folder`, as outputs: CSV, and the evidence beside it (the owner's alone)."""
    folder.mkdir()
    for axis in made.values():
        for at, mark in enumerate(marks):
            if mark == EVERY and len(marks) > 1:  # every other table has the records too
                continue
            path = folder / f"{_plain(axis.name)}_by_{_plain(mark)}.csv"
            columns, labels = (mark, f"not {mark}", EVERY), [*axis.labels, ALL]
            units = np.vstack([axis.cells[:, at], axis.cells[:, at].sum(axis=0)])
            sets = np.vstack([axis.sets[:, at], axis.totals[at]])
            hidden = np.vstack([axis.hidden[:, at], is_small(units[-1])])
            shown = np.where(hidden, SYMBOL, units.astype(str)).tolist()
            write_text(path, _csv([axis.name, *columns], labels, shown))
            evidence = {
                "format": "tre-evidence-v1",
                "file": {"name": path.name, "sha256": digest(path)},
                "made_by": "tre link --report",
                "unit": "child",
                "synthetic": synthetic,
                "cells": {
                    "rows": labels,
                    "columns": list(columns),
                    "units": units.tolist(),
                    "shown": shown,
                    "sets": sets.tolist(),
                    "totals": {axis.name: [ALL], "column": [EVERY]},
                },
                "packs": [],
                "verdict": "UNCHECKED",
                "findings": [],
            }
            beside = path.with_name(path.name + ".evidence.json")
            write_text(beside, json.dumps(evidence, indent=2, ensure_ascii=False) + "\n", mode=0o600)


def _csv(head: list[str], labels: list[str], shown: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([label, *cells] for label, cells in zip(labels, shown, strict=True))
    return text.getvalue()


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def figures(axis: Axis, at: int) -> list[dict[str, Any]]:
    """The rows of an axis with the mark at this place: records, yes, no, and the rate, what is hidden as `HIDDEN`."""
    rows = []
    for label, cells, hidden in zip(
        axis.labels, axis.cells[:, at].tolist(), axis.hidden[:, at].tolist(), strict=True
    ):
        yes, no, whole = (HIDDEN if gone else many for many, gone in zip(cells, hidden, strict=True))
        share = round(cells[0] / cells[2], 4) if cells[2] else None
        rows.append(
            {"label": label, "records": whole, "yes": yes, "no": no, "rate": HIDDEN if hidden[0] else share}
        )
    return rows
