"""Measures over the cells of a table (sum, mean, quantile, mode ...) with what stands behind each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from disclosure.counting import Amounts, Axis, Units, amounts, cell_numbers
from disclosure.shown import Floats, Ints


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure over cells with what stands behind it."""

    units: Ints
    amounts: Amounts
    most: Ints  # children who have the most frequent value (mode only)


def measure_cells(
    down: Axis, across: Axis, given: Floats, who: Ints | None, units: Units | None, measure: str, q: float
) -> tuple[Floats, Measured]:
    shape = (len(down), len(across))
    count = shape[0] * shape[1]
    cell, _ = cell_numbers(down, across)
    once = units is None or units.once
    found = amounts(cell, count, who, given, once=once)
    most = np.zeros(count, np.int64)
    if measure in ("sum", "mean", "count"):
        figures = {"sum": found.sums, "count": found.rows.astype(float)}.get(
            measure, found.sums / np.where(found.rows > 0, found.rows, np.nan)
        )
    else:
        by_cell = pd.Series(given).groupby(np.asarray(cell))
        if measure == "mode":
            figures, most = _modes(cell, given, who, count)
        else:
            some = by_cell.quantile(q) if measure == "quantile" else getattr(by_cell, measure)()
            figures = some.reindex(range(count)).to_numpy(float)
    return figures.reshape(shape), Measured(found.units, found, most)


def _modes(cell: Ints, given: Floats, who: Ints | None, count: int) -> tuple[Floats, Ints]:
    frame = pd.DataFrame({"cell": cell, "value": given, "who": np.arange(len(cell)) if who is None else who})
    counted = frame.groupby(["cell", "value"])["who"].nunique().reset_index()
    best = counted.sort_values(["cell", "who", "value"], ascending=[True, False, True]).drop_duplicates(
        "cell"
    )
    figures, most = np.full(count, np.nan), np.zeros(count, np.int64)
    figures[best["cell"]], most[best["cell"]] = best["value"], best["who"]
    return figures, most


def assembled(blocks: Sequence[tuple[Floats, Measured]], *, margins: bool) -> tuple[Floats, Measured]:
    if not margins:
        figures, found = blocks[0]
        return figures, found

    def joined(parts: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> Any:
        a, b, c, d = (np.asarray(part).reshape(shape) for part, shape in zip(parts, shapes, strict=True))
        return np.vstack([np.hstack([a, b]), np.hstack([c, d])])

    shapes = [figures.shape for figures, _ in blocks]
    stand = [block for _, block in blocks]
    flat = {
        name: joined([getattr(block.amounts, name) for block in stand], shapes).reshape(-1)
        for name in ("units", "rows", "absolute", "sums")
    }
    top = np.stack(
        [joined([block.amounts.top[rank] for block in stand], shapes).reshape(-1) for rank in (0, 1)]
    )
    whole = Amounts(**flat, top=top, negative=any(block.amounts.negative for block in stand))
    most = joined([block.most for block in stand], shapes).reshape(-1)
    return joined([figures for figures, _ in blocks], shapes), Measured(whole.units, whole, most)
