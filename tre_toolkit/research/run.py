"""Run a recipe over a workspace: every declared table becomes an output with its evidence, or none does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tre_toolkit.errors import Problem, Problems, TreError
from tre_toolkit.research.declared import Declared
from tre_toolkit.research.evidence import evidence_path, write_output
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.recipes import datasets_of, recipe
from tre_toolkit.research.states import ordered
from tre_toolkit.research.workspace import Workspace


@dataclass(frozen=True)
class Ran:
    """What a run wrote, and what it left out and why."""

    written: tuple[Path, ...]
    left_out: dict[str, str]
    """File name to the reason: the dataset the workspace lacks, or why the table can't be made."""


def lacking(workspace: Workspace, wanted: Any) -> tuple[str, ...]:
    """The datasets a recipe can't do without and the workspace doesn't hold."""
    return tuple(name for name in wanted.ABOUT.needs if name not in workspace.datasets)


def lacks(workspace: Workspace, table: Declared) -> tuple[str, ...]:
    """The datasets one declared table reads and the workspace doesn't hold."""
    of_states = [
        state.source[0].dataset
        for state in ordered((*table.pathways.order, *getattr(table, "second", ())))
        if not any(source.dataset in workspace.datasets for source in state.source)
    ]
    return tuple(
        dict.fromkeys(name for name in (*of_states, *datasets_of(table)) if name not in workspace.datasets)
    )


def run_recipe(
    name: str, workspace: Workspace, into: Path, *, done: Callable[[int], None] = lambda _: None
) -> Ran:
    """Write a recipe's outputs into the folder `into`, made when it isn't there.

    A table is left out, with the reason told, when the workspace lacks its dataset or too few children stand
    behind it. Raises Problems that name every dataset the recipe can't do without.
    """
    wanted = recipe(name)
    missing = lacking(workspace, wanted)
    if missing:
        raise Problems(
            f"the recipe {name} can't be run over this workspace",
            [Problem(f"the workspace lacks the dataset {dataset}") for dataset in missing],
            hint=f"it holds {', '.join(workspace.datasets) or 'none'}",
        )
    tables: dict[str, Declared] = wanted.tables()
    standing = [file for file in tables if (into / file).exists() or evidence_path(into / file).exists()]
    if standing:
        raise TreError(
            "something stands here already", where=str(into / standing[0]), hint="name another folder"
        )
    fresh = not into.exists()
    into.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    left_out: dict[str, str] = {}
    try:
        for file, declared in tables.items():
            if absent := lacks(workspace, declared):
                left_out[file] = f"the workspace lacks {', '.join(absent)}"
            else:
                made_by = f"tre recipe run {name}"
                try:
                    table = tabulate(workspace, declared)
                except TreError as refusal:  # too few children, one group only: told, and the others go on
                    left_out[file] = _why(refusal)
                else:
                    written.append(write_output(into / file, table, declared, workspace, made_by=made_by))
            done(1)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
            evidence_path(path).unlink(missing_ok=True)
        if fresh:
            into.rmdir()
        raise
    return Ran(tuple(written), left_out)


def _why(refusal: TreError) -> str:
    """The reason in one line, with the table and column it is about."""
    where = refusal.problem.where
    place = ".".join(filter(None, (where.table, where.column)))
    return refusal.problem.what + (f": {place}" if place else "")
