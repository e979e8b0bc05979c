"""`make bench`: run the benchmarks of all rooms, or those named, one after the other.

Each `bench_<name>.py` is a script that prints its own table: medians, ratios to a peer in the same run, peak memory.
Figures are for the machine they are printed on; only the ratios travel.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    wanted = [HERE / f"bench_{name}.py" for name in names] or sorted(HERE.glob("bench_*.py"))
    failed = 0
    for script in wanted:
        print(f"\n## {script.stem.removeprefix('bench_')}\n", flush=True)
        failed += subprocess.run([sys.executable, str(script)], cwd=HERE.parents[1]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
