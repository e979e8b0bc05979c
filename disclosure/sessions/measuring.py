"""Measures over the cells of a session's tables: figured, judged by what stands behind them, kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import magnitudes, positions
from disclosure.counting import Axis, Units
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE
from disclosure.sessions.axes import everybody, framed, table_figures, texts_of, title_of
from disclosure.sessions.base import Base
from disclosure.sessions.measures import Measured, assembled, measure_cells
from disclosure.sessions.output import TOTAL, Output, judged, printed_table
from disclosure.table import Table
from tre_toolkit.errors import MisuseError

MEASURES = (
    "count",
    "sum",
    "mean",
    "median",
    "min",
    "max",
    "std",
    "var",
    "sem",
    "mode",
    "quantile",
    "nunique",
)


class Measuring(Base):
    """How a session measures cells."""

    def _measured(
        self, down: Axis, across: Axis, values: Any, measure: str, units: Units | None, *,
        margins: bool, name: str, recipe: Mapping[str, Any], q: float = 0.5,
    ) -> pd.DataFrame:  # fmt: skip
        if measure not in MEASURES:
            raise MisuseError(f"no measure is called {measure!r}", hint="measures: " + ", ".join(MEASURES))
        given = np.asarray(values, float)
        kept = (down.codes >= 0) & (across.codes >= 0) & np.isfinite(given)
        chosen = slice(None) if kept.all() else kept
        down = Axis(down.names, down.labels, down.codes[chosen])
        across = Axis(across.names, across.labels, across.codes[chosen])
        given, who = given[chosen], None if units is None else units.codes[chosen]
        views = [(down, across)]
        if margins:
            every_row, every_column = everybody(down), everybody(across)
            views += [(down, every_column), (every_row, across), (every_row, every_column)]
        blocks = [measure_cells(a, b, given, who, units, measure, q) for a, b in views]
        figures, found = assembled(blocks, margins=margins)
        frame = framed(figures, down, across, TOTAL if margins else None)
        table, grid = printed_table(
            name, list(map(str, texts_of(frame.index))), list(map(str, texts_of(frame.columns))), figures,
            corner=title_of(down, "row"), header=title_of(across, "column"),
            units=found.units.reshape(figures.shape), kind=measure,
            unit=self.unit_word if units is not None else None, margins=margins and measure == "sum",
        )  # fmt: skip
        families = tuple(self._measure_findings(table, found, measure, q))
        verdict = judged(table, families, self.rules)
        self.keep(Output(name, frame, verdict, recipe, table, grid, families, amounts=found.amounts))
        return frame

    def _measure_findings(self, table: Table, found: Measured, measure: str, q: float) -> Iterator[Finding]:
        if measure in ("sum", "mean"):
            yield from magnitudes.enough(table, found.units, self.rules, clause="means")
            yield from magnitudes.dominance(table, found.amounts, self.rules)
        elif measure in ("min", "max"):
            yield from positions.endpoints(table, found.units, self.rules, what=f"{measure}imum")
        elif measure in ("median", "quantile"):
            share = 0.5 if measure == "median" else q
            yield from positions.quantiles(table, found.units, share, self.rules)
        elif measure == "mode":
            yield from positions.mode(table, found.units, found.most, self.rules)
        elif measure in ("std", "var", "sem"):
            yield from magnitudes.enough(table, found.units, self.rules, clause="means")
            yield from magnitudes.dominance(table, found.amounts, self.rules)
            still = (found.units > 0) & (table_figures(table) == 0)
            if still.any():
                at = int(np.flatnonzero(still)[0])
                yield Finding(
                    Level.FAIL, f"{HOUSE}/spread", table.name, table.where(at),
                    "no spread: everybody in the group has the same value",
                    "leave the figure out, or merge groups",
                )  # fmt: skip
