"""What evidence claims of a file: whether it speaks of these bytes and labels, and what stands on its word alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from disclosure import evidence as evidences
from disclosure.evidence import KIND, WHY, Evidence
from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE, Rules
from disclosure.table import NOISY, Table
from tre_toolkit.errors import TreError

PEOPLE = frozenset(["child", "children", "person", "people", "pupil", "patient", "household"])


def find_evidence(
    path: Path, content: bytes, evidence: Literal["auto"] | Path | None
) -> tuple[Evidence | None, list[Finding]]:
    """The evidence of a file, if it may be used, and what is to be said about it."""
    found = evidences.find(path) if evidence == "auto" else evidence
    if found is None:
        return None, []
    told = evidences.read(Path(found))
    if told.speaks_of(content):
        return told, []
    finding = Finding(
        Level.FAIL,
        f"{HOUSE}/evidence",
        str(path),
        "whole file",
        "the evidence speaks of another file: this one was changed after it was made",
        "make the output again; don't edit it by hand",
    )
    return None, [finding]


def claimed(told: Evidence, path: Path) -> list[Finding]:
    """What only the data could tell (dominance, quantiles, models), as the session that made the file found it."""
    found = []
    checks = told.told.get("checks") or ()
    if not isinstance(checks, list | tuple):
        raise TreError("the evidence's checks can't be read", where=told.path)
    for item in checks:
        try:
            words = {key: str(item[key]) for key in ("rule", "where", "message", "fix")}
            found.append(Finding(Level(item["verdict"]), file=str(path), **words))
        except (KeyError, TypeError, ValueError):
            raise TreError("the evidence's checks can't be read", where=told.path) from None
    return found


def labels_told(grid: Grid, name: str, told: Evidence) -> list[Finding]:
    """Whether the printed labels are those the evidence tells of: figures under other labels are other figures."""
    width = len(told.columns)
    if told.units is None or not width:
        return []
    at = len(grid.header) - width
    columns = [title.strip() for title in told.columns] == list(grid.header[at:])
    rows = [tuple(part.strip() for part in label) for label in told.labels] == [row[:at] for row in grid.rows]
    named = {*grid.header[:at], "column", str(told.told.get("cells", {}).get("across") or "")}
    if columns and rows and (set(told.totals) <= named or not told.declared):
        return []
    what = "titles of the columns" if not columns else "labels of the rows" if not rows else "corner"
    return [
        _of_table(
            Level.FAIL,
            name,
            f"the {what} aren't those the evidence tells of",
            "make the output again; don't edit it by hand",
        )
    ]


def word_of_author(told: Evidence, name: str) -> list[Finding]:
    """Figures that aren't counts show nothing of what stands behind them: without a recipe nobody can look."""
    if told.kind == "count" or told.declared or told.units is None:
        return []
    why = WHY.get(str(told.recipe.get("claimed")))
    return [
        _of_table(
            Level.REVIEW,
            name,
            "figures that aren't counts, and no recipe to make them from again: the evidence is its author's word"
            + (f" ({why})" if why else ""),
            "make the table from a declaration (`tre tabulate`), or from a table the session opened itself",
        )
    ]


def other_packs(told: Evidence, name: str, rules: Rules) -> list[Finding]:
    """What only the data could tell was told under the packs the evidence names: others weren't asked."""
    if told.kind == "count" or told.recipe.get("kind") != KIND:
        return []
    asked = {str(pack.get("name")) for pack in told.told.get("packs") or () if isinstance(pack, Mapping)}
    unasked = [pack.name for pack in rules.packs if pack.name not in asked]
    if not unasked:
        return []
    return [
        _of_table(
            Level.REVIEW,
            name,
            f"dominance, quantiles and models were not judged by {', '.join(unasked)}",
            "make it in a session with this pack: `disclosure.session(pack=[...])`",
        )
    ]


def _of_table(level: Level, name: str, message: str, fix: str) -> Finding:
    return Finding(level, f"{HOUSE}/evidence", name, "whole table", message, fix)


def with_evidence(table: Table, told: Evidence) -> Table:
    structural = np.zeros(len(table), bool)
    structural[[row * table.size[1] + column for row, column in told.structural]] = True
    method = told.method.get("method")
    base, spread = (told.method.get(name) if method in NOISY else None for name in ("base", "spread"))
    return replace(
        table,
        unit=told.unit if told.unit in PEOPLE else None,
        units=None if told.units is None else told.units.reshape(-1),
        values=None if told.values is None else told.values.reshape(-1),
        sets=None if told.sets is None else told.sets.reshape(-1),
        structural=structural,
        kind=told.kind,
        base=int(base) if isinstance(base, int) else None,
        spread=int(spread) if isinstance(spread, int) else None,
        method=str(method) if "method" in told.method else None,
    )
