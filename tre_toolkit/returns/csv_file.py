"""One comma-separated file, a chunk of rows at a time: fast, all text, and every row that doesn't fit counted.

The header decides everything: which delimiter, which columns, in which order. Columns the catalogue
doesn't know are never loaded; rows with too many or too few cells are refused by number, so that rows
read and rows refused add up to the rows of the file. Memory holds a chunk, however long the file is.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, TreError, Where
from tre_toolkit.returns import cells, encoding
from tre_toolkit.schema import Table

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Take = Callable[[str, pa.Table, np.ndarray], None]
    """What is done with some rows of a table, and their places in the file."""

CHUNK = 4 * 2**20  # bytes of a file read at a time; a row must fit into it
DELIMITERS = (",", "\t", ";", "|")
OTHERS = ("cp1252", "latin-1")  # what a file that isn't UTF-8 is read as
# An unknown column is named only where the line is surely a header: else its name may be somebody's cell
NAME = re.compile(r"[A-Za-z][A-Za-z_ ]{0,40}")
SHOWN = 5  # unknown columns named in full before the rest are counted


@dataclass(frozen=True, slots=True)
class Refused:
    """What didn't come out of one file: how many rows, and its troubles."""

    rows: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a file, as it is to be read."""

    names: tuple[str, ...]
    delimiter: str
    encoding: str


def read_csv(path: Path, table: Table, take: Take) -> Refused:
    """Read a file of `table`. Raises TreError when it isn't text or has none of the table's columns."""
    header, named, problems = _opened(path, table)
    refused: list[int] = []
    for rows, places in _chunks(path, header, named, refused):
        take(table.name, rows, places)
    if refused:
        problems.append(
            Problem(
                f"rows refused: they don't have the {len(header.names)} cells of the header",
                Where(path.name, table.name, row=int(refused[0]) + 1),
                hint="look for a delimiter or a line break inside a cell",
                count=len(refused),
            )
        )
    return Refused(len(refused), tuple(problems))


def values(path: Path, table: Table, column: str) -> Counter[str]:
    """How often each value stands in one column of a file; raises TreError as `read_csv` does."""
    header, named, _ = _opened(path, table)
    place = {at: name for at, name in named.items() if name == column}
    seen: Counter[str] = Counter()
    for rows, _ in _chunks(path, header, place, []) if place else ():
        for one in cells.clean(rows[column]).value_counts():
            if one["values"].is_valid:
                seen[one["values"].as_py()] += one["counts"].as_py()
    return seen


def _opened(path: Path, table: Table) -> tuple[Header, dict[str, str], list[Problem]]:
    """The header as it is to be read, the table's columns by their place, and what is wrong with both."""
    header = header_of(path, table)
    named, problems = _match(header.names, table, path)
    if not named:
        raise TreError(
            f"none of its columns is a column of {table.name}",
            where=Where(path.name),
            hint="the first line must hold the names of the columns",
        )
    if not encoding.decodes(path, header.encoding):
        other = next((name for name in OTHERS if encoding.decodes(path, name)), None)
        if other is None or header.encoding.startswith("utf-16"):
            raise TreError(
                "its bytes are no text in one encoding",
                where=Where(path.name),
                hint="export it as CSV, UTF-8",
            )
        problems.append(Problem("not UTF-8: read as Windows-1252", Where(path.name), hint="save it as UTF-8"))
        header = replace(header, encoding=other)
    return header, named, problems


def header_of(path: Path, table: Table | None = None) -> Header:
    """The columns, delimiter and encoding of a file. Raises TreError when it isn't text or is empty."""
    head = encoding.head_of(path)
    told = encoding.encoding_of(head)
    if told is None:
        raise TreError(
            "not a text file, whatever its name says",
            where=Where(path.name),
            hint="export it again as CSV, UTF-8",
        )
    text = head.decode(told, errors="replace").lstrip("\r\n")
    if not text.strip():
        raise TreError("the file is empty", where=Where(path.name), hint="it needs at least its header line")
    known = {name.lower() for name in table.columns} if table else set()
    options = [_split(text, delimiter) for delimiter in DELIMITERS]
    best = max(options, key=lambda names: (sum(name.lower() in known for name in names), len(names)))
    return Header(tuple(best), DELIMITERS[options.index(best)], told)


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=delimiter), [])]
    except csv.Error:
        return []


def _match(names: Sequence[str], table: Table, path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Place in the file ("c0", "c1", …) to catalogue column, whatever the case of its letters."""
    columns = {name.lower(): name for name in table.columns}
    sure = 2 * sum(name.lower() in columns for name in names) >= len(names)
    found: dict[str, str] = {}
    problems, unknown = [], 0
    for place, name in enumerate(names):
        known = columns.get(name.lower())
        if known is None:
            unknown += 1 if name else 0
            if name and unknown <= SHOWN:
                told = name if sure and NAME.fullmatch(name) else f"number {place + 1}"
                problems.append(_problem("a column the catalogue doesn't know: left out", path, table, told))
        elif known in found.values():
            problems.append(_problem("the column stands twice: the first is read", path, table, known))
        else:
            found[f"c{place}"] = known
    if unknown > SHOWN:
        problems.append(
            Problem(
                "columns the catalogue doesn't know: left out",
                Where(path.name, table.name),
                count=unknown - SHOWN,
            )
        )
    for field in table.fields:
        if field.required and field.name not in found.values() and field.only != "xml":
            problems.append(
                _problem("the column is missing: its cells count as blank", path, table, field.name)
            )
    return found, problems


def _problem(what: str, path: Path, table: Table, column: str) -> Problem:
    return Problem(what, Where(path.name, table.name, column))


def _chunks(
    path: Path, header: Header, named: dict[str, str], refused: list[int]
) -> Iterator[tuple[pa.Table, np.ndarray]]:
    """The known columns as Arrow text with the places of their rows; `refused` fills with the places of the others."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def refuse(row: arrow_csv.InvalidRow) -> str:
        refused.append(row.number - 2)  # the reader counts the header as row 1
        return "skip"

    try:
        reader = arrow_csv.open_csv(
            path,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # only then are refused rows numbered
                encoding="utf8" if header.encoding == "utf-8-sig" else header.encoding,
                column_names=[f"c{place}" for place in range(len(header.names))],
                skip_rows=1,
                block_size=CHUNK,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=header.delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(named),
                column_types=dict.fromkeys(named, pa.large_string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        at = 0
        for batch in reader:
            places = _places(at, batch.num_rows, refused)
            at = int(places[-1]) + 1 if len(places) else at
            yield (
                pa.Table.from_batches([batch]).rename_columns([named[one] for one in reader.schema.names]),
                places,
            )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise TreError(
                "not a CSV file that can be read",
                where=Where(path.name),
                hint="look for an opening quotation mark without its closing one",
            ) from None


def _places(at: int, read: int, refused: list[int]) -> np.ndarray:
    """The places of the next rows that were read, the first of them at `at` or behind refused ones."""
    import numpy as np

    first, among = bisect_left(refused, at), 0
    while (more := bisect_left(refused, at + read + among) - first) > among:
        among = more
    places = np.arange(at, at + read + among, dtype="int64")
    return np.delete(places, np.array(refused[first : first + among]) - at) if among else places


def count_rows(path: Path) -> int:
    """How many rows a file has under its header, without keeping one; 0 when that can't be told."""
    refused: list[int] = []
    try:
        header = header_of(path)
        if not encoding.decodes(path, header.encoding):
            header = replace(header, encoding=OTHERS[-1])
        return sum(len(places) for _, places in _chunks(path, header, {"c0": "c0"}, refused)) + len(refused)
    except TreError:
        return 0
