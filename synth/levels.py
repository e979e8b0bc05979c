"""Cells as places in lists of levels, and back: codes as they are, numbers and days in bands.

The bands come from the schema (a code list, declared bounds, the collection year), never from the data:
what a rare value is must not be told by where a band ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from synth import columns as col
from synth.days import NEVER, Days, day
from synth.draw import Draws, Index, Ints
from tre_toolkit.schema import Field, Schema, Table

if TYPE_CHECKING:
    import pandas as pd

MONTHS = 14  # bands of days: the twelve months of the collection year, before it, after it
BANDS = 10  # bands of a number
KINDS = ("code", "bool", "integer", "decimal", "date")
PLAIN = 20  # the greatest whole number of a column that declares none


@dataclass(frozen=True, slots=True)
class Levels:
    """How one column's cells become levels; the last level is missing."""

    field: Field
    codes: tuple[str, ...] = ()
    low: float = 0
    high: float = 0

    @property
    def size(self) -> int:
        """Number of levels, missing included."""
        if self.field.type == "date":
            return MONTHS + 1
        return (len(self.codes) if self.codes else BANDS) + 1


def levels_of(table: Table, shape: Schema) -> list[Levels]:
    """The columns of a table that a model can speak of: no identifiers, no free text, no keys."""
    found = []
    for field in table.fields:
        if field.type not in KINDS or field.token or field.name in table.key or field.name == table.person:
            continue
        if field.type == "code":
            if codes := tuple(shape.codes(field)):
                found.append(Levels(field, codes))
        elif field.type == "bool":
            found.append(Levels(field, ("0", "1")))
        else:
            high = PLAIN if field.maximum is None else field.maximum
            found.append(Levels(field, (), field.minimum or 0, high))
    return found


def places(levels: Levels, cells: pd.Series[str], shape: Schema) -> Ints:
    """The level of each cell; unknown codes count as missing."""
    import pandas as pd

    gone = levels.size - 1
    if levels.codes:
        told = cells
        if levels.field.type == "bool":
            words = cells.str.lower().map({"true": "1", "false": "0"})
            told = words.astype("str").where(words.notna(), cells)
        found = pd.Index(levels.codes).get_indexer(pd.Index(told))
        return np.where(found < 0, gone, found).astype(np.int64)
    if levels.field.type == "date":
        days = _days(cells, shape)
        return np.where(days >= NEVER, gone, _months(days, shape))
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    band = np.clip((numbers - levels.low) / max(levels.high - levels.low, 1e-9) * BANDS, 0, BANDS - 1)
    return np.where(np.isnan(numbers), gone, np.nan_to_num(band).astype(np.int64)).astype(np.int64)


def cells(levels: Levels, chosen: Ints, draws: Draws, stream: str, key: Index, shape: Schema) -> col.Column:
    """Cells from levels (days are given back by `days` instead)."""
    gone = chosen == levels.size - 1
    if levels.codes:
        words = shape.dataset.form.booleans if levels.field.type == "bool" else levels.codes
        return col.coded(words, np.where(gone, -1, chosen))
    width = (levels.high - levels.low) / BANDS
    number = levels.low + (np.where(gone, 0, chosen) + draws.uniform(stream, key)) * width
    if levels.field.type == "decimal":
        return col.blank(col.hundredths(np.floor(number * 100).astype(np.int64)), gone)
    edge = np.ceil(levels.low + np.where(gone, 0, chosen) * width)
    whole = np.minimum(np.maximum(np.floor(number), edge), levels.high)
    return col.counts(np.where(gone, -1, whole).astype(np.int64))


def days(chosen: Ints, draws: Draws, stream: str, key: Index, shape: Schema) -> Days:
    """A day in the band of each; NEVER where missing."""
    end = _end(shape)
    start = end - 364 + (chosen - 1) * 30
    found = start + draws.between(stream, key, 0, 29)
    found = np.where(chosen == 0, end - 365 - draws.between(stream, key, 0, 700), found)
    return np.where(chosen >= MONTHS, NEVER, np.minimum(found, end))


def _end(shape: Schema) -> int:
    return day(f"{shape.year}-{shape.dataset.year_ends}")


def _days(cells: pd.Series[str], shape: Schema) -> Days:
    import pandas as pd

    found = np.full(len(cells), NEVER)
    for style in shape.dataset.form.date_formats:
        read = pd.to_datetime(cells, format=style, errors="coerce")
        known = read.notna().to_numpy() & (found >= NEVER)
        found[known] = read.to_numpy(dtype="M8[D]")[known].astype(np.int64)
    return found


def _months(days: Days, shape: Schema) -> Ints:
    return np.clip((days - (_end(shape) - 364)) // 30 + 1, 0, MONTHS - 1).astype(np.int64)
