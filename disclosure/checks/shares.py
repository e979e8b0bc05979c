"""Percentages, odds and risk ratios: the counts they can be turned back into.

A percentage with a known base gives its numerator and its complement; two decimals of a share give the counts when
the group is small. So numerator, denominator and complement are held to the threshold of counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Ints, Kind, read_cells
from disclosure.table import Table
from disclosure.totals import is_total

_PERCENT = re.compile(r"%|\bper ?cent(age)?\b|\bshare\b|\bpct\b", re.IGNORECASE)
WHOLES = frozenset(["children", "all", "n", "number", "base", "denominator", "pupils", "people"])


def percentages(table: Table, part: Ints, whole: Ints, rules: Rules) -> Iterator[Finding]:
    """A share stands on `part` of `whole` children: neither, nor what is left, may be small."""
    least, pack = rules.largest("percentages", "least")
    floor = rules.least or 0
    if floor >= (least or 0):
        least, pack = floor, next((pack.name for pack in rules.packs if pack.hidden), HOUSE)
    if not least:
        return
    told = (("numerator", part), ("denominator", whole), ("complement", whole - part))
    for cell in range(len(part)):
        small = [name for name, count in told if 0 < count[cell] < least]
        if small:
            yield Finding(
                Level.FAIL,
                f"{pack}/percentages",
                table.name,
                table.where(cell),
                f"the {' and '.join(small)} of this percentage "
                f"{'is' if len(small) == 1 else 'are'} fewer than {least} children",
                "leave the percentage out, or merge categories",
            )


def odds(counts: Ints, rules: Rules, *, name: str, where: str) -> Iterator[Finding]:
    """An odds or risk ratio gives its two-by-two table away: all four counts are held to the threshold."""
    least = rules.least or 0
    if ((counts > 0) & (counts < least)).any():
        yield Finding(
            Level.FAIL,
            f"{HOUSE}/ratios",
            name,
            where,
            f"the two-by-two table under this ratio has a count below {least}",
            "merge groups before taking the ratio",
        )


def undone(grid: Grid, symbols: Iterable[str], rules: Rules) -> tuple[Grid, list[Finding]]:
    """The grid without its columns of percentages, and hidden counts narrowed to what those give back.

    `looked after %` beside a hidden `looked after` and a printed total says which counts would print as that share:
    they are written where the figure was hidden (`2-4`), so that the attack starts from them. What can only be small
    is a finding.
    """
    labels = grid.labels(symbols)
    share_of = {
        at: _plain(title) for at, title in enumerate(grid.header) if at >= labels and _PERCENT.search(title)
    }
    names = {_plain(title): at for at, title in enumerate(grid.header) if at >= labels and at not in share_of}
    pairs = {names[name]: at for at, name in share_of.items() if name in names}
    if not pairs or len(share_of) + labels == len(grid.header):
        return grid, []
    wholes = [at for name, at in names.items() if is_total(grid.header[at]) or name in WHOLES]
    rows, findings = [], []
    for number, row in enumerate(grid.rows):
        cells = read_cells(row, symbols)
        line = list(row)
        for at, share in pairs.items():
            if cells.kind[at] != Kind.HIDDEN or cells.kind[share] != Kind.NUMBER:
                continue
            found = [
                numerators(float(cells.low[share]), int(cells.decimals[share]), int(cells.low[whole]))
                for whole in wholes
                if cells.kind[whole] == Kind.NUMBER and cells.low[whole] == np.round(cells.low[whole]) >= 0
            ]
            ends = next((few for few in found if few is not None), None)
            if ends is None:
                continue
            line[at] = f"{ends[0]}-{ends[1]}"
            pack = rules.hides(ends[1])
            if pack is not None and ends[0] > 0:
                findings.append(_given_back(grid, pack.name, number, at))
        rows.append(tuple(line))
    kept = [at for at in range(len(grid.header)) if at not in share_of]
    counts = Grid(
        grid.name, tuple(grid.header[at] for at in kept), tuple(tuple(row[at] for at in kept) for row in rows)
    )
    return counts, findings


def _given_back(grid: Grid, pack: str, row: int, column: int) -> Finding:
    return Finding(
        Level.FAIL,
        f"{pack}/percentages",
        grid.name,
        f"row {row + 1}, column {column + 1}",
        "the percentage beside it and the total give the hidden count back, and it is small",
        "hide the percentage too, or print it with fewer decimals",
    )


def numerators(share: float, decimals: int, whole: int) -> tuple[int, int] | None:
    """The smallest and largest count of `whole` children that prints as this percentage; None where none does."""
    half = Fraction(1, 2 * 10**decimals)
    target = Fraction(str(share))
    low = math.ceil(max((target - half) * whole / 100, Fraction(0)))
    high = math.floor(min((target + half) * whole / 100, Fraction(whole)))
    return (low, high) if low <= high else None


def _plain(title: str) -> str:
    return " ".join(_PERCENT.sub(" ", title).replace("(", " ").replace(")", " ").casefold().split())


def possible_counts(share: float, decimals: int, most: int) -> list[tuple[int, int]]:
    """All (numerator, denominator) up to `most` that print as this percentage with these decimals.

    What an attacker tries who sees `share` and knows a group is small.
    """
    half = Fraction(1, 2 * 10**decimals)
    target = Fraction(str(share))
    found = []
    for whole in range(1, most + 1):
        low = int(np.ceil(float((target - half) * whole / 100) - 1e-12))
        high = int(np.floor(float((target + half) * whole / 100) + 1e-12))
        found += [(part, whole) for part in range(max(low, 0), min(high, whole) + 1)]
    return found
