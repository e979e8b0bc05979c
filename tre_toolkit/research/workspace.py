"""A workspace: the folder of linked tables that a researcher opens. A description; it shows no rows.

The folder is what `tre workspace` writes: `workspace.json`, `people.parquet` and
`tables/<dataset>/<table>.parquet`, each table with person_id, authority, period, row_id and then the
return's own columns. The engine reads the files where they lie; nothing is copied out of the folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tre_toolkit.engine import Engine, quote
from tre_toolkit.errors import TreError, Where
from tre_toolkit.files import digest

if TYPE_CHECKING:
    from tre_toolkit.research.cohorts import Cohort
    from tre_toolkit.spark import SparkSession

FACTS, PEOPLE, TABLES = "workspace.json", "people.parquet", "tables"
OWN = ("person_id", "authority", "period", "row_id")  # the columns every table has before the return's own


def open(
    path: str | Path,
    *,
    memory: str | None = None,
    spill: str | Path | None = None,
    spark: SparkSession | None = None,
) -> Workspace:
    """The workspace at `path`, real or synthetic alike. Raises TreError when the folder isn't one.

    `memory` is the engine's limit ("2GB"); beyond it the engine works in the folder `spill`, which must be as
    guarded as the workspace itself. With a `spark` session the same SQL runs there, and every executor must see `path`.
    """
    if memory is not None and not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", memory):
        raise TreError("not an amount of memory", hint="write it as 500MB or 2GB")
    folder = Path(path)
    for name in (FACTS, PEOPLE, TABLES):
        if not (folder / name).exists():
            raise TreError(
                f"not a workspace: {name} is missing",
                where=str(folder),
                hint="`tre workspace` makes one from a spine and its parcels",
            )
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise TreError("not JSON", where=str(folder / FACTS)) from None
    if not isinstance(facts, dict):
        raise TreError("not the facts of a workspace", where=str(folder / FACTS))
    _names(folder / PEOPLE, ("person_id",))
    return Workspace(folder, facts, memory, Path(spill) if spill else None, spark)


@dataclass(frozen=True, eq=False)
class Workspace:
    """Linked tables of one project, and where they came from."""

    folder: Path
    facts: dict[str, Any]
    memory: str | None = None
    spill: Path | None = None
    spark: SparkSession | None = None

    def __repr__(self) -> str:
        kind = "synthetic" if self.synthetic else "real"
        return f"<workspace {self.folder.name}: {len(self.tables)} tables, {kind} data, {self.digest[:12]}>"

    def _repr_html_(self) -> str:
        from tre_toolkit.research.notebook import card

        facts = [
            ("project", str(self.facts.get("project", ""))),
            *(
                (name, ", ".join(one.partition(".")[2] for one in self.tables if one.startswith(f"{name}.")))
                for name in self.datasets
            ),
            ("data", self.digest),
        ]
        return card("workspace", self.folder.name, facts, synthetic=self.synthetic)

    @property
    def synthetic(self) -> bool:
        """Whether the children are invented."""
        return bool(self.facts.get("synthetic", False))

    @cached_property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """Name ("dataset.table") to columns."""
        return {
            f"{file.parent.name}.{file.stem}": self._columns(file)
            for file in sorted((self.folder / TABLES).glob("*/*.parquet"))
        }

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets the workspace holds."""
        return tuple(sorted({name.partition(".")[0] for name in self.tables}))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every data file's name and digest: two workspaces with the same one hold the same data."""
        files = [self.folder / PEOPLE, *sorted((self.folder / TABLES).glob("*/*.parquet"))]
        lines = [f"{digest(file)}  {file.relative_to(self.folder).as_posix()}" for file in files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @cached_property
    def made(self) -> set[str]:
        """Names of the tables made in the engine so far."""
        return set()

    @cached_property
    def engine(self) -> Engine:
        """The engine, with one view for each table ("dataset.table"), `people` and `children` (person_id, child)."""
        engine = self._started()
        engine.view("people", f"SELECT * FROM read_parquet('{_quoted(self.folder / PEOPLE)}')")
        engine.run(
            "CREATE TABLE children AS SELECT person_id, CAST(row_number() OVER (ORDER BY person_id) AS INTEGER) AS child "
            "FROM (SELECT DISTINCT person_id FROM people WHERE person_id IS NOT NULL) AS each_once"
        )
        for name in self.tables:
            dataset, _, table = name.partition(".")
            file = self.folder / TABLES / dataset / f"{table}.parquet"
            engine.view(name, f"SELECT * FROM read_parquet('{_quoted(file)}')")
        return engine

    def _started(self) -> Engine:
        if self.spark is None:
            return Engine(memory=self.memory, spill=self.spill)
        from tre_toolkit.spark import SparkEngine

        return SparkEngine(self.spark)

    def need_date(self, dataset: str, table: str, column: str) -> None:
        """Raise TreError when a column isn't of days: a project may keep no more of a date than its year."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        kind = pq.read_schema(self.folder / TABLES / dataset / f"{table}.parquet").field(column).type
        if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_null(kind)):
            raise TreError(
                f"not a column of days, but of {kind}: too coarse for spells",
                where=Where(table=f"{dataset}.{table}", column=column),
                hint="the project's declaration decides how much of a date stays: a month is enough",
            )

    def need(self, dataset: str, table: str, *columns: str) -> str:
        """The quoted name of a table's view. Raises TreError that says which dataset or column isn't here."""
        name = f"{dataset}.{table}"
        if dataset not in self.datasets:
            raise TreError(
                f"the workspace lacks the dataset {dataset}",
                hint=f"it holds {', '.join(self.datasets) or 'none'}; ask the project to add it",
            )
        if name not in self.tables:
            raise TreError("the workspace lacks this table", where=Where(table=name))
        for column in columns:
            if column not in self.tables[name]:
                raise TreError(
                    "the workspace lacks this column",
                    where=Where(table=name, column=column),
                    hint="the project's declaration decides which columns stay",
                )
        return quote(name)

    def codebook(self, column: str) -> dict[int, dict[str, str]]:
        """For each year the workspace holds, the codes of a "dataset.table.column" that were valid then, and their labels.

        Raises TreError when the workspace or the catalogue has no such column.
        """
        from tre_toolkit import schema

        dataset, table, name = column.split(".") if column.count(".") == 2 else ("", "", "")
        years = self.engine.rows(
            f"SELECT DISTINCT CAST(substr(period, 1, 4) AS INTEGER) AS year FROM {self.need(dataset, table, name)} ORDER BY year"
        )
        of_years = {int(year): schema.schema(dataset, int(year)) for year in years.year}
        return {year: of_year.codes(of_year.table(table).field(name)) for year, of_year in of_years.items()}

    def cohort(self, name: str = "everyone", **choices: Any) -> Cohort:
        """Shorthand for `tre.cohort(name, workspace, ...)`."""
        from tre_toolkit.research.cohorts import cohort

        return cohort(name, self, **choices)

    def first(self, state: str, **choices: Any) -> Cohort:
        """Children from their first day in a state."""
        return self.cohort(f"first {state}", start="first", state=state, **choices)

    def left(self, state: str, **choices: Any) -> Cohort:
        """Children from the first day on which they were seen to leave a state."""
        return self.cohort(f"left {state}", start="exit", state=state, **choices)

    def born(self, first: str, last: str, **choices: Any) -> Cohort:
        """Children born between two days, from their birth (or the age `start_age`)."""
        return self.cohort("born", start="born", born_from=first, born_to=last, **choices)

    def _columns(self, file: Path) -> tuple[str, ...]:
        return _names(file, OWN)


def _names(file: Path, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a Parquet file. Raises TreError when it isn't one, or lacks what every such table has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = f"{file.parent.name}/{file.name}"
    try:
        names = tuple(pq.read_schema(file).names)
    except pa.ArrowInvalid:
        raise TreError("not a Parquet file", where=where) from None
    lacking = [name for name in wanted if name not in names]
    if lacking:
        raise TreError(f"not a workspace's table: it lacks {', '.join(lacking)}", where=where)
    return names


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
