"""Between pandas and the room: what a call names as rows and columns, and frames and labels of what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from disclosure.cellkey import cell_keys, record_keys
from disclosure.counting import Axis, Units, axis_of, cell_numbers
from disclosure.sessions.output import TOTAL
from disclosure.shown import Floats, Ints
from disclosure.table import Table
from tre_toolkit.errors import MisuseError


def table_figures(table: Table) -> Floats:
    """The printed figures as numbers, NaN where there is none."""
    return np.array([float(text) if text else np.nan for text in table.shown])


def totals_along(counts: Ints, how: str) -> Any:
    return {"all": counts.sum(), "index": counts.sum(axis=1, keepdims=True), "columns": counts.sum(axis=0, keepdims=True)}[how]  # fmt: skip


def weighted(down: Axis, across: Axis, weights: Any, *, margins: bool) -> Ints:
    """Weighted counts as whole numbers; totals are the sums of what is printed, so that they hold."""
    cell, kept = cell_numbers(down, across)
    given = np.asarray(weights, float)
    if len(given) != len(down.codes) or not np.isfinite(given).all() or (given < 0).any():
        raise MisuseError("weights are numbers of nought or more, one for each row")
    sums = np.bincount(cell, given if kept is None else given[kept], len(down) * len(across))
    inner = np.round(sums).astype(np.int64).reshape(len(down), len(across))
    if not margins:
        return inner
    wide = np.hstack([inner, inner.sum(axis=1, keepdims=True)])
    return np.vstack([wide, wide.sum(axis=0)])


def axis_from(given: Any, names: Sequence[str] | None, default: str) -> Axis:
    parts = parts_of(given)
    own = [str(getattr(part, "name", None) or f"{default}_{at}") for at, part in enumerate(parts)]
    if len(parts) == 1 and getattr(parts[0], "name", None) is None:
        own = [f"{default}_0"]
    return axis_of(parts, list(names) if names else own)


def parts_of(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) and not np.isscalar(given[0]) else [given]


def names_of(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def one_column(rows: int, title: str) -> Axis:
    return Axis(("",), ((title,),), np.zeros(rows, np.int64))


def everybody(axis: Axis) -> Axis:
    return Axis(("",), ((TOTAL,),), np.zeros(len(axis.codes), np.int64))


def title_of(axis: Axis, default: str) -> str:
    return " / ".join(map(str, axis.names)) or default


def texts_of(index: pd.Index) -> list[str]:
    return [" → ".join(map(str, label)) if isinstance(label, tuple) else str(label) for label in index]


def framed(figures: Any, down: Axis, across: Axis, total: str | None) -> pd.DataFrame:
    rows, columns = down.index(), across.index()
    if total is not None:
        rows, columns = _with_total(rows, total), _with_total(columns, total)
    return pd.DataFrame(figures, index=rows, columns=columns)


def _with_total(index: pd.Index, total: str) -> pd.Index:
    if isinstance(index, pd.MultiIndex):
        labels = [*index, (total, *[""] * (index.nlevels - 1))]
        return pd.MultiIndex.from_tuples(labels, names=index.names)
    return pd.Index([*index, total], name=index.name)


def with_structural(table: Table, pairs: Sequence[tuple[Any, Any]]) -> Table:
    if not pairs:
        return table
    wanted = {(str(row), str(column)) for row, column in pairs}
    named = [tuple(table.members[at][code] for at, code in enumerate(codes)) for codes in table.codes]
    return replace(table, structural=np.array([key in wanted for key in named], bool))


def keys_of(down: Axis, across: Axis, units: Units | None, secret: bytes, *, margins: bool) -> Ints | None:
    if units is None or units.labels is None:
        raise MisuseError(
            "cell keys need to know which child a row is about", hint="give the session its unit"
        )
    own = record_keys(map(str, units.labels), secret)
    views = [(down, across)]
    if margins:
        views = [
            (down, across),
            (down, everybody(across)),
            (everybody(down), across),
            (everybody(down), everybody(across)),
        ]
    blocks = []
    for a, b in views:
        cell, kept = cell_numbers(a, b)
        if margins:  # a margin counts the children of its cells only
            whole = (down.codes >= 0) & (across.codes >= 0)
            kept = whole if kept is None else kept & whole
            cell = (np.asarray(a.codes, np.int64) * len(b) + b.codes)[kept]
        who = units.codes if kept is None else units.codes[kept]
        pairs = pd.unique(cell.astype(np.int64) * units.count + who)
        found = cell_keys(pairs // units.count, own[pairs % units.count], len(a) * len(b))
        blocks.append(found.reshape(len(a), len(b)))
    if not margins:
        return blocks[0]
    return np.vstack([np.hstack(blocks[:2]), np.hstack(blocks[2:])])
