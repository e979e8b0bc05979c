"""How varied pathways are, by groups: spells, time spread over states (entropy), and turbulence, as means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tre_toolkit.errors import TreError
from tre_toolkit.research.clusters import sequences_of
from tre_toolkit.research.cohorts import Length
from tre_toolkit.research.comparisons import rolled_up
from tre_toolkit.research.declared import Declared, Table, Variable
from tre_toolkit.research.overtime import exact
from tre_toolkit.research.sequences import entropy, turbulence
from tre_toolkit.research.variables import each_child_sql, labels, levels, places

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways

HEADS = ("Children", "Mean spells", "Mean entropy", "Mean turbulence")


class Variety(Declared):
    """Means over the children of each group, of those observed for all of `steps` steps."""

    kind: Literal["variety"] = "variety"
    by: Variable
    step: Length = "1m"
    steps: int = Field(default=24, ge=2, le=240)
    least: int = Field(default=10, ge=1)


def variety(paths: Pathways, wanted: Variety) -> Table:
    """Make the table of `Variety`. Raises TreError when too few children are observed for so long."""
    points = np.round(np.arange(wanted.steps) * exact(wanted.step)).astype(np.int64)
    sequences, children = sequences_of(paths, points)
    if len(sequences) < wanted.least:
        raise TreError("too few children are observed for so long", hint="ask for fewer steps")
    frame = paths.workspace.engine.rows(f"{each_child_sql(paths, (wanted.by,))} ORDER BY w.child").set_index(
        "child"
    )
    known = levels(paths, wanted.by)
    at = places(frame.v0.loc[children], known)
    names = labels(known, at)
    n = np.bincount(at, minlength=len(names)).astype(float)
    matrix, shown = rolled_up(
        wanted.by, names, 2 * n, n, wanted.least
    )  # as many with as without: size alone decides
    states = len(paths.rules.order) + 1
    spent = np.stack([(sequences == state).sum(axis=1) for state in range(states)], axis=1)
    each = np.column_stack(
        [1 + (np.diff(sequences.astype(int)) != 0).sum(axis=1), entropy(spent), turbulence(sequences)]
    )
    sums = np.stack(
        [np.bincount(at, weights=each[:, column], minlength=len(names)) for column in range(3)], axis=1
    )
    size = matrix @ n
    figures = np.column_stack([size, matrix @ sums / size[:, None]])
    units = np.repeat(size[:, None], len(HEADS), axis=1).astype(np.int64)
    return Table(
        wanted.title, wanted.by.title, tuple(shown), HEADS, units, figures, kind="mean", decimals=(0, 2, 3, 2),
        across="Means over children",
    )  # fmt: skip
