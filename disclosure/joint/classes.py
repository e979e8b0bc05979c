"""Membership classes of children over released tables, and the equations between their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg as sl
import scipy.sparse as sp

from disclosure.shown import Floats, Ints

SEED = 20_201  # of the random weights that tell classes apart; any number does, always the same one


@dataclass(frozen=True, slots=True)
class Released:
    """One released table: for each child the published cell it lies in, 1.., or 0 for none.

    `low` and `high` are the ends a reader knows of each cell's count (rounded figures); None where counts are exact.
    """

    name: str
    member: Ints
    cells: int
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Classes:
    """Classes and equations: `row[t, c]` is the released cell of table t that class c lies in, or -1."""

    names: tuple[str, ...]
    of: Ints  # class of each child
    size: Ints
    row: Ints  # tables x classes
    offset: Ints
    low: Floats  # what a reader knows of each released figure
    high: Floats

    @property
    def count(self) -> int:
        """How many released cells there are."""
        return int(self.offset[-1])

    @cached_property
    def matrix(self) -> sp.csr_matrix:
        """Released cells x classes."""
        inside = self.row >= 0
        columns = np.broadcast_to(np.arange(len(self.size)), self.row.shape)[inside]
        return sp.csr_matrix(
            (np.ones(inside.sum()), (self.row[inside], columns)), shape=(self.count, len(self.size))
        )

    @cached_property
    def transposed(self) -> sp.csr_matrix:
        """Classes x released cells."""
        return self.matrix.T.tocsr()

    @cached_property
    def places(self) -> list[tuple[Ints, Ints]]:
        """For each table the classes that lie in one of its cells, and in which (from 0)."""
        found = []
        for number, row in enumerate(self.row):
            inside = np.flatnonzero(row >= 0)
            found.append((inside, row[inside] - self.offset[number]))
        return found

    @cached_property
    def figures(self) -> Floats:
        """The true figure of each released cell."""
        return np.asarray(self.matrix @ self.size.astype(float))

    @cached_property
    def table(self) -> Ints:
        """Which table each released cell belongs to."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.offset))

    @cached_property
    def exact(self) -> bool:
        """Whether every released figure is exact."""
        return bool((self.low == self.high).all())

    @cached_property
    def meet(self) -> Floats:
        """How many children two released cells share."""
        n, found = self.size.astype(float), np.zeros((self.count, self.count))
        for one in range(len(self.names)):
            for two in range(one, len(self.names)):
                both = (self.row[one] >= 0) & (self.row[two] >= 0)
                a, b = self.offset[one], self.offset[two]
                height, width = self.offset[one + 1] - a, self.offset[two + 1] - b
                place = (self.row[one][both] - a) * width + self.row[two][both] - b
                block = np.bincount(place, n[both], height * width).reshape(height, width)
                found[a : a + height, b : b + width] = block
                found[b : b + width, a : a + height] = block.T
        return found

    @cached_property
    def independent(self) -> Ints:
        """Released cells that don't merely repeat others: totals of one table come again in the next."""
        from scipy.linalg.lapack import dpstrf

        gram = self.meet.copy()
        scale = 1 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
        gram *= scale[:, None] * scale
        _, pivots, rank, _ = dpstrf(gram, tol=1e-9, lower=1)
        return np.sort(pivots[:rank] - 1).astype(np.int64)

    @cached_property
    def factor(self) -> tuple[Floats, tuple[Floats, bool]]:
        """Scale and Cholesky factor of the independent rows at the truth, the preconditioner of every world."""
        gram = self.meet[np.ix_(self.independent, self.independent)]
        scale = 1 / np.sqrt(np.diag(gram))
        gram = gram * scale[:, None] * scale
        gram[np.diag_indices_from(gram)] += 1e-10
        return scale, sl.cho_factor(gram, check_finite=False, overwrite_a=True)

    @cached_property
    def kept(self) -> tuple[sp.csr_matrix, sp.csr_matrix]:
        """The independent rows and their transpose."""
        rows = self.matrix[self.independent]
        return rows, rows.T.tocsr()


def classes_of(releases: Sequence[Released]) -> Classes:
    """The classes of children over these tables (all `member` arrays over the same children)."""
    rng = np.random.default_rng(SEED)
    signature = np.zeros(len(releases[0].member), np.uint64)
    for released in releases:
        weight = rng.integers(1, 2**63, released.cells + 1, dtype=np.uint64)
        weight[0] = 0
        signature = signature + weight[released.member]
    _, first, of, size = np.unique(signature, return_index=True, return_inverse=True, return_counts=True)
    offset = np.r_[0, np.cumsum([released.cells for released in releases])].astype(np.int64)
    cell = np.stack([released.member for released in releases])[:, first]
    row = np.where(cell > 0, cell + offset[:-1, None] - 1, -1)
    built = Classes(
        tuple(released.name for released in releases),
        of.reshape(-1),
        size,
        row,
        offset,
        low=np.zeros(0),
        high=np.zeros(0),
    )
    low, high = built.figures.copy(), built.figures.copy()
    for number, released in enumerate(releases):
        part = slice(offset[number], offset[number + 1])
        if released.low is not None:
            low[part] = released.low
        if released.high is not None:
            high[part] = released.high
    return Classes(built.names, built.of, built.size, built.row, built.offset, low, high)
