"""One thing a session made: what is printed, what stands behind it, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from disclosure.check import check_table
from disclosure.counting import Amounts, Axis
from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Verdict, verdict_of
from disclosure.joint import Released
from disclosure.packs import Rules
from disclosure.shown import Floats, Ints, read_cells
from disclosure.table import Table, build
from disclosure.totals import with_totals

TOTAL = "Total"
SETS = 64  # cells of a table whose children lie in several of them that are attacked one by one
SEVERAL = ", children in several cells"


@dataclass(frozen=True, slots=True, repr=False)
class Output:
    """An output of a session. `table` is what would be printed; models and figures may have none."""

    name: str
    frame: Any
    verdict: Verdict
    recipe: Mapping[str, Any]
    table: Table | None = None
    grid: Grid | None = None
    families: tuple[Finding, ...] = ()  # what only the data could tell: dominance, quantiles, models
    # who lies in which printed cell, from which cells are printed (rows x columns)
    members: Callable[[Any], tuple[Released, ...]] | None = field(default=None, repr=False)
    keys: Ints | None = field(default=None, repr=False)  # cell keys, for perturbation
    amounts: Amounts | None = field(default=None, repr=False)  # who makes up the sums

    def __repr__(self) -> str:
        return f"<output {self.name!r}: {self.verdict.verdict}, {len(self.verdict.findings)} findings>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.name)}</p>{self.verdict._repr_html_()}"

    def released(self) -> tuple[Released, ...]:
        """Who lies in which printed cell; for rounded figures with the ends a reader knows."""
        if self.members is None or self.table is None:
            return ()
        cells = read_cells(self.table.shown)
        return self.members(cells.numbers.reshape(self.table.size))

    def evidence(self) -> dict[str, Any]:
        """The evidence that goes beside the file."""
        told: dict[str, Any] = {
            "made_by": "disclosure.session",
            "unit": self.table.unit if self.table is not None else None,
            "recipe": dict(self.recipe),
            "packs": [dict(pack) for pack in self.verdict.packs],
            "certificate": dict(self.verdict.certificate),
            "verdict": self.verdict.verdict,
            "findings": [found.as_dict() for found in self.verdict.findings],
            "checks": [found.as_dict() for found in self.families],
        }
        if self.table is not None and self.grid is not None:
            told["cells"] = _cells(self.table, self.grid, self.keys)
        return told


def _cells(table: Table, grid: Grid, keys: Ints | None) -> dict[str, Any]:
    width = table.size[1]
    labels = len(grid.header) - width
    found: dict[str, Any] = {
        "rows": [row[0] if labels == 1 else list(row[:labels]) for row in grid.rows],
        "columns": list(grid.header[labels:]),
        "shown": [list(row[labels:]) for row in grid.rows],
        "kind": table.kind,
        "totals": {
            name: [members[at] for at in sorted(set(family.values()))]
            for name, members, family in zip(table.dimensions, table.members, table.parents, strict=True)
            if family
        },
    }
    if len(table.dimensions) > 1 and width > 1:
        found["across"] = table.dimensions[-1]
    if table.structural is not None and table.structural.any():
        places = np.flatnonzero(table.structural)
        found["structural_zeros"] = np.stack(np.divmod(places, width), axis=1).tolist()
    if table.units is not None:
        found["units"] = table.units.reshape(-1, width).tolist()
    if table.values is not None and table.kind == "count":
        found["values"] = table.values.reshape(-1, width).tolist()
    if keys is not None:
        found["keys"] = keys.reshape(-1, width).tolist()
    return found


def printed_table(
    name: str,
    down: Sequence[str],
    across: Sequence[str],
    figures: Floats | Ints,
    *,
    corner: str,
    header: str,
    units: Ints | None,
    unit: str | None,
    kind: str = "count",
    decimals: int | None = 2,
    margins: bool = False,
) -> tuple[Table, Grid]:
    """A table as it would be printed, with the units behind it. Figures and units are rows x columns.

    Without `decimals` figures that aren't whole have six digits that count.
    """
    shown = [[_text(figure, kind, decimals) for figure in row] for row in np.asarray(figures).tolist()]
    built = build(name, [(label,) for label in down], list(across), shown, dimensions=[corner])
    values = np.asarray(figures).reshape(-1) if kind == "count" else None
    same = units is not None and values is not None and bool((values == units.reshape(-1)).all())
    table = Table(
        name=built.name,
        dimensions=(corner, header) if len(built.dimensions) == 2 else (corner,),
        members=built.members,
        codes=built.codes,
        shown=built.shown,
        size=built.size,
        units=None if units is None else units.reshape(-1).astype(np.int64),
        unit=unit,
        values=None if values is None or same else values.astype(np.int64),
        parents=tuple({} for _ in built.members),
        kind=kind,
    )
    if margins:
        totals = {corner: [TOTAL], header: [TOTAL]}
        table = with_totals(table, read_cells(table.shown), totals)
    titles = built.members[-1] if len(across) > 1 else tuple(across)
    rows = tuple((label, *row) for label, row in zip(down, shown, strict=True))
    grid = Grid(name, (corner, *titles), rows)
    return table, grid


def _text(figure: Any, kind: str, decimals: int | None) -> str:
    if figure is None or figure != figure:
        return ""
    if decimals is None:
        return f"{figure:.0f}" if float(figure).is_integer() else f"{figure:.6g}"
    return f"{figure:.0f}" if kind == "count" else f"{figure:.{decimals}f}"


def judged(table: Table, families: Sequence[Finding], rules: Rules) -> Verdict:
    """The verdict on a table made by a session: the table's own checks and what the data told."""
    return check_table(table, rules).and_(verdict_of(families, packs=rules.named()))


def released_cells(
    name: str, down: Axis, across: Axis, units: Ints, count: int, shown: Any, *, once: bool
) -> tuple[Released, ...]:
    """Who lies in which printed cell of a two-way table; `shown` says which cells are printed (margins last)."""
    height, width = len(down), len(across)
    inner = np.asarray(shown, bool)[:height, :width]
    a, b = np.asarray(down.codes, np.int64), np.asarray(across.codes, np.int64)
    kept = (a >= 0) & (b >= 0)
    found = []
    parts = [("", np.where(kept, a * width + b, -1), inner.reshape(-1))]
    whole = np.asarray(shown, bool)
    if whole.shape == (height + 1, width + 1) and not inner.all():
        parts.append((" row totals", np.where(kept, a, -1), whole[:height, width]))
        parts.append((" column totals", np.where(kept, b, -1), whole[height, :width]))
    for suffix, cell, printed in parts:
        found += _members(name + suffix, cell, printed, units, count, once=once)
    return tuple(found)


def _members(name: str, cell: Ints, printed: Any, units: Ints, count: int, *, once: bool) -> list[Released]:
    number = np.zeros(len(printed) + 1, np.int64)
    number[:-1][printed] = np.arange(1, int(printed.sum()) + 1)
    published = number[cell]
    inside = published > 0
    if not inside.any():
        return []
    pairs = (
        _distinct_pairs(units[inside], published[inside])
        if not once
        else np.c_[units[inside], published[inside]]
    )
    if once or int(np.bincount(pairs[:, 0]).max()) == 1:
        member = np.zeros(count, np.int64)
        member[pairs[:, 0]] = pairs[:, 1]
        return [Released(name, *_compact(member))]
    if len(printed) > SETS:
        return [Released(f"{name}{SEVERAL}", np.zeros(count, np.int64), 0)]
    found = []  # children in several cells: each cell is a set of its own
    for at in np.unique(pairs[:, 1]):
        member = np.zeros(count, np.int64)
        member[pairs[pairs[:, 1] == at, 0]] = 1
        found.append(Released(f"{name}, cell {at}", member, 1))
    return found


def _distinct_pairs(who: Ints, cell: Ints) -> Ints:
    width = int(cell.max(initial=0)) + 1
    pairs = np.asarray(pd.unique(who * width + cell), np.int64)
    return np.stack([pairs // width, pairs % width], axis=1)


def _compact(member: Ints) -> tuple[Ints, int]:
    """Members with the numbers of empty cells left out."""
    kinds, which = np.unique(member, return_inverse=True)
    which = which.reshape(-1) + (0 if kinds[0] == 0 else 1)
    return which, int(which.max(initial=0))
