"""Is the evidence true? The recipe in it is run again, as a process of its own, over the project's workspace.

`verified`: the same numbers came out. `differs`: others did, and the file fails. `claimed`: there is no workspace
or no recipe the gate could run, so the evidence is its author's word.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tre_toolkit.files import digest
from tre_toolkit.gate import store
from tre_toolkit.gate.folder import Gate

CELLS = ("rows", "columns", "units", "values", "sets", "totals", "across", "structural_zeros")
PATIENCE = 300  # seconds for one recipe


def standing(gate: Gate, version: Any, project: str) -> str:
    """How the version's evidence stands: none, claimed, verified or differs."""
    if not version.evidence:
        return "none"
    workspace = dict(gate.workspaces).get(project)
    if workspace is None:
        return "claimed"
    with tempfile.TemporaryDirectory(prefix="tre-gate-") as folder:
        evidence = Path(folder) / "submitted.evidence.json"
        evidence.write_bytes(store.read(gate, version.evidence))
        again = Path(folder) / "again.csv"
        command = [
            sys.executable,
            "-c",
            "from tre_toolkit.cli import main; main()",
            "tabulate",
            str(evidence),
        ]
        command += ["--workspace", str(workspace), "--into", str(again)]
        try:
            ran = subprocess.run(
                command, capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired):
            return "claimed"
        told = list(Path(folder).glob("again*.evidence.json"))
        if ran.returncode != 0 or not told:
            return "claimed"
        numbers = _numbers(told[0])
        if numbers is None or _numbers(evidence) != numbers:
            return "differs"
        if numbers["kind"] != "count" and not (again.is_file() and digest(again) == version.sha256):
            return (
                "differs"  # no count is printed, so nothing but the very figures can be held against the file
            )
        return "verified"


def _numbers(evidence: Path) -> dict[str, Any] | None:
    """What an evidence file says stands in the table's cells, before anything was hidden.

    All that the checker goes by, not only the counts: one that is left out here is its author's to invent.
    """
    try:
        told = json.loads(evidence.read_text(encoding="utf-8"))
        cells = told["cells"]
        return {
            **{name: cells.get(name) for name in CELLS},
            "kind": str(cells.get("kind", "count")),
            "unit": told.get("unit"),
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
