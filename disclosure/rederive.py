"""Is the evidence true? Its recipe is run again over the workspace, by the command a researcher has, in a process of its own.

*verified*: the same cells came out, and nothing is said. *differs*: others did, and the file fails. *claimed*: there is
no recipe that can be run over this workspace, so the evidence is its author's word and a person looks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from disclosure import evidence as evidences
from disclosure.atomic import sha256
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE

Standing = Literal["none", "claimed", "verified", "differs"]
CELLS = ("rows", "columns", "units", "values", "sets", "totals", "across", "structural_zeros")
PATIENCE = 300  # seconds for one recipe
TRE = (sys.executable, "-c", "from tre_toolkit.cli import main; main()")


def said_of(told: Standing, path: Path) -> list[Finding]:
    """What is to be said of a file whose evidence stands so after its recipe was run again."""
    if told in ("verified", "none"):
        return []
    message, fix, level = {
        "differs": (
            "the recipe, run again over the workspace, gives other cells than the evidence tells of",
            "make the output again over this workspace",
            Level.FAIL,
        ),
        "claimed": (
            "nothing can make these cells again over this workspace: the evidence is its author's word",
            "make the table from a declaration (`tre tabulate`), or from a table the session opened itself",
            Level.REVIEW,
        ),
    }[told]
    return [Finding(level, f"{HOUSE}/evidence", str(path), "whole file", message, fix)]


def standing(path: Path, workspace: Path, *, memory: str | None = None) -> Standing:
    """How the evidence beside a file stands: none, claimed, verified or differs."""
    beside = evidences.find(path)
    if beside is None:
        return "none"
    if not evidences.read(beside).declared:
        return "claimed"
    return run_again(beside, workspace, sha256(path.read_bytes()), memory=memory)


def run_again(evidence: Path, workspace: Path, digest: str, *, memory: str | None = None) -> Standing:
    """How evidence stands after its recipe was run again over a workspace; `digest` is its file's SHA-256."""
    with tempfile.TemporaryDirectory(prefix="tre-again-") as folder:
        again = Path(folder) / "again.csv"
        command = [*TRE, "tabulate", str(evidence), "--workspace", str(workspace), "--into", str(again)]
        command += ["--memory", memory] if memory else []
        try:
            ran = subprocess.run(
                command,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONSAFEPATH": "1"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return "claimed"
        told = list(Path(folder).glob("again*.evidence.json"))
        if ran.returncode != 0 or not told:
            return "claimed"
        mine = _numbers(told[0])
        if mine is None or mine != _numbers(evidence):
            return "differs"
        if mine["kind"] != "count" and json.loads(evidence.read_bytes()).get("protected"):
            return "claimed"  # protected sums: which figures are printed isn't told by the recipe
        # where no count is printed, only the very figures can be held against the file
        same = again.is_file() and sha256(again.read_bytes()) == digest
        return "verified" if mine["kind"] == "count" or same else "differs"


def _numbers(path: Path) -> dict[str, Any] | None:
    """All that the check goes by: what were left out here would be its author's to invent."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        cells = told["cells"]
        return {
            **{name: cells.get(name) for name in CELLS},
            "kind": str(cells.get("kind", "count")),
            "unit": told.get("unit"),
            "checks": _checks(told),
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _checks(told: Any) -> list[tuple[str, ...]]:
    """What only the data could tell, whoever's file it was told of; of a protected table it is of what is left."""
    if told.get("protected"):
        return []
    return sorted(
        tuple(str(found[key]) for key in ("verdict", "rule", "where", "message"))
        for found in told.get("checks") or ()
    )
