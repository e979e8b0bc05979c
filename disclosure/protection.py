"""`tre protect`: the same table, safe, with evidence of how it was made so and what was lost.

Whatever the method, the result goes through the same check as anybody's file before it is written; a result that
doesn't hold is not written at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from disclosure import evidence as evidences
from disclosure.atomic import write_bytes
from disclosure.check import Packs, check_table, read_table
from disclosure.claims import find_evidence
from disclosure.files.delimited import Grid, read_delimited
from disclosure.findings import Level, Verdict
from disclosure.merging import merge
from disclosure.methods import WAYS, Done, Wishes, with_truth
from disclosure.packs import Rules, chain
from disclosure.shown import Ints
from disclosure.table import Table
from tre_toolkit.errors import MisuseError, TreError

Method = Literal["suppress", "round", "cell-key", "merge"]
METHODS = ("suppress", "round", "cell-key", "merge")


@dataclass(frozen=True, slots=True)
class Protected:
    """A protected table: what to print, what was done and lost, and the verdict of the check on it."""

    table: Table
    method: str
    settings: Mapping[str, Any]
    lost: Mapping[str, Any]
    verdict: Verdict
    grid: Grid
    told: Mapping[str, Any]

    @property
    def certificate(self) -> Mapping[str, Any]:
        """The attack's certificate."""
        return self.verdict.certificate

    def frame(self) -> Any:
        """The protected table as a pandas frame of text, labels in the index."""
        import pandas as pd

        width = self.table.size[1]
        labels = len(self.grid.header) - width
        body = np.array(self.table.shown, dtype=object).reshape(-1, width)
        rows = (
            pd.Index([row[0] for row in self.grid.rows], name=self.grid.header[0])
            if labels == 1
            else pd.MultiIndex.from_tuples([row[:labels] for row in self.grid.rows])
        )
        return pd.DataFrame(body, index=rows, columns=list(self.grid.header[labels:]))

    def printed_grid(self) -> Grid:
        """The protected table as rows of text, in the shape it came."""
        return reprinted(self.table, self.grid)

    def csv(self) -> bytes:
        """The protected table as CSV, in the shape it came."""
        return csv_of(self.table, self.grid)

    def write(self, path: Path, *, replace: bool = False) -> Path:
        """Write the table and, beside it, its evidence. Nothing is left when either can't be written."""
        content = self.csv()
        write_bytes(path, content, replace=replace)
        try:
            evidences.write(path, content, self._evidence(), replace=replace)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _evidence(self) -> dict[str, Any]:
        table, width = self.table, self.table.size[1]
        told = {key: value for key, value in self.told.items() if key not in ("format", "file", "findings")}
        cells = dict(told.get("cells") or {})
        labels = len(self.grid.header) - width
        if not cells:
            cells["rows"] = [row[0] if labels == 1 else list(row[:labels]) for row in self.grid.rows]
            cells["columns"] = list(self.grid.header[labels:])
        if table.units is not None:
            cells["units"] = table.units.reshape(-1, width).tolist()
        cells["shown"] = [list(table.shown[at : at + width]) for at in range(0, len(table), width)]
        told.update(
            unit=table.unit,
            cells=cells,
            packs=[dict(pack) for pack in self.verdict.packs],
            protected={"method": self.method, **self.settings, "lost": dict(self.lost)},
            certificate=dict(self.verdict.certificate),
            verdict=self.verdict.verdict,
            findings=[found.as_dict() for found in self.verdict.findings],
        )
        return told


def protect(
    source: Path | str | Any,
    *,
    method: Method = "suppress",
    packs: Packs = None,
    unit: str | None = None,
    seconds: float = 60.0,
    must_publish: Sequence[str] = (),
    base: int | None = None,
    how: str | None = None,
    key: bytes | None = None,
    singletons: bool = False,
) -> Protected:
    """Protect a CSV file or a frame of counts (labels in its index, `Total` where there are margins).

    `singletons` keeps out, besides strangers, a child that is alone in a hidden cell. `how` says how to round, or
    whether rows or columns are merged. Raises TreError when the table can't be read, has hidden figures and no evidence, or can't be protected.
    """
    if method not in METHODS:
        raise MisuseError(f"no method is called {method!r}", hint="methods: " + ", ".join(METHODS))
    rules = chain(packs)
    table, grid, told, keys = read_source(source, rules, unit)
    wishes = Wishes(seconds, tuple(must_publish), key, keys, base, how, singletons)
    return protect_table(table, grid, rules, method=method, wishes=wishes, told=told)


def protect_table(
    table: Table,
    grid: Grid,
    rules: Rules,
    *,
    method: str,
    wishes: Wishes | None = None,
    told: Mapping[str, Any] | None = None,
) -> Protected:
    """Protect a table already read."""
    work = with_truth(table, rules)
    if method == "merge":
        merged, grid, lost = merge(work, grid, rules, axis=(wishes or Wishes()).how)
        told = {key: value for key, value in (told or {}).items() if key not in ("cells", "recipe")}
        done = Done(merged, "merge", {"merged": lost}, {"categories": lost})
        work = merged
    else:
        done = WAYS[method](work, rules, wishes or Wishes())
    verdict = check_table(replace(done.table, units=work.units), rules, prove=True)
    if verdict.level is Level.FAIL:
        first = next(found for found in verdict.findings if found.verdict is Level.FAIL)
        raise TreError(
            f"the protected table doesn't pass its own check: {first.message}",
            where=first.where,
            hint=first.fix,
        )
    return Protected(done.table, done.method, done.settings, done.lost, verdict, grid, told or {})


def csv_of(table: Table, grid: Grid) -> bytes:
    """A table as CSV under the labels of the grid it came in."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(grid.header)
    writer.writerows(reprinted(table, grid).rows)
    return text.getvalue().encode()


def reprinted(table: Table, grid: Grid) -> Grid:
    """The grid with the table's figures in it."""
    width = table.size[1]
    labels = len(grid.header) - width
    rows = ((*row[:labels], *table.shown[at * width : (at + 1) * width]) for at, row in enumerate(grid.rows))
    return Grid(grid.name, grid.header, tuple(rows))


def read_source(
    source: Path | str | Any, rules: Rules, unit: str | None
) -> tuple[Table, Grid, Mapping[str, Any], Ints | None]:
    if not isinstance(source, Path | str):
        grid = _of_frame(source)
        return replace(read_table(grid, "frame", rules, None), unit=unit, base=None), grid, {}, None
    path = Path(source)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise TreError("there is no such file", where=str(path)) from None
    told, findings = find_evidence(path, content, "auto")
    if findings:
        raise TreError(findings[0].message, where=str(path), hint=findings[0].fix)
    grid = read_delimited(content, str(path))
    table = read_table(grid, str(path), rules, told)
    if told is None:
        table = replace(table, unit=unit, base=None)
    return table, grid, told.told if told else {}, told.keys if told else None


def _of_frame(frame: Any) -> Grid:
    flat = frame.reset_index()
    header = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in flat.columns]
    rows = [
        tuple("" if _missing(cell) else str(cell) for cell in row) for row in flat.itertuples(index=False)
    ]
    return Grid("frame", tuple(header), tuple(rows))


def _missing(cell: Any) -> bool:
    return cell is None or cell != cell
