"""The rows of a return between its files and whoever wants them: few in memory, many in files without a name.

A reader adds chunks of rows; what is beyond `HELD` bytes goes into temporary files that stand in no folder
(the system forgets them with the process, even one that is killed) and are packed on the way. `batches` gives the
rows back a chunk at a time, for the engine; as a mapping a spool gives the frames a `Return` promises, each made
when it is first asked for.
"""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tre_toolkit.returns import cells
from tre_toolkit.returns.model import ROW_NO
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

HELD = 64 * 2**20  # bytes of cells kept in memory before all go to disk: no usual return reaches it


class Spool(Mapping[str, "pd.DataFrame"]):
    """The rows of some tables, written once in chunks and read as often as wanted.

    `folder` is where the nameless files are made (the system's own place for temporary files when not given),
    `held` the bytes kept in memory before they are.
    """

    def __init__(self, tables: Iterable[Table], folder: Path | None = None, held: int | None = None) -> None:
        self._tables = {table.name: table for table in tables}
        self._folder, self._limit = folder, HELD if held is None else held
        self._held: dict[str, list[pa.RecordBatch]] = {name: [] for name in self._tables}
        self._rows = dict.fromkeys(self._tables, 0)
        self._bytes = 0
        self._files: dict[str, IO[bytes]] = {}
        self._writers: dict[str, Any] = {}
        self._frames: dict[str, pd.DataFrame] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._files)

    def add(self, name: str, rows: pa.Table, places: np.ndarray) -> None:
        """Add rows of a table; columns they lack are missing throughout. `places` are their `row_no`."""
        import pyarrow as pa

        table = self._tables[name]
        columns = [
            cells.clean(rows[column])
            if column in rows.column_names
            else pa.nulls(rows.num_rows, pa.large_string())
            for column in table.columns
        ]
        whole = pa.table([*columns, pa.array(places, pa.int64())], names=[*table.columns, ROW_NO])
        for batch in whole.combine_chunks().to_batches():
            self._rows[name] += batch.num_rows
            if self._files:
                self._writer(name).write_batch(batch)
            else:
                self._held[name].append(batch)
                self._bytes += batch.nbytes
        if self._bytes > self._limit:
            self._to_disk()

    def rows(self, name: str) -> int:
        """How many rows a table has."""
        return self._rows[name]

    def batches(self, name: str) -> pa.RecordBatchReader:
        """The rows of a table from the beginning, a chunk at a time: its columns as text, then `row_no`."""
        import pyarrow as pa

        self._seal()
        file = self._files.get(name)
        if file is None:
            return pa.RecordBatchReader.from_batches(schema_of(self._tables[name]), self._held[name])
        return pa.ipc.open_stream(_Reading(self, file, self._lock))

    def frames(self, name: str, rows: int, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """The rows of a table from the beginning, in frames of at least `rows` rows (the last of fewer) that aren't kept."""
        import pyarrow as pa

        wanted = [*self._tables[name].columns, ROW_NO] if columns is None else list(columns)
        waiting: list[pa.RecordBatch] = []
        held = 0
        for batch in self.batches(name):
            waiting.append(batch.select(wanted))
            held += batch.num_rows
            if held >= rows:
                yield _frame(pa.Table.from_batches(waiting))
                waiting, held = [], 0
        if waiting:
            yield _frame(pa.Table.from_batches(waiting))
        elif not self._rows[name]:
            yield _frame(schema_of(self._tables[name]).empty_table().select(wanted))

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            whole = self.batches(name).read_all()
            self._frames[name] = cells.frame(whole, self._tables[name], whole[ROW_NO].to_numpy())
        return self._frames[name]

    def __contains__(self, name: object) -> bool:  # without it a mapping asks by making the frame
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def _writer(self, name: str) -> Any:
        import pyarrow as pa

        if name not in self._writers:
            self._files[name] = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed with the spool
            packed = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writers[name] = pa.ipc.new_stream(
                self._files[name], schema_of(self._tables[name]), options=packed
            )
        return self._writers[name]

    def _to_disk(self) -> None:
        for name, batches in self._held.items():
            for batch in batches:
                self._writer(name).write_batch(batch)
            batches.clear()
        self._bytes = 0

    def _seal(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        for file in self._files.values():
            file.flush()


class _Reading(io.RawIOBase):
    """A place in a file of its own: several readers of one nameless file don't move each other."""

    def __init__(self, spool: Spool, file: IO[bytes], lock: threading.Lock) -> None:
        self._spool, self._file, self._lock, self._at = spool, file, lock, 0  # the spool lives as long

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        with self._lock:
            self._file.seek(self._at)
            got = self._file.read(memoryview(into).nbytes)
        memoryview(into).cast("B")[: len(got)] = got
        self._at += len(got)
        return len(got)


def _frame(whole: pa.Table) -> pd.DataFrame:
    """Cells, which are clean already, as a frame."""
    import numpy as np
    import pandas as pd

    text: Any = pd.StringDtype("pyarrow", na_value=np.nan)
    columns = {
        name: whole[name].to_numpy() if name == ROW_NO else text.__from_arrow__(whole[name])
        for name in whole.column_names
    }
    return pd.DataFrame(columns, copy=False)


def schema_of(table: Table) -> pa.Schema:
    """The columns of a table as text, then `row_no`."""
    import pyarrow as pa

    return pa.schema([*((name, pa.large_string()) for name in table.columns), (ROW_NO, pa.int64())])


def _close(files: dict[str, IO[bytes]]) -> None:
    for file in files.values():
        file.close()
