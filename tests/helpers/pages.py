"""A documentation page as something to play: its code blocks, in order, with what must come of each.

How a block is written says what becomes of it:

    ```console      each `$ command` is run; other lines are what it says (`…` stands for anything)
    ```sh, ```bash  the block is one script
    ```python       all such blocks of a page run in one interpreter, one after the other
    ```text         straight after a block that runs: what that block says, as above; elsewhere only shown
    title="FILE"    the block is written to that file and not run; `title="FILE (at its end)"` is appended
    ```toml, json   without a title: must parse
    ```csv, mermaid only shown

Comments, which a reader doesn't see, say the rest, each on lines of its own:

    <!-- scene: workspace -->        the page begins not in an empty folder but in that scene (`scenes/*.sh`)
    <!-- exit 1 -->                  before a block: its last command ends so
    <!-- not run: the reason -->     before a block: it can't be run here, and why
    <!-- session                     commands and expectations that the page doesn't show, as in a session
    $ cp -r workspace elsewhere      (see `test_sessions.py`): preparations, or what must be there afterwards
    present elsewhere
    -->
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SHELL, PYTHON = ("console", "sh", "bash"), ("python",)
PARSED, SHOWN = ("toml", "json"), ("text", "csv", "mermaid", "html")
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
COMMENT = re.compile(r"^\s*<!-- (?P<word>scene:|exit|not run:|session)(?P<rest>.*?)(?P<end>-->)?\s*$")
TITLE = re.compile(r'title="([^"]+)"')
AT_ITS_END = " (at its end)"


@dataclass
class Block:
    """One block of a page, or a hidden session."""

    line: int
    kind: str
    text: str
    title: str | None = None
    status: int = 0
    excuse: str | None = None  # why it isn't run
    says: list[str] = field(default_factory=list)  # lines of a text block that follows

    @property
    def runs(self) -> bool:
        return (self.kind in SHELL + PYTHON and self.title is None and self.excuse is None) or (
            self.kind == "session"
        )


@dataclass
class Page:
    path: Path
    scenes: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # what is written against the convention

    @property
    def runs(self) -> bool:
        return any(block.runs for block in self.blocks)


def read_page(path: Path) -> Page:
    """The page's blocks in order; `faults` tells what isn't written as this module says."""
    page, status, excuse = Page(path), 0, None
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        fence, comment = FENCE.match(line), COMMENT.match(line)
        if comment:
            rest = comment["rest"].strip()
            if comment["word"] == "scene:":
                page.scenes += rest.split()
            elif comment["word"] == "exit":
                status = int(rest)
            elif comment["word"] == "not run:":
                excuse = rest
            else:
                page.blocks.append(Block(number, "session", "\n".join(_until(lines, "-->"))))
        elif fence:
            inside = [text.removeprefix(fence["indent"]) for text in _until(lines, fence["indent"] + "```")]
            _add(page, number, fence["info"], inside, status, excuse)
            status, excuse = 0, None
    return page


def _until(lines: Iterator[tuple[int, str]], end: str) -> Iterator[str]:
    for _, line in lines:
        if line.rstrip() == end:
            return
        yield line


def _add(page: Page, number: int, info: str, lines: list[str], status: int, excuse: str | None) -> None:
    kind, title = (info.split() or [""])[0], TITLE.search(info)
    block = Block(number, kind, "\n".join(lines), title[1] if title else None, status, excuse)
    if kind not in SHELL + PYTHON + PARSED + SHOWN and not block.title:
        page.faults.append(f"line {number}: a block of no kind that the suite knows: {info or 'none given'}")
    if excuse == "":
        page.faults.append(f"line {number}: not run, and no reason")
    before = page.blocks[-1] if page.blocks else None
    straight = (
        before and number <= before.line + before.text.count("\n") + 5
    )  # a fence, a blank line, a comment between
    if (
        kind == "text"
        and before
        and straight
        and before.runs
        and before.kind != "session"
        and not before.says
    ):
        before.says += lines
    page.blocks.append(block)


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a shell block, each with the lines it must say; a script is one command."""
    if block.kind != "console":
        yield "set -e\n" + block.text, block.says
        return
    found: list[tuple[str, list[str]]] = []
    lines = iter(block.text.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command = command[:-1] + " " + next(lines, "").strip()
            found.append((command, []))
        elif line.strip() and found:
            found[-1][1].append(line)
    if found:
        found[-1][1].extend(block.says)
    yield from found


def unsaid(says: list[str], said: str) -> list[str]:
    """The lines that should be in what was said and aren't; blanks don't count, `…` stands for anything."""
    said = "\n".join(re.sub(r"\s+", " ", line).strip() for line in said.splitlines())
    return [line for line in says if line.strip() and not re.search(_pattern(line), said)]


def _pattern(line: str) -> str:
    parts = re.split(r"…|\.\.\.", re.sub(r"\s+", " ", line).strip())
    return ".*".join(re.escape(part.strip()) for part in parts)


def words(command: str) -> list[str]:
    """A command line's words, as a shell splits it."""
    return shlex.split(command, comments=True)
