"""The kinds of declared tables, and `tabulate`, which makes each from a workspace.

crosstab       children by rows and columns
attrition      children left after each step of the cohort's definition
distribution   children in each state at points of time (since the index, by age, or by the calendar)
transitions    moves from state to state, and how many children made them
rates          moves for each hundred child-years in the state they start from
curve          time to the first entry into states: at risk, entries by kind, left, by steps of time
ratios         the share of each group with an outcome, standardised, and its ratio to a reference
hazards        hazard ratios of the first entry into a state (Cox, or discrete time), by groups
links          the same ratios over ever surer links, and weighed by how sure they are
households     children, and the households they live in, by groups
channels       children by the state of one channel and of another at points of time
variety        how varied the pathways of groups are: spells, entropy, turbulence
missing        how often columns of the returns are filled in
groups         children grouped by how alike their pathways are, and where each group is over time
panel          authorities by years: children entering a state, beside spending and staff
event_study    entries into a state by months since a roll-out, authority against authority
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from tre_toolkit.engine import quote
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.research.declared import ARROW, TOTAL, Crosstab, Declared, Table, Variable
from tre_toolkit.research.pathways import Pathways
from tre_toolkit.research.variables import each_child_sql, labels, levels, places
from tre_toolkit.research.workspace import Workspace

SUMS = ("s1", "s2", "s3")  # sums of the first three powers of the children's numbers
PRIME = 2**31 - 1  # powers are taken modulo this, so that products and sums stay within 64 bits


class Attrition(Declared):
    """Children left after each step of the cohort's definition."""

    kind: Literal["attrition"] = "attrition"


def tabulate(workspace: Workspace, declared: Declared) -> Table:
    """Make a declared table.

    Raises TreError when the workspace lacks a dataset, table, column or state, or the engine can't make it; the
    engine's own words are kept back, because they quote cells.
    """
    import duckdb

    paths = Pathways(workspace, declared.pathways, declared.cohort)
    kind: str = declared.kind  # type: ignore[attr-defined]  # every kind has it
    try:
        return kinds()[kind][1](paths, declared)
    except duckdb.Error as error:
        what = f"the engine couldn't make this table ({type(error).__name__})"
        raise TreError(what, hint="a column may not be of the kind the table asks for") from None


def declared(raw: dict[str, Any], *, where: str) -> Declared:
    """A declaration from the recipe block of an evidence file or a TOML file. Raises Problems when it isn't one."""
    told = {name: value for name, value in raw.items() if name != "dataset_digest"}
    kind = told.get("kind", "crosstab")
    if kind not in kinds():
        raise TreError("not a kind of table", where=where, hint=f"the kinds are {', '.join(kinds())}")
    try:
        return kinds()[kind][0].model_validate(told)
    except ValidationError as error:
        found = [
            Problem(f"{'.'.join(map(str, one['loc'])) or 'recipe'}: {one['msg'].lower()}", Where(where))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise Problems("the recipe is not right", found) from None


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as it stands. Raises TreError when it isn't one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TreError("there is no such recipe", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TreError(f"not TOML: {error}", where=str(path)) from None


def _crosstab(paths: Pathways, wanted: Crosstab) -> Table:
    variables = (*wanted.rows, *wanted.columns)
    known = [levels(paths, variable) for variable in variables]
    counted = counted_by(paths, variables)
    at = [places(counted[f"v{number}"], one) for number, one in enumerate(known)]
    names = [labels(one, place) for one, place in zip(known, at, strict=True)]
    cube = np.zeros([*map(len, names), 1 + len(SUMS)], dtype=np.int64)
    np.add.at(cube, tuple(at), counted[["units", *SUMS]].to_numpy(dtype=np.int64))
    split = len(wanted.rows)
    for axis in range(split):  # every stage's own totals stand in the table, so that hiding reckons with them
        cube = np.concatenate([cube, cube.sum(axis=axis, keepdims=True)], axis=axis)
    rows = [ARROW.join(one) for one in product(*([*one, TOTAL] for one in names[:split]))]
    columns = [ARROW.join(one) for one in product(*names[split:])]
    body = cube.reshape(len(rows), len(columns), -1)
    body = np.concatenate([body, body.sum(axis=1, keepdims=True)], axis=1)
    titles = [variable.title for variable in wanted.rows]
    return Table(
        wanted.title,
        ARROW.join(titles),
        tuple(rows),
        (*columns, TOTAL),
        body[:, :, 0],
        totals={**{title: [TOTAL] for title in titles}, "column": [TOTAL]},
        across=ARROW.join(variable.title for variable in wanted.columns),
        sets=set_numbers(body),
    )


def set_numbers(sums: np.ndarray) -> np.ndarray:
    """A number for each cell's set of children, from its size and sums of powers of the children's own numbers.

    Cells of other tables over the same workspace have the same number exactly when they hold the same children
    (but for an accident of one in 2^60); 0 stands for nobody. It tells no member, and stays with the evidence.
    """
    flat = sums.reshape(-1, sums.shape[-1])
    flat = np.column_stack([flat[:, :1], flat[:, 1:] % PRIME])
    told = [
        int.from_bytes(hashlib.sha256(row.tobytes()).digest()[:8], "big") >> 4 if row[0] else 0
        for row in flat
    ]
    return np.array(told, dtype=np.int64).reshape(sums.shape[:-1])


def sums_sql() -> str:
    """The `SUMS` over rows of children, as columns of a query."""
    one = f"CAST(child AS BIGINT) % {PRIME}"
    powers = [
        f"({one})",
        f"(({one}) * ({one}) % {PRIME})",
        f"(({one}) * ({one}) % {PRIME} * ({one}) % {PRIME})",
    ]
    return ", ".join(
        f"CAST(SUM({power}) AS BIGINT) AS {name}" for name, power in zip(SUMS, powers, strict=True)
    )


def counted_by(paths: Pathways, variables: tuple[Variable, ...]) -> Any:
    """The cohort's children counted by variables: a frame v0, v1, ..., units, and the `SUMS` that tell sets apart.

    A missing value is the empty text.
    """
    names = ", ".join(f"v{at}" for at in range(len(variables)))
    sums = sums_sql()
    return paths.workspace.engine.rows(
        f"SELECT {names}, COUNT(*) AS units, {sums} FROM ({each_child_sql(paths, variables)}) AS each_child "
        f"GROUP BY {names}"
    )


def _attrition(paths: Pathways, wanted: Attrition) -> Table:
    engine = paths.workspace.engine
    left = [int(engine.rows("SELECT COUNT(*) AS n FROM children").n[0])]
    for name in [*paths.step_tables, paths.windows]:
        left.append(int(engine.rows(f"SELECT COUNT(*) AS n FROM {quote(name)}").n[0]))
    told = ("linked people", *paths.steps, "observed for a day or more")
    return Table(wanted.title, "Step", told, ("Children left",), np.array(left, dtype=np.int64)[:, None])


Make = Callable[[Pathways, Any], Table]


@cache
def kinds() -> dict[str, tuple[type[Declared], Make]]:
    from tre_toolkit.research import (
        channels,
        clusters,
        comparisons,
        curves,
        filled,
        hazards,
        households,
        links,
        moves,
        overtime,
        panels,
        variety,
    )

    return {
        "crosstab": (Crosstab, _crosstab),
        "attrition": (Attrition, _attrition),
        "distribution": (overtime.Distribution, overtime.distribution),
        "transitions": (moves.Transitions, moves.transitions),
        "rates": (moves.Rates, moves.rates),
        "curve": (curves.Curve, curves.curve),
        "ratios": (comparisons.Ratios, comparisons.ratios),
        "hazards": (hazards.Hazards, hazards.hazards),
        "links": (links.Links, links.links),
        "households": (households.Households, households.households),
        "channels": (channels.Channels, channels.channels),
        "variety": (variety.Variety, variety.variety),
        "missing": (filled.Missing, filled.missing),
        "groups": (clusters.Groups, clusters.groups),
        "panel": (panels.Panel, panels.panel),
        "event_study": (panels.EventStudy, panels.event_study),
    }
