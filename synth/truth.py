"""Who is who: the number a return has for a child, and the person behind it in all returns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import columns as col
from synth.draw import Flags, Index, Ints
from synth.ids import Text, numbered
from synth.mothers import mother_ids, mother_persons, mothers
from synth.records import UPN
from synth.world import World
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import pandas as pd

    from synth.tell import Draft

MOTHER = 12  # characters of a mother's number: SYN and nine digits
NAMES = ("authority", "dataset", "period", "local_id", "person")


def _nobody() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in NAMES]).empty_table()


def truth(world: World, one: Draft, *, second: pd.DataFrame | None = None) -> Any:
    """The truth of one return as an Arrow table with the columns NAMES.

    With `second` (table, clean, messy) it is the truth of those second records of a child only.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    shape, empty, found = one.schema, one.empty, []
    about = [table for table in shape.tables if table.name in shape.dataset.person_tables]
    for table in about or [table for table in shape.tables if table.person]:
        sheet = one.sheets[table.name]
        shown = told = sheet.column(str(table.person))
        if second is not None:
            mine = second[second["table"] == table.name]
            told, shown = (pa.array(mine[name]).cast(pa.string()) for name in ("clean", "messy"))
            sheet = replace(sheet, about=None)
        elif sheet.about is None:
            shown = told = pc.unique(pc.drop_null(told))
        columns = {
            "authority": col.constant(str(one.authority), len(shown)),
            "dataset": col.constant(empty.dataset, len(shown)),
            "period": col.constant(empty.period, len(shown)),
            "local_id": shown,
            "person": col.text(persons(world, sheet.about))
            if sheet.about is not None
            else _persons_of(world, str(one.authority), table, told, shape.dataset.numbering),
        }
        found.append(pa.table(columns))
    if not found:
        return _nobody()
    whole = pa.concat_tables(found).combine_chunks()
    return whole if len(found) == 1 else _once(whole)


def _once(told: Any) -> Any:
    """Each number once, where several tables have it."""
    import pandas as pd
    import pyarrow as pa

    first = ~pd.Index(told["local_id"].to_pandas()).duplicated()
    return told if first.all() else told.take(pa.array(np.flatnonzero(first)))


def _persons_of(
    world: World, authority: str, table: Table, told: col.Column, numbering: str | None
) -> col.Column:
    """The person behind each number; mothers have numbers of their own length."""
    import pyarrow as pa

    is_mother = _are_mothers(told)
    if not is_mother.any():
        return col.text(persons(world, whose(world, authority, table, told, numbering)))
    them = mothers(world)
    every = np.arange(len(them))
    some = _places(told.filter(pa.array(is_mother)), mother_ids(world, every, str(numbering), them))
    children = told.filter(pa.array(~is_mother))
    parts = [
        col.text(persons(world, whose(world, authority, table, children, numbering))),
        col.text(mother_persons(world, some, them)),
    ]
    place = np.argsort(np.concatenate([np.flatnonzero(~is_mother), np.flatnonzero(is_mother)]))
    return pa.concat_arrays(parts).take(pa.array(place))


def whose(world: World, authority: str, table: Table, told: col.Column, numbering: str | None = None) -> Ints:
    """The child behind each number in a table's person column; `numbering` is the dataset's, where it has its own."""
    if not len(told):
        return np.zeros(0, dtype=np.int64)
    at, home, count = world.plan.authorities.index(authority), world.people.home, len(world.plan.authorities)
    mine = np.flatnonzero((home == at) | (world.people.mover & ((home + 1) % count == at)))
    found: Ints = mine[_places(told, _numbers(world, at, mine, table, numbering))]
    return found


def whose_number(
    world: World, authority: str, table: Table, told: pd.Series[str], numbering: str | None = None
) -> Index:
    """The persons' own numbers, for draws; mothers' are their numbers here."""
    import pandas as pd
    import pyarrow as pa

    words = pa.array(told.to_numpy(dtype=object), pa.string())
    is_mother = _are_mothers(words)
    found = pd.util.hash_array(told.to_numpy(dtype=object)).astype(np.uint64)
    children = words.filter(pa.array(~is_mother))
    found[~is_mother] = world.people.who[whose(world, authority, table, children, numbering)]
    return found


def _are_mothers(told: col.Column) -> Flags:
    """Which numbers are mothers': longer than a child's by a digit, and no row number of a school census (POR, PNR)."""
    import pyarrow.compute as pc

    ours = pc.and_(pc.starts_with(told, "SYN"), pc.equal(pc.binary_length(told), MOTHER))
    found: Flags = ours.to_numpy(zero_copy_only=False).astype(bool)
    return found


def _places(told: col.Column, ids: Text) -> Ints:
    """Where each number stands among the ids."""
    import pyarrow.compute as pc

    found: Ints = pc.index_in(told, value_set=col.text(ids)).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def persons(world: World, children: Ints) -> Text:
    """A person's number in the truth: the first authority and the place there."""
    people = world.people
    codes = np.array([int(code) for code in world.plan.authorities], dtype=np.uint64)
    number = codes[people.home] * np.uint64(10**8) + people.place
    return world.kept("person", lambda: numbered("P", number, 11))[children]


def _numbers(world: World, at: int, children: Ints, table: Table, numbering: str | None) -> Text:
    """How a table about persons numbers them."""
    from synth.school_census import leaver_ids, pupil_ids

    special = {"pupilonrolltableid": pupil_ids, "pupilnolongeronrolltableid": leaver_ids}
    if maker := special.get(str(table.person)):
        return maker(world, at, children)
    if any(field.name == table.person and field.token == UPN for field in table.fields):
        return world.upn[children]
    if numbering:
        return world.national_ids(children, numbering)
    return world.local_ids(children, at)
