"""Sequences: distances against the plain recurrences, groups that are planted, and nobody's own sequence told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tre_toolkit.errors import TreError
from tre_toolkit.research import sequences as sq


def slow_lcs(a: np.ndarray, b: np.ndarray) -> int:
    """The recurrence of the textbook."""
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i, one in enumerate(a, 1):
        for j, other in enumerate(b, 1):
            table[i, j] = table[i - 1, j - 1] + 1 if one == other else max(table[i - 1, j], table[i, j - 1])
    return int(table[-1, -1])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 6), st.integers(0, 10_000))
def test_lcs_distances_are_the_recurrences_whatever_the_length(steps: int, states: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, states, (4, steps))
    expected = [[2 * (steps - slow_lcs(a, b)) for b in rows] for a in rows]
    assert sq.lcs_distances(rows).tolist() == expected
    assert sq.lcs_distances(rows, rows[:2]).tolist() == [line[:2] for line in expected]


def test_lcs_is_a_metric_on_distinct_sequences() -> None:
    told = sq.distinct(np.random.default_rng(1).integers(0, 3, (60, 12)))
    d = sq.lcs_distances(told.sequences).astype(int)
    assert (d == d.T).all()
    assert (np.diag(d) == 0).all()
    assert (d + np.eye(len(d)) > 0).all()
    assert (d[:, None, :] <= d[:, :, None] + d[None, :, :]).all()


def test_hamming_counts_the_steps_that_differ() -> None:
    rows = np.array([[0, 0, 1, 2], [0, 1, 1, 2], [2, 2, 2, 0]])
    assert sq.hamming_distances(rows).tolist() == [[0, 1, 4], [1, 0, 4], [4, 4, 0]]


def test_dynamic_hamming_makes_a_rare_swap_dearer() -> None:
    often = np.tile([[0, 1, 0, 1], [1, 0, 1, 0]], (50, 1))
    rows = np.vstack([often, [[2, 2, 2, 2]], [[0, 0, 0, 0]]])
    d = sq.hamming_distances(rows, dynamic=True)
    assert d[0, 1] < d[0, -2]
    assert np.allclose(d, d.T)


def test_sequences_are_told_once_and_add_up_to_the_children() -> None:
    rows = np.array([[1, 2], [0, 0], [1, 2], [1, 2]])
    told = sq.distinct(rows)
    assert told.weight.tolist() == [1, 3]
    assert (told.sequences[told.of] == rows).all()


def planted(per: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Three kinds of pathway, each with a few steps changed."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(3), per)
    base = np.array([[0] * 24, [1] * 12 + [2] * 12, [3] * 20 + [0] * 4])
    rows = base[kinds]
    noise = rng.random(rows.shape) < 0.08
    return np.where(noise, rng.integers(0, 4, rows.shape), rows), kinds


def test_planted_groups_are_found_and_named_by_size() -> None:
    rows, kinds = planted(60)
    rows, kinds = rows[:150], kinds[:150]
    found = sq.group(rows, 3, seed=1)
    assert found.sizes.tolist() == [60, 60, 30]
    assert sum(len(np.unique(found.of[kinds == kind])) for kind in range(3)) == 3
    assert "groups" in repr(found)


def test_beyond_the_largest_a_sample_is_grouped_and_the_rest_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, kinds = planted(60)
    monkeypatch.setattr(sq, "LARGEST", 40)
    found = sq.group(rows, 3, seed=1)
    assert all(len(np.unique(found.of[kinds == kind])) == 1 for kind in range(3))


def test_a_group_of_too_few_children_is_refused() -> None:
    rows, _ = planted(60)
    with pytest.raises(TreError, match="fewer than 10 children"):
        sq.group(np.vstack([rows[:60], rows[120:125]]), 2, seed=1)
    with pytest.raises(TreError, match="more groups"):
        sq.group(np.zeros((50, 3), int), 2)


def test_shares_and_entropy() -> None:
    counts = sq.shares([[0, 1], [0, 0], [1, 1]], [0, 0, 1], states=2)
    assert counts.tolist() == [[[2, 0], [1, 1]], [[0, 1], [0, 1]]]
    assert sq.entropy(counts).tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_turbulence_is_elzingas() -> None:
    # S,U,M,C of a Dutch example in Elzinga & Liefbroer 2007: one state only has the least turbulence
    assert sq.turbulence([[1, 1, 1, 1]])[0] == pytest.approx(1.0)
    steady, restless = sq.turbulence([[1, 1, 1, 2, 2, 2], [1, 2, 1, 2, 1, 2]])
    assert restless > steady > 1


def test_states_outside_the_alphabet_are_refused() -> None:
    with pytest.raises(TreError):
        sq.distinct([[-1, 2]])
