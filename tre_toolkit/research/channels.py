"""Two channels side by side: where children stand in services, and where in school, health or justice, on the same day.

The states of the second channel don't compete with those of the first: each channel has an order of its own,
and a child is in one state of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.engine import quote
from tre_toolkit.research.cohorts import Length
from tre_toolkit.research.declared import ARROW, TOTAL, Declared, Table
from tre_toolkit.research.overtime import NOWHERE, after, exact
from tre_toolkit.research.spells import spells_sql

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


class Channels(Declared):
    """Children observed at points of time since their index, by their state of `pathways` and of `second`.

    `second` are states in order, highest first; stays in them are taken under the rules of `pathways`.
    """

    kind: Literal["channels"] = "channels"
    second: tuple[str, ...] = Field(min_length=1)
    step: Length = "6m"
    steps: int = Field(default=4, ge=1, le=60)


def channels(paths: Pathways, wanted: Channels) -> Table:
    """Make the table of `Channels`: rows point of time and first state, columns the second."""
    from tre_toolkit.research.pathways import Pathways

    other = Pathways(
        paths.workspace,
        paths.rules.model_copy(update={"order": wanted.second, "bridge": {}}),
        paths.definition,
    )
    spells = spells_sql(other.episodes, states=len(wanted.second), windows=paths.windows)
    points = np.round(np.arange(wanted.steps + 1) * exact(wanted.step)).astype(int)
    told = ", ".join(f"({at}, {day})" for at, day in enumerate(points))
    found = paths.workspace.engine.rows(
        f"WITH others AS ({spells}) "
        "SELECT k.point, COALESCE(a.state, 0) AS one, COALESCE(b.state, 0) AS two, COUNT(*) AS n FROM "
        f"(SELECT w.child, w.since + p.after_days AS day, p.point FROM {quote(paths.windows)} AS w "
        f"CROSS JOIN (VALUES {told}) AS p(point, after_days) WHERE w.since + p.after_days < w.until) AS k "
        f"LEFT JOIN {quote(paths.spells)} AS a ON a.child = k.child AND a.began <= k.day AND a.ended > k.day "
        "LEFT JOIN others AS b ON b.child = k.child AND b.began <= k.day AND b.ended > k.day GROUP BY 1, 2, 3"
    )
    rows, columns = [NOWHERE, *paths.labels.values()], [NOWHERE, *other.labels.values()]
    cube = np.zeros((len(points), len(rows), len(columns)), dtype=np.int64)
    cube[found.point.to_numpy(), found.one.to_numpy(), found.two.to_numpy()] = found.n.to_numpy()
    cube = np.concatenate([cube, cube.sum(axis=1, keepdims=True)], axis=1)
    cube = np.concatenate([cube, cube.sum(axis=2, keepdims=True)], axis=2)
    names = [f"{after(wanted.step, at)}{ARROW}{name}" for at in range(len(points)) for name in (*rows, TOTAL)]
    return Table(
        wanted.title, f"Since the index{ARROW}State", tuple(names), (*columns, TOTAL), cube.reshape(len(names), -1),
        totals={"State": [TOTAL], "column": [TOTAL]}, across="Second channel",
    )  # fmt: skip
