"""Percentages, odds and risk ratios: the counts they can be turned back into.

A percentage with a known base gives its numerator and its complement; two decimals of a share give the counts when
the group is small. So numerator, denominator and complement are held to the threshold of counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Ints
from disclosure.table import Table


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
