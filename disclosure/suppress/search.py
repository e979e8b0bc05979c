"""The suppression loop: master program, attack, cuts; repair now and then; stop when count and bound meet.

Every answer that is handed back has passed the attack. Rounds and nodes end the work, not the clock, so that the
same table gives the same pattern on every machine; `seconds` is a last resort and the pattern says when it struck.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from disclosure.linear import Program, one_thread
from disclosure.shown import Floats
from disclosure.suppress.problem import Problem
from disclosure.suppress.repair import repair, sweep
from disclosure.suppress.rows import Row, bridges, cuts, part_bridges, seeds

ROUNDS = 60
RELAXED = 15  # rounds of bridge rows on the relaxed program
NODES = 4_000  # of one whole-number program
MOST_NODES = 64_000
EVERY = 3  # a broken pattern is repaired in every third round
DEEP = 2.5  # equations a cell from which a table is three-dimensional
LITTLE, LATE = 24, 10  # there: leaks that are mended, and rounds after which it is done anyway
STALL = 12  # rounds in which neither bound nor pattern got better


@dataclass(frozen=True, slots=True)
class Pattern:
    """Cells to hide (the small ones and the further ones), the cost of the further ones and its lower bound."""

    hidden: frozenset[int]
    cost: float
    bound: float
    rounds: int
    by_clock: bool = False

    @property
    def proved(self) -> bool:
        """Whether no pattern can cost less."""
        return bool(self.cost <= np.ceil(self.bound - 1e-6) + 1e-6)

    @property
    def gap(self) -> float:
        """How much dearer than the bound, as a share of the cost."""
        return 0.0 if self.proved or not self.cost else 1 - np.ceil(self.bound - 1e-6) / self.cost


class _Master:
    """The whole-number program over the cells that may be hidden but need not be."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.cells = np.flatnonzero(problem.may & ~problem.is_small)
        self.place = np.full(len(problem.point), -1)
        self.place[self.cells] = np.arange(len(self.cells))
        width = len(self.cells)
        self.program = Program(
            np.zeros((0, width)),
            np.zeros(width),
            np.ones(width),
            cost=problem.weight[self.cells],
            presolve=True,
            primal=False,
        )
        self.program.option("mip_rel_gap", 1e-4)
        self.nodes = NODES
        self.program.option("mip_max_nodes", self.nodes)
        self.seen: set[tuple[bytes, bytes, float]] = set()
        self.bound = 0.0

    def add(self, rows: Iterable[Row]) -> int:
        """Add rows not seen before; how many there were."""
        starts, columns, values, least = [0], [], [], []
        for cells, coefficients, low in rows:
            order = np.argsort(cells)
            cells, coefficients = cells[order], coefficients[order]
            key = (cells.tobytes(), np.round(coefficients, 6).tobytes(), round(low, 6))
            if key in self.seen:
                continue
            self.seen.add(key)
            columns.append(self.place[cells])
            values.append(coefficients)
            least.append(low)
            starts.append(starts[-1] + len(cells))
        if least:
            self.program.highs.addRows(
                len(least),
                np.array(least),
                np.full(len(least), 1e30),
                starts[-1],
                np.array(starts[:-1], np.int32),
                np.concatenate(columns).astype(np.int32),
                np.concatenate(values).astype(float),
            )
        return len(least)

    def look_further(self) -> bool:
        """Allow more nodes when the rows alone give no more; whether there are more to allow."""
        self.nodes *= 4
        self.program.option("mip_max_nodes", self.nodes)
        return self.nodes <= MOST_NODES

    def relax(self) -> None:
        """Fractional answers first: bound and bridge rows come cheaply there."""
        for _ in range(RELAXED):
            if not self.program.solve():
                return
            self.bound = max(self.bound, self.program.objective)
            share = np.zeros(len(self.problem.point))
            share[self.cells] = self.program.values
            share[self.problem.small] = 1
            if not self.add(part_bridges(self.problem, share)):
                return

    def whole(self) -> None:
        """From here on a cell is hidden or it isn't."""
        import highspy

        kinds = np.array([highspy.HighsVarType.kInteger] * len(self.cells))
        self.program.highs.changeColsIntegrality(
            len(self.cells), np.arange(len(self.cells), dtype=np.int32), kinds
        )
        self.prefer(frozenset())

    def prefer(self, pattern: Iterable[int]) -> None:
        """Break ties towards the cells of the last good pattern; costs only fall, so the bound stays one."""
        little = 0.9 / max(10.0, 3 * self.bound + 10)
        inside = np.isin(self.cells, np.fromiter(pattern, np.int64)).astype(float)
        cost = self.problem.weight[self.cells] - little * inside * np.minimum(
            1.0, self.problem.weight[self.cells]
        )
        self.program.costs(np.arange(len(self.cells)), cost)

    def answer(self, seconds: float) -> set[int] | None:
        """The best pattern the rows so far allow; None when they allow none."""
        self.program.option("time_limit", self.program.highs.getRunTime() + max(0.5, seconds))
        if not self.program.solve():
            return None
        bound = float(self.program.highs.getInfo().mip_dual_bound)
        self.bound = max(self.bound, bound if np.isfinite(bound) else 0.0)
        chosen = self.cells[self.program.values > 0.5]
        return set(self.problem.small.tolist()) | set(chosen.tolist())


@one_thread()
def solve(problem: Problem, *, seconds: float = 60.0, rounds: int = ROUNDS) -> Pattern | None:
    """The cheapest audited pattern found, with its bound; None when no pattern protects all small cells."""
    began = time.monotonic()
    small = frozenset(problem.small.tolist())
    if not problem.audit(small):
        return Pattern(small, 0.0, 0.0, 0)
    master = _Master(problem)
    if not len(master.cells):
        return None
    master.add(seeds(problem))
    master.relax()
    master.whole()
    best: set[int] | None = None
    stalled, clock, number = 0, False, 0
    for number in range(1, rounds + 1):
        left = seconds - (time.monotonic() - began)
        if left <= 0:
            clock = True
            break
        before = (master.bound, problem.cost(best) if best is not None else np.inf)
        answer = master.answer(left)
        if answer is None:
            break
        best, added = _round(problem, master, answer, best, number)
        if best is not None and problem.cost(best) <= np.ceil(master.bound - 1e-6) + 1e-6:
            break
        now = (master.bound, problem.cost(best) if best is not None else np.inf)
        stalled = stalled + 1 if now == before else 0
        if (not added and not master.look_further()) or (stalled >= STALL and best is not None):
            break
    if best is None:
        return None
    bound = min(master.bound, problem.cost(best))
    return Pattern(frozenset(best), problem.cost(best), bound, number, by_clock=clock)


def _round(
    problem: Problem, master: _Master, answer: set[int], best: set[int] | None, number: int
) -> tuple[set[int] | None, int]:
    """Attack one answer: it passes and may be the best, or it gives cuts and, now and then, a repaired pattern."""
    peeled = problem.peel(answer)
    leaks = problem.audit(peeled)
    added = master.add(bridges(problem, answer))
    if not leaks:
        return _better(problem, best, peeled), added
    added += master.add(cuts(problem, peeled, leaks))
    if _worth_mending(problem, len(leaks), number, best):
        mended = repair(problem, peeled, leaks)
        if not problem.audit(mended):
            if problem.cost(mended) > 1.03 * np.ceil(master.bound) and len(mended) < 2_000:
                mended = sweep(problem, mended, mended - peeled)
            best = _better(problem, best, mended)
            master.prefer(mended)
    return best, added


def _worth_mending(problem: Problem, leaks: int, number: int, best: set[int] | None) -> bool:
    """In three and more dimensions mending costs more than another round of cuts, until few leaks are left."""
    if problem.rows.nnz > DEEP * len(problem.point):
        return leaks <= LITTLE or number % LATE == 0
    return best is None or number % EVERY == 1


def _better(problem: Problem, best: set[int] | None, other: set[int]) -> set[int]:
    return other if best is None or problem.cost(other) < problem.cost(best) else best


def weights_by_value(point: Floats) -> Floats:
    """Costs that spare large figures: one a cell, plus a little for its size."""
    return np.asarray(1.0 + np.log1p(np.asarray(point, float)) / 20)
