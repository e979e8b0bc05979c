"""Tables of a session: `crosstab`, `pivot_table` and `groupby` with pandas' signatures, evidence in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import magnitudes, positions, shares
from disclosure.counting import Axis, Tally, Units, axis_of, tally
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE
from disclosure.sessions.axes import (
    axis_from,
    everybody,
    framed,
    keys_of,
    names_of,
    one_column,
    parts_of,
    table_figures,
    texts_of,
    title_of,
    totals_along,
    weighted,
    with_structural,
)
from disclosure.sessions.base import Base
from disclosure.sessions.measures import Measured, assembled, measure_cells
from disclosure.sessions.output import TOTAL, Output, judged, printed_table, released_cells
from disclosure.sessions.sources import recipe_of
from disclosure.table import Table
from tre_toolkit.errors import MisuseError

NORMALIZE = {True: "all", "all": "all", "index": "index", "columns": "columns"}
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


class Tables(Base):
    """The tables a session can make."""

    def crosstab(
        self,
        index: Any,
        columns: Any,
        values: Any = None,
        *,
        aggfunc: str | None = None,
        margins: bool = False,
        margins_name: str = TOTAL,
        normalize: bool | str = False,
        rownames: Sequence[str] | None = None,
        colnames: Sequence[str] | None = None,
        weights: Any = None,
        unit: Any = None,
        secret: bytes | None = None,
        structural_zeros: Sequence[tuple[Any, Any]] = (),
        name: str = "",
    ) -> pd.DataFrame:
        """`pandas.crosstab`, checked. Categories nobody is in are kept, so that empty cells are seen.

        With `weights` the weighted counts are printed (each cell to a whole number, totals as their sums) and the
        children in each cell, unweighted, are judged. `structural_zeros` are (row, column) labels that are zero by definition; `secret` makes cell keys.
        """
        down, across = axis_from(index, rownames, "row"), axis_from(columns, colnames, "column")
        units = self.units_behind(*parts_of(index), unit=unit)
        parts = [*parts_of(index), *parts_of(columns)]
        wanted = self._recipe(
            [*parts, *(part for part in (values, weights) if part is not None)], unit,
            made="crosstab" if values is None else aggfunc or "mean",
            rows=[str(part.name) for part in parts_of(index) if hasattr(part, "name")],
            columns=[str(part.name) for part in parts_of(columns) if hasattr(part, "name")],
            margins=margins, normalize=normalize, values=getattr(values, "name", None),
            weights=getattr(weights, "name", None), structural_zeros=[list(map(str, pair)) for pair in structural_zeros],
        )  # fmt: skip
        if values is not None:
            return self._measured(
                down,
                across,
                values,
                aggfunc or "mean",
                units,
                margins=margins,
                name=name or "crosstab",
                recipe=wanted,
            )
        counted = tally(down, across, units, margins=margins)
        figures = counted.cells() if weights is None else weighted(down, across, weights, margins=margins)
        frame = framed(figures, down, across, margins_name if margins else None)
        if normalize and weights is not None:
            raise MisuseError(
                "weighted shares aren't made here", hint="give the weighted table, or leave weights out"
            )
        if normalize:
            return self._shares(
                down, across, counted, units, frame, str(NORMALIZE[normalize]), name=name, recipe=wanted
            )
        made = self._count_output(
            down,
            across,
            counted,
            units,
            frame,
            name or "crosstab",
            structural_zeros,
            weighted=weights is not None,
        )
        keys = keys_of(down, across, units, secret, margins=margins) if secret else None
        self.keep(replace(made, keys=keys, recipe=wanted or made.recipe))
        return frame

    def pivot_table(
        self,
        data: pd.DataFrame,
        values: str,
        index: Any,
        columns: Any = None,
        *,
        aggfunc: str = "mean",
        margins: bool = False,
        unit: Any = None,
        q: float = 0.5,
        name: str = "",
    ) -> pd.DataFrame:
        """`DataFrame.pivot_table`, checked; `values` names one column."""
        down = axis_of([data[part] for part in names_of(index)], names_of(index), observed=True)
        across = (
            axis_of([data[part] for part in names_of(columns)], names_of(columns))
            if columns is not None
            else one_column(len(data), values)
        )
        units = self.units_behind(data, unit=unit, frame=data)
        return self._measured(
            down, across, data[values], aggfunc, units, margins=margins, name=name or "pivot", q=q
        )

    def groupby(self, data: pd.DataFrame, by: Any, *, unit: Any = None) -> Grouped:
        """Summaries by group: `s.groupby(frame, "authority")["days"].mean()`."""
        return Grouped(self, data, names_of(by), unit)

    # ------------------------------------------------------------ inside

    def _recipe(self, parts: Sequence[Any], unit: Any, **told: Any) -> dict[str, Any] | None:
        """How the checker's side makes the table again, when all columns come from a table the session opened."""
        given = unit if isinstance(unit, str) else self.unit if unit is None else None
        return recipe_of(parts, given, **told)

    def _count_output(
        self, down: Axis, across: Axis, counted: Tally, units: Units | None, frame: pd.DataFrame, name: str,
        structural: Sequence[tuple[Any, Any]], *, weighted: bool = False,
    ) -> Output:  # fmt: skip
        table, grid = printed_table(
            name, list(map(str, texts_of(frame.index))), list(map(str, texts_of(frame.columns))),
            frame.to_numpy().astype(np.int64), corner=" / ".join(map(str, down.names)) or "row",
            header=" / ".join(map(str, across.names)) or "column",
            units=counted.cells("units") if counted.units is not None else counted.cells() if weighted else None,
            unit=self.unit_word if units is not None else None, margins=counted.margins,
        )  # fmt: skip
        table = with_structural(table, structural)
        verdict = judged(table, (), self.rules)
        recipe = {
            "made": "crosstab",
            "rows": list(map(str, down.names)),
            "columns": list(map(str, across.names)),
            **({"weighted": True} if weighted else {}),
        }
        return Output(
            name, frame, verdict, recipe, table, grid, members=self._members(name, down, across, units)
        )

    def _members(
        self, name: str, down: Axis, across: Axis, units: Units | None
    ) -> Callable[[Any], tuple[Any, ...]] | None:
        if units is None:
            return None

        def members(shown: Any) -> tuple[Any, ...]:
            who = self.numbers(units)[units.codes]
            count = int(who.max(initial=-1)) + 1
            return released_cells(name, down, across, who, count, shown, once=units.once)

        return members

    def _shares(
        self, down: Axis, across: Axis, counted: Tally, units: Units | None, frame: pd.DataFrame, how: str, *,
        name: str, recipe: dict[str, Any] | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        inner = tally(down, across, units)
        part = inner.cells("units").astype(np.int64)
        whole = {
            "all": np.full(part.shape, part.sum()),
            "index": np.repeat(part.sum(axis=1, keepdims=True), part.shape[1], axis=1),
            "columns": np.repeat(part.sum(axis=0, keepdims=True), part.shape[0], axis=0),
        }[how]
        share = inner.cells() / np.maximum(totals_along(inner.cells(), how), 1)
        shown = framed(share, down, across, None)
        table, grid = printed_table(
            name or "shares", down.texts(), across.texts(), share * 100, corner=title_of(down, "row"),
            header=title_of(across, "column"), units=part, kind="percentage", decimals=1,
            unit=self.unit_word if units is not None else None,
        )  # fmt: skip
        families = list(shares.percentages(table, part.reshape(-1), whole.reshape(-1), self.rules))
        recipe = recipe or {"made": "crosstab", "normalize": how, "rows": list(map(str, down.names))}
        verdict = judged(table, families, self.rules)
        self.keep(Output(name or "shares", shown, verdict, recipe, table, grid, tuple(families)))
        return shown

    def _measured(
        self, down: Axis, across: Axis, values: Any, measure: str, units: Units | None, *,
        margins: bool, name: str, q: float = 0.5, recipe: dict[str, Any] | None = None,
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
        recipe = recipe or {
            "made": measure,
            "rows": list(map(str, down.names)),
            "columns": list(map(str, across.names)),
        }
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
        made = self.session._count_output(down, across, counted, units, frame, name or "groups", ())
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
