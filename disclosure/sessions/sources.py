"""Tables a session opens itself, so that what it makes of them can be made again: which file, which rows, which bands.

A frame opened here remembers where it came from; `recipe_of` says how a figure is made again from its columns, or why
it can't be. Nothing in a recipe is run as code: filters are triples of column, sign and value, bands are lower ends,
formulas are names of columns.
"""

from __future__ import annotations

import hashlib
import itertools
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disclosure.evidence import KIND
from tre_toolkit.errors import MisuseError, TreError

SOURCE = "tre_source"
PEOPLE = "people"
BATCH = 200_000  # rows looked at in one go
SHARE = 3  # of the memory given, the part an opened table may take: counting needs the rest
_NAME = re.compile(r"[A-Za-z0-9_]{1,80}(\.[A-Za-z0-9_-]{1,80})?")
_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
_FACTOR = r"(?:C\({name}\)|{name})".format(name=r"[A-Za-z_][A-Za-z0-9_]*")
FORMULA = re.compile(
    rf"\s*(?:[A-Za-z_]\w*\s*~)?\s*(?:[01]\s*\+\s*)?{_FACTOR}(?:\s*[+:*]\s*{_FACTOR})*(?:\s*-\s*1)?\s*"
)
Where = Sequence[tuple[str, str, Any]]
SIGNS: Mapping[str, Callable[[pd.Series, Any], pd.Series]] = {
    "==": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "in": lambda column, value: column.isin(list(value)),
}


def open_table(
    workspace: Path | str,
    table: str,
    *,
    where: Where = (),
    bands: Mapping[str, tuple[str, Sequence[float]]] | None = None,
    columns: Sequence[str] | None = None,
    memory: str | None = None,
) -> pd.DataFrame:
    """A table of a workspace (`people`, or `dataset.table`) as a frame that remembers where it came from.

    `where` keeps rows: `[("sex", "==", "F")]`. `bands` adds columns: `{"age band": ("age", [0, 5, 11, 16])}`. `columns`
    names those that are wanted, of these two kinds; with `memory` ("2GB") the table may take a third of it.
    Raises TreError when there is no such table or column, or it is too large, MisuseError for a sign nobody knows.
    """
    folder, bands = Path(workspace), dict(bands or {})
    for _, sign, _ in where:
        if sign not in SIGNS:
            raise MisuseError(f"no sign is written {sign!r}", hint="signs: " + " ".join(SIGNS))
    path = _path(folder, table)
    frame = _rows(path, table, where, _wanted(columns, where, bands), bytes_of(memory))
    for title, (column, ends) in bands.items():
        frame = frame.assign(**{title: _banded(column_of(frame, column, table), list(ends))})
    frame = frame.reset_index(drop=True)
    frame.attrs[SOURCE] = {
        "dataset_digest": digest_of(folder),
        "table": table,
        "where": [list(each) for each in where],
        "bands": {title: [column, list(ends)] for title, (column, ends) in bands.items()},
        "opened": len(frame),
        "columns": list(map(str, frame.columns)),
    }
    return frame


def _path(folder: Path, table: str) -> Path:
    if not _NAME.fullmatch(table):
        raise TreError("that is no name of a table", where=str(folder), hint="people, or dataset.table")
    dataset, _, name = table.partition(".")
    path = folder / "people.parquet" if table == PEOPLE else folder / "tables" / dataset / f"{name}.parquet"
    if not path.is_file():
        raise TreError("the workspace has no such table", where=f"{folder}, {table}")
    return path


def _wanted(
    columns: Sequence[str] | None, where: Where, bands: Mapping[str, tuple[str, Sequence[float]]]
) -> list[str] | None:
    """The columns to read; None for all."""
    if columns is None:
        return None
    behind = [column for column, _, _ in where] + [column for column, _ in bands.values()]
    return list(dict.fromkeys([*(name for name in columns if name not in bands), *behind]))


def _rows(path: Path, table: str, where: Where, columns: list[str] | None, most: int | None) -> pd.DataFrame:
    """The rows that are kept, looked at a batch at a time, so that those that aren't take no memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept, held = [], 0
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        for column in columns or ():
            if column not in names:
                raise TreError(f"there is no column {column!r}", where=table)
        for batch in file.iter_batches(BATCH, columns=columns):
            if where:
                frame = batch.to_pandas()
                mask = np.ones(len(frame), bool)
                for column, sign, value in where:
                    told = SIGNS[sign](column_of(frame, column, table), value)
                    mask &= told.fillna(value=False).to_numpy(bool)
                batch = batch.filter(pa.array(mask))
            kept.append(batch)
            held += batch.nbytes
            if most is not None and held * SHARE > most:
                raise TreError(
                    "the table doesn't fit in the memory given",
                    where=table,
                    hint="give more with --memory, or keep fewer rows",
                )
        schema = file.schema_arrow if columns is None else kept[0].schema if kept else None
        found: pd.DataFrame = pa.Table.from_batches(kept, schema=schema).to_pandas()
        return found
    except TreError:
        raise
    except TypeError:
        raise TreError("a filter's value isn't of its column's kind", where=table) from None
    except (OSError, ValueError, pa.ArrowException):
        raise TreError("the table can't be read", where=f"{path.parent}, {table}") from None


def bytes_of(memory: str | None) -> int | None:
    """How many bytes a limit such as 500MB or 2GiB is. Raises MisuseError for anything else."""
    if memory is None:
        return None
    found = _MEMORY.fullmatch(memory)
    if not found:
        raise MisuseError("that is no amount of memory", hint="such as 500MB or 2GB")
    step = 1024 if found[3] else 1000
    return int(float(found[1]) * step ** " KMGT".index(found[2].upper() or " "))


def column_of(frame: pd.DataFrame, column: str, table: str) -> pd.Series:
    """A column by its name. Raises TreError when there is none."""
    if column not in frame.columns:
        raise TreError(f"there is no column {column!r}", where=table)
    return frame[column]


def _banded(column: pd.Series, ends: list[float]) -> pd.Series:
    titles = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(ends)] + [f"{ends[-1]:g} and more"]
    place = np.searchsorted(np.array(ends), column.to_numpy(float, na_value=np.nan), side="right") - 1
    place = np.where(column.isna().to_numpy(), -1, place)
    return pd.Series(pd.Categorical.from_codes(place, pd.Index(titles)), index=column.index)


def digest_of(folder: Path) -> str:
    """SHA-256 over every data file's name and digest, as the workspace tells it."""
    files = [folder / "people.parquet", *sorted((folder / "tables").glob("*/*.parquet"))]
    lines = []
    for file in files:
        try:
            with file.open("rb") as content:
                mark = hashlib.file_digest(content, "sha256").hexdigest()
        except FileNotFoundError:
            raise TreError("this isn't a workspace", where=str(folder)) from None
        lines.append(f"{mark}  {file.relative_to(folder).as_posix()}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def recipe_of(
    made: str,
    sources: Sequence[Any],
    unit: str | None,
    told: Mapping[str, Any],
    *,
    names: Sequence[str] = (),
    why: str | None = None,
) -> dict[str, Any]:
    """How a figure is made again from these columns or frames; or what it is, and `claimed`: a reason of `evidence.WHY`.

    `names` are the columns it uses of a frame among `sources`; `why` is a reason the caller knows.
    """
    own = [source for source in sources if source is not None]
    why = why or _why_not(own, unit, names)
    if why is not None:
        return {"made": made, "claimed": why}
    source = dict(own[0].attrs[SOURCE])
    del source["opened"], source["columns"]
    given = {key: value for key, value in told.items() if value is not None}
    return {"kind": KIND, **source, "unit": unit, "made": made, **given}


def _why_not(sources: Sequence[Any], unit: str | None, names: Sequence[str]) -> str | None:
    marks = [getattr(source, "attrs", {}).get(SOURCE) for source in sources]
    first = marks[0] if marks else None
    if first is None or any(mark != first for mark in marks):
        return "frame"
    if any(len(source) != first["opened"] for source in sources):
        return "frame"
    series = [source.name for source in sources if isinstance(source, pd.Series)]
    if not {*series, *names} <= {*first["columns"]}:
        return "column"
    return None if unit in first["columns"] else "unit"


def plain_formula(formula: str) -> str | None:
    """`formula` where it holds nothing but columns: a reason of `evidence.WHY`, or None."""
    plain = FORMULA.fullmatch(formula) and not any(map(keyword.iskeyword, formula_columns(formula)))
    return None if plain else "formula"


def formula_columns(formula: str) -> list[str]:
    """The columns a plain formula names."""
    words = re.findall(r"[A-Za-z_]\w*(?!\w*\()", formula)
    return list(dict.fromkeys(words))
