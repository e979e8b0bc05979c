"""What every good pattern keeps, written as rows `sum coefficient·hide >= least` of a whole-number program.

Seeds look at one equation at a time: the others in it must be able to absorb a small cell's move. Bridges say a
hidden cell needs a hidden partner in each of its equations. Cuts are read off the dual of an attack that went
through: whatever lets the attacked cell move costs at least this much hiding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp

from disclosure.attack import Leak, Piece, split
from disclosure.linear import FREE
from disclosure.shown import Floats, Ints
from disclosure.suppress.problem import Problem

Row = tuple[Ints, Floats, float]  # cells, coefficients, the least their sum must be
TOLERANCE = 1e-6


def seeds(problem: Problem) -> list[Row]:
    """One-equation capacity rows: alone they often give the value of the optimum."""
    rows: dict[tuple[int, float, bytes], Row] = {}
    for row in np.unique(problem.columns[:, problem.small].indices):
        part = slice(problem.rows.indptr[row], problem.rows.indptr[row + 1])
        cells, signs = problem.rows.indices[part], problem.rows.data[part]
        kept = problem.may[cells]
        cells, signs = cells[kept], signs[kept]
        for at in np.flatnonzero(problem.is_small[cells]):
            for found in _seed(problem, cells, signs, int(at)):
                rows[(int(row), found[2], found[1].tobytes())] = found
    return list(rows.values())


def _seed(problem: Problem, cells: Ints, signs: Floats, at: int) -> Iterable[Row]:
    other = np.arange(len(cells)) != at
    others, same = cells[other], signs[other] == signs[at]
    room, small = problem.room[others], problem.is_small[others]
    cell = cells[at]
    for need, most in (
        (problem.rise[cell], np.where(same, room, FREE)),
        (problem.fall[cell], np.where(same, FREE, room)),
    ):
        if need <= 0:
            continue
        share = np.minimum(most, need)
        least = float(need - share[small].sum())
        if least > TOLERANCE:
            yield others[~small].astype(np.int64), np.minimum(share[~small], least), least


def bridges(problem: Problem, hidden: Iterable[int]) -> list[Row]:
    """For each hidden further cell that stands alone in an equation: it needs a partner there."""
    return [_bridge(problem, row, cell) for row, cell in problem.alone(hidden)]


def part_bridges(problem: Problem, share: Floats, *, violated: float = 0.2, most: int = 3000) -> list[Row]:
    """The same for a fractional answer, the most violated first."""
    sums = problem.pattern @ share
    entries = problem.pattern.tocoo()
    excess = share[entries.col] * 2 - sums[entries.row]
    found = np.flatnonzero((excess > violated) & ~problem.is_small[entries.col])
    found = found[np.argsort(-excess[found], kind="stable")][:most]
    return [_bridge(problem, int(entries.row[at]), int(entries.col[at])) for at in found]


def _bridge(problem: Problem, row: int, cell: int) -> Row:
    cells = problem.rows.indices[problem.rows.indptr[row] : problem.rows.indptr[row + 1]]
    others = cells[(cells != cell) & problem.may[cells]]
    return np.r_[others, cell].astype(np.int64), np.r_[np.ones(len(others)), -1.0], 0.0


def cuts(problem: Problem, hidden: Iterable[int], leaks: Sequence[Leak]) -> list[Row]:
    """A capacity row for each leak, from the dual of its attack."""
    targets = np.unique([leak.cell for leak in leaks]).astype(np.int64)
    by_cell: dict[int, list[Leak]] = {}
    for leak in leaks:
        by_cell.setdefault(leak.cell, []).append(leak)
    found: list[Row] = []
    for piece, inside in split(problem.system(hidden), targets):
        equations, whole = _of_piece(problem, piece)
        program = Piece(
            piece.cells, problem.rows[equations][:, piece.cells], piece.point, piece.down, piece.up
        ).program()
        for cell in inside:
            for leak in by_cell[int(cell)]:
                answer = program.far(int(np.searchsorted(piece.cells, cell)), leak.side)
                row = _cut(problem, leak, whole @ answer[1]) if answer else None
                if row is not None:
                    found.append(row)
    return found


def _of_piece(problem: Problem, piece: Piece) -> tuple[Ints, sp.csr_matrix]:
    inside = np.zeros(len(problem.point))
    inside[piece.cells] = 1
    equations = np.flatnonzero(problem.pattern @ inside)
    return equations, problem.rows[equations].T.tocsr()


def _cut(problem: Problem, leak: Leak, weights: Floats) -> Row | None:
    need = problem.rise[leak.cell] if leak.side > 0 else problem.fall[leak.cell]
    share = np.array(weights, float)
    share[leak.cell] += (
        leak.side
    )  # side·move of the cell = sum share·move, for every move that keeps the equations
    share = np.where(problem.may, share, 0.0)
    share[leak.cell] = 0.0
    falling = np.minimum(-share * problem.room, need) * (share < -TOLERANCE)
    coefficient = np.where(share > TOLERANCE, need, falling)
    coefficient[coefficient < 1e-9] = 0.0
    least = float(need - coefficient[problem.is_small].sum())
    coefficient[problem.is_small] = 0.0
    cells = np.flatnonzero(coefficient)
    if least <= TOLERANCE or not len(cells):
        return None
    return cells.astype(np.int64), np.minimum(coefficient[cells], least), least
