"""What stays of a return's tables: kept and coarsened columns under new row numbers.

A code that no year's list knows becomes missing (it may be anything, a name included) and is
counted; what stays and is text or number is scanned for identifiers first.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pseudonymise import birthdays
from pseudonymise.coarsen import STAYS, Areas, Setting
from pseudonymise.fates import DATES
from pseudonymise.people import NOBODY, People, text
from pseudonymise.planning import ColumnPlan, Plan
from pseudonymise.scan import identifiers, names
from tre_toolkit.errors import Problem, Where
from tre_toolkit.schema import Field, Schema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from tre_toolkit.returns import Return


@dataclass(frozen=True, slots=True)
class Staying:
    """Table name to what stays of it, what was counted, identifiers found where none may be, and what dates tell."""

    tables: dict[str, pa.Table]
    counts: dict[str, int]
    problems: list[Problem]
    dates: list[birthdays.DateExposure]


@dataclass(frozen=True, slots=True)
class Children:
    """What a return's rows need of their children, a value a record: `shift` (days), `born` and `anchor` (datetime64[D])."""

    shift: np.ndarray
    born: np.ndarray
    anchor: np.ndarray

    def of_rows(self, codes: np.ndarray | None, rows: int, names: pa.Array, areas: Areas | None) -> Setting:
        """The setting of a table's rows, each of the record `codes` says; a row about nobody has no date of anyone's."""
        import numpy as np

        nothing = np.full(rows, np.datetime64("NaT", "D"))
        if codes is None or not len(self.shift):
            return Setting(np.zeros(rows, np.int64), nothing, nothing, names, areas)
        place, named = np.maximum(codes, 0), codes >= 0
        return Setting(
            self.shift[place],
            np.where(named, self.born[place], nothing),
            np.where(named, self.anchor[place], nothing),
            names,
            areas,
        )


def payload(
    return_: Return,
    typed: dict[str, pd.DataFrame],
    plan: Plan,
    who: People,
    record_ids: np.ndarray,
    *,
    children: Children,
    areas: Areas | None,
) -> Staying:
    """What stays of every table of a return."""
    import pyarrow as pa

    tables: dict[str, pa.Table] = {}
    counts: Counter[str] = Counter()
    problems: list[Problem] = []
    dates: list[birthdays.DateExposure] = []
    own = pa.concat_arrays([who.part("given"), who.part("surname")])
    for table in return_.schema.tables:
        staying = [one for one in plan.of(return_.dataset, table.name) if one.stays != "drop"]
        if not staying or table.name not in return_.tables:
            continue
        raw = return_.tables[table.name]
        codes = who.codes.get(table.name)
        setting = children.of_rows(codes, len(raw), own, areas)
        made, unknown, found = _columns(return_.schema, raw, typed[table.name], staying, setting)
        if codes is not None:
            place = f"{return_.dataset}/{return_.period}"
            told, moved = _dates(place, typed[table.name], staying, setting)
            dates += told
            counts["dates about a birth or a coming of age, without their day"] += moved
        problems += found
        counts["codes no list knows"] += unknown
        if codes is not None:
            counts["rows that name no child"] += int((codes == NOBODY).sum())
        tables[table.name] = _rows(made, codes, record_ids, len(raw))
    return Staying(tables, dict(counts), problems, dates)


def about(return_: Return, who: People, record_ids: np.ndarray, wanted: Sequence[str]) -> pa.Table:
    """One row a record: the coarse columns the project lets stand beside the tokens."""
    import pyarrow as pa

    made: dict[str, pa.Array] = {"record_id": pa.array(record_ids)}
    if "birth_year" in wanted and "birth_year" in who.parts:
        made["birth_year"] = who.part("birth_year").cast(pa.int64())
    if "sex" in wanted and "sex" in who.parts:
        made["sex"] = who.part("sex")
    if "ethnicity" in wanted:
        made |= _ethnicity(return_, who)
    return pa.table(made).take(pa.array(shuffled(who.count)))


def shuffled(rows: int) -> np.ndarray:
    """A random order of `rows` rows, from the system's randomness."""
    import numpy as np

    order: np.ndarray = np.frombuffer(secrets.token_bytes(rows * 8), np.uint64).argsort(kind="stable")
    return order


def fresh_ids(count: int) -> np.ndarray:
    """`count` different random positive int64 numbers, from the system's randomness."""
    import numpy as np

    while True:
        drawn = np.frombuffer(secrets.token_bytes(count * 8), np.uint64) >> np.uint64(1)
        if len(np.unique(drawn)) == count:
            return drawn.astype(np.int64)


def _rows(made: dict[str, pa.Array], codes: np.ndarray | None, record_ids: np.ndarray, rows: int) -> pa.Table:
    """The rows of one table in random order; those that should name a child and don't are left out."""
    import numpy as np
    import pyarrow as pa

    order = shuffled(rows)
    if codes is None:
        owner = pa.nulls(rows, pa.int64())
    else:
        order = order[codes[order] >= 0]
        owner = pa.array(record_ids[np.maximum(codes, 0)] if len(record_ids) else np.zeros(rows, np.int64))
    kept = pa.table({"record_id": owner, **made}).take(pa.array(order))
    return kept.add_column(1, "row_id", pa.array(fresh_ids(len(order))))


def _columns(
    schema: Schema,
    raw: pd.DataFrame,
    typed: pd.DataFrame,
    staying: Sequence[ColumnPlan],
    setting: Setting,
) -> tuple[dict[str, pa.Array], int, list[Problem]]:
    made: dict[str, pa.Array] = {}
    unknown = 0
    problems: list[Problem] = []
    for one in staying:
        if one.column not in raw:
            continue
        field = schema.column(one.table, one.column)
        values = text(raw[one.column])
        where = Where(one.dataset, one.table, one.column)
        if field.type in ("string", "code", "integer") and one.stays == "keep":
            problems += identifiers(values, where)
        if field.type == "string" and one.stays == "keep":
            problems += names(values, setting.names, where)
        if field.type == "code":
            known = _known(schema, field, values)
            unknown += known.null_count - values.null_count
            made[one.column] = known
        else:
            made[one.column] = STAYS[one.stays](values, typed[one.column], field, setting)
    return made, unknown, problems


def _dates(
    place: str, typed: pd.DataFrame, staying: Sequence[ColumnPlan], setting: Setting
) -> tuple[list[birthdays.DateExposure], int]:
    """What the whole dates of a table tell of birthdays as they would leave, and how many were moved for it."""
    import numpy as np

    told, moved = [], 0
    for one in staying:
        if one.type in DATES and one.stays in ("keep", "shifted") and one.column in typed:
            days = typed[one.column].to_numpy("datetime64[D]")
            if one.stays == "keep":
                leaving = birthdays.softened(days, setting.born)
                moved += int(((leaving != days) & ~np.isnat(days)).sum())
                days = leaving
            told.append(birthdays.measured(place, f"{one.table}.{one.column}", days, setting.born))
    return told, moved


def _known(schema: Schema, field: Field, values: pa.Array) -> pa.Array:
    """The codes some year's list knows; the others become missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    listed = schema.dataset.code_lists[field.codes].codes if field.codes else ()
    there = pc.is_in(values, pa.array(sorted({code.value for code in listed}), pa.string()))
    return pc.if_else(there, values, pa.scalar(None, pa.string()))


def _ethnicity(return_: Return, who: People) -> dict[str, pa.Array]:
    """The broad ethnic group of each record, from the first column coded by the census' list."""
    import numpy as np
    import pyarrow as pa

    schema = return_.schema
    for table in schema.tables:
        for field in table.fields:
            if "ethnicity" not in (field.codes or "") or table.name not in who.codes:
                continue
            groups = _ethnic_groups(schema, field)
            codes = who.codes[table.name]
            named = np.flatnonzero(codes >= 0)
            place = np.full(who.count, -1, np.int64)
            place[codes[named][::-1]] = named[::-1]
            coarse = text(return_.tables[table.name][field.name].map(groups).astype("str"))
            return {"ethnicity": coarse.take(pa.array(place, mask=place < 0))}
    return {}


def _ethnic_groups(schema: Schema, field: Field) -> dict[str, str]:
    """Code to broad group; a longer list's codes begin with the letter of their group (WCOR is White)."""
    common = schema.dataset.code_lists.get("common:ethnicity")
    known = {code.value: code.group for code in common.codes if code.group} if common else {}
    letters = {value[0]: group for value, group in reversed(known.items())}
    listed = [code.value for code in schema.dataset.code_lists[field.codes or ""].codes]
    groups = {value: known.get(value) or letters.get(value[0]) for value in listed}
    return {value: group for value, group in groups.items() if group}
