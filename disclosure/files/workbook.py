"""Excel workbooks: every sheet a table, hidden ones too; comments, links, pivot caches and authors are told."""

from __future__ import annotations

import io
import re
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
    "docProps/custom": "properties of its own",
    "threadedComments": "a discussion in comments",
    "persons/": "the names of people who commented",
    "xl/model": "a data model: it holds the rows the tables were made from",
    "connections.xml": "a connection to a source of data",
    "slicerCache": "a slicer, with the values it chooses from",
    "activeX": "a control that runs",
}
_FORMULA = re.compile(rb"<f[ >/]")
_STRING = re.compile(rb'<c [^>]*t="s"[^>]*>(?:(?!</c>).)*?<v>(\d+)</v>', re.DOTALL)
_LITERAL = re.compile(r"(?<![A-Za-z$\d.:])\d+(?:\.\d+)?(?![\d.:(])")
_USUAL = frozenset(
    ["0", "1", "2", "100"]
)  # numbers of a formula that tell nothing: digits to round to, per cent
MOST_STYLED = 200_000  # cells whose looks are looked at


def open_workbook(content: bytes, name: str) -> Opened:
    """The sheets of a workbook. Raises TreError for one that is broken or unpacks to far more than it is."""
    import openpyxl

    parts = _parts(content, name)
    findings = [
        hidden(name, told, where=part) for part in parts for mark, told in _TELLING.items() if mark in part
    ]

    def loaded(*, values: bool) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return openpyxl.load_workbook(io.BytesIO(content), data_only=values)
        except Exception:
            raise TreError("the workbook can't be read", where=name, hint="save the table as CSV") from None

    book = loaded(values=True)
    told, formulas = _left_over(content, parts, name)
    findings += told
    if formulas:
        findings += _about_formulas(loaded(values=False), book, name)
    grids = []
    for sheet in book.worksheets:
        findings += _about_sheet(sheet, name)
        grid = _sheet(sheet, name)
        if grid is not None:
            grids.append(grid)
    findings += _about_book(book, name)
    return Opened(tuple(grids), tuple(dict.fromkeys(findings)))


def _parts(content: bytes, name: str) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile:
        raise TreError("the workbook can't be read", where=name, hint="save the table as CSV") from None
    if len({info.filename for info in infos}) < len(infos):
        raise TreError("a part stands twice in the workbook", where=name, hint="save it anew")
    size = sum(info.file_size for info in infos)
    if size > MOST_BYTES or len(infos) > MOST_PARTS or size > RATIO * max(len(content), 10_000):
        raise TreError(
            "the workbook unpacks to far more than it is", where=name, hint="save the table as CSV"
        )
    return [info.filename for info in infos]


def _left_over(content: bytes, parts: list[str], name: str) -> tuple[list[Finding], bool]:
    """Words that no cell shows any more, and whether there are formulas."""
    used: set[bytes] = set()
    formulas, kept = False, 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in parts:
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                sheet = archive.read(part)
                used |= set(_STRING.findall(sheet))
                formulas |= bool(_FORMULA.search(sheet))
            elif part == "xl/sharedStrings.xml":
                kept = archive.read(part).count(b"<si>")
    message = "words of cells that are not there any more"
    return ([hidden(name, message)] if kept > len(used) else []), formulas


def _about_formulas(written: Any, shown: Any, name: str) -> Iterator[Finding]:
    """Formulas leave with the figures: numbers written into them, and figures only a program works out, can't stay."""
    for sheet in written.worksheets:
        where = f"sheet {sheet.title!r}"
        formulas = [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        if not formulas:
            continue
        if any({*_LITERAL.findall(str(cell.value))} - _USUAL for cell in formulas):
            yield hidden(
                name, "formulas with numbers written into them", where=where, fix="paste the values only"
            )
        if any(shown[sheet.title][cell.coordinate].value is None for cell in formulas):
            message = "formulas whose figures are worked out when it is opened: nobody could check them"
            yield hidden(name, message, where=where, fix="paste the values only")
        yield look(name, "formulas", where=where, fix="paste the values only")


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
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None][:MOST_STYLED]
    if any(_is_unseen(cell) for cell in cells):
        yield hidden(name, "cells whose format hides them", where=where)


def _is_unseen(cell: Any) -> bool:
    """Whether a cell's format prints nothing, or white on white."""
    if not cell.has_style:
        return False
    if cell.number_format.count(";") >= 3 and not cell.number_format.replace(";", "").strip():
        return True
    colour = cell.font.color.rgb if cell.font and cell.font.color is not None else None
    return isinstance(colour, str) and colour.upper().endswith("FFFFFF") and cell.fill.fill_type is None


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
