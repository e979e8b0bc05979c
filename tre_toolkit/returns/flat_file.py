"""A Parquet file of a national linked set into a frame of text, like every other table."""

from __future__ import annotations

from pathlib import Path

from tre_toolkit.errors import Problem, TreError, Where
from tre_toolkit.returns import cells
from tre_toolkit.returns.csv_file import Rows
from tre_toolkit.schema import Table


def read_parquet(path: Path, table: Table) -> Rows:
    """Read a Parquet file of `table`. Raises TreError when it isn't one or has none of the table's columns."""
    from pyarrow import ArrowInvalid, parquet

    columns = {name.lower(): name for name in table.columns}
    try:
        names = parquet.read_schema(path).names
        wanted = [name for name in names if name.lower() in columns]
        rows = parquet.read_table(path, columns=wanted)
    except (ArrowInvalid, OSError):
        raise TreError("not a Parquet file that can be read", where=Where(path.name)) from None
    if not wanted:
        raise TreError(f"none of its columns is a column of {table.name}", where=Where(path.name))
    unknown = len(names) - len(wanted)
    where = Where(path.name, table.name)
    problems = (
        (Problem("columns the catalogue doesn't know: left out", where, count=unknown),) if unknown else ()
    )
    rows = rows.rename_columns([columns[name.lower()] for name in wanted])
    return Rows(cells.frame(rows, table), 0, problems)
