"""Totals that stand twice and say two things: one of the two is wrong, or they are totals of different children."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE
from disclosure.totals import is_total


def repeated_totals(grid: Grid, labels: int) -> Iterator[Finding]:
    """Rows or columns of one total's name whose figures differ; `labels` leading columns name the rows."""
    rows = [(row[:labels], row[labels:]) for row in grid.rows]
    body = [row[labels:] for row in grid.rows]
    columns = [((title,), tuple(row[at] for row in body)) for at, title in enumerate(grid.header[labels:])]
    for what, lines in (("rows", rows), ("columns", columns)):
        if _differ(lines):
            yield Finding(
                Level.REVIEW,
                f"{HOUSE}/totals",
                grid.name,
                "whole table",
                f"{what} of the same total print different figures",
                "correct the table, or name each total for the children it counts",
            )


def _differ(lines: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> bool:
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    return any(
        seen.setdefault(label, figures) != figures for label, figures in lines if any(map(is_total, label))
    )
