"""The whole journey of a number of children by the commands a person types: time, processor and memory of each stage.

    python tests/benchmarks/bench_journey.py [--children 100000] [--memory 1GB] [--into DIR] [--profile DIR]

Half of the children live in each of two invented authorities, which work side by side, as two of them would: a
stage's memory is the sum of both, a stage's seconds are those of the slower. `--memory` is handed to every command that
knows it. `--curve 10000,100000` plays several and ends with a table of slopes: the power of the number of
children by which the processor's time grows. `--from STAGE` goes on in a folder that an earlier run left.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

AUTHORITIES = ("990", "991")
DATASETS = ("cin_census", "ssda903", "school_census")
OUTPUTS = ("pathways/furthest_by_ethnicity.csv", "pathways/state_flow.csv", "send/support_by_furthest.csv")
SAFE = tuple(name.partition("/")[2] for name in OUTPUTS)
STUDIES = ("pathways", "send")
UNLIMITED = {"check"}  # its --memory is for making tables again, which only --workspace asks for
TRE = "from tre_toolkit.cli import main; main()"


@dataclass(frozen=True)
class Took:
    """One stage: seconds by the clock, seconds of the processor, MiB at most (of all its processes together)."""

    stage: str
    wall: float
    cpu: float
    mib: float


@dataclass(frozen=True)
class Journey:
    folder: Path
    children: int
    years: str
    datasets: tuple[str, ...]
    memory: str | None
    profile: Path | None

    def stage(self, name: str, commands: Sequence[Sequence[str]], *, ends: Sequence[int] = (0,)) -> Took:
        """Play commands side by side; raises SystemExit with what a command said when it ends otherwise."""
        began = time.monotonic()
        with ThreadPoolExecutor(max_workers=len(commands)) as pool:
            used = list(pool.map(lambda at: self._play(name, *at, ends), enumerate(commands)))
        return Took(name, time.monotonic() - began, sum(cpu for cpu, _ in used), sum(mib for _, mib in used))

    def _play(self, stage: str, at: int, words: Sequence[str], ends: Sequence[int]) -> tuple[float, float]:
        verb = " ".join(words[: 2 if words[0] == "recipe" else 1])
        limited = self.memory and verb not in UNLIMITED and "--memory" in help_of(verb)
        more = ["--memory", str(self.memory)] if limited else []
        start = ["-c", TRE]
        if self.profile:
            into = self.profile / f"{stage.replace(' ', '_')}-{at}.prof"
            start = ["-c", f"import cProfile; cProfile.run({TRE!r}, {str(into)!r})"]
        with (self.folder / f"said-{stage.replace(' ', '_')}-{at}").open("w+") as said:
            work = subprocess.Popen(
                [sys.executable, *start, *words, *more],
                cwd=self.folder,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(work.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            if code not in ends:
                said.seek(0)
                raise SystemExit(f"`tre {' '.join(words)}` ended with {code}\n{said.read()[-4000:]}")
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


@cache
def help_of(verb: str) -> str:
    """What a command says about itself."""
    words = [sys.executable, "-c", TRE, *verb.split(), "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(words, capture_output=True, text=True, check=True, env=wide).stdout


def keys(journey: Journey) -> Took:
    """Every key of the journey; the second authority gets the project's from the first."""
    first, second = AUTHORITIES
    for holder in (*AUTHORITIES, "tre"):
        (journey.folder / holder).mkdir()
        (journey.folder / holder / "passphrase").write_text(secrets.token_urlsafe(24) + "\n")
        (journey.folder / holder / "passphrase").chmod(0o600)
    made = [
        *(("parcel", "new-key", "signer", f"{code}/signer.key", *secret(code)) for code in AUTHORITIES),
        ("parcel", "new-key", "transport", f"{second}/transport.key", *secret(second)),
        ("parcel", "new-key", "transport", "tre/tre.key", *secret("tre")),
        ("key", "new", "--project", "invented/tre.toml", "--into", f"{first}/project.key", *secret(first)),
    ]
    wrap = ("key", "wrap", "--key", f"{first}/project.key", "--to", f"{second}/transport.key.pub")
    unwrap = ("key", "unwrap", "project.wrapped", "--transport", f"{second}/transport.key")
    words = (
        *made,
        (*wrap, "--into", "project.wrapped", *secret(first)),
        (*unwrap, "--into", f"{second}/project.key", *secret(second)),
    )
    return together("keys", [journey.stage("keys", [one]) for one in words])


def together(name: str, took: Sequence[Took]) -> Took:
    """Several commands, one after the other, as one stage."""
    return Took(
        name, sum(one.wall for one in took), sum(one.cpu for one in took), max(one.mib for one in took)
    )


def secret(holder: str) -> tuple[str, str]:
    return "--passphrase-file", f"{holder}/passphrase"


def parcels() -> tuple[str, ...]:
    trust = [word for code in AUTHORITIES for word in ("--trust", f"{code}/signer.key.pub")]
    return (
        *(f"{code}/{code}.parcel" for code in AUTHORITIES),
        "--key",
        "tre/tre.key",
        *trust,
        *secret("tre"),
    )


def synth(journey: Journey) -> Took:
    codes = [word for code in AUTHORITIES for word in ("--authority", code)]
    size = str(max(1, journey.children // len(AUTHORITIES)))
    words = ("synth", *journey.datasets, *codes, "--years", journey.years, "--children", size, "--seed", "1")
    return journey.stage("synth", [(*words, "--into", "invented")])


def validate(journey: Journey) -> Took:
    """A rule that invented children break is a finding, told at the end, and no reason to stop."""
    commands = [("validate", f"invented/{code}") for code in AUTHORITIES]
    return journey.stage("validate", commands, ends=(0, 1))


def pseudonymise(journey: Journey) -> Took:
    return journey.stage(
        "pseudonymise",
        [
            (
                "pseudonymise", f"invented/{code}", "--project", "invented/tre.toml", "--key", f"{code}/project.key",
                "--signer", f"{code}/signer.key", "--to", "tre/tre.key.pub", "--into", f"{code}/{code}.parcel",
                *secret(code), "--truth-map", f"{code}/truth-map.csv",
            )
            for code in AUTHORITIES
        ],
    )  # fmt: skip


def link(journey: Journey) -> Took:
    maps = [word for code in AUTHORITIES for word in ("--truth-map", f"{code}/truth-map.csv")]
    words = ("link", *parcels(), "--into", "spine", "--truth", "invented/truth.csv", *maps)
    return journey.stage("link", [words])


def workspace(journey: Journey) -> Took:
    return journey.stage("workspace", [("workspace", "spine", *parcels(), "--into", "workspace")])


def spells(journey: Journey) -> Took:
    """The spells of every child, and two studies of them."""
    (journey.folder / "outputs").mkdir(exist_ok=True)
    studies = [
        journey.stage(
            f"spells {name}",
            [("recipe", "run", name, "--workspace", "workspace", "--into", f"outputs/{name}")],
        )
        for name in STUDIES
    ]
    return together("spells", studies)


def check(journey: Journey) -> Took:
    there = [f"outputs/{name}" for name in OUTPUTS]
    return journey.stage("check", [("check", *there, "--pack", "dfe-cin")], ends=(0, 1))


def protect(journey: Journey) -> Took:
    there = [f"outputs/{name}" for name in OUTPUTS]
    words = ("protect", *there, "--method", "suppress", "--pack", "dfe-cin", "--into", "outputs/safe")
    return journey.stage("protect", [words])


def check_again(journey: Journey) -> Took:
    there = [f"outputs/safe/{name}" for name in SAFE]
    return journey.stage("check again", [("check", *there, "--pack", "dfe-cin")])


STAGES = {
    "synth": synth, "validate": validate, "keys": keys, "pseudonymise": pseudonymise, "link": link,
    "workspace": workspace, "spells": spells, "check": check, "protect": protect, "check again": check_again,
}  # fmt: skip


def play(journey: Journey, start: str) -> list[Took]:
    """Every stage from `start` on, each told as it ends."""
    names = list(STAGES)
    print(f"\n{journey.children:,} children, {', '.join(journey.datasets)}, {journey.years}")
    print(f"{'stage':<14} {'wall s':>8} {'CPU s':>8} {'MiB':>7}", flush=True)
    took = []
    for name in names[names.index(start) :]:
        took.append(STAGES[name](journey))
        print(line(took[-1]), flush=True)
    total = together("all", took)
    print(line(total))
    told(journey)
    return [*took, total]


def line(one: Took) -> str:
    return f"{one.stage:<14} {one.wall:>8.1f} {one.cpu:>8.1f} {one.mib:>7,.0f}"


def told(journey: Journey) -> None:
    """What came of it: records, persons, how right they are, and what was checked."""
    report = json.loads((journey.folder / "spine" / "report.json").read_text())
    verdicts = [json.loads((journey.folder / "outputs" / "safe" / f"{name}.evidence.json").read_text())["verdict"] for name in SAFE]  # fmt: skip
    said = "".join((journey.folder / f"said-validate-{at}").read_text() for at in range(len(AUTHORITIES)))
    broken = sum(int(count.replace(",", "")) for count in re.findall(r"([\d,]+) errors?,", said))
    print(
        f"{broken} rows break a rule; {report['records']['in']:,} records, {report['persons']['all']:,} persons, F1 {report['truth']['f1']:.4f}; "
        f"{len(verdicts)} outputs: {', '.join(verdicts)}"
    )


def slopes(of: dict[int, list[Took]]) -> None:
    """CPU seconds and MiB of each stage at each size, and the power by which the seconds grow at last."""
    sizes = sorted(of)
    print(f"\n{'CPU s / MiB':<14}" + "".join(f"{size:>18,}" for size in sizes) + f"{'slope':>8}")
    for at, one in enumerate(of[sizes[0]]):
        row = [of[size][at] for size in sizes]
        slope = math.log(row[-1].cpu / row[-2].cpu) / math.log(sizes[-1] / sizes[-2]) if len(row) > 1 else 1
        cells = "".join(f"{cell.cpu:>10.1f} {cell.mib:>7,.0f}" for cell in row)
        print(f"{one.stage:<14}{cells}{slope:>8.2f}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--children", type=int, default=100_000)
    asked.add_argument("--curve", help="several numbers of children, with commas")
    asked.add_argument("--datasets", default=",".join(DATASETS))
    asked.add_argument("--years", default="2023-2025")
    asked.add_argument("--memory")
    asked.add_argument("--into", type=Path, help="keep what is made here; a temporary folder if absent")
    asked.add_argument("--from", dest="start", choices=list(STAGES), default="synth")
    asked.add_argument("--profile", type=Path, help="write what cProfile saw of each command here")
    asked.add_argument("--json", type=Path, help="write the figures here")
    given = asked.parse_args()
    sizes = [int(size) for size in (given.curve or str(given.children)).split(",")]
    if given.profile:
        given.profile.mkdir(parents=True, exist_ok=True)
    found = {}
    for size in sizes:
        folder = given.into or Path(tempfile.mkdtemp(prefix="tre-journey-"))
        folder.mkdir(parents=True, exist_ok=True)
        journey = Journey(
            folder.resolve(), size, given.years, tuple(given.datasets.split(",")), given.memory,
            given.profile and given.profile.resolve(),
        )  # fmt: skip
        try:
            found[size] = play(journey, given.start)
        finally:
            if given.into is None:
                shutil.rmtree(folder, ignore_errors=True)
    if len(sizes) > 1:
        slopes(found)
    if given.json:
        given.json.write_text(json.dumps({size: [asdict(one) for one in took] for size, took in found.items()}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
