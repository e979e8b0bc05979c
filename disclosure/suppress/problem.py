"""What is asked of a suppression: cells, equations, which cells are small, how well each has to be protected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from disclosure.attack import Leak, System, Work, audit
from disclosure.linear import FREE
from disclosure.shown import Bools, Floats, Ints


@dataclass(frozen=True)
class Problem:
    """`rise` and `fall` are needs over all cells, 0 where nothing is asked; `may` says which cells may be hidden.

    `room` is how far a hidden cell may be below its figure for all a reader knows: the figure itself, or one less
    where zeros are printed and a reader who knows that is to be kept out too.
    """

    rows: sp.csr_matrix
    point: Floats
    small: Ints  # the cells that have to be hidden
    rise: Floats
    fall: Floats
    room: Floats
    may: Bools
    weight: Floats

    @cached_property
    def columns(self) -> sp.csc_matrix:
        """The equations by cell."""
        return self.rows.tocsc()

    @cached_property
    def pattern(self) -> sp.csr_matrix:
        """Where the equations have a cell, as ones."""
        return (abs(self.rows) > 0).astype(float).tocsr()

    @cached_property
    def is_small(self) -> Bools:
        """Which cells have to be hidden."""
        found = np.zeros(len(self.point), bool)
        found[self.small] = True
        return found

    def system(self, hidden: Iterable[int]) -> System:
        """What a reader can write down when these cells are hidden."""
        out = np.zeros(len(self.point), bool)
        out[np.fromiter(hidden, np.int64)] = True
        return System(self.rows, self.point, np.where(out, self.room, 0.0), np.where(out, FREE, 0.0))

    def audit(
        self,
        hidden: Iterable[int],
        *,
        first: bool = False,
        work: Work | None = None,
        only: Ints | None = None,
    ) -> list[Leak]:
        """Which small cells (or those of `only`) a reader gets too near to when these cells are hidden."""
        targets = self.small if only is None else only
        system = self.system(hidden)
        return audit(system, targets, self.rise[targets], self.fall[targets], first=first, work=work)

    def cost(self, hidden: Iterable[int]) -> float:
        """What hiding the further cells costs (1 a cell, unless weights say otherwise)."""
        cells = np.fromiter(hidden, np.int64)
        return float(self.weight[cells[~self.is_small[cells]]].sum())

    def alone(self, hidden: Iterable[int]) -> list[tuple[int, int]]:
        """(equation, cell) where a hidden cell that isn't small is the only hidden one: it can't move."""
        inside = np.zeros(len(self.point))
        inside[np.fromiter(hidden, np.int64)] = 1
        found = []
        for row in np.flatnonzero(self.pattern @ inside == 1):
            cells = self.rows.indices[self.rows.indptr[row] : self.rows.indptr[row + 1]]
            cell = int(cells[inside[cells] > 0][0])
            if not self.is_small[cell]:
                found.append((int(row), cell))
        return found

    def peel(self, hidden: Iterable[int]) -> set[int]:
        """The pattern without further cells that stand alone in an equation: they protect nothing."""
        left = set(map(int, hidden))
        while found := self.alone(left):
            left -= {cell for _, cell in found}
        return left


def problem(
    rows: sp.csr_matrix,
    point: Floats,
    small: Ints,
    *,
    least: int,
    interval: bool = True,
    nonzero: bool = False,
    never: Ints | None = None,
    weight: Floats | None = None,
    upper: Floats | None = None,
    lower: Floats | None = None,
    sliding: Floats | None = None,
) -> Problem:
    """The usual problem: counts, small cells below `least`.

    With `interval` a reader must be able to believe in a figure of `least` or more and in one below the truth;
    without it only in one above and one below. With `nonzero` the reader knows that no hidden cell is zero.
    `never` are cells that must be published. `upper` and `lower` (over all cells) replace these levels where sums are
    protected: how far above and below its figure each small cell must be able to be; `sliding` is how wide the whole
    interval must be, and is kept by asking above for what the side below leaves.
    """
    point = np.asarray(point, float)
    n = len(point)
    floor = 1.0 if nonzero else 0.0
    rise, fall = np.zeros(n), np.zeros(n)
    rise[small] = np.maximum(least - point[small], 1.0) if interval else 1.0
    fall[small] = np.minimum(1.0, np.maximum(point[small] - floor, 0.0))
    if upper is not None or lower is not None or sliding is not None:
        rise[small] = 0.0 if upper is None else np.asarray(upper, float)[small]
        fall[small] = 0.0 if lower is None else np.minimum(np.asarray(lower, float), point)[small]
        if sliding is not None:
            rise[small] = np.maximum(rise, np.asarray(sliding, float) - fall)[small]
    may = point > 0
    may[small] = True
    if never is not None:
        may[np.setdiff1d(never, small)] = False
    return Problem(
        rows=sp.csr_matrix(rows),
        point=point,
        small=np.asarray(small, np.int64),
        rise=rise,
        fall=fall,
        room=np.maximum(point - floor, 0.0),
        may=may,
        weight=np.ones(n) if weight is None else np.asarray(weight, float),
    )
