"""What the machine says of a request's files: `tre check` as a process of its own, over copies.

The checker sees each table under its own name with its evidence beside it. What it says is kept with
the version it was said of. It is evidence for the reviewers and never a vote: a FAIL keeps a file from
being approved until a senior checker grants an exception, a PASS approves nothing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.gate import store
from tre_toolkit.gate.filetypes import TYPES
from tre_toolkit.gate.folder import Gate

PATIENCE = 300  # seconds for one run of the checker
WORST = ("PASS", "REVIEW", "FAIL")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing the checker said of one file."""

    verdict: str
    rule: str
    where: str
    message: str
    fix: str = ""


def check_versions(gate: Gate, versions: Sequence[Any]) -> dict[int, list[Said]]:
    """What the checker says of each version (by its key); tables are computed on, the rest needs eyes."""
    said: dict[int, list[Said]] = {v.pk: [] for v in versions}
    tables = [v for v in versions if TYPES[v.type].table]
    for version in versions:
        if version not in tables:
            said[version.pk].append(
                Said("REVIEW", "needs-eyes", "", f"the machine does not judge a {version.type}: look at it")
            )
    if tables:
        with tempfile.TemporaryDirectory(prefix="tre-gate-") as folder:
            laid = {v.pk: _lay_out(gate, v, Path(folder) / str(at)) for at, v in enumerate(tables)}
            ledger = gate.ledger if gate.ledger.exists() else None
            report = run_checker(list(laid.values()), packs=gate.packs, ledger=ledger)
            for key, path in laid.items():
                said[key] += _of_file(report, path, {p.name for p in laid.values()})
    return said


def run_checker(
    files: Sequence[Path], *, packs: Sequence[str] = (), ledger: Path | None = None, record: bool = False
) -> dict[str, Any]:
    """`tre check --json` over `files`, against what was released before.

    Raises TreError when it can't be run or answers out of form, with the checker's own words where it has some.
    """
    command = [sys.executable, "-c", "from tre_toolkit.cli import main; main()", "check", "--json"]
    command += [str(file) for file in files]
    for pack in packs:
        command += ["--pack", pack]
    if ledger is not None:
        command += ["--against", str(ledger), *(["--record"] if record else [])]
    own_words = ""
    try:
        ran = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
        own_words = ran.stderr.decode(errors="replace").removeprefix("tre: ").split("\nhint:")[0].strip()
        report: dict[str, Any] = json.loads(ran.stdout)
        if report["verdict"] not in WORST or not isinstance(report["findings"], list):
            raise ValueError
    except (ValueError, KeyError, TypeError, OSError, subprocess.TimeoutExpired):
        raise TreError(
            f"the disclosure checker gave no answer: {own_words[:300] or 'it stopped'}",
            hint="nothing was submitted; run `tre check` on the files yourself: it says what is wrong",
        ) from None
    return report


def record(gate: Gate, versions: Sequence[Any]) -> None:
    """Put the released tables on the ledger that later requests are checked against."""
    tables = [v for v in versions if TYPES[v.type].table]
    if tables:
        with tempfile.TemporaryDirectory(prefix="tre-gate-") as folder:
            laid = [_lay_out(gate, v, Path(folder) / str(at)) for at, v in enumerate(tables)]
            run_checker(laid, packs=gate.packs, ledger=gate.ledger, record=True)


@dataclass(frozen=True, slots=True)
class Told:
    """What the checker says in one voice of several cells of a file."""

    verdict: str
    rule: str
    message: str
    fix: str
    wheres: tuple[str, ...]


def told_once(said: Sequence[Mapping[str, str]]) -> list[Told]:
    """Findings for a reader: cells of which the same is said stand together, and a cell is told once for a rule.

    A cell that comes out of its own table and again out of two tables together is one finding to a person.
    """
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    seen: set[tuple[str, str, str]] = set()
    for one in said:
        place = (one["verdict"], one["rule"], one["where"])
        if one["where"] and place in seen:
            continue
        seen.add(place)
        wheres = groups.setdefault((one["verdict"], one["rule"], one["message"], one["fix"]), [])
        wheres += [one["where"]] if one["where"] else []
    told = [Told(*words, tuple(wheres)) for words, wheres in groups.items()]
    return sorted(told, key=lambda t: -WORST.index(t.verdict) if t.verdict in WORST else 0)


def worst(verdicts: Sequence[str]) -> str:
    """The worst of verdicts; nothing said is nothing found."""
    return max(verdicts, key=WORST.index, default="PASS")


def _of_file(report: dict[str, Any], path: Path, known: Collection[str]) -> list[Said]:
    """The report's findings on one file; one that names no file we know counts for every file."""
    said = []
    for found in report["findings"]:
        file = str(found.get("file") or "")
        if file in (str(path), path.name) or not Path(file).name or Path(file).name not in known:
            said.append(
                Said(
                    str(found["verdict"]),
                    str(found["rule"]),
                    str(found.get("where") or ""),
                    str(found["message"]),
                    str(found.get("fix") or ""),
                )
            )
    return said


def _lay_out(gate: Gate, version: Any, folder: Path) -> Path:
    """The file under its own name in a folder of its own, its evidence beside it."""
    folder.mkdir()
    path = folder / Path(version.file.path).name
    shutil.copyfile(store.check(gate, version.sha256), path)
    if version.evidence:
        shutil.copyfile(store.check(gate, version.evidence), folder / version.evidence_name)
    return path
