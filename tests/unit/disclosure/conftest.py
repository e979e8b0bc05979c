"""What several tests of the disclosure room set up."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from disclosure import rederive
from tre_toolkit.cli import run


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes are run again in this process: what a process of its own changes is tried elsewhere."""

    def again(command: list[str], **options: Any) -> Any:
        return subprocess.CompletedProcess(command, run(command[len(rederive.TRE) :]))

    monkeypatch.setattr(rederive.subprocess, "run", again)
