"""Every figure of the disclosure room in one go: checked tables, suppression, the attack and the joint attack.

    python tests/benchmarks/bench_disclosure.py [PART …] [--large 10000000] [--tau PYTHON]

Parts: tables, suppress, attack, joint, ledger (all of them without a name). CPU seconds and ratios; targets beside them.
`--tau` names a Python that holds pytauargus: it protects and audits the same tables (frequency rule, one unit a cell).
Other scripts look closer: bench_tables.py (acro), bench_suppress.py, bench_attack.py.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench_attack import releases
from bench_tables import children, cpu, jobs
from disclosure_tables import LEVELS, SHAPES, Made, make

PEER = Path(__file__).parent / "peers" / "tau.py"
PATIENCE = 240  # seconds for one run of the peer
SLOW = "20x20x10"  # the peer needs 100 s and more for this one


@dataclass(frozen=True)
class Line:
    """One figure: what was measured, what is wanted, what came out, and whether that is enough (None: no target)."""

    what: str
    wanted: str
    figure: str
    met: bool | None = None


def at_most(what: str, figure: float, most: float, unit: str = "s") -> Line:
    """A figure that may be no larger."""
    return Line(what, f"<= {most:g} {unit}", f"{figure:.2f} {unit}", figure <= most)


# ---------------------------------------------------------------- checked tables beside pandas


def tables(told: argparse.Namespace) -> Iterator[Line]:
    """Checked tables beside pandas' own, medians of three in this process."""
    import pandas as pd

    import disclosure

    for rows, most in ((1_000_000, 2.0), (told.large, 1.6)):
        for label, people in (("one row a child", rows), ("two rows a child", rows // 2)):
            frame = children(rows, people)
            session = disclosure.session(pack="ons-srs", unit="child", data=frame)
            work = jobs(frame, session)
            for name, words, limit in (("count", "crosstab", most), ("mean", "mean with dominance", 4.0)):
                plain, checked = work[name]
                base = cpu(plain)
                yield at_most(f"{words}, {rows:,} rows, {label} / pandas", cpu(checked) / base, limit, "x")
    frame = children(10_000, 10_000)
    a, b = frame.authority, frame.need
    session = disclosure.session(pack="dfe-cin", unit="child", data=frame)

    def suppressed() -> None:
        session.crosstab(a, b, margins=True, name="t")
        session.protect("t")

    base = cpu(lambda: pd.crosstab(a, b, margins=True), 5)
    yield at_most("crosstab with suppression, 10,000 rows / pandas", cpu(suppressed, 5) / base, 10.0, "x")


# ---------------------------------------------------------------- suppression, and the attack on its answers


def _peer(told: argparse.Namespace, name: str, method: str, minutes: int) -> dict[str, Any] | None:
    """tau-Argus on the same table; None where it isn't asked or gives no answer."""
    if not told.tau:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.json"
        path.write_text(json.dumps(for_peer(make(name), name)))
        try:
            done = subprocess.run(
                [told.tau, str(PEER), str(path), method, str(minutes)], capture_output=True, text=True,
                timeout=PATIENCE, cwd=folder,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"none": f"no answer in {PATIENCE} s"}
    lines = done.stdout.strip().splitlines()
    found: dict[str, Any] = json.loads(lines[-1]) if done.returncode == 0 and lines else {"none": "no answer"}
    return found


def for_peer(made: Made, name: str) -> dict[str, Any]:
    """The inner cells of a table and the lines of its hierarchy, as the peer's script reads them."""
    inner = np.ones(len(made.codes), bool)
    trees: list[list[str]] = []
    for at, family in enumerate(made.parents):
        inner &= ~np.isin(made.codes[:, at], list(set(family.values())))
        lines: list[str] = []

        def walk(
            node: int, level: int, at: int = at, family: dict[int, int] = family, lines: list[str] = lines
        ) -> None:
            for child in sorted(part for part, above in family.items() if above == node):
                lines.append("@" * level + f"d{at}n{child:05d}")
                walk(child, level + 1)

        if name in LEVELS and at == 0:
            walk(max(family.values()), 0)
        trees.append(lines)
    codes = [[f"d{at}n{code:05d}" for at, code in enumerate(row)] for row in made.codes[inner].tolist()]
    return {"counts": made.counts[inner].tolist(), "codes": codes, "trees": trees}


def suppression(told: argparse.Namespace) -> Iterator[Line]:
    """The five tables at both levels; each answer is attacked once more; the peer at the level it knows."""
    from disclosure.attack import Work
    from disclosure.suppress import solve
    from disclosure.suppress.problem import problem

    limit = {"1500 wards": 10.0, "20x20x10": 60.0}
    audits = {"100x50": 0.1, "1500 wards": 3.0, "20x20x10": 10.0}
    for name in SHAPES:
        for interval in (False, True):
            made = make(name)
            asked = problem(made.rows, made.counts, made.small(6), least=6, interval=interval)
            began = time.process_time()
            pattern = solve(asked)
            took = time.process_time() - began
            level = "threshold" if interval else "±1"
            if pattern is None:
                yield Line(f"{name}, {level}", "a pattern", f"none in {took:.1f} s: closed", False)
                continue
            failing = len(asked.audit(pattern.hidden, work=Work()))
            audited = cpu(lambda: asked.audit(pattern.hidden))  # noqa: B023
            most = limit.get(name)
            proof = "proved" if pattern.proved else f"gap {pattern.gap:.1%}"
            yield Line(
                f"{name}, {level}: further cells hidden", f"proved{f', <= {most:g} s' if most else ''}, 0 failing",
                f"{pattern.cost:.0f} {proof}, {took:.1f} s, {failing} failing",
                pattern.proved and not failing and (most is None or took <= most),
            )  # fmt: skip
            if name in audits:
                yield at_most(f"{name}, {level}: attack on the pattern", audited, audits[name])
            if not interval:
                yield from _beside_peer(told, name, int(pattern.cost), audited)


def _beside_peer(told: argparse.Namespace, name: str, cells: int, audited: float) -> Iterator[Line]:
    for method, minutes in () if name == SLOW and not told.slow else (("OPT", 1), ("MOD", 0)):
        peer = _peer(told, name, method, minutes)
        if peer is None:
            continue
        what = f"{name}, ±1: cells / tau-Argus {method}"
        if "none" in peer:
            yield Line(what, "never more", f"{cells} / {peer['none']}", True)
            continue
        theirs = peer["by"].get("m", 0)
        yield Line(what, "never more", f"{cells} / {theirs} ({peer['seconds']:.1f} s)", cells <= theirs)
        if method == "OPT" and audited:
            ratio = peer["audit"] / audited
            yield Line(f"{name}, ±1: audit, tau-Argus / ours", ">= 50x", f"{ratio:.0f}x", ratio >= 50)


# ---------------------------------------------------------------- everything released


def joint(_: argparse.Namespace) -> Iterator[Line]:
    """The attack on everything released: from nothing, and with kept witnesses."""
    from disclosure.joint import attack_releases

    for people, count, most in ((20_000, 10, 1.0), (100_000, 50, 20.0)):
        made = releases(people, count)
        began = time.process_time()
        found = attack_releases(made, seconds=600)
        line = at_most(f"joint attack, {people:,} x {count} tables", time.process_time() - began, most)
        yield Line(
            line.what,
            line.wanted,
            f"{line.figure}, {len(found.unsettled)} open",
            line.met and not found.unsettled,
        )


def witnesses(_: argparse.Namespace) -> Iterator[Line]:
    """A new table against 100 released ones of 100,000 people with kept witnesses."""
    from disclosure.joint import Released, attack_releases

    made = releases(100_000, 101)
    rng = np.random.default_rng(9)
    began = time.process_time()
    kept = attack_releases(made[:100], seconds=600, remember=True).kept
    yield Line("100 tables, 100,000 people, from nothing", "", f"{time.process_time() - began:.1f} s")
    cell = rng.integers(0, 4, 100_000) * 12 + rng.integers(0, 12, 100_000)
    strange = Released("another grouping", cell + 1, 48)
    dropped = Released(
        "one child dropped", np.where(np.arange(100_000) == 5, 0, made[0].member), made[0].cells
    )
    for words, new in (
        ("of the same columns", made[100]),
        ("one child dropped", dropped),
        ("of new columns", strange),
    ):
        began = time.process_time()
        found = attack_releases([*made[:100], new], new=100, seconds=600, kept=kept)
        line = at_most(f"a new table {words} against 100, witnesses kept", time.process_time() - began, 10.0)
        yield Line(
            line.what,
            line.wanted,
            f"{line.figure}, {len(found.leaks)} leaks, {len(found.unsettled)} open",
            line.met,
        )


def ledger(_: argparse.Namespace) -> Iterator[Line]:
    """A new table beside 500 earlier ones of 60 cells, by their labels."""
    from disclosure.compare import compare, entry_of
    from disclosure.ledger import Ledger
    from disclosure.packs import chain
    from disclosure.shown import read_cells
    from disclosure.table import build

    rng = np.random.default_rng(4)

    def table(number: int) -> Any:
        body = [[str(count) for count in row] for row in rng.integers(20, 900, (12, 5))]
        labels = [(f"area {number % 7} {at}",) for at in range(12)]
        return build(f"t{number}", labels, [f"need {at}" for at in range(5)], body, dimensions=["area"])

    book = Ledger(Path("none"), b"")
    for number in range(500):
        made = table(number)
        book.entries.append(
            entry_of(made, read_cells(made.shown), number=number, digest=str(number), scope={})
        )
    new = table(3)
    cells, rules = read_cells(new.shown), chain("ons-srs")
    took = cpu(lambda: list(compare(new, cells, rules, book)))
    yield at_most("a new table beside 500 of 60 cells, by label", took, 1.0)


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Line]]] = {
    "tables": tables, "suppress": suppression, "joint": joint, "witnesses": witnesses, "ledger": ledger,
}  # fmt: skip


def main() -> None:
    """Print the table, a line as soon as it is known."""
    asked = argparse.ArgumentParser()
    asked.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    asked.add_argument("--large", type=int, default=10_000_000, help="rows of the large crosstab")
    asked.add_argument("--tau", help="a Python that holds pytauargus")
    asked.add_argument("--slow", action="store_true", help="the peer on the three-dimensional table, too")
    told = asked.parse_args()
    print("| what | wanted | measured | |\n|---|---|---|---|", flush=True)
    for name in told.parts or PARTS:
        for line in PARTS[name](told):
            mark = "" if line.met is None else "met" if line.met else "**not met**"
            print(f"| {line.what} | {line.wanted} | {line.figure} | {mark} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
