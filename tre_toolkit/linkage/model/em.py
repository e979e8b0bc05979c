"""Learning the model: expectation and maximisation over counts of patterns, a table of a few thousand rows.

The whole of both files is in the counts: the pairs no rule brings up are added as three patterns, of
which two are forced to CHANCE (else the few matches would leak into hundreds of millions of empty pairs).
Nothing is random, so the same tokens give the same probabilities to the last bit but one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.model.classes import (
    CHANCE,
    CLASSES,
    FIRM,
    FIXED,
    PRIOR,
    SAME,
    TWIN,
    Model,
    Shares,
    expectations,
    null_levels,
)
from tre_toolkit.linkage.model.levels import ELSE, NULL, NUMBERS, ROUTES, SEX_DIFFERS
from tre_toolkit.linkage.model.pairs import LABELS, Patterns
from tre_toolkit.linkage.records import NONE, Codes, Records

ROUNDS = 300
STILL = 1e-8  # share of the log-likelihood by which a round must move it
FEWEST = 30  # pairs of one person below which nothing can be learnt


@dataclass(frozen=True, slots=True)
class Fit:
    """What was learnt: `sizes` (pairs of each class), `model` (shares of levels), `rounds` it took, and whether it came to rest."""

    model: Model
    sizes: dict[str, float]
    rounds: int
    settled: bool


@dataclass(frozen=True, slots=True)
class Universe:
    """How many pairs there are in all, and how many of them have a missing birth date; records of the files."""

    pairs: float
    undated: float
    files: tuple[int, ...]


def universe(records: Records, file: Codes, *, inside: bool) -> Universe:
    """All pairs across the files, or all pairs within them."""
    sizes = np.bincount(file).astype(float)
    dated = np.bincount(file[records.of("dated") != NONE], minlength=len(sizes)).astype(float)

    def within(counts: Shares) -> float:
        return float((counts * (counts - 1) / 2).sum())

    def across(counts: Shares) -> float:
        return float((counts.sum() ** 2 - (counts**2).sum()) / 2)

    every, known = (within(sizes), within(dated)) if inside else (across(sizes), across(dated))
    return Universe(every, every - known, tuple(int(size) for size in sizes if size))


def fit(found: Patterns, all_pairs: Universe, *, learnt: Model | None = None, inside: bool = False) -> Fit:
    """Learn the model from the patterns; with `learnt` shares only the classes' sizes are learnt (for pairs inside
    files, and for a refresh)."""
    levels, counts = _with_unseen(found, all_pairs)
    day = counts[levels["route"] == ROUTES.index("day")].sum() / all_pairs.pairs
    bare = levels["route"] == ROUTES.index(ELSE)
    slips = {
        number: float(counts[bare & (levels[number] == LABELS[number].index("neighbour"))].sum())
        / all_pairs.pairs
        for number in NUMBERS
        if "neighbour" in LABELS[number]
    }
    model = learnt or expectations(same_day=float(day), largest=max(all_pairs.files), slips=slips)
    centres = model
    ordered = sorted(all_pairs.files)
    smaller = ordered[-2] if len(ordered) > 1 else ordered[-1]
    shares = {SAME: 0.01 if inside else 0.25, TWIN: 0.02}
    sizes = np.array([shares[SAME] * smaller, shares[TWIN] * smaller, 0.0])
    sizes[-1] = all_pairs.pairs - sizes.sum()
    before, settled, rounds = -np.inf, False, 0
    while rounds < ROUNDS and not settled:
        rounds += 1
        logs = _logs(model, sizes, levels)
        top = logs.max(axis=0)
        total = top + np.log(np.exp(logs - top).sum(axis=0))
        weights = np.exp(logs - total)
        weights[:, -2:] = np.array([[0.0], [0.0], [1.0]])
        weights *= counts
        likelihood = float((counts * total).sum())
        sizes = np.maximum(weights.sum(axis=1), 1.0)
        sizes[-1] = all_pairs.pairs - sizes[:-1].sum()
        if learnt is None:
            model = _shares(levels, weights, model, centres)
        settled = abs(likelihood - before) < STILL * abs(likelihood)
        before = likelihood
    return Fit(model, dict(zip(CLASSES, sizes.tolist(), strict=True)), rounds, settled)


def score(fitted: Fit, found: Patterns) -> tuple[Shares, Shares]:
    """For each pattern the probability of one person, and the weight (log2 odds against twins and chance together)."""
    levels = {name: found.level(name) for name in LABELS}
    sizes = np.array([fitted.sizes[name] for name in CLASSES])
    logs = _logs(fitted.model, sizes, levels)
    others = np.logaddexp.reduce(logs[1:], axis=0)
    weight = (logs[0] - others) / np.log(2)
    return 1 / (1 + np.exp2(-np.clip(weight, -1000, 1000))), weight


def check_sound(fitted: Fit) -> None:
    """Raise TreError when there was too little to learn from, or the class of one person has drifted to something else."""
    if fitted.sizes[SAME] < FEWEST:
        raise TreError(
            f"too few children stand in more than one file to learn from (about {fitted.sizes[SAME]:.0f})",
            hint="link with the ordered rules: --engine rules",
        )
    exact = sum(
        float(
            fitted.model[SAME][name][
                [label.removesuffix(SEX_DIFFERS) == "exact" for label in LABELS[name]]
            ].sum()
        )
        for name in ("given", "surname")
    )
    if exact / 2 < 0.5:
        raise TreError(
            "the model has drifted: what it takes for one person seldom agrees on names",
            hint="link with the ordered rules: --engine rules",
        )


def _logs(model: Model, sizes: Shares, levels: dict[str, Codes]) -> Shares:
    """Log of size and likelihood of each pattern under each class: a row for each class."""
    rows = []
    for name, size in zip(CLASSES, sizes, strict=True):
        logs = np.full(len(levels["route"]), np.log(size / sizes.sum()))
        for comparison, level in levels.items():
            shares = np.where(null_levels(comparison), 1.0, model[name][comparison])
            logs = logs + np.log(np.maximum(shares, 1e-14))[level]
        rows.append(logs)
    return np.array(rows)


def _shares(levels: dict[str, Codes], weights: Shares, model: Model, centres: Model) -> Model:
    """The shares of levels that the weighted counts and the expectations give together."""
    fresh: Model = {name: dict(model[name]) for name in CLASSES}
    for name, weight in zip(CLASSES, weights, strict=True):
        for comparison, level in levels.items():
            if (name, comparison) not in FIXED:
                counted = np.bincount(level, weights=weight, minlength=len(LABELS[comparison]))
                learnt = np.where(null_levels(comparison), 0.0, counted)
                learnt = learnt + FIRM.get((name, comparison), PRIOR[name]) * centres[name][comparison]
                fresh[name][comparison] = learnt / learnt.sum()
    return fresh


def _with_unseen(found: Patterns, all_pairs: Universe) -> tuple[dict[str, Codes], Shares]:
    """Levels and counts of the patterns, and of the pairs no rule brings up; the last two can only be CHANCE."""
    levels = {name: found.level(name) for name in LABELS}
    counts = found.count.astype(float)
    silent = {name: labels.index(NULL) if NULL in labels else 0 for name, labels in LABELS.items()}

    def place(comparison: str, label: str) -> int:
        return LABELS[comparison].index(label)

    day, nothing = ROUTES.index("day"), place("surname", ELSE)
    bare = (
        (levels["route"] == day)
        & (levels["surname"] == nothing)
        & (levels["address"] == place("address", ELSE))
    )
    alike = counts[bare & (levels["given"] == place("given", ELSE))].sum()
    apart = counts[bare & (levels["given"] == place("given", ELSE + SEX_DIFFERS))].sum()
    other_sex = max(alike - apart, 0.0)
    undated_seen = counts[levels["route"] == ROUTES.index(NULL)].sum()
    undated = max(all_pairs.undated - undated_seen, 1.0)
    seen = counts.sum() - undated_seen
    rest = max(all_pairs.pairs - all_pairs.undated - seen - other_sex, 1.0)
    unseen: Sequence[tuple[dict[str, int], float]] = (
        (
            {
                "route": day,
                "given": place("given", ELSE + SEX_DIFFERS),
                "surname": nothing,
                "address": place("address", ELSE),
            },
            other_sex,
        ),
        ({"route": ROUTES.index(NULL), "undated": place("undated", ELSE)}, undated),
        ({"route": ROUTES.index(ELSE)}, rest),
    )
    for comparison in levels:
        added = [{**silent, **one}[comparison] for one, _ in unseen]
        levels[comparison] = np.concatenate([levels[comparison], added])
    return levels, np.concatenate([counts, [count for _, count in unseen]])


__all__ = ["CHANCE", "SAME", "TWIN", "Fit", "Universe", "check_sound", "fit", "score", "universe"]
