"""Mending a pattern the attack broke: the cheapest further cells for each leak, and a sweep for needless ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp

from disclosure.attack import Leak
from disclosure.linear import Program
from disclosure.suppress.problem import Problem

FAR = 1e6


def repair(problem: Problem, hidden: Iterable[int], leaks: Sequence[Leak]) -> set[int]:
    """The pattern with cells added until every leak's cell can move, leak by leak, each as cheaply as it goes."""
    found = set(map(int, hidden))
    cells = np.flatnonzero(problem.may)
    rows = problem.columns[:, cells].tocsr()
    rows = rows[np.diff(rows.indptr) > 0]
    n, place = len(cells), {int(cell): at for at, cell in enumerate(cells)}
    cost = problem.weight[cells] * (1 + 0.001 * np.log1p(problem.point[cells]))
    cost[[place[cell] for cell in found if cell in place]] = 0.0
    room = problem.room[cells]
    program = Program(
        sp.hstack([rows, -rows]),
        np.zeros(2 * n),
        np.r_[np.full(n, FAR), room],
        cost=np.r_[cost, cost],
        presolve=n >= 3000,
        primal=False,
    )
    for leak in leaks:
        at = place[leak.cell]
        need = problem.rise[leak.cell] if leak.side > 0 else problem.fall[leak.cell]
        towards, away = (at, n + at) if leak.side > 0 else (n + at, at)
        most = {at: FAR, n + at: float(room[at])}
        program.bounds(towards, need, max(need, most[towards]))
        program.bounds(away, 0.0, 0.0)
        if program.solve():
            answer = program.values
            moved = np.abs(answer[:n] - answer[n:]) > 1e-7
            for column in np.flatnonzero(moved):
                if int(cells[column]) not in found:
                    found.add(int(cells[column]))
                    program.cost(column, 0.0)
                    program.cost(n + column, 0.0)
        program.bounds(towards, 0.0, most[towards])
        program.bounds(away, 0.0, most[away])
    return found


def sweep(problem: Problem, hidden: Iterable[int], candidates: Iterable[int]) -> set[int]:
    """The pattern without those candidates that the attack shows to be needless, dearest first."""
    found = problem.peel(hidden)
    order = sorted(candidates, key=lambda cell: (-problem.weight[cell], -problem.point[cell], cell))
    for cell in order:
        if cell not in found or problem.is_small[cell]:
            continue
        without = problem.peel(found - {cell})
        if not problem.audit(without, first=True):
            found = without
    return found
