"""CSV and TSV: the rows of text, and where the labels end and the figures begin."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from disclosure.shown import Kind, read_cells
from disclosure.table import Table, build, is_category
from tre_toolkit.errors import TreError

if TYPE_CHECKING:
    from disclosure.files.opening import Opened

MOST_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """A printed table: the header's titles and the rows, all text, all of one width."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def labels(self, symbols: Iterable[str] = ()) -> int:
        """How many leading columns are labels: all before the first that prints mostly figures."""
        for at in range(1, len(self.header)):
            if _prints_figures([row[at] for row in self.rows], symbols):
                return at
        return 1

    def table(self, labels: int, name: str) -> Table:
        """The grid as a table whose first `labels` columns name the rows."""
        return build(
            name,
            [row[:labels] for row in self.rows],
            self.header[labels:],
            [row[labels:] for row in self.rows],
            dimensions=[
                title if title.strip() and is_category(title) else f"label {at + 1}"
                for at, title in enumerate(self.header[:labels])
            ],
        )


def _prints_figures(column: Sequence[str], symbols: Iterable[str]) -> bool:
    kinds = read_cells(column, symbols).kind
    figures = sum(kind != Kind.TEXT for kind in kinds)
    all_hidden = len(set(column)) <= 2 and any(column) and (kinds == Kind.HIDDEN).all()
    return bool(figures * 2 > len(column) and ((kinds == Kind.NUMBER).any() or all_hidden))


def decode(content: bytes, name: str) -> str:
    """The text of a file: UTF-8 (with or without mark) or what Excel writes on Windows."""
    if b"\x00" in content:
        raise TreError("the file isn't text", where=name, hint="save it as CSV in UTF-8")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TreError("the file's text can't be read", where=name, hint="save it as CSV in UTF-8")


def read_delimited(content: bytes, name: str) -> Grid:
    """The table in a CSV or TSV file. Raises TreError when there is none; ragged rows are refused."""
    text = decode(content, name)
    first = text.partition("\n")[0]
    mark = max(",\t;|", key=first.count) if any(map(first.count, ",\t;|")) else ","
    try:
        csv.field_size_limit(1_000_000)
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if any(map(str.strip, row))]
    except csv.Error:
        raise TreError("the file can't be read as a table", where=name) from None
    return grid_of(lines, name)


def grid_of(lines: Sequence[Sequence[str]], name: str) -> Grid:
    """A grid from rows of text, the first of which is the header. Title and note lines around it are left out."""
    width = max(map(len, lines), default=0)
    if width < 2 or len(lines) < 2:
        raise TreError("no table was found in the file", where=name, hint="labels in the first column")
    body = [tuple(cell.strip() for cell in row) for row in lines if len(row) == width]
    short = [row for row in lines if len(row) != width and sum(bool(cell.strip()) for cell in row) > 1]
    if short or len(body) < 2:
        raise TreError("the rows of the table aren't all of one width", where=name)
    if width * len(body) > MOST_CELLS:
        raise TreError("the table is too large to be an output", where=name, hint="release a smaller table")
    return Grid(name, body[0], tuple(body[1:]))


def open_delimited(content: bytes, name: str) -> Opened:
    """A CSV, TSV or text file: one table; of a program's log, the tables whose columns stand under one another."""
    from disclosure.files.opening import Opened

    try:
        return Opened((read_delimited(content, name),))
    except TreError:
        if not name.lower().endswith((".txt", ".log")):
            raise
        found = _printed(decode(content, name), name)
        if not found.grids:
            raise
        return found


def _printed(text: str, name: str) -> Opened:
    from disclosure.files.aligned import tables_of, with_gaps
    from disclosure.files.opening import Opened, look
    from disclosure.files.words import identifiers

    grids, _ = tables_of(with_gaps(text), name)
    read = look(name, "text around the tables: a person has to read it", fix="read it")
    return Opened(tuple(grids), (*identifiers(text, name), read))
