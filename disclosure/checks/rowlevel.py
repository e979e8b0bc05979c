"""Row-level data and identifiers in a table that should be a summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE
from disclosure.shown import Kind, read_cells

MANY = 200  # rows from which unlike rows are taken to be people
LONG = 80  # letters from which a cell is free text
SHARE = 0.5
FIX = "release a summary: counts, rates or a model"


def is_nhs(text: str) -> bool:
    """Whether ten digits are an NHS number by their check digit."""
    digits = [int(mark) for mark in text if mark.isdigit()]
    check = (11 - sum(digit * (10 - at) for at, digit in enumerate(digits[:9])) % 11) % 11
    return len(digits) == 10 and check == digits[9]


PATTERNS = {
    "unique pupil numbers": re.compile(r"[A-HJ-NPQRT-Z]\d{11}[0-9A-HJ-NPQRT-Z]"),
    "tokens": re.compile(r"t1_[a-z0-9_]+_[a-z2-7]{20,}", re.IGNORECASE),
    "person ids": re.compile(r"P[A-Z0-9]{12}"),
    "postcodes": re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"),
    "e-mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE),
    "National Insurance numbers": re.compile(r"[A-CEGHJ-PR-TW-Z]{2}\d{6}[A-D]"),
}
NHS = re.compile(r"\d{3} ?\d{3} ?\d{4}")
_AREA = re.compile(
    r"[EWS](00|01)\d{6}|[A-Z]{1,2}\d[A-Z\d]? \d"
)  # output areas (lower layer too), postcode sectors
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4})([ T].*)?")


def row_level(grid: Grid) -> Iterator[Finding]:
    """Identifiers by their shape, dates and free text by the column, and rows that look like people."""
    people = 0
    for at in range(len(grid.header)):
        column = [row[at] for row in grid.rows]
        where = f"column {at + 1}"
        for what, pattern in PATTERNS.items():
            if any(pattern.fullmatch(cell) for cell in column):
                yield _fail("identifier", grid, where, f"{what} stand in it")
        numbers = [cell for cell in column if NHS.fullmatch(cell)]
        if len(numbers) > 2 and all(map(is_nhs, numbers)):
            yield _fail("identifier", grid, where, "NHS numbers stand in it")
        if sum(len(cell) > LONG for cell in column) > 0 and at:
            yield _review(grid, where, "free text stands in it")
        dates = sum(bool(_DATE.fullmatch(cell)) for cell in column)
        people += dates > SHARE * len(column) and len(set(column)) > 12
    if people and len(grid.rows) > 20:
        yield _fail(
            "row-level", grid, "whole table", "a column of many different days: rows look like people"
        )
    elif len(grid.rows) >= MANY and _unlike(grid.rows):
        yield _review(grid, "whole table", "many rows, each of its own kind: rows may be people")


def small_areas(grid: Grid) -> Iterator[Finding]:
    """Rows that are areas below a ward: few people live there, and they nest in nothing else that is published."""
    for at in range(min(3, len(grid.header))):
        column = [row[at] for row in grid.rows]
        areas = sum(bool(_AREA.fullmatch(cell)) for cell in column)
        if areas and areas * 2 > len(column):
            yield Finding(
                Level.REVIEW,
                f"{HOUSE}/geography",
                grid.name,
                f"column {at + 1}",
                "small areas (output areas or postcode sectors): few people live in one, and they cut across others",
                "give wards, authorities or bands of deprivation; areas that cut across others only with the ledger",
            )


def _unlike(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows read like records: several text columns, few repeats of a label, figures all over."""
    first = len({row[0] for row in rows}) > 0.9 * len(rows)
    kinds = read_cells([cell for row in rows[:500] for cell in row]).kind.reshape(len(rows[:500]), -1)
    texts = int((np.mean(kinds == Kind.TEXT, axis=0) > SHARE).sum())
    return first and texts >= 2


def _fail(rule: str, grid: Grid, where: str, message: str) -> Finding:
    return Finding(Level.FAIL, f"{HOUSE}/{rule}", grid.name, where, message, FIX)


def _review(grid: Grid, where: str, message: str) -> Finding:
    return Finding(Level.REVIEW, f"{HOUSE}/row-level", grid.name, where, message, FIX)
