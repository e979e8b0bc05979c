"""Tokens on a cluster: the stretches of a run made in Spark's executors, by the same code that makes them here.

What goes out to an executor is the cells of one stretch and the recipe without its keys; what comes back is the
stretch, each as one Arrow row. The key is not among it: it would stand in the plan, in the event log and in the
memory of whoever schedules. Each executor opens the key file at a path of its own machine, and makes nothing
unless it is the key the run was begun with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pseudonymise.keys import Key
from pseudonymise.making import Cells, Recipe, Stretch, keyed, make_stretch
from pseudonymise.spill import packed, unpacked
from tre_toolkit.errors import TreError

if TYPE_CHECKING:
    import pyarrow as pa

    from tre_toolkit.spark import SparkSession

RECORD, CUT = "record_id", "cut"  # columns of a stretch on its way, beside the cells' domains


@dataclass(frozen=True, slots=True)
class Executors:
    """Where stretches are made if not here: the cluster, and where each of its machines finds the key."""

    session: SparkSession
    key: Path
    passphrase: Path
    commitment: str
    """Of the key the run was begun with."""

    def __call__(self, recipe: Recipe, kept: frozenset[str], cells: Iterator[Cells]) -> Iterator[Stretch]:
        """The stretches made of `cells`, in order. Raises TreError when an executor makes none."""
        from tre_toolkit.spark import mapped

        work = Work(keyed(recipe, None), kept, str(self.key), str(self.passphrase), self.commitment)
        rounds = _rounds(cells, self.session.sparkContext.defaultParallelism)
        try:
            for batch in mapped(self.session, rounds, work, _answer()):
                yield from map(_stretch_of, batch.to_pylist())
        except TreError:
            raise TreError(
                "the executors made no tokens",
                where=str(self.key),
                hint="this key file and its passphrase file must stand at the same paths on every worker",
            ) from None


@dataclass(frozen=True, slots=True)
class Work:
    """What is sent to the executors: how stretches are made, and where the key is; never the key."""

    recipe: Recipe
    kept: frozenset[str]
    key: str
    passphrase: str
    commitment: str

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """In the executor: a row of cells to a row of tokens. Its errors tell their kind alone, for Spark logs them."""
        import pyarrow as pa

        try:
            recipe = keyed(self.recipe, _key(self.key, self.passphrase, self.commitment))
            for batch in batches:
                for block in batch.column(0):
                    made = make_stretch(recipe, _cells_of(block.as_buffer()), self.kept, lambda one: one)
                    yield pa.RecordBatch.from_pylist([_row_of(made)], _answer())
        except Exception as error:
            kind = type(error).__name__
        else:
            return
        raise RuntimeError(kind)


@cache
def _key(path: str, passphrase: str, commitment: str) -> Key:
    """The key at `path`, opened once in each process."""
    from tre_toolkit.keyfile import read_passphrase

    key = Key.read(Path(path), read_passphrase(Path(passphrase)))
    if key.commitment != commitment:
        raise TreError("another key", where=path)
    return key


def _rounds(cells: Iterator[Cells], width: int) -> Iterator[pa.Table]:
    """Stretches as they go out, as many at a time as the cluster makes side by side."""
    import pyarrow as pa

    waiting: list[Any] = []
    for one in cells:
        waiting.append(packed(_batch_of(one)).to_pybytes())
        if len(waiting) == width:
            yield pa.table({"cells": pa.array(waiting, pa.binary())})
            waiting = []
    if waiting:
        yield pa.table({"cells": pa.array(waiting, pa.binary())})


def _batch_of(cells: Cells) -> pa.RecordBatch:
    import pyarrow as pa

    cut = pa.nulls(len(cells.record_ids), pa.bool_()) if cells.cut is None else pa.array(cells.cut)
    return pa.RecordBatch.from_pydict({RECORD: pa.array(cells.record_ids), CUT: cut, **cells.raw})


def _cells_of(block: pa.Buffer) -> Cells:
    batch = unpacked(block)
    raw = {name: batch[name] for name in batch.schema.names if name not in (RECORD, CUT)}
    cut = None if batch[CUT].null_count else batch[CUT].to_numpy(zero_copy_only=False)
    return Cells(raw, batch[RECORD].to_numpy(), cut)


def _answer() -> pa.Schema:
    """A stretch as it comes back, in the order of `Stretch`."""
    import pyarrow as pa

    blocks = pa.map_(pa.string(), pa.binary())
    return pa.schema(
        {
            "tokens": pa.binary(), "heads": blocks, "names": blocks, "born": pa.binary(),
            "missing": pa.map_(pa.string(), pa.int64()), "about": pa.binary(), "words": pa.list_(pa.string()),
        }
    )  # fmt: skip


def _row_of(made: Stretch) -> dict[str, Any]:
    import pyarrow as pa

    return {
        "tokens": bytes(made.tokens),
        "heads": [(name, bytes(block)) for name, block in made.heads.items()],
        "names": [(name, bytes(block)) for name, block in made.names.items()],
        "born": None if made.born is None else made.born.astype("datetime64[D]").tobytes(),
        "missing": list(made.missing.items()),
        "about": packed(pa.RecordBatch.from_pydict(made.about)).to_pybytes() if made.about else None,
        "words": [word for words in made.words for word in words.to_pylist()],
    }


def _stretch_of(row: dict[str, Any]) -> Stretch:
    import numpy as np
    import pyarrow as pa

    about = unpacked(pa.py_buffer(row["about"])) if row["about"] else None
    return Stretch(
        pa.py_buffer(row["tokens"]),
        {name: pa.py_buffer(block) for name, block in row["heads"]},
        {name: pa.py_buffer(block) for name, block in row["names"]},
        None if row["born"] is None else np.frombuffer(row["born"], "datetime64[D]"),
        dict(row["missing"]),
        {} if about is None else {name: about[name] for name in about.schema.names},
        [pa.array(row["words"], pa.string())],
    )
