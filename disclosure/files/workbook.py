"""Excel workbooks: every sheet a table, hidden ones too; comments, links, pivot caches and authors are told."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from disclosure.files.delimited import Grid, grid_of
from disclosure.files.opening import Opened, hidden, look
from disclosure.findings import Finding
from tre_toolkit.errors import TreError

MOST_BYTES = 50_000_000  # unpacked
MOST_PARTS = 2_000
RATIO = 100  # unpacked to packed
_TELLING = {
    "pivotCache": "a pivot cache: it holds the rows the table was made from",
    "externalLinks": "links to other workbooks, with copies of their cells",
    "embeddings/": "another file is embedded",
    "vbaProject": "a macro",
    "/queries/": "a stored query",
    "customXml": "custom XML data",
    "xl/media/": "a picture",
    "xl/charts/": "a chart, with a copy of its numbers",
}


def open_workbook(content: bytes, name: str) -> Opened:
    """The sheets of a workbook. Raises TreError for one that is broken or unpacks to far more than it is."""
    import openpyxl

    parts = _parts(content, name)
    findings = [
        hidden(name, told, where=part) for part in parts for mark, told in _TELLING.items() if mark in part
    ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except Exception:
        raise TreError("the workbook can't be read", where=name, hint="save the table as CSV") from None
    grids = []
    for sheet in book.worksheets:
        findings += _about_sheet(sheet, name)
        grid = _sheet(sheet, name)
        if grid is not None:
            grids.append(grid)
    findings += _about_book(book, name)
    return Opened(tuple(grids), tuple(findings))


def _parts(content: bytes, name: str) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile:
        raise TreError("the workbook can't be read", where=name, hint="save the table as CSV") from None
    size = sum(info.file_size for info in infos)
    if size > MOST_BYTES or len(infos) > MOST_PARTS or size > RATIO * max(len(content), 10_000):
        raise TreError(
            "the workbook unpacks to far more than it is", where=name, hint="save the table as CSV"
        )
    return [info.filename for info in infos]


def _sheet(sheet: Any, name: str) -> Grid | None:
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    used = [at for at in range(max(map(len, rows), default=0)) if any(row[at].strip() for row in rows)]
    lines = [[row[at] for at in used] for row in rows]
    while lines and sum(bool(cell.strip()) for cell in lines[0]) == 1:
        lines = lines[1:]  # titles above the table
    while lines and sum(bool(cell.strip()) for cell in lines[-1]) == 1:
        lines = lines[:-1]  # notes under it
    if not lines:
        return None
    return grid_of(lines, f"{name}, sheet {sheet.title!r}")


def _about_sheet(sheet: Any, name: str) -> Iterator[Finding]:
    where = f"sheet {sheet.title!r}"
    if sheet.sheet_state != "visible":
        yield hidden(name, "a hidden sheet", where=where)
    if any(row.hidden for row in sheet.row_dimensions.values()):
        yield hidden(name, "hidden rows", where=where)
    if any(column.hidden for column in sheet.column_dimensions.values()):
        yield hidden(name, "hidden columns", where=where)
    if any(cell.comment is not None for row in sheet.iter_rows() for cell in row):
        yield look(name, "cells with comments", where=where, fix="read them, or take them out")


def _about_book(book: Any, name: str) -> Iterator[Finding]:
    told = book.properties
    names = [
        word
        for word in ("creator", "lastModifiedBy", "description", "keywords")
        if getattr(told, word, None) and getattr(told, word) != "openpyxl"
    ]
    if names:
        yield look(
            name, f"metadata: {', '.join(names)}", fix="take the file's properties out before it leaves"
        )
    if len(list(book.defined_names)):
        yield look(name, "defined names", fix="look at what they refer to")
