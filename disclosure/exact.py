"""Worlds in whole numbers: the attack's witnesses checked again without any floating point.

A reader knows that children come in whole numbers. For each side of each target a corner of the feasible worlds is
taken, rounded, and checked in integers: every equation exactly nought, every count within its ends. One such world
proves all targets it moves. What has no whole-number witness within the limit is told, not hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from disclosure.attack import System, split
from disclosure.linear import FREE, Program
from disclosure.shown import Floats, Ints

LIMIT = 600  # linear programs for one table


@dataclass(frozen=True, slots=True)
class Proof:
    """How many sides were asked, how many have a whole-number world, and how many worlds there are."""

    sides: int
    proved: int
    worlds: int

    def as_dict(self) -> dict[str, int]:
        """For the certificate."""
        return {"sides": self.sides, "proved": self.proved, "worlds": self.worlds}


def prove_whole(system: System, targets: Ints, rise: Floats, fall: Floats, *, limit: int = LIMIT) -> Proof:
    """Find whole-number worlds in which the targets are higher by `rise` and lower by `fall`, as far as they go."""
    sides = proved = worlds = programs = 0
    place = {int(cell): at for at, cell in enumerate(targets)}
    for piece, inside in split(system, targets):
        at = np.array([place[int(cell)] for cell in inside])
        wants = np.ceil(np.r_[rise[at], fall[at]] - 1e-9).astype(np.int64)
        sides += int((wants > 0).sum())
        own = np.searchsorted(piece.cells, inside)
        rows = piece.rows.astype(np.int64)
        low = -np.floor(np.minimum(piece.down, FREE)).astype(np.int64)
        high = np.floor(np.minimum(piece.up, FREE)).astype(np.int64)
        reached = np.zeros(len(wants), np.int64)
        program: Program | None = None
        for number in np.flatnonzero(wants > 0):
            if reached[number] >= wants[number] or programs >= limit:
                continue
            program = program or piece.program()
            programs += 1
            column, sign = int(own[number % len(inside)]), 1 if number < len(inside) else -1
            world = _world(program, column, sign * int(wants[number]), low, high)
            if world is not None and not (rows @ world).any():
                worlds += 1
                reached = np.maximum(reached, np.r_[world[own], -world[own]])
        proved += int(((reached >= wants) & (wants > 0)).sum())
    return Proof(sides, proved, worlds)


def _world(program: Program, column: int, want: int, low: Ints, high: Ints) -> Ints | None:
    """A corner in which the column moves by `want`, in whole numbers within their ends; None when it has none."""
    ends = (low[column], min(high[column], want)) if want > 0 else (max(low[column], want), high[column])
    program.bounds(column, float(ends[0]), float(ends[1]))
    found = program.far(column, 1 if want > 0 else -1)
    program.bounds(column, float(low[column]), float(high[column]))
    if found is None:
        return None
    world = np.round(found[0]).astype(np.int64)
    return world if bool((world >= low).all() and (world <= high).all()) else None
