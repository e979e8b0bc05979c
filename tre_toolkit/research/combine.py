"""Authorities combined as released tables, never as rows: what two gates let go, added up.

Each release is verified to the byte by `tre verify`, a process of its own, before a cell is read. Only tables of
counts are added; a rate, a ratio or a mean can't be. A cell that any release hides stays hidden in the sum, so that
nobody learns more from the sum than from the releases; beside the sum stands between which numbers it lies, from
what each release prints and from nothing else. A child known to two authorities is counted in each.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tre_toolkit.errors import MisuseError, TreError, Where
from tre_toolkit.files import new_folder
from tre_toolkit.research.declared import ARROW, TOTAL, Crosstab, Declared
from tre_toolkit.research.recipes import recipe
from tre_toolkit.research.released import Cell, Printed, Released, read_printed, verified

FORMAT = "tre-combined-v1"
COUNTS = ("crosstab", "attrition", "distribution", "transitions", "curve", "channels")
"""Kinds of tables whose every figure is a number of children (or of their moves)."""
HIDDEN = "c"


@dataclass(frozen=True, slots=True)
class Combined:
    """What was written, and why a table of a release was left out."""

    written: tuple[Path, ...]
    left_out: dict[str, str]


def combine(
    name: str,
    releases: Sequence[Path],
    *,
    trusted: Sequence[Path],
    into: Path,
    revocations: Sequence[Path] = (),
) -> Combined:
    """Add up a recipe's tables over the releases at these folders; `trusted` are the gates' public keys.

    Each table is written into the new folder `into` with its bounds (`.bounds.csv`) and what it was made of
    (`.combined.json`). Raises Problems for releases that don't verify, TreError when no table can be added.
    """
    if len(releases) < 2:
        raise MisuseError("one release can't be combined", hint="name the release of each authority")
    known = verified(releases, trusted, revocations)
    tables: dict[str, Declared] = recipe(name).tables()
    made: dict[str, tuple[Printed, dict[Cell, tuple[int, int | None]], list[dict[str, str]]]] = {}
    left_out: dict[str, str] = {}
    for file, wanted in tables.items():
        places = [_place(one, file) for one in known]
        if not any(places):
            continue
        try:
            made[file] = _added(file, wanted, known, places)
        except TreError as refusal:
            left_out[file] = refusal.problem.what
    if not made:
        why = "; ".join(f"{file}: {what}" for file, what in left_out.items())
        raise TreError(
            f"no table of the recipe {name} can be added up over these releases", where=name, hint=why or None
        )
    with new_folder(into) as folder:
        for file, (table, bounds, sources) in made.items():
            _write(folder / file, table, bounds, sources, name)
    return Combined(tuple(into / file for file in made), left_out)


def _place(one: Released, file: str) -> str | None:
    """Where a release holds a table: under its name, or with a word before the ending (`table.safe.csv`)."""
    stem = file.removesuffix(".csv")
    found = [
        path
        for path in one.files
        if (name := path.rpartition("/")[2]) == file
        or (name.startswith(f"{stem}.") and name.endswith(".csv"))
    ]
    if len(found) > 1:
        raise TreError("a release holds this table twice", where=Where(str(one.folder), file))
    return found[0] if found else None


def _added(
    file: str, wanted: Declared, known: Sequence[Released], places: Sequence[str | None]
) -> tuple[Printed, dict[Cell, tuple[int, int | None]], list[dict[str, str]]]:
    """The sum of a table over all releases, its bounds, and what it was made of."""
    kind: str = wanted.kind  # type: ignore[attr-defined]  # every kind has it
    if kind not in COUNTS:
        raise TreError(f"a table of the kind {kind} can't be added up", where=file)
    lacking = [one.release for one, place in zip(known, places, strict=True) if place is None]
    if lacking:
        raise TreError(f"release {', '.join(lacking)} doesn't hold it", where=file)
    printed = [
        read_printed(one, place, _stages(wanted))
        for one, place in zip(known, places, strict=True)
        if place is not None
    ]
    first = printed[0]
    if any(one.corner != first.corner for one in printed):
        raise TreError("the releases' tables are not of one declaration", where=file)
    rows = tuple(dict.fromkeys(row for one in printed for row in one.rows))
    columns = tuple(dict.fromkeys(column for one in printed for column in one.columns))
    rows, columns = (tuple(sorted(names, key=_totals_last)) for names in (rows, columns))
    cells = [(row, column) for row in rows for column in columns]
    total: dict[Cell, int | None] = {}
    bounds: dict[Cell, tuple[int, int | None]] = {}
    tops = [_most(one) if isinstance(wanted, Crosstab) else {} for one in printed]
    for cell in cells:
        told = [one.cells.get(cell) for one in printed]
        low = sum(value for value in told if value is not None)
        most = [value if value is not None else top.get(cell) for value, top in zip(told, tops, strict=True)]
        total[cell] = None if None in told else low
        bounds[cell] = (low, None if None in most else sum(value for value in most if value is not None))
    sources = [
        {"release": one.release, "gate": one.gate, "key": one.fingerprint, "path": str(place), "sha256": one.files[str(place)]}
        for one, place in zip(known, places, strict=True)
    ]  # fmt: skip
    return Printed(first.corner, rows, columns, total), bounds, sources


def _totals_last(label: str) -> bool:
    return label == TOTAL


def _stages(wanted: Declared) -> int:
    """How many columns of labels the table's file has."""
    if isinstance(wanted, Crosstab):
        return len(wanted.rows)
    return 2 if getattr(wanted, "by", None) is not None else 1


def _most(table: Printed) -> dict[Cell, int]:
    """How large each hidden cell can be, by the totals printed in the same release; none where they don't add up
    (rounded tables)."""
    leaves = [row for row in table.rows if TOTAL not in row.split(ARROW)]
    columns = [column for column in table.columns if column != TOTAL]
    whole = next((row for row in table.rows if set(row.split(ARROW)) == {TOTAL}), None)
    lines = [([(row, column) for column in columns], (row, TOTAL)) for row in table.rows]
    lines += [([(row, column) for row in leaves], (str(whole), column)) for column in columns]
    found: dict[Cell, int] = {}
    for cells, margin in lines:
        total = table.cells.get(margin)
        if total is None:
            continue
        told = {cell: table.cells.get(cell) for cell in cells}
        room = total - sum(value for value in told.values() if value is not None)
        hidden = [cell for cell, value in told.items() if value is None]
        if room < 0 or (room and not hidden):
            return {}
        if len(hidden) == 1:
            continue  # what one line alone would give away is not told here
        for cell in hidden:
            found[cell] = min(room, found.get(cell, room))
    return found


def _write(
    path: Path,
    table: Printed,
    bounds: dict[Cell, tuple[int, int | None]],
    sources: list[dict[str, str]],
    name: str,
) -> None:
    lines = [
        [*row.split(ARROW), *(_shown(table.cells[row, column]) for column in table.columns)]
        for row in table.rows
    ]
    text = _csv([[*table.corner, *table.columns], *lines])
    path.write_text(text, encoding="utf-8")
    between = [
        [*row.split(ARROW), column, str(low), "" if high is None else str(high)]
        for (row, column), (low, high) in bounds.items()
        if table.cells[row, column] is None
    ]
    path.with_suffix(".bounds.csv").write_text(
        _csv([[*table.corner, "column", "at least", "at most"], *between]), encoding="utf-8"
    )
    told = {
        "format": FORMAT,
        "file": {"name": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()},
        "made_by": f"tre recipe combine {name}",
        "of": sources,
        "hidden": sum(value is None for value in table.cells.values()),
        "counts": "children of each authority: one known to two is counted in each",
    }
    path.with_suffix(".combined.json").write_text(
        json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _shown(value: int | None) -> str:
    return HIDDEN if value is None else str(value)


def _csv(lines: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
