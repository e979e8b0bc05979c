"""Frames into an XML return, built from the leaves up by the engine.

Each table becomes one column of text: its elements, each with the elements of its child tables inside,
grouped by the key of the row they hang below. No row is ever held as a Python object.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tre_toolkit.engine import Engine, quote
from tre_toolkit.errors import TreError, Where
from tre_toolkit.returns import cells
from tre_toolkit.returns.model import ROW_NO, Return
from tre_toolkit.returns.xml_family import hangs_by, holder, is_bare, is_inside, moves, steps, top, wrapper
from tre_toolkit.returns.xml_plan import shared, units
from tre_toolkit.schema import Field, Schema, Table

BATCH = 5_000  # records fetched at a time


def write_xml(return_: Return, schema: Schema, path: Path) -> None:
    """Write the document. Raises TreError when a row hangs below a row that isn't there, or has no place in XML."""
    for table in schema.tables:
        if not table.path and not table.within and len(return_.tables[table.name]):
            raise TreError(
                f"the XML form has no place for its {len(return_.tables[table.name]):,} rows",
                where=Where(table=table.name),
                hint="write it as CSV files",
            )
    tables = [table for table in schema.tables if table.path or table.within]
    with Engine() as engine, path.open("w", encoding="utf-8", newline="\n") as out:
        for table in tables:
            engine.table(table.name, cells.arrow(return_.tables[table.name]))
        for table in reversed(tables):
            _check_parents(engine, table, schema)
            engine.table(f"xml {table.name}", engine.arrow(_fragments(table, schema)))
        out.write(f"<?xml version='1.0' encoding='UTF-8'?>\n<{schema.dataset.form.root}>\n")
        open_now: tuple[str, ...] = ()
        for unit in units(schema):
            above = unit.path[1:-1]
            out.write(moves(open_now, above))
            open_now = above
            root = unit.sheets[0].table
            inside = unit.path == tuple(steps(root))
            for fragment in _batches(engine, root):
                out.write(fragment if inside else f"<{unit.path[-1]}>{fragment}</{unit.path[-1]}>\n")
        out.write(moves(open_now, ()))
        out.write(f"</{schema.dataset.form.root}>\n")


def _batches(engine: Engine, root: Table) -> Iterator[str]:
    rows = engine.arrow(f"SELECT whole FROM {quote(f'xml {root.name}')} ORDER BY {ROW_NO}")
    for batch in rows.to_batches(max_chunksize=BATCH):
        yield from batch.column(0).to_pylist()


def _fragments(table: Table, schema: Schema) -> str:
    """SQL: each row's place, the key it hangs by, and its element with all that stands inside.

    `whole` is the element of a root table together with its siblings' (a child's characteristics stand beside
    the identifiers, not inside); for every other table it is the element alone.
    """
    children = [other for other in schema.tables if holder(other, schema) == table]
    inside = [child for child in children if is_inside(child, table)]
    beside = [child for child in children if child not in inside]
    keys = [quote(name) for name in table.columns if name in _keys(table, schema)]
    parts = _order(table, inside, top(table, schema))
    body = " || ".join(parts) if parts else "''"
    name = (table.path or "").split("/")[-1]
    whole = body if is_bare(table) or table.within else f"'<{name}>' || {body} || '</{name}>'"
    for child in beside:
        whole += f" || coalesce({quote(f'x {child.name}')}.inside, '')"
    joins = "".join(_join(child, table) for child in children)
    chosen = ", ".join(["t." + key for key in keys] + [f"t.{ROW_NO}", f"{whole} AS whole"])
    return f"SELECT {chosen} FROM {_numbered(table)} t{joins}"


def _numbered(table: Table) -> str:
    """The rows with `is_first`: true for the first of several rows that share a key, which gets the children."""
    keys = [quote(name) for name in table.key if name in table.columns and not is_bare(table)]
    if not keys:
        return f"(SELECT *, true AS is_first FROM {quote(table.name)})"
    over = f"PARTITION BY {', '.join(keys)} ORDER BY {ROW_NO}"
    return f"(SELECT *, row_number() OVER ({over}) = 1 AS is_first FROM {quote(table.name)})"


def _join(child: Table, table: Table) -> str:
    """The children's text by the keys they inherit; none for a root table without keys."""
    keys = hangs_by(child, table)
    columns = ", ".join(quote(name) for name in keys)
    grouped = f" GROUP BY {columns}" if keys else ""
    chosen = f"{columns}, " if keys else ""
    wrap = wrapper(child, table)
    text = f"string_agg(whole, '' ORDER BY {ROW_NO})"
    if wrap:
        text = "'" + "".join(f"<{name}>" for name in wrap) + f"' || {text} || '"
        text += "".join(f"</{name}>" for name in reversed(wrap)) + "'"
    alias = quote(f"x {child.name}")
    same = " AND ".join(f"{alias}.{quote(name)} IS NOT DISTINCT FROM t.{quote(name)}" for name in keys)
    query = f"(SELECT {chosen}{text} AS inside FROM {quote(f'xml {child.name}')}{grouped})"
    return f" LEFT JOIN {query} {alias} ON t.is_first{' AND ' + same if same else ''}"


def _order(table: Table, inside: list[Table], root: Table) -> list[str]:
    """The SQL text of what stands in an element, in the order the receivers' schema wants."""
    above = shared(table, root)
    fields = [field for field in table.fields if field.only in {None, "xml"} and field.name not in above]
    marks = {child.marked_by: child for child in inside if child.marked_by}
    if table.elements:
        return _in_order(table, fields, inside, marks)
    placed = {child.name for child in inside}
    parts = _cells([field for field in fields if field.after not in placed], marks)
    for child in inside:
        parts.append(_inside(child))
        parts += _cells([field for field in fields if field.after == child.name], marks)
    return parts


def _in_order(table: Table, fields: list[Field], inside: list[Table], marks: dict[str, Table]) -> list[str]:
    """Columns and tables as the table's own list of elements has them; what it doesn't name stands last."""
    named = {field.name: field for field in fields}
    tables = {child.name: child for child in inside}
    rest = [name for name in (*named, *tables) if name not in table.elements]
    parts: list[str] = []
    for name in (*table.elements, *rest):
        if name in tables:
            parts.append(_inside(tables[name]))
        elif name in named:
            parts += _cells([named[name]], marks)
    return parts


def _inside(child: Table) -> str:
    return f"coalesce({quote(f'x {child.name}')}.inside, '')"


def _cells(fields: list[Field], marks: dict[str, Table]) -> list[str]:
    """The SQL text of some fields' elements; those under one group element are put into it together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for field in fields:
        if field.repeats:  # the row is this element, even without a text
            text = _escaped(field)
            return [f"'<{field.name}>' || coalesce({text}, '') || '</{field.name}>'"]
        *group, name = (field.path or field.name).split("/")
        text = _escaped(field)
        if field.name in marks:  # a mark nobody wrote follows from whether the marked row is there
            there = f"{quote(f'x {marks[field.name].name}')}.inside IS NULL"
            text = f"coalesce({text}, CASE WHEN {there} THEN '0' ELSE '1' END)"
        text = f"coalesce({text}, '')" if field.always else text
        groups.setdefault(tuple(group), []).append(f"coalesce('<{name}>' || {text} || '</{name}>', '')")
    parts: list[str] = []
    for around, texts in groups.items():
        opening = "".join(f"<{name}>" for name in around)
        closing = "".join(f"</{name}>" for name in reversed(around))
        parts += [f"'{opening}'", *texts, f"'{closing}'"] if around else texts
    return parts


def _escaped(field: Field) -> str:
    return f"replace(replace(replace(t.{quote(field.name)}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"


def _keys(table: Table, schema: Schema) -> set[str]:
    """Columns that tell this row's parent, or that its children inherit."""
    above = holder(table, schema)
    own = set(hangs_by(table, above)) if above else set()
    below = {
        name for other in schema.tables if holder(other, schema) == table for name in hangs_by(other, table)
    }
    return set(table.inherits) | own | (below & set(table.columns))


def _check_parents(engine: Engine, table: Table, schema: Schema) -> None:
    parent = holder(table, schema)
    if parent is None:
        return
    same = " AND ".join(
        f"p.{quote(name)} IS NOT DISTINCT FROM t.{quote(name)}" for name in hangs_by(table, parent)
    )
    query = (
        f"SELECT count(*) AS n, min({ROW_NO}) AS first FROM {quote(table.name)} t "
        f"WHERE NOT EXISTS (SELECT 1 FROM {quote(parent.name)} p WHERE {same})"
    )
    lost = engine.rows(query).iloc[0]
    if lost["n"]:
        raise TreError(
            f"{int(lost['n']):,} rows hang below no row of {parent.name}: a document can't hold them",
            where=Where(table=table.name, row=int(lost["first"]) + 1),
        )
