"""Scripted sessions: what a person types, what they see, what is there afterwards.

A session is a text of blocks. Each begins with `$ command`; the lines below it say what must hold:
    > text        standard output has it                 2> text       standard error has it
    !> text       standard output does not have it       !2> text      standard error does not have it
    exit N        exit status (0 when not said)
    present FILE / absent FILE                           after the command
Lines that begin with `#` are prose.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

EXPECTATION = re.compile(r"(2>|!2>|!>|>|exit|present|absent) (.*)")


@dataclass
class Step:
    """One command, and what must hold of it."""

    line: int
    command: str
    expected: list[tuple[str, str]] = field(default_factory=list)


def blocks(text: str, name: str) -> Iterator[Step]:
    """The steps of a session in order."""
    step: Step | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("$ "):
            if step:
                yield step
            step = Step(number, line[2:])
        elif line and not line.startswith("#"):
            found = EXPECTATION.fullmatch(line)
            assert found, f"{name}:{number}: not a line of a session"
            assert step is not None, f"{name}:{number}: no command before it"
            step.expected.append((found[1], found[2]))
    if step:
        yield step


def held(step: Step, folder: Path, shell: Callable[[str], subprocess.CompletedProcess[str]]) -> list[str]:
    """Carry out one step; what did not hold."""
    done = shell(step.command)
    holds: dict[str, Callable[[str], bool]] = {
        ">": lambda text: text in done.stdout,
        "!>": lambda text: text not in done.stdout,
        "2>": lambda text: text in done.stderr,
        "!2>": lambda text: text not in done.stderr,
        "exit": lambda text: done.returncode == int(text),
        "present": lambda text: any(folder.glob(text)),
        "absent": lambda text: not any(folder.glob(text)),
    }
    said_so = any(kind == "exit" for kind, _ in step.expected)
    expected = step.expected if said_so else [("exit", "0"), *step.expected]
    wrong = [f"{kind} {text}" for kind, text in expected if not holds[kind](text)]
    if "Traceback" in done.stderr:
        wrong.append("no traceback")
    return [f"line {step.line}: $ {step.command}", *wrong, done.stdout, done.stderr] if wrong else []
