"""What changed since the last version, cell by cell, and which earlier releases a table nearly repeats.

Two tables that share their shape and labels and differ by small counts give away, by subtraction, the people
between them. The check of the ledger (`disclosure`) proves what can be solved; this says where to look.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tre_toolkit.gate import store
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models

MOST = 500  # changed cells told
SMALL = 10  # a difference below this points at few people
KIN = 50  # earlier released tables looked at, the newest first
NUMBER = re.compile(r"^-?[\d,]+(\.\d+)?$")


@dataclass(frozen=True, slots=True)
class Changed:
    """One cell that is not what it was; rows are counted from 1 under the header, which is row 0."""

    row: int
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Kin:
    """An earlier release whose table shares labels with this one."""

    request: int
    path: str
    sha256: str
    same: int  # cells alike
    small: int  # cells that differ by less than SMALL
    other: int  # cells that differ by more


def changed_cells(gate: Gate, before: Any, after: Any) -> list[Changed]:
    """Cells that differ between two versions of a table; one pair of whole texts for anything else."""
    old, new = (_table(gate, version) for version in (before, after))
    if old is None or new is None:
        return []
    out: list[Changed] = []
    for number in range(max(len(old), len(new))):
        a, b = _row(old, number), _row(new, number)
        if a == b:
            continue
        for at in range(max(len(a), len(b))):
            x, y = a[at] if at < len(a) else "", b[at] if at < len(b) else ""
            if x != y:
                head = new[0][at] if new and at < len(new[0]) else str(at + 1)
                out.append(Changed(number, head, x, y))
                if len(out) == MOST:
                    return out
    return out


def earlier_releases(gate: Gate, version: Any) -> list[Kin]:
    """Released tables of the same labels, with how many cells differ by little: the nearest first."""
    mine = _cells(_table(gate, version))
    if not mine:
        return []
    released = (
        models.FileVersion.objects.filter(
            current=True,
            file__removed=None,
            file__kind="output",
            file__request__release__committed__isnull=False,
            type__in=("csv", "tsv"),
        )
        .exclude(file__request=version.file.request_id)
        .select_related("file")
        .order_by("-pk")[:KIN]
    )
    kin = [_compare(mine, _cells(_table(gate, old)), old) for old in released]
    return sorted((k for k in kin if k is not None), key=lambda k: (-k.small, -k.same))


def _compare(
    mine: dict[tuple[str, str], float], theirs: dict[tuple[str, str], float], old: Any
) -> Kin | None:
    shared = mine.keys() & theirs.keys()
    if len(shared) < 0.5 * min(len(mine), len(theirs)) or not shared:
        return None
    differences = [abs(mine[key] - theirs[key]) for key in shared]
    return Kin(
        request=old.file.request_id,
        path=old.file.path,
        sha256=old.sha256,
        same=sum(d == 0 for d in differences),
        small=sum(0 < d < SMALL for d in differences),
        other=sum(d >= SMALL for d in differences),
    )


def _table(gate: Gate, version: Any) -> list[list[str]] | None:
    if version.type not in ("csv", "tsv"):
        return None
    text = store.read(gate, version.sha256).decode("utf-8", errors="replace")
    csv.field_size_limit(10_000_000)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter="," if version.type == "csv" else "\t"))


def _cells(table: Sequence[Sequence[str]] | None) -> dict[tuple[str, str], float]:
    """Numbers by their row's labels and their column's head."""
    if not table:
        return {}
    head, found = table[0], {}
    for row in table[1:]:
        label = " / ".join(cell for cell in row if not NUMBER.match(cell.strip()))
        for at, cell in enumerate(row):
            if at < len(head) and NUMBER.match(cell.strip()):
                found[label, head[at]] = float(cell.strip().replace(",", ""))
    return found


def _row(table: Sequence[Sequence[str]], number: int) -> Sequence[str]:
    return table[number] if number < len(table) else ()
