"""Is the evidence true? The recipe in it is run again, as a process of its own, over the project's workspace.

`verified`: the same numbers came out. `differs`: others did, and the file fails. `claimed`: there is no workspace
or no recipe the gate could run, so the evidence is its author's word.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tre_toolkit.gate import store
from tre_toolkit.gate.folder import Gate


def standing(gate: Gate, version: Any, project: str) -> str:
    """How the version's evidence stands: none, claimed, verified or differs."""
    if not version.evidence:
        return "none"
    workspace = dict(gate.workspaces).get(project)
    if workspace is None:
        return "claimed"
    from disclosure.rederive import run_again

    with tempfile.TemporaryDirectory(prefix="tre-gate-") as folder:
        evidence = Path(folder) / "submitted.evidence.json"
        evidence.write_bytes(store.read(gate, version.evidence))
        return run_again(evidence, workspace, version.sha256)
