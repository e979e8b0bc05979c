"""Standard deviations, correlations, Gini and concentration: figures that need enough children to hide any one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from disclosure.counting import Amounts
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Floats


def correlation(values: Floats, units: int, rules: Rules, *, name: str, where: str) -> Iterator[Finding]:
    """Correlations over `units` children: enough of them, and none exactly +1 or -1."""
    least, pack = rules.largest("correlation", "least")
    fix = "take a larger group, or leave the correlation out"
    if least and units < least:
        yield Finding(
            Level.FAIL,
            f"{pack}/correlation",
            name,
            where,
            f"a correlation over fewer than {least} children",
            fix,
        )
    if (np.abs(np.abs(values) - 1) < 1e-12).any():
        yield Finding(
            Level.FAIL,
            f"{pack}/correlation",
            name,
            where,
            "a correlation of exactly 1 or -1 gives one variable away from the other",
            fix,
        )


def concentration(found: Amounts, rules: Rules, *, name: str, where: str) -> Iterator[Finding]:
    """Gini and Herfindahl: enough children, and no one of them dominant (the index would be near his share)."""
    least, pack = rules.largest("quantiles", "least")
    units = int(found.units.sum())
    fix = "take a larger group"
    if least and units < least:
        yield Finding(
            Level.FAIL,
            f"{pack}/concentration",
            name,
            where,
            f"an index over fewer than {least} children",
            fix,
        )
    share = float(found.top[0].sum() / found.absolute.sum()) if found.absolute.sum() > 0 else 0.0
    if share >= 0.5:
        yield Finding(
            Level.FAIL,
            f"{HOUSE}/dominance",
            name,
            where,
            "one child makes up half or more: the index gives that share away",
            fix,
        )
