"""Nobody gets inside what `protect` hid: an attacker with another solver, and one who tries every whole number.

The attackers here share no code with the room: they read the printed CSV, write the totals down themselves and
use scipy, or enumerate all tables of whole numbers that fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import disclosure
from disclosure.findings import Level
from tre_toolkit.errors import TreError

LEAST = {"dfe-cin": 6, "ons-srs": 10, "ukllc": 10}
QUIET = settings(deadline=None, max_examples=25, derandomize=True)


def with_margins(inner: np.ndarray) -> np.ndarray:
    """Counts with a total column and a total row."""
    wide = np.hstack([inner, inner.sum(axis=1, keepdims=True)])
    return np.vstack([wide, wide.sum(axis=0)])


def frame(counts: np.ndarray) -> pd.DataFrame:
    """A printed table, labels and margins as people write them."""
    rows = [f"area {at}" for at in range(len(counts) - 1)] + ["Total"]
    columns = [f"need {at}" for at in range(counts.shape[1] - 1)] + ["Total"]
    return pd.DataFrame(counts, index=pd.Index(rows, name="area"), columns=columns)


def attack_intervals(printed: np.ndarray, counts: np.ndarray) -> Iterator[tuple[int, float, float]]:
    """For every hidden cell its lowest and highest figure, by scipy, from the print alone."""
    height, width = printed.shape
    hidden = np.flatnonzero((printed == "c").ravel() | (printed == "~").ravel())
    place = {int(cell): at for at, cell in enumerate(hidden)}
    equations, right = [], []
    groups = [[(r, c) for c in range(width)] for r in range(height)]
    groups += [[(r, c) for r in range(height)] for c in range(width)]
    for cells in groups:  # parts of a row or column, its total last
        row, known = np.zeros(len(hidden)), 0.0
        for number, (r, c) in enumerate(cells):
            sign = -1.0 if number == len(cells) - 1 else 1.0
            cell = r * width + c
            if cell in place:
                row[place[cell]] = sign
            else:
                known += sign * float(printed[r, c])
        if row.any():
            equations.append(row)
            right.append(-known)
    for cell in hidden:
        cost = np.zeros(len(hidden))
        cost[place[int(cell)]] = 1.0
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * cost, A_eq=np.array(equations), b_eq=right, bounds=(0, None), method="highs-ds"
            )
            ends.append(float(cost @ found.x) if found.status == 0 else np.inf)
        yield int(cell), ends[0], ends[1]


tables = (
    st.integers(0, 2**32 - 1)
    .map(lambda seed: np.random.default_rng(seed))
    .map(lambda rng: rng.poisson(np.exp(rng.normal(2.2, 1.1, (rng.integers(2, 7), rng.integers(2, 7))))))
)


@QUIET
@given(tables, st.sampled_from(["dfe-cin", "ons-srs"]))
def test_an_attacker_with_another_solver_never_gets_inside_the_protection_interval(
    inner: np.ndarray, pack: str
) -> None:
    counts = with_margins(inner)
    try:
        done = disclosure.protect(frame(counts), packs=[pack], unit="child")
    except TreError:
        return  # refused: nothing leaves
    printed = done.frame().to_numpy()
    least = LEAST[pack]
    small = (counts > 0) & (counts < least)
    assert (printed[small] == "c").all()
    assert (printed[printed != "c"].astype(int) == counts[printed != "c"]).all()
    for cell, low, high in attack_intervals(printed, counts):
        true = counts.ravel()[cell]
        if small.ravel()[cell]:
            assert high >= least - 1e-6
            assert low <= true - 1 + 1e-6


@QUIET
@given(tables)
def test_a_safe_table_is_found_safe_and_an_unsafe_one_unsafe_whoever_attacks(inner: np.ndarray) -> None:
    counts = with_margins(inner)
    printed = counts.astype(object).astype(str).astype(object)
    printed[(counts > 0) & (counts < 6)] = "c"
    if not (printed == "c").any():
        return
    table = _table(printed)
    verdict = disclosure.check_table(table, ["dfe-cin"])
    mine = any(finding.rule == "dfe-cin/attack" for finding in verdict.findings)
    zero = (printed == "0").any()
    theirs = False
    for _, low, high in attack_intervals(printed, counts):
        theirs |= np.floor(high + 1e-6) < 6 or np.floor(high + 1e-6) - np.ceil(low - 1e-6) < 1
    assert mine == theirs or (zero and mine)


def _table(printed: np.ndarray) -> disclosure.Table:
    from disclosure.check import read_table
    from disclosure.packs import chain
    from disclosure.protection import _of_frame

    return read_table(_of_frame(frame(printed)), "t", chain(["dfe-cin"]), None)


def brute_force(printed: np.ndarray, most: int) -> np.ndarray:
    """All whole-number tables that fit the print (worlds x rows x columns)."""
    hidden = np.flatnonzero((printed == "c").ravel())
    guesses = np.stack(np.meshgrid(*[np.arange(most + 1)] * len(hidden), indexing="ij"), axis=-1).reshape(
        -1, len(hidden)
    )
    worlds = np.tile([0 if text == "c" else int(text) for text in printed.ravel()], (len(guesses), 1))
    worlds[:, hidden] = guesses
    worlds = worlds.reshape(-1, *printed.shape)
    fits = (worlds[:, :-1].sum(axis=1) == worlds[:, -1]).all(axis=1)
    fits &= (worlds[:, :, :-1].sum(axis=2) == worlds[:, :, -1]).all(axis=1)
    return worlds[fits]


@settings(deadline=None, max_examples=12, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_one_who_tries_every_whole_number_can_not_pin_a_small_count_down(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inner = rng.integers(0, 12, (2, 3))
    counts = with_margins(inner)
    try:
        printed = disclosure.protect(frame(counts), packs=["dfe-cin"], unit="child").frame().to_numpy()
    except TreError:
        return
    if (printed == "c").sum() > 5:
        return
    worlds = brute_force(printed, 24)
    for row, column in np.argwhere((printed == "c") & (counts > 0) & (counts < 6)):
        assert worlds[:, row, column].max() >= 6
        assert worlds[:, row, column].min() < counts[row, column]


@settings(deadline=None, max_examples=15, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_the_optimum_is_that_of_trying_every_pattern(seed: int) -> None:
    from disclosure.suppress import solve
    from disclosure.suppress.problem import problem

    rng = np.random.default_rng(seed)
    counts = with_margins(rng.integers(1, 25, (3, 3)))
    table = _table(counts.astype(str).astype(object))
    point = counts.ravel().astype(float)
    small = np.flatnonzero((point > 0) & (point < 6))
    asked = problem(table.equations(), point, small, least=6)
    if not 0 < len(small) < 5:
        return
    found = solve(asked)
    others = [cell for cell in range(len(point)) if cell not in set(small.tolist())]
    best = None
    for count in range(len(others) + 1):
        if any(not asked.audit([*small.tolist(), *more]) for more in itertools.combinations(others, count)):
            best = count
            break
        if found is not None and count >= found.cost:
            break
    assert (found.cost if found else None) == best


@QUIET
@given(tables, st.randoms(use_true_random=False))
def test_turning_and_shuffling_a_table_leaves_its_verdict(inner: np.ndarray, random: object) -> None:
    counts = with_margins(inner)
    printed = counts.astype(str).astype(object)
    printed[(counts > 0) & (counts < 6)] = "c"
    level = disclosure.check_table(_table(printed), ["dfe-cin"]).level
    assert disclosure.check_table(_table(printed.T), ["dfe-cin"]).level == level
    order = list(range(len(inner)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = printed[[*order, len(inner)]]
    assert disclosure.check_table(_table(shuffled), ["dfe-cin"]).level == level


@QUIET
@given(tables)
def test_a_stricter_pack_never_clears_a_table(inner: np.ndarray) -> None:
    table = _table(with_margins(inner).astype(str).astype(object))
    order = [Level.PASS, Level.REVIEW, Level.FAIL]
    loose = disclosure.check_table(table, ["dfe-cin"]).level
    strict = disclosure.check_table(table, ["dfe-cin", "ukllc"]).level
    assert order.index(strict) >= order.index(loose)


@QUIET
@given(tables, st.sampled_from([3, 5, 10]))
def test_controlled_rounding_keeps_every_total_and_moves_nothing_by_a_whole_base(
    inner: np.ndarray, base: int
) -> None:
    from disclosure.rounding import round_counts

    counts = with_margins(inner)
    table = _table(counts.astype(str).astype(object))
    done = round_counts(counts.ravel(), base, rows=table.equations())
    figures = done.figures.reshape(counts.shape)
    assert (figures % base == 0).all()
    assert (with_margins(figures[:-1, :-1]) == figures).all()
    assert (np.abs(figures - counts) < base).all()


def test_a_table_that_can_not_be_protected_is_refused() -> None:
    alone = frame(with_margins(np.array([[3, 0], [0, 40]])))
    with pytest.raises(TreError, match="no pattern"):
        disclosure.protect(alone, packs=["dfe-cin"], unit="child", must_publish=["Total"])
