"""The evidence beside an output: what stands behind each printed cell, and what was said of it.

Evidence is a help, never a proof: it is used only when it speaks of exactly these bytes and this table. What it
says is checked against what is printed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from disclosure.atomic import pretty, sha256, write_bytes
from disclosure.shown import Ints
from tre_toolkit.errors import TreError

FORMAT = "tre-evidence-v1"
SUFFIX = ".evidence.json"
LARGEST = 200_000_000  # bytes
KIND = "session"  # of a recipe that a session wrote
# why a figure has no recipe, as its evidence says and the check tells
WHY = {
    "frame": "its data aren't a table that the session opened, whole",
    "column": "it uses a column that isn't in the table the session opened",
    "unit": "no column of the opened table says who rows are about",
    "formula": "its formula holds more than columns, C(column), +, : and *",
    "settings": "it was made with settings that no recipe holds",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """One evidence file: its whole content, and the cells it tells of as arrays (printed rows x columns)."""

    path: str
    told: Mapping[str, Any]
    units: Ints | None = None
    values: Ints | None = None
    keys: Ints | None = None  # cell keys, for perturbation
    sets: Ints | None = None  # a number for each cell's set of children, 0 for nobody
    columns: tuple[str, ...] = ()
    rows: int = 0
    labels: tuple[tuple[str, ...], ...] = ()  # of each row
    structural: tuple[tuple[int, int], ...] = ()
    totals: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def unit(self) -> str | None:
        """What every count counts, such as `child`."""
        found = self.told.get("unit")
        return str(found) if found else None

    @property
    def kind(self) -> str:
        """What sort of figure the table prints: count unless it says otherwise."""
        return str(self.told.get("cells", {}).get("kind", "count"))

    @property
    def method(self) -> Mapping[str, Any]:
        """How the table was protected, where it was."""
        found = self.told.get("protected")
        return found if isinstance(found, Mapping) else {}

    @property
    def declared(self) -> bool:
        """Whether it carries a recipe that the checker's side can run over the workspace again."""
        return bool(self.recipe.get("dataset_digest"))

    @property
    def recipe(self) -> Mapping[str, Any]:
        """How it was made, as its author tells; empty where nothing is told."""
        found = self.told.get("recipe")
        return found if isinstance(found, Mapping) else {}

    def speaks_of(self, content: bytes) -> bool:
        """Whether this evidence is of exactly these bytes."""
        return bool(self.told.get("file", {}).get("sha256") == sha256(content))


def beside(path: Path) -> Path:
    """Where the evidence of an output stands."""
    return path.with_name(path.name + SUFFIX)


def find(path: Path) -> Path | None:
    """The evidence file beside an output, if there is one."""
    for candidate in (beside(path), path.with_suffix(SUFFIX)):
        if candidate.is_file():
            return candidate
    return None


def read(path: Path) -> Evidence:
    """Read an evidence file. Raises TreError when it isn't one; nothing in it is quoted."""
    try:
        if path.stat().st_size > LARGEST:
            raise TreError("the evidence file is too large to be one", where=str(path))
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TreError("there is no such evidence file", where=str(path)) from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise TreError("the evidence isn't JSON", where=str(path), hint="make the output again") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT or not isinstance(told.get("file"), dict):
        raise TreError(f"the evidence isn't {FORMAT}", where=str(path), hint="make the output again")
    cells = told.get("cells")
    if cells is None:
        return Evidence(str(path), told)
    if not isinstance(cells, dict):
        raise TreError("the evidence's cells aren't a table", where=str(path))
    try:
        return _of_cells(path, told, cells)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise TreError(
            "the evidence's cells can't be read", where=str(path), hint="make the output again"
        ) from None


def _of_cells(path: Path, told: Mapping[str, Any], cells: Mapping[str, Any]) -> Evidence:
    rows, columns = list(cells.get("rows") or []), list(cells.get("columns") or [])
    structural = tuple((int(row), int(column)) for row, column in cells.get("structural_zeros", ()))
    if not all(0 <= row < len(rows) and 0 <= column < len(columns) for row, column in structural):
        raise ValueError
    return Evidence(
        str(path),
        told,
        units=_grid(path, cells.get("units"), "units", rows, columns),
        values=_grid(path, cells.get("values"), "values", rows, columns),
        keys=_grid(path, cells.get("keys"), "keys", rows, columns),
        sets=_grid(path, cells.get("sets"), "sets", rows, columns),
        columns=tuple(map(str, columns)),
        rows=len(rows),
        labels=tuple((str(row),) if not isinstance(row, list) else tuple(map(str, row)) for row in rows),
        structural=structural,
        totals={str(name): list(map(str, of)) for name, of in (cells.get("totals") or {}).items()},
    )


def _grid(path: Path, grid: Any, name: str, rows: Sequence[Any], columns: Sequence[Any]) -> Ints | None:
    if grid is None:
        return None
    try:
        found = np.array([[int(count) for count in row] for row in grid], np.int64).reshape(len(rows), -1)
    except (TypeError, ValueError, OverflowError):
        raise TreError(f"the evidence's {name} aren't whole numbers in rows", where=str(path)) from None
    if found.shape != (len(rows), len(columns)) or (found < 0).any():
        raise TreError(f"the evidence's {name} don't fit its rows and columns", where=str(path))
    return found


def write(path: Path, content: bytes, told: Mapping[str, Any], *, replace: bool = False) -> Path:
    """Write the evidence of the output at `path`, whose bytes are `content`."""
    whole = {"format": FORMAT, "file": {"name": path.name, "sha256": sha256(content)}}
    whole.update({key: value for key, value in told.items() if key not in whole})
    return write_bytes(beside(path), pretty(whole), replace=replace, mode=0o600)  # it holds true counts
