"""The scripted sessions beside this file go as they are written (`tests/helpers/sessions.py` says how).

`tre` and `python` mean this environment's; other words are `sh`'s.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.sessions import blocks, held

SESSIONS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_a_session_goes_as_written(session: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "HOME": str(tmp_path), "COLUMNS": "200"}

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True)

    for step in blocks(session.read_text(encoding="utf-8"), session.name):
        wrong = held(step, tmp_path, shell)
        assert not wrong, "\n".join(wrong)
