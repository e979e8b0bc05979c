"""Minimum, maximum, quantiles and the mode: figures that are, or are near, one child's own value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Ints
from disclosure.table import Table


def endpoints(table: Table, units: Ints, rules: Rules, *, what: str) -> Iterator[Finding]:
    """A minimum or maximum is one child's value, however large the group."""
    pack = rules.forbids("endpoints")
    if pack is None:
        return
    at = np.flatnonzero(units > 0)
    if len(at):
        yield Finding(
            Level.FAIL,
            f"{pack}/endpoints",
            table.name,
            table.where_all(at),
            f"a {what} is one child's own value",
            "give a percentile with enough children on either side, or a broad band",
        )


def quantiles(table: Table, units: Ints, share: float, rules: Rules) -> Iterator[Finding]:
    """Enough children must lie on either side of a quantile (`share` from 0 to 1)."""
    least, pack = rules.largest("quantiles", "least")
    if not least:
        return
    if share in (0.0, 1.0):
        yield from endpoints(table, units, rules, what="minimum" if share == 0 else "maximum")
        return
    side = np.floor(units * min(share, 1 - share))
    for cell in np.flatnonzero((units > 0) & (side < least)):
        yield Finding(
            Level.FAIL,
            f"{pack}/quantiles",
            table.name,
            table.where(cell),
            f"fewer than {least} children lie on one side of this quantile",
            "take a quantile nearer the middle, or merge categories",
        )


def mode(table: Table, units: Ints, most: Ints, rules: Rules) -> Iterator[Finding]:
    """The most frequent value tells what nearly everybody has, or what very few have."""
    least = rules.least or 0
    share, pack = rules.smallest("group", "share")
    for cell in np.flatnonzero(units > 0):
        if most[cell] < least:
            yield Finding(
                Level.FAIL,
                f"{HOUSE}/mode",
                table.name,
                table.where(cell),
                f"fewer than {least} children have the most frequent value",
                "merge categories until enough children share it",
            )
        elif share and most[cell] * 100 >= share * units[cell]:
            yield Finding(
                Level.FAIL,
                f"{pack}/mode",
                table.name,
                table.where(cell),
                f"at least {share} % of the group have this one value",
                "leave the mode out, or merge groups",
            )
