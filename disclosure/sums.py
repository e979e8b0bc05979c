"""Sums protected by suppression: a reader, the second largest contributor too, stays far enough from the largest one's part.

A cell is hidden when a child makes up too much of it, or too few children do. How far its figure must be able to move
follows from the rule that it broke: under p % the largest part must stay uncertain by p % of itself for the second
largest, under (n, k) the sum must be able to be so large that the n largest are no more than k % of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from disclosure.check import check_table
from disclosure.checks.counts import forbidden
from disclosure.counting import Amounts
from disclosure.files.delimited import Grid
from disclosure.findings import Finding, verdict_of
from disclosure.packs import Rules
from disclosure.protection import Protected
from disclosure.shown import Floats
from disclosure.suppress import solve
from disclosure.suppress.problem import problem
from disclosure.table import Table
from tre_toolkit.errors import TreError


def levels(found: Amounts, rules: Rules) -> Floats:
    """How far above and below its figure each cell must be able to be; 0 where it may be shown."""
    need = np.zeros(len(found.sums))
    named = [pack for pack in rules.packs if "dominance" in pack.clauses] or [rules.house]
    for clause in (pack.clauses["dominance"] for pack in named):
        for n, k in clause.get("rules", ()):
            largest = found.top[: int(n)].sum(axis=0)
            need = np.maximum(need, np.where(found.absolute > 0, 100 / k * largest - found.absolute, 0.0))
        if p := clause.get("p_percent"):
            rest = found.absolute - found.top.sum(axis=0)
            need = np.maximum(need, p / 100 * found.top[0] - rest)
    few = forbidden(found.units, rules) & (found.units > 0)
    share = rules.largest("dominance", "few_percent")[0] or 0  # of the sum, where too few children are in it
    return np.asarray(np.where(few, np.maximum(need, share / 100 * found.absolute), need))


def protect_sums(
    table: Table,
    grid: Grid,
    found: Amounts,
    rules: Rules,
    *,
    seconds: float = 60.0,
    told: Mapping[str, Any] | None = None,
    families: Sequence[Finding] = (),
) -> Protected:
    """Hide the sums that give a child away and as few others as keep them hidden.

    Raises TreError for sums with negative parts, or when no pattern protects them.
    """
    if found.negative:
        raise TreError(
            "sums with negative parts can't be protected by hiding cells",
            where=table.name,
            hint="give incomings and outgoings apart, or merge categories",
        )
    need = levels(found, rules)
    primary = np.flatnonzero(need > 1e-9)
    asked = problem(table.equations(), found.sums, primary, least=0, upper=need, lower=need)
    pattern = solve(asked, seconds=seconds)
    if pattern is None:
        raise TreError(
            "no pattern of hidden cells protects these sums",
            where=table.name,
            hint="merge categories, or leave out a total",
        )
    hidden = np.zeros(len(table), bool)
    hidden[list(pattern.hidden)] = True
    shown = np.where(hidden, rules.symbol, np.array(table.shown, dtype=object))
    places = {table.where(cell) for cell in np.flatnonzero(hidden)}
    left = [finding for finding in families if finding.where not in places]
    done = table.with_shown(tuple(map(str, shown)))
    verdict = check_table(done, rules).and_(verdict_of(left, packs=rules.named()))
    settings = {
        "symbol": rules.symbol, "small": len(primary), "further": int(hidden.sum()) - len(primary),
        "bound": float(np.ceil(pattern.bound - 1e-6)), "proved_optimal": bool(pattern.proved),
        "gap": round(float(pattern.gap), 4), "stopped_by_clock": pattern.by_clock,
    }  # fmt: skip
    whole = float(np.abs(found.sums).sum()) or 1.0
    lost = {
        "cells": int(hidden.sum()),
        "of": len(table),
        "share": round(float(np.abs(found.sums[hidden]).sum()) / whole, 4),
    }
    return Protected(done, "suppress", settings, lost, verdict, grid, told or {})
