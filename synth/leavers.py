"""Care leavers: those who left at 16 or over and have a birthday that is asked about in the year after.

Rule 1002 wants an episode in this year's or last year's return for every care leaver, so a leaver is told of
in the year of the 17th or 19th birthday that follows the exit, and not for longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth import columns as col
from synth.careers import ADOPTED, ADOPTED_BY_CARER, DIED
from synth.days import birthday, year_end, year_start
from synth.draw import Flags, Index, Ints
from synth.looked_after import DAYS, Module, first_child
from synth.world import World

IN_TOUCH = ("YES", "NO", "REFU", "NREQ")
ACTIVITIES = ("F1", "F2", "F4", "F5", "P2", "P5", "G4", "G5", "G6", "0")
ACTIVITY_SHARES = (6, 20, 7, 20, 3, 5, 11, 24, 4)
ACCOMMODATION = ("B1", "C1", "D1", "E1", "K1", "U1", "V1", "Y1", "Z1", "R1", "0")
STAYING_PUT = ACCOMMODATION.index("Z1")
ACCOMMODATION_SHARES = (14, 3, 20, 6, 3, 36, 1, 4, 13)


@dataclass(frozen=True, slots=True)
class Left:
    """The care leavers told of in one year."""

    children: Ints
    key: Index
    young: Flags
    """Whether the 17th birthday is the one asked about."""


def left(world: World, authority: int, year: int) -> Left:
    """Who is asked about: the last stay ended this year or last, long enough, and the birthday lies in the year."""
    stays, who = world.stays, world.people
    opens, closes, before = year_start(year), year_end(year), year_start(year - 1)
    rows = np.flatnonzero(stays.place == authority)
    child, last = _last(stays.child[rows])
    rows = rows[last]
    start, end = stays.start[rows], stays.end[rows]
    born = who.born[child]
    counted = np.minimum(end, closes) - np.maximum(np.maximum(start, birthday(born, 14)), before)
    after_16 = end > birthday(born, 16)
    nineteen = (
        (birthday(born, 19) >= opens) & (birthday(born, 19) <= closes) & (end >= before) & (end < opens)
    )
    seventeen = (
        (birthday(born, 17) >= opens)
        & (birthday(born, 17) <= closes)
        & (end < birthday(born, 17))
        & (end >= before)
    )
    told = (nineteen | seventeen) & after_16 & (counted > 100)
    told &= ~np.isin(stays.exit[rows], (ADOPTED, ADOPTED_BY_CARER, DIED))
    told &= ~(seventeen & (end == closes))
    told &= first_child(world, child) > closes
    return Left(child[told], stays.key[rows][told], seventeen[told])


def _last(children: Ints) -> tuple[Ints, Ints]:
    """The children once each, and the place of the last row of each (rows come in order of child)."""
    ends = (
        np.flatnonzero(np.append(children[1:] != children[:-1], True))
        if len(children)
        else np.zeros(0, dtype=np.int64)
    )
    return children[ends], ends


def modules(world: World, authority: int, left: Left) -> dict[str, Module]:
    """The module about care leavers."""
    touch = world.draws.pick("in touch", left.key, (86, 6, 3, 5))
    silent = touch > 0
    activity = world.draws.pick("activity", left.key, ACTIVITY_SHARES)
    home = world.draws.pick("accommodation", left.key, ACCOMMODATION_SHARES)
    home = np.where(left.young & (home == STAYING_PUT), 0, home)  # staying put begins at 18
    return {
        "oc3": (
            {
                "CHILD": col.text(world.local_ids(left.children, authority)),
                "DOB": col.dates(world.people.born[left.children], DAYS),
                "IN_TOUCH": col.coded(IN_TOUCH, touch),
                "ACTIV": col.coded(ACTIVITIES, np.where(silent, len(ACTIVITIES) - 1, activity)),
                "ACCOM": col.coded(ACCOMMODATION, np.where(silent, len(ACCOMMODATION) - 1, home)),
            },
            len(left.children),
        )
    }
