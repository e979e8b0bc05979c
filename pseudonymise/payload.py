"""What stays of a return's tables: kept and coarsened columns under new row numbers.

A code that no year's list knows becomes missing (it may be anything, a name included) and is
counted; what stays and is text or number is scanned for identifiers first.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pseudonymise import birthdays, rows
from pseudonymise.coarsen import STAYS, Areas, Setting
from pseudonymise.fates import DATES
from pseudonymise.making import STRETCH, Tokens
from pseudonymise.people import NOBODY, People, for_records
from pseudonymise.planning import ColumnPlan, Plan
from pseudonymise.rows import text
from pseudonymise.scan import identifiers, named, names
from pseudonymise.spill import Shuffled, Spill
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

    tables: dict[str, Shuffled]
    counts: dict[str, int]
    problems: list[Problem]
    dates: list[birthdays.DateExposure]


@dataclass(frozen=True, slots=True)
class Children:
    """What a return's rows need of their children, a value a record: `shift` (days), `born` and `anchor` (datetime64[D])."""

    shift: np.ndarray
    born: np.ndarray
    anchor: np.ndarray

    def of_rows(self, codes: np.ndarray | None, rows: int, areas: Areas | None) -> Setting:
        """The setting of a table's rows, each of the record `codes` says; a row about nobody has no date of anyone's."""
        import numpy as np

        nothing = np.full(rows, np.datetime64("NaT", "D"))
        if codes is None or not len(self.shift):
            return Setting(np.zeros(rows, np.int64), nothing, nothing, areas)
        place, named = np.maximum(codes, 0), codes >= 0
        return Setting(
            self.shift[place],
            np.where(named, self.born[place], nothing),
            np.where(named, self.anchor[place], nothing),
            areas,
        )


def payload(
    return_: Return,
    plan: Plan,
    who: People,
    record_ids: np.ndarray,
    spill: Spill,
    *,
    children: Children,
    words: pa.Array,
    areas: Areas | None,
) -> Staying:
    """What stays of every table of a return. `words` are the names looked for in text that stays."""
    tables: dict[str, Shuffled] = {}
    seen = _Seen(f"{return_.dataset}/{return_.period}", words)
    for table in return_.schema.tables:
        staying = [one for one in plan.of(return_.dataset, table.name) if one.stays != "drop"]
        if not staying or table.name not in return_.tables:
            continue
        codes = who.codes.get(table.name)
        made, at = None, 0
        fresh = fresh_ids(rows.count(return_, table.name))
        for chunk in rows.chunks(return_, table.name):
            here = None if codes is None else codes[at : at + len(chunk)]
            setting = children.of_rows(here, len(chunk), areas)
            kept = _columns(return_, table.name, chunk, staying, setting, seen, of_children=codes is not None)
            batch = _batch(kept, here, record_ids, fresh[at : at + len(chunk)])
            at += len(chunk)
            if made is None:
                made = tables[table.name] = Shuffled(spill, batch.schema, len(fresh))
            made.add(batch)
        if codes is not None:
            seen.counts["rows that name no child"] += int((codes == NOBODY).sum())
    return Staying(tables, dict(seen.counts), seen.problems(), seen.dates())


@dataclass(slots=True)
class _Seen:
    """What is counted and found on the way through the chunks of a return's tables."""

    place: str
    words: pa.Array
    counts: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, birthdays.Tally] = field(default_factory=dict)
    found: dict[tuple[str, Where, str | None], int] = field(default_factory=dict)
    named: dict[Where, tuple[int, int]] = field(default_factory=dict)

    def look(self, values: pa.Array, kind: str, where: Where) -> None:
        """Look for identifiers, and in text for names, in a column of type `kind` that stays whole."""
        if kind in ("string", "code", "integer"):
            for one in identifiers(values, where):
                key = (one.what, where, one.hint)
                self.found[key] = self.found.get(key, 0) + one.count
        if kind == "string":
            held = self.named.get(where, (0, 0))
            self.named[where] = tuple(map(sum, zip(held, named(values, self.words), strict=True)))  # type: ignore[assignment]  # two numbers

    def problems(self) -> list[Problem]:
        found = [Problem(what, where, hint, count=count) for (what, where, hint), count in self.found.items()]
        return found + [one for where, (hits, of) in self.named.items() for one in names(hits, of, where)]

    def dates(self) -> list[birthdays.DateExposure]:
        return [tally.exposure(self.place, name) for name, tally in self.tallies.items()]


def about(
    return_: Return, who: People, record_ids: np.ndarray, tokens: Tokens, wanted: Sequence[str]
) -> Shuffled:
    """One row a record: the coarse columns the project lets stand beside the tokens."""
    import pyarrow as pa

    ethnic = _ethnicity(return_, who) if "ethnicity" in wanted else None
    made, at = None, 0
    for piece in tokens.about or [{}]:
        some = who.order[at : at + STRETCH]
        columns: dict[str, pa.Array] = {"record_id": pa.array(record_ids[some])}
        if "birth_year" in wanted and "birth_year" in piece:
            columns["birth_year"] = piece["birth_year"].cast(pa.int64())
        if "sex" in wanted and "sex" in piece:
            columns["sex"] = piece["sex"]
        if ethnic is not None:
            columns["ethnicity"] = ethnic.take(pa.array(some))
        batch = pa.record_batch(columns)
        at += len(some)
        if made is None:
            made = Shuffled(tokens.spill, batch.schema, who.count)
        made.add(batch)
    assert made is not None  # noqa: S101  # there is one piece at least
    return made


def fresh_ids(count: int) -> np.ndarray:
    """`count` different random positive int64 numbers, from the system's randomness."""
    import numpy as np

    while True:
        drawn = np.frombuffer(secrets.token_bytes(count * 8), np.uint64) >> np.uint64(1)
        if len(np.unique(drawn)) == count:
            return drawn.astype(np.int64)


def _batch(
    made: dict[str, pa.Array], codes: np.ndarray | None, record_ids: np.ndarray, row_ids: np.ndarray
) -> pa.RecordBatch:
    """Rows of one table under their record's id; those that should name a child and don't are left out."""
    import numpy as np
    import pyarrow as pa

    if codes is None:
        owner = pa.nulls(len(row_ids), pa.int64())
    else:
        owner = pa.array(
            record_ids[np.maximum(codes, 0)] if len(record_ids) else np.zeros(len(codes), np.int64)
        )
    batch = pa.record_batch({"record_id": owner, "row_id": pa.array(row_ids), **made})
    return batch if codes is None else batch.filter(pa.array(codes >= 0))


def _columns(
    return_: Return,
    table: str,
    raw: pd.DataFrame,
    staying: Sequence[ColumnPlan],
    setting: Setting,
    seen: _Seen,
    *,
    of_children: bool,
) -> dict[str, pa.Array]:
    made: dict[str, pa.Array] = {}
    schema = return_.schema
    here = [one for one in staying if one.column in raw]
    typed = rows.typed(return_, table, raw[[one.column for one in here]])
    for one in here:
        about = schema.column(one.table, one.column)
        values = text(raw[one.column])
        if one.stays == "keep":
            seen.look(values, about.type, Where(one.dataset, one.table, one.column))
        if about.type == "code":
            made[one.column] = _known(schema, about, values)
            seen.counts["codes no list knows"] += made[one.column].null_count - values.null_count
        else:
            made[one.column] = STAYS[one.stays](values, typed[one.column], about, setting)
        if of_children:
            _date(one, typed[one.column], setting, seen)
    return made


def _date(one: ColumnPlan, typed: pd.Series, setting: Setting, seen: _Seen) -> None:
    """Count what the whole dates of a column tell of birthdays as they would leave, and how many were moved for it."""
    import numpy as np

    if one.type not in DATES or one.stays not in ("keep", "shifted"):
        return
    days = typed.to_numpy("datetime64[D]")
    if one.stays == "keep":
        leaving = birthdays.softened(days, setting.born)
        moved = int(((leaving != days) & ~np.isnat(days)).sum())
        seen.counts["dates about a birth or a coming of age, without their day"] += moved
        days = leaving
    seen.tallies.setdefault(f"{one.table}.{one.column}", birthdays.Tally()).add(days, setting.born)


def _known(schema: Schema, field: Field, values: pa.Array) -> pa.Array:
    """The codes some year's list knows; the others become missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    listed = schema.dataset.code_lists[field.codes].codes if field.codes else ()
    there = pc.is_in(values, pa.array(sorted({code.value for code in listed}), pa.string()))
    return pc.if_else(there, values, pa.scalar(None, pa.string()))


def _ethnicity(return_: Return, who: People) -> pa.Array | None:
    """The broad ethnic group of each record, from the first column coded by the census' list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = return_.schema
    for table in schema.tables:
        for one in table.fields:
            if "ethnicity" not in (one.codes or "") or table.name not in who.codes:
                continue
            groups = _ethnic_groups(schema, one)
            place = pc.index_in(
                for_records(return_, table.name, one.name, who), pa.array(list(groups), pa.string())
            )
            return pa.array(list(groups.values()), pa.string()).take(place)
    return None


def _ethnic_groups(schema: Schema, field: Field) -> dict[str, str]:
    """Code to broad group; a longer list's codes begin with the letter of their group (WCOR is White)."""
    common = schema.dataset.code_lists.get("common:ethnicity")
    known = {code.value: code.group for code in common.codes if code.group} if common else {}
    letters = {value[0]: group for value, group in reversed(known.items())}
    listed = [code.value for code in schema.dataset.code_lists[field.codes or ""].codes]
    groups = {value: known.get(value) or letters.get(value[0]) for value in listed}
    return {value: group for value, group in groups.items() if group}
