"""Groups beside one another: shares, ratios to a reference, and hazard ratios, each resting on enough children.

A group with too few children with or without the outcome isn't shown by itself: it is rolled up to its
broader group of the code book, and what is still too small stands together as "All other groups". The
tree is the catalogue's, chosen before anybody saw an outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tre_toolkit import schema
from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import Declared, Table, Variable
from tre_toolkit.research.survival import cox
from tre_toolkit.research.variables import PEOPLE_CODES, labels, levels, places, value_sql

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways

Z = 1.959964  # 95 % of a normal distribution
OTHERS = "All other groups"
FIGURES = ("Children", "With the outcome", "Share in %", "Ratio", "Ratio, low", "Ratio, high")


class Ratios(Declared):
    """The share of each group with an outcome, and its ratio to a reference group, with 95 % intervals.

    `standard` names variables whose distribution in the whole cohort every group is weighed to (direct
    standardisation). The outcome is any value of `outcome` but "none".
    """

    kind: Literal["ratios"] = "ratios"
    by: Variable
    outcome: Variable
    standard: tuple[Variable, ...] = ()
    reference: str | None = None
    """Label of the group compared with; the largest when not given."""
    least: int = Field(default=10, ge=1)


class Hazards(Declared):
    """Hazard ratios of the first entry into `event` by groups (Cox, ties after Efron), with 95 % intervals.

    Each group is compared with the first of its variable; errors are clustered by `cluster`, a people's column.
    """

    kind: Literal["hazards"] = "hazards"
    event: str
    by: tuple[Variable, ...] = Field(min_length=1)
    cluster: str | None = None
    least: int = Field(default=10, ge=1)


def ratios(paths: Pathways, wanted: Ratios) -> Table:
    """Make the table of `Ratios`. Raises TreError when the reference isn't one of the groups shown."""
    from tre_toolkit.research.measures import counted_by

    counted = counted_by(paths, (wanted.by, wanted.outcome, *wanted.standard))
    known = levels(paths, wanted.by)
    at = places(counted.v0, known)
    names = labels(known, at)
    hit = (counted.v1 != "").to_numpy()
    strata = np.zeros(len(counted), dtype=np.int64)
    for number in range(len(wanted.standard)):
        _, place = np.unique(counted[f"v{number + 2}"].to_numpy(), return_inverse=True)
        strata = strata * (int(place.max(initial=0)) + 1) + place
    _, strata = np.unique(strata, return_inverse=True)
    n = np.zeros((len(names), int(strata.max(initial=0)) + 1))
    x = n.copy()
    np.add.at(n, (at, strata), counted.units.to_numpy())
    np.add.at(x, (at[hit], strata[hit]), counted.units.to_numpy()[hit])
    rolled, names = _rolled(paths, wanted.by, names, n.sum(axis=1), x.sum(axis=1), wanted.least)
    x, n = rolled @ x, rolled @ n
    children, outcomes = n.sum(axis=1), x.sum(axis=1)
    share, variance = standardised(x, n)
    chosen = int(children.argmax()) if wanted.reference is None else _place(names, wanted.reference)
    ratio, low, high = ratio_to(share, variance, chosen)
    figures = np.column_stack([children, outcomes, 100 * share, ratio, low, high])
    units = np.repeat(np.minimum(outcomes, children - outcomes)[:, None], len(FIGURES), axis=1)
    units[:, 0] = children
    return Table(
        wanted.title, wanted.by.title, tuple(names), FIGURES, units.astype(np.int64), figures,
        kind="ratio", decimals=(0, 0, 1, 2, 2, 2), across=f"{wanted.outcome.title}; ratio to {names[chosen]}",
    )  # fmt: skip


def standardised(x: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each group (rows), weighed to the whole's strata (columns), and its variance.

    A stratum a group has nobody in takes the whole's share, so that weights still add up to one.
    """
    weight = n.sum(axis=0) / n.sum()
    whole = x.sum(axis=0) / np.maximum(n.sum(axis=0), 1)
    own = np.where(n > 0, x / np.maximum(n, 1), whole)
    variance = np.where(n > 0, x / np.maximum(n, 1) ** 2, 0)
    return (own * weight).sum(axis=1), (variance * weight**2).sum(axis=1)


def ratio_to(
    share: np.ndarray, variance: np.ndarray, reference: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each share over the reference's, with a 95 % interval on the logarithm; the reference itself is 1, 1, 1."""
    spread = variance / np.maximum(share, 1e-12) ** 2
    error = np.sqrt(spread + spread[reference])
    ratio = share / share[reference]
    low, high = ratio * np.exp(-Z * error), ratio * np.exp(Z * error)
    low[reference] = high[reference] = 1.0
    return ratio, low, high


def _place(names: list[str], label: str) -> int:
    if label not in names:
        raise TreError("the reference isn't one of the groups shown", hint=f"they are {', '.join(names)}")
    return names.index(label)


def _rolled(
    paths: Pathways,
    variable: Variable,
    names: list[str],
    children: np.ndarray,
    outcomes: np.ndarray,
    least: int,
) -> tuple[np.ndarray, list[str]]:
    """A matrix (groups shown x groups) and the names shown: small groups rolled up until none is small."""

    def small(members: list[int]) -> bool:
        with_, all_ = outcomes[members].sum(), children[members].sum()
        return bool(min(with_, all_ - with_) < least)

    shown: list[tuple[str, list[int]]] = [(name, [at]) for at, name in enumerate(names) if children[at]]
    tree = _tree(variable)
    for broad in dict.fromkeys(tree.values()):
        inside = [one for one in shown if tree.get(one[0]) == broad]
        of = [one for one in inside if small(one[1])]
        while of and small(_members(of)) and len(of) < len(inside):
            of.append(min((one for one in inside if one not in of), key=lambda one: children[one[1]].sum()))
        if len(of) > 1:
            told = f"{broad}: {'all' if len(of) == len(inside) else 'other'} groups"
            place = min(shown.index(one) for one in of)
            shown = [one for one in shown if one not in of]
            shown.insert(place, (told, _members(of)))
    rest = [one for one in shown if small(one[1])]
    kept = [one for one in shown if one not in rest]
    while rest and small(_members(rest)) and kept:
        smallest = min(kept, key=lambda one: children[one[1]].sum())
        kept.remove(smallest)
        rest.append(smallest)
    if rest:
        told = " or ".join(names[at] for at in _members(rest)) if len(_members(rest)) <= 3 else OTHERS
        kept.append((told, _members(rest)))
    if not kept or small(kept[-1][1]):
        raise TreError(
            f"fewer than {least} children with, or without, the outcome", hint="ask of a larger cohort"
        )
    matrix = np.zeros((len(kept), len(names)))
    for row, (_, members) in enumerate(kept):
        matrix[row, members] = 1
    return matrix, [name for name, _ in kept]


def _members(groups: list[tuple[str, list[int]]]) -> list[int]:
    return sorted(member for _, members in groups for member in members)


def _tree(variable: Variable) -> dict[str, str]:
    """Label to its broader group, where the code book has groups."""
    if variable.column not in PEOPLE_CODES:
        return {}
    dataset, book = PEOPLE_CODES[variable.column]
    return {code.label: code.group for code in schema.dataset(dataset).code_lists[book].codes if code.group}


def hazards(paths: Pathways, wanted: Hazards) -> Table:
    """Make the table of `Hazards`. Raises TreError when too few children enter, or a group foretells all."""
    frame = _rows(paths, wanted)
    event = frame.cause.to_numpy() == 1
    columns, rows, children, entered = [], [], [], []
    for number, variable in enumerate(wanted.by):
        known = levels(paths, variable)
        at = places(frame[f"v{number}"], known)
        names = labels(known, at)
        n, x = np.bincount(at, minlength=len(names)), np.bincount(at[event], minlength=len(names))
        matrix, shown = _rolled(paths, variable, names, n, x, wanted.least)
        for row, name in enumerate(shown):
            member = matrix[row][at].astype(bool)
            if row:
                columns.append(member)
            rows.append(f"{variable.title}: {name}" + ("" if row else " (compared with)"))
            children.append(int(member.sum()))
            entered.append(int(event[member].sum()))
    if not columns:
        raise TreError("there is one group only: nothing to compare")
    cluster = None if wanted.cluster is None else frame.cluster.to_numpy()
    fitted = cox(frame.time.to_numpy(), event, np.column_stack(columns), cluster=cluster)
    ratio = np.ones((len(rows), 3))
    own = [at for at, name in enumerate(rows) if not name.endswith("(compared with)")]
    bands = (0.0, -Z, Z)
    for row, beta, error in zip(own, fitted.coefficients, fitted.errors, strict=True):
        ratio[row] = [np.exp(beta + band * error) for band in bands]
    figures = np.column_stack([children, entered, ratio])
    units = np.repeat(np.minimum(entered, np.subtract(children, entered))[:, None], 5, axis=1)
    units[:, 0] = children
    heads = ("Children", "Entered", "Hazard ratio", "Hazard ratio, low", "Hazard ratio, high")
    return Table(
        wanted.title, "Group", tuple(rows), heads, units.astype(np.int64), figures, kind="ratio", decimals=(0, 0, 2, 2, 2), across="Cox",
    )  # fmt: skip


def _rows(paths: Pathways, wanted: Hazards) -> Any:
    """A row for each child: time, cause, the variables' values, the cluster. Stays in this module."""
    event = paths.number(wanted.event) if wanted.event in paths.rules.order else None
    if event is None:
        raise TreError(
            "the event isn't among the pathways' states", hint=f"they are {', '.join(paths.rules.order)}"
        )
    joins = " ".join(
        f"LEFT JOIN ({value_sql(paths, variable)}) AS j{at} ON w.child = j{at}.child"
        for at, variable in enumerate(wanted.by)
    )
    values = ", ".join(f"COALESCE(j{at}.value, '') AS v{at}" for at in range(len(wanted.by)))
    cluster = f", CAST(p.{quote(wanted.cluster)} AS VARCHAR) AS cluster" if wanted.cluster else ""
    people = (
        "INNER JOIN children AS c ON w.child = c.child INNER JOIN people AS p ON c.person_id = p.person_id"
        if wanted.cluster
        else ""
    )
    entry = (
        f"SELECT e.child, MIN(e.d0) AS d0 FROM {quote(paths.episodes)} AS e INNER JOIN {quote(paths.windows)} AS w "
        f"ON e.child = w.child WHERE e.state = {event} AND e.d0 > w.since AND e.d0 < w.until GROUP BY e.child"
    )
    return paths.workspace.engine.rows(
        f"SELECT COALESCE(f.d0, w.until) - w.since AS time, CASE WHEN f.d0 IS NULL THEN 0 ELSE 1 END AS cause, {values}{cluster} "
        f"FROM {quote(paths.windows)} AS w LEFT JOIN ({entry}) AS f ON w.child = f.child {joins} {people} ORDER BY w.child"
    )
