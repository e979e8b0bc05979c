"""Evidence in one pass: for every cell of a table its rows, distinct children, sums and largest contributors.

Labels become codes once; a cell is a number; everything is counted with bincounts over those numbers. The unit of
every count is the child: rows of one child in one cell are one contributor.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from disclosure.shown import Floats, Ints

TOP = 2  # largest contributors kept: what (n, k) and p % rules ask for


@dataclass(frozen=True, slots=True)
class Axis:
    """What a table is split by: labels in order, and each row's place among them (-1 where it is missing)."""

    names: tuple[str, ...]
    labels: tuple[tuple[Hashable, ...], ...]
    codes: Ints

    def __len__(self) -> int:
        return len(self.labels)

    def index(self) -> pd.Index:
        """The labels as a pandas index."""
        if len(self.names) == 1:
            return pd.Index([label[0] for label in self.labels], name=self.names[0])
        return pd.MultiIndex.from_tuples(self.labels, names=self.names)

    def texts(self) -> list[str]:
        """The labels as printed."""
        return [" → ".join(map(str, label)) for label in self.labels]


def axis_of(parts: Sequence[Any], names: Sequence[str], *, observed: bool = False) -> Axis:
    """An axis over one or several columns. Categories nobody is in stay, so that empty cells are seen.

    With `observed` only combinations that occur are kept.
    """
    coded = [_coded(part) for part in parts]
    if len(coded) == 1:
        codes, labels = coded[0]
        return Axis(tuple(names), tuple((label,) for label in labels), codes)
    whole = np.zeros(len(coded[0][0]), np.int64)
    missing = np.zeros(len(whole), bool)
    for codes, labels in coded:
        whole = whole * max(1, len(labels)) + np.maximum(codes, 0)
        missing |= codes < 0
    combined = pd.MultiIndex.from_product([labels for _, labels in coded])
    whole[missing] = -1
    if not observed:
        return Axis(tuple(names), tuple(combined), whole)
    seen = np.unique(whole[whole >= 0])
    place = np.full(len(combined) + 1, -1)
    place[seen] = np.arange(len(seen))
    return Axis(tuple(names), tuple(combined[seen]), place[whole])


def _coded(part: Any) -> tuple[Ints, list[Hashable]]:
    if isinstance(part, pd.Series) and isinstance(part.dtype, pd.CategoricalDtype):
        return np.asarray(part.cat.codes), list(part.cat.categories)
    codes, labels = pd.factorize(pd.Series(part), sort=True)
    return np.asarray(codes, np.int64), list(labels)


@dataclass(frozen=True, slots=True)
class Units:
    """Who each row is about, as numbers from 0; `once` when no child has two rows."""

    codes: Ints
    count: int
    once: bool
    labels: Any = None


def units_of(identifiers: Any) -> Units:
    """Numbers for the children behind rows (a missing identifier is a child of its own)."""
    codes, labels = pd.factorize(
        np.asarray(identifiers) if not isinstance(identifiers, pd.Series) else identifiers
    )
    codes = codes.astype(np.int64)
    missing = codes < 0
    count = len(labels) + int(missing.sum())
    codes[missing] = np.arange(len(labels), count)
    return Units(codes, count, count == len(codes), labels)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts over the cells of a table of `shape` (rows x columns), margins last where asked for."""

    shape: tuple[int, int]
    rows: Ints
    units: Ints | None  # distinct children; None when nobody said who rows are about
    missing: int  # rows left out because a label is missing
    margins: bool

    def cells(self, name: str = "rows") -> Ints:
        """Rows or units as a matrix."""
        found = self.rows if name == "rows" or self.units is None else self.units
        return found.reshape(self.shape)


def tally(down: Axis, across: Axis, units: Units | None, *, margins: bool = False) -> Tally:
    """Count rows and distinct children in every cell, and in the margins."""
    height, width = len(down), len(across)
    cell, kept = cell_numbers(down, across)
    rows = np.bincount(cell, minlength=height * width).reshape(height, width)
    distinct = None
    if units is not None:
        distinct = rows if units.once else _distinct(cell, units, kept, height, width)
    missing = 0 if kept is None else int(len(kept) - kept.sum())
    if margins:
        rows = _bordered(rows)
        if distinct is not None:
            distinct = (
                rows
                if units is not None and units.once
                else _bordered_distinct(cell, units, kept, height, width)
            )
    return Tally(
        rows.shape, rows.reshape(-1), None if distinct is None else distinct.reshape(-1), missing, margins
    )


def cell_numbers(down: Axis, across: Axis) -> tuple[Ints, Any]:
    """Each kept row's cell, and which rows are kept (None: all)."""
    width = max(1, len(across))
    small = len(down) * width < 2**31
    kind = np.dtype(np.int32 if small else np.int64)
    a, b = down.codes, across.codes
    cell: Any = a.astype(kind) * kind.type(width) + b
    if len(a) and (a.min() < 0 or b.min() < 0):
        kept = (a >= 0) & (b >= 0)
        return cell[kept], kept
    return cell, None


def _pairs(cell: Ints, units: Units, kept: Any) -> Ints:
    who = units.codes if kept is None else units.codes[kept]
    return np.asarray(pd.unique(cell.astype(np.int64) * units.count + who))


def _distinct(cell: Ints, units: Units, kept: Any, height: int, width: int) -> Ints:
    pairs = _pairs(cell, units, kept)
    return np.bincount(pairs // units.count, minlength=height * width).reshape(height, width)


def _bordered(counts: Ints) -> Ints:
    wide = np.hstack([counts, counts.sum(axis=1, keepdims=True)])
    return np.vstack([wide, wide.sum(axis=0)])


def _bordered_distinct(cell: Ints, units: Units | None, kept: Any, height: int, width: int) -> Ints:
    assert units is not None  # noqa: S101  (asked only with units)
    pairs = _pairs(cell, units, kept)
    cells, who = pairs // units.count, pairs % units.count
    found = np.zeros((height + 1, width + 1), np.int64)
    found[:height, :width] = np.bincount(cells, minlength=height * width).reshape(height, width)
    by_row = pd.unique(cells // width * units.count + who) // units.count
    by_column = pd.unique(cells % width * units.count + who) // units.count
    found[:height, width] = np.bincount(by_row, minlength=height)
    found[height, :width] = np.bincount(by_column, minlength=width)
    found[height, width] = len(pd.unique(who))
    return found


@dataclass(frozen=True, slots=True)
class Amounts:
    """What children contribute to each cell of a table of figures: sums of absolute values, and the largest ones."""

    units: Ints
    rows: Ints
    absolute: Floats
    top: Floats  # TOP x cells, largest first
    sums: Floats
    negative: bool


def amounts(cell: Ints, count: int, who: Ints | None, values: Floats, *, once: bool) -> Amounts:
    """Contributions by child: several rows of one child in one cell are added up first."""
    sums: Floats = np.bincount(cell, values, count).astype(float)
    rows = np.bincount(cell, minlength=count)
    owner, given = cell, values
    if who is not None and not once:
        pair = cell.astype(np.int64) * (int(who.max(initial=0)) + 1) + who
        number, first = _numbered(pair)
        given = np.bincount(number, values).astype(float)
        owner = cell[first]
    given = np.abs(given)
    units = np.bincount(owner, minlength=count)
    absolute: Floats = np.bincount(owner, given, count).astype(float)
    return Amounts(units, rows, absolute, _largest(owner, given, count), sums, bool((values < 0).any()))


def _numbered(pair: Ints) -> tuple[Ints, Ints]:
    number, labels = pd.factorize(pair)
    first = np.full(len(labels), -1)
    first[number[::-1]] = np.arange(len(pair))[::-1]
    return number, first


def _largest(owner: Ints, given: Floats, count: int) -> Floats:
    """The TOP largest contributions of each cell, by passes of a maximum."""
    found = np.zeros((TOP, count))
    left = given.copy()
    order = np.argsort(owner.astype(np.uint16) if count < 2**16 else owner, kind="stable")
    left, owner = left[order], owner[order]
    present = np.unique(owner)
    starts = np.searchsorted(owner, present)
    for rank in range(TOP):
        most = np.maximum.reduceat(left, starts) if len(starts) else np.zeros(0)
        found[rank, present] = np.maximum(most, 0.0)
        spread = np.repeat(most, np.diff(np.r_[starts, len(left)]))
        equal = np.flatnonzero(left == spread)
        first = equal[np.r_[True, owner[equal][1:] != owner[equal][:-1]]] if len(equal) else equal
        left[first] = -1.0
    return found
