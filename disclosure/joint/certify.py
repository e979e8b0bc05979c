"""Certificates: which combination of released cells bounds a class below k, and which children that group is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from disclosure.joint.classes import Classes
from disclosure.joint.worlds import GOOD, project
from disclosure.linear import Program
from disclosure.shown import Floats, Ints

NEAR = 400  # released cells looked at first, beside the class's own
PUSHES = (1e2, 1e4, 1e6)
TAKES = (40, 160)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What came of one class: its largest possible size; for a leak the cells combined, and the group's classes."""

    most: float
    cells: Ints
    weights: Floats
    group: Ints

    @property
    def leak(self) -> bool:
        """Whether a combination of released cells was found that bounds the class."""
        return len(self.cells) > 0


def _safe(most: float) -> Certificate:
    return Certificate(most, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))


def certify(classes: Classes, number: int, k: int) -> Certificate:
    """Prove one class safe or leaking: on near cells first, then where a hard push meets resistance, then on all.

    Leaving cells out can only let the class grow, so a bound below k on a few cells is a proof.
    """
    own = classes.row[:, number]
    own = np.unique(own[own >= 0])
    for cells in _looks(classes, number, own, k):
        if cells is None:
            return _safe(float(k))
        found = bound(classes, number, cells)
        if found.most < k - 1e-6:
            return found
    return _safe(found.most)


def _looks(classes: Classes, number: int, own: Ints, k: int) -> Iterator[Ints | None]:
    """Sets of released cells to look at, cheapest first; None when a world proves the class safe."""
    share = classes.share(own)
    near = np.argsort(-share, kind="stable")[:NEAR]
    yield np.unique(np.r_[own, near[share[near] > 0.999]])
    start: Floats | None = None
    for push in PUSHES:
        sizes = classes.size.astype(float)
        sizes[number] = push * k
        world = project(classes, sizes, tolerance=1e-6, start=start)
        if world.sizes[number] >= k - 1e-6 and world.off < GOOD:
            yield None
        start = world.multipliers if np.isfinite(world.multipliers).all() else None
    if start is not None:
        order = np.argsort(-np.abs(start) * np.minimum(1, classes.figures), kind="stable")
        for take in TAKES:
            yield np.unique(np.r_[own, order[:take]])
    yield np.arange(classes.count)


def bound(classes: Classes, number: int, cells: Ints) -> Certificate:
    """The largest size of a class when only these released cells are known (their ends where they are rounded)."""
    rows = classes.matrix[cells]
    key = np.zeros(len(classes.size), np.uint64)  # classes alike in these cells are one column
    weight = np.random.default_rng(5).integers(1, 2**63, len(cells), dtype=np.uint64)
    for at in range(len(cells)):
        key[rows.indices[rows.indptr[at] : rows.indptr[at + 1]]] += weight[at]
    key[number] = np.uint64(2**64 - 1)
    _, first = np.unique(key, return_index=True)
    first = first[np.diff(rows.T.tocsr()[first].indptr) > 0]
    column = np.flatnonzero(first == number)
    if not len(column):
        return _safe(np.inf)
    cost = np.zeros(len(first))
    cost[column[0]] = -1.0
    program = Program(
        rows[:, first],
        np.zeros(len(first)),
        np.full(len(first), 1e30),
        cost=cost,
        row_low=classes.low[cells],
        row_high=classes.high[cells],
        presolve=True,
        primal=False,
    )
    if not program.solve():
        return _safe(np.inf)
    most, duals = -program.objective, -program.duals
    used = np.abs(duals) > 1e-7
    group = np.flatnonzero(rows.T @ duals > 1e-7)
    return Certificate(most, cells[used], duals[used], group.astype(np.int64))
