"""Membership classes of children over released tables, and the equations between their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.linalg as sl
import scipy.sparse as sp

from disclosure.shown import Bools, Floats, Ints

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
    known: tuple[Bools, Ints, Floats] | None = (
        None  # tables attacked before, their independent cells, what they share
    )

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
        """For each table the classes that lie in one of its independent cells, and in which (from 0)."""
        chosen = np.zeros(self.count, bool)
        chosen[self.independent] = True
        found = []
        for number, row in enumerate(self.row):
            inside = np.flatnonzero((row >= 0) & chosen[row])
            if len(inside):
                found.append((inside, row[inside] - self.offset[number]))
            else:
                found.append((inside, inside))
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

    def shared(self, one: int, two: int) -> Floats:
        """How many children each cell of one table shares with each cell of another."""
        both = (self.row[one] >= 0) & (self.row[two] >= 0)
        a, b = self.offset[one], self.offset[two]
        height, width = self.offset[one + 1] - a, self.offset[two + 1] - b
        place = (self.row[one][both] - a) * width + self.row[two][both] - b
        found = np.bincount(place, self.size[both].astype(float), height * width)
        return np.asarray(found.reshape(height, width), float)

    def share(self, own: Ints) -> Floats:
        """For every released cell the largest share of it that lies in one of the cells `own`."""
        if not len(own):
            return np.zeros(self.count)
        meet = (self.matrix[own].multiply(self.size.astype(float)).tocsr() @ self.transposed).toarray()
        return np.asarray((meet / np.maximum(self.figures, 1.0)).max(axis=0))

    @cached_property
    def basis(self) -> tuple[Ints, Floats]:
        """Released cells that don't merely repeat others, and how many children each two of them share.

        Totals of one table come again in the next. Of tables attacked before, the independent cells are known.
        """
        from scipy.linalg.lapack import dpstrf

        nothing = np.zeros(len(self.names), bool), np.zeros(0, np.int64), np.zeros((0, 0))
        done, old, gram_old = self.known or nothing
        new = [number for number in range(len(self.names)) if not done[number]]
        cells = np.r_[old, *(np.arange(self.offset[at], self.offset[at + 1]) for at in new)].astype(np.int64)
        gram = np.zeros((len(cells), len(cells)))
        gram[: len(old), : len(old)] = gram_old
        place = np.full(self.count, -1)
        place[cells] = np.arange(len(cells))
        for at in new:
            mine = place[self.offset[at] : self.offset[at + 1]]
            for other in range(len(self.names)):
                if other > at and not done[other]:
                    continue  # the other's turn comes, both ways
                theirs = place[self.offset[other] : self.offset[other + 1]]
                block = self.shared(at, other)[:, theirs >= 0]
                gram[np.ix_(mine, theirs[theirs >= 0])] = block
                gram[np.ix_(theirs[theirs >= 0], mine)] = block.T
        scale = 1 / np.sqrt(np.maximum(np.diag(gram), 1e-300))
        _, pivots, rank, _ = dpstrf(gram * scale[:, None] * scale, tol=1e-9, lower=1)
        chosen = np.sort(pivots[:rank] - 1)
        order = chosen[np.argsort(cells[chosen], kind="stable")]
        return cells[order], gram[np.ix_(order, order)]

    @property
    def independent(self) -> Ints:
        """The released cells of the basis."""
        return self.basis[0]

    @cached_property
    def factor(self) -> tuple[Floats, tuple[Floats, bool]]:
        """Scale and Cholesky factor of the independent rows at the truth, the preconditioner of every world."""
        gram = self.basis[1]
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
    return replace(built, low=low, high=high)
