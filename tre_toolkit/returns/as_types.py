"""The tables of a return with dates, numbers and truths in them instead of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tre_toolkit.returns.model import EARLIEST, ROW_NO, TRUTHS, Return
from tre_toolkit.schema import Field

if TYPE_CHECKING:
    import pandas as pd


def typed(return_: Return) -> dict[str, pd.DataFrame]:
    """Each table with its dates as `datetime64[s]`, integers `Int64`, decimals `Float64`, bools `boolean`.

    What can't be read as its type is missing; codes and strings stay text; `row_no` stays as it is.
    """
    import pandas as pd

    schema = return_.schema
    formats = schema.dataset.form.date_formats
    frames = {}
    for name, frame in return_.tables.items():
        columns = {
            column: frame[column]
            if column == ROW_NO
            else column_as(frame[column], schema.column(name, column), formats)
            for column in frame.columns
        }
        frames[name] = pd.DataFrame(columns, index=frame.index)
    return frames


def column_as(cells: pd.Series, field: Field, formats: tuple[str, ...]) -> pd.Series:
    """One column as the catalogue's type of it; what can't be read is missing."""
    import pandas as pd

    match field.type:
        case "date" | "datetime":
            return dates(cells, formats, time=field.type == "datetime")
        case "integer":
            whole = pd.to_numeric(cells, errors="coerce")
            return whole.where(whole % 1 == 0).astype("Float64").astype("Int64")
        case "decimal":
            return pd.to_numeric(cells, errors="coerce").astype("Float64")
        case "bool":
            return cells.str.lower().map(TRUTHS).astype("boolean")
        case _:
            return cells


def dates(cells: pd.Series, formats: tuple[str, ...], *, time: bool = False) -> pd.Series:
    """Text as `datetime64[s]` by the first format that reads each; a day without a time unless `time`."""
    import numpy as np
    import pandas as pd

    unique = pd.Series(cells.dropna().unique(), dtype="str")
    read = pd.Series(np.datetime64("NaT", "s"), index=unique.index, dtype="datetime64[s]")
    for form in (*formats, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ") if time else formats:
        todo = read.isna()
        if todo.any():
            text = unique[todo]
            parsed = pd.to_datetime(text, format=form, errors="coerce").astype("datetime64[s]")
            read[todo] = parsed
    read = read.mask(read.dt.year < EARLIEST)
    if not time:
        read = read.dt.normalize()
    known = dict(zip(unique, read, strict=True))
    return cells.map(known).astype("datetime64[s]")
