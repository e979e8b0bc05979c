"""ECHILD: hospital records of children from the schema, and of their mothers' deliveries and their births from the world.

The bridge has one row a child and one a mother; deliveries (the mother's token) and births (the baby's) of the year stand
among the admitted care of `hes_apc`, so that mothers and babies can be linked as the real ones are.
"""

from __future__ import annotations

import numpy as np

from synth import columns as col
from synth.days import NEVER, Days, day
from synth.draw import Flags, Ints
from synth.ids import numbered
from synth.model import Model
from synth.mothers import Births, Mothers, births, mother_ids, mothers
from synth.records import Record, of_person
from synth.structural import Rows, sheet, walked
from synth.world import World
from tre_toolkit.schema import Schema, Table

HOSPITAL, BRIDGE, ADMITTED = "echild", "bridge", "hes_apc"
PERSON = "tokenid"
DELIVERY, BIRTH = "2", "3"  # the kinds of episode that are a delivery and a birth
Columns = dict[str, col.Column]


def hospital(world: World, authority: int, shape: Schema, model: Model | None = None) -> dict[str, col.Sheet]:
    """The tables of one authority and year, each person's rows where the person's household comes."""
    done = walked(world, authority, shape, model)
    ends = day(f"{shape.year}-{shape.dataset.year_ends}")
    them = mothers(world)
    some = births(world, authority, them, by=ends)
    bridge, admitted = shape.table(BRIDGE), shape.table(ADMITTED)
    with_child = np.unique(some.mother)
    own = {PERSON: col.text(mother_ids(world, with_child, str(shape.dataset.numbering), them))}
    parts = [done[BRIDGE], Rows(them.eldest[with_child], them.household[with_child], own)]
    this_year = some.day > ends - 365
    told = _births(world, authority, shape, them, some, this_year)
    made = {BRIDGE: _together(bridge, parts), ADMITTED: _together(admitted, [done[ADMITTED], *told])}
    return {table.name: sheet(table, made.get(table.name, done[table.name])) for table in shape.tables}


def _births(
    world: World, authority: int, shape: Schema, them: Mothers, some: Births, wanted: Flags
) -> list[Rows]:
    """The mothers' deliveries and the babies' births as episodes of admitted care."""
    table = shape.table(ADMITTED)
    record = Record(world, authority, shape, day(f"{shape.year}-{shape.dataset.year_ends}"))
    rows = np.flatnonzero(wanted)
    first = rows[some.first_of_delivery[rows] == rows]
    who = world.people.who[some.child]
    stay = world.draws.between("days in hospital", who[some.first_of_delivery], 0, 3)
    style = shape.dataset.form.date_formats[0]
    female = [
        value
        for value, label in shape.codes(table.field("sex")).items()
        if label.lower().startswith("female")
    ]

    def episode(at: Ints, mark: int) -> Columns:
        number = who[at] % np.uint64(10**12) + np.uint64(mark * 10**12)
        days: Columns = {
            name: _date(some.day[at] + (stay[at] if name in ("epiend", "disdate") else 0), style)
            for name in ("epistart", "epiend", "admistart", "disdate")
        }
        return days | {
            "epikey": col.text(numbered("SYN", number, 13)),
            "epiorder": col.constant("1", len(at)),
            "gestat": col.counts(some.weeks[at]),
        }

    age = (some.day - them.born[some.mother]) // 365
    deliveries = episode(first, 1) | {
        PERSON: col.text(mother_ids(world, some.mother[first], str(shape.dataset.numbering), them)),
        "epitype": col.constant(DELIVERY, len(first)),
        "startage": col.counts(age[first]),
    }
    if female:
        deliveries["sex"] = col.constant(female[0], len(first))
    babies = episode(rows, 2) | {
        PERSON: col.text(world.national_ids(some.child[rows], str(shape.dataset.numbering))),
        "epitype": col.constant(BIRTH, len(rows)),
        "startage": col.constant("0", len(rows)),
    }
    for name in ("sex", "ethnos"):
        column = of_person(record, table, table.field(name), some.child[rows])
        if column is not None:
            babies[name] = column
    return [Rows(some.child[first], who[first], deliveries), Rows(some.child[rows], who[rows], babies)]


def _date(days: Days, style: str) -> col.Column:
    return col.dates(np.where(days < NEVER, days, NEVER), style)


def _together(table: Table, parts: list[Rows]) -> Rows:
    """The rows of all parts in the order of their children: no chunk can be told from it."""
    import pyarrow as pa

    child = np.concatenate([one.child for one in parts])
    order = np.argsort(child, kind="stable")
    made = {}
    for name in table.columns:
        columns = [one.inherited.get(name, pa.nulls(len(one), pa.string())) for one in parts]
        if any(name in one.inherited for one in parts):
            made[name] = pa.concat_arrays([one.cast(pa.string()) for one in columns]).take(pa.array(order))
    key = np.concatenate([one.key for one in parts])[order]
    return Rows(child[order], key, made)
