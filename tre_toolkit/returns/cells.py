"""Cells as every reader leaves them: text without surrounding blanks, and nothing where there is nothing.

Readers build Arrow tables; `frame` puts one into the columns of its catalogue table, and `arrow` takes a
frame back for the engine and the writers. Neither copies the text where it can be helped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tre_toolkit.returns.model import ROW_NO
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


def frame(rows: pa.Table, table: Table, row_no: np.ndarray | None = None) -> pd.DataFrame:
    """The rows as a frame with the columns of `table`, then `row_no`: what `rows` lacks is missing throughout."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    text: Any = pd.StringDtype("pyarrow", na_value=np.nan)
    columns = {
        name: text.__from_arrow__(
            clean(rows[name]) if name in rows.column_names else pa.nulls(rows.num_rows, pa.large_string())
        )
        for name in table.columns
    }
    places = np.arange(rows.num_rows, dtype="int64") if row_no is None else row_no
    return pd.DataFrame({**columns, ROW_NO: places}, copy=False)


def clean(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without surrounding blanks; a cell of blanks alone is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(pc.cast(cells, pa.large_string()))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.large_string()), trimmed)


def empty(table: Table) -> pd.DataFrame:
    """A frame of `table` without rows."""
    import pyarrow as pa

    return frame(pa.table({name: pa.array([], pa.large_string()) for name in table.columns}), table)


def arrow(table: pd.DataFrame, columns: Sequence[str] | None = None) -> pa.Table:
    """A frame (or some of its columns) as an Arrow table of text, `row_no` as int64."""
    import pyarrow as pa

    wanted = list(table.columns) if columns is None else list(columns)
    arrays = [_array(table[name]) for name in wanted]
    return pa.Table.from_arrays(arrays, names=wanted)


def _array(column: pd.Series) -> pa.ChunkedArray:
    import pyarrow as pa

    got = pa.array(column.array if column.dtype == "str" else column, from_pandas=True)
    chunked = got if isinstance(got, pa.ChunkedArray) else pa.chunked_array([got])
    return chunked if column.name == ROW_NO else chunked.cast(pa.large_string())
