"""Columns of text from numbers: codes, days and counts become Arrow text without a loop over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synth.days import NEVER, Days, day
from synth.draw import Flags, Ints
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import pandas as pd

Column = Any  # a pyarrow text array; pyarrow comes without types
FIRST_DAY, LAST_DAY = day("1940-01-01"), day("2049-12-31")


def text(words: NDArray[np.bytes_], missing: Flags | None = None) -> Column:
    """Fixed-width ASCII words as an Arrow column."""
    import pyarrow as pa

    width = words.dtype.itemsize
    offsets = np.arange(0, (len(words) + 1) * width, width, dtype=np.int32)
    made = pa.StringArray.from_buffers(
        len(words), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(words).tobytes())
    )
    return blank(made, missing)


def coded(values: Sequence[str], places: Ints) -> Column:
    """The value at each place; a place below 0 is missing."""
    import pyarrow as pa

    return pa.array(values, type=pa.string()).take(pa.array(np.where(places < 0, 0, places), mask=places < 0))


def dates(days: Days, style: str) -> Column:
    """Days as text in a strftime style; NEVER is missing."""
    import pyarrow as pa

    known = days < NEVER
    return _calendar(style).take(pa.array(np.where(known, days - FIRST_DAY, 0), mask=~known))


def counts(numbers: Ints) -> Column:
    """Whole numbers as text; below 0 is missing."""
    import pyarrow as pa

    return blank(pa.array(numbers).cast(pa.string()), numbers < 0)


def hundredths(numbers: Ints) -> Column:
    """Numbers of hundredths as text with two decimals."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole, rest = pa.array(numbers // 100).cast(pa.string()), pa.array(numbers % 100).cast(pa.string())
    return pc.binary_join_element_wise(whole, pc.utf8_lpad(rest, 2, "0"), ".")


def constant(value: str, rows: int) -> Column:
    """The same value in every row."""
    return coded([value], np.zeros(rows, dtype=np.int64))


def frame(table: Table, columns: Mapping[str, Column], rows: int) -> pd.DataFrame:
    """A frame with the table's columns in order and `row_no`; columns that aren't given are missing."""
    import pandas as pd
    import pyarrow as pa

    stranger = set(columns) - set(table.columns)
    if stranger:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(stranger))}")
    kind = pd.StringDtype("pyarrow", na_value=np.nan)
    nothing = pa.nulls(rows, pa.string())
    made = {name: kind.__from_arrow__(columns.get(name, nothing)) for name in table.columns}  # type: ignore[attr-defined]
    return pd.DataFrame({**made, "row_no": np.arange(rows, dtype=np.int64)})


@cache
def _calendar(style: str) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    days = pa.array(np.arange(FIRST_DAY, LAST_DAY + 1, dtype=np.int32)).cast(pa.date32())
    return pc.strftime(days, format=style)


def blank(column: Column, missing: Flags | None) -> Column:
    """The column with the flagged cells missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if missing is None or not missing.any():
        return column
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), column)
