"""The ways to protect a table of counts: hide cells, round, or perturb by the cells' keys.

Each takes a table with the truth behind it, the rules and what was wished, and hands back the table printed anew with its
settings and what was lost. Whether the result holds is not its own to say: `protection` has it checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from disclosure.cellkey import perturb
from disclosure.check import printed
from disclosure.checks.counts import small
from disclosure.packs import Rules
from disclosure.rounding import change, least_base, round_counts
from disclosure.shown import Bools, Ints
from disclosure.suppress import Pattern, solve
from disclosure.suppress.problem import problem
from disclosure.suppress.singletons import guarded
from disclosure.table import Table
from tre_toolkit.errors import TreError


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a method is told beside table and rules."""

    seconds: float = 60.0
    must_publish: tuple[str, ...] = ()
    key: bytes | None = None  # the secret of random rounding
    keys: Ints | None = None  # the cells' keys, for perturbation
    base: int | None = None
    how: str | None = None
    singletons: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What a method hands back: the table printed anew, its settings, what was lost."""

    table: Table
    method: str
    settings: Mapping[str, Any]
    lost: Mapping[str, Any]


def with_truth(table: Table, rules: Rules) -> Table:
    """The table with the figures behind it: evidence's, or the print's own where nothing is hidden."""
    if table.kind != "count":
        raise TreError("only tables of counts can be protected", where=table.name)
    if table.method:
        raise TreError(
            "the table is protected already", where=table.name, hint="protect the one it was made from"
        )
    if table.units is not None:
        return table
    cells = printed(table, rules)
    if not (cells.numbers.all() and cells.whole):
        raise TreError(
            "the table hides figures or prints something else than counts, and has no evidence",
            where=table.name,
            hint="protect the table it was made from",
        )
    return replace(table, units=np.round(cells.low).astype(np.int64))


def _truth(table: Table) -> Ints:
    """The figures behind the table, which `with_truth` has seen to."""
    truth = table.truth
    assert truth is not None  # noqa: S101
    return truth


def _suppress(table: Table, rules: Rules, wishes: Wishes) -> Done:
    least = rules.least
    if least is None:
        raise TreError(
            "no named pack has a confirmed threshold", hint="chain one that has, such as --pack dfe-cin"
        )
    truth = _truth(table)
    targets = small(table, rules)
    if table.structural is not None:
        targets &= ~table.structural
    already = ~printed(table, rules).numbers
    rows = table.known()
    asked = problem(
        rows,
        truth.astype(float),
        np.flatnonzero(targets | already),
        least=least,
        never=_published(table, wishes.must_publish),
    )
    find = guarded if wishes.singletons else solve
    pattern = find(asked, seconds=wishes.seconds)
    if pattern is None:
        raise TreError(
            "no pattern of hidden cells protects this table",
            where=table.name,
            hint="merge categories, leave out a total, or round instead",
        )
    hidden = np.zeros(len(table), bool)
    hidden[list(pattern.hidden)] = True
    return suppressed(table, rules, pattern, hidden)


def suppressed(table: Table, rules: Rules, pattern: Pattern, hidden: Bools) -> Done:
    """The table with these cells hidden, and what that cost; the pattern may be over several tables."""
    truth = _truth(table)
    targets = small(table, rules)
    shown = np.where(hidden, rules.symbol, np.array(table.shown, dtype=object))
    further = int(hidden.sum() - targets.sum())
    total = float(truth.sum()) or 1.0
    return Done(
        table.with_shown(tuple(map(str, shown))),
        "suppress",
        {
            "symbol": rules.symbol,
            "small": int(targets.sum()),
            "further": further,
            "bound": float(np.ceil(pattern.bound - 1e-6)),
            "proved_optimal": bool(pattern.proved),
            "gap": round(float(pattern.gap), 4),
            "stopped_by_clock": pattern.by_clock,
        },
        {
            "cells": int(hidden.sum()),
            "of": len(table),
            "share_of_children": round(float(truth[hidden].sum()) / total, 4),
        },
    )


def _published(table: Table, labels: Sequence[str]) -> Ints:
    """The cells that must be published: those with one of these labels."""
    found = np.zeros(len(table), bool)
    for at, members in enumerate(table.members):
        wanted = [number for number, member in enumerate(members) if member in labels]
        found |= np.isin(table.codes[:, at], wanted)
    return np.flatnonzero(found)


def _round(table: Table, rules: Rules, wishes: Wishes) -> Done:
    truth = _truth(table)
    asked, _ = rules.largest("rounding", "base")
    base = wishes.base or asked or least_base(rules.least or 1)
    how = wishes.how or ("nearest" if asked else "controlled")
    labels = ["\x1f".join(table.members[at][code] for at, code in enumerate(codes)) for codes in table.codes]
    done = round_counts(truth, base, how=how, rows=table.known(), key=wishes.key, labels=labels)
    shown = np.array([str(figure) for figure in done.figures], dtype=object)
    hidden = small(table, rules) if asked else np.zeros(len(table), bool)  # such packs hide first, then round
    shown[hidden] = rules.symbol
    mean, most = change(truth, done.figures)
    return Done(
        replace(table.with_shown(tuple(shown)), base=base, spread=done.spread, method="round"),
        "round",
        {"base": base, "spread": done.spread, "how": how, "least_change_proved": done.proved},
        {"mean_change": round(mean, 3), "largest_change": most, "hidden": int(hidden.sum())},
    )


def _cell_key(table: Table, rules: Rules, wishes: Wishes) -> Done:
    truth = _truth(table)
    if wishes.keys is None:
        raise TreError(
            "no cell keys come with this table: they are made from the children in each cell",
            where=table.name,
            hint="make the table in a session with record keys: session.crosstab(..., record_keys=...)",
        )
    noisy = perturb(truth, wishes.keys.reshape(-1), least=rules.least or 1)
    mean, most = change(truth, noisy.figures)
    shown = tuple(str(figure) for figure in noisy.figures)
    return Done(
        replace(table.with_shown(shown), base=1, spread=noisy.spread, method="cell-key"),
        "cell-key",
        {"base": 1, "spread": noisy.spread, "variance": noisy.variance},
        {"mean_change": round(mean, 3), "largest_change": most},
    )


WAYS: Mapping[str, Callable[[Table, Rules, Wishes], Done]] = {
    "suppress": _suppress,
    "round": _round,
    "cell-key": _cell_key,
}
