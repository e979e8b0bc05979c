"""The journey of `tre demo`, played once for all that look at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.journey import Played


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demo") / "journey"
    done = subprocess.run(
        [str(Path(sys.executable).with_name("tre")), "demo", "--children", "300", "--into", str(folder)],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Played(folder, done.stdout + done.stderr)
