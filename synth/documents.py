"""A return as XML, built from the leaves up in Arrow: one column of text a table, no row a Python object.

The document is byte for byte the one that the returns' own writer makes (the suite compares them); that one is asked
wherever rows share a key or hang below none, which invented rows don't unless they were made messy. What stands in
what is told once for a schema (`Layout`); `elements` makes the text of the cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synth.append import place_of
from synth.elements import Tags, Words, joined, or_nothing
from tre_toolkit.files import new_file
from tre_toolkit.returns.xml_family import hangs_by, holder, is_bare, is_inside, moves, steps, top, wrapper
from tre_toolkit.returns.xml_plan import shared, units
from tre_toolkit.schema import Field, Schema, Table

if TYPE_CHECKING:
    from synth.columns import Sheet
    from synth.tell import Draft


class _Awkward(Exception):
    """Rows that only the returns' own writer can place."""


@dataclass(frozen=True, slots=True)
class Nest:
    """One table's element: what stands in it in order, and what stands beside it."""

    table: str
    element: str | None
    """None where the rows have no element of their own."""
    keys: tuple[str, ...]
    """By which its rows hang below those of the table above."""
    wrap: tuple[str, ...]
    """The elements between the element above and its own."""
    order: tuple[Nest | tuple[Field, ...], ...]
    beside: tuple[Nest, ...]
    marks: tuple[tuple[str, str], ...]
    """Columns that say whether a row of a table below is there, and the table."""


@dataclass(frozen=True, slots=True)
class Root:
    """A table that hangs below none, and the elements around each of its rows."""

    nest: Nest
    above: tuple[str, ...]
    around: str | None

    def text(self, rows: Words) -> Any:
        """The rows' records behind one another."""
        if not len(rows):
            return b""
        around = [f"<{self.around}>", rows, f"</{self.around}>\n"] if self.around else [rows]
        return joined(around).buffers()[2] or b""


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands in what in the documents of a schema."""

    root: str
    roots: tuple[Root, ...]
    tags: Tags

    @staticmethod
    def of(shape: Schema) -> Layout:
        """The layout of a schema's documents."""
        roots, over = [], {table.name: holder(table, shape) for table in shape.tables}
        for unit in units(shape):
            table = unit.sheets[0].table
            around = None if unit.path == tuple(steps(table)) else unit.path[-1]
            roots.append(Root(_nest(table, None, shape, over), unit.path[1:-1], around))
        return Layout(str(shape.dataset.form.root), tuple(roots), Tags())


def _nest(table: Table, above: Table | None, shape: Schema, over: dict[str, Table | None]) -> Nest:
    children = [other for other in shape.tables if (held := over[other.name]) and held.name == table.name]
    inside = [child for child in children if is_inside(child, table)]
    nests = {child.name: _nest(child, table, shape, over) for child in children}
    return Nest(
        table=table.name,
        element=None if is_bare(table) or table.within else steps(table)[-1],
        keys=tuple(hangs_by(table, above)) if above else (),
        wrap=tuple(wrapper(table, above)) if above else (),
        order=tuple(_order(table, inside, nests, top(table, shape))),
        beside=tuple(nests[child.name] for child in children if child not in inside),
        marks=tuple((child.marked_by, child.name) for child in inside if child.marked_by),
    )


def _order(
    table: Table, inside: list[Table], nests: dict[str, Nest], root: Table
) -> list[Nest | tuple[Field, ...]]:
    """What stands in an element, in the order the receivers' schema wants (as `xml_writer` puts it)."""
    above = shared(table, root)
    fields = [field for field in table.fields if field.only in {None, "xml"} and field.name not in above]
    placed = {child.name for child in inside}
    if not table.elements:
        told: list[Nest | tuple[Field, ...]] = [tuple(one for one in fields if one.after not in placed)]
        for child in inside:
            told += [nests[child.name], tuple(one for one in fields if one.after == child.name)]
        return told
    named = {field.name: field for field in fields}
    rest = [name for name in (*named, *placed) if name not in table.elements]
    every = [name for name in (*table.elements, *rest) if name in named or name in placed]
    return [nests[name] if name in placed else (named[name],) for name in every]


def write_document(one: Draft, folder: Path, layout: Layout | None = None) -> list[Path]:
    """Write a return's XML into `folder` (made when missing)."""
    from tre_toolkit.returns import write

    layout = layout or Layout.of(one.schema)
    try:
        whole = [_whole(root.nest, one, layout.tags) for root in layout.roots]
    except _Awkward:
        return write(one.finished(), folder, form="xml")
    path = folder / f"{one.empty.name}.xml"
    folder.mkdir(parents=True, exist_ok=True)
    with new_file(path) as part, part.open("wb") as out:
        out.write(f"<?xml version='1.0' encoding='UTF-8'?>\n<{layout.root}>\n".encode())
        open_now: tuple[str, ...] = ()
        for root, rows in zip(layout.roots, whole, strict=True):
            out.write(moves(open_now, root.above).encode())
            open_now = root.above
            out.write(root.text(rows))
        out.write(moves(open_now, ()).encode())
        out.write(f"</{layout.root}>\n".encode())
    return [path]


def add_children(one: Draft, path: Path, layout: Layout, container: str) -> bool:
    """Put a chunk's records below those that stand in the element `container` of a document; False where they are awkward."""
    try:
        whole = [
            (root, _whole(root.nest, one, layout.tags))
            for root in layout.roots
            if (layout.root, *root.above)[-1] == container
        ]
    except _Awkward:
        return False
    closing = f"</{container}>\n".encode()
    with path.open("rb+") as out:
        there = place_of(out, closing, last=True)
        out.seek(there)
        tail = out.read()
        out.seek(there)
        for root, rows in whole:
            out.write(root.text(rows))
        out.write(tail)
    return True


def _whole(nest: Nest, one: Draft, tags: Tags) -> Words:
    """Every row's element with all that stands inside it, and behind a root's what stands beside it."""
    rows = one.sheets[nest.table]
    parts: list[str | Words] = [f"<{nest.element}>"] if nest.element else []
    above: dict[tuple[str, ...], Words] = {}
    below = [part for part in nest.order if isinstance(part, Nest)]
    texts = {part.table: _below(part, rows, one, tags, above) for part in below}
    for part in nest.order:
        if isinstance(part, Nest):
            parts += _given(texts[part.table])
        else:
            parts += _elements(part, nest, rows, texts, tags)
    parts += [f"</{nest.element}>"] if nest.element else []
    for child in nest.beside:
        parts += _given(_below(child, rows, one, tags, above))
    return joined(parts, rows=len(rows))


def _given(text: Words | None) -> list[str | Words]:
    return [] if text is None else [or_nothing(text)]


def _below(
    child: Nest, rows: Sheet, one: Draft, tags: Tags, above: dict[tuple[str, ...], Words]
) -> Words | None:
    """For each row the text of the child rows below it, missing where there is none; None where there are none at all."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own = one.sheets[child.table]
    if not len(own):
        return None
    texts = _whole(child, one, tags)
    if child.keys:
        if child.keys not in above:
            above[child.keys] = _key(rows, child.keys)
            if pc.count_distinct(above[child.keys]).as_py() != len(rows):
                raise _Awkward
        count, order = _hung(_key(own, child.keys), above[child.keys])
        texts = texts if order is None else texts.take(pa.array(order))
    else:
        count = np.zeros(len(rows), dtype=np.int64)
        count[:1] = len(texts)
    if (count > 1).any() or len(texts) < len(rows):
        offsets = pa.array(np.concatenate([[0], np.cumsum(count)]))
        lists = pa.LargeListArray.from_arrays(offsets, texts)
        texts = pc.binary_join(lists, pa.scalar("", pa.large_string()))
    if child.wrap:
        opening = "".join(f"<{name}>" for name in child.wrap)
        texts = joined([opening, texts, "".join(f"</{name}>" for name in reversed(child.wrap))])
    return pc.if_else(pa.array(count > 0), texts, pa.scalar(None, pa.large_string()))


def _hung(own: Words, above: Words) -> tuple[Any, Any]:
    """How many of the own rows hang below each row above, and their order where it isn't that of the rows above."""
    import pyarrow.compute as pc

    place = pc.index_in(own, value_set=above)
    if place.null_count:
        raise _Awkward
    at = place.to_numpy().astype(np.int64)
    order = None
    if len(at) > 1 and (at[1:] < at[:-1]).any():
        order = np.argsort(at, kind="stable")
    return np.bincount(at, minlength=len(above)), order


def _key(sheet: Sheet, names: tuple[str, ...]) -> Words:
    columns = [or_nothing(sheet.words(name)) for name in names]
    return columns[0] if len(columns) == 1 else joined(columns, by="|")


def _elements(
    fields: tuple[Field, ...], nest: Nest, rows: Sheet, texts: dict[str, Words | None], tags: Tags
) -> list[str | Words]:
    """Some fields' elements; those under one group element are put into it together."""
    groups: dict[tuple[str, ...], list[str | Words]] = {}
    marks = dict(nest.marks)
    for field in fields:
        if field.repeats:
            return tags.around(field.name, rows.column(field.name), always=True)
        *group, name = (field.path or field.name).split("/")
        cells = rows.column(field.name)
        if field.name in marks:
            cells = _mark(cells, texts[marks[field.name]])
        told = groups.setdefault(tuple(group), [])
        if field.always or cells.null_count < len(cells):
            told += tags.around(name, cells, always=field.always)
    made: list[str | Words] = []
    for around, some in groups.items():
        made += ["".join(f"<{name}>" for name in around), *some]
        made.append("".join(f"</{name}>" for name in reversed(around)))
    return [part for part in made if not isinstance(part, str) or part]


def _mark(cells: Words, there: Words | None) -> Words:
    """A mark nobody wrote follows from whether the marked row is there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from synth.columns import plain

    said = pa.repeat("0", len(cells)) if there is None else pc.if_else(pc.is_valid(there), "1", "0")
    return pc.coalesce(plain(cells).cast(pa.string()), said.cast(pa.string()))
