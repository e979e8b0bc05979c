"""A Parquet file of a national linked set, a chunk of rows at a time, as text like every other table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, TreError, Where
from tre_toolkit.returns.csv_file import Refused
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    from tre_toolkit.returns.csv_file import Take

CHUNK = 50_000  # rows read at a time


def read_parquet(path: Path, table: Table, take: Take) -> Refused:
    """Read a Parquet file of `table`. Raises TreError when it isn't one or has none of the table's columns."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name.lower(): name for name in table.columns}
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            wanted = [name for name in names if name.lower() in columns]
            if not wanted:
                raise TreError(f"none of its columns is a column of {table.name}", where=Where(path.name))
            at = 0
            for batch in file.iter_batches(batch_size=CHUNK, columns=wanted):
                rows = pa.Table.from_batches([batch]).select(wanted)
                rows = rows.rename_columns([columns[name.lower()] for name in wanted])
                take(table.name, rows, np.arange(at, at + rows.num_rows, dtype="int64"))
                at += rows.num_rows
    except (pa.ArrowInvalid, OSError):
        raise TreError("not a Parquet file that can be read", where=Where(path.name)) from None
    unknown = len(names) - len(wanted)
    where = Where(path.name, table.name)
    problems = (
        (Problem("columns the catalogue doesn't know: left out", where, count=unknown),) if unknown else ()
    )
    return Refused(0, problems)
