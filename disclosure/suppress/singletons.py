"""Singletons: a child who is alone in a hidden cell knows its figure, and sees more of the others than a stranger.

A pattern that keeps strangers out may hide only that child's cell and one more in a row: the child subtracts itself.
`guarded` hides further cells until no such child can work another hidden small count out exactly. The further cells are
the cheapest in the equation, so this part is no optimum, and says so.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from disclosure.attack import audit
from disclosure.shown import Ints
from disclosure.suppress.problem import Problem
from disclosure.suppress.search import Pattern, solve

ROUNDS = 30


def guarded(problem: Problem, *, seconds: float = 60.0) -> Pattern | None:
    """A pattern that keeps out strangers and every child that is alone in its cell; None when there is none."""
    began, forced = time.monotonic(), problem.small
    for _ in range(ROUNDS):
        left = seconds - (time.monotonic() - began)
        pattern = solve(_with(problem, forced), seconds=max(left, 1.0))
        if pattern is None:
            return None
        given = exposed(problem, pattern)
        if not given:
            return replace(
                pattern,
                cost=problem.cost(pattern.hidden),
                bound=min(pattern.bound, problem.cost(pattern.hidden)),
            )
        more = [cell for cell in (_cheapest(problem, pattern, cell) for _, cell in given) if cell is not None]
        if not more:
            return None
        forced = np.union1d(forced, np.array(more, np.int64)).astype(np.int64)
    return None


def exposed(problem: Problem, pattern: Pattern) -> list[tuple[int, int]]:
    """(who knows, what comes out): small cells a child alone in its own cell can work out exactly."""
    found = []
    hidden = np.fromiter(pattern.hidden, np.int64)
    for knower in hidden[problem.point[hidden] == 1]:
        system = problem.system(pattern.hidden)
        down, up = system.down.copy(), system.up.copy()
        down[knower] = up[knower] = 0.0
        near = problem.columns[:, [int(knower)]].indices
        cells = np.unique(problem.rows[near].indices)
        targets = np.array(
            [c for c in cells if c != knower and problem.is_small[c] and problem.point[c] > 0], np.int64
        )
        if not len(targets):
            continue
        ones = np.ones(len(targets))
        leaks = audit(replace(system, down=down, up=up), targets, ones, ones)
        sides: dict[int, int] = {}
        for leak in leaks:
            sides[leak.cell] = sides.get(leak.cell, 0) + 1
        found += [(int(knower), cell) for cell, count in sorted(sides.items()) if count == 2]
    return found


def _with(problem: Problem, forced: Ints) -> Problem:
    """The problem in which these cells are hidden too, and can move: one that stands still helps nobody."""
    rise, fall = problem.rise.copy(), problem.fall.copy()
    more = np.setdiff1d(forced, problem.small)
    rise[more], fall[more] = 1.0, np.minimum(1.0, problem.room[more])
    return replace(problem, small=forced, rise=rise, fall=fall)


def _cheapest(problem: Problem, pattern: Pattern, cell: int) -> int | None:
    """The cheapest cell still shown in an equation of this cell."""
    near = np.unique(problem.rows[problem.columns[:, [cell]].indices].indices)
    free = [int(at) for at in near if problem.may[at] and int(at) not in pattern.hidden]
    return min(free, key=lambda at: (problem.weight[at], problem.point[at], at), default=None)
