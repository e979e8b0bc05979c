"""The research room's figures in one table: spells, survival, sequences and the recipes, each beside its peers.

    python tests/benchmarks/bench_research.py [--children N] [--curve 10000,100000,1000000] [--twin 20000]
                                              [--peers PYTHON] [--rscript RSCRIPT] [--only spells,survival,recipes]

Runs `bench_spells` (pandas; also under a limit of 500 MB) and `bench_survival` (lifelines, sequenzo, R's survival and, where it
is installed, TraMineR), and every recipe over a synthetic twin. The aims: spells 0.55 times the CPU and 0.5 times the memory
of pandas, 600 MB under the limit; Kaplan-Meier 0.1 times lifelines, Aalen-Johansen and Cox equal to R to 1e-9 and 1e-6;
LCS 0.6 times sequenzo; all recipes over 20,000 children in three minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

HERE = Path(__file__).parent
WITHIN = 180.0  # seconds for all recipes


def recipes(children: int) -> bool:
    """Run every recipe over a twin of all sets and print what each took; whether all were within the aim."""
    sys.path.insert(0, str(HERE.parent))
    from helpers.twin import twin

    import tre_toolkit as tre
    from synth import Plan
    from tre_toolkit.research.recipes import names
    from tre_toolkit.research.run import run_recipe

    whole = 0.0
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        plan = Plan(("990", "991", "992", "993"), children=children // 4, years=(2023, 2024, 2025), seed=1)
        workspace, _ = twin(folder / "workspace", plan)
        print(f"{'recipe':<18} {'CPU s':>7} {'wall s':>7}  tables, and those left out")
        for recipe in names():
            cpu, wall = time.process_time(), time.monotonic()
            ran = run_recipe(recipe, tre.open(workspace), folder / recipe)
            cpu, wall = time.process_time() - cpu, time.monotonic() - wall
            whole += cpu
            print(f"{recipe:<18} {cpu:>7.2f} {wall:>7.2f}  {len(ran.written)}, {len(ran.left_out)}")
    print(f"{'all':<18} {whole:>7.2f}          aim {WITHIN:g}")
    return whole <= WITHIN


def other(script: str, *words: str) -> bool:
    """Run another benchmark of the room."""
    return subprocess.run([sys.executable, str(HERE / script), *words], cwd=HERE.parents[1]).returncode == 0


def main() -> int:
    """Print all tables; fail when numbers differ or the recipes take too long."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--children", type=int, default=1_000_000)
    asked.add_argument("--curve")
    asked.add_argument("--twin", type=int, default=20_000)
    asked.add_argument("--peers")
    asked.add_argument("--rscript")
    asked.add_argument("--only", default="spells,survival,recipes")
    given = asked.parse_args()
    peers = [
        *(["--peers", given.peers] if given.peers else []),
        *(["--rscript", given.rscript] if given.rscript else []),
    ]
    size = ["--curve", given.curve] if given.curve else ["--children", str(given.children)]
    done = []
    for part in given.only.split(","):
        print(f"\n# {part}\n", flush=True)
        done.append(
            {
                "spells": lambda: other("bench_spells.py", *size),
                "survival": lambda: other("bench_survival.py", *peers),
                "recipes": lambda: recipes(given.twin),
            }[part]()
        )
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
