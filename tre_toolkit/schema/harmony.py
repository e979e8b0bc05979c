"""Years and authorities made comparable: older codes moved forward, rows sent twice merged, areas that last.

What is moved, rolled up and merged stands in each dataset's `harmonise.toml`; which authorities became which
stands in `common/areas.csv`, and how ethnic groups of the datasets meet in `common/crosswalks/ethnicity.csv`.
Nothing is guessed: what has no one successor stays as it was and is counted in the report.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Declared

from tre_toolkit.errors import TreError
from tre_toolkit.schema.load import CATALOGUE, COMMON, dataset, folder_of, read_toml
from tre_toolkit.schema.model import Dataset

if TYPE_CHECKING:
    import pandas as pd

Frames = Mapping[str, "pd.DataFrame"]
Years = Literal["latest", "comparable"]
Groups = Literal[18, 5, "census2021"]
GROUPS: dict[int | str, str] = {18: "eighteen", 5: "five", "census2021": "census2021"}
PERSON, PERIOD, AUTHORITY = "person_id", "period", "authority"  # the columns of a workspace's tables
AREA, NOW = "area", "authority_now"


class Change(BaseModel):
    """Values of one column that become others: older ones today's, or finer ones the coarser they replaced."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    """The table it is about."""
    column: str
    """The column whose values change."""
    into: str | None = None
    """The column that took its place, where it was renamed."""
    codes: dict[str, str]
    """Each old value and the new one."""
    note: str = ""
    """Why, for the report."""


class Merge(BaseModel):
    """Columns by which a row of one person is known again when a later return holds it, too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    """The table whose rows are sent again."""
    on: tuple[str, ...] = Declared(min_length=1)
    """Its own columns, or columns of a table above it, which are brought down."""
    note: str = ""
    """Why, for the report."""


class Plan(BaseModel):
    """How the years of a dataset are made comparable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    carry: tuple[Change, ...] = ()
    """Older codes that mean the same as one of today's."""
    fold: tuple[Change, ...] = ()
    """Today's finer codes and the older, coarser one they replaced."""
    merge: tuple[Merge, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done or couldn't be, and to how many rows; never a value of a person."""

    table: str
    column: str
    what: Literal["mapped", "rolled up", "not mapped", "merged", "not merged", "placed", "not placed"]
    rows: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Harmonised:
    """Comparable tables, and what was done to make them so."""

    tables: dict[str, pd.DataFrame]
    report: tuple[Line, ...]


@cache
def plan(name: str, *more: Path) -> Plan:
    """How the years of a dataset are made comparable; empty where the catalogue says nothing."""
    path = folder_of(name, *more) / "harmonise.toml"
    try:
        return Plan.model_validate(read_toml(path)) if path.is_file() else Plan()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        spot = ".".join(map(str, first["loc"]))
        raise TreError(f"{spot}: {first['msg'].lower()}", where=str(path)) from None


def areas() -> dict[str, tuple[str, ...]]:
    """Areas whose authorities changed, by the code of the oldest, with every authority that was ever of them."""
    found: dict[str, tuple[str, ...]] = {}
    for row in _areas():
        found[row["area"]] = (*found.get(row["area"], ()), row["authority"])
    return found


def ethnic_groups(values: pd.Series[Any], scheme: str, groups: Groups) -> pd.Series[Any]:
    """Ethnic groups of a scheme as the 18 of the returns, the 5 published ones or the census's; else missing.

    `scheme` is a code list (`common:ethnicity`, `school_census:ethnicity_extended`, `echild:ethnos`,
    `annex_a:ethnicity`) or `census2021`. Raises TreError for one the catalogue has no crosswalk for.
    """
    column = GROUPS[groups]
    mapped = {row["value"]: row[column] for row in _ethnicity() if row["scheme"] == scheme and row[column]}
    if not any(row["scheme"] == scheme for row in _ethnicity()):
        known = ", ".join(dict.fromkeys(row["scheme"] for row in _ethnicity()))
        raise TreError("the catalogue has no crosswalk for this scheme", where=scheme, hint=f"it has {known}")
    return _text(values.map(mapped))


def harmonise(
    tables: Frames, name: str, *, years: Years = "latest", ethnicity: Groups | None = None
) -> Harmonised:
    """Make the tables of a dataset, all years one under the other, comparable.

    `tables` are frames as in a workspace (`person_id`, `authority`, `period`, then the return's own columns).
    `years="latest"` moves older codes forward; `"comparable"` rolls today's finer codes up to older ones, too, so
    that all years speak one language. `ethnicity` makes ethnic groups the 18, the 5 or the census's. Rows a later return sends again
    are merged, the later winning. Frames come out new; those given are left as they are.
    """
    known, rules = dataset(name), plan(name)
    lines: list[Line] = []
    done = {table: frame.copy() for table, frame in tables.items()}
    for change in rules.carry:
        if change.table in done:
            done[change.table] = _carried(done[change.table], change, lines)
    for change in rules.fold:
        if change.table in done:
            done[change.table] = _folded(done[change.table], change, known, years, lines)
    if ethnicity is not None:
        for table, frame in done.items():
            done[table] = _grouped(frame, known, table, ethnicity, lines)
    _place(done, lines)
    done = _merged(done, rules.merge, known, lines)
    return Harmonised(done, tuple(line for line in lines if line.rows))


def _text(values: pd.Series) -> pd.Series:
    """As text whose blanks are missing, on every pandas (2.3's own `str` would write them as "nan")."""
    import pandas as pd

    return values.astype(pd.StringDtype(na_value=float("nan")))


def _carried(frame: pd.DataFrame, change: Change, lines: list[Line]) -> pd.DataFrame:
    """Older codes as today's; a renamed column goes where its successor is blank, and is gone then."""
    if change.column not in frame:
        return frame
    old = _text(frame[change.column])
    new = _text(old.map(change.codes))
    if change.into is None:
        lines.append(Line(change.table, change.column, "mapped", int(new.notna().sum()), change.note))
        return frame.assign(**{change.column: new.where(new.notna(), old)})
    there = _text(frame[change.into]) if change.into in frame else new.where(new.isna() & new.notna())
    open_ = there.isna() & old.notna()
    lines += [
        Line(change.table, change.column, "mapped", int((open_ & new.notna()).sum()), change.note),
        Line(change.table, change.column, "not mapped", int((open_ & new.isna()).sum()), "no such code"),
    ]
    return frame.assign(**{change.into: there.where(there.notna(), new)}).drop(columns=change.column)


def _folded(
    frame: pd.DataFrame, change: Change, known: Dataset, years: Years, lines: list[Line]
) -> pd.DataFrame:
    """Finer codes rolled up where all years shall compare; else the coarser ones of old are counted as not mapped."""
    if change.column not in frame:
        return frame
    values = _text(frame[change.column])
    if years == "comparable":
        coarse = _text(values.map(change.codes))
        lines.append(Line(change.table, change.column, "rolled up", int(coarse.notna().sum()), change.note))
        return frame.assign(**{change.column: coarse.where(coarse.notna(), values)})
    field = next(one for one in _fields(known, change.table) if one.name == change.column)
    today = known.code_lists[field.codes or ""].at(known.latest)
    gone = [code for code in dict.fromkeys(change.codes.values()) if code not in today]
    lines.append(Line(change.table, change.column, "not mapped", int(values.isin(gone).sum()), change.note))
    return frame


def _grouped(
    frame: pd.DataFrame, known: Dataset, table: str, groups: Groups, lines: list[Line]
) -> pd.DataFrame:
    schemes = {row["scheme"] for row in _ethnicity()}
    for field in _fields(known, table):
        listed = field.codes or ""
        scheme = listed if ":" in listed else f"{known.name}:{listed}"
        if field.name not in frame or scheme not in schemes:
            continue
        old = _text(frame[field.name])
        new = ethnic_groups(old, scheme, groups)
        lines += [
            Line(
                table,
                field.name,
                "mapped",
                int(new.notna().sum()),
                f"to {'the census' if groups == 'census2021' else groups} groups",
            ),
            Line(table, field.name, "not mapped", int((new.isna() & old.notna()).sum()), "no one group"),
        ]
        frame = frame.assign(**{field.name: new})
    return frame


def _place(tables: dict[str, pd.DataFrame], lines: list[Line]) -> None:
    """Add the area that lasts and, where a person was seen in one successor only, the authority it is now."""
    import pandas as pd

    area = {row["authority"]: row["area"] for row in _areas()}
    ended = {row["authority"] for row in _areas() if row["to"]}
    placed = {table: frame for table, frame in tables.items() if AUTHORITY in frame}
    later = [
        frame.loc[frame[AUTHORITY].isin(area.keys() - ended), [PERSON, AUTHORITY]]
        for frame in placed.values()
        if PERSON in frame
    ]
    seen = pd.concat(later).dropna().drop_duplicates() if later else pd.DataFrame({PERSON: [], AUTHORITY: []})
    seen = seen.assign(**{AREA: seen[AUTHORITY].map(area)}).drop_duplicates([PERSON, AREA], keep=False)
    successor = seen.rename(columns={AUTHORITY: NOW})[[PERSON, AREA, NOW]]
    for table, frame in placed.items():
        here = _text(frame[AUTHORITY])
        told = frame.assign(**{AREA: here.map(area).fillna(here), NOW: here.mask(here.isin(ended))})
        was = told[AUTHORITY].isin(ended)
        if PERSON in told and len(successor):
            found = told[[PERSON, AREA]].merge(successor, on=[PERSON, AREA], how="left")[NOW]
            told[NOW] = told[NOW].fillna(pd.Series(found.to_numpy(), index=told.index, dtype="str"))
        now = was & told[NOW].notna()
        lines += [
            Line(table, AUTHORITY, "placed", int(now.sum()), "seen later in one successor of the authority"),
            Line(
                table,
                AUTHORITY,
                "not placed",
                int((was & ~now).sum()),
                "the authority has several successors",
            ),
        ]
        tables[table] = told


def _merged(
    tables: dict[str, pd.DataFrame], merges: tuple[Merge, ...], known: Dataset, lines: list[Line]
) -> dict[str, pd.DataFrame]:
    """Each row once, from the latest return that holds it; numbers that are good inside one return only are gone."""
    done = dict(tables)
    counters = [table.counter for table in known.tables if table.counter]
    for merge in merges:
        frame = tables.get(merge.table)
        if frame is None:
            continue
        if not {PERSON, PERIOD} <= set(frame.columns):
            lines.append(Line(merge.table, "", "not merged", len(frame), "it has no person_id or no period"))
            continue
        for column in merge.on:
            if column not in frame:
                frame = _brought_down(frame, tables, known, merge.table, column)
        keys = [PERSON, *([AREA] if AREA in frame else []), *merge.on]
        if not set(keys) <= set(frame.columns):
            lines.append(Line(merge.table, "", "not merged", len(frame), "a column of its key is missing"))
            continue
        period = _text(frame[PERIOD])
        rank = period.map({value: at for at, value in enumerate(sorted(period.dropna().unique()))})
        last = rank.groupby([frame[key] for key in keys], dropna=False, sort=False).transform("max")
        keep = (rank == last) | frame[keys].isna().any(axis=1)
        lines.append(Line(merge.table, "", "merged", int((~keep).sum()), merge.note))
        done[merge.table] = frame[keep].drop(columns=[name for name in counters if name in frame])
    return done


def _brought_down(
    frame: pd.DataFrame, tables: Frames, known: Dataset, table: str, column: str
) -> pd.DataFrame:
    """A column of the nearest table above, by the keys both hold inside one return; unchanged when there is none."""
    parents = {one.name: one.parent for one in known.tables}
    above = parents[table]
    while above is not None and column not in tables.get(above, ()):
        above = parents[above]
    if above is None:
        return frame
    upper = tables[above]
    inherited = next(one for one in known.tables if one.name == above)
    own = [*inherited.inherits, *([inherited.counter] if inherited.counter else [])]
    keys = [name for name in (PERSON, AUTHORITY, PERIOD, *own) if name in upper and name in frame]
    brought = frame[keys].merge(upper[[*keys, column]].drop_duplicates(keys), on=keys, how="left")[column]
    return frame.assign(**{column: brought.to_numpy()})


def _fields(known: Dataset, table: str) -> Iterator[Any]:
    return (field for one in known.tables if one.name == table for field in one.fields)


@cache
def _areas() -> tuple[dict[str, str], ...]:
    return _rows(CATALOGUE / COMMON / "areas.csv")


@cache
def _ethnicity() -> tuple[dict[str, str], ...]:
    return _rows(CATALOGUE / COMMON / "crosswalks" / "ethnicity.csv")


def _rows(path: Path) -> tuple[dict[str, str], ...]:
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
