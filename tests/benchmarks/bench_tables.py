"""Checked tables beside pandas' own, on the same invented children in the same process: CPU ratios, medians of three.

    python tests/benchmarks/bench_tables.py [--rows 1000000] [--acro PYTHON]

153 authorities by 9 needs, categories; once with one row a child and once with two rows a child on average. `--acro`
names a Python that holds acro; it times the same tables there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

AUTHORITIES, NEEDS = 153, 9


def children(rows: int, people: int) -> pd.DataFrame:
    """Invented children: authority, need, who, and a cost."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "authority": pd.Categorical.from_codes(
                rng.integers(0, AUTHORITIES, rows), pd.Index([f"authority {at}" for at in range(AUTHORITIES)])
            ),
            "need": pd.Categorical.from_codes(
                rng.integers(0, NEEDS, rows), pd.Index([f"need {at}" for at in range(NEEDS)])
            ),
            "child": rng.permutation(rows) if people >= rows else rng.integers(0, people, rows),
            "cost": rng.gamma(2, 50, rows),
        }
    )


def cpu(work: Callable[[], object], times: int = 3) -> float:
    """Median CPU seconds of a piece of work."""
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return float(np.median(took))


def jobs(frame: pd.DataFrame, session: Any) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Each table as pandas makes it and as the session does."""
    a, b, v = frame.authority, frame.need, frame.cost
    return {
        "count": (lambda: pd.crosstab(a, b), lambda: session.crosstab(a, b)),
        "count, margins": (
            lambda: pd.crosstab(a, b, margins=True),
            lambda: session.crosstab(a, b, margins=True),
        ),
        "mean": (
            lambda: pd.crosstab(a, b, values=v, aggfunc="mean"),
            lambda: session.crosstab(a, b, v, aggfunc="mean"),
        ),
    }


def main() -> None:
    """Print one line a table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--acro", help="a Python that holds acro")
    told = asked.parse_args()
    import disclosure

    for label, people in (("one row a child", told.rows), ("two rows a child", told.rows // 2)):
        frame = children(told.rows, people)
        session = disclosure.session(pack="ons-srs", unit="child", data=frame)
        for name, (plain, checked) in jobs(frame, session).items():
            base, ours = cpu(plain), cpu(checked)
            print(
                f"{told.rows:>10,} rows, {label:<16} {name:<15} pandas {base:6.3f} s, checked {ours / base:5.2f}x"
            )
        began = time.process_time()
        session.crosstab(frame.authority, frame.need, margins=True, name="last")
        session.protect("last")
        print(
            f"{'':>10} {'':<23} suppressed, from rows to audited table {time.process_time() - began:6.3f} s"
        )
    if told.acro:
        subprocess.run([told.acro, "-c", ACRO, str(told.rows)], check=False)


ACRO = """
import sys, time, logging, numpy as np, pandas as pd
logging.disable(logging.CRITICAL)
from acro import ACRO
rows = int(sys.argv[1]); rng = np.random.default_rng(0)
frame = pd.DataFrame({"authority": pd.Categorical.from_codes(rng.integers(0, 153, rows), [f"authority {i}" for i in range(153)]),
                      "need": pd.Categorical.from_codes(rng.integers(0, 9, rows), [f"need {i}" for i in range(9)]), "cost": rng.gamma(2, 50, rows)})
def cpu(work):
    took = []
    for _ in range(3):
        t = time.process_time(); work(); took.append(time.process_time() - t)
    return sorted(took)[1]
session = ACRO(suppress=False)
for name, plain, checked in (("count", lambda: pd.crosstab(frame.authority, frame.need), lambda: session.crosstab(frame.authority, frame.need)),
                             ("mean", lambda: pd.crosstab(frame.authority, frame.need, values=frame.cost, aggfunc="mean"), lambda: session.crosstab(frame.authority, frame.need, values=frame.cost, aggfunc="mean"))):
    base = cpu(plain); print(f"{rows:>10,} rows, acro {name:<15} pandas {base:6.3f} s, checked {cpu(checked) / base:5.2f}x")
"""


if __name__ == "__main__":
    sys.exit(main())
