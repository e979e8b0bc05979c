"""How the commands speak: answers on standard output, everything about the work on standard error.

Colours are off when piped; a progress bar appears only at a terminal and only for what takes over a
second; `--json` answers are one JSON value and nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import MisuseError

if TYPE_CHECKING:
    from rich.console import Console

PATIENCE = 1.0  # seconds before a bar is shown


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
    from rich import box
    from rich.table import Table

    drawn = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for at, name in enumerate(columns):
        numeric = bool(rows) and all(
            isinstance(row[at], int | float) and not isinstance(row[at], bool) for row in rows
        )
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(_written(cell) for cell in row))
    console = out()
    if not console.is_terminal:
        console.width = 140
    console.print(drawn)


def _written(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left; call what is yielded with the number of units just done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task, started, shown = bar.add_task(what, total=total), time.monotonic(), False

    def done(units: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - started > PATIENCE:
            bar.start()
            shown = True
        bar.advance(task, units)

    try:
        yield done
    finally:
        bar.stop()


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
