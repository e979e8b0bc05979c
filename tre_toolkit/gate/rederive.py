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

from tre_toolkit.gate import store
from tre_toolkit.gate.folder import Gate

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
        return "verified" if _numbers(evidence) == _numbers(told[0]) else "differs"


def _numbers(evidence: Path) -> Any:
    """What an evidence file says stands in the table's cells, before anything was hidden."""
    try:
        cells = json.loads(evidence.read_text(encoding="utf-8"))["cells"]
        return {name: cells.get(name) for name in ("rows", "columns", "units")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
