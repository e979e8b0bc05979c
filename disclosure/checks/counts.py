"""Tables of counts: thresholds on distinct children, zeros, full groups, rounding, and figures that disagree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Bools, Cells, Floats, Ints, Kind
from disclosure.table import Table
from disclosure.totals import is_total

LARGEST = 2.0**53  # the largest whole number a printed figure holds exactly


def check_counts(table: Table, cells: Cells, rules: Rules) -> Iterator[Finding]:
    """Every count clause over a table; `table.units` are used where evidence tells, the print where it doesn't."""
    yield from unit_of_count(table, rules)
    yield from threshold(table, cells, rules)
    yield from zeros(table, cells, rules)
    yield from rounded(table, cells, rules)
    yield from groups(table, cells, rules)
    yield from unread(table, cells)


def unit_of_count(table: Table, rules: Rules) -> Iterator[Finding]:
    """Without a unit nobody knows whether children or rows were counted."""
    if table.unit is None:
        yield Finding(
            Level.REVIEW,
            f"{HOUSE}/unit",
            table.name,
            "whole table",
            "rows counted, not children: nothing says what was counted",
            "make the table with evidence whose unit is child, or say what the unit is",
        )
    if rules.least is None:
        names = ", ".join(pack.name for pack in rules.packs)
        yield Finding(
            Level.REVIEW,
            f"{rules.packs[0].name}/count" if rules.packs else f"{HOUSE}/count",
            table.name,
            "whole table",
            f"no confirmed threshold in {names}: small counts were not looked for",
            "chain a pack that has one, such as --pack dfe-cin",
        )


def printed_counts(table: Table, cells: Cells) -> Ints:
    """For each cell the count behind the print: evidence's units, else the printed number, else -1."""
    if table.units is not None:
        return np.where(cells.numbers, table.units, -1)
    return np.where(cells.numbers & (cells.low >= 0), np.minimum(np.round(cells.low), LARGEST), -1).astype(
        np.int64
    )


def threshold(table: Table, cells: Cells, rules: Rules) -> Iterator[Finding]:
    """A printed figure with too few children behind it."""
    counts = printed_counts(table, cells)
    if table.noisy:  # what is printed isn't the count: a small one may still not be seen
        counts = np.where(cells.numbers & (table.method == "cell-key"), np.round(cells.low), -1).astype(
            np.int64
        )
    for cell in np.flatnonzero(forbidden(counts, rules) & cells.numbers & (counts > 0)):
        pack = rules.hides(int(counts[cell]))
        if pack is None:
            continue
        least = pack.hidden[1] + 1 if pack.hidden else 0
        yield Finding(
            Level.FAIL,
            f"{pack.name}/count",
            table.name,
            table.where(cell),
            f"a figure stands on fewer than {least} {_many(table)}",
            f"hide it (`tre protect --method suppress --pack {pack.name}`), or merge it with a neighbour",
        )


def zeros(table: Table, cells: Cells, rules: Rules) -> Iterator[Finding]:
    """A printed zero, where a pack hides zeros or wants them looked at; structural zeros may stay."""
    rule, pack = rules.zero
    if rule == "shown" or table.noisy:
        return
    counts = printed_counts(table, cells)
    zero = (counts == 0) & cells.numbers
    if table.structural is not None:
        zero &= ~table.structural
    if rule == "hidden":
        for cell in np.flatnonzero(zero):
            yield Finding(
                Level.FAIL,
                f"{pack}/zero",
                table.name,
                table.where(cell),
                "a zero is printed, and zeros count as small here",
                "hide it like a small count, or declare it a structural zero",
            )
    elif zero.any():
        at = np.flatnonzero(zero)
        yield Finding(
            Level.REVIEW,
            f"{pack}/zero",
            table.name,
            table.where_all(at),
            "a zero says of everybody in its row and column that they aren't there",
            "say why it harms nobody, declare it a structural zero, or merge categories",
        )


def rounded(table: Table, cells: Cells, rules: Rules) -> Iterator[Finding]:
    """Printed counts that aren't multiples of a pack's base."""
    if table.kind != "count" or not cells.whole:
        return
    base, pack = rules.largest("rounding", "base")
    if not base:
        return
    off = np.flatnonzero(cells.numbers & (np.mod(cells.low, base) != 0))
    if len(off):
        yield Finding(
            Level.FAIL,
            f"{pack}/rounding",
            table.name,
            table.where_all(off),
            f"counts aren't rounded to {base}",
            f"`tre protect --method round --pack {pack}`",
        )


def groups(table: Table, cells: Cells, rules: Rules) -> Iterator[Finding]:
    """A group nearly all of whose members share one answer: who is known to be in it is known to have it."""
    rule, pack = rules.zero
    share, whose = rules.smallest("group", "share")
    if rule == "shown" or share is None or not cells.whole or table.kind != "count":
        return
    figure = np.where(cells.numbers, cells.low, np.nan) if table.truth is None else table.truth.astype(float)
    figure = np.where(cells.hidden, np.nan, figure)
    rows = table.known()
    within = np.asarray((rows < 0).sum(axis=0)).ravel() > 0
    several = sum(bool(family) for family in table.parents) > 1
    for row in range(rows.shape[0]):
        total, parts = _of(*_row(rows, row))
        whole = figure[total]
        if not np.isfinite(whole) or whole <= 0 or len(parts) < 2 or (several and not within[total]):
            continue  # the grand total is everybody, not a group
        top = int(parts[np.nanargmax(np.where(np.isnan(figure[parts]), -1, figure[parts]))])
        if np.isfinite(figure[top]) and figure[top] / whole * 100 >= share:
            yield Finding(
                Level.REVIEW,
                f"{pack}/zero" if figure[top] == whole else f"{whose}/group",
                table.name,
                table.where(top),
                f"{'all' if figure[top] == whole else f'at least {share} %'} of the group is in this one category",
                "say why that harms nobody, or merge groups until no category holds nearly all",
            )


def _of(cells: Ints, signs: Floats) -> tuple[int, Ints]:
    return int(cells[signs > 0][0]), cells[signs < 0]


def contradictions(table: Table, cells: Cells) -> Iterator[Finding]:
    """Totals that don't add up, and printed figures that aren't what the evidence says."""
    rows = table.equations()
    slack = (table.base or 0) / 2
    if rows.shape[0] and table.truth is None:
        inside = (abs(rows) > 0).astype(float)
        shown = inside @ cells.numbers.astype(float) == inside.sum(axis=1).A1
        gap = np.abs(rows @ np.where(cells.numbers, cells.low, 0.0))
        wrong = np.flatnonzero(shown & (gap > slack * inside.sum(axis=1).A1 + 1e-6))
        if len(wrong):
            total, _ = _of(*_row(rows, int(wrong[0])))
            yield Finding(
                Level.REVIEW,
                f"{HOUSE}/totals",
                table.name,
                table.where(total) + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""),
                "the total isn't the sum of its parts",
                "correct the table, or say in the request why parts don't add up",
            )
    truth = table.truth
    if truth is None:
        yield from _unsummed(table)
    if table.noisy:
        yield from _unlike(table, cells)
    elif truth is not None and table.kind == "count":
        differs = np.flatnonzero(cells.numbers & (np.abs(cells.low - truth) > 0.5))
        if len(differs):
            yield Finding(
                Level.FAIL,
                f"{HOUSE}/evidence",
                table.name,
                table.where_all(differs),
                "the printed figure isn't the one the evidence tells of",
                "make the output again; don't edit it by hand",
            )


def unread(table: Table, cells: Cells) -> Iterator[Finding]:
    """Words where figures stand: `3*` or `three` is no number to the attack, and a number to every reader."""
    words = np.flatnonzero(cells.kind == Kind.TEXT)
    if len(words):
        yield Finding(
            Level.REVIEW,
            f"{HOUSE}/figures",
            table.name,
            table.where_all(words),
            "words stand where a figure is expected: they may tell a count that was not looked at",
            "print plain numbers and a pack's own symbol for what is hidden",
        )


def _unlike(table: Table, cells: Cells) -> Iterator[Finding]:
    """Figures that the method the evidence names can't have made: it is an author's word, and excuses small counts."""
    base, spread = table.base or 0, table.spread
    least = 2 if table.method == "round" else 1
    if base < least or spread is None or table.truth is None:
        message, wrong = "the evidence names a method and not what the figures stood on", np.array([0])
    else:
        message = "the printed figure can't come from the method the evidence names"
        off = (np.mod(cells.low, base) != 0) | (np.abs(cells.low - table.truth) > spread)
        wrong = np.flatnonzero(cells.numbers & off)
    if len(wrong):
        yield Finding(
            Level.FAIL,
            f"{HOUSE}/evidence",
            table.name,
            table.where_all(wrong),
            message,
            "protect the table again; don't edit its evidence by hand",
        )


def _unsummed(table: Table) -> Iterator[Finding]:
    """Members called total that aren't the sum of the others: an attack can't be made on totals that aren't."""
    for family, names in zip(table.parents, table.members, strict=True):
        if not family and len(names) > 2 and any(map(is_total, names)):
            yield Finding(
                Level.REVIEW,
                f"{HOUSE}/totals",
                table.name,
                "whole table",
                "what is called a total isn't the sum of its parts",
                "correct the table, or say in the request why parts don't add up",
            )


def _row(rows: object, at: int) -> tuple[Ints, Floats]:
    part = slice(rows.indptr[at], rows.indptr[at + 1])  # type: ignore[attr-defined]
    return rows.indices[part], rows.data[part]  # type: ignore[attr-defined]


def _many(table: Table) -> str:
    return {"child": "children", "household": "households", "person": "people"}.get(
        table.unit or "", f"{table.unit}s" if table.unit else "(rows counted, not children)"
    )


def small(table: Table, rules: Rules) -> Bools:
    """Which cells a pack wants hidden, by the units behind them."""
    return forbidden(np.zeros(len(table), np.int64) if table.units is None else table.units, rules)


def forbidden(counts: Ints, rules: Rules) -> Bools:
    """Which of these counts some pack forbids to show."""
    kinds, which = np.unique(counts, return_inverse=True)
    hidden = np.array([rules.hides(int(count)) is not None for count in kinds], bool)
    return hidden[which.reshape(-1)]
