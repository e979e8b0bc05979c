"""The one door to the embedded engine: DuckDB, spoken to in a portable subset of SQL.

Four verbs: `table` brings a frame or a Parquet file in, `view` names a query, `rows` takes an
answer out as a frame, `write` puts an answer into a Parquet file. Values never go into the text of
a query (pass `params`), so no query text can hold a secret or a child.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Engine:
    """A private in-memory DuckDB with the faulty optimiser off; use it in a `with` block.

    `memory` is DuckDB's own limit ("1GB"); work beyond it spills to `spill`, and without one stays in memory.
    """

    def __init__(
        self, *, memory: str | None = None, spill: Path | None = None, threads: int | None = None
    ) -> None:
        import duckdb

        self._duck = duckdb.connect(":memory:")
        # DuckDB 2.0.0 loses rows of a UNION over the two sides of one self-join without this (issue 25819)
        self._duck.execute("SET disabled_optimizers = 'common_subplan'")
        self._duck.execute("SET autoinstall_known_extensions = false")
        self._duck.execute("SET autoload_known_extensions = false")
        self._duck.execute("SET enable_progress_bar = false")  # it would stand in the middle of an answer
        for setting, value in (
            ("memory_limit", memory),
            ("temp_directory", spill and str(spill)),
            ("threads", threads),
        ):
            if value is not None:
                self._duck.execute(f"SET {setting} = '{value}'")

    def table(self, name: str, source: pd.DataFrame | pa.Table | Path) -> None:
        """Copy a frame, an Arrow table or a Parquet file (or folder of them) in under `name`."""
        if isinstance(source, Path):
            pattern = str(source / "*.parquet") if source.is_dir() else str(source)
            self._duck.execute(
                f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT * FROM read_parquet(?)", [pattern]
            )
        else:
            self._duck.register("incoming", source)
            self._duck.execute(f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT * FROM incoming")
            self._duck.unregister("incoming")

    def view(self, name: str, sql: str) -> None:
        """Name a query; it is run each time it is read."""
        self._duck.execute(f"CREATE OR REPLACE VIEW {quote(name)} AS {sql}")

    def run(self, sql: str, params: Sequence[object] = ()) -> None:
        """Carry out a statement that gives no rows back."""
        self._duck.execute(sql, list(params))

    def rows(self, sql: str, params: Sequence[object] = ()) -> pd.DataFrame:
        """The answer to a query as a frame."""
        return self._duck.execute(sql, list(params)).df()

    def arrow(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        """The answer to a query as an Arrow table."""
        return self._duck.sql(sql, params=list(params)).to_arrow_table()

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The answer to a query, at most about `rows` rows at a time."""
        yield from self._duck.sql(sql).to_arrow_reader(rows)

    @contextmanager
    def lent(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        """`rows` under `name` for as long as the block lasts, not copied: read them once."""
        self._duck.register(name, rows)
        try:
            yield
        finally:
            self._duck.unregister(name)

    def pack(self) -> None:
        """Keep the tables made from now on compressed: a sixth of the memory, and no slower."""
        self._duck.execute("ATTACH ':memory:' AS packed (COMPRESS)")
        self._duck.execute("USE packed")

    def settle(self) -> None:
        """Compress what was made since `pack`."""
        self._duck.execute("CHECKPOINT packed")

    def columns(self, name: str) -> list[str]:
        """The names of a table's or view's columns, in order."""
        return [str(one[0]) for one in self._duck.execute(f"DESCRIBE {quote(name)}").fetchall()]

    def write(self, sql: str, path: Path) -> None:
        """Write the answer to a query into one Parquet file."""
        self._duck.execute(f"COPY ({sql}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")

    def close(self) -> None:
        self._duck.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def quote(name: str) -> str:
    """A name as SQL writes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'
