"""Where children are over time: a distribution of states at points since the index, by age or by the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.engine import quote
from tre_toolkit.research.cohorts import YEAR, Length, days_in
from tre_toolkit.research.declared import TOTAL, Declared, Table
from tre_toolkit.research.episodes import date

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways

NOT_YET = "Not yet known"
NOWHERE = "In none"


class Distribution(Declared):
    """Children in each state at points of time; each is in one state, in none, or not yet known."""

    kind: Literal["distribution"] = "distribution"
    axis: Literal["index", "age", "calendar"] = "index"
    step: Length = "3m"
    steps: int = Field(default=12, ge=1, le=600)


def distribution(paths: Pathways, wanted: Distribution) -> Table:
    engine = paths.workspace.engine
    zero = {"index": "w.since", "age": "b.birth_day", "calendar": "0"}[wanted.axis]
    joined = f"{quote(paths.windows)} AS w" + (
        " INNER JOIN births AS b ON w.child = b.child" if wanted.axis == "age" else ""
    )
    points, names = _points(paths, wanted)
    states = [0, *paths.labels]
    body = np.zeros((len(points), len(states) + 1), dtype=np.int64)
    for sign, column in ((1, "began"), (-1, "ended")):
        found = engine.rows(
            f"SELECT s.state, s.{column} - {zero} AS day, COUNT(*) AS n FROM {joined} "
            f"INNER JOIN {quote(paths.spells)} AS s ON w.child = s.child GROUP BY s.state, s.{column} - {zero}"
        )
        for at, state in enumerate(states):
            body[:, at + 1] += sign * _up_to(points, found[found.state == state])
    for sign, column in ((1, "since"), (-1, "until")):
        found = engine.rows(
            f"SELECT w.{column} - {zero} AS day, COUNT(*) AS n FROM {joined} GROUP BY w.{column} - {zero}"
        )
        body[:, 0] += sign * _up_to(points, found)
    body[:, 0] -= body[:, 1:].sum(axis=1)
    columns = [NOT_YET, NOWHERE, *paths.labels.values()]
    corner = {"index": "Since the index", "age": "Age", "calendar": "Day"}[wanted.axis]
    whole = np.hstack([body, body.sum(axis=1, keepdims=True)])
    return Table(
        wanted.title,
        corner,
        tuple(names),
        (*columns, TOTAL),
        whole,
        totals={"column": [TOTAL]},
        across="State",
    )


def _points(paths: Pathways, wanted: Distribution) -> tuple[np.ndarray, list[str]]:
    """Days since the axis' zero at which states are counted, and what each is called."""
    length = days_in(wanted.step)
    if wanted.axis == "calendar":
        first, last = paths.window
        points = np.arange(first, last, length)[: wanted.steps]
        return points, [str(date(int(point))) for point in points]
    points = np.round(np.arange(wanted.steps + 1) * exact(wanted.step)).astype(np.int64)
    return points, [after(wanted.step, at) for at in range(wanted.steps + 1)]


def exact(step: str) -> float:
    """A length in days, before rounding, so that four quarters are a year."""
    return {"d": 1.0, "w": 7.0, "m": YEAR / 12, "y": YEAR}[step[-1]] * int(step[:-1])


def after(step: str, times: int) -> str:
    number = int(step[:-1]) * times
    unit = {"d": "day", "w": "week", "m": "month", "y": "year"}[step[-1]]
    return f"{number} {unit}" + ("" if number == 1 else "s")


def _up_to(points: np.ndarray, counted: Any) -> np.ndarray:
    """How many of the counted days lie at or before each point."""
    days, n = counted.day.to_numpy(), counted.n.to_numpy()
    order = np.argsort(days, kind="stable")
    total = np.concatenate([[0], np.cumsum(n[order])])
    return np.asarray(total[np.searchsorted(days[order], points, side="right")], dtype=np.int64)
