"""Moves from state to state: how many, by how many children, and for each hundred child-years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.engine import quote
from tre_toolkit.research.cohorts import YEAR
from tre_toolkit.research.declared import Declared, Table
from tre_toolkit.research.overtime import NOWHERE

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


class Transitions(Declared):
    """Moves from state to state; behind each figure stand the children who made the move."""

    kind: Literal["transitions"] = "transitions"
    least: int = Field(default=10, ge=1)
    """Figures on fewer children are hidden; there are no margins from which they could be worked out."""


class Rates(Declared):
    """Moves for each hundred child-years spent in the state they start from."""

    kind: Literal["rates"] = "rates"
    least: int = Field(default=10, ge=1)
    """Figures on fewer children are hidden."""


def moves_sql(paths: Pathways) -> str:
    """A query (child, state, next_state, began, ended): every spell, and the state after it (null when the window ends)."""
    return (
        "SELECT child, state, began, ended, LEAD(state) OVER (PARTITION BY child ORDER BY began) AS next_state "
        f"FROM {quote(paths.spells)}"
    )


def _moves(paths: Pathways) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the states, none first; moves and children by from and to."""
    names = [NOWHERE, *paths.labels.values()]
    counted = paths.workspace.engine.rows(
        f"SELECT state, next_state, COUNT(*) AS moves, COUNT(DISTINCT child) AS children FROM ({moves_sql(paths)}) AS m "
        "WHERE next_state IS NOT NULL GROUP BY state, next_state"
    )
    moves = np.zeros((len(names), len(names)), dtype=np.int64)
    children = moves.copy()
    at = (counted.state.to_numpy(), counted.next_state.astype("int64").to_numpy())
    moves[at], children[at] = counted.moves, counted.children
    return names, moves, children


def transitions(paths: Pathways, wanted: Transitions) -> Table:
    names, moves, children = _moves(paths)
    return Table(
        wanted.title,
        "From",
        tuple(names),
        tuple(names),
        children,
        moves,
        kind="moves",
        hide_below=wanted.least,
        across="To",
    )


def rates(paths: Pathways, wanted: Rates) -> Table:
    names, moves, children = _moves(paths)
    spent = paths.workspace.engine.rows(
        f"SELECT state, CAST(SUM(ended - began) AS BIGINT) AS days FROM {quote(paths.spells)} GROUP BY state"
    )
    days = np.zeros(len(names))
    days[spent.state.to_numpy()] = spent.days
    with np.errstate(invalid="ignore", divide="ignore"):
        per_hundred = 100 * moves / (days[:, None] / YEAR)
    per_hundred[moves == 0] = np.nan
    return Table(
        wanted.title,
        "From",
        tuple(names),
        tuple(names),
        children,
        per_hundred,
        kind="rate",
        decimals=1,
        hide_below=wanted.least,
        across="To",
    )
