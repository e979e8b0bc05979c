"""Deliveries and births as hospitals write them: the mother's record and the baby's, which disagree now and then.

The truth of who is whose mother is in the world (and in echild_mb); a linkage of `hes_births` with `hes_deliveries` isn't
shown it. A day is off, a family has moved, something is left out in the baby's record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synth import columns as col
from synth.days import Days, day
from synth.draw import Flags, Ints
from synth.mothers import HOSPITALS, Births, Mothers, births, mother_ids, mothers
from synth.world import World
from tre_toolkit.schema import Schema

DELIVERIES, BIRTHS = "hes_deliveries", "hes_births"
DAY_OFF, MOVED = (
    0.04,
    0.03,
)  # how often the day is off, or another address stands in the baby's record (assumed)
# share of records that leave a column out: PLoS ONE 2016 11(10):e0164667, table 1; of addresses assumed
UNWRITTEN_OF_BABIES = {
    "gestat_1": 0.183,
    "birweit_1": 0.146,
    "motdob": 0.147,
    "sexbaby_1": 0.001,
    "homeadd": 0.05,
}
UNWRITTEN_OF_MOTHERS = {"gestat_1": 0.146, "birweit_1": 0.11, "sexbaby_1": 0.117}
YEAR = 365  # days
Columns = dict[str, col.Column]


def maternity(world: World, authority: int, shape: Schema) -> dict[str, col.Sheet]:
    """The deliveries or the births of one authority and year."""
    ends, them = day(f"{shape.year}-{shape.dataset.year_ends}"), mothers(world)
    every = births(world, authority, them, by=ends)
    rows = np.flatnonzero(every.day > ends - YEAR)
    told = _Told(world, authority, shape, them, every)
    made = told.deliveries(rows) if shape.name == DELIVERIES else told.babies(rows)
    table = shape.tables[0]
    return {table.name: col.sheet(table, made, len(next(iter(made.values()))))}


@dataclass(frozen=True, slots=True)
class _Told:
    """What both sides' records are written from."""

    world: World
    authority: int
    shape: Schema
    them: Mothers
    some: Births

    def deliveries(self, rows: Ints) -> Columns:
        """A row a delivery, twins in one, with the mother's number."""
        head = rows[self.some.first_of_delivery[rows] == rows]
        number = mother_ids(self.world, self.some.mother[head], str(self.shape.dataset.numbering), self.them)
        told = self._both(head, self._homes(head), self._unwritten(head, "mother", UNWRITTEN_OF_MOTHERS))
        return {
            "tokenid": col.text(number),
            "delivery_date": col.dates(self.some.day[head], self._style),
            **told,
        }

    def babies(self, rows: Ints) -> Columns:
        """A row a baby, with the baby's number: the side in which things go wrong."""
        draws, who = self.world.draws, self.world.people.who[self.some.child[rows]]
        later = np.where(draws.chance("later", who, 0.5), 1, -1)
        off = np.where(draws.chance("a day off", who, DAY_OFF), later, 0)
        home = self._homes(rows)
        moved = draws.chance("moved before the birth", who, MOVED)
        other = self.world.home_places(self.some.child[rows], self.authority, other=(home + 7) % 4000)
        gone = self._unwritten(rows, "baby", UNWRITTEN_OF_BABIES)
        number = self.world.national_ids(self.some.child[rows], str(self.shape.dataset.numbering))
        return {
            "tokenid": col.text(number),
            "dobbaby": col.dates(self.some.day[rows] + off, self._style),
            **self._both(rows, np.where(moved, other, home), gone),
        }

    def _both(self, rows: Ints, homes: Ints, gone: Mapping[str, Flags]) -> Columns:
        world, some = self.world, self.some
        female = world.people.female[some.child[rows]].astype(np.int64)
        provider = tuple(f"SY{at}" for at in range(HOSPITALS + 1))
        return {
            "procode3": col.coded(provider, some.hospital[rows]),
            "motdob": col.blank(col.dates(self._mother_born(rows), self._style), gone.get("motdob")),
            "homeadd": col.text(world.postcodes(homes), gone.get("homeadd")),
            "gestat_1": col.blank(col.counts(some.weeks[rows]), gone.get("gestat_1")),
            "sexbaby_1": col.blank(col.coded(("1", "2"), female), gone.get("sexbaby_1")),
            "birweit_1": col.blank(col.counts(some.grams[rows]), gone.get("birweit_1")),
        }

    def _unwritten(self, rows: Ints, side: str, shares: Mapping[str, float]) -> dict[str, Flags]:
        who = self.world.people.who[self.some.child[rows]]
        return {
            name: self.world.draws.chance(f"unwritten {side} {name}", who, share)
            for name, share in shares.items()
        }

    def _homes(self, rows: Ints) -> Ints:
        return self.world.home_places(self.some.child[rows], self.authority)

    def _mother_born(self, rows: Ints) -> Days:
        return self.them.born[self.some.mother[rows]]

    @property
    def _style(self) -> str:
        return self.shape.dataset.form.date_formats[0]
