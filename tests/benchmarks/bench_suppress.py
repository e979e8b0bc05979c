"""Secondary suppression on the five tables: further cells, bound, proof and CPU seconds, the audit included.

    python tests/benchmarks/bench_suppress.py [TABLE …] [--seed 0]

The tables are made by this project's own generator (`disclosure_tables.py`): shapes and shares of small cells of real
releases, invented counts. They are not the tables of other people's papers.

Both levels of protection: `±1` (a reader must be able to believe in one more and one less) and `threshold` (in a
figure that could be shown, and in one less). Every pattern is put through the attack once more.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from disclosure_tables import SHAPES, make

from disclosure.suppress import solve
from disclosure.suppress.problem import problem


def run(name: str, *, interval: bool, seed: int = 0, least: int = 6, seconds: float = 60.0) -> str:
    """One table at one level, as a line."""
    made = make(name, seed)
    asked = problem(made.rows, made.counts, made.small(least), least=least, interval=interval)
    began = time.process_time()
    pattern = solve(asked, seconds=seconds)
    took = time.process_time() - began
    level = "threshold" if interval else "±1"
    if pattern is None:
        return f"{name:<12} {level:<10} no pattern {took:8.2f} s"
    failing = len(asked.audit(pattern.hidden))
    proof = "proved" if pattern.proved else f"gap {pattern.gap:.1%}"
    return (
        f"{name:<12} {level:<10} {len(asked.small):>6} small {pattern.cost:>6.0f} further, bound"
        f" {np.ceil(pattern.bound - 1e-6):>6.0f} {proof:<9} {pattern.rounds:>3} rounds {took:8.2f} s  failing {failing}"
    )


def main() -> None:
    """Print one line a table and level."""
    asked = argparse.ArgumentParser()
    asked.add_argument("tables", nargs="*", default=list(SHAPES))
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--seconds", type=float, default=60.0)
    told = asked.parse_args()
    for name in told.tables:
        for interval in (False, True):
            print(run(name, interval=interval, seed=told.seed, seconds=told.seconds), flush=True)


if __name__ == "__main__":
    main()
