"""Sums and means: does one child, or a few, make up most of a figure?

Dominance is judged on absolute contributions by child, so that a refund doesn't switch the check off and a child
with many rows is one contributor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from disclosure.counting import Amounts
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Bools, Ints
from disclosure.table import Table


def dominance(table: Table, found: Amounts, rules: Rules) -> Iterator[Finding]:
    """(n, k): the n largest may not make up k % or more; p %: all but the two largest at least p % of the largest."""
    for pack, clause in _clauses(rules):
        for n, k in clause.get("rules", ()):
            share = found.top[: int(n)].sum(axis=0) * 100
            heavy = (share >= k * found.absolute) & (found.absolute > 0)
            yield from _told(
                table, heavy, f"{pack}/dominance", f"{n} of the children make up {k} % or more of it"
            )
        if p := clause.get("p_percent"):
            rest = found.absolute - found.top.sum(axis=0)
            near = (rest < p / 100 * found.top[0]) & (found.absolute > 0)
            message = f"the second largest contributor can work the largest out to within {p} %"
            yield from _told(table, near, f"{pack}/p-percent", message)


def _clauses(rules: Rules) -> Iterator[tuple[str, dict[str, Any]]]:
    named = [pack for pack in rules.packs if "dominance" in pack.clauses]
    for pack in named or [rules.house]:
        yield pack.name, dict(pack.clauses["dominance"])


def _told(table: Table, cells: Bools, rule: str, message: str) -> Iterator[Finding]:
    for cell in np.flatnonzero(cells):
        yield Finding(
            Level.FAIL,
            rule,
            table.name,
            table.where(cell),
            message,
            "merge the category with others, or leave the largest contributors out and say so",
        )


def enough(table: Table, units: Ints, rules: Rules, *, clause: str) -> Iterator[Finding]:
    """A mean, median, standard deviation or the like needs as many children as the pack says."""
    least, pack = rules.largest(clause, "least")
    floor = rules.least or 0
    if floor > (least or 0):
        least, pack = floor, next((pack.name for pack in rules.packs if pack.hidden), HOUSE)
    if not least:
        return
    for cell in np.flatnonzero((units > 0) & (units < least)):
        yield Finding(
            Level.FAIL,
            f"{pack}/{clause}",
            table.name,
            table.where(cell),
            f"a figure over fewer than {least} children",
            "merge categories, or leave the figure out",
        )
