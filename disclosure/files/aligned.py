"""Tables printed as text: columns that stand under one another, as in a page of a PDF or a program's log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from disclosure.files.delimited import Grid, grid_of
from disclosure.shown import Kind, read_cells

GAP = "\t"  # between the cells of a line
_SPACES = re.compile(r" {2,}|\t+")
_YEAR = re.compile(r"(19|20)\d\d([/-]\d\d(\d\d)?)?")


def with_gaps(text: str) -> list[str]:
    """The lines of a text, runs of blanks taken as the gaps between cells."""
    return [_SPACES.sub(GAP, line.strip()) for line in text.splitlines()]


def tables_of(lines: Sequence[str], name: str) -> tuple[list[Grid], bool]:
    """The tables in lines whose cells are parted by `GAP`; and whether figures stand in columns that weren't read."""
    grids: list[Grid] = []
    left = False
    for block in _blocks(lines):
        width = Counter(map(len, block)).most_common(1)[0][0]
        body = [row for row in block if len(row) == width]
        if len(block[0]) == width - 1:  # a header without a corner
            body = [["", *block[0]], *body]
        if not _figures(body):
            continue
        if len(body) < 2 or not _is_header(body[0]):
            left = True
            continue
        left |= len(body) < len(block)
        grids.append(grid_of(body, f"{name}, table {len(grids) + 1}"))
    return grids, left


def _blocks(lines: Sequence[str]) -> Iterator[list[list[str]]]:
    """Lines of several cells that follow one another."""
    block: list[list[str]] = []
    for line in [*lines, ""]:
        cells = [cell.strip() for cell in line.split(GAP) if cell.strip()]
        if len(cells) > 1:
            block.append(cells)
        elif len(block) == 1 and len(cells) == 1:
            continue  # the name of the labels, which pandas prints under its header
        elif block:
            yield block
            block = []


def _figures(rows: Sequence[Sequence[str]]) -> bool:
    kinds = read_cells([cell for row in rows[1:] for cell in row[1:]]).kind
    return bool(len(kinds) and (kinds == Kind.NUMBER).mean() > 0.3)


def _is_header(row: Sequence[str]) -> bool:
    """Whether a row names columns: no figures in it but years."""
    kinds = read_cells(list(row[1:])).kind
    return all(
        kind != Kind.NUMBER or _YEAR.fullmatch(cell) for kind, cell in zip(kinds, row[1:], strict=True)
    )
