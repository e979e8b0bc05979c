"""Who is who: the number a return has for a child, and the person behind it in all returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synth import columns as col
from synth.draw import Index, Ints
from synth.ids import Text, numbered
from synth.mothers import mother_ids, mother_persons, mothers
from synth.records import UPN
from synth.world import World
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

MOTHER = 12  # characters of a mother's number: SYN and nine digits
NAMES = ("authority", "dataset", "period", "local_id", "person")


def _nobody() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in NAMES]).empty_table()


def truth(world: World, one: Return, *, second: pd.DataFrame | None = None) -> Any:
    """The truth of one return as an Arrow table with the columns NAMES.

    With `second` (table, clean, messy) it is the truth of those second records of a child only.
    """
    import pyarrow as pa

    shape, found = one.schema, []
    about = [table for table in shape.tables if table.name in shape.dataset.person_tables]
    for table in about or [table for table in shape.tables if table.person]:
        told = one.tables[table.name][table.person].dropna().drop_duplicates()
        shown = told
        if second is not None:
            mine = second[second["table"] == table.name]
            told, shown = mine["clean"], mine["messy"]
        ids = pa.array(shown).cast(pa.string())
        columns = {
            "authority": col.constant(str(one.authority), len(ids)),
            "dataset": col.constant(one.dataset, len(ids)),
            "period": col.constant(one.period, len(ids)),
            "local_id": ids,
            "person": _persons_of(world, one, table, told),
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


def _persons_of(world: World, one: Return, table: Table, told: pd.Series[str]) -> col.Column:
    """The person behind each number; mothers have numbers of their own length."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_mother = (told.str.len() == MOTHER).to_numpy(dtype=bool)
    if not is_mother.any():
        return col.text(persons(world, whose(world, one, table, told)))
    them, at = mothers(world), world.plan.authorities.index(str(one.authority))
    every = np.arange(len(them))
    ids = mother_ids(world, every, at, them)
    order = np.argsort(ids)
    mine = told[is_mother].to_numpy(dtype=object).astype(ids.dtype)
    some = every[order[np.searchsorted(ids[order], mine)]]
    parts = [
        col.text(persons(world, whose(world, one, table, told[~is_mother]))),
        col.text(mother_persons(world, some, them)),
    ]
    place = np.argsort(np.concatenate([np.flatnonzero(~is_mother), np.flatnonzero(is_mother)]))
    return pc.take(pa.concat_arrays(parts), pa.array(place))


def whose(world: World, one: Return, table: Table, told: pd.Series[str]) -> Ints:
    """The child behind each number in a table's person column."""
    at = world.plan.authorities.index(str(one.authority))
    home, count = world.people.home, len(world.plan.authorities)
    mine = np.flatnonzero((home == at) | (world.people.mover & ((home + 1) % count == at)))
    ids = _numbers(world, at, mine, table)
    order = np.argsort(ids)
    found: Ints = mine[order[np.searchsorted(ids[order], told.to_numpy(dtype=object).astype(ids.dtype))]]
    return found if len(told) else mine[:0]


def whose_number(world: World, one: Return, table: Table, told: pd.Series[str]) -> Index:
    """The persons' own numbers, for draws; mothers' are their numbers here."""
    import pandas as pd

    is_mother = (told.str.len() == MOTHER).to_numpy(dtype=bool)
    found = pd.util.hash_array(told.to_numpy(dtype=object)).astype(np.uint64)
    found[~is_mother] = world.people.who[whose(world, one, table, told[~is_mother])]
    return found


def persons(world: World, children: Ints) -> Text:
    """A person's number in the truth: the first authority and the place there."""
    people = world.people
    codes = np.array([int(code) for code in world.plan.authorities], dtype=np.uint64)
    return numbered("P", codes[people.home[children]] * np.uint64(10**8) + people.place[children], 11)


def _numbers(world: World, at: int, children: Ints, table: Table) -> Text:
    """How a table about persons numbers them."""
    from synth.school_census import leaver_ids, pupil_ids

    special = {"pupilonrolltableid": pupil_ids, "pupilnolongeronrolltableid": leaver_ids}
    if maker := special.get(str(table.person)):
        return maker(world, at, children)
    if any(field.name == table.person and field.token == UPN for field in table.fields):
        return world.upn[children]
    return world.local_ids(children, at)
