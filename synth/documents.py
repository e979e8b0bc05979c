"""A return as XML, built from the leaves up in Arrow: one column of text a table, no row a Python object.

The document is byte for byte the one that the returns' own writer makes (the suite compares them); that one is asked
wherever rows share a key or hang below none, which invented rows don't unless they were made messy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tre_toolkit.files import new_file
from tre_toolkit.returns.xml_family import hangs_by, holder, is_bare, is_inside, moves, steps, top, wrapper
from tre_toolkit.returns.xml_plan import shared, units
from tre_toolkit.schema import Field, Schema, Table

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

Words = Any  # a pyarrow large_string array


class _Awkward(Exception):
    """Rows that only the returns' own writer can place."""


def write_document(one: Return, folder: Path) -> list[Path]:
    """Write a return's XML into `folder` (made when missing)."""
    from tre_toolkit.returns import write

    shape = one.schema
    try:
        whole = {table.name: _whole(table, one, shape) for table in shape.tables if _is_root(table, shape)}
    except _Awkward:
        return write(one, folder, form="xml")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{one.name}.xml"
    with new_file(path) as part, part.open("wb") as out:
        out.write(f"<?xml version='1.0' encoding='UTF-8'?>\n<{shape.dataset.form.root}>\n".encode())
        open_now: tuple[str, ...] = ()
        for unit in units(shape):
            above = unit.path[1:-1]
            out.write(moves(open_now, above).encode())
            open_now = above
            root = unit.sheets[0].table
            inside = unit.path == tuple(steps(root))
            fragments = whole[root.name]
            before, after = ("", "") if inside else (f"<{unit.path[-1]}>", f"</{unit.path[-1]}>\n")
            out.write(_text(_joined([before, fragments, after])) if len(fragments) else b"")
        out.write(moves(open_now, ()).encode())
        out.write(f"</{shape.dataset.form.root}>\n".encode())
    return [path]


def _is_root(table: Table, shape: Schema) -> bool:
    return bool(table.path or table.within) and holder(table, shape) is None


def _whole(table: Table, one: Return, shape: Schema) -> Words:
    """Every row's element with all that stands inside it, and behind a root's what stands beside it."""
    children = [other for other in shape.tables if holder(other, shape) == table]
    texts = {child.name: _below(child, table, one, shape) for child in children}
    inside = [child for child in children if is_inside(child, table)]
    parts = _parts(table, inside, top(table, shape), one, texts)
    name = (table.path or "").split("/")[-1]
    if not (is_bare(table) or table.within):
        parts = [f"<{name}>", *parts, f"</{name}>"]
    parts += [_or_nothing(texts[child.name]) for child in children if child not in inside]
    return _joined(parts, rows=len(one.tables[table.name]))


def _below(child: Table, table: Table, one: Return, shape: Schema) -> Words:
    """For each row of `table` the text of the child rows below it, missing where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, rows = _whole(child, one, shape), len(one.tables[table.name])
    keys = hangs_by(child, table)
    if not len(texts):
        return pa.nulls(rows, pa.large_string())
    if keys:
        own, above = (_key(one, part, keys) for part in (child, table))
        if pc.count_distinct(above).as_py() != rows:
            raise _Awkward
        place = pc.index_in(own, value_set=above)
        if place.null_count:
            raise _Awkward
        at = place.to_numpy().astype(np.int64)
        if len(at) > 1 and (at[1:] < at[:-1]).any():
            order = np.argsort(at, kind="stable")
            at, texts = at[order], texts.take(pa.array(order))
        count = np.bincount(at, minlength=rows)
    else:
        count = np.zeros(rows, dtype=np.int64)
        count[:1] = len(texts)
    offsets = pa.array(np.concatenate([[0], np.cumsum(count)]))
    together = pc.binary_join(pa.LargeListArray.from_arrays(offsets, texts), pa.scalar("", pa.large_string()))
    wrap = wrapper(child, table)
    if wrap:
        opening, closing = (
            "".join(f"<{name}>" for name in wrap),
            "".join(f"</{name}>" for name in reversed(wrap)),
        )
        together = _joined([opening, together, closing])
    return pc.if_else(pa.array(count > 0), together, pa.scalar(None, pa.large_string()))


def _key(one: Return, table: Table, names: list[str]) -> Words:
    columns = [_cells(one, table, name) for name in names]
    return columns[0] if len(columns) == 1 else _joined(columns, by="|")


def _parts(
    table: Table, inside: list[Table], root: Table, one: Return, texts: dict[str, Words]
) -> list[str | Words]:
    """What stands in an element, in the order the receivers' schema wants (as `xml_writer` puts it)."""
    above = shared(table, root)
    fields = [field for field in table.fields if field.only in {None, "xml"} and field.name not in above]
    marks = {child.marked_by: child for child in inside if child.marked_by}
    told: list[str | Words] = []
    if table.elements:
        named, tables = {field.name: field for field in fields}, {child.name: child for child in inside}
        rest = [name for name in (*named, *tables) if name not in table.elements]
        for name in (*table.elements, *rest):
            if name in tables:
                told.append(_or_nothing(texts[name]))
            elif name in named:
                told += _elements([named[name]], marks, table, one, texts)
        return told
    placed = {child.name for child in inside}
    told += _elements([field for field in fields if field.after not in placed], marks, table, one, texts)
    for child in inside:
        told.append(_or_nothing(texts[child.name]))
        after = [field for field in fields if field.after == child.name]
        told += _elements(after, marks, table, one, texts)
    return told


def _elements(
    fields: list[Field], marks: dict[str, Table], table: Table, one: Return, texts: dict[str, Words]
) -> list[str | Words]:
    """Some fields' elements; those under one group element are put into it together."""
    import pyarrow.compute as pc

    groups: dict[tuple[str, ...], list[str | Words]] = {}
    for field in fields:
        cells = _escaped(_cells(one, table, field.name))
        if field.repeats:
            return [f"<{field.name}>", _or_nothing(cells), f"</{field.name}>"]
        *group, name = (field.path or field.name).split("/")
        if field.name in marks:
            there = pc.is_valid(texts[marks[field.name].name])
            cells = pc.coalesce(cells, pc.if_else(there, _word("1"), _word("0")))
        cells = _or_nothing(cells) if field.always else cells
        if cells.null_count == len(cells):
            groups.setdefault(tuple(group), [])
            continue
        groups.setdefault(tuple(group), []).append(_or_nothing(_joined([f"<{name}>", cells, f"</{name}>"])))
    told: list[str | Words] = []
    for around, some in groups.items():
        told += [
            "".join(f"<{name}>" for name in around),
            *some,
            "".join(f"</{name}>" for name in reversed(around)),
        ]
    return [part for part in told if not isinstance(part, str) or part]


def _cells(one: Return, table: Table, name: str) -> Words:
    import pyarrow as pa

    made = pa.array(one.tables[table.name][name].array, from_pandas=True)
    return (made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made).cast(pa.large_string())


def _escaped(cells: Words) -> Words:
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring_regex(cells, "[&<>]")).as_py():
        return cells
    for sign, told in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        cells = pc.replace_substring(cells, sign, told)
    return cells


def _or_nothing(cells: Words) -> Words:
    import pyarrow.compute as pc

    return pc.fill_null(cells, "") if cells.null_count else cells


def _word(text: str) -> Any:
    import pyarrow as pa

    return pa.scalar(text, pa.large_string())


def _joined(parts: list[str | Words], *, by: str = "", rows: int | None = None) -> Words:
    """The parts of each row behind one another; missing where a part is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    merged: list[str | Words] = []
    for part in parts:  # neighbouring words are one
        if isinstance(part, str) and merged and isinstance(merged[-1], str) and not by:
            merged[-1] += part
        else:
            merged.append(part)
    if rows is not None and all(isinstance(part, str) for part in merged):
        return pa.array(["".join(merged)] * rows, pa.large_string())
    return pc.binary_join_element_wise(
        *(_word(part) if isinstance(part, str) else part for part in merged), _word(by)
    )


def _text(fragments: Words) -> Any:
    """All fragments as one buffer."""
    whole = fragments.buffers()
    return whole[2] or b""
