"""The attack on final patterns, beside one that solves two linear programs a cell with scipy; and the joint attack.

python tests/benchmarks/bench_attack.py [--people 20000 --tables 10]
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait for each other count as CPU time

import numpy as np
from disclosure_tables import SHAPES, make
from scipy.optimize import linprog

from disclosure.attack import Work
from disclosure.joint import Released, attack_releases
from disclosure.suppress import solve
from disclosure.suppress.problem import Problem, problem

SAMPLE = 60  # cells the plain attacker is timed on


def plain(asked: Problem, hidden: np.ndarray) -> tuple[float, int]:
    """CPU seconds a plain attacker needs for two programs a cell (from a sample), and cells on which it disagrees."""
    rows = asked.rows[:, hidden]
    rows = rows[np.diff(rows.indptr) > 0]
    right = rows @ asked.point[hidden]
    cells = asked.small[:: max(1, len(asked.small) // SAMPLE)]
    began, other = time.process_time(), 0
    for cell in cells:
        cost = (hidden == cell).astype(float)
        for sign, need in ((-1, asked.rise[cell]), (1, asked.fall[cell])):
            found = linprog(sign * cost, A_eq=rows, b_eq=right, bounds=(0, None), method="highs")
            reached = np.inf if found.status == 3 else abs(found.fun * sign - asked.point[cell])
            other += reached < need - 1e-6
    return (time.process_time() - began) / len(cells) * len(asked.small), other


def tables(names: list[str]) -> None:
    """Audit each of the five tables' final pattern."""
    for name in names:
        made = make(name)
        asked = problem(made.rows, made.counts, made.small(6), least=6, interval=name != "20x20x10")
        pattern = solve(asked)
        if pattern is None:
            print(f"{name:<12} no pattern")
            continue
        work, began = Work(), time.process_time()
        failing = asked.audit(pattern.hidden, work=work)
        took = time.process_time() - began
        theirs, other = plain(asked, np.sort(np.fromiter(pattern.hidden, np.int64)))
        print(
            f"{name:<12} {work.sides:>6} sides, {work.by_direction / max(1, work.sides):4.0%} by directions, {work.programs:>4}"
            f" programs {took:7.3f} s; plain attacker {theirs:8.1f} s ({theirs / took:5.0f}x), failing {len(failing)}/{other}",
            flush=True,
        )


def releases(people: int, count: int) -> list[Released]:
    """Random two- and three-way tables over invented people, small cells not printed."""
    rng = np.random.default_rng(3)
    sizes = [12, 6, 18, 2, 5, 2, 2, 4, 2, 3]
    columns = [rng.choice(size, people, p=rng.dirichlet(np.full(size, 8.0))) for size in sizes]
    made = []
    for number in range(count):
        chosen = rng.choice(len(sizes), 2 + (number % 3 == 0), replace=False)
        cell = np.zeros(people, np.int64)
        for column in chosen:
            cell = cell * sizes[column] + columns[column]
        cell = np.unique(cell, return_inverse=True)[1]
        counts = np.bincount(cell)
        number_of = np.where(counts >= 10, np.cumsum(counts >= 10), 0)
        made.append(Released(f"table {number + 1}", number_of[cell], int(number_of.max())))
    return made


def main() -> None:
    """Print one line a table, then the joint attack."""
    asked = argparse.ArgumentParser()
    asked.add_argument("names", nargs="*", default=list(SHAPES))
    asked.add_argument("--people", type=int, default=20_000)
    asked.add_argument("--tables", type=int, default=10)
    told = asked.parse_args()
    tables(told.names)
    made = releases(told.people, told.tables)
    began = time.process_time()
    found = attack_releases(made)
    print(
        f"joint attack, {told.people:,} people x {told.tables} tables: {found.classes:,} classes, {found.small:,} small,"
        f" {found.worlds} worlds, {len(found.leaks)} leaks, {len(found.unsettled)} open, {time.process_time() - began:.2f} s"
    )
    dropped = [
        *made,
        Released(
            "again, one child dropped",
            np.where(np.arange(told.people) == 5, 0, made[0].member),
            made[0].cells,
        ),
    ]
    began = time.process_time()
    found = attack_releases(dropped, new=len(dropped) - 1)
    print(
        f"the same with one child dropped from table 1: {len(found.leaks)} leaks, {time.process_time() - began:.2f} s"
    )


if __name__ == "__main__":
    main()
