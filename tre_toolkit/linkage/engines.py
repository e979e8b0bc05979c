"""The two ways to persons, with one answer: ordered rules, and the model.

`auto` takes the model where there is enough to learn from, and the rules where there isn't; which it was,
and why, stands in the spine's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.cluster import Decided, persons, with_decisions, with_held
from tre_toolkit.linkage.model.classes import Model, Shares
from tre_toolkit.linkage.model.engine import NAMED, Found, find, thresholds
from tre_toolkit.linkage.model.files import OWN, Units, units
from tre_toolkit.linkage.records import NONE, Codes, Records
from tre_toolkit.linkage.refresh import as_decided
from tre_toolkit.linkage.room import Room
from tre_toolkit.linkage.rule_sets import rule_set
from tre_toolkit.linkage.rules import Candidates, candidates

ENGINES = ("auto", "model", "rules", "splink")
ENOUGH = 300  # children with names and birth date that at least two files must each hold, for `auto` to try the model
ALONE = "alone"  # the band of a record that was linked to no other
MODEL = "model"
BANDS = ((0.99, "certain"), (0.9, "strong"), (0.0, "fair"))
"""Probability from which a link of the model is in a band."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Persons, and how each record came to its own.

    For each record: `cluster` (number of its person), `step` (name or None), `band`, `weight` (bits, NaN
    under rules). `steps`: every (step, band) there could be. `conflicts`: refused mergers (left, right, order, reason).
    """

    cluster: Codes
    step: np.ndarray
    band: np.ndarray
    weight: Shares
    steps: tuple[tuple[str, str], ...]
    conflicts: pd.DataFrame
    left_out: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]
    found: Found | None = field(default=None, repr=False)
    units: Units | None = field(default=None, repr=False)


def join(
    records: Records,
    *,
    engine: str = "auto",
    rules: str = "exact",
    threshold: float | str | None = None,
    held: Codes | None = None,
    decided: Decided | None = None,
    learnt: Model | None = None,
    room: Room | None = None,
    spark: str | None = None,
) -> Joined:
    """The persons among `records`. `held`: codes of earlier persons, which are left as they are; `decided`: what a
    reviewer said of pairs (left, right, whether one person); `learnt`: the model of an earlier run, used as it is;
    `room`: where large arrays are put; `spark`: address of the cluster that Splink is to run on.

    Raises TreError for an engine there isn't, or when `model` has too little to learn from.
    """
    if engine not in ENGINES:
        raise TreError("there is no such engine", where=engine, hint=f"there are {', '.join(ENGINES)}")
    held = None if held is None else as_decided(held, decided)
    thresholds(threshold)  # one that isn't a threshold is refused whichever engine runs
    if engine == "rules":
        return by_rules(records, rules=rules, held=held, decided=decided)
    made = units(records, held=held, room=room)
    if engine == "splink":
        return by_splink(
            records, made, threshold=threshold, decided=decided, held=held, room=room, spark=spark
        )
    if engine == "auto" and not has_enough(made):
        return by_rules(
            records,
            rules=rules,
            held=held,
            decided=decided,
            because="too few children with names and birth date in two files",
        )
    try:
        return by_model(
            records, made, threshold=threshold, decided=decided, held=held, learnt=learnt, room=room
        )
    except TreError as refusal:
        if engine == "model":
            raise
        return by_rules(records, rules=rules, held=held, decided=decided, because=refusal.problem.what)


def has_enough(made: Units) -> bool:
    """Whether at least two files each hold `ENOUGH` children with given name and birth date."""
    named = made.records.of("given+birth_date") != NONE
    return int((np.bincount(made.file[named], minlength=2) >= ENOUGH).sum()) >= 2


def by_rules(
    records: Records,
    *,
    rules: str = "exact",
    held: Codes | None = None,
    decided: Decided | None = None,
    because: str | None = None,
) -> Joined:
    """Persons by the ordered rules called `rules`; the persons of `held` stay as they are."""
    steps = rule_set(rules)
    pairs, crowded = candidates(records, steps)
    left, right, order = pairs.left, pairs.right, pairs.step
    left, right, order = with_held(left, right, order, held)
    left, right, order, apart = with_decisions(left, right, order, decided)
    found = persons(records, left, right, order, held=held, apart=apart)
    first = first_step(len(records), pairs, found.cluster)
    return Joined(
        cluster=found.cluster,
        step=np.array([*(step.name for step in steps), None], dtype=object)[first],
        band=np.array([*(step.band for step in steps), ALONE], dtype=object)[first],
        weight=np.full(len(records), np.nan),
        steps=tuple((step.name, step.band) for step in steps),
        conflicts=found.conflicts,
        left_out=tuple(one.told() for one in crowded),
        settings={"engine": "rules", "rules": rules, **({"because": because} if because else {})},
    )


def by_model(
    records: Records,
    made: Units,
    *,
    threshold: float | str | None = None,
    decided: Decided | None = None,
    held: Codes | None = None,
    learnt: Model | None = None,
    room: Room | None = None,
) -> Joined:
    """Persons by the model: units by the files' own numbers first, then the model among units."""
    found = find(
        made.records,
        made.file,
        threshold=threshold,
        decided=decided and _of_units(decided, made),
        held=None if held is None else held_units(held, made),
        learnt=learnt,
        room=room,
    )
    cluster = found.persons.cluster[made.unit]
    own = first_step(len(records), made.pairs, made.joined.cluster)
    best, weight = _best(found, len(made.records))
    band_of_unit = np.array([name for _, name in BANDS], dtype=object)[
        np.argmax(best[:, None] >= np.array([least for least, _ in BANDS]), axis=1)
    ]
    by_pair = (best > 0)[made.unit]
    return Joined(
        cluster=cluster,
        step=np.where(by_pair, MODEL, np.array([*(step.name for step in OWN), None], dtype=object)[own]),
        band=np.where(
            by_pair,
            band_of_unit[made.unit],
            np.array([*(step.band for step in OWN), ALONE], dtype=object)[own],
        ),
        weight=weight[made.unit],
        steps=(*((MODEL, band) for _, band in BANDS), *((step.name, step.band) for step in OWN)),
        conflicts=pd.concat(
            [made.joined.conflicts, _of_records(found.persons.conflicts, made)], ignore_index=True
        ),
        left_out=tuple(one.told() for one in made.crowded)
        + tuple(
            {"step": name, "tokens": None, "records": many} for name, many in found.patterns.crowded.items()
        ),
        settings=settings_of(found, made),
        found=found,
        units=made,
    )


def by_splink(
    records: Records,
    made: Units,
    *,
    threshold: float | str | None = None,
    decided: Decided | None = None,
    held: Codes | None = None,
    room: Room | None = None,
    spark: str | None = None,
) -> Joined:
    """Persons by Splink, the reference: units by the files' own numbers first, then Splink's pairs, best first. It runs in
    DuckDB, within the limit of `room`, or on the cluster at `spark`."""
    from tre_toolkit.linkage.splink_engine import DEFAULT, database, find_pairs

    least = float(NAMED.get(threshold, DEFAULT)) if isinstance(threshold, str) else threshold or DEFAULT
    pairs = find_pairs(made.records, made.file, api=database(room=room, spark=spark), least=least)
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    order = (-pairs["probability"]).rank(method="dense").to_numpy().astype(np.int64)
    before = None if held is None else held_units(held, made)
    left, right, order = with_held(left, right, order, before)
    left, right, order, apart = with_decisions(
        left, right, order, None if decided is None else _of_units(decided, made)
    )
    placed = Records(made.records.about.assign(source=made.file), made.records.tokens, {}, made.names)
    found = persons(placed, left, right, order, numbers=False, held=before, apart=apart)
    own = first_step(len(records), made.pairs, made.joined.cluster)
    linked = np.zeros(len(made.records), dtype=bool)
    held = found.cluster[left] == found.cluster[right]
    linked[np.concatenate([left[held], right[held]])] = True
    by_pair = linked[made.unit]
    return Joined(
        cluster=found.cluster[made.unit],
        step=np.where(by_pair, "splink", np.array([*(step.name for step in OWN), None], dtype=object)[own]),
        band=np.where(by_pair, "strong", np.array([*(step.band for step in OWN), ALONE], dtype=object)[own]),
        weight=np.full(len(records), np.nan),
        steps=(("splink", "strong"), *((step.name, step.band) for step in OWN)),
        conflicts=pd.concat([made.joined.conflicts, _of_records(found.conflicts, made)], ignore_index=True),
        left_out=tuple(one.told() for one in made.crowded),
        settings={"engine": "splink", "threshold": least},
    )


def settings_of(found: Found, made: Units) -> dict[str, Any]:
    """What must be told of a run by the model, so that it can be judged and repeated."""
    return {
        "engine": MODEL,
        "files": {name: int(many) for name, many in zip(made.names, np.bincount(made.file), strict=True)},
        "threshold": found.threshold,
        "estimated precision by threshold": {str(one): round(many, 5) for one, many in found.tried.items()},
        "pairs of each class": {name: round(size) for name, size in found.fit.sizes.items()},
        "rounds": found.fit.rounds,
        "settled": found.fit.settled,
    }


def first_step(count: int, pairs: Candidates, cluster: Codes) -> Codes:
    """For each record the surest step that ties it to another of its person; -1 (the last place) when none does."""
    kept = cluster[pairs.left] == cluster[pairs.right]
    ends = np.concatenate([pairs.left[kept], pairs.right[kept]])
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, ends, np.concatenate([pairs.step[kept]] * 2))
    return np.where(first == np.iinfo(np.int64).max, -1, first)


def _best(found: Found, count: int) -> tuple[Shares, Shares]:
    """For each unit the greatest probability and weight of the accepted pairs that hold."""
    best, weight = np.zeros(count), np.full(count, np.nan)
    for scored in (found.across.over(found.threshold), found.inside.over(0.5)):
        held = found.persons.cluster[scored.left] == found.persons.cluster[scored.right]
        for end in (scored.left[held], scored.right[held]):
            np.maximum.at(best, end, scored.probability[held])
            np.fmax.at(weight, end, scored.weight[held])
    return best, weight


def held_units(held: Codes, made: Units) -> Codes:
    """The code of the earlier person of each unit, `NONE` where all its records are new."""
    codes = np.zeros(len(made.records), dtype=np.int64)
    np.maximum.at(codes, made.unit, held)
    return codes


def _of_units(decided: Decided, made: Units) -> Decided:
    """Decisions about records as decisions about their units; one within a unit says nothing."""
    one, two, same = made.unit[decided[0]], made.unit[decided[1]], decided[2]
    told = one != two
    return np.minimum(one, two)[told], np.maximum(one, two)[told], same[told]


def _of_records(conflicts: pd.DataFrame, made: Units) -> pd.DataFrame:
    """Conflicts between units, told by the first record of each."""
    first = np.unique(made.unit, return_index=True)[1]
    return conflicts.assign(left=first[conflicts["left"]], right=first[conflicts["right"]])
