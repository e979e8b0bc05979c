"""Spells from overlapping episodes: the kernel on DuckDB, uncapped and under 500 MB, beside vectorised pandas.

    python tests/benchmarks/bench_spells.py [--children N] [--curve 10000,100000,1000000]

Eight episodes a child in four states, invented. Each way runs in a process of its own over the same Parquet
file; its CPU seconds and peak memory are what the system counts for it. All must give the same checksum.
The aims, against pandas in the same run: CPU 0.55 times, memory 0.5 times; at most 600 MB under the cap.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

STATES, EACH, UNTIL = 4, 8, 20_000
PRIME = 2_147_483_647


def invent(path: Path, children: int) -> None:
    """Write the episodes: child, state, d0, d1; overlapping, nested, some touching."""
    rng = np.random.default_rng(7)
    n = children * EACH
    first = rng.integers(10_000, 18_000, n, dtype=np.int32)
    length = np.minimum(rng.exponential(240, n).astype(np.int32) + 1, 1_900)
    table = pa.table(
        {
            "child": np.repeat(np.arange(1, children + 1, dtype=np.int32), EACH),
            "state": rng.integers(1, STATES + 1, n, dtype=np.int32),
            "d0": first,
            "d1": first + length,
        }
    )
    pq.write_table(table, path)


def ours(path: Path, memory: str | None) -> tuple[int, int]:
    """The kernel of the research room."""
    from tre_toolkit.engine import Engine
    from tre_toolkit.research.spells import spells_sql

    with (
        tempfile.TemporaryDirectory() as spill,
        Engine(memory=memory, spill=Path(spill), threads=2) as engine,
    ):
        engine.view("episodes", f"SELECT * FROM read_parquet('{path}')")
        sql = spells_sql("episodes", states=STATES, until=UNTIL)
        found = engine.rows(
            f"SELECT COUNT(*) AS n, SUM((CAST(child AS BIGINT) * 31 + state * 7 + began * 13 + ended * 17) % {PRIME}) AS s "
            f"FROM ({sql}) AS spells"
        )
    return int(found.n[0]), int(found.s[0])


def pandas(path: Path) -> tuple[int, int]:
    """The same with pandas, vectorised: one packed running sum, no loop."""
    import pandas as pd

    rows = pd.read_parquet(path)
    weight = np.int64(32_768) ** (rows["state"].to_numpy() - 1)
    edges = pd.concat(
        [
            pd.DataFrame({"child": rows["child"], "day": rows["d0"], "sum": weight}),
            pd.DataFrame({"child": rows["child"], "day": rows["d1"], "sum": -weight}),
        ]
    )
    days = edges.groupby(["child", "day"], as_index=False)["sum"].sum()
    total = days.groupby("child")["sum"].cumsum().to_numpy()
    state = np.zeros(len(days), dtype=np.int64)
    for at in range(STATES):
        state[total >= 32_768**at] = at + 1
    days["state"] = state
    before = days.groupby("child")["state"].shift(fill_value=-1)
    turns = days[days["state"] != before].copy()
    turns["ended"] = turns.groupby("child")["day"].shift(-1).fillna(UNTIL).astype("int64")
    turns = turns[turns["day"] < turns["ended"]]
    parts = (
        turns["child"].astype("int64") * 31 + turns["state"] * 7 + turns["day"] * 13 + turns["ended"] * 17
    ) % PRIME
    return len(turns), int(parts.sum())


WAYS = {
    "pandas, vectorised": pandas,
    "DuckDB": lambda path: ours(path, None),
    "DuckDB under 500 MB": lambda path: ours(path, "500MB"),
}


def one(way: str, path: Path) -> None:
    """Run one way in this process and print what it took."""
    started = time.monotonic()
    spells, checksum = WAYS[way](path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "way": way, "spells": spells, "checksum": checksum, "cpu": used.ru_utime + used.ru_stime,
                "wall": time.monotonic() - started, "mib": used.ru_maxrss / 1024,
            }
        )
    )  # fmt: skip


def run(children: int) -> list[dict[str, float]]:
    """Every way over the same children, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "episodes.parquet"
        invent(path, children)
        found = []
        for way in WAYS:
            done = subprocess.run(
                [sys.executable, __file__, "--one", way, "--path", str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            found.append(json.loads(done.stdout))
    return found


def main() -> int:
    """Print the table; fail when the ways don't agree."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--children", type=int, default=1_000_000)
    asked.add_argument("--curve")
    asked.add_argument("--one")
    asked.add_argument("--path", type=Path)
    given = asked.parse_args()
    if given.one:
        one(given.one, given.path)
        return 0
    sizes = [int(size) for size in given.curve.split(",")] if given.curve else [given.children]
    agreed = True
    print(
        f"{'children':>10}  {'way':<20} {'CPU s':>7} {'wall s':>7} {'MiB':>6} {'CPU ×':>6} {'mem ×':>6}  spells"
    )
    for size in sizes:
        found = run(size)
        peer = found[0]
        agreed &= len({(one["spells"], one["checksum"]) for one in found}) == 1
        for way in found:
            print(
                f"{size:>10,}  {way['way']:<20} {way['cpu']:>7.1f} {way['wall']:>7.1f} {way['mib']:>6.0f} "
                f"{way['cpu'] / peer['cpu']:>6.2f} {way['mib'] / peer['mib']:>6.2f}  {way['spells']:,}"
            )
    print("same checksum" if agreed else "THE CHECKSUMS DIFFER")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
