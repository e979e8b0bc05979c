"""Records as they are kept in life: typing errors, swapped dates, missing and temporary numbers, and the truth.

A profile says how often each thing happens in a child's record of one return. Which columns it touches the
catalogue says (a column's token is what it holds), so that any dataset can be made messy. Every change is
written down with what stood there before: `undo` gives the clean tables back, cell for cell.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synth import letters, names
from synth.draw import Draws, Index, Ints
from synth.records import BORN, POSTCODE, UPN
from tre_toolkit.errors import MisuseError
from tre_toolkit.schema import Field, Schema, Table

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

PROFILES = Path(__file__).parent / "data" / "mess.toml"
VARIANTS = PROFILES.with_name("variants.toml")
CLEAN = "none"
TWICE, SECOND = "duplicated", "B"  # what a second record is called, and what its number ends with
COLUMNS = ("table", "row_no", "column", "kind", "clean", "messy")


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that goes wrong: which token's columns, and how words become other words."""

    token: str
    change: Callable[[Draws, str, Index, Words, Field], Words]


Words = NDArray[np.object_]


@cache
def profile(name: str) -> dict[str, float]:
    """The rates of a profile. Raises MisuseError for one that isn't there."""
    known = tomllib.loads(PROFILES.read_text(encoding="utf-8"))
    if name not in known:
        raise MisuseError(
            f"there is no profile of messiness called {name}", hint=f"choose from {CLEAN}, {', '.join(known)}"
        )
    return {kind: rate for kind, rate in known[name].items() if kind != "source"}


def messy(
    tables: Mapping[str, pd.DataFrame],
    shape: Schema,
    whose: Callable[[str, pd.Series[str]], Index],
    *,
    draws: Draws,
    rates: Mapping[str, float],
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The tables with what the profile does to them, and every change: table, row_no, column, kind, clean, messy.

    `whose` gives the persons behind a table's person column. The same child has the same error in all tables
    of the return.
    """
    import pandas as pd

    made, changes = dict(tables), [pd.DataFrame(columns=list(COLUMNS))]
    for table in shape.tables:
        if table.person not in table.columns or not len(made[table.name]):
            continue
        who = whose(table.name, made[table.name][table.person])
        for name, rate in rates.items():
            if name in KINDS:
                made[table.name], done = _change(made[table.name], table, name, rate, who, draws, shape)
                changes.append(done)
        if table.name in shape.dataset.person_tables and rates.get(TWICE):
            made[table.name], done, places = _twice(made[table.name], table, rates[TWICE], who, draws, shape)
            for one in changes:
                here = one["table"] == table.name
                one.loc[here, "row_no"] = places[one.loc[here, "row_no"].to_numpy(dtype=np.int64)]
            changes.append(done)
    return made, pd.concat([one for one in changes if len(one)] or changes[:1], ignore_index=True)


def _change(
    frame: pd.DataFrame, table: Table, name: str, rate: float, who: Index, draws: Draws, shape: Schema
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One kind of error in all columns of its token."""
    import pandas as pd

    kind, logs = KINDS[name], []
    struck = draws.chance(f"{shape.name} {shape.year} {shape.term} {name}", who, rate)
    for field in table.fields:
        if _holds(field, shape) != kind.token or field.name == table.person or not struck.any():
            continue
        rows = np.flatnonzero(struck & frame[field.name].notna().to_numpy())
        if not len(rows):
            continue
        before = frame[field.name].to_numpy(dtype=object)[rows]
        after = kind.change(
            draws, f"{shape.name} {shape.year} {name}", who[rows], before, _dated(field, shape)
        )
        differs = np.array([one != other for one, other in zip(before, after, strict=True)], dtype=bool)
        rows, before, after = rows[differs], before[differs], after[differs]
        if not len(rows):
            continue
        column = frame[field.name].to_numpy(dtype=object).copy()
        column[rows] = after
        frame = frame.assign(**{field.name: pd.Series(column, index=frame.index, dtype="str")})
        log = {"table": table.name, "row_no": frame["row_no"].to_numpy()[rows], "column": field.name,
               "kind": name, "clean": before, "messy": after}  # fmt: skip
        logs.append(pd.DataFrame(log))
    return frame, pd.concat(logs, ignore_index=True) if logs else pd.DataFrame(columns=list(COLUMNS))


def _holds(field: Field, shape: Schema) -> str | None:
    """What a column holds: its own token, or that of the column of the same name where the identifiers stand."""
    about = [
        shape.table(name)
        for name in shape.dataset.person_tables
        if name in {one.name for one in shape.tables}
    ]
    same = (one.token for table in about for one in table.fields if one.name == field.name and one.token)
    return field.token or next(same, None)


def _twice(
    frame: pd.DataFrame, table: Table, rate: float, who: Index, draws: Draws, shape: Schema
) -> tuple[pd.DataFrame, pd.DataFrame, Ints]:
    """Some children stand there twice, the second time under another number, right behind the first.

    Gives back the frame, the changes, and where each row of the frame has gone.
    """
    import pandas as pd

    column, places = str(table.person), np.arange(len(frame))
    struck = draws.chance(f"{shape.name} {shape.year} {shape.term} {TWICE}", who, rate)
    struck &= frame[column].notna().to_numpy()
    if not struck.any() or any(one.name == column and one.token == UPN for one in table.fields):
        return frame, pd.DataFrame(columns=list(COLUMNS)), places
    order = np.repeat(places, 1 + struck)
    second = np.concatenate([[False], order[1:] == order[:-1]])
    made = frame.iloc[order].reset_index(drop=True)
    clean = made[column][second]
    made[column] = made[column].where(~second, made[column] + SECOND)
    made["row_no"] = np.arange(len(made), dtype=np.int64)
    log = {"table": table.name, "row_no": np.flatnonzero(second), "column": column, "kind": TWICE,
           "clean": clean.to_numpy(dtype=object), "messy": made[column][second].to_numpy(dtype=object)}  # fmt: skip
    return made, pd.DataFrame(log), np.flatnonzero(~second)


def undo(tables: Mapping[str, pd.DataFrame], changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The clean tables, from the messy ones and the changes."""
    import pandas as pd

    made = dict(tables)
    added = changes[changes["kind"] == TWICE]
    changes = changes[changes["kind"] != TWICE]
    for row_set in [part for _, part in changes.iloc[::-1].groupby(["table", "column"], sort=False)]:
        table, column = row_set["table"].iloc[0], row_set["column"].iloc[0]
        words = made[table][column].to_numpy(dtype=object).copy()
        first = row_set.drop_duplicates("row_no", keep="last")  # the earliest change saw the clean word
        words[first["row_no"].to_numpy(dtype=np.int64)] = first["clean"].to_numpy(dtype=object)
        made[table] = made[table].assign(**{column: pd.Series(words, index=made[table].index, dtype="str")})
    for table, rows in added.groupby("table"):
        frame = made[str(table)]
        kept = frame[~frame["row_no"].isin(rows["row_no"])].reset_index(drop=True)
        made[str(table)] = kept.assign(row_no=np.arange(len(kept), dtype=np.int64))
    return made


def second_records(changes: pd.DataFrame) -> pd.DataFrame:
    """The children who stand there twice: table, clean (their number) and messy (the second one)."""
    return changes[changes["kind"] == TWICE]


def told(one: Return, changes: pd.DataFrame) -> Any:
    """The changes as an Arrow table that says of which return they are."""
    import pyarrow as pa

    facts = {"authority": one.authority, "dataset": one.dataset, "period": one.period}
    about = {name: pa.array([value] * len(changes), pa.string()) for name, value in facts.items()}
    kinds = {name: pa.int64() if name == "row_no" else pa.string() for name in COLUMNS}
    return pa.table(about | {name: pa.array(changes[name].tolist(), kinds[name]) for name in COLUMNS})


def _dated(field: Field, shape: Schema) -> Field:
    """The field, with the style its dates are written in as its format."""
    return (
        field.model_copy(update={"format": shape.dataset.form.date_formats[0]})
        if field.type == "date"
        else field
    )


def _typo(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    return letters.typo(draws, stream, who, words)


def _plain(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    return letters.plain(words)


def _initial(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    return words.astype("U1").astype(object)


def _joined(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    return np.char.replace(np.char.replace(words.astype(str), "-", " "), "'", "").astype(object)


def _variant(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    """Another spelling or short form of the same name, where one is known."""
    known = variants()
    others = [known.get(word.title(), (word,)) for word in words.tolist()]
    turn = draws.words(stream, who).tolist()
    return np.array([some[at % len(some)] for some, at in zip(others, turn, strict=True)], dtype=object)


@cache
def variants() -> dict[str, tuple[str, ...]]:
    """The other forms of each given name."""
    groups = tomllib.loads(VARIANTS.read_text(encoding="utf-8"))["groups"]
    return {name: tuple(one for one in group if one != name) for group in groups for name in group}


def _other_surname(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    pool = np.array(names.pool().all, dtype=object)
    group = np.zeros(len(who), dtype=np.int64)
    return pool[names.pool().pick(draws, stream, who, kind="surname", group=group)]


def _date_part(change: Callable[[Draws, str, Index, NDArray[Any]], NDArray[Any]]) -> Callable[..., Words]:
    """An error in a date: done to (year, month, day), then kept only where a date comes out."""

    def changed(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
        style = field.format or "%Y-%m-%d"
        parts = letters.split_dates(words, style)
        return letters.join_dates(change(draws, stream, who, parts), words, style)

    return changed


def _day(draws: Draws, stream: str, who: Index, parts: Ints) -> Ints:
    return np.column_stack([parts[:, 0], parts[:, 1], draws.between(stream, who, 1, 28)])


def _month(draws: Draws, stream: str, who: Index, parts: Ints) -> Ints:
    return np.column_stack([parts[:, 0], draws.between(stream, who, 1, 12), parts[:, 2]])


def _year(draws: Draws, stream: str, who: Index, parts: Ints) -> Ints:
    step = np.where(draws.chance(stream, who, 0.5), 1, -1)
    return np.column_stack(
        [parts[:, 0] - np.abs(step) * (step > 0) - (step < 0) * 10, parts[:, 1], parts[:, 2]]
    )


def _swap(draws: Draws, stream: str, who: Index, parts: Ints) -> Ints:
    return parts[:, [0, 2, 1]]


def _january(draws: Draws, stream: str, who: Index, parts: Ints) -> Ints:
    return np.column_stack(
        [parts[:, 0], np.ones(len(parts), dtype=np.int64), np.ones(len(parts), dtype=np.int64)]
    )


def _placeholder(draws: Draws, stream: str, who: Index, parts: Ints) -> Ints:
    """What a system that must have a date is given: 1 January 1900."""
    return np.tile(np.array([1900, 1, 1]), (len(parts), 1))


def _flip(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    other = {"M": "F", "F": "M", "1": "2", "2": "1", "a) Male": "b) Female", "b) Female": "a) Male"}
    return np.array([other.get(word, word) for word in words.tolist()], dtype=object)


def _other_post(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    from synth.ids import postcodes

    return postcodes(draws.words(stream, who)).astype(str).astype(object)


def _nothing(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    return np.full(len(words), None, dtype=object)


def _temporary(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    """A school that doesn't know the number makes up a temporary one, which ends in a letter."""
    return letters.temporary_upns(draws, stream, who, words)


def _wrong_digit(draws: Draws, stream: str, who: Index, words: Words, field: Field) -> Words:
    return letters.wrong_digit(draws, stream, who, words)


KINDS: dict[str, Kind] = {
    "given_typo": Kind("given", _typo),
    "given_plain": Kind("given", _plain),
    "given_initial": Kind("given", _initial),
    "given_variant": Kind("given", _variant),
    "surname_typo": Kind("surname", _typo),
    "surname_plain": Kind("surname", _plain),
    "surname_joined": Kind("surname", _joined),
    "surname_former": Kind("surname", _other_surname),
    "birth_day": Kind(BORN, _date_part(_day)),
    "birth_month": Kind(BORN, _date_part(_month)),
    "birth_year": Kind(BORN, _date_part(_year)),
    "birth_swapped": Kind(BORN, _date_part(_swap)),
    "birth_first_of_january": Kind(BORN, _date_part(_january)),
    "birth_placeholder": Kind(BORN, _date_part(_placeholder)),
    "sex_flipped": Kind("sex", _flip),
    "postcode_changed": Kind(POSTCODE, _other_post),
    "postcode_missing": Kind(POSTCODE, _nothing),
    "upn_missing": Kind(UPN, _nothing),
    "upn_temporary": Kind(UPN, _temporary),
    "upn_wrong": Kind(UPN, _wrong_digit),
}
