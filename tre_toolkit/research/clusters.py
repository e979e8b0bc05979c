"""Groups of pathways as a table: how large each is, and where its children are over time.

In place of single children's lines (which would be the children themselves) and of medoids (each of which
is a child): for each group the number of its children in each state at each point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.cohorts import Length
from tre_toolkit.research.declared import ARROW, TOTAL, Declared, Table
from tre_toolkit.research.overtime import after, exact
from tre_toolkit.research.sequences import group, shares

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


class Groups(Declared):
    """Children grouped by how alike their states are, month by month (LCS distances, k-medoids).

    Only children observed for all of `steps` steps are grouped. Points shown are every `every` steps.
    """

    kind: Literal["groups"] = "groups"
    groups: int = Field(default=4, ge=1, le=12)
    step: Length = "1m"
    steps: int = Field(default=24, ge=2, le=240)
    every: int = Field(default=3, ge=1)
    seed: int = 0
    least: int = Field(default=10, ge=1)


def groups(paths: Pathways, wanted: Groups) -> Table:
    """Make the table of `Groups`. Raises TreError when a group would be of too few children."""
    points = np.round(np.arange(wanted.steps) * exact(wanted.step)).astype(np.int64)
    rows, _ = sequences_of(paths, points)
    if len(rows) < wanted.groups * wanted.least:
        raise TreError(
            "too few children are observed for so long", hint="ask for fewer steps, or fewer groups"
        )
    found = group(rows, wanted.groups, seed=wanted.seed, least=wanted.least)
    counts = shares(rows, found.of, states=len(paths.rules.order) + 1)
    shown = list(range(0, wanted.steps, wanted.every))
    names = [
        f"Group {at + 1} of {wanted.groups}{ARROW}{after(wanted.step, step)}"
        for at in range(len(counts))
        for step in shown
    ]
    body = counts[:, shown].reshape(-1, counts.shape[2])
    columns = ("In none", *paths.labels.values(), TOTAL)
    return Table(
        wanted.title, f"Group{ARROW}Since the index", tuple(names), columns,
        np.hstack([body, body.sum(axis=1, keepdims=True)]), totals={"column": [TOTAL]}, across="State",
    )  # fmt: skip


def sequences_of(paths: Pathways, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States of the cohort's children at days since their index (children x points), of those observed at all of them,
    and the children's numbers.

    Stays within the room: it is one row a child.
    """
    last = int(points[-1])
    found = paths.workspace.engine.rows(
        f"SELECT s.child, s.state, s.began - w.since AS began, s.ended - w.since AS ended FROM {quote(paths.spells)} AS s "
        f"INNER JOIN {quote(paths.windows)} AS w ON s.child = w.child WHERE w.until - w.since > {last} ORDER BY s.child, s.began"
    )
    who, place = np.unique(found.child.to_numpy(), return_inverse=True)
    out = np.zeros((int(place.max(initial=-1)) + 1, len(points)), dtype=np.uint8)
    first = np.searchsorted(points, found.began.to_numpy(), side="left")
    beyond = np.searchsorted(points, found.ended.to_numpy(), side="left")
    length = beyond - first
    row = np.repeat(place, length)
    column = (
        np.arange(int(length.sum()))
        - np.repeat(np.cumsum(length) - length, length)
        + np.repeat(first, length)
    )
    out[row, column] = np.repeat(found.state.to_numpy(), length)
    return out, who
