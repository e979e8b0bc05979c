"""A child as one thing: the whole history as a number, or one flat row, so that all tables are attacked together.

Every published tool attacks one table. A child's record is many: what is told of a child in all of them is put
together here, once as a number that stands for every cell (to find copies), once as a row (for attacks that look for
the nearest).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from synth.draw import Floats, Index, Ints
from tre_toolkit.schema import Schema, Table

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
IDENTIFYING = ("direct_id", "linkage_id")
FIRST = 3  # rows of each table that a flat child shows


def telling(table: Table) -> list[str]:
    """Columns that tell of the child: no identifiers, no counters."""
    return [
        one.name
        for one in table.fields
        if not any(role in IDENTIFYING for role in one.role) and one.token is None
    ]


def own_tables(shape: Schema) -> tuple[str, ...]:
    """The tables where the child itself stands; all others tell what happened to it."""
    about = shape.dataset.person_tables or tuple(table.name for table in shape.tables if table.person)[:1]
    return about


def histories(tables: Tables, shape: Schema, *, whole: bool = True) -> tuple[Index, Ints]:
    """For each child a number that stands for all cells of all its rows but the identifiers, and how many are filled.

    With `whole` False the child's own table is left out: a history that was given to another child is found.
    """
    import pandas as pd

    parts = []
    for at, table in enumerate(shape.tables):
        frame = tables[table.name]
        if not table.person or table.person not in frame.columns or not len(frame):
            continue
        told = [name for name in telling(table) if name in frame.columns]
        if not told or (not whole and table.name in own_tables(shape)):
            continue
        number = _row_numbers(frame, told) ^ np.uint64((at + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1)
        filled = frame[told].notna().sum(axis=1).to_numpy()
        parts.append(
            pd.DataFrame({"child": frame[table.person], "number": number.astype(np.int64), "filled": filled})
        )
    if not parts:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    rows = pd.concat(parts, ignore_index=True).dropna(subset=["child"])
    grouped = rows.groupby(pd.factorize(rows["child"])[0])  # sums wrap, whatever the order of the rows
    return grouped["number"].sum().to_numpy().astype(np.uint64), grouped["filled"].sum().to_numpy(np.int64)


def _row_numbers(frame: pd.DataFrame, columns: Sequence[str]) -> Index:
    """A number for the cells of each row; the distinct cells of a column are hashed once."""
    import pandas as pd

    from synth.draw import scramble

    made = np.zeros(len(frame), dtype=np.uint64)
    for name in columns:
        codes, words = pd.factorize(frame[name])
        each = pd.util.hash_array(np.asarray(words, dtype=object)).astype(np.uint64)
        each = np.append(each, np.uint64(0x5851F42D4C957F2D))  # the missing one, at place -1
        made = scramble(made * np.uint64(0x9E3779B97F4A7C15) + each[codes])
    return made


def flat(tables: Tables, shape: Schema) -> pd.DataFrame:
    """One row a child: its own table, the first rows of every other, and row counts."""
    import pandas as pd

    first = shape.table(own_tables(shape)[0])
    base = tables[first.name].drop_duplicates(first.person).set_index(first.person)
    parts = [base[[name for name in telling(first) if name in base.columns]].add_prefix(f"{first.name}.")]
    for table in shape.tables:
        frame = tables[table.name]
        if table.name == first.name or not table.person or table.person not in frame.columns:
            continue
        told = [name for name in telling(table) if name in frame.columns]
        turn = frame.groupby(table.person).cumcount()
        for at in range(FIRST if told else 0):
            rows = frame[turn == at].set_index(table.person)[told]
            again = f" {at + 1}" if at else ""
            parts.append(rows.reindex(base.index).add_prefix(f"{table.name}.").add_suffix(again))
        counts = frame[table.person].value_counts().reindex(base.index, fill_value=0)
        parts.append(counts.clip(upper=5).rename(f"{table.name} rows").to_frame())
    made: pd.DataFrame = pd.concat(parts, axis=1)
    return made


def encoded(flats: Sequence[pd.DataFrame], shape: Schema) -> tuple[list[str], list[Floats], Ints]:
    """The flat rows as numbers of one coding: names, a matrix for each set, and which columns are quantities.

    Codes become places (a difference is a difference), days and numbers become shares of their range (0 to 1).
    """
    import pandas as pd

    kinds = {f"{table.name}.{field.name}": field.type for table in shape.tables for field in table.fields}
    names, columns, quantities = list[str](), list[list[Floats]](), list[bool]()
    for name in flats[0].columns:
        if not all(name in one.columns for one in flats):
            continue
        kind = kinds.get(_base(name), "integer" if name.endswith(" rows") else "code")
        every = pd.concat([one[name] for one in flats], ignore_index=True)
        quantity = kind in ("date", "datetime", "integer", "decimal")
        made = _share_of_range(every, shape, kind) if quantity else pd.factorize(every)[0].astype(np.float64)
        if len(np.unique(made)) < 2:
            continue
        ends = np.cumsum([len(one) for one in flats])[:-1]
        columns.append([part.astype(np.float32) for part in np.split(made, ends)])
        names.append(name)
        quantities.append(quantity)
    matrices = [
        np.column_stack([parts[at] for parts in columns]) if columns else np.zeros((len(one), 0))
        for at, one in enumerate(flats)
    ]
    return names, matrices, np.array(quantities, dtype=np.int64)


def _base(name: str) -> str:
    """`episodes.DEC 2` is the column `episodes.DEC`."""
    head, _, tail = name.rpartition(" ")
    return head if tail.isdigit() and head else name


def _share_of_range(cells: pd.Series[str], shape: Schema, kind: str) -> Floats:
    """Numbers or days as shares of their range; missing is -1, as far from everything as can be."""
    import pandas as pd

    if kind in ("date", "datetime"):
        value = np.full(len(cells), np.nan)
        for style in shape.dataset.form.date_formats:
            read = pd.to_datetime(cells, format=style, errors="coerce")
            known = read.notna().to_numpy() & np.isnan(value)
            value[known] = read.to_numpy(dtype="M8[D]")[known].astype(np.float64)
    else:
        value = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isnan(value).all():
        return np.full(len(cells), -1.0)
    low, high = np.nanmin(value), np.nanmax(value)
    return np.where(np.isnan(value), -1.0, (value - low) / max(high - low, 1e-9))


def key_columns(shape: Schema) -> list[str]:
    """What somebody may know of a child: the quasi-identifying codes."""
    return [f"{t.name}.{f.name}" for t in shape.tables for f in t.fields
            if "quasi_id" in f.role and f.type in ("code", "bool", "integer") and not any(r in IDENTIFYING for r in f.role)]  # fmt: skip


def secret_columns(shape: Schema) -> list[str]:
    """What somebody would like to know: the sensitive codes that aren't keys."""
    return [f"{t.name}.{f.name}" for t in shape.tables for f in t.fields
            if "sensitive" in f.role and "quasi_id" not in f.role and f.type in ("code", "bool")]  # fmt: skip
