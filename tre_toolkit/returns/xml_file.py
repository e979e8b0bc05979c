"""An XML return, child by child: nothing of a record is kept once its rows are handed on.

Hardened: no entities, no network, no document type, libxml2's limits on depth and size left on. What the
catalogue doesn't know (blocks of a later year, stray text, an element twice) is counted and told, never
fatal, and forgotten as it passes; a document that breaks off is refused, because half a return looks like a
whole one. Memory holds the largest record and some thousand rows, however long the document is.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tre_toolkit.errors import Problem, TreError, Where
from tre_toolkit.returns import cells
from tre_toolkit.returns.xml_open import hardened, local_name
from tre_toolkit.returns.xml_plan import Guest, Sheet, Step, Unit, units
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from tre_toolkit.returns.csv_file import Take

BLOCK = 1 << 15  # bytes of the document parsed at a time
CHUNK = 10_000  # rows of one table gathered as Python lists before they become Arrow
KINDS = 1_000  # kinds of trouble counted one by one: a document can hold any number of unknown names
SHOWN = 20  # kinds of trouble told one by one

UNKNOWN = "an element the catalogue doesn't know: left out"
STRAY = "text that stands in no element: left out"
TWICE = "the element stands twice: the first is read"
ENTITY = "an entity where text should be: left out"


@dataclass(slots=True)
class Reading:
    """The state of one walk through a document."""

    take: Take
    trouble: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    """Rows of each table handed on so far."""


def read_xml(
    path: Path, schema: Schema, take: Take, done: Callable[[int], None] | None = None
) -> tuple[set[str], list[Problem]]:
    """Read the document of a return: the tables it can hold, and problems. `done` is called for each record.

    Raises TreError when it isn't well-formed, has a document type or another root.
    """
    plans = units(schema)
    reading = Reading(take)
    with _uncollected():
        for element, unit in _records(path, schema, plans, reading):
            _take(element, unit, reading)
            if done:
                done(1)
        sheets = [sheet for unit in plans for sheet in unit.sheets]
        for sheet in sheets:
            _flush(sheet, reading)
    guests = {guest.table.name for sheet in sheets for guest in sheet.guests}
    return {sheet.table.name for sheet in sheets} | guests, _problems(reading, path)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: rows are in none, and looking through them again and again is a quarter of the reading."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _records(path: Path, schema: Schema, plans: list[Unit], reading: Reading) -> Iterator[tuple[Any, Unit]]:
    """Yield each unit's element with its plan as its end tag is met, and forget it afterwards."""
    from lxml import etree

    try:
        with path.open("rb") as file:
            _check_root(next(etree.iterparse(file, events=("start",), **hardened()))[1], schema, path)
        with path.open("rb") as file:
            yield from _walk_document(file, schema, plans, reading)
    except etree.XMLSyntaxError as error:
        line = error.lineno
        raise TreError(
            "not well-formed XML: the document breaks off or is damaged here; nothing of it is used",
            where=Where(path.name, row=line),
            hint=f"line {line} of the file; export it again",
        ) from None


def _walk_document(
    file: BinaryIO, schema: Schema, plans: list[Unit], reading: Reading
) -> Iterator[tuple[Any, Unit]]:
    from lxml import etree

    tags = {unit.path[-1]: unit for unit in plans}
    wanted = [f"{{*}}{tag}" for tag in (schema.dataset.form.root, *tags)]
    parser = etree.XMLPullParser(events=("start", "end"), tag=wanted, **hardened())
    known, ways = {unit.path for unit in plans}, _ways(plans)
    root: Any = None
    while block := file.read(BLOCK):
        parser.feed(block)
        for event, element in parser.read_events():
            if event == "start":
                root = element if root is None else root
                continue
            unit = tags.get(local_name(element))
            if unit is None or _path_of(element) != unit.path:
                continue
            yield element, unit
            _forget(element, unit, known, ways, reading)
        if root is not None:
            _prune(root, (local_name(root),), known, ways, reading)
    root = parser.close()
    _leftovers(root, plans, reading)


def _check_root(root: Any, schema: Schema, path: Path) -> None:
    if root.getroottree().docinfo.doctype:
        raise TreError(
            "it declares a document type, which no return has: refused",
            where=Where(path.name),
            hint="a document type can pull other files in; export the return again",
        )
    if local_name(root) != schema.dataset.form.root:
        raise TreError(
            f"its root element isn't {schema.dataset.form.root}: not a {schema.dataset.title}",
            where=Where(path.name),
        )


def _take(element: Any, unit: Unit, reading: Reading) -> None:
    """The rows of one record into their sheets, inherited keys filled in at the end."""
    sheets = unit.sheets
    if unit.step.sheet is None:
        _walk(element, unit.step, None, {}, reading.trouble)
    else:  # the record's own element is the row
        row = _new_row(unit.step.sheet, {})
        _walk(element, unit.step, row, {}, reading.trouble)
    for sheet in sheets:
        if len(sheet.rows) > sheet.filled:
            for place, name in sheet.inherited:
                source, at = unit.keys[name]
                if source is sheet:
                    continue
                value = source.rows[source.filled][at] if len(source.rows) > source.filled else None
                for row in sheet.rows[sheet.filled :]:
                    if row[place] is None:
                        row[place] = value
    for sheet in sheets:
        sheet.filled = len(sheet.rows)
    if max(sheet.filled for sheet in sheets) >= CHUNK:
        for sheet in sheets:
            _flush(sheet, reading)
    if len(reading.trouble) > KINDS:
        _fold(reading.trouble)


def _fold(trouble: Counter[tuple[str, str]]) -> None:
    """Put the rarest kinds of trouble together, so that their number stays bounded too."""
    rare = trouble.most_common()[KINDS // 2 :]
    for kind, count in rare:
        del trouble[kind]
        trouble[kind[0], "other places"] += count


def _walk(
    element: Any,
    step: Step,
    row: list[str | None] | None,
    numbers: dict[str, int],
    trouble: Counter[tuple[str, str]],
) -> None:
    """Go through the children of an element: cells into `row`, rows into their sheets, the rest counted.

    Most of an XML return's reading is spent here, so a cell, of which there are most, is met first and without a call.
    """
    text = element.text
    if text is not None and not text.isspace():
        trouble[STRAY, step.path] += 1
    seen: dict[str, int] = {}
    for child in element:
        tail, tag = child.tail, child.tag
        if tail is not None and not tail.isspace():
            trouble[STRAY, step.path] += 1
        below = step.below.get(tag)
        if below is None:
            tag = _plain_name(tag)
            below = step.below.get(tag) if tag else None
            if below is None:
                trouble[(UNKNOWN, f"{step.path}/{_safe(tag)}") if tag else (ENTITY, step.path)] += 1
                continue
        if below.cell is not None:
            if len(child):
                _count_inside(child, below.path, trouble)
            if below.sheet is not None:
                _new_row(below.sheet, numbers)[below.cell] = child.text
            elif row is not None and tag not in seen:
                row[below.cell] = child.text
                seen[tag] = 1
            else:
                trouble[TWICE, below.path] += 1
        elif below.sheet is not None:
            inner = numbers
            if below.counter is not None:
                seen[tag] = seen.get(tag, 0) + 1
                inner = {**numbers, below.counter: seen[tag]}
            _walk(child, below, _new_row(below.sheet, inner), inner, trouble)
        else:
            _walk(child, below, row, numbers, trouble)


def _new_row(sheet: Sheet, numbers: dict[str, int]) -> list[str | None]:
    row = sheet.empty.copy()
    for place, name in sheet.counters:
        number = numbers.get(name)
        row[place] = None if number is None else str(number)
    sheet.rows.append(row)
    return row


def _plain_name(tag: Any) -> str:
    """An element's name without its namespace; nothing for an entity or the like."""
    return str(tag).rpartition("}")[2] if isinstance(tag, str) else ""


def _count_inside(element: Any, path: str, trouble: Counter[tuple[str, str]]) -> None:
    """Count what stands inside a cell, where only text may."""
    for child in element:
        known = isinstance(child.tag, str)
        trouble[UNKNOWN if known else ENTITY, f"{path}/{_safe(local_name(child))}" if known else path] += 1


def _forget(
    element: Any, unit: Unit, known: set[tuple[str, ...]], ways: set[tuple[str, ...]], reading: Reading
) -> None:
    """Free a record that was taken, and what stood unread before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        here = (*unit.path[:-1], local_name(before))
        if here not in known and here in ways:
            break  # records of another kind stand below it
        if here not in known:
            reading.trouble[UNKNOWN, "/".join((*here[:-1], _safe(here[-1])))] += 1
        parent.remove(before)


def _ways(plans: list[Unit]) -> set[tuple[str, ...]]:
    """Every path on the way to a record."""
    return {unit.path[:depth] for unit in plans for depth in range(1, len(unit.path) + 1)}


def _leftovers(root: Any, plans: list[Unit], reading: Reading) -> None:
    """What stands outside all records: blocks the catalogue doesn't know."""
    ways = _ways(plans)

    def look(element: Any, path: tuple[str, ...]) -> None:
        for child in element:
            if not isinstance(child.tag, str):
                continue
            here = (*path, local_name(child))
            if here not in ways:
                reading.trouble[UNKNOWN, "/".join((*path, _safe(here[-1])))] += 1
            elif not any(here == unit.path for unit in plans):
                look(child, here)

    look(root, (local_name(root),))


def _prune(
    element: Any,
    path: tuple[str, ...],
    known: set[tuple[str, ...]],
    ways: set[tuple[str, ...]],
    reading: Reading,
) -> None:
    """Forget what is read and belongs to no record: a block the catalogue doesn't know may be longer than memory."""
    while len(element):
        for child in element[:-1]:
            here = (*path, _name(child))
            if here not in known and here not in ways:
                reading.trouble[UNKNOWN, "/".join((*path, _safe(here[-1])))] += 1
                element.remove(child)
        element = element[-1]
        path = (*path, _name(element))
        if path in known:
            return
        if path not in ways:
            break
    while len(element):  # inside such a block: only the way to where the reader stands is kept
        del element[:-1]
        element = element[-1]


def _name(element: Any) -> str:
    """An element's local name; of an entity or the like, a word no element has."""
    return local_name(element) if isinstance(element.tag, str) else "(no element)"


def _flush(sheet: Sheet, reading: Reading) -> None:
    """Hand the gathered rows on, and those of the tables whose cells stand among them."""
    import pyarrow as pa

    if not sheet.rows:
        return
    columns = list(zip(*sheet.rows, strict=True))
    arrays = [pa.array(column, pa.large_string()) for column in columns]
    rows = pa.Table.from_arrays(arrays, names=list(sheet.columns))
    _hand_on(sheet.table.name, rows, reading)
    for guest in sheet.guests:
        _hand_on(guest.table.name, _guest_rows(guest, rows), reading)
    sheet.rows, sheet.filled = [], 0


def _hand_on(name: str, rows: pa.Table, reading: Reading) -> None:
    import numpy as np

    first = reading.rows[name]
    reading.rows[name] += rows.num_rows
    reading.take(name, rows, np.arange(first, first + rows.num_rows, dtype="int64"))


def _guest_rows(guest: Guest, rows: pa.Table) -> pa.Table:
    """The rows of a table whose cells stand in the host's element: those where one is filled, or the mark is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    there = pa.nulls(rows.num_rows, pa.bool_()).fill_null(False)  # noqa: FBT003
    for name in guest.own:
        there = pc.or_(there, pc.is_valid(cells.clean(rows[name])))
    if guest.table.marked_by:
        mark = cells.clean(rows[guest.table.marked_by])
        there = pc.or_(there, pc.fill_null(pc.not_equal(mark, "0"), False))  # noqa: FBT003
    kept = rows.filter(there)
    return pa.table({name: kept[column] for name, column in guest.columns.items()})


def _problems(reading: Reading, path: Path) -> list[Problem]:
    shown = reading.trouble.most_common(SHOWN)
    told = [Problem(what, Where(f"{path.name} at {place}"), count=n) for (what, place), n in shown]
    rest = sum(reading.trouble.values()) - sum(n for _, n in shown)
    if rest:
        told.append(Problem("more of the same in other places", Where(path.name), count=rest))
    return told


def _path_of(element: Any) -> tuple[str, ...]:
    names = [local_name(element)]
    while (element := element.getparent()) is not None:
        names.append(local_name(element))
    return tuple(reversed(names))


def _safe(tag: str) -> str:
    """An element's name is the sender's own text: told only as far as it looks like a name."""
    return tag if tag.isascii() and len(tag) <= 40 else "(a long name)"
