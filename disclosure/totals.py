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

from disclosure.shown import Cells, Floats, Ints
from disclosure.table import Parents, Table

_TOTAL = re.compile(r"(grand |sub-?|over)?(all|totals?|sum)( .{0,40})?|.{0,40} totals?|any", re.IGNORECASE)
WRONG = 0.5  # share of columns in which a named total may be wrong and still be taken as one
ALONE = 3  # columns in which a member must equal its neighbour to be taken as its only part
PAIRS = 20  # pairs of equal members that are tried
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
    if table.truth is not None and table.kind == "count":
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
    """Find, smallest run first, every run of members that adds up to its neighbour.

    A member that equals its neighbour may be its only part, or may just look alike: it is taken as a part only where
    that lets a larger run be found.
    """
    family: dict[int, int] = {}
    if not 2 < len(order) <= MOST:
        return family
    _fold(order, family, grid, slack)
    for total, parts in _all_runs(order, family, grid, slack, alone=True)[:PAIRS]:
        tried = {**family, parts[0]: total}
        if len(parts) == 1 and _fold(order, tried, grid, slack):
            family = tried
    return family


def _fold(order: list[int], family: dict[int, int], grid: Floats, slack: float) -> int:
    """Add runs to the family, level by level, until none is left; how many there were."""
    count = 0
    while found := _all_runs(order, family, grid, slack):
        taken: set[int] = set()
        for total, parts in found:
            if taken.isdisjoint([total, *parts]):
                family.update(dict.fromkeys(parts, total))
                taken.update([total, *parts])
                count += 1
    return count


def _all_runs(
    order: list[int], family: dict[int, int], grid: Floats, slack: float, *, alone: bool = False
) -> list[tuple[int, list[int]]]:
    """Runs of members without a total yet that add up to a member beside them without parts yet, smallest first."""
    roots = np.array([at for at in order if at not in family])
    figures = grid[roots]
    sums = np.vstack([np.zeros(grid.shape[1]), np.nancumsum(figures, axis=0)])
    holes = np.vstack([np.zeros(grid.shape[1]), np.cumsum(np.isnan(figures), axis=0)])
    taken, n = set(family.values()), len(roots)
    found: list[tuple[int, int, int, int]] = []  # length, total, first part, end
    for total in order:
        if total in taken:
            continue
        at = int(np.searchsorted(roots, total))
        after = at + 1 if total not in family else at
        for starts, ends in (
            (np.full(n - after, after), np.arange(after + 1, n + 1)),
            (np.arange(at), np.full(at, at)),
        ):
            long = ends - starts
            keep = long >= (1 if alone else 2)
            starts, ends, long = starts[keep], ends[keep], long[keep]
            good = _adds_up(grid[total], sums, holes, starts, ends, slack, whole=len(order) - 1)
            if len(good):
                k = int(good[np.argmin(long[good])])
                found.append((int(long[k]), total, int(starts[k]), int(ends[k])))
    totals = {total for _, total, _, _ in found}
    # lowest level first: a part that is itself a total finds its own parts first
    lowest = [run for run in found if totals.isdisjoint(roots[run[2] : run[3]].tolist())]
    told = [(total, roots[start:end].tolist()) for _, total, start, end in sorted(lowest or found[:1])]
    return [(total, parts) for total, parts in told if not _above(total, family) & set(parts)]


def _above(member: int, family: dict[int, int]) -> set[int]:
    """The member's total, that one's total, and so on."""
    found: set[int] = set()
    while (upper := family.get(member)) is not None and upper not in found:
        found.add(upper)
        member = upper
    return found


def _adds_up(
    figure: Floats, sums: Floats, holes: Floats, starts: Ints, ends: Ints, slack: float, *, whole: int
) -> Ints:
    """Which runs add up to the figure wherever all of it is printed, in enough columns to be no accident."""
    long = ends - starts
    gap = np.abs(figure - (sums[ends] - sums[starts]))
    complete = (holes[ends] == holes[starts]) & ~np.isnan(figure)
    fits = gap <= slack * np.sqrt(long + 1)[:, None] + 1e-6
    proof = (complete & fits & (figure > 0)).sum(axis=1)
    enough = np.where(long == whole, 1, np.where(long == 1, ALONE, 2))
    return np.flatnonzero((complete <= fits).all(axis=1) & (proof >= enough))
