"""The kinds of declared tables, and `tabulate`, which makes each from a workspace.

crosstab       children by rows and columns
attrition      children left after each step of the cohort's definition
distribution   children in each state at points of time (since the index, by age, or by the calendar)
transitions    moves from state to state, and how many children made them
rates          moves for each hundred child-years in the state they start from
curve          time to the first entry into states: at risk, entries by kind, left, by steps of time
ratios         the share of each group with an outcome, standardised, and its ratio to a reference
hazards        hazard ratios of the first entry into a state (Cox), by groups
missing        how often columns of the returns are filled in
groups         children grouped by how alike their pathways are, and where each group is over time
panel          authorities by years: children entering a state, beside spending and staff
event_study    entries into a state by months since a roll-out, authority against authority
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from tre_toolkit.engine import quote
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.research.cohorts import YEAR, Length, days_in
from tre_toolkit.research.declared import ARROW, TOTAL, Crosstab, Declared, Table, Variable
from tre_toolkit.research.episodes import date
from tre_toolkit.research.lifetable import merged_steps
from tre_toolkit.research.pathways import Pathways
from tre_toolkit.research.variables import labels, levels, places, value_sql
from tre_toolkit.research.workspace import Workspace

NOT_YET = "Not yet known"
NOWHERE = "In none"


class Attrition(Declared):
    """Children left after each step of the cohort's definition."""

    kind: Literal["attrition"] = "attrition"


class Distribution(Declared):
    """Children in each state at points of time; each is in one state, in none, or not yet known."""

    kind: Literal["distribution"] = "distribution"
    axis: Literal["index", "age", "calendar"] = "index"
    step: Length = "3m"
    steps: int = Field(default=12, ge=1, le=600)


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


class Curve(Declared):
    """Time from the index to the first entry into one of `events`, which compete; the rest leave unobserved.

    Steps of `step` are merged until no figure but zero stands on fewer than `least` children, so that the
    table needs no cell hidden and the curve no step unsafe.
    """

    kind: Literal["curve"] = "curve"
    events: tuple[str, ...] = Field(min_length=1)
    by: Variable | None = None
    step: Length = "3m"
    least: int = Field(default=10, ge=1)


def tabulate(workspace: Workspace, declared: Declared) -> Table:
    """Make a declared table. Raises TreError when the workspace lacks a dataset, table, column or state."""
    paths = Pathways(workspace, declared.pathways, declared.cohort)
    kind: str = declared.kind  # type: ignore[attr-defined]  # every kind has it
    return kinds()[kind][1](paths, declared)


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
    cube = np.zeros([len(one) for one in names], dtype=np.int64)
    np.add.at(cube, tuple(at), counted.units.to_numpy())
    split = len(wanted.rows)
    for axis in range(split):  # every stage's own totals stand in the table, so that hiding reckons with them
        cube = np.concatenate([cube, cube.sum(axis=axis, keepdims=True)], axis=axis)
    rows = [ARROW.join(one) for one in product(*([*one, TOTAL] for one in names[:split]))]
    columns = [ARROW.join(one) for one in product(*names[split:])]
    body = cube.reshape(len(rows), len(columns))
    titles = [variable.title for variable in wanted.rows]
    return Table(
        wanted.title,
        ARROW.join(titles),
        tuple(rows),
        (*columns, TOTAL),
        np.hstack([body, body.sum(axis=1, keepdims=True)]),
        totals={**{title: [TOTAL] for title in titles}, "column": [TOTAL]},
        across=ARROW.join(variable.title for variable in wanted.columns),
    )


def counted_by(paths: Pathways, variables: tuple[Variable, ...]) -> Any:
    """The cohort's children counted by variables: a frame v0, v1, ..., units; a missing value is the empty text."""
    joins = " ".join(
        f"LEFT JOIN ({value_sql(paths, variable)}) AS j{at} ON w.child = j{at}.child"
        for at, variable in enumerate(variables)
    )
    values = ", ".join(f"COALESCE(j{at}.value, '') AS v{at}" for at in range(len(variables)))
    names = ", ".join(f"v{at}" for at in range(len(variables)))
    return paths.workspace.engine.rows(
        f"SELECT {names}, COUNT(*) AS units FROM (SELECT w.child, {values} FROM {quote(paths.windows)} AS w {joins}) "
        f"AS each_child GROUP BY {names}"
    )


def _attrition(paths: Pathways, wanted: Attrition) -> Table:
    engine = paths.workspace.engine
    left = [int(engine.rows("SELECT COUNT(*) AS n FROM children").n[0])]
    for name in [*paths.step_tables, paths.windows]:
        left.append(int(engine.rows(f"SELECT COUNT(*) AS n FROM {quote(name)}").n[0]))
    told = ("linked people", *paths.steps, "observed for a day or more")
    return Table(wanted.title, "Step", told, ("Children left",), np.array(left, dtype=np.int64)[:, None])


def _distribution(paths: Pathways, wanted: Distribution) -> Table:
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


def _transitions(paths: Pathways, wanted: Transitions) -> Table:
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


def _rates(paths: Pathways, wanted: Rates) -> Table:
    names, moves, children = _moves(paths)
    spent = paths.workspace.engine.rows(
        f"SELECT state, CAST(SUM(ended - began) AS BIGINT) AS days FROM {quote(paths.spells)} GROUP BY state"
    )
    days = np.zeros(len(names))
    days[spent.state.to_numpy()] = spent.days
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = 100 * moves / (days[:, None] / YEAR)
    rates[moves == 0] = np.nan
    return Table(
        wanted.title,
        "From",
        tuple(names),
        tuple(names),
        children,
        rates,
        kind="rate",
        decimals=1,
        hide_below=wanted.least,
        across="To",
    )


def _curve(paths: Pathways, wanted: Curve) -> Table:
    times = event_times(paths, wanted.events, wanted.by)
    names, place = _common_causes(paths, wanted, times)
    times["cause"] = place[times.cause.to_numpy()]
    known = levels(paths, wanted.by) if wanted.by else {"": ""}
    columns = ("At risk", *names, "No longer observed")
    rows: list[str] = []
    parts: list[np.ndarray] = []
    for label, (steps, body) in _groups(wanted, times, known, len(names)).items():
        rows += [
            f"{label}{ARROW if label else ''}{after(wanted.step, first)} to {after(wanted.step, last)}"
            for first, last in steps
        ]
        parts.append(body)
    if not rows:
        raise TreError(
            f"fewer than {wanted.least} children enter, or leave unobserved", hint="ask of a larger cohort"
        )
    corner = f"{wanted.by.title}{ARROW}Since the index" if wanted.by else "Since the index"
    return Table(wanted.title, corner, tuple(rows), columns, np.vstack(parts), across="Children")


Steps = tuple[list[tuple[int, int]], np.ndarray]


def _groups(wanted: Curve, times: Any, known: dict[str, str], causes: int) -> dict[str, Steps]:
    """The life table of each group by its label. Groups that aren't safe alone stand together, with the smallest
    of the others where need be, so that nothing can be worked out by taking the shown from the whole."""

    def made(values: list[str]) -> Steps:
        own = times[times.by_value.isin(values)]
        return merged_steps(
            own.time.to_numpy(), own.cause.to_numpy(), own.n.to_numpy(), causes=causes,
            length=exact(wanted.step), least=wanted.least,
        )  # fmt: skip

    size = times.groupby("by_value").n.sum()
    unknown = [value for value in size.index if value not in known]
    kept = {value: made([value]) for value in (*known, *unknown) if size.get(value, 0)}
    rest = [value for value, (steps, _) in kept.items() if not steps]
    kept = {value: table for value, table in kept.items() if table[0]}
    while rest and not made(rest)[0] and kept:
        smallest = min(kept, key=lambda value: int(size[value]))
        rest.append(smallest)
        del kept[smallest]
    found = {known.get(value, "Not in the code book"): table for value, table in kept.items()}
    if rest and made(rest)[0]:
        labels = [known.get(value, "Not in the code book") for value in rest]
        found[" or ".join(labels) if len(rest) <= 3 else "All other groups"] = made(rest)
    return found


def _common_causes(paths: Pathways, wanted: Curve, times: Any) -> tuple[list[str], np.ndarray]:
    """Names of the causes, the rarest told together until each has five times `least` entries; old cause to new."""
    labelled = {state.name: state.label for state in paths.states}
    groups = [([labelled[name]], [at]) for at, name in enumerate(wanted.events, start=1)]

    def entries(group: tuple[list[str], list[int]]) -> int:
        return int(times.n[times.cause.isin(group[1])].sum())

    while len(groups) > 1 and min(map(entries, groups)) < 5 * wanted.least:
        first, second = sorted(groups, key=entries)[:2]
        at = min(groups.index(first), groups.index(second))
        both = sorted([first, second], key=groups.index)
        groups = [one for one in groups if one not in (first, second)]
        groups.insert(at, (both[0][0] + both[1][0], both[0][1] + both[1][1]))
    place = np.zeros(len(wanted.events) + 1, dtype=np.int64)
    for new, (_, old) in enumerate(groups, start=1):
        place[old] = new
    return [" or ".join(names) for names, _ in groups], place


def event_times(paths: Pathways, events: tuple[str, ...], by: Variable | None = None) -> Any:
    """A frame (by_value, time, cause, n): days from the index to the first entry, its place among `events` from 1
    (0: left unobserved), and how many children. A child in an event's state on the index day doesn't enter it then."""
    for name in events:
        if name not in paths.rules.order:
            raise TreError(
                "an event isn't among the pathways' states", hint=f"they are {', '.join(paths.rules.order)}"
            )
    cause = " ".join(f"WHEN {paths.number(name)} THEN {at}" for at, name in enumerate(events, start=1))
    numbers = ", ".join(str(paths.number(name)) for name in events)
    entries = (
        f"SELECT e.child, e.d0, MIN(CASE e.state {cause} END) AS cause FROM {quote(paths.episodes)} AS e "
        f"INNER JOIN {quote(paths.windows)} AS w ON e.child = w.child "
        f"WHERE e.state IN ({numbers}) AND e.d0 > w.since AND e.d0 < w.until GROUP BY e.child, e.d0"
    )
    first = (
        f"SELECT child, d0, cause FROM (SELECT child, d0, cause, ROW_NUMBER() OVER (PARTITION BY child ORDER BY d0) AS place "
        f"FROM ({entries}) AS entries) AS placed WHERE place = 1"
    )
    value = f"LEFT JOIN ({value_sql(paths, by)}) AS v ON w.child = v.child" if by else ""
    told = "COALESCE(v.value, '')" if by else "''"
    return paths.workspace.engine.rows(
        f"SELECT {told} AS by_value, COALESCE(f.d0, w.until) - w.since AS time, COALESCE(f.cause, 0) AS cause, COUNT(*) AS n "
        f"FROM {quote(paths.windows)} AS w LEFT JOIN ({first}) AS f ON w.child = f.child {value} GROUP BY 1, 2, 3"
    )


Make = Callable[[Pathways, Any], Table]


@cache
def kinds() -> dict[str, tuple[type[Declared], Make]]:
    from tre_toolkit.research import clusters, comparisons, filled, panels

    return {
        "crosstab": (Crosstab, _crosstab),
        "attrition": (Attrition, _attrition),
        "distribution": (Distribution, _distribution),
        "transitions": (Transitions, _transitions),
        "rates": (Rates, _rates),
        "curve": (Curve, _curve),
        "ratios": (comparisons.Ratios, comparisons.ratios),
        "hazards": (comparisons.Hazards, comparisons.hazards),
        "missing": (filled.Missing, filled.missing),
        "groups": (clusters.Groups, clusters.groups),
        "panel": (panels.Panel, panels.panel),
        "event_study": (panels.EventStudy, panels.event_study),
    }
