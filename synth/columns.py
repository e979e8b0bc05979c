"""Columns of text from numbers: codes, days and counts become Arrow text without a loop over rows.

What has few values is a dictionary (the values, and for each row the place of its own), and stays one until somebody
wants the words (`plain`): the files are written from the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synth.days import FIRST_DAY, LAST_DAY, NEVER, Days
from synth.draw import Flags, Ints
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import pandas as pd

Column = Any  # a pyarrow array of text, or a dictionary of text; pyarrow comes without types
FEW = 10_000  # numbers below it are taken from a list


def text(words: NDArray[np.bytes_], missing: Flags | None = None) -> Column:
    """Fixed-width ASCII words as an Arrow column."""
    import pyarrow as pa

    width = words.dtype.itemsize
    offsets = np.arange(0, (len(words) + 1) * width, width, dtype=np.int32)
    made = pa.StringArray.from_buffers(
        len(words), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(words).view(np.uint8))
    )
    return blank(made, missing)


def coded(values: Sequence[str], places: Ints) -> Column:
    """The value at each place; a place below 0 is missing."""
    import pyarrow as pa

    return _taken(_words(values) if isinstance(values, tuple) else pa.array(values, pa.string()), places)


def dates(days: Days, style: str) -> Column:
    """Days as text in a strftime style; NEVER is missing."""
    known = days < NEVER
    if not known.any():
        return _taken(_calendar(style).slice(0, 1), np.full(len(days), -1))
    first, last = int(days.min()), int(days.max(where=known, initial=FIRST_DAY))
    return _taken(
        _calendar(style).slice(first - FIRST_DAY, last - first + 1), np.where(known, days - first, -1)
    )


def counts(numbers: Ints) -> Column:
    """Whole numbers as text; below 0 is missing."""
    import pyarrow as pa

    if not len(numbers) or numbers.max() < FEW:
        return _taken(_numerals(), numbers)
    return blank(pa.array(numbers).cast(pa.string()), numbers < 0)


def _taken(values: Column, places: Ints) -> Column:
    """The values at these places; below 0 there is none."""
    import pyarrow as pa

    small = places.astype(np.int32)
    rows = pa.array(small) if not len(small) or small.min() >= 0 else pa.array(small, mask=small < 0)
    return pa.DictionaryArray.from_arrays(rows, values)


@cache
def _words(values: tuple[str, ...]) -> Column:
    import pyarrow as pa

    return pa.array(values, pa.string())


@cache
def _numerals() -> Column:
    import pyarrow as pa

    return pa.array(np.arange(FEW)).cast(pa.string())


def hundredths(numbers: Ints) -> Column:
    """Numbers of hundredths as text with two decimals."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole, rest = pa.array(numbers // 100).cast(pa.string()), pa.array(numbers % 100).cast(pa.string())
    return pc.binary_join_element_wise(whole, pc.utf8_lpad(rest, 2, "0"), ".")


def constant(value: str, rows: int) -> Column:
    """The same value in every row."""
    return coded((value,), np.zeros(rows, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a table as columns of text; a column that isn't there is missing throughout."""

    names: tuple[str, ...]
    columns: Mapping[str, Column]
    rows: int
    about: Ints | None = None
    """The child each row is about, where there is one row a child and somebody knows."""

    def __len__(self) -> int:
        return self.rows

    def column(self, name: str) -> Column:
        """One column, of nothing where there is none."""
        import pyarrow as pa

        found = self.columns.get(name)
        return pa.nulls(self.rows, pa.string()) if found is None else found

    def words(self, name: str) -> Column:
        """One column as large_string."""
        import pyarrow as pa

        return plain(self.column(name)).cast(pa.large_string())

    def arrow(self, names: Sequence[str]) -> Any:
        """Some columns as an Arrow table."""
        import pyarrow as pa

        return pa.Table.from_arrays([self.column(name) for name in names], names=list(names))

    def frame(self) -> pd.DataFrame:
        """All columns in order, and `row_no`."""
        import pandas as pd

        kind = pd.StringDtype("pyarrow", na_value=np.nan)
        made = {name: kind.__from_arrow__(plain(self.column(name))) for name in self.names}  # type: ignore[attr-defined]
        return pd.DataFrame({**made, "row_no": np.arange(self.rows, dtype=np.int64)})


def sheet(table: Table, columns: Mapping[str, Column], rows: int, *, about: Ints | None = None) -> Sheet:
    """The columns of a table. Raises KeyError for one that the table doesn't have."""
    stranger = set(columns) - set(table.columns)
    if stranger:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(stranger))}")
    return Sheet(table.columns, columns, rows, about)


def frames(sheets: Mapping[str, Sheet]) -> dict[str, pd.DataFrame]:
    """All sheets as frames."""
    return {name: one.frame() for name, one in sheets.items()}


def sheet_of(frame: pd.DataFrame) -> Sheet:
    """The sheet that a frame of text was made from."""
    import pyarrow as pa

    made = {}
    for name in frame.columns:
        if name != "row_no":
            cells = pa.array(frame[name].array, from_pandas=True)
            cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
            made[name] = cells.cast(pa.string())
    return Sheet(tuple(made), made, len(frame))


@cache
def _calendar(style: str) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    days = pa.array(np.arange(FIRST_DAY, LAST_DAY + 1, dtype=np.int32)).cast(pa.date32())
    return pc.strftime(days, format=style)


def plain(column: Column) -> Column:
    """The column as words."""
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def blank(column: Column, missing: Flags | None) -> Column:
    """The column with the flagged cells missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if missing is None or not missing.any():
        return column
    if pa.types.is_dictionary(column.type):
        rows = pc.if_else(pa.array(missing), pa.scalar(None, pa.int32()), column.indices)
        return pa.DictionaryArray.from_arrays(rows, column.dictionary)
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), column)
