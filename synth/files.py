"""A return's files, opened once and written a chunk of children at a time.

CSV and Parquet rows go straight from their columns to the file below those that stand there; XML goes through `documents`,
chunk after chunk (`append`). The bytes are those that the returns' own writer makes, and the same whatever the
chunk: Parquet row groups are cut to one size.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.append import append, container_of
from synth.documents import Layout, add_children, write_document
from tre_toolkit.returns.writer import file_name, write

if TYPE_CHECKING:
    from synth.columns import Sheet
    from synth.tell import Draft
    from tre_toolkit.returns import Return
    from tre_toolkit.schema import Table

SPECIAL = '[,"\\n\\r]'  # what makes a cell need quotes
GROUP = 1 << 18  # rows of a Parquet row group


class Sink:
    """The files of one return in a folder. Every chunk is `put`; `close` ends them."""

    def __init__(self, place: Path, form: str | None = None) -> None:
        self.place, self.form, self.files = place, form, list[Path]()
        self._open: dict[str, _Csv | _Parquet] = {}
        self._layout: Layout | None = None
        # a workbook is written in one piece: a sheet has a million rows at most
        self._chunks = list["Return"]()

    def put(self, one: Draft) -> int:
        """Write a chunk's rows below those of the chunks before; gives back how many."""
        form = self.form or one.schema.dataset.form.kind
        if form in ("csv", "flat"):
            self._put_rows(one, form)
        elif form == "workbook":
            self._chunks.append(one.finished())
        else:
            self._put_document(with_a_place(one))
        return sum(len(sheet) for sheet in one.sheets.values())

    def _put_document(self, one: Draft) -> None:
        self._layout = self._layout or Layout.of(one.schema)
        if not self.files:
            self.files = write_document(one, self.place, self._layout)
            return
        if add_children(one, self.files[0], self._layout, container_of(one.schema)):
            return
        beside = self.place.with_name(f".{self.place.name}")
        write_document(one, beside, self._layout)
        append(beside, self.place, one.schema)
        shutil.rmtree(beside)

    def _put_rows(self, one: Draft, form: str) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        for table in one.schema.tables:
            if table.name not in self._open:
                kind = _Csv if form == "csv" else _Parquet
                path = self.place / file_name(one.empty, table, kind.SUFFIX)
                self._open[table.name] = kind(path, table)
                self.files.append(path)
            self._open[table.name].put(one.sheets[table.name])

    def close(self) -> None:
        """End every file."""
        for one in self._open.values():
            one.close()
        self._open = {}
        if self._chunks:
            self.files = write(_joined(self._chunks), self.place, form="workbook")
            self._chunks = []
            for path in self.files:
                still(path)


class _Csv:
    SUFFIX = ".csv"

    def __init__(self, path: Path, table: Table) -> None:
        only = {field.name for field in table.fields if field.only == "xml"}
        self._columns, self._path = [name for name in table.columns if name not in only], path
        path.write_text(",".join(_quoted(name) for name in self._columns) + "\n", encoding="utf-8")

    def put(self, sheet: Sheet) -> None:
        if len(sheet):
            # opened anew: a large set has more files than may be open at once
            with self._path.open("ab") as file:
                file.write(lines(sheet.arrow(self._columns)))

    def close(self) -> None:
        """Nothing is left open."""


class _Parquet:
    SUFFIX = ".parquet"

    def __init__(self, path: Path, table: Table) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        self._columns = list(table.columns)
        self._shape = pa.schema([(name, pa.large_string()) for name in self._columns])
        self._writer = parquet.ParquetWriter(path, self._shape)
        self._held: list[Any] = []
        self._rows = 0

    def put(self, sheet: Sheet) -> None:
        if len(sheet):
            self._held.append(sheet.arrow(self._columns).cast(self._shape))
            self._rows += len(sheet)
        while self._rows >= GROUP:
            self._write(GROUP)

    def _write(self, rows: int) -> None:
        import pyarrow as pa

        whole = pa.concat_tables(self._held) if self._held else self._shape.empty_table()
        self._writer.write_table(whole.slice(0, rows).combine_chunks())
        left = whole.slice(rows)
        self._held, self._rows = ([left] if len(left) else []), len(left)

    def close(self) -> None:
        self._write(self._rows)
        self._writer.close()


def with_a_place(one: Draft) -> Draft:
    """The draft without the rows that its XML has no place for (SSDA903 tells social workers in CSV alone)."""
    placeless = {table.name for table in one.schema.tables if not table.path and not table.within}
    sheets = {
        name: replace(sheet, columns={}, rows=0) if name in placeless else sheet
        for name, sheet in one.sheets.items()
    }
    return replace(one, sheets=sheets)


def _joined(chunks: list[Return]) -> Return:
    import pandas as pd

    first = chunks[0]
    tables = {
        name: pd.concat([one.tables[name] for one in chunks], ignore_index=True).assign(
            row_no=lambda rows: rows.index
        )
        for name in first.tables
    }
    return replace(first, tables=tables)


def still(path: Path) -> None:
    """A workbook without the moment it was made: the same cells give the same bytes."""
    with zipfile.ZipFile(path) as book:
        parts = [(part.filename, book.read(part)) for part in book.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts:
            text = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", text)
            book.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)


def lines(rows: Any) -> Any:
    """The rows of an Arrow table of text as CSV lines: one buffer, quoted only where it must be."""
    import pyarrow as pa
    from pyarrow import csv

    made = pa.BufferOutputStream()
    try:
        csv.write_csv(rows, made, csv.WriteOptions(include_header=False, quoting_style="none"))
    except pa.ArrowInvalid:  # a cell that needs quotes
        return _quoted_lines(rows)
    return made.getvalue()


def _quoted_lines(rows: Any) -> Any:
    """The same where some cells need quotes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in rows.columns:
        cells = column.combine_chunks().cast(pa.large_string())
        special = pc.match_substring_regex(cells, SPECIAL)
        if pc.any(special).as_py():
            inside = pc.replace_substring(cells, '"', '""')
            mark = pa.scalar('"', pa.large_string())
            quoted = pc.binary_join_element_wise(mark, inside, mark, pa.scalar("", pa.large_string()))
            cells = pc.if_else(special, quoted, cells)
        columns.append(cells)
    comma, end, nothing = (pa.scalar(word, pa.large_string()) for word in (",", "\n", ""))
    joined = pc.binary_join_element_wise(*columns, comma, null_handling="replace", null_replacement="")
    whole = pc.binary_join_element_wise(joined, nothing, end)
    return whole.buffers()[2] or b""


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if any(one in word for one in ',"\n\r') else word
