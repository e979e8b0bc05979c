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
    steps: int = 25,
) -> Cox:
    """Cox's proportional hazards with Efron's ties, by Newton's method; errors are robust to `cluster` when given.

    `covariates` is rows by covariates. A spell (entry, time] of a child may be one of several rows, so that
    covariates change in time. Raises TreError without events, or when the covariates don't settle.
    """
    model = _Risk(
        np.asarray(time, dtype=np.int64),
        np.asarray(event).astype(bool),
        np.asarray(covariates, dtype=float),
        None if entry is None else np.asarray(entry, dtype=np.int64),
    )
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


class _Risk:
    """Risk sets of all event days, as sums over days."""

    def __init__(self, time: Array, event: Array, x: Array, entry: Array | None) -> None:
        if x.ndim != 2 or len(x) != len(time) or len(event) != len(time) or not event.any():
            raise TreError("a model needs rows of covariates, one a time, and at least one event")
        self.time, self.event, self.entry = time, event, entry
        self.x = x - x.mean(axis=0)
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
        """Each row's hazard and its logarithm, shifted so that nothing overflows."""
        score = self.x @ beta
        score = score - score.max()
        return np.exp(score), score

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
            information[i, j] = information[j, i] = (second - first[:, i] * first[:, j]).sum()
        likelihood = score[self.event].sum() - np.log(whole).sum()
        gradient = self.x[self.event].sum(axis=0) - first.sum(axis=0)
        return float(likelihood), gradient, information

    def between(self, beta: Array, cluster: Array) -> Array:
        """The outer product of clusters' score residuals (Lin and Wei; ties by Breslow in the compensator)."""
        hazard, _ = self.hazards(beta)
        p = self.x.shape[1]
        risk, _ = self.sums(hazard)
        mean = np.column_stack([self.sums(hazard * self.x[:, j])[0] for j in range(p)]) / risk[:, None]
        jump = self.tied / risk
        upto = np.concatenate([[0.0], np.cumsum(jump)])
        upto_mean = np.vstack([np.zeros(p), np.cumsum(jump[:, None] * mean, axis=0)])
        start = np.zeros(len(self.time), dtype=np.int64) if self.came is None else self.came + 1
        end = self.place + 1
        own = self.x * (upto[end] - upto[start])[:, None] - (upto_mean[end] - upto_mean[start])
        residual = -hazard[:, None] * own
        residual[self.event] += self.x[self.event] - mean[self.place[self.event]]
        _, group = np.unique(cluster, return_inverse=True)
        summed = np.zeros((int(group.max()) + 1, p))
        np.add.at(summed, group, residual)
        return np.asarray(summed.T @ summed)
