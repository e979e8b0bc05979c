"""Several tables that share cells, protected in one program: what is hidden in one is hidden in all.

Cells are the same when they carry the same labels (everything else at its total) and the same true figure. Protecting
tables one by one hides a shared margin in one and prints it in the next; here a shared cell is one unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from disclosure.check import Packs, check_table, printed
from disclosure.checks.counts import small
from disclosure.compare import Face, face, project, shared_dimensions
from disclosure.findings import Level
from disclosure.packs import Rules, chain
from disclosure.protection import Protected, read_source, suppressed, with_truth
from disclosure.shown import Ints
from disclosure.suppress import solve
from disclosure.suppress.problem import problem
from disclosure.table import Table
from tre_toolkit.errors import TreError


@dataclass(frozen=True, slots=True)
class Joined:
    """Tables over common unknowns: `cell[t]` gives each cell of table t its number."""

    tables: tuple[Table, ...]
    cell: tuple[Ints, ...]
    count: int

    @property
    def shared(self) -> int:
        """How many cells stand in more than one table."""
        return int(sum(len(cells) for cells in self.cell)) - self.count


def protect_together(
    sources: Sequence[Path | str | Any],
    *,
    packs: Packs = None,
    unit: str | None = None,
    seconds: float = 60.0,
) -> list[Protected]:
    """Suppress several tables as one: files or frames of counts, as for `protect`.

    Raises TreError when a table can't be read or no pattern protects them all.
    """
    rules = chain(packs)
    read = [read_source(source, rules, unit) for source in sources]
    tables = [with_truth(table, rules) for table, *_ in read]
    joined = join(tables, rules)
    hidden = _solved(joined, rules, seconds)
    done = []
    for table, cells, (_, grid, told, _) in zip(tables, joined.cell, read, strict=True):
        made = suppressed(table, rules, hidden.pattern, hidden.mask[cells])
        verdict = check_table(made.table, rules, prove=True)
        if verdict.level is Level.FAIL:
            first = next(found for found in verdict.findings if found.verdict is Level.FAIL)
            raise TreError(first.message, where=first.where, hint=first.fix)
        done.append(Protected(made.table, "suppress", made.settings, made.lost, verdict, grid, told))
    return done


def join(tables: Sequence[Table], rules: Rules) -> Joined:
    """Give the same cell the same number in every table it stands in."""
    faces = [face(table, printed(table, rules)) for table in tables]
    start = np.r_[0, np.cumsum([len(table) for table in tables])]
    above = np.arange(int(start[-1]))
    for one in range(len(tables)):
        for two in range(one + 1, len(tables)):
            for a, b in _same(faces[one], faces[two], tables[one], tables[two]):
                low, high = sorted((_root(above, int(start[one]) + a), _root(above, int(start[two]) + b)))
                above[high] = low
    roots = np.array([_root(above, at) for at in range(len(above))])
    _, number = np.unique(roots, return_inverse=True)
    number = number.reshape(-1)
    parts = tuple(number[start[at] : start[at + 1]] for at in range(len(tables)))
    return Joined(tuple(tables), parts, int(number.max(initial=-1)) + 1)


def _root(above: Ints, at: int) -> int:
    while above[at] != at:
        at = int(above[at])
    return at


def _same(one: Face, two: Face, first: Table, second: Table) -> list[tuple[int, int]]:
    shared = shared_dimensions(one, two)
    if not shared or first.truth is None or second.truth is None:
        return []
    ours, theirs = project(one, [a for a, _ in shared]), project(two, [b for _, b in shared])
    pairs = [(ours[key][2], theirs[key][2]) for key in ours.keys() & theirs.keys()]
    return sorted((a, b) for a, b in pairs if a >= 0 and b >= 0 and first.truth[a] == second.truth[b])


@dataclass(frozen=True, slots=True)
class _Solved:
    pattern: Any
    mask: Any


def _solved(joined: Joined, rules: Rules, seconds: float) -> _Solved:
    if rules.least is None:
        raise TreError("no named pack has a confirmed threshold", hint="chain one that has, such as dfe-cin")
    point, targets, blocks = np.zeros(joined.count), np.zeros(joined.count, bool), []
    for table, cells in zip(joined.tables, joined.cell, strict=True):
        point[cells] = table.truth
        targets[cells] |= small(table, rules)
        rows = table.known().tocoo()
        blocks.append(
            sp.csr_matrix((rows.data, (rows.row, cells[rows.col])), shape=(rows.shape[0], joined.count))
        )
    asked = problem(sp.vstack(blocks).tocsr(), point, np.flatnonzero(targets), least=rules.least)
    pattern = solve(asked, seconds=seconds)
    if pattern is None:
        raise TreError(
            "no pattern of hidden cells protects these tables together",
            hint="leave out a total, merge categories, or round instead",
        )
    mask = np.zeros(joined.count, bool)
    mask[list(pattern.hidden)] = True
    return _Solved(pattern, mask)
