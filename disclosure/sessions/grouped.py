"""`groupby` of a session: `s.groupby(frame, "authority")["days"].mean()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from disclosure.counting import axis_of, tally
from disclosure.sessions.axes import framed, one_column
from disclosure.sessions.measuring import MEASURES

if TYPE_CHECKING:
    from disclosure.sessions.tables import Tables


class Grouped:
    """Groups of a frame's rows; take a column, then a measure."""

    def __init__(self, session: Tables, data: pd.DataFrame, by: list[str], unit: Any) -> None:
        self.session, self.data, self.by, self.unit = session, data, by, unit

    def __getitem__(self, column: str) -> _Column:
        return _Column(self, column)

    def size(self, *, name: str = "") -> pd.DataFrame:
        """Rows in each group, judged on the children in it."""
        down = axis_of([self.data[part] for part in self.by], self.by)
        across = one_column(len(self.data), "children")
        units = self.session.units_behind(self.data, unit=self.unit, frame=self.data)
        counted = tally(down, across, units)
        frame = framed(counted.cells(), down, across, None)
        recipe = self.session.recipe("groups", [self.data], self.unit, names=self.by, rows=self.by)
        made = self.session._count_output(down, across, counted, units, frame, name or "groups", recipe)
        self.session.keep(made)
        return frame


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of groups; every method is a measure, checked."""

    groups: Grouped
    column: str

    def agg(self, measure: str, *, q: float = 0.5, name: str = "") -> pd.DataFrame:
        """A measure by its name."""
        groups = self.groups
        return groups.session.pivot_table(
            groups.data, self.column, groups.by, aggfunc=measure, unit=groups.unit, q=q, name=name or measure
        )

    def __getattr__(self, measure: str) -> Callable[..., pd.DataFrame]:
        if measure not in MEASURES:
            raise AttributeError(measure)
        return lambda **more: self.agg(measure, **more)

    def quantile(self, q: float = 0.5, **more: Any) -> pd.DataFrame:
        """A quantile, `q` from 0 to 1."""
        return self.agg("quantile", q=q, **more)
