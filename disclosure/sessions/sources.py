"""Tables a session opens itself, so that what it makes of them can be made again: which file, which rows, which bands.

A frame opened here remembers where it came from. A table counted from its columns carries that in its evidence, and
`derive` (which `tre tabulate` and the gate call) counts it anew over the workspace. Nothing in a recipe is run as code:
filters are triples of column, sign and value, bands are lower ends.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from disclosure import evidence as evidences
from disclosure.atomic import write_bytes
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from disclosure.sessions.output import Output

KIND = "session"
SOURCE = "tre_source"
PEOPLE = "people"
_NAME = re.compile(r"[A-Za-z0-9_]{1,80}(\.[A-Za-z0-9_-]{1,80})?")
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
) -> pd.DataFrame:
    """A table of a workspace (`people`, or `dataset.table`) as a frame that remembers where it came from.

    `where` keeps rows: `[("sex", "==", "F")]`. `bands` adds columns: `{"age band": ("age", [0, 5, 11, 16])}`.
    Raises TreError when there is no such table or column, MisuseError for a sign nobody knows.
    """
    folder = Path(workspace)
    frame = _read(folder, table)
    for column, sign, value in where:
        if sign not in SIGNS:
            raise MisuseError(f"no sign is written {sign!r}", hint="signs: " + " ".join(SIGNS))
        frame = frame[SIGNS[sign](_column(frame, column, table), value).fillna(value=False).to_numpy(bool)]
    for title, (column, ends) in (bands or {}).items():
        frame = frame.assign(**{title: _banded(_column(frame, column, table), list(ends))})
    frame = frame.reset_index(drop=True)
    frame.attrs[SOURCE] = {
        "dataset_digest": digest_of(folder),
        "table": table,
        "where": [list(each) for each in where],
        "bands": {title: [column, list(ends)] for title, (column, ends) in (bands or {}).items()},
        "opened": len(frame),
    }
    return frame


def _read(folder: Path, table: str) -> pd.DataFrame:
    if not _NAME.fullmatch(table):
        raise TreError("that is no name of a table", where=str(folder), hint="people, or dataset.table")
    dataset, _, name = table.partition(".")
    path = folder / "people.parquet" if table == PEOPLE else folder / "tables" / dataset / f"{name}.parquet"
    if not path.is_file():
        raise TreError("the workspace has no such table", where=f"{folder}, {table}")
    try:
        return pd.read_parquet(path)
    except Exception:
        raise TreError("the table can't be read", where=f"{folder}, {table}") from None


def _column(frame: pd.DataFrame, column: str, table: str) -> pd.Series:
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


def recipe_of(parts: Sequence[Any], unit: str | None, **told: Any) -> dict[str, Any] | None:
    """The recipe of a table counted from these columns; None unless all come from one frame a session opened, whole."""
    sources = [getattr(part, "attrs", {}).get(SOURCE) for part in parts]
    first = sources[0] if sources else None
    if first is None or unit is None or any(source != first for source in sources):
        return None
    if any(len(part) != first["opened"] or part.name is None for part in parts):
        return None
    return {
        "kind": KIND,
        **{key: value for key, value in first.items() if key != "opened"},
        "unit": unit,
        **told,
    }


def is_session_recipe(path: Path) -> bool:
    """Whether a file is evidence whose recipe a session wrote."""
    try:
        told = json.loads(path.read_bytes()) if path.suffix == ".json" else {}
        return isinstance(told, dict) and dict(told.get("recipe") or {}).get("kind") == KIND
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def derive(path: Path, workspace: Path, into: Path) -> Path:
    """Count a session's table again over a workspace and write it with its evidence.

    Raises TreError when the workspace is another one, or the recipe can't be read.
    """
    try:
        recipe = dict(json.loads(path.read_bytes())["recipe"])
        wanted, made = str(recipe["dataset_digest"]), str(recipe["made"])
        where = [tuple(each) for each in recipe.get("where", ())]
        bands = {str(title): (str(of[0]), list(of[1])) for title, of in dict(recipe.get("bands", {})).items()}
        rows, columns = list(map(str, recipe["rows"])), list(map(str, recipe["columns"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise TreError("the recipe can't be read", where=str(path)) from None
    if digest_of(workspace) != wanted:
        raise TreError("the workspace isn't the one the recipe was run over", where=str(workspace))
    frame = open_table(workspace, str(recipe["table"]), where=where, bands=bands)
    output = _made_again(frame, recipe, made, rows, columns)
    if output.table is None or output.grid is None:
        raise TreError("the recipe makes no table", where=str(path))
    from disclosure.protection import csv_of

    content = csv_of(output.table, output.grid)
    write_bytes(into, content)
    try:
        evidences.write(into, content, output.evidence())
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return into


def _made_again(
    frame: pd.DataFrame, recipe: Mapping[str, Any], made: str, rows: list[str], columns: list[str]
) -> Output:
    from disclosure.sessions.session import session

    for name in (*rows, *columns):
        _column(frame, name, str(recipe["table"]))
    opened = session(unit=str(recipe["unit"]), data=frame)
    values, weights = recipe.get("values"), recipe.get("weights")
    opened.crosstab(
        [frame[name] for name in rows],
        [frame[name] for name in columns],
        None if values is None else _column(frame, str(values), str(recipe["table"])),
        aggfunc=None if values is None else made,
        margins=bool(recipe.get("margins")),
        normalize=recipe.get("normalize") or False,
        weights=None if weights is None else _column(frame, str(weights), str(recipe["table"])),
        structural_zeros=[tuple(pair) for pair in recipe.get("structural_zeros", ())],
        name="again",
    )
    return opened.outputs["again"]
