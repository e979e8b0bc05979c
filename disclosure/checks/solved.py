"""The attack as a check: what a reader can work out of a table with hidden or rounded figures.

With evidence the true table is the point the attack starts from, and every small hidden cell must be able to be
large enough and smaller than it is. Without evidence the print alone is attacked: a hidden cell that comes out
exactly, or that can't reach the threshold, fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from disclosure.attack import Leak, System, Work, audit, split
from disclosure.checks.counts import small
from disclosure.exact import prove_whole
from disclosure.findings import Finding, Level
from disclosure.linear import FREE, Program
from disclosure.packs import HOUSE, Rules
from disclosure.shown import Bools, Cells, Floats, Ints, Kind
from disclosure.table import Table

SOLVED = "attack"
SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Attacked:
    """What came of an attack: findings, and the certificate for the evidence."""

    findings: tuple[Finding, ...]
    certificate: dict[str, Any]


def attack_table(table: Table, cells: Cells, rules: Rules, *, prove: bool = False) -> Attacked:
    """Attack a table: by its truth where evidence tells it, else by what is printed.

    With `prove` the witnesses are found again in whole numbers and counted in the certificate.
    """
    if not (cells.kind != Kind.NUMBER).any() and not table.base:
        return Attacked((), {"attacked": 0, "why": "every figure is printed and none is rounded"})
    if table.kind == "sum":  # what was added up isn't told: only what comes out exactly is a leak to be seen
        return _from_print(table, cells, rules)
    if table.truth is not None:
        return _with_truth(table, cells, rules, prove=prove)
    return _from_print(table, cells, rules)


def ends(table: Table, cells: Cells) -> tuple[Floats, Floats]:
    """Between which ends each cell lies for a reader of the print."""
    low, high = cells.low.copy(), cells.high.copy()
    if table.base:
        width = table.base // 2 if table.spread is None else table.spread
        printed = cells.numbers
        low[printed] = np.maximum(low[printed] - width, 0.0)
        high[printed] = high[printed] + width
    return np.maximum(low, 0.0), np.minimum(high, FREE)


def _with_truth(table: Table, cells: Cells, rules: Rules, *, prove: bool) -> Attacked:
    truth = table.truth
    assert truth is not None  # noqa: S101  (the caller has looked)
    point = truth.astype(float)
    rows = table.known()
    low, high = ends(table, cells)
    system = System(rows, point, np.maximum(point - low, 0.0), np.maximum(high - point, 0.0))
    hidden = ~cells.numbers & (cells.kind != Kind.NOTHING)
    targets = np.flatnonzero(small(table, rules) & (hidden | bool(table.base)))
    targets = targets[~_structural(table)[targets]]
    work, least = Work(), rules.least or 1
    rise, fall = _needs(point[targets], least, interval=_interval(rules))
    leaks = audit(system, targets, rise, fall, work=work)
    if table.base:  # a rounded figure may be known to be small when it may also be nothing at all
        leaks = [leak for leak in leaks if (leak.side > 0 and low[leak.cell] >= 1) or hidden[leak.cell]]
    exact = _exact_when_nonzero(table, cells, system, targets)
    findings = [
        _finding(table, rules, cell, "above", least) for cell in sorted({leak.cell for leak in leaks})
    ]
    findings += [_finding(table, rules, cell, "exact", least) for cell in exact]
    certificate = _certificate(rules, targets, leaks, work, hidden, len(exact))
    if prove and not findings:
        certificate["whole_numbers"] = prove_whole(system, targets, rise, fall).as_dict()
    return Attacked(tuple(findings), certificate)


def _needs(point: Floats, least: int, *, interval: bool) -> tuple[Floats, Floats]:
    rise = np.maximum(least - point, 1.0) if interval else np.ones(len(point))
    return rise, np.minimum(point, 1.0)


def _interval(rules: Rules) -> bool:
    """Whether a hidden cell must be able to reach the threshold; else it must only not come out exactly."""
    asked = [pack.clauses["secondary"]["required"] for pack in rules.packs if "secondary" in pack.clauses]
    return any(asked) or not asked


def _structural(table: Table) -> Bools:
    return np.zeros(len(table), bool) if table.structural is None else table.structural


def _exact_when_nonzero(table: Table, cells: Cells, system: System, targets: Ints) -> list[int]:
    """Cells that come out exactly for a reader who knows that a hidden cell is never zero."""
    if not len(targets) or not (cells.numbers & (cells.low == 0)).any() or table.base:
        return []
    if (system.point[targets] == 0).any():
        return []  # zeros are hidden like small counts here
    known = replace(system, down=np.where(system.down > 0, np.maximum(system.point - 1, 0.0), 0.0))
    ones = np.ones(len(targets))
    leaks = audit(known, targets, ones, ones)
    sides: dict[int, set[int]] = {}
    for leak in leaks:
        sides.setdefault(leak.cell, set()).add(leak.side)
    return sorted(cell for cell, both in sides.items() if len(both) == 2)


def _certificate(
    rules: Rules, targets: Ints, leaks: list[Leak], work: Work, hidden: Bools, exact: int
) -> dict[str, Any]:
    least = rules.least or 1
    reach = f"reach {least} and fall below the truth" if _interval(rules) else "rise and fall"
    return {
        "attacked": len(targets),
        "hidden": int(hidden.sum()),
        "leaks": len({leak.cell for leak in leaks}) + exact,
        "level": f"every small hidden count can {reach}",
        "sides": work.sides,
        "by_direction": work.by_direction,
        "programs": work.programs,
        "model": "linear relaxation over the totals, no count below zero",
    }


def _finding(table: Table, rules: Rules, cell: int, how: str, least: int) -> Finding:
    pack = next((pack.name for pack in rules.packs if pack.hidden), HOUSE)
    message = {
        "exact": "a reader can work the hidden figure out exactly from the totals",
        "above": f"a reader can work out from the totals that the hidden figure is too near its true value"
        f" (it can't be {least} or more, or can't be smaller)",
        "small": f"a reader can work out from the totals that the hidden figure is below {least}",
    }[how]
    return Finding(
        Level.FAIL,
        f"{pack}/{SOLVED}",
        table.name,
        table.where(cell),
        message,
        "hide a second cell in its row and column, or the total: `tre protect --method suppress` finds which",
    )


# ---------------------------------------------------------------- without evidence: the print alone


def _from_print(table: Table, cells: Cells, rules: Rules) -> Attacked:
    rows, low, high = consistent(table, cells)
    targets = np.flatnonzero(~cells.numbers & (cells.kind != Kind.NOTHING) & (high > low))
    if not len(targets) or not rows.shape[0]:
        return Attacked((), {"attacked": len(targets), "why": "no totals tie the hidden figures down"})
    least = 0 if table.kind == "sum" else rules.least or 1
    work = Work()
    found: dict[int, str] = {}
    passes = [low]
    if (cells.numbers & (cells.low == 0)).any():  # zeros are printed, so a hidden cell isn't one
        passes.append(np.where(cells.hidden, np.maximum(low, 1.0), low))
    for number, floor in enumerate(passes):
        point = feasible(rows, floor, high)
        if point is None:
            if number:
                continue
            return Attacked(
                (_contradictory(table),), {"attacked": 0, "why": "the totals contradict each other"}
            )
        system = System(rows, point, point - floor, high - point)
        for cell, how in _weak(system, targets, least if not number else 1, work):
            found.setdefault(cell, how)
    findings = tuple(_finding(table, rules, cell, how, least) for cell, how in sorted(found.items()))
    return Attacked(
        findings,
        {
            "attacked": len(targets),
            "hidden": len(targets),
            "leaks": len(findings),
            "level": f"every hidden figure can be {least} or more, and none comes out exactly",
            "programs": work.programs,
            "model": "linear relaxation over the totals, no count below zero; from the print alone",
        },
    )


def consistent(table: Table, cells: Cells) -> tuple[sp.csr_matrix, Floats, Floats]:
    """The equations nothing printed speaks against, and every cell's ends."""
    low, high = ends(table, cells)
    rows = table.equations()
    if rows.shape[0]:
        plus, minus = rows.maximum(0), (-rows).maximum(0)
        top, bottom = np.minimum(high, FREE), low
        above = plus @ top - minus @ bottom
        below = plus @ bottom - minus @ top
        rows = rows[(above >= -SLACK) & (below <= SLACK)]
    return rows, low, high


def feasible(rows: sp.csr_matrix, low: Floats, high: Floats) -> Floats | None:
    """Some world that keeps all equations and ends; None when there is none."""
    if (low > high).any():
        return None
    program = Program(rows, low, high, presolve=True, primal=False)
    return np.clip(program.values, low, high) if program.solve() else None


def _weak(system: System, targets: Ints, least: int, work: Work) -> Iterator[tuple[int, str]]:
    """Hidden cells that come out exactly, or can't reach `least`."""
    for piece, inside in split(system, targets):
        at = np.searchsorted(piece.cells, inside)
        top, bottom = piece.point[at].copy(), piece.point[at].copy()
        if not piece.rows.shape[0]:
            continue
        program = piece.program()
        for number in range(len(at)):
            for side in (1, -1):
                if top[number] >= least - SLACK and top[number] - bottom[number] >= 1 - SLACK:
                    break
                answer = program.far(int(at[number]), side)
                work.programs += 1
                if answer is not None:
                    world = piece.point[at] + answer[0][at]
                    top, bottom = np.maximum(top, world), np.minimum(bottom, world)
            whole_top, whole_bottom = np.floor(top[number] + SLACK), np.ceil(bottom[number] - SLACK)
            if whole_top - whole_bottom < 1:
                yield int(inside[number]), "exact"
            elif whole_top < least:
                yield int(inside[number]), "small"


def _contradictory(table: Table) -> Finding:
    return Finding(
        Level.REVIEW,
        f"{HOUSE}/totals",
        table.name,
        "whole table",
        "the totals contradict each other, so the hidden figures could not be attacked",
        "correct the totals",
    )
