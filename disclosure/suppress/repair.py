"""Mending a pattern the attack broke: the cheapest further cells for each leak, and a sweep for needless ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp

from disclosure.attack import Leak
from disclosure.linear import Program
from disclosure.suppress.problem import Problem

FAR = 1e6
TRIALS = 200  # cells a sweep tries to show again
FEW = 10  # leaks mended before the rest are attacked again


def repair(problem: Problem, hidden: Iterable[int], leaks: Sequence[Leak]) -> set[int]:
    """The pattern with cells added until every leak's cell can move, a few leaks at a time, each as cheaply as it goes.

    After each few the attack says which of the others still leak: cells added for one help many.
    """
    found = set(map(int, hidden))
    mender = _Mender(problem, found)
    left = sorted(leaks, key=lambda leak: (leak.reached - leak.wanted, leak.cell, leak.side))
    while left:
        for leak in left[:FEW]:
            found |= mender.mend(leak)
        rest = {(leak.cell, leak.side) for leak in left[FEW:]}
        if not rest:
            break
        cells = np.unique([cell for cell, _ in rest]).astype(np.int64)
        left = [leak for leak in problem.audit(found, only=cells) if (leak.cell, leak.side) in rest]
    return found


class _Mender:
    """One linear program over all cells that may be hidden, in which hidden cells move for nothing."""

    def __init__(self, problem: Problem, hidden: set[int]) -> None:
        self.problem = problem
        self.cells = np.flatnonzero(problem.may)
        self.n = len(self.cells)
        self.place = {int(cell): at for at, cell in enumerate(self.cells)}
        rows = problem.columns[:, self.cells].tocsr()
        rows = rows[np.diff(rows.indptr) > 0]
        cost = problem.weight[self.cells] * (1 + 0.001 * np.log1p(problem.point[self.cells]))
        self.free = np.isin(self.cells, list(hidden))
        cost[self.free] = 0.0
        self.room = problem.room[self.cells]
        self.program = Program(
            sp.hstack([rows, -rows]),
            np.zeros(2 * self.n),
            np.r_[np.full(self.n, FAR), self.room],
            cost=np.r_[cost, cost],
            primal=False,
        )

    def mend(self, leak: Leak) -> set[int]:
        """The further cells that let this leak's cell move as far as it needs."""
        at = self.place[leak.cell]
        need = self.problem.rise[leak.cell] if leak.side > 0 else self.problem.fall[leak.cell]
        towards, away = (at, self.n + at) if leak.side > 0 else (self.n + at, at)
        most = {at: FAR, self.n + at: float(self.room[at])}
        self.program.bounds(towards, need, max(need, most[towards]))
        self.program.bounds(away, 0.0, 0.0)
        opened: set[int] = set()
        if self.program.solve():
            answer = self.program.values
            moved = np.abs(answer[: self.n] - answer[self.n :]) > 1e-7
            for column in np.flatnonzero(moved & ~self.free):
                self.free[column] = True
                self.program.cost(column, 0.0)
                self.program.cost(self.n + column, 0.0)
                opened.add(int(self.cells[column]))
        self.program.bounds(towards, 0.0, most[towards])
        self.program.bounds(away, 0.0, most[away])
        return opened


def sweep(
    problem: Problem, hidden: Iterable[int], candidates: Iterable[int], *, most: int = TRIALS
) -> set[int]:
    """The pattern without those candidates that the attack shows to be needless, dearest first; `most` are tried."""
    found = problem.peel(hidden)
    order = sorted(candidates, key=lambda cell: (-problem.weight[cell], -problem.point[cell], cell))
    for cell in order[:most]:
        if cell not in found or problem.is_small[cell]:
            continue
        without = problem.peel(found - {cell})
        if not problem.audit(without, first=True):
            found = without
    return found
