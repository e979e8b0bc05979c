"""Time to the first entry into competing states, as a life table whose every figure stands on enough children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.cohorts import Length
from tre_toolkit.research.declared import ARROW, Declared, Table, Variable
from tre_toolkit.research.lifetable import merged_steps
from tre_toolkit.research.overtime import after, exact
from tre_toolkit.research.variables import levels, value_sql

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


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


def curve(paths: Pathways, wanted: Curve) -> Table:
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
