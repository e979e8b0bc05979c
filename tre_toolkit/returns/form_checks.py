"""What the catalogue itself asks of every cell: dates and numbers that can be read, codes that exist.

These checks need no rule of their own. Unreadable dates and numbers are told for every return; blank
required cells and unknown codes only where no rule of the return speaks of that column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tre_toolkit.engine import Engine, quote
from tre_toolkit.errors import Problem, Where
from tre_toolkit.returns.model import ROW_NO, TRUTHS, Return
from tre_toolkit.returns.report import Finding
from tre_toolkit.returns.views import is_upper, raw
from tre_toolkit.schema import Field, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NUMBERS = {"integer": "BIGINT", "decimal": "DOUBLE"}
SAID = {"%d/%m/%Y": "dd/mm/yyyy", "%Y-%m-%d": "yyyy-mm-dd", "%Y-%b-%d %H:%M:%S": "yyyy-Mon-dd hh:mm:ss"}


def unreadable(
    engine: Engine, return_: Return, findings: Sequence[Finding] = ()
) -> tuple[list[Problem], int]:
    """Cells that aren't the date, number or truth their column holds: counted by column, the first one named.

    And how many of them an error among `findings` counts already, for the same row and column.
    """
    import numpy as np

    form = return_.schema.dataset.form.date_formats[0]
    written = SAID.get(form, form)
    problems, twice = [], 0
    for table in return_.schema.tables:
        tests = {field.name: test for field in table.fields if (test := _not_readable(field)) is not None}
        for name, count, first in _counts(engine, table, {name: sql for name, (sql, _) in tests.items()}):
            what = tests[name][1].format(written=written)
            problems.append(
                Problem(what, Where(table=f"{table.name}", column=name, row=first + 1), count=count)
            )
            told = [
                one.rows
                for one in findings
                if one.kind == "error" and one.table == table.name and name in one.fields
            ]
            if told:
                rows = engine.arrow(f"SELECT {ROW_NO} FROM {quote(table.name)} WHERE {tests[name][0]}")
                twice += int(np.isin(rows.column(0).to_numpy(), np.concatenate(told)).sum())
    return problems, twice


def _not_readable(field: Field) -> tuple[str, str] | None:
    """SQL that is true for a cell that can't be read, and what it is not."""
    name = quote(field.name)
    if field.type == "date":
        return f"{name} IS NULL AND {quote(raw(field.name))} IS NOT NULL", "not a date written as {written}"
    if field.type in NUMBERS:
        return f"{name} IS NOT NULL AND try_cast({name} AS {NUMBERS[field.type]}) IS NULL", "not a number"
    if field.type == "bool":
        listed = ", ".join(f"'{truth}'" for truth in TRUTHS)
        return (
            f"{name} IS NOT NULL AND lower({name}) NOT IN ({listed})",
            "neither yes nor no (0, 1, true, false)",
        )
    return None


def _counts(engine: Engine, table: Table, tests: dict[str, str]) -> Iterator[tuple[str, int, int]]:
    """Column, number and first row of the cells for which its test is true, all in one pass over the table."""
    if not tests:
        return
    parts = [f"count(*) FILTER (WHERE {sql}), min({ROW_NO}) FILTER (WHERE {sql})" for sql in tests.values()]
    row = engine.rows(f"SELECT {', '.join(parts)} FROM {quote(table.name)}").iloc[0].tolist()
    for at, name in enumerate(tests):
        if row[2 * at]:
            yield name, int(row[2 * at]), int(row[2 * at + 1])


def cell_findings(engine: Engine, return_: Return) -> list[Finding]:
    """Blank required cells and unknown codes in columns no rule speaks of."""
    schema = return_.schema
    spoken = {
        (table, field) for rule in schema.rules if rule.sql for table in rule.tables for field in rule.fields
    }
    findings = []
    for table in schema.tables:
        if table.name in return_.absent:
            continue
        for field in table.fields:
            if (table.name, field.name) in spoken or field.only not in {None, schema.dataset.form.kind}:
                continue
            column = quote(raw(field.name) if field.type == "date" else field.name)
            if field.required:
                blank = f"{column} IS NULL"
                findings += _finding(engine, "required", "the cell is blank", table, field, blank)
            codes = schema.codes(field)
            if codes:
                listed = ", ".join("'" + _code(code, upper=is_upper(schema.dataset)) + "'" for code in codes)
                unknown = f"{column} NOT IN ({listed})"
                findings += _finding(
                    engine, "code", f"not a code of {schema.year}'s list", table, field, unknown
                )
    return findings


def _code(code: str, *, upper: bool) -> str:
    return (code.upper() if upper else code).replace("'", "''")


def _finding(engine: Engine, rule: str, message: str, table: Table, field: Field, test: str) -> list[Finding]:
    answer = engine.arrow(f"SELECT {ROW_NO} FROM {quote(table.name)} WHERE {test} ORDER BY 1")
    rows = answer.column(0).to_numpy()
    said = f"{field.name}: {message}"
    return [Finding(rule, "error", table.name, said, rows, (field.name,))] if len(rows) else []
