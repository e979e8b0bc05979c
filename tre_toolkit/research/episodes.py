"""From yearly returns to episodes: which child was in which state from which day to which, and what was wrong.

The same episode stands in every return in which it was open; the latest return that holds it wins.
A row without an end is open: in the authority's last return it is still going on, in an earlier one
it is *stale*, and a declared policy says when it ended. Nothing is dropped without being counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from tre_toolkit import schema
from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.states import Source, State, ordered

if TYPE_CHECKING:
    from tre_toolkit.research.workspace import Workspace

EPOCH = dt.date(1970, 1, 1)
Make = Callable[[str], None]  # makes the engine's table of the name it is given

# what is counted, in the order it is told; True where such rows are left out of the episodes
DEFECTS = {
    "not linked to a person": True,
    "no first day": True,
    "ends before it starts": True,
    "repeated in a later return": True,
    "left out by the state's own conditions": True,
    "outside the window": True,
    "starts and ends on one day": False,
    "open, still in the last return": False,
    "open, gone from later returns": False,
    "open, though a later one started": False,
    "the same row twice": False,
    "overlaps another of the same state": False,
}


TWICE = "one person under two numbers in one return"


class Rules(BaseModel):
    """How episodes become spells: all of it declared, none of it assumed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: tuple[str, ...] = ("cla", "cpp", "cin", "assessment", "referral")
    """States by precedence, highest first."""
    bridge: dict[str, int] = {}
    """Longest gap, in days, over which two episodes of a state count as one."""
    same_day: Literal["one_day", "drop"] = "one_day"
    """What an episode that starts and ends on one day is: a stay of one day, or none."""
    open_end: Literal["close_at_next", "last_seen", "censor"] = "close_at_next"
    """When an open row ended: at the next start of the same state, where there is one, and else when last seen
    in a return; when last seen; or not at all."""
    areas: dict[str, tuple[str, ...]] = {}
    """Authorities that are followed as one, through a change of boundaries: a name, and its members' codes."""
    observed_from: dt.date | None = None
    """First day observed; when not given, the first day of the latest first return."""
    observed_to: dt.date | None = None
    """Last day observed; when not given, the last day of the earliest last return."""


def day(date: dt.date) -> int:
    """A date as days since 1970-01-01."""
    return (date - EPOCH).days


def date(day: int) -> dt.date:
    """Days since 1970-01-01 as a date."""
    return EPOCH + dt.timedelta(days=day)


def window(workspace: Workspace, rules: Rules) -> tuple[int, int]:
    """First day observed and first day no longer observed, as days since 1970.

    Raises TreError when nothing is observed.
    """
    since, until = [], []
    for dataset in sorted({one.dataset for state in held(workspace, rules) for one in state.source}):
        tables = [name for name in workspace.tables if name.startswith(f"{dataset}.")]
        every = " UNION ALL ".join(
            f"SELECT {area(rules)} AS authority, period FROM {quote(name)}" for name in tables
        )
        seen = workspace.engine.rows(
            "SELECT authority, MIN(substr(period, 1, 4)) AS first_year, MAX(substr(period, 1, 4)) AS last_year "
            f"FROM ({every}) AS rows_of_all GROUP BY authority"
        )
        month, of_month = year_end(dataset)
        since += [dt.date(int(year) - 1, month, of_month) + dt.timedelta(days=1) for year in seen.first_year]
        until += [dt.date(int(year), month, of_month) for year in seen.last_year]
    first = rules.observed_from or max(since, default=None)
    last = rules.observed_to or min(until, default=None)
    if first is None or last is None or last < first:
        raise TreError(
            "no day is observed: the first day lies after the last, or the workspace holds no return",
            hint="give observed_from and observed_to, or ask for more returns",
        )
    return day(first), day(last) + 1


def area(rules: Rules) -> str:
    """The authority in SQL, or the area it was joined to."""
    cases = " ".join(
        f"WHEN authority IN ({', '.join(map(text, members))}) THEN {text(name)}"
        for name, members in sorted(rules.areas.items())
    )
    return f"CASE {cases} ELSE authority END" if cases else "authority"


def year_end(dataset: str) -> tuple[int, int]:
    """Month and day on which a dataset's collection year ends; 31 March when the catalogue doesn't know it."""
    ends = schema.dataset(dataset).year_ends if dataset in schema.datasets() else "03-31"
    month, _, of_month = ends.partition("-")
    return int(month), int(of_month)


def held(workspace: Workspace, rules: Rules) -> list[State]:
    """The states of the order, each with the sources the workspace holds.

    Raises TreError, naming the dataset, when a state has none.
    """
    found = []
    for state in ordered(rules.order):
        sources = tuple(one for one in state.source if one.dataset in workspace.datasets)
        if not sources:
            workspace.need(state.source[0].dataset, state.source[0].table)
        for one in sources:
            workspace.need(one.dataset, one.table, *one.columns)
            for column in (one.start, *([one.end] if one.end else [])):
                workspace.need_date(one.dataset, one.table, column)
        found.append(state.model_copy(update={"source": sources}))
    return found


def make_episodes(workspace: Workspace, rules: Rules, name: str) -> None:
    """Put the tables `name` (child, state, d0, d1) and `name_raw` into the workspace's engine.

    `state` counts from 1 for the last of the order up to the highest.
    """
    states = held(workspace, rules)
    _, until = window(workspace, rules)
    selects = [
        _select(workspace, source, number, rules)
        for number, state in zip(range(len(states), 0, -1), states, strict=True)
        for source in state.source
    ]
    engine = workspace.engine
    engine.run(f"CREATE OR REPLACE TABLE {quote(name + '_raw')} AS {' UNION ALL '.join(selects)}")
    engine.run(f"CREATE OR REPLACE TABLE {quote(name)} AS {_closed(name + '_raw', rules, until)}")


def defects(workspace: Workspace, rules: Rules, name: str) -> dict[str, int]:
    """How many rows of `name_raw` were found wanting, by kind: every kind, with zeros; and persons' second numbers."""
    since, until = window(workspace, rules)
    counted = workspace.engine.rows(_defects_sql(name, since, until))
    found = {kind: int(counted[f"n{number}"][0]) for number, kind in enumerate(DEFECTS)}
    return {**found, TWICE: _second_numbers(workspace, rules)}


def _second_numbers(workspace: Workspace, rules: Rules) -> int:
    """Rows beyond the first that a person has in a return's list of children: the return has it under two numbers."""
    datasets = {one.dataset for state in held(workspace, rules) for one in state.source} & set(
        schema.datasets()
    )
    lists = [f"{name}.{schema.dataset(name).person_table}" for name in sorted(datasets)]
    return sum(
        int(
            workspace.engine.rows(
                "SELECT CAST(COALESCE(SUM(n - 1), 0) AS BIGINT) AS n FROM (SELECT person_id, authority, period, COUNT(*) AS n "
                f"FROM {quote(name)} WHERE person_id IS NOT NULL GROUP BY person_id, authority, period) AS each_list"
            ).n[0]
        )
        for name in lists
        if name in workspace.tables
    )


def _select(workspace: Workspace, source: Source, state: int, rules: Rules) -> str:
    """Rows of one source, each with all that decides its fate; nothing is left out yet."""
    table = workspace.need(source.dataset, source.table, *source.columns)
    month, of_month = year_end(source.dataset)
    place = area(rules)
    keys = ", ".join([f"({place})", "person_id", *(quote(column) for column in source.key)])
    ended = day_of(source.end) if source.end else "CAST(NULL AS INTEGER)"
    one_day = _among(source.one_day) if source.end else "TRUE"
    return f"""
SELECT c.child, CAST({state} AS INTEGER) AS state, r.authority, r.d0,
  CASE WHEN r.d1 IS NULL AND r.one_day THEN r.d0 + 1 ELSE r.d1 END AS d1,
  CASE WHEN r.d1 IS NULL AND NOT r.one_day THEN 1 ELSE 0 END AS is_open,
  CASE WHEN r.year < r.last_year THEN 1 ELSE 0 END AS is_past,
  CASE WHEN r.year < r.kept_year AND r.d0 IS NOT NULL THEN 1 ELSE 0 END AS superseded,
  CASE WHEN r.unwanted THEN 1 ELSE 0 END AS unwanted,
  {_day_of_sql(f"CAST(concat(r.year, '-{month:02d}-{of_month:02d}') AS DATE)")} + 1 AS seen_to
FROM (
  SELECT person_id, {place} AS authority, {day_of(source.start)} AS d0, {ended} AS d1, {one_day} AS one_day,
    {_among(source.unless)} AS unwanted, substr(period, 1, 4) AS year,
    MAX(substr(period, 1, 4)) OVER (PARTITION BY {place}) AS last_year,
    MAX(substr(period, 1, 4)) OVER (PARTITION BY {keys}) AS kept_year
  FROM {table}
) AS r LEFT JOIN children AS c ON r.person_id = c.person_id"""


def _closed(raw: str, rules: Rules, until: int) -> str:
    """The episodes that count, each with an end, those that ended before the window among them."""
    following = (
        "SELECT o.child, o.state, o.d0, MIN(n.d0) AS next_d0 FROM kept AS o INNER JOIN kept AS n "
        "ON o.child = n.child AND o.state = n.state AND n.d0 > o.d0 WHERE o.is_open = 1 GROUP BY o.child, o.state, o.d0"
    )
    last_seen = f"CASE WHEN k.is_past = 1 THEN k.seen_to ELSE {until} END"
    end_of_open = {
        "close_at_next": f"COALESCE(f.next_d0, {last_seen})",
        "last_seen": last_seen,
        "censor": str(until),
    }[rules.open_end]
    one_day = "d0 + 1" if rules.same_day == "one_day" else "d1"
    shortest = ">=" if rules.same_day == "one_day" else ">"
    return f"""
WITH kept AS (SELECT * FROM {quote(raw)} WHERE {COUNTS}),
following AS ({following}),
ended AS (
  SELECT k.child, k.state, k.d0,
    CASE WHEN k.is_open = 0 THEN k.d1 ELSE {end_of_open} END AS d1
  FROM kept AS k LEFT JOIN following AS f ON k.is_open = 1 AND k.child = f.child AND k.state = f.state AND k.d0 = f.d0
)
SELECT child, state, CAST(d0 AS INTEGER) AS d0, CAST(CASE WHEN d1 = d0 THEN {one_day} ELSE d1 END AS INTEGER) AS d1
FROM ended WHERE d1 {shortest} d0 AND d0 < {until}"""


# rows that can be an episode at all
COUNTS = (
    "child IS NOT NULL AND d0 IS NOT NULL AND superseded = 0 AND unwanted = 0 AND (d1 IS NULL OR d1 >= d0)"
)


def _defects_sql(name: str, since: int, until: int) -> str:
    raw = quote(name + "_raw")
    good = f"SELECT * FROM {raw} WHERE {COUNTS}"
    paired = (
        f"SELECT state, is_open, d0, d1, LEAD(d0) OVER (PARTITION BY child, state ORDER BY d0, d1) AS next_d0, "
        f"MAX(d1) OVER (PARTITION BY child, state ORDER BY d0, d1 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached "
        f"FROM ({good}) AS good_rows"
    )
    wanted = "superseded = 0 AND unwanted = 0"
    counts = [
        (raw, f"child IS NULL AND {wanted}"),
        (raw, f"child IS NOT NULL AND d0 IS NULL AND {wanted}"),
        (raw, f"child IS NOT NULL AND d1 < d0 AND {wanted}"),
        (raw, "superseded = 1"),
        (raw, "superseded = 0 AND unwanted = 1"),
        (f"({good})", f"d0 >= {until} OR d1 < {since} OR (d1 = {since} AND d0 < d1)"),
        (f"({good})", "d0 = d1"),
        (f"({good})", "is_open = 1 AND is_past = 0"),
        (f"({good})", "is_open = 1 AND is_past = 1"),
        (f"({paired})", "is_open = 1 AND next_d0 > d0"),
        (
            f"(SELECT COUNT(*) AS n FROM ({good}) AS g GROUP BY child, state, authority, d0, d1, is_open)",
            "n > 1",
        ),
        (f"({paired})", "reached > d0"),
    ]
    answers = ", ".join(
        f"(SELECT COUNT(*) FROM {source} AS t{number} WHERE {condition}) AS n{number}"
        for number, (source, condition) in enumerate(counts)
    )
    return f"SELECT {answers}"


def _among(conditions: dict[str, tuple[str, ...]]) -> str:
    """Whether any of the columns holds one of its codes."""
    if not conditions:
        return "FALSE"
    tests = [
        f"LOWER(CAST({quote(column)} AS VARCHAR)) IN ({', '.join(text(code.lower()) for code in codes)})"
        for column, codes in conditions.items()
    ]
    return f"COALESCE({' OR '.join(tests)}, FALSE)"


def text(value: str) -> str:
    """A text as SQL writes it. Only for codes and labels of the catalogue or of a recipe, never for data."""
    return "'" + value.replace("'", "''") + "'"


def day_of(column: str, *, of: str = "") -> str:
    """A column's date as days since 1970, in SQL; missing where it isn't a date."""
    place = f"{of}.{quote(column)}" if of else quote(column)
    return _day_of_sql(f"TRY_CAST({place} AS DATE)")


def _day_of_sql(value: str) -> str:
    return f"CAST(date_diff('day', DATE '1970-01-01', {value}) AS INTEGER)"
