"""Does the answer hang on unsure links? The same ratios over ever surer links, and weighed by how sure they are.

A wrong link gives one child another's pathway, and a missed one breaks a pathway in two. People carry the band
of their weakest link and its weight in bits. What a subset adds to the next is itself a group: a boundary that
would tell few children apart isn't shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tre_toolkit.errors import TreError
from tre_toolkit.research.comparisons import FIGURES, Ratios, place_of, ratio_to, rolled_up, standardised
from tre_toolkit.research.declared import ARROW, Table, Variable
from tre_toolkit.research.variables import check_people, each_child_sql, labels, levels, places

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways

BAND = Variable(column="band")
LAYERS = (("fair", "All links"), ("strong", "Certain and strong links"), ("", "Certain links"))
"""Each band that leaves with the next subset, and what the subset with it is called; who was linked to nothing stays."""
WEIGHED = "Weighed by the links"
SURE = "CASE WHEN p.match_weight IS NULL THEN 1.0 ELSE 1.0 / (1.0 + POWER(2.0, -p.match_weight)) END"
"""The chance that a child's weakest link is right, from its weight in bits; 1 where the linkage gives none."""


class Links(Ratios):
    """`Ratios` for all children, for those with certain or strong links, for those with certain ones, and weighed."""

    kind: Literal["links"] = "links"  # type: ignore[assignment]  # a kind of its own


def links(paths: Pathways, wanted: Links) -> Table:
    """Make the table of `Links`. Raises TreError where people carry no band, or too few are left."""
    for column in ("band", "match_weight"):
        check_people(paths, column)
    variables = (wanted.by, wanted.outcome, BAND, *wanted.standard)
    names = ", ".join(f"v{at}" for at in range(len(variables)))
    each = each_child_sql(paths, variables, more=f"{SURE} AS sure")
    counted = paths.workspace.engine.rows(
        f"SELECT {names}, COUNT(*) AS units, SUM(sure) AS sure FROM ({each}) AS each_child GROUP BY {names} ORDER BY {names}"
    )
    known = levels(paths, wanted.by)
    at = places(counted.v0, known)
    told = labels(known, at)
    hit = (counted.v1 != "").to_numpy()
    layer = counted.v2.map({"fair": 0, "strong": 1}).fillna(2).astype(int).to_numpy()
    strata = counted[[f"v{number + 3}" for number in range(len(wanted.standard))]].astype(str)
    stratum = strata.agg("|".join, axis=1).to_numpy() if len(wanted.standard) else np.full(len(counted), "")
    _, stratum = np.unique(stratum, return_inverse=True)
    cube = np.zeros((2, 3, 2, len(told), int(stratum.max(initial=0)) + 1))  # children, weights
    for which, column in enumerate(("units", "sure")):
        np.add.at(cube[which], (layer, hit.astype(int), at, stratum), counted[column].to_numpy(dtype=float))
    surest = cube[0, 2].sum(axis=2)
    matrix, shown = rolled_up(wanted.by, told, surest.sum(axis=0), surest[1], wanted.least)
    cube = np.einsum("rg,wlhgs->wlhrs", matrix, cube)
    rows, figures, units = [], [], []
    for name, body, counts in _subsets(cube, wanted.least):
        share, variance = standardised(body[1], body.sum(axis=0))
        chosen = (
            int(counts.sum(axis=(0, 2)).argmax())
            if wanted.reference is None
            else place_of(shown, wanted.reference)
        )
        ratio, low, high = ratio_to(share, variance, chosen)
        children, outcomes = counts.sum(axis=(0, 2)), counts[1].sum(axis=1)
        figures.append(np.column_stack([children, outcomes, 100 * share, ratio, low, high]))
        own = np.repeat(np.minimum(outcomes, children - outcomes)[:, None], len(FIGURES), axis=1)
        own[:, 0] = children
        units.append(own)
        rows += [f"{name}{ARROW}{group}" for group in shown]
    return Table(
        wanted.title, f"Links{ARROW}{wanted.by.title}", tuple(rows), FIGURES, np.vstack(units).astype(np.int64),
        np.vstack(figures), kind="ratio", decimals=(0, 0, 1, 2, 2, 2), across=f"{wanted.outcome.title}; ratio to one group",
    )  # fmt: skip


def _subsets(cube: np.ndarray, least: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, figures and children (outcome x groups x strata) of each subset that no difference makes unsafe."""
    children = cube[0]
    found = [(LAYERS[0][1], children.sum(axis=0), children.sum(axis=0))]
    since = 0  # the first layer the last shown subset still holds
    for at in (1, 2):
        left_out = children[since:at].sum(axis=(0, 3))
        if ((left_out == 0) | (left_out >= least)).all():
            found.append((LAYERS[at][1], children[at:].sum(axis=0), children[at:].sum(axis=0)))
            since = at
    found.append((WEIGHED, cube[1].sum(axis=0), children.sum(axis=0)))
    if len(found) == 2 and np.allclose(cube[0], cube[1]):
        raise TreError(
            "nothing tells one link from another here", hint="all links are of one band and have no weight"
        )
    return found
