"""Cleaning a stretch of records at a time: what the rules hold on the way is as large as a stretch, not as a return.

A rule sees values one by one, so stretches make no difference to what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1 << 16  # records cleaned at a time
REPEATS = 0.5  # share of distinct values in the first stretch below which a part is kept packed


def by_stretch(rule: Callable[..., dict[str, pa.Array]], *columns: pa.Array) -> dict[str, pa.Array]:
    """The parts that `rule` makes of columns of equal length, each packed where its values repeat (see `tokens.packed`)."""
    import pyarrow as pa

    made: dict[str, list[pa.Array]] = {}
    for at in range(0, max(1, len(columns[0])), ROWS):
        for name, values in rule(*(column.slice(at, ROWS) for column in columns)).items():
            chunks = made.setdefault(name, [])
            chunks.append(_like(values, chunks[0] if chunks else None))
    return {
        name: pa.concat_arrays(made.pop(name)) for name in list(made)
    }  # one part's stretches twice, no more


def _like(values: pa.Array, first: pa.Array | None) -> pa.Array:
    """The values, packed if the first stretch's are or, of the first itself, if enough of them repeat."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if first is None:
        repeats = len(values) and pc.count_distinct(values).as_py() < REPEATS * len(values)
    else:
        repeats = pa.types.is_dictionary(first.type)
    return pc.dictionary_encode(values) if repeats else values
