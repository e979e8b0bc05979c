"""Who a return is about: one record for each child, and the cells its tokens are made of.

Children are told apart by the authority's own number, whichever table they stand in: a child with a
placement but no header row is a child all the same. Where a number stands twice in the person table,
the first value that is there counts for each column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pseudonymise import births, rows
from pseudonymise.making import stretches_of
from pseudonymise.planning import (
    ALIASES,
    MOTHER,
    NUMBER,
    OWN,
    has_local_ids,
    looked_at,
    numbering_of,
    person_tables,
    token_fields,
)
from pseudonymise.spill import Place, Spill, packed, shuffled
from tre_toolkit.project import Project
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from tre_toolkit.returns import Return

NOBODY, LEFT_OUT = -1, -2  # in place of a record: the row names no child; it is on the controller's list
DAYS = ("birth_date", *births.DATES)  # domains whose rule wants the date as a date


@dataclass(frozen=True, slots=True)
class People:
    """`codes[table]` gives each row's record, from 0 (or NOBODY, LEFT_OUT); `order` is the one records leave in."""

    count: int
    codes: dict[str, np.ndarray]
    local_ids: pa.Array
    order: np.ndarray
    counts: dict[str, int] = field(default_factory=dict)


def people(return_: Return, *, without: frozenset[str] = frozenset()) -> People:
    """The records of a return.

    `without` holds the local numbers, in their clean form, of children who are left out altogether.
    """
    import numpy as np

    codes, ids, counts = _records(return_, return_.schema)
    codes, ids, counts["children left out by the list"] = _leave_out(codes, ids, without)
    return People(len(ids), codes, ids, shuffled(len(ids)).astype(np.int32), counts)


def _records(return_: Return, schema: Schema) -> tuple[dict[str, np.ndarray], pa.Array, dict[str, int]]:
    import numpy as np
    import pyarrow as pa

    about = [table for table in schema.tables if table.person and table.name in return_.tables]
    people = {table.name for table in person_tables(schema)}
    about.sort(key=lambda table: table.name not in people)
    if not about:
        return {}, pa.array([], pa.string()), {}
    codes, ids = _numbered(return_, {table.name: str(table.person) for table in about})
    counts: dict[str, int] = {}
    named = np.zeros(len(ids), np.bool_)  # in a person table
    stood = 0
    for person in codes:
        if person in people:
            nameless = np.flatnonzero(codes[person] < 0)  # a child without a number is still a child
            named[codes[person][codes[person] >= 0]] = True
            codes[person][nameless] = len(ids) + np.arange(len(nameless))
            ids = pa.concat_arrays([ids, pa.nulls(len(nameless), pa.string())])
            named = np.append(named, np.ones(len(nameless), np.bool_))
            counts["children without a local number"] = counts.get(
                "children without a local number", 0
            ) + len(nameless)
            stood += len(codes[person])
    if people & codes.keys():
        counts["rows that repeat a child"] = stood - int(named.sum())
        counts["children not in the person table"] = len(ids) - int(named.sum())
    return codes, ids, counts


def _numbered(return_: Return, columns: dict[str, str]) -> tuple[dict[str, np.ndarray], pa.Array]:
    """Each row's number of its value among the distinct ones of all `columns` (table to column), NOBODY where none stands."""
    import pyarrow as pa

    encoded: list[pa.Array] = []
    chunks: dict[str, int] = {}
    for table, column in columns.items():
        told = [cells.dictionary_encode() for cells in rows.cells(return_, table, column)]
        chunks[table] = len(told)
        encoded += told
    whole = pa.chunked_array(encoded).unify_dictionaries()
    codes, at = {}, 0
    for table, number in chunks.items():
        indices = pa.chunked_array([one.indices for one in whole.chunks[at : at + number]], pa.int32())
        codes[table] = indices.fill_null(NOBODY).to_numpy().copy()
        at += number
    return codes, whole.chunk(0).dictionary


def clean_ids(ids: pa.Array) -> pa.Array:
    """Local numbers in the form lists of them are compared in: capitals, no blanks around them."""
    import pyarrow.compute as pc

    return pc.utf8_upper(pc.utf8_trim_whitespace(ids))


def _leave_out(
    codes: dict[str, np.ndarray], ids: pa.Array, without: frozenset[str]
) -> tuple[dict[str, np.ndarray], pa.Array, int]:
    """The records without those children, numbered anew, and how many there were."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not without or not len(ids):
        return codes, ids, 0
    named = pc.is_in(clean_ids(ids), pa.array(sorted(without))).to_numpy(zero_copy_only=False)
    # the last is for "names nobody"
    fresh = np.append(np.where(named, LEFT_OUT, np.cumsum(~named) - 1), NOBODY).astype(np.int32)
    return (
        {name: fresh[places] for name, places in codes.items()},
        ids.filter(pa.array(~named)),
        int(named.sum()),
    )


def cells_of(
    return_: Return, who: People, spill: Spill, project: Project
) -> dict[str, list[pa.Buffer | Place]]:
    """What tokens are made of, by domain: a value a record in the order `who.order`, kept a stretch at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = return_.schema
    people = {table.name for table in person_tables(schema)}
    order = pa.array(who.order)
    kept: dict[str, list[pa.Buffer | Place]] = {}
    for domain, fields in looked_at(schema, project).items():
        whole = None
        for table, column in fields:
            if table.name not in who.codes or column.name not in rows.columns(return_, table.name):
                continue
            last = table.name not in people  # the newest address, the first of all else
            if domain in (OWN, NUMBER):
                found = who.local_ids
            else:
                found = for_records(return_, table.name, column.name, who, last=last, day=domain in DAYS)
            whole = found if whole is None else pc.coalesce(whole, found)
        if whole is not None:
            kept[domain] = [
                spill.put(packed(pa.record_batch([cells], [domain])))
                for cells in stretches_of(whole.take(order))
            ]
    return kept


def numberings(return_: Return, authority: str, project: Project) -> dict[str, str]:
    """For each domain of a return that holds a number of somebody's, what tells it apart from the same digits elsewhere."""
    schema = return_.schema
    given = token_fields(schema, project)
    found = {
        word: numbering_of(schema, given[word][0][1]) for word in (NUMBER, *ALIASES, MOTHER) if word in given
    }
    # the own numbers of a national set say nothing of an authority's, so they never meet them
    own = authority if has_local_ids(schema) else f"{authority}/{return_.dataset}"
    return {**({OWN: own} if OWN in given else {}), **found}


def for_records(
    return_: Return, table: str, column: str, who: People, *, last: bool = False, day: bool = False
) -> pa.Array:
    """One value a record: the first (or last) that is there among its rows; a `day` as date32, all else as text."""
    import numpy as np
    import pyarrow as pa

    place = np.full(who.count, -1, np.int32)
    found: list[pa.Array] = []
    at = kept = 0
    for cells in (rows.days if day else rows.cells)(return_, table, column):
        codes = who.codes[table][at : at + len(cells)]
        at += len(cells)
        there = np.flatnonzero(cells.is_valid().to_numpy(zero_copy_only=False) & (codes >= 0))
        if not last:
            there = there[place[codes[there]] < 0][::-1]  # what is written last wins below
        place[codes[there]] = kept + np.arange(len(there), dtype=np.int32)
        found.append(cells.take(pa.array(there)))
        kept += len(there)
    values = pa.concat_arrays(found) if found else pa.nulls(0, pa.string())
    return values.take(pa.array(place, mask=place < 0))
