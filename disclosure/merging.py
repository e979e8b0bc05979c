"""Merging categories: rows (or columns) of small counts join their neighbours until every count may be shown.

Nothing is hidden, so nothing has to be attacked; what is lost is detail. Neighbours are joined because categories often
have an order (ages, bands); of a small category's two neighbours the smaller one is taken.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from disclosure.checks.counts import forbidden
from disclosure.files.delimited import Grid
from disclosure.packs import Rules
from disclosure.shown import Ints, read_cells
from disclosure.table import Table, build
from disclosure.totals import with_totals
from tre_toolkit.errors import TreError

AND = " + "
Groups = list[list[int]]


def merge(table: Table, grid: Grid, rules: Rules, *, axis: str | None = None) -> tuple[Table, Grid, int]:
    """The table with as few categories merged as this way needs, its grid, and how many categories went.

    `axis` is rows or columns; without it the one that loses fewer. Raises TreError when neither does.
    """
    counts = _counts(table)
    tops = [_total(table, at) for at in range(2)]
    found = []
    for at in (0, 1):
        if axis is None or axis == ("rows", "columns")[at]:
            groups = _groups(counts if at == 0 else counts.T, tops[at], tops[1 - at], rules)
            if groups is not None:
                found.append((counts.shape[at] - len(groups), at, groups))
    if not found:
        raise TreError(
            "merging neighbours leaves small counts, down to the last category",
            where=table.name,
            hint="leave a dimension out, or hide cells instead (`--method suppress`)",
        )
    lost, at, groups = min(found, key=lambda item: item[:2])
    return *_rebuilt(table, grid, counts, groups, at), lost


def _counts(table: Table) -> Ints:
    nested = any(len(set(family.values())) > 1 for family in table.parents)
    if len(table.dimensions) != 2 or nested or table.values is not None or table.units is None:
        raise TreError(
            "categories are merged in plain two-way tables in which each child is counted once",
            where=table.name,
            hint="hide cells instead (`--method suppress`)",
        )
    return table.units.reshape(table.size)


def _total(table: Table, at: int) -> int | None:
    return next(iter(table.parents[at].values()), None)


def _groups(counts: Ints, top: int | None, other: int | None, rules: Rules) -> Groups | None:
    """Which lines stand together, the total by itself; None when even one line is too small."""
    inner = [at for at in range(len(counts)) if at != top]
    groups: Groups = [[at] for at in inner]
    if top is not None and _small(counts[top], rules).any():
        return None  # a margin of the other axis is small: this axis can't mend it
    while True:
        sums = np.array([counts[group].sum(axis=0) for group in groups])
        few = _small(sums, rules).sum(axis=1)
        if not few.any():
            return groups + ([[top]] if top is not None else [])
        if len(groups) < 3:  # two groups made one would be the total
            return None
        at = int(np.argmax(few))
        size = sums.sum(axis=1) if other is None else sums[:, other]
        near = [to for to in (at - 1, at + 1) if 0 <= to < len(groups)]
        to = min(near, key=lambda one: (int(size[one]), one))
        low, high = sorted((at, to))
        groups[low : high + 1] = [groups[low] + groups[high]]


def _small(counts: Ints, rules: Rules) -> np.ndarray:
    return forbidden(counts.reshape(-1), rules).reshape(counts.shape)


def _rebuilt(table: Table, grid: Grid, counts: Ints, groups: Groups, at: int) -> tuple[Table, Grid]:
    lines = counts if at == 0 else counts.T
    merged = np.array([lines[group].sum(axis=0) for group in groups])
    merged = merged if at == 0 else merged.T
    width = table.size[1]
    labels = [[row[0] for row in grid.rows], list(grid.header[-width:])]
    labels[at] = [AND.join(labels[at][one] for one in group) for group in groups]
    shown = [[str(count) for count in row] for row in merged.tolist()]
    header = (grid.header[0], *labels[1])
    made = Grid(grid.name, header, tuple((label, *row) for label, row in zip(labels[0], shown, strict=True)))
    built = build(
        table.name, [(label,) for label in labels[0]], labels[1], shown, dimensions=[table.dimensions[0]]
    )
    again = replace(
        built,
        units=merged.reshape(-1).astype(np.int64),
        unit=table.unit,
        dimensions=(table.dimensions[0], table.dimensions[1])[: len(built.dimensions)],
    )
    told = {}
    for number, name in enumerate(again.dimensions):
        top = _total(table, number)
        if top is not None:
            told[name] = [table.members[number][top]]
    return with_totals(again, read_cells(again.shown), told), made
