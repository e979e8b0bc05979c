"""All releases together: which small groups come out, told as the combination of cells that gives each away."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from disclosure.joint.certify import Certificate, certify
from disclosure.joint.classes import Classes, Released, classes_of
from disclosure.joint.kept import Kept, keep, known, starts
from disclosure.joint.worlds import Settled, settle
from disclosure.linear import one_thread
from disclosure.shown import Ints


@dataclass(frozen=True, slots=True)
class Leaky:
    """A group of fewer than k children that comes out: the cells combined, as (table, cell, sign)."""

    cells: tuple[tuple[int, int, int], ...]
    children: int  # how many children the group truly has; for the checker's side, never printed
    most: float


@dataclass(frozen=True, slots=True)
class Joint:
    """What the joint attack found, what it could not settle in time, and what it took."""

    leaks: tuple[Leaky, ...]
    unsettled: tuple[
        tuple[int, int], ...
    ]  # (table, cell) of classes that are neither proved safe nor leaking
    classes: int
    small: int
    worlds: int
    certificates: int
    kept: Kept | None = None  # witnesses for the next attack, where they were asked for

    @property
    def safe(self) -> bool:
        """Whether every class is proved safe."""
        return not self.leaks and not self.unsettled


@one_thread()
def attack_releases(
    releases: Sequence[Released],
    *,
    k: int = 10,
    new: int | None = None,
    seconds: float = 60.0,
    kept: Kept | None = None,
    remember: bool = False,
) -> Joint:
    """Attack tables over the same children together; with `new`, only classes within that table's cells.

    A class is at risk when fewer than `k` children are in it. `kept` are the witnesses of an earlier attack on some of
    these tables, which are tried first; with `remember` the answer holds this attack's.
    """
    began = time.monotonic()
    classes = classes_of(releases)
    if kept is not None:
        classes = replace(classes, known=known(kept, releases, classes))
    outside = (classes.row < 0).all(axis=0)  # children in no released cell
    small = np.flatnonzero((classes.size < k) & ~outside)
    if new is not None and len(small):
        small = small[_touched(classes, small, new)]
    started = starts(kept, classes) if kept is not None and len(small) else None
    proved = Settled(small, 0, [])
    if len(small):
        proved = settle(classes, small, k, seconds=seconds, started=started)
    leaks: dict[tuple[tuple[int, int, int], ...], Leaky] = {}
    unsettled: list[tuple[int, int]] = []
    covered = np.zeros(len(classes.size), bool)
    certificates = 0
    for number in proved.left:
        if covered[number]:
            continue
        if time.monotonic() - began > seconds:
            unsettled.append(_place(classes, int(number)))
            continue
        found = certify(classes, int(number), k)
        certificates += 1
        leak = _leak(classes, found, k) if found.leak else None
        if leak is not None:
            leaks.setdefault(leak.cells, leak)
            covered[found.group] = True
    return Joint(
        tuple(leaks.values()),
        tuple(unsettled),
        len(classes.size),
        len(small),
        proved.rounds,
        certificates,
        keep(releases, classes, proved.worlds) if remember else None,
    )


def _touched(classes: Classes, small: Ints, new: int) -> Ints:
    """Which of these classes have a neighbour across a cell of the new table: inside it, or in a cell that meets it."""
    return np.flatnonzero((classes.row[new][small] >= 0) | _meets(classes, small, new))


def _meets(classes: Classes, small: Ints, new: int) -> Ints:
    inside = classes.row[new] >= 0
    cells = np.unique(classes.row[:, inside])
    reached = np.zeros(classes.count, bool)
    reached[cells[cells >= 0]] = True
    row = classes.row[:, small]
    return np.asarray((reached[np.where(row >= 0, row, 0)] & (row >= 0)).any(axis=0))


def _place(classes: Classes, number: int) -> tuple[int, int]:
    own = classes.row[:, number]
    table = int(np.flatnonzero(own >= 0)[-1])
    return table, int(own[table] - classes.offset[table])


def _leak(classes: Classes, found: Certificate, k: int) -> Leaky | None:
    """The certificate as a leak, when the group truly is small and, for rounded figures, surely not empty."""
    children = int(classes.size[found.group].sum())
    if not 0 < children < k:
        return None
    if not classes.exact and _least(classes, found) < 1 - 1e-6:
        return None
    tables = classes.table[found.cells]
    cells = tuple(
        (int(table), int(cell - classes.offset[table]), 1 if weight > 0 else -1)
        for table, cell, weight in zip(tables, found.cells, found.weights, strict=True)
    )
    return Leaky(cells, children, found.most)


def _least(classes: Classes, found: Certificate) -> float:
    """The smallest the combination of cells can be, given the ends of the rounded figures."""
    up, down = np.maximum(found.weights, 0), np.maximum(-found.weights, 0)
    return float(up @ classes.low[found.cells] - down @ classes.high[found.cells])
