"""`make bench`: run the benchmarks of all rooms, or those named, one after the other, and write what they told.

    python -m tests.benchmarks [--quick] [--without-peers] [NAME …]

Each `bench_<name>.py` is a script that prints its own table: medians of interleaved runs, ratios to a peer in the same
run, peak memory. `benchmarks.toml` says with which words each is run, whole or `--quick` (all within 40 minutes on two
cores), and which peers it is beside; `peers` makes their environments. The report (`bench-report/report.md` and
`report.json`) holds what each printed, its seconds and its peak memory, the versions and the machine. Figures are for the
machine they are printed on; only the ratios travel.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.peers import prepare, versions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REPORT = ROOT / "bench-report"
LIMIT = 900  # seconds a benchmark may take
QUICK = 240
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
    """What one benchmark printed, how it ended, and what it took: seconds, and its largest process in MiB."""

    name: str
    words: list[str]
    ended: str
    seconds: float
    mib: float
    text: str


def run(name: str, words: list[str], limit: float) -> Told:
    """Run one benchmark and show what it prints as it prints it; past the limit it is stopped."""
    print(f"\n## {name} {' '.join(words)}\n", flush=True)
    began = time.monotonic()
    script = HERE / f"bench_{name}.py"
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    work = subprocess.Popen(
        [sys.executable, str(script), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # so that its own children end with it
    )
    late = threading.Timer(limit, os.killpg, (work.pid, 9))
    late.start()
    lines = []
    assert work.stdout is not None
    for line in work.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    _, status, used = os.wait4(work.pid, 0)
    late.cancel()
    work.returncode = os.waitstatus_to_exitcode(status)
    ended = {0: "well", -9: f"stopped after {limit:.0f} s"}.get(work.returncode, "not well")
    return Told(name, words, ended, time.monotonic() - began, used.ru_maxrss / 1024, "".join(lines))


def words_of(asked: dict[str, Any], found: dict[str, Path | None], *, quick: bool) -> list[str]:
    """The words a benchmark is run with."""
    words = list(asked.get("quick" if quick else "whole", []))
    for option, peer in asked.get("peers", {}).items():
        if found.get(peer):
            words += [option, str(found[peer])]
    for option, program in asked.get("programs", {}).items():
        if where := shutil.which(program):
            words += [option, where]
    return words


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    held = {}
    for library in LIBRARIES:
        try:
            held[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            held[library] = "not installed"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores of {platform.machine()}, {memory} GiB",
        "load when it began": f"{os.getloadavg()[0]:.1f}",
        **held,
    }


def markdown(facts: dict[str, str], told: list[Told]) -> str:
    """The report for people."""
    lines = ["# Benchmarks", "", *(f"* {name}: {value}" for name, value in facts.items()), ""]
    lines += ["| benchmark | ended | seconds | peak MiB |", "|---|---|---:|---:|"]
    lines += [f"| {one.name} | {one.ended} | {one.seconds:.0f} | {one.mib:.0f} |" for one in told]
    for one in told:
        lines += ["", f"## {one.name} {' '.join(map(_short, one.words))}".rstrip()]
        lines += ["", "```text", one.text.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _short(word: str) -> str:
    return Path(word).parents[1].name if word.startswith("/") and len(Path(word).parts) > 3 else word


def main() -> int:
    """Run those named, or all; the number that didn't end well."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*")
    asked.add_argument("--quick", action="store_true", help="smaller works, all within 40 minutes")
    asked.add_argument("--without-peers", action="store_true", help="make no environments")
    given = asked.parse_args()
    plan = tomllib.loads((HERE / "benchmarks.toml").read_text(encoding="utf-8"))
    wanted = {name: plan["benchmarks"][name] for name in given.names or plan["benchmarks"]}
    peers = dict.fromkeys(peer for one in wanted.values() for peer in one.get("peers", {}).values())
    facts = machine()
    found: dict[str, Path | None] = {}
    for peer in [] if given.without_peers else peers:
        packages = plan["peers"][peer]
        found[peer] = prepare(peer, packages)
        facts[f"peers, {peer}"] = versions(found[peer], packages) if found[peer] else "could not be installed"
    told: list[Told] = []
    REPORT.mkdir(exist_ok=True)
    for name, one in wanted.items():
        told.append(run(name, words_of(one, found, quick=given.quick), QUICK if given.quick else LIMIT))
        (REPORT / "report.md").write_text(markdown(facts, told), encoding="utf-8")
        answer = {"machine": facts, "benchmarks": [asdict(done) for done in told]}
        (REPORT / "report.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
    print(f"\nthe report stands in {REPORT.relative_to(ROOT)}/report.md")
    return sum(one.ended != "well" for one in told)


if __name__ == "__main__":
    sys.exit(main())
