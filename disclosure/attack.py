"""The attack: how far can a reader be from knowing each hidden cell?

What a reader writes down is a `System`: cells with their ends, and the equations between them. `audit` asks, for
every target cell, whether it could be as much higher and as much lower as the rule wants; what can't is a leak.
The order of work is cheapest first: connected pieces; one factorisation that gives every target a direction to
move in (settles nearly all, and is the test for exact recovery); then one warm-started linear program a side,
each answer of which is a witness for all targets it moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.linalg as sl
import scipy.sparse as sp

from disclosure.linear import FREE, Program, one_thread, pieces, without_empty
from disclosure.shown import Bools, Floats, Ints

TOLERANCE = 1e-6
POWERS = (1.0, 0.5)  # metrics in which directions are tried: x, then its square root
DENSE = 4_000  # equations of a piece up to which the factorisation is dense
CHUNK = 20_000_000  # numbers in one batch of directions


@dataclass(frozen=True, slots=True)
class System:
    """What a reader can write down. `point` is a feasible world (the truth, where it is known).

    `down` and `up` are how far each cell may be below and above `point`: 0 and 0 where a number is printed.
    """

    rows: sp.csr_matrix
    point: Floats
    down: Floats
    up: Floats

    @property
    def open(self) -> Ints:
        """The cells whose figure isn't printed."""
        return np.flatnonzero((self.down > 0) | (self.up > 0))


@dataclass(frozen=True, slots=True)
class Leak:
    """A target that can't be as far from its figure as the rule wants: on which side, and how far it gets."""

    cell: int
    side: int  # +1 above, -1 below
    reached: float
    wanted: float


@dataclass(slots=True)
class Work:
    """What an attack took, for the certificate."""

    pieces: int = 0
    sides: int = 0
    by_direction: int = 0
    programs: int = 0
    exact: int = 0
    witnesses: list[tuple[Ints, Floats]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Piece:
    """A connected piece of a system: its cells, its equations, room below and above."""

    cells: Ints
    rows: sp.csr_matrix
    point: Floats
    down: Floats
    up: Floats

    def program(self) -> Program:
        """The piece as a linear program over moves away from the point."""
        return Program(self.rows, -self.down, np.minimum(self.up, FREE))


def split(system: System, targets: Ints) -> Iterator[tuple[Piece, Ints]]:
    """The pieces that hold a target, each with the targets in it."""
    cells = system.open
    rows = without_empty(system.rows[:, cells].tocsr())
    label = pieces(rows)
    place = np.full(system.rows.shape[1], -1)
    place[cells] = np.arange(len(cells))
    mine = label[place[targets]]
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(int(label.max(initial=-1)) + 2))
    columns = rows.tocsc()
    for number in np.unique(mine):
        inside = order[starts[number] : starts[number + 1]]
        chosen = cells[inside]
        yield (
            Piece(
                chosen,
                without_empty(columns[:, inside].tocsr()),
                system.point[chosen],
                system.down[chosen],
                system.up[chosen],
            ),
            targets[mine == number],
        )


@one_thread()
def audit(
    system: System,
    targets: Ints,
    rise: Floats,
    fall: Floats,
    *,
    first: bool = False,
    work: Work | None = None,
) -> list[Leak]:
    """Targets that can't move by `rise` above or `fall` below the point (arrays over targets; 0 = nothing asked).

    With `first` it stops at the first leak.
    """
    work = work if work is not None else Work()
    targets = np.asarray(targets, np.int64)
    rise, fall = np.asarray(rise, float), np.asarray(fall, float)
    shown = (system.down[targets] <= 0) & (system.up[targets] <= 0)
    leaks = _stuck(targets[shown], rise[shown], fall[shown])
    wants = {int(cell): at for at, cell in enumerate(targets)}
    hidden = targets[~shown]
    if not len(hidden) or (first and leaks):
        return leaks
    for piece, inside in split(system, hidden):
        at = np.array([wants[int(cell)] for cell in inside])
        leaks += _attack(piece, inside, rise[at], fall[at], first=first, work=work)
        if first and leaks:
            break
    return leaks


def _stuck(cells: Ints, rise: Floats, fall: Floats) -> list[Leak]:
    sides = ((1, rise), (-1, fall))
    return [
        Leak(int(cell), side, 0.0, float(want[at]))
        for at, cell in enumerate(cells)
        for side, want in sides
        if want[at] > 0
    ]


def _attack(piece: Piece, cells: Ints, rise: Floats, fall: Floats, *, first: bool, work: Work) -> list[Leak]:
    work.pieces += 1
    work.sides += int((rise > 0).sum() + (fall > 0).sum())
    at = np.searchsorted(piece.cells, cells)
    if not piece.rows.shape[0]:  # nothing ties these cells down: only their own ends do
        up, down = np.minimum(piece.up[at], FREE), np.minimum(piece.down[at], FREE)
        return _short(cells, up, down, rise, fall)
    if len(piece.cells) == 1:
        work.exact += 1
        return _stuck(cells, rise, fall)
    up, down, frozen = _by_directions(piece, at, rise, fall)
    work.by_direction += int(((up >= rise - TOLERANCE) & (rise > 0)).sum())
    work.by_direction += int(((down >= fall - TOLERANCE) & (fall > 0)).sum())
    work.exact += int(frozen.sum())
    if first and frozen.any():
        return _stuck(cells[frozen], rise[frozen], fall[frozen])
    _by_programs(piece, at, up, down, rise, fall, frozen, first=first, work=work)
    return _short(cells, up, down, rise, fall)


def _short(cells: Ints, up: Floats, down: Floats, rise: Floats, fall: Floats) -> list[Leak]:
    leaks = []
    for side, have, want in ((1, up, rise), (-1, down, fall)):
        for at in np.flatnonzero(have < want - TOLERANCE):
            leaks.append(Leak(int(cells[at]), side, float(have[at]), float(want[at])))
    return leaks


def _by_directions(piece: Piece, at: Ints, rise: Floats, fall: Floats) -> tuple[Floats, Floats, Bools]:
    up, down, frozen = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at), bool)
    if piece.rows.shape[0] > DENSE:
        return up, down, frozen
    interior = bool((np.minimum(piece.down, piece.up) > 0).all())
    for power in POWERS:
        todo = np.flatnonzero(((up < rise - TOLERANCE) | (down < fall - TOLERANCE)) & ~frozen)
        if not len(todo):
            break
        for batch in np.array_split(todo, len(todo) * len(piece.cells) // CHUNK + 1):
            moves = directions(piece, at[batch], power)
            above, below, free = reach(piece, moves, at[batch])
            up[batch], down[batch] = np.maximum(up[batch], above), np.maximum(down[batch], below)
            if (
                power == POWERS[0] and interior
            ):  # a zero row of the null space can't move: exactly recoverable
                frozen[batch[~free]] = True
    return up, down, frozen


def directions(piece: Piece, targets: Ints, power: float) -> Floats:
    """For each target (a column each) the move that keeps all equations and raises it most, in the metric room**power."""
    rows = piece.rows
    room = np.minimum(np.minimum(piece.down, piece.up), 1e6)
    metric = np.maximum(room, 0.5) ** (2 * power)  # a cell at its end still has a direction: `reach` decides
    gram = (rows.multiply(metric) @ rows.T).toarray()
    scale = 1 / np.sqrt(np.diag(gram))
    gram *= scale[:, None] * scale
    gram[np.diag_indices_from(gram)] += 1e-11
    factor = sl.cho_factor(gram, check_finite=False, overwrite_a=True)

    def pull(right: Floats) -> Floats:
        solved = sl.cho_solve(factor, scale[:, None] * right, check_finite=False)
        return np.asarray((rows.T @ (scale[:, None] * solved)) * metric[:, None])

    moves = -pull(rows[:, targets].toarray() * metric[targets])
    moves[targets, np.arange(len(targets))] += metric[targets]
    moves -= pull(np.asarray(rows @ moves))  # one refinement step against the regularisation
    return moves


def reach(piece: Piece, moves: Floats, targets: Ints) -> tuple[Floats, Floats, Bools]:
    """How far the targets get along +move and -move before some cell meets its end; and which can move at all."""
    size = np.abs(moves).max(axis=0)
    moves = np.where(np.abs(moves) < 1e-9 * size, 0.0, moves)
    with np.errstate(divide="ignore", invalid="ignore"):
        falls, rises = piece.down[:, None] / np.abs(moves), piece.up[:, None] / np.abs(moves)
    along = np.where(moves < 0, falls, np.where(moves > 0, rises, np.inf)).min(axis=0)
    back = np.where(moves > 0, falls, np.where(moves < 0, rises, np.inf)).min(axis=0)
    gain = np.maximum(moves[targets, np.arange(len(targets))], 0.0)
    return gain * np.minimum(along, FREE), gain * np.minimum(back, FREE), gain > 0


def _by_programs(
    piece: Piece,
    at: Ints,
    up: Floats,
    down: Floats,
    rise: Floats,
    fall: Floats,
    frozen: Bools,
    *,
    first: bool,
    work: Work,
) -> None:
    program: Program | None = None
    for side, have, want in ((1, up, rise), (-1, down, fall)):
        for number in np.flatnonzero((have < want - TOLERANCE) & ~frozen):
            if have[number] >= want[number] - TOLERANCE:
                continue  # an earlier answer was its witness too
            program = program or piece.program()
            found = program.far(int(at[number]), side)
            work.programs += 1
            if found is None:
                continue
            move = found[0]
            np.maximum(up, move[at], out=up)
            np.maximum(down, -move[at], out=down)
            if first and have[number] < want[number] - TOLERANCE:
                return


def bounds(system: System, cells: Sequence[int] | Ints) -> tuple[Floats, Floats]:
    """The lowest and highest figure each cell can have, by two linear programs a cell (infinite where unbounded)."""
    cells = np.asarray(cells, np.int64)
    low, high = system.point[cells].copy(), system.point[cells].copy()
    free = (system.down[cells] > 0) | (system.up[cells] > 0)
    place = {int(cell): at for at, cell in enumerate(cells)}
    for piece, inside in split(system, cells[free]) if free.any() else ():
        program = piece.program()
        for cell in inside:
            column, at = int(np.searchsorted(piece.cells, cell)), place[int(cell)]
            for side in (1, -1):
                if not piece.rows.shape[0]:
                    move = piece.up[column] if side > 0 else -piece.down[column]
                else:
                    found = program.far(column, side)
                    move = found[0][column] if found else (np.inf if side > 0 else -piece.down[column])
                if side > 0:
                    high[at] = np.inf if move >= FREE / 2 else system.point[cell] + move
                else:
                    low[at] = system.point[cell] + move
    return low, high
