"""Every code block of every page runs, from an empty folder, from top to bottom, and says what the page says.

How pages are written is in `tests/helpers/pages.py`; scenes, in which some pages begin, are the scripts in `scenes/`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.pages import AT_ITS_END, PARSED, PYTHON, SHELL, Block, Page, commands, read_page, unsaid
from helpers.sessions import blocks, held

ROOT = Path(__file__).parents[2]
SCENES = Path(__file__).parent / "scenes"
PATHS = [path for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]) if "```" in path.read_text("utf-8")]  # fmt: skip
PAGES = [read_page(path) for path in PATHS]
WORKER = """
import contextlib, io, json, sys, traceback
names, answers = {"__name__": "__main__"}, sys.stdout
for line in sys.stdin:
    said, status = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            exec(compile(json.loads(line), "the page", "exec"), names)
        except BaseException:
            traceback.print_exc()
            status = 1
    answers.write(json.dumps([status, said.getvalue()]) + "\\n")
    answers.flush()
"""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


class Place:
    """A folder in which a page is played: what was exported stays, and there is one Python."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.exports = folder, ""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = {
            **os.environ, "PATH": path, "HOME": str(folder), "COLUMNS": "200", "MPLBACKEND": "agg", "PYTHONUTF8": "1", "ROOT": str(ROOT),
        }  # fmt: skip
        self.python: subprocess.Popen[str] | None = None

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", f"{self.exports}{command}"], cwd=self.folder, env=self.env, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )  # fmt: skip
        self.exports += "".join(
            f"{line}\n" for line in re.findall(r"^(?:export|cd) .*$", command, re.MULTILINE)
        )
        return done

    def interpret(self, code: str) -> tuple[int, str]:
        if self.python is None:
            self.python = subprocess.Popen(
                [sys.executable, "-c", WORKER], cwd=self.folder, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )  # fmt: skip
        assert self.python.stdin
        assert self.python.stdout
        self.python.stdin.write(json.dumps(code) + "\n")
        self.python.stdin.flush()
        answer = self.python.stdout.readline()
        status, said = json.loads(answer)
        return status, said

    def close(self) -> None:
        if self.python:
            self.python.communicate()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "page"
    folder.mkdir()
    place = Place(folder)
    yield place
    place.close()


@pytest.fixture(scope="session")
def scene(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str, Path], None]:
    """Set a scene in a folder: its script is played once, what it made is copied, and paths of its own are mended."""
    made: dict[str, Path] = {}

    def set_scene(name: str, folder: Path) -> None:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            place = Place(made[name])
            place.env["JOURNEY"] = str(request.getfixturevalue("played").folder)
            done = place.shell("set -e\n" + (SCENES / f"{name}.sh").read_text("utf-8"))
            assert done.returncode == 0, f"the scene {name} could not be set\n{done.stdout}{done.stderr}"
        shutil.copytree(made[name], folder, dirs_exist_ok=True)
        for path in folder.rglob("*.toml"):
            text = path.read_text("utf-8")
            if str(made[name]) in text:
                path.write_text(text.replace(str(made[name]), str(folder)), "utf-8")

    return set_scene


def play(block: Block, place: Place) -> list[str]:
    """Play one block; what went wrong."""
    if block.kind == "session":
        return [
            word for step in blocks(block.text, "the page") for word in held(step, place.folder, place.shell)
        ]
    if block.excuse is not None:
        return []
    if block.title:
        return write(block.title, block.text, place.folder)
    if block.kind in PYTHON:
        status, said = place.interpret(block.text)
        return told(status, 0, said, block.says)
    if block.kind in SHELL:
        steps = list(commands(block))
        for at, (command, says) in enumerate(steps):
            done = place.shell(command)
            wrong = told(
                done.returncode, block.status if at == len(steps) - 1 else 0, done.stdout + done.stderr, says
            )
            if wrong:
                return [f"$ {command}", *wrong]
    return []


def told(status: int, due: int, said: str, says: list[str]) -> list[str]:
    wrong = [f"not said: {line}" for line in unsaid(says, said)]
    if status != due:
        wrong.append(f"ended with {status}, not {due}")
    if "Traceback" in said and not wrong:
        wrong.append("a traceback")
    return [*wrong, "it said:", said] if wrong else []


def write(title: str, text: str, folder: Path) -> list[str]:
    path = folder / title.removesuffix(AT_ITS_END)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a" if title.endswith(AT_ITS_END) else "w", encoding="utf-8") as file:
        file.write(text + "\n")
    return []


@pytest.mark.parametrize("page", [page for page in PAGES if page.runs], ids=lambda page: name(page.path))
def test_a_page_goes_as_written(page: Page, place: Place, scene: Callable[[str, Path], None]) -> None:
    for one in page.scenes:
        scene(one, place.folder)
    for block in page.blocks:
        wrong = play(block, place)
        assert not wrong, f"{name(page.path)}:{block.line}\n" + "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: name(page.path))
def test_every_block_is_of_a_kind_that_runs_parses_or_is_only_shown(page: Page) -> None:
    assert not page.faults, "\n".join(page.faults)
    parse: dict[str, Callable[[str], Any]] = {"toml": tomllib.loads, "json": json.loads}
    for block in page.blocks:
        if block.kind in PARSED:
            parse[block.kind](block.text)


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.excuse for block in page.blocks)], ids=lambda page: name(page.path))  # fmt: skip
def test_a_test_that_stands_in_for_a_block_is_there_and_plays_its_commands(page: Page) -> None:
    for block in page.blocks:
        for named in re.findall(r"tests/[\w/.]+", block.excuse or ""):
            stands = ROOT / named.rstrip(".")
            files = [stands] if stands.is_file() else sorted(stands.rglob("*.py"))
            assert files, f"{block.line}: {named}"
            text = "".join(file.read_text("utf-8") for file in files)
            for verb in re.findall(r"^(?:\$ )?tre ([a-z-]+)", block.text, re.MULTILINE):
                assert verb in text, f"{block.line}: {named} plays no {verb}"
