"""Survival and incidence curves: every step of the curve is a small table of who was at risk and to whom it happened."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from disclosure.findings import Finding, Level
from disclosure.packs import Rules
from disclosure.shown import Ints


def steps(
    at_risk: Ints, events: Ints, rules: Rules, *, name: str, where: str, censored: Ints | None = None
) -> Iterator[Finding]:
    """Steps of one curve: at each one enough children at risk, and enough to whom it happened (or nobody)."""
    asked, pack = rules.largest("survival", "least")
    least = max(asked or 0, rules.least or 0)
    fix = "merge time steps (`merge=True`), and end the curve where fewer are at risk"
    told = {
        "fewer than {} children at risk at the end of the curve": at_risk < least,
        "steps with fewer than {} events": (events > 0) & (events < least),
    }
    if censored is not None and len(at_risk):
        told["fewer than {} children leave observation between two printed steps"] = (censored > 0) & (
            censored < least
        )
    for message, wrong in told.items():
        if wrong.any():
            yield Finding(
                Level.FAIL,
                f"{pack}/survival",
                name,
                f"{where}, {int(np.sum(wrong))} of {len(wrong)} steps",
                message.format(least),
                fix,
            )
