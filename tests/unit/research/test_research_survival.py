"""Survival against the textbook, brute force and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.research.survival import aalen_johansen, cox, kaplan_meier


def test_kaplan_meier_is_the_textbooks() -> None:
    # Freireich's 6-MP arm: weeks in remission (Cox 1972)
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(weeks, relapse)
    for week, share in (
        (6, 0.8571),
        (7, 0.8067),
        (10, 0.7529),
        (13, 0.6902),
        (16, 0.6275),
        (22, 0.5378),
        (23, 0.4482),
    ):
        assert curve.at(week) == pytest.approx(share, abs=5e-5)
    assert np.sqrt(curve.variance[23]) == pytest.approx(0.1346, abs=5e-5)


def test_competing_incidences_and_survival_add_up_to_one() -> None:
    rng = np.random.default_rng(1)
    curve = aalen_johansen(rng.integers(0, 400, 5_000), rng.integers(0, 4, 5_000))
    assert np.allclose(curve.incidence.sum(axis=1) + curve.surviving, 1)


def test_aalen_johansen_agrees_with_a_walk_over_the_days() -> None:
    rng = np.random.default_rng(2)
    time, cause, entry = rng.integers(5, 60, 300), rng.integers(0, 3, 300), rng.integers(0, 5, 300)
    curve = aalen_johansen(time, cause, entry=entry)
    alive, share = 1.0, np.zeros(2)
    for day in range(60):
        at_risk = ((time >= day) & (entry < day)).sum()
        for kind in (1, 2):
            share[kind - 1] += alive * ((time == day) & (cause == kind)).sum() / max(at_risk, 1)
        alive *= 1 - ((time == day) & (cause > 0)).sum() / max(at_risk, 1)
        assert np.allclose(curve.incidence[day], share)
        assert curve.surviving[day] == pytest.approx(alive)


@pytest.mark.parametrize("late", [False, True])
def test_cox_agrees_with_statsmodels_ties_late_entry_and_all(late: bool) -> None:
    from statsmodels.duration.hazard_regression import PHReg

    rng = np.random.default_rng(3)
    x = np.column_stack([rng.normal(size=600), rng.integers(0, 2, 600), rng.normal(size=600)])
    time = np.ceil(rng.exponential(20 / np.exp(x @ [0.5, -0.7, 0.1]))).astype(int) + 6
    event = rng.random(600) < 0.7
    entry = rng.integers(0, 6, 600) if late else None
    ours = cox(time, event, x, entry=entry)
    theirs = PHReg(time, x, status=event.astype(int), ties="efron", entry=entry).fit()
    assert np.allclose(ours.coefficients, theirs.params, atol=1e-6)
    assert np.allclose(ours.errors, theirs.bse, atol=1e-6)
    assert ours.events == event.sum()


def test_splitting_a_childs_time_changes_nothing_and_clustering_by_child_says_so() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 2))
    time = np.ceil(rng.exponential(30 / np.exp(x @ [0.4, -0.3]))).astype(int) + 10
    event = rng.random(400) < 0.8
    whole = cox(time, event, x, cluster=np.arange(400))
    halves = cox(
        np.concatenate([np.full(400, 9), time]), np.concatenate([np.zeros(400, bool), event]), np.vstack([x, x]),
        entry=np.concatenate([np.zeros(400, int), np.full(400, 9)]), cluster=np.tile(np.arange(400), 2),
    )  # fmt: skip
    assert np.allclose(whole.coefficients, halves.coefficients, atol=1e-8)
    assert np.allclose(whole.errors, halves.errors, atol=1e-8)


def test_doubling_every_child_leaves_the_robust_error_and_shrinks_the_naive_one() -> None:
    rng = np.random.default_rng(5)
    x, time = rng.normal(size=(300, 1)), rng.permutation(300) * 2 + 1
    event = rng.random(300) < 0.9
    twice = [np.tile(one, 2) for one in (time, event)]
    ours = cox(time, event, x, cluster=np.arange(300))
    doubled = cox(*twice, np.vstack([x, x]), cluster=np.tile(np.arange(300), 2))
    assert doubled.errors[0] == pytest.approx(ours.errors[0], rel=0.02)
    assert cox(*twice, np.vstack([x, x])).errors[0] < 0.8 * ours.errors[0]


@pytest.mark.parametrize(
    ("time", "event", "x"),
    [([1, 2], [0, 0], [[1.0], [2.0]]), ([1, 2, 3], [1, 1, 0], [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])],
)
def test_a_model_without_events_or_that_says_a_thing_twice_is_refused(
    time: list[int], event: list[int], x: list[list[float]]
) -> None:
    with pytest.raises(TreError):
        cox(time, event, x)


def test_negative_times_are_refused() -> None:
    with pytest.raises(TreError):
        kaplan_meier([-1, 2], [1, 0])
