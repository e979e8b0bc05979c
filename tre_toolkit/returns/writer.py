"""A return into files again, in the form and under the names its receivers expect.

Each file is whole or not there. A synthetic return gets its mark beside it, so that invented children
can't be taken for real ones by whoever finds the folder.
"""

from __future__ import annotations

import json
from pathlib import Path

from tre_toolkit.engine import Engine
from tre_toolkit.errors import TreError
from tre_toolkit.files import new_file, write_text
from tre_toolkit.returns import cells
from tre_toolkit.returns.model import MARK, Return
from tre_toolkit.returns.xml_writer import write_xml
from tre_toolkit.schema import Schema, Table


def write(return_: Return, folder: Path, *, form: str | None = None) -> list[Path]:
    """Write a return into `folder` (made when missing), in its usual form or another the catalogue knows.

    Every declared value is kept: reading the files again gives the same cells. Raises TreError when a file
    stands there already, or when a row hangs below a row that isn't there.
    """
    schema = return_.schema
    form = form or schema.dataset.form.kind
    if form != schema.dataset.form.kind and form not in schema.dataset.form.also:
        raise TreError(f"a {schema.dataset.title} doesn't come as {form}")
    folder.mkdir(parents=True, exist_ok=True)
    written = _WRITERS[form](return_, schema, folder)
    if return_.synthetic:
        mark = {"synthetic": True, "dataset": return_.dataset, "period": return_.period}
        write_text(folder / MARK, json.dumps(mark, indent=2) + "\n", replace=True)
    return written


def file_name(return_: Return, table: Table, suffix: str) -> str:
    """What the file of a table is called: the catalogue's name, after year and term where there are terms."""
    stem = table.file or table.name
    prefix = f"{return_.year}_{return_.term}_" if return_.term else ""
    return f"{prefix}{stem}{suffix}"


def _csv(return_: Return, schema: Schema, folder: Path) -> list[Path]:
    """One file a table, cells quoted only where they must be; a table without rows has its header alone."""
    written = []
    with Engine() as engine:
        for table in schema.tables:
            only = {field.name for field in table.fields if field.only == "xml"}
            columns = [name for name in table.columns if name not in only]
            path = folder / file_name(return_, table, ".csv")
            engine.table("rows", cells.arrow(return_.tables[table.name], columns))
            with new_file(path) as part:
                place = str(part).replace("'", "''")
                engine.run(f"COPY \"rows\" TO '{place}' (FORMAT csv, HEADER, DELIMITER ',')")
            written.append(path)
    return written


def _flat(return_: Return, schema: Schema, folder: Path) -> list[Path]:
    from pyarrow import parquet

    written = []
    for table in schema.tables:
        path = folder / file_name(return_, table, ".parquet")
        with new_file(path) as part:
            parquet.write_table(cells.arrow(return_.tables[table.name], table.columns), part)
        written.append(path)
    return written


def _xml(return_: Return, schema: Schema, folder: Path) -> list[Path]:
    path = folder / f"{return_.name}.xml"
    with new_file(path) as part:
        write_xml(return_, schema, part)
    return [path]


def _workbook(return_: Return, schema: Schema, folder: Path) -> list[Path]:
    """One sheet a table. Cells are written as text, so that nothing a cell says is ever run."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    for table in schema.tables:
        sheet = book.create_sheet((table.title or table.name)[:31] if not table.file else table.file[:31])
        sheet.append(list(table.columns))
        frame = return_.tables[table.name]
        for row in frame[list(table.columns)].itertuples(index=False):
            line = []
            for value in row:
                cell = WriteOnlyCell(sheet, None if value != value else value)  # NaN isn't itself
                cell.data_type = "s" if cell.value is not None else cell.data_type
                line.append(cell)
            sheet.append(line)
    path = folder / f"{return_.name}.xlsx"
    with new_file(path) as part:
        book.save(part)
    return [path]


_WRITERS = {"csv": _csv, "flat": _flat, "xml": _xml, "workbook": _workbook}
