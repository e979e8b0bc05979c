"""The attack against a plain attacker with another solver: the same leaks, the same bounds, on many small systems."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from disclosure.attack import Piece, System, Work, audit, bounds, directions, reach, split
from disclosure.exact import prove_whole
from disclosure.joint import Released, attack_releases
from disclosure.linear import FREE


def two_way(rng: np.random.Generator) -> tuple[sp.csr_matrix, np.ndarray]:
    """A random table with margins: its equations and counts."""
    height, width = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    inner = rng.poisson(4, (height, width))
    counts = np.vstack([inner, inner.sum(axis=0)])
    counts = np.hstack([counts, counts.sum(axis=1, keepdims=True)])
    number = np.arange(counts.size).reshape(counts.shape)
    lines = [(row[-1], row[:-1]) for row in number] + [(column[-1], column[:-1]) for column in number.T]
    rows = np.zeros((len(lines), counts.size))
    for at, (total, parts) in enumerate(lines):
        rows[at, total], rows[at, parts] = 1, -1
    return sp.csr_matrix(rows), counts.reshape(-1).astype(float)


def system_of(rng: np.random.Generator, *, rounded: bool = False) -> System:
    """A random system: some cells hidden, and (rounded) the others within ends."""
    rows, point = two_way(rng)
    hidden = rng.random(len(point)) < 0.45
    down, up = np.where(hidden, point, 0.0), np.where(hidden, FREE, 0.0)
    if rounded:
        down = np.where(hidden, point, np.minimum(point, rng.integers(0, 3, len(point))))
        up = np.where(hidden, FREE, rng.integers(0, 3, len(point)))
    return System(rows, point, down, up)


def plain(system: System, cell: int, side: int) -> float:
    """How far one cell gets from the point on one side, by scipy alone."""
    cost = np.zeros(len(system.point))
    cost[cell] = -side
    ends = list(zip(-system.down, np.minimum(system.up, FREE), strict=True))
    found = linprog(
        cost, A_eq=system.rows, b_eq=np.zeros(system.rows.shape[0]), bounds=ends, method="highs-ds"
    )
    return float(-found.fun)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_the_leaks_are_those_a_plain_attacker_finds(seed: int, rounded: bool) -> None:
    rng = np.random.default_rng(seed)
    system = system_of(rng, rounded=rounded)
    targets = system.open
    if not len(targets):
        return
    rise, fall = (
        rng.integers(0, 7, len(targets)).astype(float),
        rng.integers(0, 3, len(targets)).astype(float),
    )
    work = Work()
    leaks = audit(system, targets, rise, fall, work=work)
    mine = {(leak.cell, leak.side) for leak in leaks}
    theirs = {
        (int(cell), side)
        for at, cell in enumerate(targets)
        for side, want in ((1, rise[at]), (-1, fall[at]))
        if plain(system, int(cell), side) < want - 1e-6
    }
    assert mine == theirs
    assert work.sides == int((rise > 0).sum() + (fall > 0).sum())
    for leak in leaks:
        assert leak.reached <= plain(system, leak.cell, leak.side) + 1e-6
        assert leak.wanted == (rise if leak.side > 0 else fall)[list(targets).index(leak.cell)]
    assert bool(audit(system, targets, rise, fall, first=True)) == bool(leaks)


@pytest.mark.parametrize("seed", range(15))
def test_the_bounds_are_those_a_plain_attacker_finds(seed: int) -> None:
    system = system_of(np.random.default_rng(seed), rounded=seed % 2 == 1)
    cells = np.arange(len(system.point))
    low, high = bounds(system, cells)
    for cell in cells:
        up = plain(system, int(cell), 1)
        expected = np.inf if up >= FREE / 2 else system.point[cell] + up
        assert high[cell] == pytest.approx(expected, abs=1e-6)
        assert low[cell] == pytest.approx(system.point[cell] - plain(system, int(cell), -1), abs=1e-6)


def test_a_printed_target_leaks_whatever_it_wants() -> None:
    system = System(sp.csr_matrix((0, 2)), np.array([3.0, 4.0]), np.zeros(2), np.zeros(2))
    leaks = audit(system, np.array([0, 1]), np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    assert [(leak.cell, leak.side, leak.reached) for leak in leaks] == [(0, 1, 0.0), (0, -1, 0.0)]


def test_a_cell_no_equation_ties_down_is_held_by_its_own_ends() -> None:
    system = System(sp.csr_matrix((0, 1)), np.array([3.0]), np.array([3.0]), np.array([2.0]))
    assert audit(system, np.array([0]), np.array([2.0]), np.array([3.0])) == []
    assert [leak.side for leak in audit(system, np.array([0]), np.array([3.0]), np.array([4.0]))] == [1, -1]
    assert bounds(system, [0])[0].tolist() == [0.0]
    assert bounds(system, [0])[1].tolist() == [5.0]


def one_row(down: list[float], up: list[float]) -> Piece:
    """Three cells whose moves add up to nought."""
    return Piece(np.arange(3), sp.csr_matrix([[1.0, 1.0, 1.0]]), np.zeros(3), np.array(down), np.array(up))


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_a_direction_keeps_every_equation_and_raises_its_target(power: float) -> None:
    piece = one_row([5.0, 2.0, 9.0], [4.0, 7.0, 3.0])
    moves = directions(piece, np.arange(3), power)
    assert np.allclose(piece.rows @ moves, 0, atol=1e-9)
    assert (moves[np.arange(3), np.arange(3)] > 0).all()


def test_reach_goes_to_the_first_end_and_not_beyond() -> None:
    piece = one_row([5.0, 2.0, 9.0], [4.0, 7.0, 3.0])
    move = np.array([[2.0], [-1.0], [-1.0]])
    up, down, free = reach(piece, move, np.array([0]))
    assert up.tolist() == [4.0]  # its own upper end: 4 / 2 steps
    assert down.tolist() == [5.0]  # its own lower end, 5 / 2 steps; the others may rise by 7 and 3
    assert free.tolist() == [True]
    up, down, free = reach(piece, np.array([[0.0], [1.0], [-1.0]]), np.array([0]))
    assert (up.tolist(), down.tolist(), free.tolist()) == ([0.0], [0.0], [False])


def test_pieces_are_those_equations_connect() -> None:
    rows = sp.csr_matrix([[1.0, -1, 0, 0, 0], [0, 0, 1, -1, 0]])
    system = System(rows, np.full(5, 4.0), np.array([4.0, 4, 4, 4, 0]), np.array([FREE] * 4 + [0.0]))
    found = [(piece.cells.tolist(), inside.tolist()) for piece, inside in split(system, np.array([0, 2, 3]))]
    assert found == [([0, 1], [0]), ([2, 3], [2, 3])]


@pytest.mark.parametrize("seed", range(10))
def test_whole_number_worlds_are_found_for_every_side_a_table_has_room_for(seed: int) -> None:
    system = system_of(np.random.default_rng(seed))
    targets = system.open
    up = np.array([np.floor(min(plain(system, int(cell), 1), 5) + 1e-6) for cell in targets])
    down = np.array([np.floor(plain(system, int(cell), -1) + 1e-6) for cell in targets])
    proof = prove_whole(system, targets, up, down)
    assert proof.sides == int((up > 0).sum() + (down > 0).sum())
    assert proof.proved == proof.sides
    more = prove_whole(system, targets, up + 1, np.zeros(len(targets)))
    assert more.proved <= int((up >= 5).sum())
    assert prove_whole(system, targets, up, down, limit=0).proved == 0


# ---------------------------------------------------------------- everything released together


def released(name: str, cell: np.ndarray, **more: object) -> Released:
    return Released(name, cell, int(cell.max()), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("few", "caught"), [(0, False), (1, True), (9, True), (10, False)])
@pytest.mark.parametrize("kind", ["dropped", "nested", "areas", "later total"])
def test_planted_differences_are_found_exactly_and_nothing_else(kind: str, few: int, caught: bool) -> None:
    rng = np.random.default_rng(5)
    area, need = rng.integers(1, 4, 900), rng.integers(1, 3, 900)
    group = np.flatnonzero(area == 1)[:few]
    inside = np.ones(900, bool)
    inside[group] = False
    tables = [released("by area", area)]
    if kind == "dropped":
        tables.append(released("again", np.where(inside, area, 0)))
    if kind == "nested":
        tables = [released("all ages", area), released("under 16", np.where(inside, area, 0))]
    if kind == "areas":  # districts beside catchments that tile all of a district but a few children
        tables.append(released("catchments", np.where((area == 1) & inside, need, 0)))
    if kind == "later total":  # one cell held back, the total comes out later
        both = (area - 1) * 2 + need
        both[(area == 1) & (need == 1)] = 2
        both[group] = 0
        tables = [released("two-way", both), released("totals", area)]
    found = attack_releases(tables, k=10)
    assert bool(found.leaks) == caught
    assert not found.unsettled
    if caught:
        assert {leak.children for leak in found.leaks} == {few}


def test_independent_tables_raise_no_alarm() -> None:
    rng = np.random.default_rng(6)
    tables = [released(f"table {at}", rng.integers(1, 6, 3000)) for at in range(5)]
    found = attack_releases(tables, k=10)
    assert found.safe
    assert found.small > 0


def test_what_rounding_hides_is_no_alarm_and_what_it_does_not_hide_is_one() -> None:
    area = np.repeat([1, 2], 400)
    fewer = area.copy()
    fewer[:3] = 0
    counts = np.bincount(area)[1:].astype(float)
    less = np.bincount(fewer, minlength=3)[1:].astype(float)
    exact = [released("all", area), released("fewer", fewer)]
    assert attack_releases(exact, k=10).leaks
    rounded = [
        released("all", area, low=counts - 2, high=counts + 2),
        released("fewer", fewer, low=less - 2, high=less + 2),
    ]
    assert not attack_releases(rounded, k=10).leaks
