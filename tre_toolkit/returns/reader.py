"""One found return into its rows, whatever form it stands in; and whether its children are invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.returns import csv_file, flat_file, workbook, xml_file
from tre_toolkit.returns.marks import Marks
from tre_toolkit.returns.model import Found, Return
from tre_toolkit.returns.spool import Spool
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def read(
    found: Found,
    done: Callable[[int], None] | None = None,
    *,
    spill: Path | None = None,
    held: int | None = None,
) -> Return:
    """Read a return. `done` is called with the number of files, sheets or records just read.

    The rows stay in memory while they are few; beyond that they go into temporary files without a name, in the
    folder `spill` (the system's own when not given); few are those within `held` bytes (64 MiB when not given). A frame of `.tables` is made when it is first asked for.

    Raises TreError (all files' troubles together) when a file can't be read at all; rows that can't, columns
    and blocks the catalogue doesn't know are counted in `.problems`.
    """
    schema = found.schema
    spool, marks = Spool(schema.tables, spill, held), Marks(schema)

    def take(name: str, rows: pa.Table, places: np.ndarray) -> None:
        marks.look(name, rows)
        spool.add(name, rows, places)

    there, refused, problems = _FORMS[found.form](found, schema, take, done)
    synthetic, doubt = marks.verdict(found)
    return Return(
        dataset=found.dataset,
        year=found.year,
        term=found.term,
        authority=found.authority,
        tables=spool,
        problems=(*found.problems, *problems, *doubt),
        files=tuple(dict.fromkeys(found.files.values())),
        rows_read=sum(spool.rows(table.name) for table in schema.tables),
        rows_refused=refused,
        synthetic=synthetic,
        absent=frozenset(table.name for table in schema.tables) - there,
    )


_Read = tuple[set[str], int, list[Problem]]


def _read_xml(found: Found, schema: Schema, take: csv_file.Take, done: Callable[[int], None] | None) -> _Read:
    there, problems = xml_file.read_xml(found.files[""], schema, take, done)
    return there, 0, problems


def _read_workbook(
    found: Found, schema: Schema, take: csv_file.Take, done: Callable[[int], None] | None
) -> _Read:
    there, part = workbook.read_workbook(found.files[""], schema, take, done)
    return there, part.rows, list(part.problems)


def _read_files(
    found: Found, schema: Schema, take: csv_file.Take, done: Callable[[int], None] | None
) -> _Read:
    """A set of files, one a table; what is wrong with several is told together."""
    there: set[str] = set()
    problems: list[Problem] = []
    fatal: list[Problem] = []
    refused = 0
    known = {table.name: table for table in schema.tables}
    for name, path in found.files.items():
        try:
            if name not in known:
                rows = csv_file.count_rows(path)
                refused += rows
                problems.append(
                    Problem(
                        f"rows refused: {schema.year} has no table {name}",
                        Where(path.name, name),
                        count=max(rows, 1),
                    )
                )
                continue
            reader = flat_file.read_parquet if path.suffix.lower() == ".parquet" else csv_file.read_csv
            part = reader(path, known[name], take)
            there.add(name)
            refused += part.rows
            problems.extend(part.problems)
        except TreError as error:
            fatal.append(error.problem)
        if done:
            done(1)
    if fatal:
        raise Problems(f"{len(fatal)} of {len(found.files)} files can't be read", fatal)
    return there, refused, problems


_FORMS: dict[str, Callable[[Found, Schema, csv_file.Take, Callable[[int], None] | None], _Read]] = {
    "xml": _read_xml,
    "csv": _read_files,
    "flat": _read_files,
    "workbook": _read_workbook,
}
