"""From the catalogue's paths to what an XML reader does at each element.

The plan is a tree of steps, one for each element name below a *unit*: the element that holds one
child's whole record (or one worker's). A unit is the deepest element common to a table and all that
hang below it, so it follows from the catalogue alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tre_toolkit.schema import Schema, Table


@dataclass(frozen=True, slots=True)
class Guest:
    """A table whose cells stand in another's element: which column of the host's rows holds which of its own."""

    table: Table
    columns: dict[str, str]
    own: tuple[str, ...]
    """The columns of the host's rows that are this table's alone: one of them filled makes a row."""


@dataclass(slots=True)
class Sheet:
    """Where the rows of one table are gathered: a list of rows, each a list of cells in column order."""

    table: Table
    columns: tuple[str, ...]
    inherited: tuple[tuple[int, str], ...]
    """Places of columns filled in from the unit once it is whole, and the column's name there."""
    counters: tuple[tuple[int, str], ...]
    """Places of columns that number a parent's elements, and the counter's name."""
    rows: list[list[str | None]] = field(default_factory=list)
    filled: int = 0
    """Rows of earlier units, whose inherited cells are in place."""
    guests: tuple[Guest, ...] = ()
    """Tables without an element of their own, whose cells are gathered in this one's rows."""
    empty: list[str | None] = field(init=False)
    """A row before anything stands in it."""

    def __post_init__(self) -> None:
        self.empty = [None] * len(self.columns)


@dataclass(slots=True)
class Step:
    """What one element means: the start of a row, a cell of the row it stands in, or only a step on the way."""

    below: dict[str, Step] = field(default_factory=dict)
    sheet: Sheet | None = None
    place: int | None = None
    repeats: bool = False
    counter: str | None = None
    path: str = ""
    """Of the element, from the root, for people."""
    cell: int | None = None
    """Its place in the row, where the element is a cell and nothing else."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One kind of record: the path of its element from the root, and the plan for what stands in it."""

    path: tuple[str, ...]
    step: Step
    sheets: tuple[Sheet, ...]
    keys: dict[str, tuple[Sheet, int]]
    """Where a value that other tables of the unit inherit is found."""


def units(schema: Schema) -> list[Unit]:
    """The plan of every kind of record in a return of this schema."""
    return [_unit(family) for family in _families(schema)]


def _families(schema: Schema) -> Iterator[list[Table]]:
    """Each table without a parent, followed by all that descend from it."""
    tables = [table for table in schema.tables if table.path or table.within]
    names = {table.name for table in tables}
    for root in tables:
        if root.parent in names:
            continue
        family, below = [], [root]
        while below:
            table = below.pop(0)
            family.append(table)
            below[:0] = [other for other in tables if other.parent == table.name]
        yield family


def _unit(family: list[Table]) -> Unit:
    paths = {table.name: _parts(table) for table in family if not table.within}
    path = _common(list(paths.values()))
    counted = {table.counter for table in family if table.counter}
    top = Step()
    sheets: list[Sheet] = []
    for table in family:
        if table.within:
            continue
        guests = [other for other in family if other.within == table.name]
        sheet = _sheet(table, counted, family[0], guests)
        sheets.append(sheet)
        step = _walk(top, paths[table.name][len(path) :])
        repeating = [field for field in table.fields if field.repeats]
        if not repeating:
            step.sheet, step.counter = sheet, table.counter
        for one in table.fields:
            leaf = _walk(step, tuple((one.path or one.name).split("/")))
            leaf.place, leaf.repeats = sheet.columns.index(one.name), one.repeats
            leaf.sheet = sheet if one.repeats else None
        for guest in sheet.guests:
            for one in guest.table.fields:
                if guest.columns[one.name] in guest.own:
                    leaf = _walk(step, tuple((one.path or one.name).split("/")))
                    leaf.place = sheet.columns.index(guest.columns[one.name])
    _settle(top, "/".join(path))
    keys = {
        name: (sheet, sheet.columns.index(name))
        for sheet in reversed(sheets)
        for name in sheet.columns
        if name not in sheet.table.inherits and name not in counted
    }
    return Unit(path, top, tuple(sheets), keys)


def shared(table: Table, root: Table) -> tuple[str, ...]:
    """Columns a table takes from the root of its record: the keys it inherits, and those it has in common with it.

    (A module of SSDA903 repeats the child's number and birth date in the CSV set; in XML they stand once.)
    """
    common = [name for name in table.columns if name in root.columns and table.name != root.name]
    return tuple(dict.fromkeys([*table.inherits, *common]))


def _sheet(table: Table, counted: set[str], root: Table, others: list[Table]) -> Sheet:
    guests = tuple(_guest(other) for other in others)
    columns = (*table.columns, *(name for guest in guests for name in guest.own))
    numbered = [name for name in columns if name in counted]
    return Sheet(
        table,
        columns,
        tuple((columns.index(name), name) for name in shared(table, root) if name not in counted),
        tuple((columns.index(name), name) for name in numbered),
        guests=guests,
    )


def _guest(table: Table) -> Guest:
    """Its inherited columns are the host's; its own stand behind them under its name."""
    columns = {name: name if name in table.inherits else f"{table.name}.{name}" for name in table.columns}
    return Guest(table, columns, tuple(column for name, column in columns.items() if column != name))


def _walk(step: Step, names: tuple[str, ...]) -> Step:
    for name in names:
        step = step.below.setdefault(name, Step())
    return step


def _settle(step: Step, path: str) -> None:
    """Write into each step what follows from where it stands, once all are there."""
    step.path, step.cell = path, None if step.below else step.place
    for name, below in step.below.items():
        _settle(below, f"{path}/{name}")


def _parts(table: Table) -> tuple[str, ...]:
    return tuple(part for part in (table.path or "").split("/") if part)


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    first, last = min(paths), max(paths)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[:same]
