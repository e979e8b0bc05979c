"""What a run keeps between making and sealing: little of it in memory, the rest in one file without a name.

The file stands in no folder, nobody else can open it, and the system forgets it with the process, even one that
is killed. Forked workers write into places kept for them in the same file, so that what they make needn't pass
through a pipe.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

HELD = 16 * 2**20  # bytes kept in memory before the file is begun
BUCKET = 1 << 17  # rows that are put in random order together
SLICE = 1 << 16  # rows handed on at a time


class Place(NamedTuple):
    """Where something stands in the file."""

    at: int
    size: int


class Spill:
    """Keeps blocks of bytes; use it in a `with` block. `folder` is where the file is made, the system's own place if absent."""

    def __init__(self, folder: Path | None = None, *, held: int = HELD) -> None:
        self._folder, self._left = folder, held
        self._file: IO[bytes] | None = None
        self._end = 0

    def put(self, block: pa.Buffer) -> pa.Buffer | Place:
        """Keep a block; `get` gives it back for what this returns."""
        if block.size <= self._left:
            self._left -= block.size
            return block
        return self.write(self.reserve(block.size), block)

    def reserve(self, size: int) -> int:
        """Keep a place of `size` bytes in the file, to be written to by any process forked afterwards."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  # closed with the spill
        at, self._end = self._end, self._end + size
        return at

    def write(self, at: int, block: pa.Buffer) -> Place:
        """Write a block into a place that was kept for it."""
        assert self._file is not None  # noqa: S101  # a place is kept before it is written to
        view = memoryview(block)
        done = 0
        while done < len(view):
            done += os.pwrite(self._file.fileno(), view[done:], at + done)
        return Place(at, len(view))

    def get(self, kept: pa.Buffer | Place) -> pa.Buffer:
        """A block as it was put. Raises OSError when the file was cut short."""
        import pyarrow as pa

        if not isinstance(kept, Place):
            return kept
        assert self._file is not None  # noqa: S101  # it was written there
        room = bytearray(kept.size)
        done = 0
        while done < kept.size:
            got = os.preadv(self._file.fileno(), [memoryview(room)[done:]], kept.at + done)
            if not got:
                raise OSError("the file of what was spilled is shorter than it was")
            done += got
        return pa.py_buffer(room)

    def fits(self, size: int) -> bool:
        """Whether `size` bytes more would stay in memory."""
        return size <= self._left

    def close(self) -> None:
        """Forget everything."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def packed(batch: pa.RecordBatch, *, tight: bool = True) -> pa.Buffer:
    """A batch as one block, compressed where it is `tight`."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4" if tight else None, use_threads=False)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def unpacked(block: pa.Buffer, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """The batch of a block, or some of its columns."""
    import pyarrow as pa

    with pa.ipc.open_stream(block) as stream:
        batch = stream.read_next_batch()
    return batch if columns is None else batch.select(list(columns))


class Shuffled:
    """The rows of one table: added as they stand, given back in random order, a bucket of them in memory at a time.

    Each row goes to a random bucket, and each bucket is put in random order: together, any order is as likely.
    """

    def __init__(self, spill: Spill, schema: pa.Schema, rows: int) -> None:
        self._spill, self._schema, self.rows = spill, schema, 0
        self._buckets: list[list[pa.Buffer | Place]] = [[] for _ in range(max(1, -(-rows // BUCKET)))]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self._schema.names)

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        import numpy as np
        import pyarrow as pa

        self.rows += batch.num_rows
        if len(self._buckets) == 1:
            self._buckets[0].append(self._spill.put(packed(batch)))
            return
        drawn = np.frombuffer(secrets.token_bytes(batch.num_rows * 4), np.uint32) % len(self._buckets)
        order = drawn.argsort(kind="stable")
        ends = np.searchsorted(drawn[order], np.arange(len(self._buckets) + 1))
        rows = batch.take(pa.array(order))
        for bucket, (start, end) in enumerate(pairwise(ends)):
            if end > start:
                piece = rows.slice(start, end - start)
                self._buckets[bucket].append(self._spill.put(packed(piece)))

    def pieces(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns of all rows, in no order that means anything."""
        for bucket in self._buckets:
            for kept in bucket:
                yield unpacked(self._spill.get(kept), columns)

    def batches(self) -> pa.RecordBatchReader:
        """All rows in random order, another one each time."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._schema, self._in_order())

    def _in_order(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for bucket in self._buckets:
            pieces = [unpacked(self._spill.get(kept)) for kept in bucket]
            whole = pa.Table.from_batches(pieces, self._schema)
            del pieces
            mixed = whole.take(pa.array(shuffled(whole.num_rows))).combine_chunks()
            del whole
            yield from mixed.to_batches(max_chunksize=SLICE)


def shuffled(rows: int) -> np.ndarray:
    """A random order of `rows` rows, from the system's randomness."""
    import numpy as np

    order: np.ndarray = np.frombuffer(secrets.token_bytes(rows * 8), np.uint64).argsort(kind="stable")
    return order
