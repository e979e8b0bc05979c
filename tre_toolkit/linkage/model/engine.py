"""The whole of a linkage by the model: records in; accepted pairs, persons and what was learnt out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.cluster import Decided, Persons, persons, with_decisions, with_held
from tre_toolkit.linkage.model.bare import with_bare
from tre_toolkit.linkage.model.candidates import Brought, bring_up
from tre_toolkit.linkage.model.classes import Model, Shares
from tre_toolkit.linkage.model.em import Fit, check_sound, fit, score, universe
from tre_toolkit.linkage.model.pairs import Patterns, patterns, with_dated
from tre_toolkit.linkage.records import Codes, Records
from tre_toolkit.linkage.room import Room

KEEP = 0.001  # pairs less likely than this are not carried further
WORTH = 0.05  # the same for pairs of one day without any name, which no reviewer is ever shown below it
WANTED = 0.992  # precision the default threshold is set for, as the model itself estimates it
THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(9))
NAMED = {"precise": 0.9, "broad": 0.3}
INSIDE = 0.5  # two records of one file are duplicates from here


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs with the probability that they are one person, and its weight in bits."""

    left: Codes
    right: Codes
    probability: Shares
    weight: Shares
    pattern: Codes

    def over(self, threshold: float) -> Scored:
        kept = self.probability >= threshold
        return Scored(
            self.left[kept], self.right[kept], self.probability[kept], self.weight[kept], self.pattern[kept]
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What the model found among the records of several files.

    `across` and `inside` are all pairs worth carrying; `persons` what the accepted ones come to.
    `tried`: for each threshold of `THRESHOLDS` tried, the model's estimate of its precision.
    """

    across: Scored
    inside: Scored
    patterns: Patterns
    fit: Fit
    inside_fit: Fit
    threshold: float
    tried: dict[float, float]
    persons: Persons


def find(
    records: Records,
    file: Codes,
    *,
    threshold: float | str | None = None,
    decided: Decided | None = None,
    held: Codes | None = None,
    learnt: Model | None = None,
    room: Room | None = None,
) -> Found:
    """Find the persons among `records`; `file` says which file each stands in; `decided` what a reviewer said of pairs.

    `held` has a code for each record of an earlier person, which is left as it is: only pairs with a new record
    count. With `learnt`, an earlier run's model scores the pairs, and nothing but the classes' sizes is learnt.

    `room` says where large arrays are put: in memory, when it isn't given.

    `threshold` is a probability, "precise", "broad", or None for the one the model's own estimate sets.
    Raises TreError when there is too little to learn from.
    """
    if len(np.unique(file)) < 2:
        raise TreError(
            "the model compares files, and there is one only",
            hint="link with the ordered rules: --engine rules",
        )
    dated = with_dated(with_bare(records))
    room = room or Room()
    brought = bring_up(dated, file, room=room)
    across, found, fitted = _scored(dated, brought, room, learnt=learnt)
    check_sound(fitted)
    inside, _, inside_fit = _scored(dated, brought, room, learnt=fitted.model, inside=True)
    del brought
    duplicates = inside.over(INSIDE)
    tried: dict[float, float] = {}
    for chosen in thresholds(threshold):
        joined, estimate = _persons(records, file, across.over(chosen), duplicates, decided, held)
        tried[chosen] = estimate
        if estimate >= WANTED:
            break
    return Found(across, inside, found, fitted, inside_fit, chosen, tried, joined)


def thresholds(threshold: float | str | None) -> tuple[float, ...]:
    """The thresholds to try in turn: the one that was asked for, or the scale of the default.

    Raises TreError for what is neither a probability nor a name.
    """
    if threshold is None:
        return THRESHOLDS
    chosen = NAMED.get(threshold) if isinstance(threshold, str) else threshold
    if chosen is None or not 0 < chosen < 1:
        raise TreError(
            "a threshold is a probability, or one of precise and broad", hint="leave it out for the default"
        )
    return (float(chosen),)


def _scored(
    records: Records, brought: Brought, room: Room, *, learnt: Model | None = None, inside: bool = False
) -> tuple[Scored, Patterns, Fit]:
    """Score the pairs across files, or those inside them under what was learnt across."""
    file = brought.file
    found = patterns(records, file, inside=inside, brought=brought, room=room)
    fitted = fit(found, universe(records, file, inside=inside), learnt=learnt, inside=inside)
    probability, weight = score(fitted, found)
    least = np.where(found.nameless, WORTH, KEEP)
    if (probability >= least)[~found.kept].any():  # a pattern that was only counted is likelier than thought
        found = patterns(records, file, inside=inside, keep_all=True, brought=brought, room=room)
        probability, weight = score(fitted, found)
    likely = np.flatnonzero((probability >= KEEP)[found.pattern])
    left, right, own = (one[likely].astype(np.int64) for one in (found.left, found.right, found.pattern))
    none = np.zeros(0, dtype=np.int32)
    found = replace(found, left=none, right=none, pattern=none)  # what isn't likely is of no more use
    return Scored(left, right, probability[own], weight[own], own), found, fitted


def _persons(
    records: Records,
    file: Codes,
    across: Scored,
    duplicates: Scored,
    decided: Decided | None,
    before: Codes | None,
) -> tuple[Persons, float]:
    """Persons of the accepted pairs, best first; and the mean probability of the pairs across files that hold."""
    left = np.concatenate([across.left, duplicates.left])
    right = np.concatenate([across.right, duplicates.right])
    weight = np.concatenate([across.weight, duplicates.weight])
    order = pd.Series(-weight).rank(method="dense").to_numpy().astype(np.int64)
    placed = Records(records.about.assign(source=file), records.tokens, records.lists, records.sources)
    left, right, order = with_held(left, right, order, before)
    left, right, order, apart = with_decisions(left, right, order, decided)
    joined = persons(placed, left, right, order, numbers=False, held=before, apart=apart)
    held = joined.cluster[across.left] == joined.cluster[across.right]
    return joined, float(across.probability[held].mean()) if held.any() else 1.0
