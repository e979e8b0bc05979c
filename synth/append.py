"""One chunk's files below another's: CSV rows, XML children, Parquet rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO, Any

from tre_toolkit.schema import Schema

BLOCK = 1 << 20


def append(source: Path, target: Path, shape: Schema) -> None:
    """Put what stands in the folder `source` below the same files in `target`."""
    for file in sorted(source.iterdir()):
        there = target / file.name
        if file.suffix == ".csv":
            _csv(file, there)
        elif file.suffix == ".xml":
            _xml(file, there, container_of(shape))
        elif file.suffix == ".parquet":
            _parquet(file, there)


def _csv(source: Path, target: Path) -> None:
    with source.open("rb") as rows, target.open("ab") as out:
        rows.readline()  # the header stands in the target
        shutil.copyfileobj(rows, out, BLOCK)


def container_of(shape: Schema) -> str:
    """The element that holds all children of an XML form: what the returns' own writer opens around them."""
    from tre_toolkit.returns.xml_plan import units

    people = shape.dataset.person_table
    unit = next(one for one in units(shape) if people in {sheet.table.name for sheet in one.sheets})
    return (str(shape.dataset.form.root), *unit.path[1:-1])[-1]


def _xml(source: Path, target: Path, container: str) -> None:
    """Children of `source` go before the closing tag of the container in `target`."""
    opening, closing = f"<{container}>\n".encode(), f"</{container}>\n".encode()
    with target.open("rb+") as out, source.open("rb") as rows:
        start, end = place_of(rows, opening, last=False) + len(opening), place_of(rows, closing, last=True)
        there = place_of(out, closing, last=True)
        out.seek(there)
        tail = out.read()
        out.seek(there)
        out.truncate()
        rows.seek(start)
        left = end - start
        while left > 0:
            piece = rows.read(min(BLOCK, left))
            out.write(piece)
            left -= len(piece)
        out.write(tail)


def place_of(file: IO[bytes], words: bytes, *, last: bool) -> int:
    """Where `words` stand first (near the beginning) or last (near the end)."""
    size = file.seek(0, 2)
    start = max(size - BLOCK, 0) if last else 0
    file.seek(start)
    piece = file.read(BLOCK)
    return start + (piece.rindex(words) if last else piece.index(words))


def _parquet(source: Path, target: Path) -> None:
    """Rows of both in row groups of one size, so that the bytes don't tell the chunks."""
    import pyarrow as pa
    from pyarrow import parquet

    whole = target.with_suffix(".whole")
    with (
        parquet.ParquetFile(target) as first,
        parquet.ParquetFile(source) as second,
        parquet.ParquetWriter(whole, first.schema_arrow) as out,
    ):
        held = first.schema_arrow.empty_table()
        for part in (first, second):
            for batch in part.iter_batches(batch_size=BLOCK):
                held = pa.concat_tables([held, pa.Table.from_batches([batch])])
                while held.num_rows >= BLOCK:
                    out.write_table(held.slice(0, BLOCK).combine_chunks())
                    held = held.slice(BLOCK)
        if held.num_rows or not out_rows(first, second):
            out.write_table(held.combine_chunks())
    whole.replace(target)


def out_rows(*parts: Any) -> int:
    """How many rows the Parquet files have together."""
    return sum(part.metadata.num_rows for part in parts)
