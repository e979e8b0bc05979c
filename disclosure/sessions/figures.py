"""Figures of a session, drawn from judged numbers only: the table under a figure is checked, then drawn.

A figure of a table that fails isn't drawn. What comes back is the table; `Output.frame` of the figure's name.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import positions
from disclosure.counting import amounts, axis_of, tally
from disclosure.findings import Level
from disclosure.sessions.axes import framed, one_column
from disclosure.sessions.output import Output, judged, printed_table
from disclosure.sessions.tables import Tables
from disclosure.table import Table
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
        cut = (
            int(bins)
            if isinstance(bins, int | np.integer)
            else None
            if isinstance(bins, str)
            else edges.tolist()
        )
        recipe = self.recipe(
            "hist", [values, by], unit, values=getattr(values, "name", None), by=getattr(by, "name", None), bins=cut,
            why="settings" if isinstance(bins, str) else None,
        )  # fmt: skip
        made = self._count_output(down, across, counted, units, frame, name, recipe)
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
        recipe = self.recipe("bar", [values], unit, values=getattr(values, "name", None))
        made = self._count_output(down, across, counted, units, frame, name, recipe)
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
            pd.cut(pd.Series(np.asarray(part, float), index=getattr(part, "index", None)), bins).astype(str)
            for part in (x, y)
        ]
        down, across = (
            axis_of([part.astype("category")], [title]) for part, title in zip(cut, ("x", "y"), strict=True)
        )
        units = self.units_behind(x, y, unit=unit)
        counted = tally(down, across, units)
        frame = framed(counted.cells(), down, across, None)
        recipe = self.recipe(
            "scatter", [x, y], unit, x=getattr(x, "name", None), y=getattr(y, "name", None), bins=bins
        )
        self.keep(self._count_output(down, across, counted, units, frame, name, recipe))
        return frame

    def box(
        self, values: Any, *, by: Any = None, whiskers: tuple[float, float] = (0.05, 0.95), unit: Any = None,
        into: Path | None = None, name: str = "box",
    ) -> pd.DataFrame:  # fmt: skip
        """A box a group: median, quartiles and whiskers at quantiles. No minimum, no maximum, no point is drawn."""
        given = np.asarray(values, float)
        down = (
            axis_of([by], [str(getattr(by, "name", None) or "group")])
            if by is not None
            else one_column(len(given), "all")
        )
        units = self.units_behind(values, by, unit=unit)
        kept = np.isfinite(given) & (down.codes >= 0)
        cell, who = down.codes[kept], None if units is None else units.codes[kept]
        found = amounts(cell, len(down), who, given[kept], once=units is None or units.once)
        shares = (whiskers[0], 0.25, 0.5, 0.75, whiskers[1])
        grouped = pd.Series(given[kept]).groupby(cell)
        figures = np.stack(
            [grouped.quantile(q).reindex(range(len(down))).to_numpy(float) for q in shares], axis=1
        )
        titles = [f"{100 * q:g}%" for q in shares]
        behind = np.repeat(found.units[:, None], len(shares), axis=1)
        table, grid = printed_table(
            name, down.texts(), titles, figures, corner=" / ".join(map(str, down.names)) or "group",
            header="quantile", units=behind, unit=self.unit_word if units is not None else None, kind="quantile",
        )  # fmt: skip
        families = tuple(
            finding
            for at, q in enumerate(shares)
            for finding in positions.quantiles(_of_column(table, at), found.units, q, self.rules)
        )
        frame = pd.DataFrame(figures, index=down.index(), columns=titles)
        recipe = self.recipe(
            "box", [values, by], unit, values=getattr(values, "name", None), by=getattr(by, "name", None),
            whiskers=[float(share) for share in whiskers],
        )  # fmt: skip
        made = self.keep(
            Output(name, frame, judged(table, families, self.rules), recipe, table, grid, families)
        )
        if into is not None:
            self._draw(made.name, frame, into, made.verdict.level, kind="box")
        return frame

    def _draw(self, name: str, frame: pd.DataFrame, into: Path, level: Level, kind: str = "bar") -> None:
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
            if kind == "box":
                names = ("whislo", "q1", "med", "q3", "whishi")
                boxes = [
                    {**dict(zip(names, row, strict=True)), "label": str(label)}
                    for label, row in zip(frame.index, frame.to_numpy().tolist(), strict=True)
                ]
                axes.bxp(boxes, showfliers=False)
            else:
                frame.plot.bar(ax=axes, rot=45)
                axes.set_ylabel("children")
            figure.tight_layout()
            figure.savefig(into, format="svg", metadata={"Date": None})


def _of_column(table: Table, at: int) -> Table:
    """One figure column of a table, as a table."""
    width = table.size[1]
    return replace(
        table,
        codes=table.codes[at::width],
        shown=table.shown[at::width],
        size=(table.size[0], 1),
        units=None,
    )
