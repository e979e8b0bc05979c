"""The tables as the rules' SQL expects them, on the engine.

Text is trimmed, and upper-cased where the return is a CSV set; every date column X is a DATE beside `X_raw`,
the text that stands in the file; counters are integers, all else is text. Beside the tables of this year
stand last year's (`TABLE_last`, empty when not given), the one-row table `period`, the lookups, the
catalogue's derived columns and its helper views.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from tre_toolkit.engine import Engine, quote
from tre_toolkit.returns import cells
from tre_toolkit.returns.model import EARLIEST, ROW_NO, Return
from tre_toolkit.returns.spool import Spool
from tre_toolkit.returns.working_days import working_days_before
from tre_toolkit.schema import Dataset, Field, Table
from tre_toolkit.schema.model import Derived, Rule

if TYPE_CHECKING:
    import pyarrow as pa

LAST = "_last"
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
PACKED = 50_000  # rows of a table from which it is worth compressing
SQL_TYPES = {"date": "DATE", "decimal": "DOUBLE", "integer": "BIGINT", "bool": "BOOLEAN"}


def prepare(
    engine: Engine,
    return_: Return,
    last: Return | None,
    lookups: Mapping[str, pa.Table],
    rules: Iterable[Rule] | None = None,
) -> None:
    """Build everything the rules of this return read; what these `rules` alone read when they are given."""
    known = return_.schema.dataset
    engine.pack()
    _lookups(engine, known, lookups)
    _period(engine, return_)
    late = {one.table for one in known.derived}
    tables = sorted(known.tables, key=lambda table: table.name in late)  # what is derived reads the others
    wanted = None if rules is None else _read_by(rules, known)
    for suffix, source in (("", return_), (LAST, last)):
        for table in tables:
            if wanted is not None and table.name + suffix not in wanted:
                continue
            derived = [
                one
                for one in known.derived
                if one.table == table.name and (wanted is None or one.name in wanted)
            ]
            _typed_table(engine, table, known, source, suffix, _told(derived, lookups, suffix))
    for helper in known.helpers:
        if wanted is None or helper.name in wanted:
            engine.run(f"CREATE TABLE {quote(helper.name)} AS {helper.sql}")


def _read_by(rules: Iterable[Rule], known: Dataset) -> set[str]:
    """Every name in the SQL of these rules, and in the SQL of the helpers and derived columns they name."""
    words = {word for rule in rules for word in WORD.findall(rule.sql or "")}
    deeper = [helper.sql for helper in known.helpers if helper.name in words]
    deeper += [one.sql for one in known.derived if one.name in words]
    for sql in deeper:
        words |= {word for last in ("", LAST) for word in WORD.findall(sql.replace("{last}", last))}
    return words


def date_sql(column: str, formats: tuple[str, ...]) -> str:
    """SQL that reads a text column as a DATE; NULL where it can't be read or is of an impossible year."""
    tries = ", ".join(f"try_strptime({column}, '{form}')" for form in formats)
    read = f"coalesce({tries})" if len(formats) > 1 else tries
    return f"CASE WHEN year({read}) >= {EARLIEST} THEN {read}::DATE END"


def formats_of(return_: Return) -> tuple[str, ...]:
    """The date formats that count as written rightly in the form a return stands in.

    Where a return comes both as CSV files and as XML, the first format is the CSV set's and that one alone.
    """
    form = return_.schema.dataset.form
    if form.kind != "csv" or "xml" not in form.also:
        return form.date_formats
    is_xml = any(file.suffix.lower() == ".xml" for file in return_.files)
    return form.date_formats[1:] + form.date_formats[:1] if is_xml else form.date_formats[:1]


def is_upper(known: Dataset) -> bool:
    """Whether codes may be written in either case: in CSV sets they may, an XML schema's values are exact."""
    return known.form.kind == "csv"


def raw(name: str) -> str:
    return f"{name}_raw"


def _typed_table(
    engine: Engine,
    table: Table,
    known: Dataset,
    source: Return | None,
    suffix: str,
    derived: dict[str, str],
) -> None:
    """One table with the columns of all years, from this year's frame or empty."""
    formats = formats_of(source) if source else known.form.date_formats
    there = _columns(source, table.name)
    counters = {other.counter for other in known.tables if other.counter}
    fields = {field.name: field for field in table.fields}
    parts = [ROW_NO if there else f"CAST(NULL AS BIGINT) AS {ROW_NO}"]
    for name in table.columns:
        text = quote(name) if name in there else "CAST(NULL AS VARCHAR)"
        if is_upper(known) and name in there:
            text = f"upper({text})"
        parts += _column(name, text, fields.get(name), name in counters, formats, there)
    target = quote(table.name + suffix)
    typed = f"SELECT {', '.join(parts)}" + (' FROM "as text"' if there else " WHERE false")
    query = _with_derived(typed, table, derived)
    if source is None or not there:
        engine.run(f"CREATE TABLE {target} AS {query}")
        return
    rows, number = _rows(source, table.name)
    with engine.lent("as text", rows):  # of a large return no second copy fits
        engine.run(f"CREATE TABLE {target} AS {query}")
    if number > PACKED:
        engine.settle()


def _rows(source: Return, table: str) -> tuple[pa.RecordBatchReader | pa.Table, int]:
    """The rows of a table as the engine takes them, and how many they are."""
    if isinstance(source.tables, Spool):
        return source.tables.batches(table), source.tables.rows(table)
    whole = cells.arrow(source.tables[table])
    return whole, whole.num_rows


def _columns(source: Return | None, table: str) -> set[str]:
    """The columns a table of this return has; none when there is no such table."""
    if source is None or table not in source.tables:
        return set()
    if isinstance(source.tables, Spool):
        return {*source.schema.table(table).columns, ROW_NO}
    return set(source.tables[table].columns)


def _column(
    name: str,
    text: str,
    field: Field | None,
    counter: bool,  # noqa: FBT001
    formats: tuple[str, ...],
    there: set[str],
) -> list[str]:
    if counter:
        return [f"try_cast({text} AS INTEGER) AS {quote(name)}"]
    if field is not None and field.type == "date":
        read = date_sql(text, formats) if name in there else "CAST(NULL AS DATE)"
        return [f"{read} AS {quote(name)}", f"{text} AS {quote(raw(name))}"]
    return [f"{text} AS {quote(name)}"]


def _told(derived: list[Derived], lookups: Collection[str], suffix: str) -> dict[str, str]:
    """Derived columns and their SQL; missing for want of their lookup."""
    return {
        one.name: "NULL" if one.lookup and one.lookup not in lookups else one.sql.replace("{last}", suffix)
        for one in derived
    }


def _with_derived(typed: str, table: Table, derived: dict[str, str]) -> str:
    """The query with derived columns added, in the place of those of the same name."""
    if not derived:
        return typed
    own = [quote(name) for name in derived if name in table.columns]
    exclude = f" EXCLUDE ({', '.join(own)})" if own else ""
    new = ", ".join(f"{sql} AS {quote(name)}" for name, sql in derived.items())
    return f"SELECT t.*{exclude}, {new} FROM ({typed}) t"


def _period(engine: Engine, return_: Return) -> None:
    """The one-row table of the collection year's own dates, and the authority as the lookups write it."""
    month, day = map(int, return_.schema.dataset.year_ends.split("-"))
    end = date(return_.year, month, day)
    start = date(return_.year - 1, month, day).toordinal() + 1
    begin = date.fromordinal(start)
    days = {
        "collection_start": begin,
        "collection_end": end,
        "school_age_date": date(return_.year - 2, 8, 31),
        "start_minus_1wd": working_days_before(begin, 1),
        "end_minus_15wd": working_days_before(end, 15),
        "end_minus_45wd": working_days_before(end, 45),
    }
    listed = ", ".join(f"DATE '{value}' AS {name}" for name, value in days.items())
    la = "CAST(? AS VARCHAR)"
    if any(one.name == "la_code" for one in return_.schema.dataset.lookups):
        la = f"coalesce((SELECT any_value(l.la) FROM la_code l WHERE l.code = {la}), {la})"
    params = [return_.authority] * la.count("?")
    engine.run(f"CREATE TABLE period AS SELECT {return_.year} AS year, {listed}, {la} AS la", params)


def _lookups(engine: Engine, known: Dataset, lookups: Mapping[str, pa.Table]) -> None:
    """Each lookup of the dataset under its name, empty when it wasn't given."""
    for one in known.lookups:
        columns = {name: SQL_TYPES.get(kind, "VARCHAR") for name, kind in one.columns.items()}
        given = lookups.get(one.name)
        if given is None:
            listed = ", ".join(f"CAST(NULL AS {kind}) AS {quote(name)}" for name, kind in columns.items())
            engine.run(f"CREATE TABLE {quote(one.name)} AS SELECT {listed} WHERE false")
            continue
        engine.table("as text", given)
        listed = ", ".join(
            f"{_lookup_cell(name, kind, given.column_names)} AS {quote(name)}"
            for name, kind in columns.items()
        )
        engine.run(f'CREATE TABLE {quote(one.name)} AS SELECT {listed} FROM "as text"')
        engine.run('DROP TABLE "as text"')


def _lookup_cell(name: str, kind: str, there: list[str]) -> str:
    if name not in there:
        return f"CAST(NULL AS {kind})"
    if kind == "DATE":
        return f"coalesce(try_strptime({quote(name)}, '%Y-%m-%d'), try_strptime({quote(name)}, '%d/%m/%Y'))::DATE"
    return f"try_cast({quote(name)} AS {kind})"
