"""How like the real tables an invented table is: distances of columns and pairs, rows a child, lengths of spells.

Only distances are told, never a table of real counts: what the real data are is not the report's to say. A
distance is the total variation (half the sum of the differences of shares): 0 is alike, 1 has nothing in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import levels as lv
from synth.draw import Floats, Ints
from synth.model import TableModel, coded, rows_below
from tre_toolkit.schema import Schema, Table

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
SAMPLED = 5_000  # rows that SDMetrics looks at


def utility(real: Tables, made: Tables, table: Table, one: TableModel, shape: Schema) -> dict[str, float]:
    """Every distance between a real and an invented table, and SDMetrics' score where it is installed."""
    first, second = (coded(tables[table.name], one.levels, shape) for tables in (real, made))
    told = distances(first, second, [level.size for level in one.levels])
    told["rows_a_parent"] = _of_counts(rows_below(real, table, shape), rows_below(made, table, shape))
    lengths = [_lengths(tables[table.name], table, shape) for tables in (real, made)]
    if all(len(some) for some in lengths):
        told["length_of_spells"] = _furthest(*lengths)
    score = _sdmetrics(first, second, one.levels)
    return told | ({"sdmetrics_quality": score} if score is not None else {})


def distances(first: Ints, second: Ints, sizes: Sequence[int]) -> dict[str, float]:
    """Total variation of all columns and of all pairs of them: mean and largest."""
    ones = by_column(first, second, sizes)
    twos = [
        _apart(
            first[:, at] * sizes[other] + first[:, other],
            second[:, at] * sizes[other] + second[:, other],
            sizes[at] * sizes[other],
        )
        for at in range(len(sizes))
        for other in range(at)
    ]
    told = {"one_way": ones, "two_way": twos}
    return {
        f"{name}_{what}": float(made_of)
        for name, some in told.items()
        if some
        for what, made_of in (("mean", np.mean(some)), ("max", np.max(some)))
    }


def by_column(first: Ints, second: Ints, sizes: Sequence[int]) -> list[float]:
    """Total variation of each column."""
    return [_apart(first[:, at], second[:, at], size) for at, size in enumerate(sizes)]


def _apart(first: Ints, second: Ints, size: int) -> float:
    return _of_counts(*(np.bincount(one, minlength=size) for one in (first, second)))


def _of_counts(first: Any, second: Any) -> float:
    size = max(len(first), len(second))
    shares = [np.pad(one, (0, size - len(one))) / max(one.sum(), 1) for one in (first, second)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def _lengths(frame: pd.DataFrame, table: Table, shape: Schema) -> Floats:
    """Days between the first two dates of each row that has both, in order: empty where a table has no two."""
    import pandas as pd

    dates = [field.name for field in table.fields if field.type == "date" and field.token is None]
    if len(dates) < 2:
        return np.zeros(0)
    style = shape.dataset.form.date_formats[0]
    days = [pd.to_datetime(frame[name], format=style, errors="coerce") for name in dates[:2]]
    lengths = (days[1] - days[0]).dt.days.dropna().to_numpy(dtype=np.float64)
    return np.sort(lengths)


def _furthest(first: Floats, second: Floats) -> float:
    """Kolmogorov and Smirnov's distance of two sorted samples."""
    every = np.concatenate([first, second])
    steps = [np.searchsorted(one, every, side="right") / len(one) for one in (first, second)]
    return float(np.abs(steps[0] - steps[1]).max())


def _sdmetrics(first: Ints, second: Ints, told: Sequence[lv.Levels]) -> float | None:
    """The quality score of SDMetrics (MIT), on levels; None where it isn't installed or there is too little."""
    import warnings

    if not len(told) or min(len(first), len(second)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from sdmetrics.reports import QualityReport
        except ModuleNotFoundError:
            return None
        import pandas as pd

        names = [f"c{at}" for at in range(len(told))]
        frames = [
            {"table": pd.DataFrame(one[:SAMPLED], columns=names).astype(str)} for one in (first, second)
        ]
        form = {"tables": {"table": {"columns": {name: {"sdtype": "categorical"} for name in names}}}}
        report = QualityReport()
        report.generate(*frames, form, verbose=False)
    return float(report.get_score())
