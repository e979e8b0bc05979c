"""Mothers as persons: one a household, with a number, a name and a birth date of her own, and what is known of births.

A household's children have one mother (the unaccompanied have none here). She is between 17 and 45 at every birth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth import names
from synth.days import Days
from synth.draw import Index, Ints, feistel
from synth.ids import Text, numbered
from synth.people import ETHNICITIES, NAMES_OF
from synth.world import World

YOUNGEST, OLDEST = 17 * 365 + 60, 45 * 365  # days, at the first and the last birth
IDS = 10**8  # mothers' numbers begin at it: SYN and nine digits, where a child's have eight
HOSPITALS = 6  # of an authority


@dataclass(frozen=True, slots=True)
class Mothers:
    """One place a mother, in the order of their households."""

    household: Index
    eldest: Ints
    """Place of the household's first child in the people."""
    born: Days
    given: Ints
    surname: Ints
    of: Ints
    """For each child of the world the place of its mother; -1 for the unaccompanied."""

    def __len__(self) -> int:
        return len(self.household)


def mothers(world: World) -> Mothers:
    """The mothers of a chunk's children."""
    people, draws = world.people, world.draws
    household, eldest, of = np.unique(people.household, return_index=True, return_inverse=True)
    first, last = np.full(len(household), 1 << 40), np.full(len(household), -(1 << 40))
    np.minimum.at(first, of, people.born)
    np.maximum.at(last, of, people.born)
    oldest = np.maximum(
        OLDEST - (last - first), YOUNGEST + 1
    )  # at the first birth, so that the last is in time
    age = draws.between("mother's age", household, YOUNGEST, np.minimum(oldest, 34 * 365))
    group = np.array([NAMES_OF[broad] for broad, _ in ETHNICITIES.values()])[people.ethnic[eldest]]
    own = names.pool().pick(draws, "mother's surname", household, kind="surname", group=group)
    shared = draws.chance("mother's surname is the child's", household, 0.7)
    return Mothers(
        household=household,
        eldest=eldest,
        born=first - age,
        given=names.pool().pick(draws, "mother's name", household, kind="girl", group=group),
        surname=np.where(shared, people.surname[eldest], own),
        of=np.where(people.uasc, -1, of),
    )


def mother_ids(world: World, some: Ints, numbering: str, them: Mothers) -> Text:
    """The numbers of mothers in a numbering beyond one authority: SYN and nine digits, which no child has."""
    place = world.people.place[them.eldest[some]] * np.uint64(len(world.plan.authorities))
    place = place + world.people.home[them.eldest[some]].astype(np.uint64)
    number = feistel(place, size=IDS, key=world.draws.key(f"mother id {numbering}"))
    return numbered("SYN", number + np.uint64(IDS), 9)


def mother_persons(world: World, some: Ints, them: Mothers) -> Text:
    """Mothers in the truth: M, the first authority of their household, and its place there."""
    people, eldest = world.people, them.eldest[some]
    codes = np.array([int(code) for code in world.plan.authorities], dtype=np.uint64)
    return numbered("M", codes[people.home[eldest]] * np.uint64(IDS) + people.place[eldest], 11)


@dataclass(frozen=True, slots=True)
class Births:
    """One place a birth in the authority: who, whose, and what was written of it."""

    child: Ints
    mother: Ints
    day: Days
    weeks: Ints
    grams: Ints
    hospital: Ints
    first_of_delivery: Ints
    """Place of the first birth of the same delivery: twins share one."""


def births(world: World, authority: int, them: Mothers, *, by: int | None = None) -> Births:
    """The births of the authority's children up to a day (the plan's last when not given), in order of the children."""
    people, draws = world.people, world.draws
    until = world.plan.closes if by is None else by
    child = np.flatnonzero((people.home == authority) & (them.of >= 0) & (people.born <= until))
    who, mother, day = people.who[child], them.of[child], people.born[child]
    same = np.zeros(len(child), dtype=bool)
    same[1:] = (mother[1:] == mother[:-1]) & (day[1:] == day[:-1])
    place = np.arange(len(child))
    first = np.maximum.accumulate(np.where(same, 0, place)) if len(child) else place
    twins = np.bincount(first, minlength=len(child))[first] > 1 if len(child) else same
    early = draws.chance("born early", who[first], np.where(twins, 0.5, 0.075))
    weeks = np.where(
        early, draws.between("weeks early", who[first], 27, 36), draws.between("weeks", who[first], 37, 42)
    )
    grams = 3400 + (weeks - 40) * 150 + np.round((draws.uniform("grams", who) - 0.5) * 1400).astype(np.int64)
    hospital = draws.between("hospital", them.household[mother], 1, HOSPITALS)
    return Births(child, mother, day, weeks, np.maximum(grams, 500), hospital, first)
