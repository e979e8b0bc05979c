"""The spells kernel: overlapping episodes in, one state a day out, in portable SQL.

Each episode is two edges, +1 on its first day and -1 on the first day after it. Every state has a lane of
15 bits of a 64-bit sum, four states a sum, so one running sum a child counts the open episodes of all
states at once, and the highest lane that isn't empty is the child's state on that day. Days on which
nothing changes make no row. The result doesn't depend on the order of rows or on the engine.

States are numbers: 0 is "in none", and the higher the number the higher the precedence. Days are whole
numbers since 1970-01-01 and spans are half open: an episode from day 5 to day 7 covers 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping

from tre_toolkit.engine import quote

LANE = 32_768  # 2**15: so many episodes of one state may be open for one child on one day
LANES = 4  # states in one 64-bit sum; a fifth lane would reach the sign


def spells_sql(
    episodes: str,
    *,
    states: int,
    since: int | None = None,
    until: int | None = None,
    windows: str | None = None,
    bridge: Mapping[int, int] | None = None,
) -> str:
    """A query for the spells (child, state, began, ended) of a table of episodes (child, state, d0, d1).

    `states` is the highest state's number. Every child is observed from `since` to before `until`, or by a
    table `windows` (child, since, until); a child of no episode in its window has no spell. `bridge` maps a
    state to the longest gap, in days, over which two of its episodes count as one. The last spell of each
    child is a stay in no state that lasts to the end of the window, where there is one left.
    """
    pieces = _pieces(episodes, windows=windows, since=since, until=until, bridge=bridge or {})
    sums = range((states + LANES - 1) // LANES)
    end = ", until" if windows else ""  # each child's own; without windows it is one number
    last = "until" if windows else "NULL" if until is None else str(int(until))
    weights = ", ".join(f"{_weight(number, states)} AS sum{number}" for number in sums)
    signed = ", ".join(
        f"CASE side WHEN 0 THEN sum{number} ELSE -sum{number} END AS sum{number}" for number in sums
    )
    along = "OVER (PARTITION BY child ORDER BY day ROWS UNBOUNDED PRECEDING)"
    running = ", ".join(f"CAST(SUM(sum{number}) {along} AS BIGINT) AS sum{number}" for number in sums)
    # one pass adds up and looks ahead: the last row of a day has seen all that happens on it
    return f"""
WITH {pieces},
weighed AS (SELECT child, d0, d1{end}, {weights} FROM clipped WHERE d0 < d1),
edges AS (
  SELECT child, CASE side WHEN 0 THEN d0 ELSE d1 END AS day{end}, {signed}
  FROM weighed CROSS JOIN (VALUES (0), (1)) AS sides(side)
),
counts AS (SELECT child, day{end}, {running}, LEAD(day) {along} AS next_day FROM edges),
stand AS (SELECT child, day{end}, {_highest(states)} AS state FROM counts WHERE next_day IS NULL OR next_day <> day),
steps AS (SELECT child, day{end}, state, LAG(state, 1, -1) OVER (PARTITION BY child ORDER BY day) AS before FROM stand),
turns AS (
  SELECT child, state, day AS began, COALESCE(LEAD(day) OVER (PARTITION BY child ORDER BY day), {last}) AS ended
  FROM steps WHERE state <> before
)
SELECT child, state, began, ended FROM turns WHERE began < ended"""


def _pieces(
    episodes: str, *, windows: str | None, since: int | None, until: int | None, bridge: Mapping[int, int]
) -> str:
    """Common table expressions up to `clipped` (child, state, d0, d1, until): bridged and cut to the window."""
    source = quote(episodes)
    parts = [f"whole AS (SELECT child, state, d0, d1 FROM {source} WHERE d0 < d1)"]
    gaps = {state: days for state, days in bridge.items() if days > 0}
    joined = "whole"
    if gaps:
        longest = " ".join(f"WHEN {state} THEN {days}" for state, days in sorted(gaps.items()))
        parts += [
            "reach AS (SELECT child, state, d0, MAX(d1) OVER (PARTITION BY child, state ORDER BY d0, d1 "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached "
            f"FROM whole WHERE state IN ({', '.join(map(str, sorted(gaps)))}))",
            "bridged AS (SELECT child, state, d0, d1 FROM whole UNION ALL "
            "SELECT child, state, reached AS d0, d0 AS d1 FROM reach "
            f"WHERE d0 > reached AND d0 - reached <= CASE state {longest} ELSE 0 END)",
        ]
        joined = "bridged"
    if windows is not None:
        parts.append(
            "clipped AS (SELECT e.child, e.state, GREATEST(e.d0, w.since) AS d0, LEAST(e.d1, w.until) AS d1, w.until "
            f"FROM {joined} AS e INNER JOIN {quote(windows)} AS w ON e.child = w.child)"
        )
    else:
        first = f"GREATEST(d0, {int(since)})" if since is not None else "d0"
        last = f"LEAST(d1, {int(until)})" if until is not None else "d1"
        parts.append(f"clipped AS (SELECT child, state, {first} AS d0, {last} AS d1 FROM {joined})")
    return ",\n".join(parts)


def _weight(number: int, states: int) -> str:
    """What one open episode of each state adds to sum `number`."""
    held = [state for state in range(1, states + 1) if (state - 1) // LANES == number]
    cases = " ".join(f"WHEN {state} THEN {LANE ** ((state - 1) % LANES)}" for state in held)
    return f"CAST(CASE state {cases} ELSE 0 END AS BIGINT)"


def _highest(states: int) -> str:
    """The highest state with an open episode; lanes are never negative, so a sum is at least a lane's worth."""
    cases = " ".join(
        f"WHEN sum{(state - 1) // LANES} >= {LANE ** ((state - 1) % LANES)} THEN {state}"
        for state in range(states, 0, -1)
    )
    return f"CASE {cases} ELSE 0 END"
