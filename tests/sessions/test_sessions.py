"""Scripted sessions: what a person types, what they see, what is there afterwards.

A session is a text file of blocks. Each begins with `$ command`; the lines below it say what must hold:
    > text        standard output has it                 2> text       standard error has it
    !> text       standard output does not have it       !2> text      standard error does not have it
    exit N        exit status (0 when not said)
    present FILE / absent FILE                           after the command
Lines that begin with `#` are prose. `tre` and `python` mean this environment's; other words are `sh`'s.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SESSIONS = sorted(HERE.glob("*.txt"))
EXPECTATION = re.compile(r"(2>|!2>|!>|>|exit|present|absent) (.*)")


@dataclass
class Block:
    line: int
    command: str
    expected: list[tuple[str, str]] = field(default_factory=list)


def blocks(session: Path) -> Iterator[Block]:
    block: Block | None = None
    for number, line in enumerate(session.read_text().splitlines(), start=1):
        if line.startswith("$ "):
            if block:
                yield block
            block = Block(number, line[2:])
        elif line and not line.startswith("#"):
            found = EXPECTATION.fullmatch(line)
            assert found, f"{session.name}:{number}: not a line of a session"
            assert block is not None, f"{session.name}:{number}: no command before it"
            block.expected.append((found[1], found[2]))
    if block:
        yield block


def play(block: Block, folder: Path) -> list[str]:
    """Carry out one block; what did not hold."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "HOME": str(folder), "COLUMNS": "200"}
    done = subprocess.run(["sh", "-c", block.command], cwd=folder, env=env, capture_output=True, text=True)
    holds = {
        ">": lambda text: text in done.stdout,
        "!>": lambda text: text not in done.stdout,
        "2>": lambda text: text in done.stderr,
        "!2>": lambda text: text not in done.stderr,
        "exit": lambda text: done.returncode == int(text),
        "present": lambda text: any(folder.glob(text)),
        "absent": lambda text: not any(folder.glob(text)),
    }
    expected = (
        block.expected
        if any(kind == "exit" for kind, _ in block.expected)
        else [("exit", "0"), *block.expected]
    )
    wrong = [f"{kind} {text}" for kind, text in expected if not holds[kind](text)]
    if "Traceback" in done.stderr:
        wrong.append("no traceback")
    return [f"line {block.line}: $ {block.command}", *wrong, done.stdout, done.stderr] if wrong else []


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_a_session_goes_as_written(session: Path, tmp_path: Path) -> None:
    for block in blocks(session):
        wrong = play(block, tmp_path)
        assert not wrong, "\n".join(wrong)
