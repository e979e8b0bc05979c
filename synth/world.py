"""A chunk of the invented world: people, their careers and their care, with the ids each authority gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from synth.care import CareEpisodes, Stays, care
from synth.careers import ADOPTED, ADOPTED_BY_CARER, DIED, Episodes, careers
from synth.days import NEVER, Days, birthday, school_leaving, school_start
from synth.draw import Draws, Ints
from synth.ids import POSTCODES, UPN_CAPACITY, Text, local_ids, postcodes, upns
from synth.people import People, people
from synth.plan import Plan

PROVIDERS_ROOM = 64  # more than there are providers in the register


@dataclass(frozen=True, slots=True)
class World:
    """One chunk. Rows of `episodes`, `stays` and `care` point into `people` by place."""

    plan: Plan
    first: int
    """Place of the chunk's first child in each authority."""
    last: int
    people: People
    episodes: Episodes
    stays: Stays
    care: CareEpisodes
    upn: Text
    school_from: Days
    school_to: Days
    moved: Days
    """The day a mover left home for the next authority; NEVER for all others."""
    died: Days
    """NEVER for almost all."""
    renamed: Days
    """The day of an adoption, from which the child has another name and another number at school; NEVER for most."""
    new_upn: Text
    numbers: dict[str, Text] = field(default_factory=dict, repr=False, compare=False)
    """Numbers of all children, once somebody asked for them."""

    @property
    def draws(self) -> Draws:
        """Where all that is drawn of this chunk comes from."""
        return self.plan.draws

    def local_ids(self, children: Ints, authority: int) -> Text:
        """The authority's own numbers of these children; a mover has another in each authority."""
        name = f"local id {self.plan.authorities[authority]}"
        guest = (self.people.home != authority).astype(np.uint64)
        place = self.people.place * np.uint64(2) + guest
        return self.kept(name, lambda: local_ids(place, key=self.draws.key(name)))[children]

    def kept(self, name: str, make: Callable[[], Text]) -> Text:
        """Numbers of all children, made once for all returns and years."""
        if name not in self.numbers:
            self.numbers[name] = make()
        return self.numbers[name]

    def national_ids(self, children: Ints, numbering: str) -> Text:
        """The numbers of these children in a numbering beyond one authority: one number a person, in every authority."""
        slots = np.uint64(len(self.plan.authorities))
        place = self.people.place[children] * slots + self.people.home[children].astype(np.uint64)
        return local_ids(place, key=self.draws.key(f"numbering {numbering}"))

    def home_places(self, children: Ints, authority: int, *, other: Ints | None = None) -> Ints:
        """Numbers of postcodes in an authority's share of them: the homes', or those of the places `other`."""
        room = POSTCODES // max(len(self.plan.authorities), 1)
        free = room - PROVIDERS_ROOM  # the first places are those of providers: nobody's family lives there
        homes = PROVIDERS_ROOM + (self.people.house[children] % np.uint64(free)).astype(np.int64)
        if other is not None:
            elsewhere = np.where(other < PROVIDERS_ROOM, other, PROVIDERS_ROOM + other % free)
            next_door = PROVIDERS_ROOM + (homes - PROVIDERS_ROOM + 1) % free
            homes = np.where(other < 0, homes, np.where(elsewhere == homes, next_door, elsewhere))
        return homes + room * authority

    def status(self, on: int) -> Ints:
        """What each child is on a day: 0 none, 1 in need, 2 on a protection plan, 3 looked after."""
        found = np.zeros(len(self.people), dtype=np.int64)
        some = self.episodes
        open_ = (some.referred <= on) & (some.closed > on) & ~some.nfa
        np.maximum.at(found, some.child[open_], 1)
        np.maximum.at(found, some.child[(some.protected <= on) & (some.unprotected > on)], 2)
        np.maximum.at(found, self.stays.child[(self.stays.start <= on) & (self.stays.end > on)], 3)
        return found

    def ever(self, on: int) -> Ints:
        """How far each child has come by a day: 0 not at all, 1 in need, 2 on a protection plan, 3 looked after."""
        found = np.zeros(len(self.people), dtype=np.int64)
        some = self.episodes
        need = (some.authorised <= on) & ~np.isin(some.reason, (7, 8))
        np.maximum.at(found, some.child[need], 1)
        np.maximum.at(found, some.child[some.protected <= on], 2)
        np.maximum.at(found, self.stays.child[self.stays.start <= on], 3)
        return found

    def postcodes(self, places: Ints) -> Text:
        """The postcode of each place, from ranges that nobody was ever given."""
        return postcodes(places.astype(np.uint64))


def invent(plan: Plan, first: int = 0, last: int | None = None) -> World:
    """The children `first` to `last` of every authority with all that happens to them."""
    who = people(plan, first, last)
    episodes = careers(plan, who)
    stays, told = care(plan, who, episodes)
    slots = np.uint64(len(plan.authorities))
    counters = who.place * slots + who.home.astype(np.uint64)
    moved = np.full(len(who), NEVER)
    gone = (episodes.round == 0) & who.mover[episodes.child] & (episodes.closed < NEVER)
    moved[episodes.child[gone]] = episodes.closed[gone]
    died, renamed = (_ended_by(stays, len(who), exits) for exits in ((DIED,), (ADOPTED, ADOPTED_BY_CARER)))
    key = plan.draws.key("upn")
    return World(
        plan=plan,
        first=first,
        last=plan.children if last is None else min(last, plan.children),
        people=who,
        episodes=episodes,
        stays=stays,
        care=told,
        upn=upns(counters, key=key),
        school_from=school_start(who.born),
        school_to=np.minimum(np.minimum(school_leaving(who.born), birthday(who.born, 19)), died),
        moved=moved,
        died=died,
        renamed=renamed,
        new_upn=upns(counters + np.uint64(UPN_CAPACITY // 2), key=key),
    )


def _ended_by(stays: Stays, children: int, exits: tuple[int, ...]) -> Days:
    """The day on which care ended in one of these ways; NEVER for all others."""
    found = np.full(children, NEVER)
    rows = np.isin(stays.exit, exits)
    found[stays.child[rows]] = stays.end[rows]
    return found
