"""A table by declaration: what `tre tabulate` runs, and what an output's evidence carries to be re-derived.

A `Tabulation` says which children are counted, by which variables in rows and columns, under which
rules. Every child is counted once, so margins add up. Rows and columns hold the whole code book, zeros
included: a category nobody is in is as telling as a small one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tre_toolkit import schema
from tre_toolkit.engine import quote
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.research.episodes import Rules, text
from tre_toolkit.research.pathways import Pathways
from tre_toolkit.research.workspace import Workspace

MISSING = "Not recorded"
UNKNOWN = "Not in the code book"
TOTAL = "Total"
ARROW = " → "
# where the code books of people.parquet stand in the catalogue
PEOPLE_CODES = {"ethnicity": ("cin_census", "common:ethnicity"), "sex": ("cin_census", "common:sex_mfu")}


class Variable(BaseModel):
    """What a table is split by: a column of `people`, or the furthest of some states a child reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    """A column of people.parquet: ethnicity, sex, authority, birth_month."""
    furthest: tuple[str, ...] | None = None
    """States, highest first: the first of them that the child was ever in on an observed day."""
    none: str = "None of these"
    """What children are called who were in none of the `furthest` states."""
    label: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Variable:
        if (self.column is None) == (self.furthest is None):
            raise ValueError("give either column or furthest")
        return self

    @property
    def title(self) -> str:
        return self.label or (self.column or "Furthest state").replace("_", " ").capitalize()


class Tabulation(BaseModel):
    """The declarative recipe of one table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    unit: Literal["child"] = "child"
    rows: tuple[Variable, ...] = Field(min_length=1)
    columns: tuple[Variable, ...] = Field(min_length=1)
    where: dict[str, tuple[str, ...]] = {}
    """Children kept: a column of people.parquet and the codes wanted."""
    pathways: Rules = Rules()
    """Only children who were in one of these states on an observed day are counted."""


@dataclass(frozen=True)
class Table:
    """Counts of distinct children with margins: `units` is len(rows) by len(columns), totals last."""

    title: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    units: np.ndarray

    def __repr__(self) -> str:
        return f"<table {self.title!r}: {len(self.rows)} by {len(self.columns)}, not checked>"

    @property
    def shown(self) -> list[list[str]]:
        """The cells as the file writes them."""
        return [[str(cell) for cell in row] for row in self.units.tolist()]


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as it stands. Raises TreError when it isn't one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TreError("there is no such recipe", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TreError(f"not TOML: {error}", where=str(path)) from None


def tabulation(raw: dict[str, Any], *, where: str) -> Tabulation:
    """A declaration from the recipe block of an evidence file or a TOML file. Raises Problems when it isn't one."""
    told = {name: value for name, value in raw.items() if name != "dataset_digest"}
    try:
        return Tabulation.model_validate(told)
    except ValidationError as error:
        found = [
            Problem(f"{'.'.join(map(str, one['loc'])) or 'recipe'}: {one['msg'].lower()}", Where(where))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise Problems("the recipe is not right", found) from None


def tabulate(workspace: Workspace, wanted: Tabulation) -> Table:
    """Count children as declared. Raises TreError when the workspace lacks a dataset, column or state."""
    pathways = Pathways(workspace, wanted.pathways)
    variables = (*wanted.rows, *wanted.columns)
    levels = [_levels(workspace, pathways, variable) for variable in variables]
    names = [f"v{number}" for number in range(len(variables))]
    chosen = ", ".join(
        f"{_value(pathways, variable)} AS {name}" for name, variable in zip(names, variables, strict=True)
    )
    counted = workspace.engine.rows(f"""
SELECT {", ".join(names)}, COUNT(DISTINCT child) AS units FROM (
  SELECT c.child, {chosen} FROM people AS p INNER JOIN children AS c ON p.person_id = c.person_id
  WHERE c.child IN (SELECT child FROM {quote(pathways.reached)}){_filters(workspace, wanted.where)}
) AS each_child GROUP BY {", ".join(names)}""")
    places = [_places(counted[name], known) for name, known in zip(names, levels, strict=True)]
    labels = [[*known.values()] for known in levels]
    for number, (place, known) in enumerate(zip(places, levels, strict=True)):
        if (place == len(known)).any():
            labels[number].append(UNKNOWN)
    cube = np.zeros([len(one) for one in labels], dtype=np.int64)
    np.add.at(cube, tuple(places), counted.units.to_numpy())
    split = len(wanted.rows)
    rows = [ARROW.join(one) for one in product(*labels[:split])]
    columns = [ARROW.join(one) for one in product(*labels[split:])]
    flat = cube.reshape(len(rows), len(columns))
    body = np.vstack([flat, flat.sum(axis=0)])
    return Table(
        wanted.title,
        ARROW.join(variable.title for variable in wanted.rows),
        (*rows, TOTAL),
        (*columns, TOTAL),
        np.hstack([body, body.sum(axis=1, keepdims=True)]),
    )


def _levels(workspace: Workspace, pathways: Pathways, variable: Variable) -> dict[str, str]:
    """Every value a variable can take, in order, with its label."""
    if variable.furthest is not None:
        known = {state.name: state.label for state in pathways.states}
        unknown = [name for name in variable.furthest if name not in known]
        if unknown:
            raise TreError(
                f"not among the pathways' states: {', '.join(unknown)}", hint=f"they are {', '.join(known)}"
            )
        whole = set(variable.furthest) == set(known)  # whoever is counted is in one of them
        return ({} if whole else {"": variable.none}) | {
            name: known[name] for name in reversed(variable.furthest)
        }
    column = variable.column or ""
    workspace_columns = workspace.engine.rows("DESCRIBE people").column_name.tolist()
    if column not in workspace_columns or column == "person_id":
        raise TreError("people have no such column", where=Where(table="people", column=column))
    if column in PEOPLE_CODES:
        dataset, codes = PEOPLE_CODES[column]
        return {code.value: code.label for code in schema.dataset(dataset).code_lists[codes].codes} | {
            "": MISSING
        }
    found = workspace.engine.rows(
        f"SELECT DISTINCT CAST({quote(column)} AS VARCHAR) AS value FROM people WHERE {quote(column)} IS NOT NULL ORDER BY value"
    )
    return {value: value for value in found.value} | {"": MISSING}


def _value(pathways: Pathways, variable: Variable) -> str:
    """A variable of one child in SQL; the empty text is missing or none."""
    if variable.furthest is None:
        return f"COALESCE(CAST(p.{quote(variable.column or '')} AS VARCHAR), '')"
    cases = " ".join(
        f"WHEN c.child IN (SELECT child FROM {quote(pathways.reached)} WHERE state = {pathways.number(name)}) THEN {text(name)}"
        for name in variable.furthest
    )
    return f"CASE {cases} ELSE '' END"


def _filters(workspace: Workspace, where: dict[str, tuple[str, ...]]) -> str:
    known = workspace.engine.rows("DESCRIBE people").column_name.tolist()
    for column in where:
        if column not in known:
            raise TreError("people have no such column", where=Where(table="people", column=column))
    return "".join(
        f" AND CAST(p.{quote(column)} AS VARCHAR) IN ({', '.join(map(text, codes))})"
        for column, codes in where.items()
    )


def _places(values: Any, known: dict[str, str]) -> np.ndarray:
    """Where each value stands among the known ones; len(known) for a value the code book doesn't have."""
    at = {value: place for place, value in enumerate(known)}
    return np.asarray(values.map(at).fillna(len(known)), dtype=np.int64)
