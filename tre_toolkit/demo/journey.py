"""Playing commands: each `tre` is a process of its own, shown with what it said, kept for the page.

Where a refusal is the point of a command, the journey expects it, and stops when it doesn't come.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tre_toolkit.errors import TreError

if TYPE_CHECKING:
    from rich.console import Console

FIRST, LAST = 12, 6  # lines of one command's answer that are shown at the terminal


@dataclass(frozen=True)
class Played:
    """One command as typed, what it said, and how it ended."""

    words: tuple[str, ...]
    status: int
    said: str
    seconds: float

    @property
    def typed(self) -> str:
        return shlex.join(("tre", *self.words))


@dataclass
class Stage:
    """One station of the journey."""

    title: str
    who: str
    place: str
    story: str
    saw: str = ""
    hid: str = ""
    played: list[Played] = field(default_factory=list)


class Journey:
    """A folder, and the commands played in it."""

    def __init__(self, folder: Path, console: Console, *, children: int, seed: int) -> None:
        self.folder, self.console, self.children, self.seed = folder, console, children, seed
        self.stages: list[Stage] = []
        self.headlines: list[tuple[str, str]] = []  # a number, and what it counts

    def stage(self, title: str, *, who: str, place: str, story: str) -> Stage:
        self.stages.append(Stage(title, who, place, story))
        self.console.rule(f"{len(self.stages)} {title}", align="left", style="cyan")
        self.console.print(f"{who}, {place}: {story}", style="dim", markup=False)
        return self.stages[-1]

    def tre(self, *words: str, ends: int = 0) -> Played:
        """Play one command, show it, and insist on how it ends."""
        return self.together([words], ends=ends)[0]

    def together(self, commands: Sequence[Sequence[str]], *, ends: int = 0) -> list[Played]:
        """Play commands side by side (two authorities work at the same time), and show them in order."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            played = list(pool.map(lambda words: run_tre(tuple(words), self.folder), commands))
        for one in played:
            self.stages[-1].played.append(one)
            show(one, self.console)
            if one.status != ends:
                raise TreError(
                    f"the journey stopped: a command ended with status {one.status}, not {ends}",
                    where=one.typed,
                    hint="its own word stands above",
                )
        return played

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def run_tre(words: tuple[str, ...], folder: Path) -> Played:
    """One `tre` process, and all it said."""
    started = time.monotonic()
    command = [sys.executable, "-c", "from tre_toolkit.cli import main; main()", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    return Played(words, done.returncode, done.stdout + done.stderr, time.monotonic() - started)


def show(played: Played, console: Console) -> None:
    console.print(f"$ {played.typed}", style="bold", markup=False)
    for line in shortened(played.said, FIRST, LAST):
        console.print(f"  {line}", markup=False)
    console.print(f"  {played.seconds:.1f} s", style="dim")


def shortened(said: str, first: int, last: int) -> list[str]:
    """The first and last lines of an answer, with the number of those between."""
    lines = said.strip("\n").splitlines()
    if len(lines) <= first + last + 1:
        return lines
    return [*lines[:first], f"… {len(lines) - first - last:,} more lines", *lines[-last:]]
