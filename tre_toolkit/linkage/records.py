"""The records to be linked: token tables of all parcels, one under the other, as plain arrays.

A token table is one return of one authority and period: a row for each child. Inside the linkage
zone a token is cut to 64 bits and held as an int64 (0 where there is none): equality is all that is
ever asked of it, and among ten million tokens of one kind the odds of any chance meeting are 3 in a million.
Columns are known by the parts their token is made of ("given+birth_date"), never by a dataset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.linkage.room import Room

Codes = npt.NDArray[np.int64]
NONE = 0  # the code of a token that isn't there
WIDTH = 16  # bytes of a token
PARTS = [
    "local_id",
    "number",
    "alias",
    "alias2",
    "alias3",
    "alias4",
    "alias5",
    "alias6",
    "mother_id",
    "upn",
    "upn_temp",
    "former_upn",
    "upn_any",
    "nhs",
    "nhs_any",
    "uln",
    "given",
    "given_joined",
    "given_sound",
    "given_first3",
    "given_initial",
    "middle",
    "surname",
    "surname_part1",
    "surname_part2",
    "surname_sound",
    "surname_first3",
    "names_sorted",
    "sex",
    "birth_date",
    "birth_ym",
    "birth_md",
    "birth_yd",
    "birth_swap",
    "birth_year",
    "delivery_date",
    "delivery_before",
    "delivery_after",
    "mother_birth_date",
    "provider",
    "gestation",
    "baby_sex",
    "weight_band",
    "postcode",
    "postcode_sector",
    "postcode_district",
    "house",
    "uprn",
]
"""The words a token's parts are named by, in the order in which we write a column's name."""
_RANK = {part: at for at, part in enumerate(PARTS)}


@dataclass(frozen=True, slots=True)
class Column:
    """What a token column is made of; `listed` when each cell is a deletion list."""

    parts: tuple[str, ...]
    listed: bool = False


class Columns(Protocol):
    """What is asked of a table of tokens: an Arrow table, or one that reads a column when it is asked for it."""

    @property
    def column_names(self) -> list[str]: ...
    def column(self, name: str, /) -> pa.ChunkedArray: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TokenTable:
    """One return of one authority and period, as it came out of a parcel."""

    parcel: str
    authority: str
    dataset: str
    period: str
    tokens: Columns
    columns: Mapping[str, Column]

    @property
    def name(self) -> str:
        return f"{self.authority} {self.dataset} {self.period}"


@dataclass(frozen=True, slots=True)
class Lists:
    """A ragged column: the tokens of record i are `values[starts[i]:starts[i + 1]]`."""

    starts: Codes
    values: Codes


@dataclass(frozen=True, slots=True)
class Records:
    """All records, in an order of their own that doesn't depend on the order in which they came.

    `about` has the columns parcel, authority, dataset, period, record_id and source (a number for each
    table); `tokens` an array for each kind of token, as long as `about`; `lists` the deletion lists.
    """

    about: pd.DataFrame
    tokens: Mapping[str, Codes]
    lists: Mapping[str, Lists]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.about)

    @property
    def source(self) -> Codes:
        return self.about["source"].to_numpy()

    def of(self, parts: str) -> Codes:
        """The codes of one kind of token; all none where no table has it."""
        found = self.tokens.get(parts)
        return np.zeros(len(self), dtype=np.int64) if found is None else found

    def take(self, rows: Codes) -> Records:
        """Some of the records, in the order of `rows`."""
        return Records(
            self.about.iloc[rows].reset_index(drop=True),
            {name: codes[rows] for name, codes in self.tokens.items()},
            {name: _take_lists(found, rows) for name, found in self.lists.items()},
            self.sources,
        )


def kind(parts: Sequence[str]) -> str:
    """The name of a kind of token: its parts in their fixed order, "given+birth_date"."""
    return "+".join(sorted(parts, key=lambda part: _RANK.get(part, len(_RANK))))


def stack(tables: Sequence[TokenTable], *, room: Room | None = None) -> Records:
    """All tables as one set of records, in memory or where `room` puts them. Raises Problems for empty tables, repeated
    row ids, unreadable columns."""
    room = room or Room()
    problems = [problem for table in tables for problem in _problems(table)]
    if problems:
        raise Problems("these token tables can't be linked", problems)
    if not tables:
        raise TreError("there is no token table to link", hint="name a parcel that holds tokens")
    ordered = sorted(tables, key=lambda table: (table.authority, table.dataset, table.period, table.parcel))
    about = pd.concat([_about(table, number) for number, table in enumerate(ordered)], ignore_index=True)
    kinds, listed = _kinds(ordered, listed=False), _kinds(ordered, listed=True)
    sources = tuple(table.name for table in ordered)
    tokens = {name: room.put(np.concatenate([_codes_of(table, name) for table in ordered])) for name in kinds}
    rows = _own_order(Records(about, tokens, {}, sources))
    for name in kinds:  # one after the other, so that no more than one stands twice
        tokens[name] = room.put(tokens[name][rows])
    lists = {}
    for name in listed:
        found = _take_lists(_join_lists([_lists_of(table, name) for table in ordered]), rows)
        lists[name] = Lists(room.put(found.starts), room.put(found.values))
    return Records(about.iloc[rows].reset_index(drop=True), tokens, lists, sources)


def codes(column: pa.ChunkedArray | pa.Array) -> Codes:
    """Tokens of 16 bytes as int64 codes, `NONE` where there is none."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combine_chunks of no chunk at all
        return np.zeros(0, dtype=np.int64)
    if array.type != pa.binary(WIDTH):
        array = array.cast(pa.binary(WIDTH))
    raw = np.frombuffer(array.buffers()[1] or b"", dtype="<i8").reshape(-1, 2)
    first = raw[array.offset : array.offset + len(array), 0].copy()
    first[first == NONE] = 1
    if array.null_count:
        first[~np.asarray(array.is_valid())] = NONE
    return first


def mix(*columns: Codes) -> Codes:
    """One code for several: none where any of them is none (splitmix64's finaliser over each in turn)."""
    with np.errstate(over="ignore"):
        mixed = np.zeros(len(columns[0]), dtype=np.uint64)
        for column in columns:
            mixed = (mixed ^ column.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
    whole = np.logical_and.reduce([column != NONE for column in columns])
    return np.where(whole, np.where(mixed == 0, np.uint64(1), mixed).view(np.int64), NONE)


def text_codes(texts: Sequence[str]) -> Codes:
    """A code for each text, the same on every machine and in every run."""
    raw = b"".join(hashlib.sha256(text.encode()).digest()[:8] for text in texts)
    return np.frombuffer(raw, dtype="<i8").astype(np.int64)


def _about(table: TokenTable, number: int) -> pd.DataFrame:
    rows = len(table.tokens)
    return pd.DataFrame(
        {
            "parcel": np.repeat(table.parcel, rows),
            "authority": np.repeat(table.authority, rows),
            "dataset": np.repeat(table.dataset, rows),
            "period": np.repeat(table.period, rows),
            "record_id": table.tokens.column("record_id").to_numpy(),
            "source": np.full(rows, number, dtype=np.int64),
        }
    )


def _codes_of(table: TokenTable, wanted: str) -> Codes:
    name = _find(table, wanted, listed=False)
    return codes(table.tokens.column(name)) if name else np.zeros(len(table.tokens), dtype=np.int64)


def _lists_of(table: TokenTable, wanted: str) -> Lists:
    name = _find(table, wanted, listed=True)
    if name is None:
        return Lists(np.zeros(len(table.tokens) + 1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    column = table.tokens.column(name)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)
    return Lists(np.concatenate([[0], np.cumsum(lengths)]), codes(pc.list_flatten(column)))


def _find(table: TokenTable, wanted: str, *, listed: bool) -> str | None:
    for name, column in table.columns.items():
        if column.listed == listed and kind(column.parts) == wanted:
            return name
    return None


def _kinds(tables: Sequence[TokenTable], *, listed: bool) -> list[str]:
    return sorted(
        {kind(one.parts) for table in tables for one in table.columns.values() if one.listed == listed}
    )


def _join_lists(found: Sequence[Lists]) -> Lists:
    lengths = np.concatenate([np.diff(one.starts) for one in found])
    return Lists(np.concatenate([[0], np.cumsum(lengths)]), np.concatenate([one.values for one in found]))


def _take_lists(found: Lists, rows: Codes) -> Lists:
    lengths = np.diff(found.starts)[rows]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
    return Lists(starts, found.values[np.repeat(found.starts[:-1][rows], lengths) + within])


def _own_order(records: Records) -> Codes:
    """An order by source and content, so that the order of rows in a parcel can't matter."""
    signature = signatures(records)
    return np.lexsort((records.about["record_id"].to_numpy(), signature, records.source)).astype(np.int64)


def signatures(records: Records) -> Codes:
    """A code for each record made of all its tokens and its source's name, the same in every run."""
    mixed = mix(text_codes(records.sources)[records.source])
    for name in sorted(records.tokens):
        mixed = mix(mixed, np.where(records.tokens[name] == NONE, 7, records.tokens[name]))
    return mixed


def _problems(table: TokenTable) -> list[Problem]:
    where = Where(file=table.parcel, table=f"tokens/{table.dataset}/{table.period}")
    if "record_id" not in table.tokens.column_names:
        return [Problem("there is no record_id", where)]
    if len(table.tokens) == 0:
        return [
            Problem("the table is empty", where, "leave the return out, or ask the authority for it again")
        ]
    found = []
    ids = table.tokens.column("record_id")
    if ids.null_count or pc.count_distinct(ids).as_py() != len(ids):
        found.append(
            Problem("two rows carry the same record_id", where, "ask the authority for a fresh parcel")
        )
    for name, column in table.columns.items():
        at = Where(where.file, where.table, name)
        if name not in table.tokens.column_names:
            found.append(Problem("the manifest names a token column that isn't there", at))
        elif unknown := [part for part in column.parts if part not in _RANK]:
            found.append(Problem(f"made of parts this toolkit doesn't know: {', '.join(unknown)}", at))
    return found
