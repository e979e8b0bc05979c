"""Survival in numpy: Kaplan-Meier, Aalen-Johansen and Cox (Efron), for days that are whole numbers.

Because days are small integers, counting replaces sorting. `entry` is the day a child came under
observation (left truncation): it is at risk from the day after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tre_toolkit.errors import TreError

Array = np.ndarray


@dataclass(frozen=True)
class Curves:
    """Estimates at each day from 0 to the last: `at_risk`, `surviving`, and `incidence` by cause (days x causes)."""

    at_risk: Array
    surviving: Array
    variance: Array
    """Greenwood's, of `surviving`."""
    incidence: Array

    def at(self, day: int) -> float:
        """The share still without the event at the end of a day."""
        return float(self.surviving[min(day, len(self.surviving) - 1)])


def aalen_johansen(
    time: ArrayLike, cause: ArrayLike, *, entry: ArrayLike | None = None, weight: ArrayLike | None = None
) -> Curves:
    """Cumulative incidence with competing causes: `cause` is 0 when censored, else 1, 2, ...; `time` in whole days.

    With one cause, `surviving` is the Kaplan-Meier estimate. Raises TreError when times are negative or lengths differ.
    """
    days, kinds = np.asarray(time, dtype=np.int64), np.asarray(cause, dtype=np.int64)
    ones = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=float)
    if len(days) != len(kinds) or len(days) != len(ones) or (len(days) and days.min() < 0):
        raise TreError("times, causes and weights must be of one length, and no time negative")
    last = int(days.max(initial=0))
    causes = max(1, int(kinds.max(initial=0)))
    ended = np.bincount(days, weights=ones, minlength=last + 1)
    at_risk = ended[::-1].cumsum()[::-1]
    if entry is not None:
        came = np.bincount(np.asarray(entry, dtype=np.int64), weights=ones, minlength=last + 1)[: last + 1]
        at_risk = at_risk - came[::-1].cumsum()[::-1]
    flat = np.bincount(days * (causes + 1) + kinds, weights=ones, minlength=(last + 1) * (causes + 1))
    events = flat.reshape(last + 1, causes + 1)[:, 1:]
    exposed = np.where(at_risk > 0, at_risk, 1.0)
    every = events.sum(axis=1)
    surviving = np.cumprod(1 - every / exposed)
    before = np.concatenate([[1.0], surviving[:-1]])
    left = exposed - every
    greenwood = np.cumsum(np.where(left > 0, every / (exposed * np.where(left > 0, left, 1)), 0))
    incidence = np.cumsum(before[:, None] * events / exposed[:, None], axis=0)
    return Curves(at_risk, surviving, surviving**2 * greenwood, incidence)


def kaplan_meier(time: ArrayLike, event: ArrayLike, **choices: ArrayLike | None) -> Curves:
    """The Kaplan-Meier estimate; `event` is true where the event came on `time`, false where observation ended."""
    return aalen_johansen(time, np.asarray(event).astype(np.int64), **choices)


@dataclass(frozen=True)
class Cox:
    """A fitted model: log hazard ratios, their standard errors, and the log likelihood at the optimum."""

    coefficients: Array
    errors: Array
    likelihood: float
    events: int


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    steps: int = 25,
) -> Cox:
    """Cox's proportional hazards with Efron's ties, by Newton's method; errors are robust to `cluster` when given.

    `covariates` is rows by covariates. A spell (entry, time] of a child may be one of several rows, so that
    covariates change in time. With `strata` (households) each row is compared with those of its own stratum only:
    siblings with siblings. `weight` counts a row for more or for less. Raises TreError without events, or when the
    covariates don't settle.
    """
    days, came = np.asarray(time, dtype=np.int64), None
    if entry is not None:
        came = np.asarray(entry, dtype=np.int64)
    if strata is not None:
        days, came = _apart(days, came, np.asarray(strata))
    ones = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=float)
    if len(ones) != len(days) or not (np.isfinite(ones) & (ones >= 0)).all():
        raise TreError("weights are numbers of 0 or more, one a row")
    model = _Risk(days, np.asarray(event).astype(bool), np.asarray(covariates, dtype=float), came, ones)
    beta = np.zeros(model.x.shape[1])
    likelihood, gradient, information = model.at(beta)
    for _ in range(steps):
        try:
            move = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            raise TreError("the covariates say the same thing twice", hint="leave one of them out") from None
        for _ in range(12):
            tried = model.at(beta + move)
            if tried[0] >= likelihood - 1e-9 * abs(likelihood):
                break
            move = move / 2
        beta, (new, gradient, information) = beta + move, tried
        if abs(new - likelihood) <= 1e-11 * (abs(new) + 1e-11):
            likelihood = new
            break
        likelihood = new
    else:
        raise TreError("the model didn't settle", hint="a covariate may foretell every event")
    spread = np.linalg.inv(information)
    if cluster is not None:
        spread = spread @ model.between(beta, np.asarray(cluster)) @ spread
    return Cox(beta, np.sqrt(np.diag(spread)), float(likelihood), int(model.event.sum()))


def _apart(time: Array, entry: Array | None, strata: Array) -> tuple[Array, Array]:
    """Times and entries moved so that no stratum overlaps another: who enters later isn't at risk before."""
    _, at = np.unique(strata, return_inverse=True)
    room = at.astype(np.int64) * (int(time.max(initial=0)) + 2)
    return time + 1 + room, (np.zeros_like(time) if entry is None else entry + 1) + room


class _Risk:
    """Risk sets of all event days, as sums over days."""

    def __init__(self, time: Array, event: Array, x: Array, entry: Array | None, weight: Array) -> None:
        if x.ndim != 2 or len(x) != len(time) or len(event) != len(time) or not event.any():
            raise TreError("a model needs rows of covariates, one a time, and at least one event")
        self.time, self.event, self.entry, self.weight = time, event & (weight > 0), entry, weight
        event = self.event
        self.x = x - x.mean(axis=0)
        if not event.any():
            raise TreError("no event has a weight")
        self.days = np.unique(time[event])
        self.place = (
            np.searchsorted(self.days, time, side="right") - 1
        )  # the last event day not after the time
        self.came = None if entry is None else np.searchsorted(self.days, entry, side="right") - 1
        self.tied = np.bincount(self.place[event], minlength=len(self.days))
        # Efron takes the tied ones out bit by bit: for the l-th of m tied events, l/m of them are gone
        self.spot = np.repeat(np.arange(len(self.days)), self.tied)
        start = np.repeat(np.cumsum(self.tied) - self.tied, self.tied)
        self.part = (np.arange(len(self.spot)) - start) / np.repeat(self.tied, self.tied)
        # the tied ones share their weight, as in R
        own = np.bincount(self.place[event], weights=weight[event], minlength=len(self.days)) / self.tied
        self.share = own[self.spot]
        upper = np.triu_indices(x.shape[1])
        self.pairs = list(zip(*upper, strict=True))

    def sums(self, weight: Array) -> tuple[Array, Array]:
        """Sums of a weight over those at risk on each event day, and over its events."""
        n = len(self.days)
        seen = self.place >= 0
        risk = np.bincount(self.place[seen], weights=weight[seen], minlength=n)[::-1].cumsum()[::-1]
        if self.came is not None:
            late = self.came >= 0
            risk = risk - np.bincount(self.came[late], weights=weight[late], minlength=n)[::-1].cumsum()[::-1]
        tied = np.bincount(self.place[self.event], weights=weight[self.event], minlength=n)
        return risk, tied

    def hazards(self, beta: Array) -> tuple[Array, Array]:
        """Each row's weighted hazard and the logarithm of its hazard, shifted so that nothing overflows."""
        score = self.x @ beta
        score = score - score.max()
        return self.weight * np.exp(score), score

    def at(self, beta: Array) -> tuple[float, Array, Array]:
        """Log likelihood, gradient and information."""
        hazard, score = self.hazards(beta)
        p = self.x.shape[1]

        def left(weight: Array) -> Array:
            risk, tied = self.sums(weight)
            return np.asarray(risk[self.spot] - self.part * tied[self.spot])

        whole = left(hazard)
        first = np.column_stack([left(hazard * self.x[:, j]) for j in range(p)]) / whole[:, None]
        information = np.empty((p, p))
        for i, j in self.pairs:
            second = left(hazard * self.x[:, i] * self.x[:, j]) / whole
            information[i, j] = information[j, i] = (self.share * (second - first[:, i] * first[:, j])).sum()
        own = self.weight[self.event]
        likelihood = own @ score[self.event] - self.share @ np.log(whole)
        gradient = own @ self.x[self.event] - self.share @ first
        return float(likelihood), gradient, information

    def between(self, beta: Array, cluster: Array) -> Array:
        """The outer product of clusters' score residuals (Lin and Wei), tied ones taken out bit by bit as above."""
        hazard, _ = self.hazards(beta)
        p, n = self.x.shape[1], len(self.days)

        def left(weight: Array) -> Array:
            risk, tied = self.sums(weight)
            return np.asarray(risk[self.spot] - self.part * tied[self.spot])

        whole = left(hazard)
        mean = np.column_stack([left(hazard * self.x[:, j]) for j in range(p)]) / whole[:, None]
        jump = self.share / whole

        def by_day(values: Array) -> Array:
            return np.bincount(self.spot, weights=values, minlength=n)

        def drift(jumps: Array) -> tuple[Array, Array]:
            """Sums over each day of the jumps, and of the jumps times the mean of those at risk."""
            return by_day(jumps), np.column_stack([by_day(jumps * mean[:, j]) for j in range(p)])

        day, day_mean = drift(jump)
        own, own_mean = drift(jump * self.part)  # what a tied one is spared on its own day
        upto = np.concatenate([[0.0], np.cumsum(day)])
        upto_mean = np.vstack([np.zeros(p), np.cumsum(day_mean, axis=0)])
        start = np.zeros(len(self.time), dtype=np.int64) if self.came is None else self.came + 1
        end = self.place + 1
        residual = -hazard[:, None] * (
            self.x * (upto[end] - upto[start])[:, None] - (upto_mean[end] - upto_mean[start])
        )
        at, x, spared = self.place[self.event], self.x[self.event], hazard[self.event][:, None]
        middle = np.column_stack([by_day(mean[:, j]) for j in range(p)]) / self.tied[:, None]
        residual[self.event] += self.weight[self.event][:, None] * (x - middle[at])
        residual[self.event] += spared * (x * own[at][:, None] - own_mean[at])
        _, group = np.unique(cluster, return_inverse=True)
        summed = np.zeros((int(group.max()) + 1, p))
        np.add.at(summed, group, residual)
        return np.asarray(summed.T @ summed)
