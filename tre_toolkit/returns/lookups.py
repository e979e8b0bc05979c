"""Lists that some rules need and nobody may ship: Ofsted's register, postcodes, codes of authorities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import MisuseError, Problem, Problems, TreError, Where
from tre_toolkit.returns import cells
from tre_toolkit.schema import Dataset
from tre_toolkit.schema.model import Lookup

if TYPE_CHECKING:
    import pyarrow as pa


def load_lookups(files: Mapping[str, Path], known: Dataset) -> dict[str, pa.Table]:
    """The lookups of a dataset from CSV files, all text. Raises TreError for one that lacks a column."""
    wanted = {one.name: one for one in known.lookups}
    return {name: _load(path, wanted[name]) for name, path in files.items() if name in wanted}


def check_names(files: Mapping[str, Path], datasets: list[Dataset]) -> None:
    """Raise MisuseError for a lookup that no rule of these datasets reads."""
    known = {one.name for dataset in datasets for one in dataset.lookups}
    for name in files:
        if name not in known:
            raise MisuseError(
                "no rule reads a lookup of that name",
                where=name,
                hint=f"the lookups are {', '.join(sorted(known)) or 'none for these returns'}",
            )


def _load(path: Path, lookup: Lookup) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    try:
        names = arrow_csv.open_csv(path).schema.names
        rows = arrow_csv.read_csv(
            path,
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, OSError):
        raise TreError(
            "not a CSV file that can be read", where=Where(path.name), hint="UTF-8, with a header line"
        ) from None
    columns = {name.lower(): name for name in lookup.columns}
    kept = [name for name in names if name.lower() in columns]
    rows = rows.select(kept).rename_columns([columns[name.lower()] for name in kept])
    missing = [
        name for name in lookup.columns if name not in rows.column_names and name not in lookup.optional
    ]
    if missing:
        raise Problems(
            f"the lookup {lookup.name} lacks columns",
            [Problem("the column is missing", Where(path.name, column=name)) for name in missing],
            hint=lookup.title,
        )
    return pa.table({name: cells.clean(rows[name]) for name in rows.column_names})
