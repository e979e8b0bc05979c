"""Which table's element stands inside which in a dataset's XML, and by which columns its rows hang there."""

from __future__ import annotations

from tre_toolkit.schema import Schema, Table


def holder(table: Table, schema: Schema) -> Table | None:
    """The table whose element holds this one's, or beside whose element it stands; None for a root."""
    if table.within:
        return schema.table(table.within)
    own = steps(table)
    holders = [
        other
        for other in schema.tables
        if other.path and not is_bare(other) and other != table and is_inside(table, other)
    ]
    if holders and own:
        return max(holders, key=lambda other: len(steps(other)))
    return schema.table(table.parent) if table.path and table.parent else None


def is_inside(child: Table, table: Table) -> bool:
    if child.within:
        return child.within == table.name
    return steps(child)[: len(steps(table))] == steps(table)


def is_bare(table: Table) -> bool:
    """Whether each row is one repeated leaf element (a factor, a review date), not an element with cells."""
    return any(field.repeats for field in table.fields)


def hangs_by(child: Table, table: Table) -> list[str]:
    """The columns that tell which row of `table` a row of `child` hangs below."""
    names = child.inherits or table.key
    return [name for name in names if name in table.columns and name in child.columns]


def wrapper(child: Table, table: Table) -> list[str]:
    """The elements between a parent's element and a child table's: (Disabilities around every Disability)."""
    if child.within:
        return []
    own, other = steps(child), steps(table)
    if own[: len(other)] != other:  # beside: what lies below the element both stand in
        same = 0
        while same < min(len(own), len(other)) and own[same] == other[same]:
            same += 1
        other = own[:same]
    between = own[len(other) :]
    return between if is_bare(child) else between[:-1]


def top(table: Table, schema: Schema) -> Table:
    """The table at the top of a table's family."""
    while (above := holder(table, schema)) is not None:
        table = above
    return table


def steps(table: Table) -> list[str]:
    return [part for part in (table.path or "").split("/") if part]


def moves(now: tuple[str, ...], then: tuple[str, ...]) -> str:
    """The tags that lead from inside one element to inside another."""
    same = 0
    while same < min(len(now), len(then)) and now[same] == then[same]:
        same += 1
    closing = "".join(f"</{name}>\n" for name in reversed(now[same:]))
    return closing + "".join(f"<{name}>\n" for name in then[same:])
