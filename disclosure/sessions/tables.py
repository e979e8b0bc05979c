"""Tables of a session: `crosstab`, `pivot_table` and `groupby` with pandas' signatures, evidence in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from disclosure.checks import shares
from disclosure.counting import Axis, Tally, Units, axis_of, tally
from disclosure.sessions.axes import (
    axis_from,
    framed,
    keys_of,
    names_of,
    one_column,
    parts_of,
    texts_of,
    title_of,
    totals_along,
    weighted,
    with_structural,
)
from disclosure.sessions.grouped import Grouped
from disclosure.sessions.measuring import Measuring
from disclosure.sessions.output import TOTAL, Output, judged, printed_table, released_cells
from tre_toolkit.errors import MisuseError

NORMALIZE = {True: "all", "all": "all", "index": "index", "columns": "columns"}


class Tables(Measuring):
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
        wanted = self.recipe(
            "crosstab", [*parts, values, weights], unit,
            rows=[str(getattr(part, "name", "")) for part in parts_of(index)],
            columns=[str(getattr(part, "name", "")) for part in parts_of(columns)],
            margins=margins, normalize=normalize, values=getattr(values, "name", None), measure=aggfunc,
            weights=getattr(weights, "name", None), structural_zeros=[list(map(str, pair)) for pair in structural_zeros],
            why="settings" if rownames or colnames or margins_name != TOTAL else None,
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
            wanted,
            structural_zeros,
            weighted=weights is not None,
        )
        keys = keys_of(down, across, units, secret, margins=margins) if secret else None
        self.keep(replace(made, keys=keys))
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
        rows, titles = names_of(index), names_of(columns) if columns is not None else []
        recipe = self.recipe(
            "pivot_table", [data], unit, names=[*rows, *titles, values], rows=rows, columns=titles,
            values=values, measure=aggfunc, margins=margins, q=q,
        )  # fmt: skip
        return self._measured(
            down,
            across,
            data[values],
            aggfunc,
            units,
            margins=margins,
            name=name or "pivot",
            q=q,
            recipe=recipe,
        )

    def groupby(self, data: pd.DataFrame, by: Any, *, unit: Any = None) -> Grouped:
        """Summaries by group: `s.groupby(frame, "authority")["days"].mean()`."""
        return Grouped(self, data, names_of(by), unit)

    # ------------------------------------------------------------ inside

    def _count_output(
        self, down: Axis, across: Axis, counted: Tally, units: Units | None, frame: pd.DataFrame, name: str,
        recipe: Mapping[str, Any], structural: Sequence[tuple[Any, Any]] = (), *, weighted: bool = False,
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
        name: str, recipe: Mapping[str, Any],
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
        verdict = judged(table, families, self.rules)
        self.keep(Output(name or "shares", shown, verdict, recipe, table, grid, tuple(families)))
        return shown
