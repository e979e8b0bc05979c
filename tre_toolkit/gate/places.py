"""Where in a printed table a finding points: its row and column, for marking them on the reviewer's page.

The checker tells a place by labels (`Region 'North', Stage 'Plan'`) or, where labels could name a child, by numbers
(`row 3, column 2`, counted from the first row under the header and the first column of figures). Both are looked up
in the table as it is shown; what is not found there is marked nowhere, and still told beside the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

LABEL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
ESCAPED = re.compile(r"\\(['\"\\])")  # a quote or a backslash within a label, as the checker writes it
NUMBERED = re.compile(r"\brow (\d{1,6})\b(?:, column (\d{1,4})\b)?")
Place = tuple[
    int, int | None
]  # row under the header, from 1; column of the print, from 0, None for the whole row
Rows = Sequence[Sequence[str]]


def places(raw: bytes, delimiter: str, told: Sequence[str]) -> dict[str, Place]:
    """The place of each finding's `where` that can be found in the table."""
    text = raw.decode("utf-8-sig", errors="replace")
    rows = [
        [cell.strip() for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    ]
    found: dict[str, Place] = {}
    labels = None
    index: dict[tuple[str, ...], int] = {}
    for where in dict.fromkeys(told):
        if (numbered := NUMBERED.search(where)) is not None:
            labels = _labels(rows) if labels is None else labels
            row, column = int(numbered[1]), int(numbered[2] or 0)
            if 1 <= row < len(rows):
                found[where] = (row, labels + column - 1 if column else None)
        elif len(words := [ESCAPED.sub(r"\1", word[1:-1]).strip() for word in LABEL.findall(where)]) > 1:
            depth = len(words) - 1
            index = index if index and len(next(iter(index))) == depth else _index(rows, depth)
            row, head = index.get(tuple(words[:-1]), 0), rows[0] if rows else []
            if row and words[-1] in head[depth:]:
                found[where] = (row, head.index(words[-1], depth))
    return found


def marked(html: str, at: Sequence[Place]) -> str:
    """The table's HTML with these rows and cells marked, in one pass from top to bottom."""
    out, cursor = [], 0
    cells: dict[int, set[int | None]] = {}
    for row, column in at:
        cells.setdefault(row, set()).add(column)
    for row in sorted(cells):
        head = f"<tr id='r{row}'>"
        start = html.find(head, cursor)
        end = html.find("</tr>", start)
        if start < 0 or end < 0:
            continue
        out += [html[cursor:start], _marked_row(html[start:end], head, cells[row])]
        cursor = end
    return "".join([*out, html[cursor:]])


def _marked_row(row: str, head: str, columns: set[int | None]) -> str:
    name = "found" if None in columns else "holds"
    parts = row.replace(head, f"{head[:-1]} class='{name}'>", 1).split("<td")
    for column in columns - {None}:
        if column is not None and column + 1 < len(parts):
            cell = parts[column + 1]
            parts[column + 1] = (
                cell.replace("class='", "class='found ", 1)
                if cell.startswith(" class='")
                else f" class='found'{cell}"
            )
    return "<td".join(parts)


def _index(rows: Rows, depth: int) -> dict[tuple[str, ...], int]:
    """Rows by their labels; labels that stand in two rows lead nowhere (0)."""
    index: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows):
        if number:
            index[tuple(row[:depth])] = 0 if tuple(row[:depth]) in index else number
    return index


def _labels(rows: Rows) -> int:
    """How many columns name the rows, as the checker counts them."""
    from disclosure.files.delimited import Grid

    width = max(map(len, rows), default=0)
    whole = [tuple(row) for row in rows if len(row) == width]
    return Grid("", whole[0], tuple(whole[1:])).labels() if len(whole) > 1 and width > 1 else 1
