"""Children and the households they live in, counted beside one another: a table about households rests on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import Declared, Table, Variable
from tre_toolkit.research.measures import SUMS, set_numbers, sums_sql
from tre_toolkit.research.variables import check_people, each_child_sql, labels, levels, places

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways

HEADS = ("Children", "Households", "Households with two of them or more")


class Households(Declared):
    """For each value of `by`: its children, their households, and households with two such children or more.

    A household with children of two values is counted at both, so there is no total. `home` is a people's column;
    children whose household isn't known are left out and counted in a row of their own.
    """

    kind: Literal["households"] = "households"
    by: Variable
    home: str = "household_id"
    least: int = Field(default=10, ge=1)


def households(paths: Pathways, wanted: Households) -> Table:
    """Make the table of `Households`. Raises TreError where people have no such column."""
    check_people(paths, wanted.home)
    home = f"CAST(p.{quote(wanted.home)} AS VARCHAR) AS home"
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in SUMS)
    found = paths.workspace.engine.rows(
        "SELECT v0, CASE WHEN home IS NULL THEN 0 ELSE 1 END AS known, SUM(n) AS children, COUNT(*) AS homes, "
        f"SUM(CASE WHEN n > 1 THEN 1 ELSE 0 END) AS shared, {sums} FROM (SELECT v0, home, COUNT(*) AS n, {sums_sql()} FROM "
        f"({each_child_sql(paths, (wanted.by,), more=home)}) AS each_child GROUP BY v0, home) AS each_home GROUP BY v0, known"
    )
    if not int(found.known.sum()):
        raise TreError(
            "no child's household is known", hint="addresses must be linked: see the spine's households"
        )
    levels_ = levels(paths, wanted.by)
    own = found[found.known == 1]
    at = places(own.v0, levels_)
    names = labels(levels_, at)
    body = np.zeros((len(names) + 1, len(HEADS)), dtype=np.int64)
    body[at] = own[["children", "homes", "shared"]].to_numpy()
    body[-1, 0] = int(found.children[found.known == 0].sum())
    children = np.zeros((len(names) + 1, 1 + len(SUMS)), dtype=np.int64)
    children[at] = own[["children", *SUMS]].to_numpy()
    children[-1] = found.loc[found.known == 0, ["children", *SUMS]].sum().to_numpy()
    sets = np.zeros(body.shape, dtype=np.int64)  # of children; households are no set of children
    sets[:, 0] = set_numbers(children)
    units = body.copy()
    units[:-1, 0] = body[:-1, 1]  # never more than its children: the fewer of the two must be enough
    lone = body[:, 1] - body[:, 2]
    units[:, 2] = np.where((lone > 0) & (body[:, 2] > 0), np.minimum(body[:, 2], lone), body[:, 2])
    # children less households is the third figure, wherever no home has more than two of them: they are hidden together
    told = (units[:, 2] > 0) & (units[:, 2] < wanted.least)
    units[told, 1] = units[told, 2]
    return Table(
        wanted.title, wanted.by.title, (*names, "Household not known"), HEADS, units, body, kind="households",
        hide_below=wanted.least, across="Children and households", sets=sets,
    )  # fmt: skip
