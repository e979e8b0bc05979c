"""`make bench`: run the benchmarks of all rooms, or those named, one after the other, and write what they told.

Each `bench_<name>.py` is a script that prints its own table: medians, ratios to a peer in the same run, peak memory.
The report (`bench-report/report.md` and `report.json`) holds what each printed, its seconds and its peak memory, the versions
and the machine. Figures are for the machine they are printed on; only the ratios travel.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REPORT = ROOT / "bench-report"
LIMIT = 900  # seconds a benchmark may take
LIBRARIES = [
    "duckdb",
    "numpy",
    "pandas",
    "pyarrow",
    "cryptography",
    "django",
    "highspy",
    "statsmodels",
    "splink",
]


@dataclass(frozen=True)
class Told:
    """What one benchmark printed, whether it ended well, and what it took: seconds, and its largest process in MiB."""

    name: str
    ended: str
    seconds: float
    mib: float
    text: str


def run(script: Path) -> Told:
    """Run one benchmark and show what it prints as it prints it."""
    name = script.stem.removeprefix("bench_")
    print(f"\n## {name}\n", flush=True)
    began = time.monotonic()
    work = subprocess.Popen([sys.executable, str(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    lines = []
    assert work.stdout is not None
    for line in work.stdout:
        print(line, end="", flush=True)
        lines.append(line)
        if time.monotonic() - began > LIMIT:
            work.kill()
    _, status, used = os.wait4(work.pid, 0)
    ended = "well" if status == 0 else "not well"
    return Told(name, ended, time.monotonic() - began, used.ru_maxrss / 1024, "".join(lines))


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            versions[library] = "not installed"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores of {platform.machine()}, {memory} GiB",
        **versions,
    }


def markdown(facts: dict[str, str], told: list[Told]) -> str:
    """The report for people."""
    lines = ["# Benchmarks", "", *(f"* {name}: {value}" for name, value in facts.items()), ""]
    lines += ["| benchmark | ended | seconds | peak MiB |", "|---|---|---:|---:|"]
    lines += [f"| {one.name} | {one.ended} | {one.seconds:.0f} | {one.mib:.0f} |" for one in told]
    for one in told:
        lines += ["", f"## {one.name}", "", "```text", one.text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> int:
    """Run those named, or all; the number that didn't end well."""
    wanted = [HERE / f"bench_{name}.py" for name in names] or sorted(HERE.glob("bench_*.py"))
    facts, told = machine(), [run(script) for script in wanted]
    REPORT.mkdir(exist_ok=True)
    (REPORT / "report.md").write_text(markdown(facts, told), encoding="utf-8")
    answer = {"machine": facts, "benchmarks": [asdict(one) for one in told]}
    (REPORT / "report.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
    print(f"\nthe report stands in {REPORT.relative_to(ROOT)}/report.md")
    return sum(one.ended != "well" for one in told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
