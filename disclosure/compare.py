"""A new table beside each earlier release: the same cell with another figure, and what both together give away.

Cells are the same when they carry the same labels in the dimensions both tables have, with everything else at its
total. Two things are looked for: figures that differ by fewer than k although one table must be part of the other
(a record dropped, an age left out, a total added later), and hidden cells an earlier release prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from disclosure.checks.solved import attack_table, ends
from disclosure.findings import Finding, Level
from disclosure.ledger import Entry, Ledger, now
from disclosure.packs import Rules
from disclosure.shown import Cells, Floats, Ints, Kind
from disclosure.table import Table
from disclosure.totals import is_total

ALIKE = 0.5  # share of members two unnamed dimensions must have in common to be one
FEW = 4  # cells that must agree before one table is taken to be part of another
GENERIC = frozenset(["column", "row", ""])  # names that say nothing of what a dimension is
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Face:
    """A table for comparison: labels, the grand totals, and the ends of every cell."""

    dimensions: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    codes: Ints
    totals: tuple[int | None, ...]
    low: Floats
    high: Floats


def grand_totals(table: Table) -> tuple[int | None, ...]:
    """For each dimension the member that is everybody, or None."""
    found: list[int | None] = []
    for family, names in zip(table.parents, table.members, strict=True):
        tops = set(family.values()) - set(family)
        named = [at for at, name in enumerate(names) if is_total(name)]
        found.append(tops.pop() if len(tops) == 1 else named[0] if len(named) == 1 else None)
    return tuple(found)


def face(table: Table, cells: Cells) -> Face:
    """A new table, ready to be compared."""
    low, high = ends(table, cells)
    return Face(table.dimensions, table.members, table.codes, grand_totals(table), low, high)


def entry_of(table: Table, cells: Cells, *, number: int, digest: str, scope: dict[str, object]) -> Entry:
    """A new table as an entry of the ledger."""
    shown = face(table, cells)
    whole = table.sets is not None and not table.base
    return Entry(
        number, table.name, digest, now(), table.unit, scope, shown.dimensions, shown.members, shown.codes,
        shown.totals, shown.low, shown.high, sets=table.sets,
        truth=table.truth if whole else None, parents=table.parents if whole else (),
    )  # fmt: skip


def compare(
    table: Table, cells: Cells, rules: Rules, ledger: Ledger, *, digest: str = ""
) -> Iterator[Finding]:
    """What the earlier releases and this table together give away."""
    k, pack = rules.difference
    mine = face(table, cells)
    low, high = cells.low.copy(), cells.high.copy()
    sources: set[int] = set()
    for entry in ledger.entries:
        if entry.digest == digest:
            continue  # the same bytes again tell nothing new
        yield from _differences(table, mine, entry, k, pack)
        told = _learn(mine, entry, low, high, cells) | _learn_by_sets(table, entry, low, high, cells)
        if told:
            sources.add(entry.number)
    if sources:
        yield from _together(table, cells, low, high, rules, sorted(sources), ledger)


def _differences(table: Table, mine: Face, entry: Entry, k: int, pack: str) -> Iterator[Finding]:
    pairs = matches(mine, entry)
    if len(pairs) < 2:
        return
    at = np.array([pair[0] for pair in pairs])
    a_low, a_high = mine.low[at], mine.high[at]
    b_low, b_high = np.array([pair[1] for pair in pairs]), np.array([pair[2] for pair in pairs])
    seen = (a_high - a_low < k) & (b_high - b_low < k)
    least = np.maximum(np.maximum(a_low - b_high, b_low - a_high), 0.0)
    most = np.maximum(a_high - b_low, b_high - a_low)
    equal = seen & (least == 0)
    more, less = seen & (a_low >= b_low) & (a_high >= b_high), seen & (a_low <= b_low) & (a_high <= b_high)
    nested = seen.sum() >= FEW and (more[seen].all() or less[seen].all())
    near = seen & (least >= 1) & (most < k)
    if not near.any() or not (nested or equal.sum() * 2 > seen.sum()):
        return
    first = int(at[np.flatnonzero(near)[0]])
    more_words = f" and {int(near.sum()) - 1} more" if near.sum() > 1 else ""
    yield Finding(
        Level.FAIL,
        f"{pack}/differencing",
        table.name,
        table.where(first) + more_words,
        f"differs by fewer than {k} from the same cell of release {entry.number} ({entry.name}):"
        " the difference is a group too small to be shown",
        "use the same children in both, or round both tables, or leave this one out",
    )


def _learn(mine: Face, entry: Entry, low: Floats, high: Floats, cells: Cells) -> bool:
    """Lay what an earlier release prints of hidden cells over this table's ends; whether it told anything."""
    pairs = matches(mine, entry)
    shown = [pair for pair in pairs if cells.kind[pair[0]] != Kind.HIDDEN]
    if len(shown) < 2 or not all(mine.low[at] <= b and a <= mine.high[at] for at, a, b in shown):
        return False  # not the same children
    told = False
    for at, a, b in pairs:
        if cells.kind[at] == Kind.HIDDEN and b < np.inf and (a > low[at] or b < high[at]):
            low[at], high[at] = max(low[at], a), min(high[at], b)
            told = True
    return told


def _learn_by_sets(table: Table, entry: Entry, low: Floats, high: Floats, cells: Cells) -> bool:
    """The same for cells that hold the same children as a cell of the earlier release, whatever they are called."""
    if table.sets is None or entry.sets is None:
        return False
    place = {int(number): at for at, number in enumerate(entry.sets) if number}
    told = False
    for at in np.flatnonzero((cells.kind == Kind.HIDDEN) & (table.sets != 0)):
        there = place.get(int(table.sets[at]))
        if there is None or not entry.high[there] < np.inf:
            continue
        a, b = entry.low[there], entry.high[there]
        if a > low[at] or b < high[at]:
            low[at], high[at] = max(low[at], a), min(high[at], b)
            told = True
    return told


def _together(
    table: Table,
    cells: Cells,
    low: Floats,
    high: Floats,
    rules: Rules,
    sources: Sequence[int],
    ledger: Ledger,
) -> Iterator[Finding]:
    exact = cells.hidden & (low == high)
    kind = np.where(exact, Kind.NUMBER, cells.kind).astype(np.int8)
    known = replace(cells, kind=kind, low=low, high=high)
    alone = {finding.where for finding in attack_table(table, cells, rules).findings}
    found = {
        table.where(cell): pack.name
        for cell in np.flatnonzero(exact & (low > 0))
        if (pack := rules.hides(int(low[cell]))) is not None
    }
    for finding in attack_table(table, known, rules).findings:
        found.setdefault(finding.where, finding.rule.partition("/")[0])
    names = ", ".join(f"{entry.number} ({entry.name})" for entry in ledger.entries if entry.number in sources)
    for where in sorted(found.keys() - alone):
        yield Finding(
            Level.FAIL,
            f"{found[where]}/differencing",
            table.name,
            where,
            f"hidden here, but it comes out together with release {names}",
            "hide the same cells as in the earlier release, or leave out the totals that were shown there",
        )


def matches(mine: Face, theirs: Entry) -> list[tuple[int, float, float]]:
    """Cells of this table that an earlier release tells of: (cell, low, high)."""
    shared = shared_dimensions(mine, theirs)
    if not shared:
        return []
    ours = project(mine, [a for a, _ in shared])
    other = project(theirs, [b for _, b in shared])
    found = []
    for key, (_, _, cell) in ours.items():
        if key in other and cell >= 0:
            low, high, _ = other[key]
            found.append((cell, low, high))
    return found


def shared_dimensions(mine: Face, theirs: Face | Entry) -> list[tuple[int, int]]:
    pairs, used = [], set()
    for a, name in enumerate(mine.dimensions):
        best, share = None, 0.0
        labels = _plain(mine.members[a], mine.totals[a])
        for b, other in enumerate(theirs.dimensions):
            if b in used:
                continue
            others = _plain(theirs.members[b], theirs.totals[b])
            alike = len(labels & others) / max(1, min(len(labels), len(others)))
            if _named(name) and _named(other):
                alike = alike if name.casefold() == other.casefold() else 0.0
            if alike >= ALIKE and alike > share:
                best, share = b, alike
        if best is not None:
            used.add(best)
            pairs.append((a, best))
    return pairs


def _named(name: str) -> bool:
    return name.casefold() not in GENERIC and not name.startswith("label ")


def _plain(members: Sequence[str], total: int | None) -> set[str]:
    return {name.casefold().strip() for at, name in enumerate(members) if at != total}


def project(shown: Face | Entry, kept: Sequence[int]) -> dict[Key, tuple[float, float, int]]:
    """Ends by the labels of the kept dimensions, everything else at its total; the cell's number, or -1 for a sum."""
    others = [at for at in range(len(shown.dimensions)) if at not in kept]
    at_total = np.ones(len(shown.codes), bool)
    for at in others:
        total = shown.totals[at]
        at_total &= shown.codes[:, at] == (total if total is not None else -1)
    names = [
        ["*" if code == shown.totals[at] else name.casefold().strip() for code, name in enumerate(shown.members[at])]
        for at in kept
    ]  # fmt: skip
    found: dict[Key, tuple[float, float, int]] = {}
    if at_total.any():
        for cell in np.flatnonzero(at_total):
            key = tuple(names[number][shown.codes[cell, at]] for number, at in enumerate(kept))
            found[key] = (float(shown.low[cell]), float(shown.high[cell]), int(cell))
        return found
    parts = np.ones(len(shown.codes), bool)  # no totals: add the parts up
    for at in others:
        if shown.totals[at] is not None:
            parts &= shown.codes[:, at] != shown.totals[at]
    for cell in np.flatnonzero(parts):
        key = tuple(names[number][shown.codes[cell, at]] for number, at in enumerate(kept))
        low, high, _ = found.get(key, (0.0, 0.0, -1))
        found[key] = (low + float(shown.low[cell]), high + float(shown.high[cell]), -1)
    return found
