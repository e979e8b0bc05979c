"""Who a return is about: one record for each child, and the standardised parts its tokens are made of.

Children are told apart by the authority's own number, whichever table they stand in: a child with a
placement but no header row is a child all the same. Where a number stands twice in the person table,
the first value that is there counts for each column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pseudonymise import standardise
from pseudonymise.planning import has_local_ids, person_tables, token_fields
from pseudonymise.stretches import by_stretch
from pseudonymise.tokens import plain
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from tre_toolkit.returns import Return

# domains whose rule needs nothing but the column
RULES: dict[str, Callable[[pa.Array], dict[str, pa.Array]]] = {
    "sex": standardise.sex,
    "postcode": standardise.postcode_parts,
    "uprn": standardise.uprn,
    "nhs": standardise.nhs_parts,
    "uln": standardise.uln,
}

NOBODY, LEFT_OUT = (
    -1,
    -2,
)  # in place of a record: the row names no child; the child is on the controller's list


@dataclass(frozen=True, slots=True)
class People:
    """`codes[table]` gives each row's record, from 0 (or NOBODY, LEFT_OUT); `parts` has a row a record, packed: see `part`."""

    count: int
    codes: dict[str, np.ndarray]
    local_ids: pa.Array
    parts: dict[str, pa.Array]
    counts: dict[str, int] = field(default_factory=dict)

    def part(self, name: str) -> pa.Array:
        """The part called `name`; missing throughout where the return hasn't it."""
        import pyarrow as pa

        return plain(self.parts[name]) if name in self.parts else pa.nulls(self.count, pa.string())


def people(
    return_: Return, typed: dict[str, pd.DataFrame], authority: str, *, without: frozenset[str] = frozenset()
) -> People:
    """The records of a return and the parts of each, null where nothing usable stands.

    `without` holds the local numbers, in their clean form, of children who are left out altogether.
    """
    schema = return_.schema
    codes, ids, counts = _records(return_, schema)
    codes, ids, counts["children left out by the list"] = _leave_out(codes, ids, without)
    parts = _parts(return_, schema, typed, codes, len(ids))
    if "local_id" in token_fields(schema):
        # the own numbers of a national set say nothing of an authority's, so they never meet them
        namespace = authority if has_local_ids(schema) else f"{authority}/{return_.dataset}"
        parts["local_id"] = standardise.local_ids(ids, namespace)
    return People(len(ids), codes, ids, parts, counts)


def text(column: pd.Series) -> pa.Array:
    """A column of text as Arrow, missing as null."""
    import pyarrow as pa

    got = pa.array(column.array, pa.string(), from_pandas=True)
    return got.combine_chunks() if isinstance(got, pa.ChunkedArray) else got


def _records(return_: Return, schema: Schema) -> tuple[dict[str, np.ndarray], pa.Array, dict[str, int]]:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    about = [table for table in schema.tables if table.person and table.name in return_.tables]
    people = {table.name for table in person_tables(schema)}
    about.sort(key=lambda table: table.name not in people)
    written = [return_.tables[table.name][table.person] for table in about]
    if not about:
        return {}, pa.array([], pa.string()), {}
    joined = pd.concat(written, ignore_index=True)
    numbers, distinct = pd.factorize(joined)
    codes = dict(
        zip(
            [table.name for table in about],
            np.split(numbers, np.cumsum([len(column) for column in written])[:-1]),
            strict=True,
        )
    )
    ids = text(pd.Series(distinct, dtype=joined.dtype))
    counts: dict[str, int] = {}
    seen: list[np.ndarray] = []
    for person in codes:
        if person in people:
            nameless = np.flatnonzero(codes[person] < 0)  # a child without a number is still a child
            codes[person] = codes[person].copy()
            codes[person][nameless] = len(ids) + np.arange(len(nameless))
            ids = pa.concat_arrays([ids, pa.nulls(len(nameless), pa.string())])
            counts["children without a local number"] = counts.get(
                "children without a local number", 0
            ) + len(nameless)
            seen.append(codes[person])
    if seen:
        rows = np.concatenate(seen)
        distinct_rows = len(np.unique(rows))
        counts["rows that repeat a child"] = len(rows) - distinct_rows
        counts["children not in the person table"] = len(ids) - distinct_rows
    return codes, ids, counts


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
    fresh = np.append(
        np.where(named, LEFT_OUT, np.cumsum(~named) - 1), NOBODY
    )  # the last is for "names nobody"
    return {name: fresh[rows] for name, rows in codes.items()}, ids.filter(pa.array(~named)), int(named.sum())


def _parts(
    return_: Return,
    schema: Schema,
    typed: dict[str, pd.DataFrame],
    codes: dict[str, np.ndarray],
    records: int,
) -> dict[str, pa.Array]:
    import pyarrow as pa
    import pyarrow.compute as pc

    people = {table.name for table in person_tables(schema)}
    raw: dict[str, list[pa.Array]] = {}
    for domain, fields in token_fields(schema).items():
        for table, column in fields:
            if table.name not in codes or column.name not in return_.tables[table.name]:
                continue
            last = table.name not in people  # the newest address, the first of all else
            source = typed if domain == "birth_date" else return_.tables
            cells = _for_records(source[table.name][column.name], codes[table.name], records, last=last)
            if domain == "birth_date":
                cells = pc.cast(cells, pa.date32())
            elif pa.types.is_null(cells.type):  # a column without a cell, as older pandas hands it over
                cells = pc.cast(cells, pa.string())
            raw.setdefault(domain, []).append(cells)
    parts: dict[str, pa.Array] = {}
    columns = {domain: pc.coalesce(*raw.pop(domain)) for domain in list(raw)}
    if "upn" in columns:
        parts |= by_stretch(standardise.upn_parts, columns.pop("upn"))
    if "former_upn" in columns:
        parts["former_upn"] = standardise.upn_parts(columns.pop("former_upn"))["upn"]
    if "given" in columns:
        middle = [columns.pop("middle")] if "middle" in columns else []
        parts |= by_stretch(standardise.given_parts, columns.pop("given"), *middle)
    if "surname" in columns:
        parts |= by_stretch(standardise.surname_parts, columns.pop("surname"))
    if {"given", "surname"} <= set(parts):
        parts |= by_stretch(_sorted, parts["given"], parts["surname"])
    if "birth_date" in columns:
        parts |= by_stretch(partial(standardise.birth_parts, year=return_.year), columns.pop("birth_date"))
    for domain, rule in RULES.items():
        if domain in columns:
            parts |= by_stretch(rule, columns.pop(domain))
    return parts


def _sorted(given: pa.Array, surname: pa.Array) -> dict[str, pa.Array]:
    return {"names_sorted": standardise.names_sorted(plain(given), plain(surname))}


def _for_records(column: pd.Series, codes: np.ndarray, records: int, *, last: bool) -> pa.Array:
    """One value a record: the first (or last) that is there among its rows."""
    import numpy as np
    import pyarrow as pa

    there = np.flatnonzero(column.notna().to_numpy() & (codes >= 0))
    if not last:
        there = there[::-1]  # what is written last wins below
    place = np.full(records, -1, np.int64)
    place[codes[there]] = there
    values = text(column) if column.dtype == "str" else pa.array(column, from_pandas=True)
    return values.take(pa.array(place, mask=place < 0))
