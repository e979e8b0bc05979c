"""Which rows and columns are totals of which: declared, told by their label, or discovered because they add up.

An attacker needs no label to see that a row is the sum of the rows under it. A run of members that adds up
to the member above or below it, in every column where all are printed, is taken as its parts; runs are
folded away and the search goes on, so that wards under authorities under regions are found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from disclosure.shown import Cells, Floats
from disclosure.table import Parents, Table

_TOTAL = re.compile(r"(grand |sub-?|over)?(all|totals?|sum)( .{0,40})?|.{0,40} totals?|any", re.IGNORECASE)
WRONG = 0.5  # share of columns in which a named total may be wrong and still be taken as one
MOST = 4_000  # members of one dimension that are searched for runs


def is_total(label: str) -> bool:
    """Whether a label reads as a total ("Total", "All children", "Norfolk total")."""
    return _TOTAL.fullmatch(label.strip()) is not None


def with_totals(table: Table, cells: Cells, declared: Mapping[str, Sequence[str]] | None = None) -> Table:
    """The table with its totals: what `declared` names by dimension, else labels, else what adds up."""
    families = []
    slack = (table.base or 0) / 2
    for at, name in enumerate(table.dimensions):
        told = (declared or {}).get(name)
        grid = _by_slice(table, cells, at)
        if told:
            families.append(_flat(table.members[at], told))
        else:
            families.append(find_totals(table.members[at], grid, slack=slack))
    return replace(table, parents=tuple(families))


def find_totals(members: Sequence[str], grid: Floats, *, slack: float = 0.0) -> Parents:
    """Totals of one dimension: `grid[m, s]` is member m's figure in slice s, NaN where none is printed."""
    named = [at for at, label in enumerate(members) if is_total(label)]
    grand = [
        at for at in named if _agrees(grid, at, [m for m in range(len(members)) if m not in named], slack)
    ]
    family: dict[int, int] = {}
    if len(named) == 1 and grand:
        top = grand[0]
        rest = [at for at in range(len(members)) if at != top]
        family = _runs(rest, grid, slack)
        family.update({at: top for at in rest if at not in family})
        return family
    family = _runs(list(range(len(members))), grid, slack)
    if not family and grand:
        family = {at: grand[-1] for at in range(len(members)) if at not in named}
    return family


def _flat(members: Sequence[str], totals: Sequence[str]) -> Parents:
    found = [at for at, label in enumerate(members) if label in totals]
    return {at: found[0] for at in range(len(members)) if at not in found} if found else {}


def _by_slice(table: Table, cells: Cells, at: int) -> Floats:
    others = np.delete(table.codes, at, axis=1)
    slices = (
        np.unique(others, axis=0, return_inverse=True)[1].reshape(-1)
        if others.shape[1]
        else np.zeros(len(table), int)
    )
    grid = np.full((len(table.members[at]), int(slices.max(initial=0)) + 1), np.nan)
    figure = np.where(cells.numbers, cells.low, np.nan)
    if table.truth is not None:
        figure = table.truth.astype(float)
    grid[table.codes[:, at], slices] = figure
    return grid


def _agrees(grid: Floats, total: int, parts: Sequence[int], slack: float) -> bool:
    """Whether nothing printed speaks against `total` being the sum of `parts`."""
    if not len(parts):
        return False
    figures = grid[list(parts)]
    gap = grid[total] - np.nansum(figures, axis=0)
    whole = ~np.isnan(figures).any(axis=0) & ~np.isnan(grid[total])
    most = slack * (len(parts) + 1) + 1e-6
    broken = (whole & (np.abs(gap) > most)) | (~np.isnan(grid[total]) & (gap < -most))
    return not broken.any() or float(broken.mean()) < WRONG  # one wrong column doesn't hide the others


def _runs(order: list[int], grid: Floats, slack: float) -> dict[int, int]:
    """Fold away, smallest run first, every run of members that adds up to its neighbour."""
    family: dict[int, int] = {}
    while len(order) > 2 and len(order) <= MOST:
        found = _one_run(order, grid, slack)
        if found is None:
            break
        total, parts = found
        family.update(dict.fromkeys(parts, total))
        order = [at for at in order if at not in set(parts)]
    return family


def _one_run(order: list[int], grid: Floats, slack: float) -> tuple[int, list[int]] | None:
    figures = grid[order]
    absent = np.isnan(figures)
    sums = np.vstack([np.zeros(grid.shape[1]), np.nancumsum(figures, axis=0)])
    holes = np.vstack([np.zeros(grid.shape[1]), np.cumsum(absent, axis=0)])
    n, best = len(order), None
    for at in range(n):
        for starts, ends in (
            (np.full(n - at - 1, at + 1), np.arange(at + 2, n + 1)),
            (np.arange(at), np.full(at, at)),
        ):
            long = ends - starts
            keep = long >= 2
            if not keep.any():
                continue
            starts, ends, long = starts[keep], ends[keep], long[keep]
            gap = np.abs(figures[at] - (sums[ends] - sums[starts]))
            whole = (holes[ends] == holes[starts]) & ~absent[at]
            fits = gap <= slack * np.sqrt(long + 1)[:, None] + 1e-6
            proof = (whole & fits & (figures[at] > 0)).sum(axis=1)
            enough = np.where(long == n - 1, 1, 2)
            good = (whole <= fits).all(axis=1) & (proof >= enough)
            if good.any():
                k = int(np.flatnonzero(good)[np.argmin(long[good])])
                if best is None or long[k] < best[0]:
                    best = (int(long[k]), at, int(starts[k]), int(ends[k]))
    if best is None:
        return None
    _, at, start, end = best
    return order[at], order[start:end]
