"""How much of a column stays: one small function for each fate.

Each takes the column as text and as typed, and the `Setting` of its table (whose row it is, the
per-child shift of dates, the controller's lookup of areas), and gives the column that leaves.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pseudonymise import birthdays, standardise
from pseudonymise.fates import DATES
from pseudonymise.keys import Key
from tre_toolkit.errors import TreError
from tre_toolkit.schema import Field

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from tre_toolkit.returns import Return

WEEK = 7  # whole weeks keep the day of the week, and so the count of working days


@dataclass(frozen=True, slots=True)
class Areas:
    """The controller's lookup: full postcode (no space) to the area that may leave, an LSOA or a region."""

    postcodes: pa.Array
    areas: pa.Array

    @classmethod
    def read(cls, path: Path) -> Areas:
        """A CSV file with the columns postcode and area. Raises TreError when it is none."""
        import pyarrow as pa
        from pyarrow import csv

        try:
            texts = csv.ConvertOptions(column_types={"postcode": pa.string(), "area": pa.string()})
            table = csv.read_csv(path, convert_options=texts)
            postcodes = standardise.postcode_parts(table["postcode"])["postcode"]
        except (FileNotFoundError, pa.ArrowInvalid, KeyError):
            raise TreError(
                "this is not a lookup of areas", where=str(path), hint="a CSV file: postcode,area"
            ) from None
        return cls(postcodes, table["area"].combine_chunks())


@dataclass(frozen=True, slots=True)
class Setting:
    """What the coarser forms of one table's columns need beside the values."""

    shift: np.ndarray
    """Days by which each row's dates move."""
    born: np.ndarray
    """Each row's child's birth date (datetime64[D]), missing where there is none or the row is about no child."""
    anchor: np.ndarray
    """The date from which each row's days are counted (datetime64[D])."""
    areas: Areas | None = None


def shifts(local_ids: pa.Array, key: Key, authority: str, weeks: int) -> np.ndarray:
    """Days by which each child's dates move: whole weeks up to `weeks` either way, never none.

    Keyed to the project and the child's own number, so it is the same in every table and every year;
    a child without a number gets a random one.
    """
    import numpy as np

    secret = key.derive("shift", str(weeks))
    values = standardise.local_ids(local_ids, authority).to_pylist()
    drawn = (
        secrets.token_bytes(8) if value is None else hmac.digest(secret, value.encode(), hashlib.sha256)[:8]
        for value in values
    )
    place = np.frombuffer(b"".join(drawn), ">u8") % np.uint64(2 * weeks)
    moved = place.astype(np.int64) - weeks
    return np.where(moved >= 0, moved + 1, moved) * WEEK


def anchors(returns: Sequence[Return], wanted: dict[str, str]) -> dict[str, pd.Series]:
    """For each dataset of `wanted` (to "table.column"), every child's earliest date there in any of the returns.

    A series of datetime64[s] by clean local number: the day from which that child's days are counted.
    """
    import pandas as pd

    from pseudonymise import rows
    from pseudonymise.people import clean_ids

    found: dict[str, list[pd.Series]] = {}
    for return_ in returns:
        name, _, column = wanted.get(return_.dataset, "").rpartition(".")
        table = next((one for one in return_.schema.tables if one.name == name), None)
        if table is None or table.person is None or name not in return_.tables:
            continue
        for chunk in rows.chunks(return_, name, [table.person, column]):
            days = rows.typed(return_, name, chunk)[column]
            ids = clean_ids(rows.text(chunk[table.person])).to_pandas()
            found.setdefault(return_.dataset, []).append(days.groupby(ids.to_numpy()).min())
    return {dataset: pd.concat(some).groupby(level=0).min() for dataset, some in found.items()}


def keep(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """All of it, as its type: date32, int64, double, bool or text; a date that a birthday decides without its day."""
    import pyarrow as pa

    if field.type not in DATES:
        return _typed(values, typed, field)
    days = birthdays.softened(typed.to_numpy("datetime64[D]"), setting.born)
    return pa.array(days, pa.date32())


def _typed(values: pa.Array, typed: pd.Series, field: Field) -> pa.Array:
    import pyarrow as pa

    kinds = {
        "date": pa.date32(),
        "datetime": pa.date32(),
        "integer": pa.int64(),
        "decimal": pa.float64(),
        "bool": pa.bool_(),
    }
    if field.type not in kinds:
        return values
    got = pa.array(typed, from_pandas=True)
    return (got.combine_chunks() if isinstance(got, pa.ChunkedArray) else got).cast(
        kinds[field.type], safe=False
    )


def month(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """The first day of a date's month."""
    import pyarrow.compute as pc

    return pc.cast(pc.floor_temporal(_typed(values, typed, field), unit="month"), "date32")


def year(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """A date's year, as a number."""
    import pyarrow.compute as pc

    return pc.year(_typed(values, typed, field))


def shifted(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """A date moved by its child's own number of weeks: durations stay, days don't."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    days = _typed(values, typed, field).cast(pa.int32())
    moved = pc.add(days, pa.array(setting.shift.astype(np.int32)))
    return moved.cast(pa.date32())


def days(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """The days from the child's anchor to a date, as a whole number; missing where the child has none."""
    import numpy as np
    import pyarrow as pa

    apart = typed.to_numpy("datetime64[D]") - setting.anchor
    return pa.array(apart.astype(np.int64), mask=np.isnat(apart))


def district(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """A postcode's district."""
    return standardise.postcode_parts(values)["postcode_district"]


def area(values: pa.Array, typed: pd.Series, field: Field, setting: Setting) -> pa.Array:
    """The area the controller's lookup names for a postcode; missing where it names none."""
    import pyarrow.compute as pc

    if setting.areas is None:
        raise TreError(
            "the plan wants areas in place of postcodes, and there is no lookup",
            hint="give one with --areas: a CSV file with the columns postcode and area",
        )
    postcodes = standardise.postcode_parts(values)["postcode"]
    place = pc.index_in(postcodes, setting.areas.postcodes, skip_nulls=True)
    return setting.areas.areas.take(place)


STAYS: dict[str, Callable[[pa.Array, pd.Series, Field, Setting], pa.Array]] = {
    "keep": keep,
    "month": month,
    "year": year,
    "shifted": shifted,
    "days": days,
    "district": district,
    "area": area,
}
