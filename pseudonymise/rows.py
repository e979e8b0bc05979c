"""The rows of a return a chunk at a time, whether they stand in frames or were spooled to disk as they were read.

Nothing here asks a spooled return for a whole frame: a run holds a chunk of one table, or one column of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tre_toolkit.returns.model import ROW_NO

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tre_toolkit.returns import Return

ROWS = 1 << 16  # rows of a table that are looked at together


def columns(return_: Return, table: str) -> list[str]:
    """The names of a table's columns as they stand in the return."""
    from tre_toolkit.returns.spool import Spool

    if isinstance(return_.tables, Spool):
        known = next(one for one in return_.schema.tables if one.name == table)
        return [*known.columns, ROW_NO]
    return [str(name) for name in return_.tables[table].columns]


def count(return_: Return, table: str) -> int:
    """How many rows a table has."""
    from tre_toolkit.returns.spool import Spool

    tables = return_.tables
    return tables.rows(table) if isinstance(tables, Spool) else len(tables[table])


def chunks(return_: Return, table: str, wanted: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
    """The rows of a table in order, about `ROWS` at a time, as text; a table without rows gives one chunk without any.

    Every column, or those `wanted`.
    """
    from tre_toolkit.returns.spool import Spool

    tables = return_.tables
    if isinstance(tables, Spool):
        yield from tables.frames(table, ROWS, wanted)
        return
    frame = tables[table] if wanted is None else tables[table][list(wanted)]
    for at in range(0, max(1, len(frame)), ROWS):
        yield frame.iloc[at : at + ROWS].reset_index(drop=True)


def typed(return_: Return, table: str, chunk: pd.DataFrame) -> pd.DataFrame:
    """A chunk with its dates, numbers and truths in place of text."""
    from tre_toolkit.returns import typed as types_of

    return types_of(replace(return_, tables={table: chunk}))[table]


def cells(return_: Return, table: str, column: str) -> Iterator[pa.Array]:
    """A column's text, a chunk at a time."""
    for chunk in chunks(return_, table, [column]):
        yield text(chunk[column])


def days(return_: Return, table: str, column: str) -> Iterator[pa.Array]:
    """A column of dates as date32, a chunk at a time."""
    import pyarrow as pa

    for chunk in chunks(return_, table, [column]):
        made = typed(return_, table, chunk)[column]
        yield pa.array(made.to_numpy("datetime64[D]"), pa.date32())


def text(column: pd.Series) -> pa.Array:
    """A column of text as Arrow, missing as null."""
    import pyarrow as pa

    got = pa.array(column.array, pa.string(), from_pandas=True)
    return got.combine_chunks() if isinstance(got, pa.ChunkedArray) else got
