"""Groups beside one another: shares and their ratios to a reference, each resting on enough children.

A group with too few children with or without the outcome isn't shown by itself: it is rolled up to its
broader group of the code book, and what is still too small stands together as "All other groups". The
tree is the catalogue's, chosen before anybody saw an outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tre_toolkit import schema
from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import Declared, Table, Variable
from tre_toolkit.research.variables import PEOPLE_CODES, labels, levels, places

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
    rolled, names = rolled_up(wanted.by, names, n.sum(axis=1), x.sum(axis=1), wanted.least)
    x, n = rolled @ x, rolled @ n
    children, outcomes = n.sum(axis=1), x.sum(axis=1)
    share, variance = standardised(x, n)
    chosen = int(children.argmax()) if wanted.reference is None else place_of(names, wanted.reference)
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


def place_of(names: list[str], label: str) -> int:
    """Where a label stands. Raises TreError when it isn't there."""
    if label not in names:
        raise TreError("the reference isn't one of the groups shown", hint=f"they are {', '.join(names)}")
    return names.index(label)


def rolled_up(
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
