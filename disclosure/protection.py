"""`tre protect`: the same table, safe, with evidence of how it was made so and what was lost.

Whatever the method, the result goes through the same check as anybody's file before it is written; a result that
doesn't hold is not written at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from disclosure import evidence as evidences
from disclosure.atomic import write_bytes
from disclosure.cellkey import perturb
from disclosure.check import Packs, check_table, printed, read_table
from disclosure.checks.counts import small
from disclosure.claims import find_evidence
from disclosure.files.delimited import Grid, read_delimited
from disclosure.findings import Level, Verdict
from disclosure.merging import merge
from disclosure.packs import Rules, chain
from disclosure.rounding import change, least_base, round_counts
from disclosure.shown import Bools, Ints
from disclosure.suppress import Pattern, solve
from disclosure.suppress.problem import problem
from disclosure.suppress.singletons import guarded
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
        done = _METHODS[method](work, rules, wishes or Wishes())
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


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a method is told beside table and rules."""

    seconds: float = 60.0
    must_publish: tuple[str, ...] = ()
    key: bytes | None = None  # the secret of random rounding
    keys: Ints | None = None  # the cells' keys, for perturbation
    base: int | None = None
    how: str | None = None
    singletons: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What a method hands back: the table printed anew, its settings, what was lost."""

    table: Table
    method: str
    settings: Mapping[str, Any]
    lost: Mapping[str, Any]


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


def with_truth(table: Table, rules: Rules) -> Table:
    """The table with the figures behind it: evidence's, or the print's own where nothing is hidden."""
    if table.kind != "count":
        raise TreError("only tables of counts can be protected", where=table.name)
    if table.method:
        raise TreError(
            "the table is protected already", where=table.name, hint="protect the one it was made from"
        )
    if table.units is not None:
        return table
    cells = printed(table, rules)
    if not (cells.numbers.all() and cells.whole):
        raise TreError(
            "the table hides figures or prints something else than counts, and has no evidence",
            where=table.name,
            hint="protect the table it was made from",
        )
    return replace(table, units=np.round(cells.low).astype(np.int64))


def _suppress(table: Table, rules: Rules, wishes: Wishes) -> Done:
    least = rules.least
    if least is None:
        raise TreError(
            "no named pack has a confirmed threshold", hint="chain one that has, such as --pack dfe-cin"
        )
    truth = table.truth
    assert truth is not None  # noqa: S101  (the caller gave it)
    targets = small(table, rules)
    if table.structural is not None:
        targets &= ~table.structural
    already = ~printed(table, rules).numbers
    rows = table.known()
    asked = problem(
        rows,
        truth.astype(float),
        np.flatnonzero(targets | already),
        least=least,
        never=_published(table, wishes.must_publish),
    )
    find = guarded if wishes.singletons else solve
    pattern = find(asked, seconds=wishes.seconds)
    if pattern is None:
        raise TreError(
            "no pattern of hidden cells protects this table",
            where=table.name,
            hint="merge categories, leave out a total, or round instead",
        )
    hidden = np.zeros(len(table), bool)
    hidden[list(pattern.hidden)] = True
    return suppressed(table, rules, pattern, hidden)


def suppressed(table: Table, rules: Rules, pattern: Pattern, hidden: Bools) -> Done:
    """The table with these cells hidden, and what that cost; the pattern may be over several tables."""
    truth = table.truth
    assert truth is not None  # noqa: S101  (the caller gave it)
    targets = small(table, rules)
    shown = np.where(hidden, rules.symbol, np.array(table.shown, dtype=object))
    further = int(hidden.sum() - targets.sum())
    total = float(truth.sum()) or 1.0
    return Done(
        table.with_shown(tuple(map(str, shown))),
        "suppress",
        {
            "symbol": rules.symbol,
            "small": int(targets.sum()),
            "further": further,
            "bound": float(np.ceil(pattern.bound - 1e-6)),
            "proved_optimal": bool(pattern.proved),
            "gap": round(float(pattern.gap), 4),
            "stopped_by_clock": pattern.by_clock,
        },
        {
            "cells": int(hidden.sum()),
            "of": len(table),
            "share_of_children": round(float(truth[hidden].sum()) / total, 4),
        },
    )


def _published(table: Table, labels: Sequence[str]) -> Ints:
    """The cells that must be published: those with one of these labels."""
    found = np.zeros(len(table), bool)
    for at, members in enumerate(table.members):
        wanted = [number for number, member in enumerate(members) if member in labels]
        found |= np.isin(table.codes[:, at], wanted)
    return np.flatnonzero(found)


def _round(table: Table, rules: Rules, wishes: Wishes) -> Done:
    truth = table.truth
    assert truth is not None  # noqa: S101  (the caller gave it)
    asked, _ = rules.largest("rounding", "base")
    base = wishes.base or asked or least_base(rules.least or 1)
    how = wishes.how or ("nearest" if asked else "controlled")
    labels = ["\x1f".join(table.members[at][code] for at, code in enumerate(codes)) for codes in table.codes]
    done = round_counts(truth, base, how=how, rows=table.known(), key=wishes.key, labels=labels)
    shown = np.array([str(figure) for figure in done.figures], dtype=object)
    hidden = small(table, rules) if asked else np.zeros(len(table), bool)  # such packs hide first, then round
    shown[hidden] = rules.symbol
    mean, most = change(truth, done.figures)
    return Done(
        replace(table.with_shown(tuple(shown)), base=base, spread=done.spread, method="round"),
        "round",
        {"base": base, "spread": done.spread, "how": how, "least_change_proved": done.proved},
        {"mean_change": round(mean, 3), "largest_change": most, "hidden": int(hidden.sum())},
    )


def _cell_key(table: Table, rules: Rules, wishes: Wishes) -> Done:
    truth = table.truth
    assert truth is not None  # noqa: S101  (the caller gave it)
    if wishes.keys is None:
        raise TreError(
            "no cell keys come with this table: they are made from the children in each cell",
            where=table.name,
            hint="make the table in a session with record keys: session.crosstab(..., record_keys=...)",
        )
    noisy = perturb(truth, wishes.keys.reshape(-1), least=rules.least or 1)
    mean, most = change(truth, noisy.figures)
    shown = tuple(str(figure) for figure in noisy.figures)
    return Done(
        replace(table.with_shown(shown), base=1, spread=noisy.spread, method="cell-key"),
        "cell-key",
        {"base": 1, "spread": noisy.spread, "variance": noisy.variance},
        {"mean_change": round(mean, 3), "largest_change": most},
    )


_METHODS: Mapping[str, Callable[[Table, Rules, Wishes], Done]] = {
    "suppress": _suppress,
    "round": _round,
    "cell-key": _cell_key,
}
