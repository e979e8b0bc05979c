"""Read the catalogue's TOML and CSV files into the model, once, with errors that name file and place.

A folder of the catalogue: `dataset.toml`, `tables/<table>.toml` in the order `dataset.toml` lists
them, `codes/<list>.csv` with the columns value, label and, where wanted, group, from, to, and where
there are rules `rules.toml`. A list of another dataset is named `<dataset>:<list>`; lists that several
share stand in `common/codes`. Beside the catalogue of the package, the folders named in the environment
variable TRE_CATALOGUE are read: a project's own datasets stand there.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.schema.model import Code, CodeList, Dataset, Schema, Table

CATALOGUE = Path(__file__).parent / "catalogue"
COMMON = "common"
OWN = "TRE_CATALOGUE"  # environment variable: further catalogue folders, separated as in PATH


def folders(*more: Path) -> tuple[Path, ...]:
    """The catalogue of the package, then the further ones given here or named in TRE_CATALOGUE."""
    named = [Path(part) for part in os.environ.get(OWN, "").split(os.pathsep) if part]
    return (CATALOGUE, *more, *named)


def datasets(*more: Path) -> tuple[str, ...]:
    """Names of all datasets of the catalogue, in order; `more` are further catalogue folders."""
    homes = folders(*more)
    return tuple(sorted({path.parent.name for home in homes for path in home.glob("*/dataset.toml")}))


def dataset(name: str, *more: Path) -> Dataset:
    """A dataset of the catalogue by name. Raises TreError when there is none."""
    return _loaded(folder_of(name, *more))


def folder_of(name: str, *more: Path) -> Path:
    """The folder a dataset stands in. Raises TreError when there is none."""
    homes = folders(*more)
    home = next((home for home in homes if (home / name / "dataset.toml").is_file()), None)
    if home is None:
        raise TreError(
            "the catalogue has no such dataset", where=name, hint=f"it has {', '.join(datasets(*more))}"
        )
    return home / name


@cache
def _loaded(folder: Path) -> Dataset:
    return load_dataset(folder)


def schema(name: str, year: int, term: str | None = None) -> Schema:
    """A dataset as collected in `year` (and `term`). Raises TreError when the catalogue doesn't know it."""
    return dataset(name).at(year, term)


def load_dataset(folder: Path) -> Dataset:
    """Load and check one folder of a catalogue. Raises Problems that name file and place."""
    raw = read_toml(folder / "dataset.toml")
    order = raw.pop("table_order", None)
    if not order:
        raise TreError(
            "table_order is missing: the names of the tables, in order", where=str(folder / "dataset.toml")
        )
    problems: list[Problem] = []
    tables = [read_toml(folder / "tables" / f"{name}.toml") for name in order]
    for table in tables:
        table["fields"] = table.pop("field", [])
    lists = {**_code_lists(folder / "codes", ""), **_borrowed(folder, tables)}
    rules = read_toml(folder / "rules.toml") if (folder / "rules.toml").is_file() else {}
    derived = read_toml(folder / "derived.toml") if (folder / "derived.toml").is_file() else {}
    more = {
        "rules": rules.get("rule", []),
        "helpers": rules.get("helper", []),
        "derived": derived.get("derived", []),
        "lookups": derived.get("lookup", []),
    }
    try:
        loaded = Dataset.model_validate({**raw, "tables": tables, "code_lists": lists, **more})
    except ValidationError as error:
        problems.extend(_problems(error, folder, order))
        raise Problems(f"the catalogue of {folder.name} is not right", problems) from None
    _check_links(loaded, folder)
    return loaded


def _check_links(loaded: Dataset, folder: Path) -> None:
    """Every code list, parent, key and person column that is named must be there."""
    problems = []
    names = {table.name for table in loaded.tables}
    for table in loaded.tables:
        file = str(folder / "tables" / f"{table.name}.toml")
        wanted = [*table.key, *([table.person] if table.person else [])]
        for column in wanted:
            if column not in table.columns:
                problems.append(
                    Problem("a key column that the table doesn't have", Where(file, table.name, column))
                )
        if table.parent and table.parent not in names:
            problems.append(Problem("its parent is not a table of this dataset", Where(file, table.name)))
        for name in _twice(table):
            problems.append(Problem("two fields of one name in one year", Where(file, table.name, name)))
        for at, field in enumerate(table.fields):
            if field.type == "code" and not field.codes:
                what = "a code without a code list"
            elif field.codes and field.codes not in loaded.code_lists:
                what = "its code list doesn't exist"
            else:
                continue
            line = _line(Path(file), ("fields", at, "codes"))
            problems.append(Problem(what, Where(f"{file}:{line}", table.name, field.name)))
    for name in loaded.person_tables:
        if name not in names:
            problems.append(
                Problem(
                    "a person table that is not a table of this dataset", Where(str(folder / "dataset.toml"))
                )
            )
    if problems:
        raise Problems(f"the catalogue of {folder.name} is not right", problems)


def _twice(table: Table) -> set[str]:
    """Names of fields that stand twice in one year and term."""
    return {
        one.name
        for one, other in combinations(table.fields, 2)
        if one.name == other.name
        and (one.since or 0) <= (other.until or 9999)
        and (other.since or 0) <= (one.until or 9999)
        and (not one.terms or not other.terms or set(one.terms) & set(other.terms))
    }


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file of the catalogue. Raises TreError when it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TreError("a file of the catalogue is missing", where=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise TreError(f"not TOML: {error}", where=str(path)) from None


def _borrowed(folder: Path, tables: list[dict[str, Any]]) -> dict[str, CodeList]:
    """The common lists, and those of other datasets that the tables name; a list beside the folder goes first."""
    named = {str(field.get("codes") or "") for table in tables for field in table["fields"]}
    homes = dict.fromkeys([CATALOGUE, folder.parent])
    lists: dict[str, CodeList] = {}
    for prefix in sorted({COMMON, *(name.split(":")[0] for name in named if ":" in name)}):
        found: dict[str, CodeList] = {}
        for home in homes:
            found |= _code_lists(home / prefix / "codes", f"{prefix}:")
        lists |= {name: one for name, one in found.items() if prefix == COMMON or name in named}
    return lists


@cache
def _code_lists(folder: Path, prefix: str) -> dict[str, CodeList]:
    found = sorted(folder.glob("*.csv")) if folder.is_dir() else []
    return {
        f"{prefix}{path.stem}": CodeList(name=f"{prefix}{path.stem}", codes=tuple(_codes(path)))
        for path in found
    }


def _codes(path: Path) -> Iterable[Code]:
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                yield Code.model_validate({key: value for key, value in row.items() if value})
            except ValidationError:
                raise TreError(
                    "not a code: it needs value and label", where=Where(str(path), row=number)
                ) from None


BLOCKS = {  # part of the model to its file and to the name of its blocks there
    "fields": ("", "field"),
    "rules": ("rules.toml", "rule"),
    "helpers": ("rules.toml", "helper"),
    "derived": ("derived.toml", "derived"),
    "lookups": ("derived.toml", "lookup"),
}


def _problems(error: ValidationError, folder: Path, order: list[str]) -> Iterable[Problem]:
    for found in error.errors(include_input=False, include_url=False):
        place = found["loc"]
        file = folder / "dataset.toml"
        if len(place) > 1 and place[0] == "tables" and isinstance(place[1], int):
            file = folder / "tables" / f"{order[place[1]]}.toml"
            place = place[2:]
        elif place[0] in BLOCKS:
            file = folder / BLOCKS[str(place[0])][0]
        spot = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in place)
        yield Problem(f"{spot}: {found['msg'].lower()}", Where(f"{file}:{_line(file, place)}"))


def _line(file: Path, place: Sequence[int | str]) -> int:
    """The line of a part of a file: that of its key, else that of its block, else the first."""
    lines = file.read_text(encoding="utf-8").splitlines()
    begin, end = 0, len(lines)
    if len(place) > 1 and place[0] in BLOCKS and isinstance(place[1], int):
        heads = [at for at, line in enumerate(lines) if line.strip() == f"[[{BLOCKS[str(place[0])][1]}]]"]
        begin = heads[place[1]]
        end = next((at for at in range(begin + 1, end) if lines[at].startswith("[[")), end)
        place = place[2:]
    key = f"{place[0]} =" if place else "["
    return 1 + next((at for at in range(begin, end) if lines[at].startswith(key)), begin)
