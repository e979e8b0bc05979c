"""`tre demo`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tre_toolkit.console import err, out
from tre_toolkit.errors import TreError


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A new folder under its own name (a gate remembers where its workspace stands), gone again if anything fails."""
    if not folder.parent.is_dir():
        raise TreError(
            "the folder to write into doesn't exist", where=str(folder.parent), hint="make the folder first"
        )
    try:
        folder.mkdir()
    except FileExistsError:
        raise TreError(
            "something stands here already", where=str(folder), hint="name another place, or remove it"
        ) from None
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def demo(
    children: Annotated[int, typer.Option(min=200, help="Children to invent in each authority.")] = 2000,
    into: Annotated[Path, typer.Option(help="A new folder for everything the journey makes.")] = Path(
        "demo-journey"
    ),
    seed: Annotated[int, typer.Option(help="The same seed invents the same children.")] = 1,
) -> None:
    """Play the whole journey on two invented authorities: from returns to a signed release.

    Example: `tre demo --children 2000 --into demo-journey`
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from tre_toolkit.demo.journey import Journey
    from tre_toolkit.demo.page import write_page
    from tre_toolkit.demo.stages import AUTHORITIES, STAGES

    started = time.monotonic()
    console = out()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total}"),
        TimeElapsedColumn(),
    )
    with (
        fresh(into.resolve()) as folder,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        journey = Journey(folder, console, children=children, seed=seed)
        for play in bar.track(STAGES, description="stages"):
            play(journey)
        write_page(journey, folder / "index.html")
    console.rule("The end", align="left", style="cyan")
    console.print(
        f"{children:,} children in each of {len(AUTHORITIES)} authorities, {time.monotonic() - started:.0f} seconds."
    )
    console.print(f"the release  {into / 'release'}", markup=False)
    console.print(
        f"check it     tre verify {into / 'release'} --trust {into / 'gate/gate.pub'}", markup=False
    )
    console.print(
        f"the page     {into / 'index.html'} (open it in a browser; it needs no network)", markup=False
    )
    err().print("Everything above is invented. No child is described.", style="dim")
