"""The checker's tutorial, as a reader types it: each command of the page in its order, and what the page says it prints."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.cli import run

PAGE = Path(__file__).parents[2] / "docs/tutorials/checker.md"
ENDS_RED = (
    "--revocations",
    "tre protect",
)  # end with 1: the release was recalled; a question is left to people


def typed() -> list[tuple[str, list[str]]]:
    """The page's commands, each with the lines it is shown to print."""
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps


def test_the_checkers_tutorial_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fast_hashes: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = typed()
    assert len(steps) > 20
    for command, shown in steps:
        told, red = "", False
        for part in command.split(" && "):
            capsys.readouterr()
            if part.startswith("tre "):
                ended = run(shlex.split(part)[1:])
                answer = capsys.readouterr()
                told, red = told + answer.out + answer.err, red or ended != 0
            else:
                subprocess.run(["bash", "-c", part], check=True, cwd=tmp_path)
        assert red is any(words in command for words in ENDS_RED), (command, told)
        for line in shown:
            assert line.strip("…") in told, (line, told)
    assert "c,51,c" in (tmp_path / "release/data/safe/stages.csv").read_text()


def test_every_picture_of_the_tutorial_is_there() -> None:
    named = re.findall(r"\]\(\.\./images/(checker-[a-z]+\.png)\)", PAGE.read_text())
    assert len(named) == 4
    for name in named:
        assert (PAGE.parents[1] / "images" / name).read_bytes().startswith(b"\x89PNG")
