"""Run a recipe over a workspace: every declared table becomes an output with its evidence, or none does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tre_toolkit.errors import Problem, Problems, TreError
from tre_toolkit.research.evidence import evidence_path, write_output
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.recipes import recipe
from tre_toolkit.research.workspace import Workspace


def lacking(workspace: Workspace, wanted: Any) -> tuple[str, ...]:
    """The datasets a recipe needs and the workspace doesn't hold."""
    return tuple(name for name in wanted.ABOUT.needs if name not in workspace.datasets)


def run_recipe(
    name: str, workspace: Workspace, into: Path, *, done: Callable[[int], None] = lambda _: None
) -> list[Path]:
    """Write a recipe's outputs into the folder `into`, made when it isn't there; the paths of the tables.

    Raises Problems that name every dataset the workspace lacks.
    """
    wanted = recipe(name)
    missing = lacking(workspace, wanted)
    if missing:
        raise Problems(
            f"the recipe {name} can't be run over this workspace",
            [Problem(f"the workspace lacks the dataset {dataset}") for dataset in missing],
            hint=f"it holds {', '.join(workspace.datasets) or 'none'}",
        )
    tables = wanted.tables()
    standing = [file for file in tables if (into / file).exists() or evidence_path(into / file).exists()]
    if standing:
        raise TreError(
            "something stands here already", where=str(into / standing[0]), hint="name another folder"
        )
    fresh = not into.exists()
    into.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    try:
        for file, declared in tables.items():
            table = tabulate(workspace, declared)
            written.append(
                write_output(into / file, table, declared, workspace, made_by=f"tre recipe run {name}")
            )
            done(1)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
            evidence_path(path).unlink(missing_ok=True)
        if fresh:
            into.rmdir()
        raise
    return written
