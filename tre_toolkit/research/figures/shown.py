"""What a figure may know: the cells of a checked table as its file shows them, and nothing behind them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import ARROW, TOTAL
from tre_toolkit.research.evidence import read_evidence


@dataclass(frozen=True)
class Shown:
    """A table as printed. `cells[row][column]` is a number, or None where the file hides one; margins apart.

    Where rows are named by several stages, `stage_totals` has the printed total of each stage's member.
    """

    title: str
    corner: str
    column_title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]
    row_totals: tuple[float | None, ...]
    column_totals: tuple[float | None, ...]
    total: float | None
    unit: str
    synthetic: bool
    kind: str = "crosstab"
    across: str = ""
    hidden: tuple[tuple[bool, ...], ...] = ()
    """Where the file hides a figure; a blank says there is none."""
    stage_totals: Mapping[tuple[int, str], float | None] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The table in words, for those who can't see the figure."""
        lines = []
        for row, cells, which in zip(self.rows, self.cells, self.hidden, strict=True):
            known = [
                f"{column} {'hidden' if hides else f'{cell:g}'}"
                for column, cell, hides in zip(self.columns, cells, which, strict=True)
                if hides or cell
            ]
            if known:
                lines.append(f"{row}: {', '.join(known)}")
        return (
            f"{self.title}. {self.corner} by {self.across or self.column_title or 'columns'}. "
            + "; ".join(lines)
            + "."
        )


def read_shown(path: Path, packs: tuple[str, ...] = ()) -> Shown:
    """A table that passes the check, asked anew under the packs its evidence names and those given.

    A table whose evidence says REVIEW or FAIL isn't drawn; one that was never checked needs `packs`. Raises
    TreError for every other.
    """
    told = read_evidence(path)
    verdict = told.get("verdict")
    if verdict != "PASS" and not (verdict == "UNCHECKED" and packs):
        raise TreError(
            f"only a table that passed the check is drawn; this one's evidence says {verdict}",
            where=str(path),
            hint="name a pack (--pack), or make a table that passes with `tre protect`"
            if verdict == "UNCHECKED"
            else "`tre check` says why, `tre protect` makes a table that passes",
        )
    named = [str(pack.get("name")) for pack in told.get("packs", ()) if isinstance(pack, dict)]
    _check_again(path, [*named, *packs])
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines) or len(lines[0]) < 2:
        raise TreError("not a table of rows and columns", where=str(path))
    stages = _stages(told)
    body = {ARROW.join(line[:stages]): [number(cell) for cell in line[stages:]] for line in lines[1:]}
    blank = {ARROW.join(line[:stages]): [_hides(cell) for cell in line[stages:]] for line in lines[1:]}
    header = lines[0][stages:]
    rows = tuple(name for name in body if TOTAL not in name.split(ARROW))
    columns = tuple(name for name in header if name != TOTAL)
    at_total = header.index(TOTAL) if TOTAL in header else None
    whole = body.get(ARROW.join([TOTAL] * stages))
    recipe = told.get("recipe", {})
    variables = recipe.get("columns") or []
    return Shown(
        title=str(recipe.get("title") or path.stem.replace("_", " ")),
        corner=ARROW.join(lines[0][:stages]),
        column_title=" → ".join(str(one.get("label") or "") for one in variables if isinstance(one, dict)),
        rows=rows,
        columns=columns,
        cells=tuple(tuple(body[row][header.index(column)] for column in columns) for row in rows),
        row_totals=tuple(body[row][at_total] if at_total is not None else None for row in rows),
        column_totals=tuple(whole[header.index(column)] if whole else None for column in columns),
        total=whole[at_total] if whole and at_total is not None else None,
        unit=str(told.get("unit", "child")),
        synthetic=bool(told.get("synthetic", False)),
        stage_totals=_stage_totals(body, at_total),
        kind=str(recipe.get("kind", "crosstab")),
        across=str(told.get("cells", {}).get("across", "")),
        hidden=tuple(tuple(blank[row][header.index(column)] for column in columns) for row in rows),
    )


def _stages(told: dict[str, Any]) -> int:
    """How many columns of labels the file has."""
    rows = told.get("cells", {}).get("rows") or [""]
    return len(rows[0]) if isinstance(rows[0], list) else 1


def _stage_totals(
    body: dict[str, list[float | None]], at_total: int | None
) -> dict[tuple[int, str], float | None]:
    """The total of each member of each stage, from the rows whose other stages are totals."""
    found = {}
    for name, cells in body.items():
        parts = name.split(ARROW)
        named = [at for at, part in enumerate(parts) if part != TOTAL]
        if len(parts) > 1 and len(named) == 1 and at_total is not None:
            found[named[0], parts[named[0]]] = cells[at_total]
    return found


def _check_again(path: Path, packs: list[str]) -> None:
    """Ask the checker itself: a verdict written by hand draws nothing."""
    import disclosure

    verdict = disclosure.check_file(path, packs or None)
    if not verdict.passed:
        raise TreError(
            f"only a table that passes is drawn, and the check now says {verdict.verdict}",
            where=str(path),
            hint="`tre check` says why",
        )


def _hides(cell: str) -> bool:
    return bool(cell.strip()) and number(cell) is None


def number(cell: str) -> float | None:
    """A printed number; None for whatever hides one."""
    try:
        return float(cell.strip().replace(",", "").rstrip("%"))
    except ValueError:
        return None
