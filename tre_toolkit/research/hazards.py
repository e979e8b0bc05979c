"""Hazard ratios of the first entry into a state: Cox's model, or one of discrete time; children, siblings, households.

Children of one household aren't independent: `cluster` lets errors reckon with that, and `strata` compares
each child with those of its own household only, so that what siblings share explains nothing. Where either
is asked for, households are counted beside children and both must be enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.comparisons import Z, rolled_up
from tre_toolkit.research.declared import Declared, Table, Variable
from tre_toolkit.research.links import SURE
from tre_toolkit.research.survival import cox
from tre_toolkit.research.variables import check_people, each_child_sql, labels, levels, places

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


class Hazards(Declared):
    """Hazard ratios of the first entry into `event` by groups (ties after Efron), with 95 % intervals.

    Each group is compared with the first of its variable.
    """

    kind: Literal["hazards"] = "hazards"
    event: str
    by: tuple[Variable, ...] = Field(min_length=1)
    method: Literal["cox", "discrete"] = "cox"
    """Cox's model in days, or a logit of the hazard of each month (its ratios are of odds)."""
    cluster: str | None = None
    """A people's column (household_id) by which errors are clustered."""
    strata: str | None = None
    """A people's column (household_id) within which children are compared: sibling against sibling."""
    weigh: bool = False
    """Whether each child counts by how sure its links are (`match_weight`)."""
    least: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _can_be_fitted(self) -> Hazards:
        if self.method == "discrete" and (self.strata or self.weigh):
            raise ValueError("strata and weigh belong to the method cox")
        return self

    @property
    def home(self) -> str | None:
        """The column that says who belongs together."""
        return self.strata or self.cluster


def hazards(paths: Pathways, wanted: Hazards) -> Table:
    """Make the table of `Hazards`. Raises TreError when too few children enter, or a group foretells all."""
    frame = _rows(paths, wanted)
    event = frame.cause.to_numpy() == 1
    homes = frame.home.to_numpy() if wanted.home else None
    covariates, names, counts = [], [], []
    for number, variable in enumerate(wanted.by):
        known = levels(paths, variable)
        at = places(frame[f"v{number}"], known)
        told = labels(known, at)
        with_, without = (
            _each(at[which], None if homes is None else homes[which], len(told)) for which in (event, ~event)
        )
        matrix, shown = rolled_up(variable, told, with_ + without, with_, wanted.least)
        for row, name in enumerate(shown):
            member = matrix[row][at].astype(bool)
            if row:
                covariates.append(member)
            names.append(f"{variable.title}: {name}" + ("" if row else " (compared with)"))
            counts.append(_counted(member, event, homes))
    if not covariates:
        raise TreError("there is one group only: nothing to compare")
    coefficients, errors = _fitted(wanted, frame, event, np.column_stack(covariates))
    ratio = np.ones((len(names), 3))
    own = [at for at, name in enumerate(names) if not name.endswith("(compared with)")]
    for row, beta, error in zip(own, coefficients, errors, strict=True):
        ratio[row] = [np.exp(beta + band * error) for band in (0.0, -Z, Z)]
    children, least = np.array([one[:-1] for one in counts]), np.array([one[-1] for one in counts])
    called = "Hazard ratio" if wanted.method == "cox" else "Odds ratio"
    heads = (
        "Children",
        "Entered",
        *(("Households",) if homes is not None else ()),
        called,
        f"{called}, low",
        f"{called}, high",
    )
    units = np.repeat(least[:, None], len(heads), axis=1)
    units[:, 0] = np.minimum(children[:, 0], children[:, -1] if homes is not None else children[:, 0])
    return Table(
        wanted.title, "Group", tuple(names), heads, units.astype(np.int64), np.column_stack([children, ratio]),
        kind="ratio", decimals=(*(0,) * (len(heads) - 3), 2, 2, 2), across="Cox" if wanted.method == "cox" else "Discrete time",
    )  # fmt: skip


def _each(at: np.ndarray, homes: np.ndarray | None, size: int) -> np.ndarray:
    """How many children, or households where they are fewer, are in each group."""
    if homes is None:
        return np.bincount(at, minlength=size)
    pairs = np.unique(np.column_stack([at, np.unique(homes, return_inverse=True)[1]]), axis=0)
    return np.bincount(pairs[:, 0], minlength=size)


def _counted(member: np.ndarray, event: np.ndarray, homes: np.ndarray | None) -> list[int]:
    """Children, those who entered, households (where asked for), and the fewest that any of it rests on."""
    told = [int(member.sum()), int(event[member].sum())]
    sides = [member & event, member & ~event]
    if homes is None:
        return [*told, min(int(side.sum()) for side in sides)]
    return [*told, len(np.unique(homes[member])), min(len(np.unique(homes[side])) for side in sides)]


def _fitted(wanted: Hazards, frame: Any, event: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and standard errors, a covariate each."""
    import pandas as pd

    time = frame.time.to_numpy()
    home = frame.home.to_numpy() if wanted.home else None
    if wanted.method == "discrete":
        from tre_toolkit.research.models import discrete_hazard

        named = pd.DataFrame(x.astype(float), columns=[f"x{at}" for at in range(x.shape[1])])
        fit = discrete_hazard(time, event, named, cluster=home)
        return fit.coefficients.loc[named.columns].to_numpy(), fit.errors.loc[named.columns].to_numpy()
    fitted = cox(
        time, event, x, cluster=home if wanted.cluster else None, strata=home if wanted.strata else None,
        weight=frame.sure.to_numpy() if wanted.weigh else None,
    )  # fmt: skip
    return fitted.coefficients, fitted.errors


def _rows(paths: Pathways, wanted: Hazards) -> Any:
    """A row for each child: time, cause, the variables' values, and who belongs together. Stays in this module.

    A child whose household isn't known is a household of its own.
    """
    event = paths.number(wanted.event) if wanted.event in paths.rules.order else None
    if event is None:
        raise TreError(
            "the event isn't among the pathways' states", hint=f"they are {', '.join(paths.rules.order)}"
        )
    more = ["w.since", "w.until"]
    if wanted.home:
        check_people(paths, wanted.home)
        more.append(f"COALESCE(CAST(p.{quote(wanted.home)} AS VARCHAR), CAST(w.child AS VARCHAR)) AS home")
    if wanted.weigh:
        check_people(paths, "match_weight")
        more.append(f"{SURE} AS sure")
    entry = (
        f"SELECT e.child, MIN(e.d0) AS d0 FROM {quote(paths.episodes)} AS e INNER JOIN {quote(paths.windows)} AS w "
        f"ON e.child = w.child WHERE e.state = {event} AND e.d0 > w.since AND e.d0 < w.until GROUP BY e.child"
    )
    return paths.workspace.engine.rows(
        f"SELECT k.*, COALESCE(f.d0, k.until) - k.since AS time, CASE WHEN f.d0 IS NULL THEN 0 ELSE 1 END AS cause "
        f"FROM ({each_child_sql(paths, wanted.by, more=', '.join(more))}) AS k LEFT JOIN ({entry}) AS f "
        "ON k.child = f.child ORDER BY k.child"
    )
