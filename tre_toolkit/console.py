"""How the commands speak: answers on standard output, everything about the work on standard error.

Colours are off when piped; a progress bar appears only at a terminal and only for what takes over a
second, with the rate and the time left; `--json` answers are one JSON value and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

from tre_toolkit.errors import MisuseError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

PATIENCE = 1.0  # seconds before a bar is shown
_BARLESS: ContextVar[bool] = ContextVar("no bars are drawn", default=False)
_TABLES: ContextVar[list[dict[str, Any]] | None] = ContextVar("tables of an answer in JSON", default=None)


def out() -> Console:
    """Where answers go (standard output)."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Where word of the work goes (standard error)."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line of word about the work, on standard error."""
    err().print(text, markup=False)


def answer(text: str) -> None:
    """A line of the answer, on standard output."""
    out().print(text, markup=False)


def answer_json(value: object) -> None:
    """The whole answer as JSON, on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def answer_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None
) -> None:
    """A table of the answer; numbers stand right, nothing is cut when piped."""
    gathered = _TABLES.get()
    if gathered is not None:
        gathered.append({"title": title, "columns": list(columns), "rows": [list(row) for row in rows]})
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title and Text(title), box=box.SIMPLE_HEAD, title_justify="left")
    for at, name in enumerate(columns):
        numeric = bool(rows) and all(
            isinstance(row[at], int | float) and not isinstance(row[at], bool) for row in rows
        )
        drawn.add_column(Text(name), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_written(cell)) for cell in row))  # words in brackets are words, not colours
    console = out()
    if not console.is_terminal:
        console.width = 140
    console.print(drawn)


def _written(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


@contextmanager
def gathering() -> Iterator[list[dict[str, Any]]]:
    """Within, tables of the answer are not drawn but gathered, for an answer in JSON."""
    tables: list[dict[str, Any]] = []
    before = _TABLES.set(tables)
    try:
        yield tables
    finally:
        _TABLES.reset(before)


@contextmanager
def barless() -> Iterator[None]:
    """Within, no bar is drawn, not even at a terminal: an answer in JSON is for a program."""
    before = _BARLESS.set(True)
    try:
        yield
    finally:
        _BARLESS.reset(before)


@contextmanager
def progress(what: str, total: int | None = None, *, unit: str = "") -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left; call what is yielded with the number of units just done.

    Without a total the bar only moves, and tells how long it has taken. Nothing is drawn away from a terminal.
    """
    console = err()
    if _BARLESS.get() or not console.is_terminal:
        yield lambda units: None
        return
    from rich.progress import Progress

    bar = Progress(*_columns(total, unit), console=console, transient=True)
    task = bar.add_task(what, total=total)
    patience = Timer(PATIENCE, bar.start)
    patience.daemon = True
    patience.start()
    try:
        yield lambda units: bar.advance(task, units)
    finally:
        patience.cancel()
        patience.join()
        bar.stop()


def _columns(total: int | None, unit: str) -> list[ProgressColumn]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many units a second."""

        def render(self, task: Any) -> Text:
            speed = task.speed or task.finished_speed
            return Text(f"{speed:,.3g} {unit}/s".replace(" /", "/") if speed else "", style="dim")

    named: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn()]
    if total is None:
        return [*named, TimeElapsedColumn()]
    return [*named, MofNCompleteColumn(), Rate(), TimeRemainingColumn(), TextColumn("left")]


def passphrase(file: Path | None, *, what: str) -> bytes:
    """A passphrase from a guarded file, or asked for at the terminal; never from the command line.

    Raises MisuseError when there is neither file nor terminal.
    """
    from tre_toolkit.keyfile import read_passphrase

    if file is not None:
        return read_passphrase(file)
    if not sys.stdin.isatty():
        raise MisuseError(
            f"the passphrase of {what} is needed", hint="give --passphrase-file, a file only you can read"
        )
    import getpass

    return getpass.getpass(f"Passphrase of {what}: ").encode()


def lines_of(facts: Mapping[str, object]) -> str:
    """Facts as aligned lines, `name  value`."""
    width = max((len(name) for name in facts), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in facts.items())
