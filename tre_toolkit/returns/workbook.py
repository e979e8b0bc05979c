"""A return kept as a workbook (Annex A): one sheet a table, read without running anything in it.

A cell holding a formula is refused and counted: its value is whatever the last program made of it. The
header is looked for in the first rows, because people write titles above their lists.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tre_toolkit.errors import Problem, TreError, Where
from tre_toolkit.returns.csv_file import Refused
from tre_toolkit.schema import Dataset, Schema, Table

if TYPE_CHECKING:
    from tre_toolkit.returns.csv_file import Take

CHUNK = 20_000  # rows gathered before they are handed on
LOOKED_AT = 20  # rows in which the header is looked for
DATE_FORM = "%d/%m/%Y"


def sheet_names(path: Path) -> tuple[str, ...]:
    """Names of the sheets of a workbook; empty when it isn't one."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        return ()
    try:
        return tuple(book.sheetnames)
    finally:
        book.close()


def table_of(sheet: str, known: Dataset | Schema) -> Table | None:
    """The table a sheet holds, by its name: `List 1`, `list_1`, `1 - Contacts`."""
    for table in known.tables:
        own = (table.file or table.name, table.name, *table.aliases)
        if _plain(sheet) in {_plain(name) for name in own}:
            return table
    return None


def read_workbook(
    path: Path, schema: Schema, take: Take, done: Callable[[int], None] | None = None
) -> tuple[set[str], Refused]:
    """The tables it has, and what was refused. Raises TreError when it is no workbook."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        raise TreError(
            "not a workbook that can be read", where=Where(path.name), hint="save it again as .xlsx"
        ) from None
    there: set[str] = set()
    problems: list[Problem] = []
    refused = 0
    try:
        for sheet in book.worksheets:
            table = table_of(sheet.title, schema)
            if table is None:
                problems.append(
                    Problem("a sheet the catalogue doesn't know: left out", Where(path.name, "a sheet"))
                )
                continue
            there.add(table.name)
            part = _read_sheet(sheet, table, path, take)
            refused += part.rows
            problems.extend(part.problems)
            if done:
                done(1)
    finally:
        book.close()
    return there, Refused(refused, tuple(problems))


def _read_sheet(sheet: Any, table: Table, path: Path, take: Take) -> Refused:
    rows = sheet.iter_rows()
    names: list[str | None] = []
    for _, row in zip(range(LOOKED_AT), rows, strict=False):
        names = columns_of([str(cell.value or "") for cell in row], table)
        if sum(name is not None for name in names) >= max(2, len(table.columns) // 2):
            break
        names = []
    where = Where(path.name, table.name)
    if not names:
        return Refused(0, (Problem("no line with the names of its columns was found", where),))
    gathered: list[list[str | None]] = []
    places: list[int] = []
    formulas = place = 0
    for row in rows:
        values = [cell.value for cell in row]
        if all(value is None for value in values):
            continue
        if any(cell.data_type == "f" for cell in row):
            formulas += 1
        else:
            gathered.append([text_of(value) for value in values])
            places.append(place)
        place += 1
        if len(gathered) >= CHUNK:
            _hand_on(table, names, gathered, places, take)
    _hand_on(table, names, gathered, places, take)
    problems = [
        Problem("the column is missing: its cells count as blank", Where(path.name, table.name, name))
        for name in table.columns
        if name not in names
    ]
    if formulas:
        problems.append(
            Problem(
                "rows refused: a formula stands in a cell", where, hint="paste the values", count=formulas
            )
        )
    return Refused(formulas, tuple(problems))


def _hand_on(
    table: Table, names: list[str | None], gathered: list[list[str | None]], places: list[int], take: Take
) -> None:
    """The rows gathered so far as Arrow text; both lists are empty afterwards."""
    import numpy as np
    import pyarrow as pa

    columns = {
        name: pa.array([row[at] if at < len(row) else None for row in gathered], pa.large_string())
        for at, name in enumerate(names)
        if name is not None
    }
    take(table.name, pa.table(columns), np.array(places, dtype="int64"))
    gathered.clear()
    places.clear()


def columns_of(headers: Sequence[str], table: Table) -> list[str | None]:
    """The table's column under each header: by its name whatever its case and signs, else by a further wording.

    A wording counts only where no other column is meant as well, and each column is found once.
    """
    wanted = {_plain(name): name for name in table.columns}
    found: list[str | None] = []
    for header in headers:
        name = wanted.get(_plain(header))
        found.append(None if name in found else name)
    for at, header in enumerate(headers):
        said = " ".join(header.lower().split())
        if found[at] is None and said:
            meant = [
                field.name
                for field in table.fields
                if field.name not in found and any(re.fullmatch(one, said) for one in field.headers)
            ]
            found[at] = meant[0] if len(meant) == 1 else None
    return found


def text_of(value: object) -> str | None:
    """A cell's value as a return would write it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.strftime(DATE_FORM)
    return str(value)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
