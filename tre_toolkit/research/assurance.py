"""A definition tried on children drawn by hand: this child is in, because; that one is out, because.

    assure([Example("late", {"cin_census.cin_details": [{"CINreferralDate": "2025-03-01"}]}, expect="in")],
           start="first", state="referral")

The examples stand beside a study's code and are run before any data are seen: a definition that changes its
meaning fails by the child's name.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tre_toolkit.errors import MisuseError, Problem, Problems
from tre_toolkit.research.states import states
from tre_toolkit.research.workspace import FACTS, OWN, PEOPLE, TABLES
from tre_toolkit.research.workspace import open as open_workspace

AUTHORITY, PERIOD = "990", "2025"
ABOUT = ("authority", "birth_month", "sex", "ethnicity", "household_id", "match_weight", "band")

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Example:
    """An invented child: rows of its returns by "dataset.table", what people.parquet says, and what is expected.

    `expect` is how the answer must start: "in", "out", or "out: not aged 10 to 17". Days are written 2025-03-31;
    authority and period are 990 and 2025 where a row doesn't say.
    """

    name: str
    tables: Mapping[str, Sequence[Row]]
    expect: str
    person: Row = field(default_factory=dict)


def assure(examples: Sequence[Example], **choices: Any) -> dict[str, str]:
    """Try a cohort (the fields of `Definition` and `Rules`) on examples; the answer for each, by name.

    Raises Problems that name every example whose answer isn't the one expected, and MisuseError for two of a name.
    """
    if len({one.name for one in examples}) != len(examples) or not examples:
        raise MisuseError("examples have a name each, and there is at least one")
    with tempfile.TemporaryDirectory() as folder:
        workspace = open_workspace(_written(Path(folder), examples))
        cohort = workspace.cohort("examples", **choices)
        told = {one.name: cohort.why(one.name) for one in examples}
        workspace.engine.close()
    wrong = [
        Problem(f"the child {one.name!r} is {told[one.name]}", hint=f"expected: {one.expect}")
        for one in examples
        if not told[one.name].startswith(one.expect)
    ]
    if wrong:
        raise Problems("the definition doesn't say of these children what was expected", wrong)
    return told


def _written(folder: Path, examples: Sequence[Example]) -> Path:
    """The examples as a workspace. Every table of a dataset that is named at all is there, be it empty."""
    rows: dict[str, list[dict[str, str | None]]] = {}
    for one in examples:
        for table, own in one.tables.items():
            for row in own:
                about = {"person_id": one.name, "authority": AUTHORITY, "period": PERIOD}
                rows.setdefault(table, []).append({**about, **row})
    datasets = {table.partition(".")[0] for table in rows}
    columns: dict[str, set[str]] = {table: set() for table in rows}
    days: dict[str, set[str]] = {}
    for state in states().values():
        for source in state.source:
            name = f"{source.dataset}.{source.table}"
            if source.dataset in datasets:
                columns.setdefault(name, set()).update(source.columns)
                days.setdefault(name, set()).update({source.start, *([source.end] if source.end else [])})
    for name, wanted in columns.items():
        _write_table(folder / TABLES, name, rows.get(name, []), wanted, days.get(name, set()))
    people = [{"person_id": one.name, "authority": AUTHORITY, **one.person} for one in examples]
    _write(folder / PEOPLE, people, ["person_id", *ABOUT], {"birth_month"})
    (folder / FACTS).write_text(json.dumps({"project": "examples", "synthetic": True}), encoding="utf-8")
    return folder


def _write_table(folder: Path, name: str, rows: Sequence[Row], wanted: set[str], days: set[str]) -> None:
    dataset, _, table = name.partition(".")
    (folder / dataset).mkdir(parents=True, exist_ok=True)
    named = dict.fromkeys(column for row in rows for column in row)
    columns = [*OWN, *dict.fromkeys([*(one for one in named if one not in OWN), *sorted(wanted)])]
    _write(folder / dataset / f"{table}.parquet", rows, columns, days)


def _write(path: Path, rows: Sequence[Row], columns: Sequence[str], days: set[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = {}
    for column in dict.fromkeys(columns):
        if column == "row_id":
            made[column] = pa.array(range(len(rows)), pa.int64())
        elif column in days:
            told = [None if row.get(column) is None else _day(column, str(row[column])) for row in rows]
            made[column] = pa.array(told, pa.date32())
        else:
            made[column] = pa.array(
                [row.get(column) for row in rows], pa.float64() if column == "match_weight" else pa.string()
            )
    pq.write_table(pa.table(made), path)


def _day(column: str, told: str) -> dt.date:
    try:
        return dt.date.fromisoformat(told)
    except ValueError:
        raise MisuseError(f"an example's {column} isn't a day written as 2025-03-31") from None
