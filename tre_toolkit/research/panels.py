"""Authority by year: children entering each state beside what authorities spend and employ; and event studies.

Nothing here is about a person: the rows are authorities, and what is found among authorities may not hold
for children. Behind every figure still stands the number of children, or of workers, it was made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import ARROW, Declared, Table
from tre_toolkit.research.episodes import year_end
from tre_toolkit.research.variables import split

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


class Measure(BaseModel):
    """A figure of an authority's year: the sum of a column, or that sum over the sum of another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    sum: str
    """dataset.table.column"""
    over: str | None = None
    """A column of the same table."""


class Panel(Declared):
    """Authorities by collection years: children who entered `entered` in the year, and measures."""

    kind: Literal["panel"] = "panel"
    entered: str
    measures: tuple[Measure, ...] = ()


class EventStudy(Declared):
    """The effect on monthly entries into a state, for each thousand children known, by months since a roll-out.

    `rollout` names the table (authority, and a column with its first day) of authorities treated.
    """

    kind: Literal["event_study"] = "event_study"
    entered: str
    rollout: str
    """dataset.table.column"""
    months: int = 6


def panel(paths: Pathways, wanted: Panel) -> Table:
    """Make the table of `Panel`: rows authority and year, columns children and measures."""
    counts = _entries(paths, wanted.entered)
    keys = sorted(set(zip(counts.authority, counts.year, strict=True)))
    at = {key: row for row, key in enumerate(keys)}
    units = np.zeros((len(keys), 1 + len(wanted.measures)), dtype=np.int64)
    figures = np.full(units.shape, np.nan)
    own = [at[key] for key in zip(counts.authority, counts.year, strict=True)]
    units[own, 0] = figures[own, 0] = counts.children
    for column, measure in enumerate(wanted.measures, start=1):
        dataset, table, name = split(measure.sum, 3)
        source = paths.workspace.need(dataset, table, name, *([measure.over] if measure.over else []))
        over = f"SUM(TRY_CAST({quote(measure.over)} AS DOUBLE))" if measure.over else "1"
        found = paths.workspace.engine.rows(
            f"SELECT authority, CAST(substr(period, 1, 4) AS INTEGER) AS year, COUNT(*) AS n, "
            f"SUM(TRY_CAST({quote(name)} AS DOUBLE)) / NULLIF({over}, 0) AS figure FROM {source} "
            f"WHERE {quote(name)} IS NOT NULL GROUP BY 1, 2"
        )
        place = np.array(
            [at.get(key, -1) for key in zip(found.authority, found.year, strict=True)], dtype=np.int64
        )
        seen = place >= 0
        units[place[seen], column], figures[place[seen], column] = found.n[seen], found.figure[seen]
    label = {state.name: state.label for state in paths.states}[wanted.entered]
    heads = (f"Children entering: {label}", *(measure.label for measure in wanted.measures))
    rows = tuple(f"{authority}{ARROW}{year}" for authority, year in keys)
    return Table(wanted.title, f"Authority{ARROW}Year", rows, heads, units, figures, kind="rate", decimals=1)


def event_study(paths: Pathways, wanted: EventStudy) -> Table:
    """Make the table of `EventStudy`. Raises TreError when no authority stands beside those treated."""
    from tre_toolkit.research.models import event_study as fit_study

    dataset, table, name = split(wanted.rollout, 3)
    source = paths.workspace.need(dataset, table, name)
    engine = paths.workspace.engine
    since, until = paths.window
    first = engine.rows(
        f"SELECT authority, MIN(TRY_CAST({quote(name)} AS DATE)) AS started FROM {source} GROUP BY authority"
    )
    state = paths.number(wanted.entered)
    entries = engine.rows(
        f"SELECT r.authority, CAST(FLOOR((e.d0 - {since}) / 30.4375) AS INTEGER) AS month, COUNT(*) AS n "
        f"FROM {quote(paths.episodes + '_raw')} AS r INNER JOIN ({_entered_sql(paths, wanted.entered)}) AS e "
        f"ON r.child = e.child AND r.d0 = e.d0 "
        f"WHERE r.state = {state} AND e.d0 >= {since} AND e.d0 < {until} AND r.superseded = 0 GROUP BY 1, 2"
    )
    known = engine.rows(
        f"SELECT authority, COUNT(DISTINCT child) AS n FROM {quote(paths.episodes + '_raw')} GROUP BY 1"
    )
    months = int((until - since) / 30.4375)
    grid = pd.MultiIndex.from_product(
        [sorted(known.authority), range(months)], names=["authority", "month"]
    ).to_frame(index=False)
    grid = grid.merge(entries, how="left", on=["authority", "month"]).fillna({"n": 0})
    stock = dict(zip(known.authority, known.n, strict=True))
    grid["rate"] = 1_000 * grid["n"] / grid["authority"].map(stock)
    day = (pd.to_datetime(first.started) - pd.Timestamp("1970-01-01")).dt.days
    begun = dict(zip(first.authority, np.floor((day - since) / 30.4375), strict=True))
    grid["begun"] = grid["authority"].map(begun)
    if grid["begun"].isna().all() or len(known) < 3:
        raise TreError("an event study needs three authorities or more, and one that is treated")
    fit = fit_study(
        grid, outcome="rate", unit="authority", period="month", treated_from="begun", window=wanted.months
    )
    low, high = fit.coefficients - 1.96 * fit.errors, fit.coefficients + 1.96 * fit.errors
    figures = np.column_stack([fit.coefficients, low, high])
    units = np.full(figures.shape, int(entries.n.sum()), dtype=np.int64)
    rows = tuple(_when(name, wanted.months) for name in fit.coefficients.index)
    heads = ("Effect per 1,000 children", "Effect, low", "Effect, high")
    return Table(
        wanted.title, "Months since the roll-out", rows, heads, units, figures, kind="effect", decimals=2
    )


def _when(name: str, months: int) -> str:
    at = int(name[1:])
    return f"{at}" + (" or later" if at == months else " or earlier" if at == -months else "")


def _entries(paths: Pathways, state: str) -> pd.DataFrame:
    """Children who entered a state, by authority and collection year of the first day."""
    if state not in paths.rules.order:
        raise TreError("not among the pathways' states", hint=f"they are {', '.join(paths.rules.order)}")
    source = next(one for one in paths.states if one.name == state).source[0]
    month, of_month = year_end(source.dataset)
    since, until = paths.window
    date = "(DATE '1970-01-01' + r.d0)"
    year = (
        f"YEAR{date} + CASE WHEN MONTH{date} * 100 + DAY{date} > {month * 100 + of_month} THEN 1 ELSE 0 END"
    )
    found: pd.DataFrame = paths.workspace.engine.rows(
        f"SELECT r.authority, CAST({year} AS INTEGER) AS year, COUNT(DISTINCT r.child) AS children "
        f"FROM {quote(paths.episodes + '_raw')} AS r INNER JOIN ({_entered_sql(paths, state)}) AS e "
        f"ON r.child = e.child AND r.d0 = e.d0 WHERE r.state = {paths.number(state)} "
        f"AND r.superseded = 0 AND r.unwanted = 0 AND r.d0 >= {since} AND r.d0 < {until} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return found


def _entered_sql(paths: Pathways, state: str) -> str:
    """The days (child, d0) on which children entered a state: the first of each stay, so that a new placement is no entry.

    Episodes that touch, or are no further apart than the rules bridge, are one stay.
    """
    bridged = paths.rules.bridge.get(state, 0)
    return (
        f"SELECT child, d0 FROM (SELECT child, d0, MAX(d1) OVER (PARTITION BY child ORDER BY d0, d1 "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached FROM {quote(paths.episodes)} "
        f"WHERE state = {paths.number(state)}) AS stays WHERE reached IS NULL OR d0 > reached + {bridged}"
    )
