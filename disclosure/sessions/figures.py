"""Figures of a session, drawn from judged numbers only: the table under a figure is checked, then drawn.

A figure of a table that fails isn't drawn. What comes back is the table; `Output.frame` of the figure's name.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disclosure.counting import axis_of, tally
from disclosure.findings import Level
from disclosure.sessions.axes import framed, one_column
from disclosure.sessions.tables import Tables
from tre_toolkit.errors import TreError


class Figures(Tables):
    """The figures a session can draw."""

    def hist(
        self, values: Any, bins: Any = 10, *, by: Any = None, unit: Any = None, into: Path | None = None, name: str = "histogram"
    ) -> pd.DataFrame:  # fmt: skip
        """A histogram, each group's bins checked, the end bins with them; drawn to `into` (SVG) when it passes."""
        given = np.asarray(values, float)
        edges = np.histogram_bin_edges(given[np.isfinite(given)], bins)
        labels = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
        place = np.clip(np.searchsorted(edges, given, side="right") - 1, 0, len(labels) - 1)
        binned = pd.Categorical.from_codes(
            np.where(np.isfinite(given), place, -1).astype(int), pd.Index(labels)
        )
        down = axis_of([pd.Series(binned)], ["bin"])
        across = (
            axis_of([by], [str(getattr(by, "name", None) or "group")])
            if by is not None
            else one_column(len(given), "children")
        )
        units = self.units_behind(values, by, unit=unit)
        counted = tally(down, across, units)
        frame = framed(counted.cells(), down, across, None)
        made = self._count_output(down, across, counted, units, frame, name, ())
        self.keep(made)
        if into is not None:
            self._draw(made.name, frame, into, made.verdict.level)
        return frame

    def bar(
        self, values: Any, *, unit: Any = None, into: Path | None = None, name: str = "bars"
    ) -> pd.DataFrame:
        """A bar chart of counts by category."""
        down = axis_of([values], [str(getattr(values, "name", None) or "category")])
        across = one_column(len(down.codes), "children")
        units = self.units_behind(values, unit=unit)
        counted = tally(down, across, units)
        frame = framed(counted.cells(), down, across, None)
        made = self._count_output(down, across, counted, units, frame, name, ())
        self.keep(made)
        if into is not None:
            self._draw(made.name, frame, into, made.verdict.level)
        return frame

    def flow(self, before: Any, after: Any, *, unit: Any = None, name: str = "flow") -> pd.DataFrame:
        """From one state to the next: a two-way table with its totals, ready for suppression and drawing."""
        return self.crosstab(before, after, margins=True, unit=unit, name=name)

    def scatter(
        self, x: Any, y: Any, *, bins: int = 10, unit: Any = None, name: str = "scatter"
    ) -> pd.DataFrame:
        """Points are children, so what may be drawn is the grid of counts under them."""
        cut = [
            pd.cut(pd.Series(np.asarray(part, float)), bins).astype(str).astype("category") for part in (x, y)
        ]
        parts = [
            pd.Series(part.to_numpy(), index=getattr(x, "index", None), name=title)
            for part, title in zip(cut, ("x", "y"), strict=True)
        ]
        return self.crosstab(parts[0].astype("category"), parts[1].astype("category"), unit=unit, name=name)

    def _draw(self, name: str, frame: pd.DataFrame, into: Path, level: Level) -> None:
        if level is not Level.PASS:
            raise TreError(
                "the table under this figure doesn't pass, so it isn't drawn",
                where=name,
                hint="session.findings() says why",
            )
        import matplotlib as mpl
        from matplotlib.figure import Figure

        with mpl.rc_context({"svg.hashsalt": "tre-toolkit", "svg.fonttype": "none"}):
            figure = Figure(figsize=(6, 3.5))
            axes = figure.subplots()
            frame.plot.bar(ax=axes, rot=45)
            axes.set_ylabel("children")
            figure.tight_layout()
            figure.savefig(into, format="svg", metadata={"Date": None})
