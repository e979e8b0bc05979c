"""A small catalogue folder that a test can bend, and the facts the catalogue was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tre_toolkit.engine import Engine, quote
from tre_toolkit.schema import Dataset

SHARED = Path(__file__).parents[4] / "shared" / "domain"

DATASET = """
name = "pets"
title = "Pets"
publisher = "Nobody"
confidence = "verified"
from = 2024
person_table = "owners"
table_order = ["owners", "pets"]

[form]
kind = "csv"
"""
OWNERS = """
name = "owners"
grain = "one per owner"
key = ["id"]
person = "id"

[[field]]
name = "id"
type = "string"
role = ["linkage_id"]
required = true
token = "local_id"
"""
PETS = """
name = "pets"
grain = "one per pet"
parent = "owners"
key = ["id", "pet"]
inherits = ["id"]
counter = "pet"
person = "id"

[[field]]
name = "kind"
type = "code"
codes = "kind"
role = ["none"]

[[field]]
name = "weight"
type = "decimal"
role = ["quasi_id"]
from = 2025
"""
KIND = "value,label,from,to\ncat,Cat,,\ndog,Dog,,2024\nfox,Fox,2025,\n"


@pytest.fixture
def pets(tmp_path: Path) -> Callable[..., Path]:
    """Write the folder of a made-up dataset; named texts stand in for its files."""

    def write(
        *,
        dataset: str = DATASET,
        owners: str = OWNERS,
        pets: str = PETS,
        kind: str | None = KIND,
        rules: str = "",
    ) -> Path:
        folder = tmp_path / "own" / "pets"
        for part in ("tables", "codes"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "dataset.toml").write_text(dataset)
        (folder / "tables" / "owners.toml").write_text(owners)
        (folder / "tables" / "pets.toml").write_text(pets)
        if kind is not None:
            (folder / "codes" / "kind.csv").write_text(kind)
        if rules:
            (folder / "rules.toml").write_text(rules)
        return folder

    return write


@pytest.fixture(scope="session")
def facts() -> Callable[[str], dict[str, Any]]:
    """The facts of one dataset, where they are there."""

    def load(name: str) -> dict[str, Any]:
        path = SHARED / f"{name}.yaml"
        if not path.is_file():
            pytest.skip("the facts the catalogue was made from are not here")
        return yaml.load(
            path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )  # type: ignore[no-any-return]

    return load


@pytest.fixture(scope="session")
def stage() -> Callable[[Engine, Dataset], None]:
    """Builds the empty tables a dataset's rules read."""
    return build


def build(engine: Engine, known: Dataset) -> None:
    """Empty tables of this year and the last, the period and the lists, as a rule's query expects them."""
    counters = {table.counter for table in known.tables if table.counter}
    for table in known.tables:
        kinds = {field.name: field.type for field in table.fields}
        columns = ["row_no BIGINT"]
        for name in table.columns:
            if name in counters:
                columns.append(f"{quote(name)} INTEGER")
            elif kinds.get(name) == "date":
                columns += [f"{quote(name)} DATE", f"{quote(name + '_raw')} VARCHAR"]
            else:
                columns.append(f"{quote(name)} VARCHAR")
        for one in known.derived:
            if one.table == table.name and one.name not in table.columns:
                kind = (
                    "DATE"
                    if one.name.startswith("DATE")
                    else "DOUBLE"
                    if "DISTANCE" in one.name
                    else "VARCHAR"
                )
                columns.append(f"{quote(one.name)} {kind}")
        for ending in ("", "_last"):
            engine.run(f"CREATE TABLE {quote(table.name + ending)} ({', '.join(columns)})")
    dates = (
        "collection_start",
        "collection_end",
        "school_age_date",
        "start_minus_1wd",
        "end_minus_15wd",
        "end_minus_45wd",
    )
    engine.run(
        f"CREATE TABLE period (year INTEGER, {', '.join(f'{name} DATE' for name in dates)}, la VARCHAR)"
    )
    for lookup in known.lookups:
        kinds = {"date": "DATE", "decimal": "DOUBLE"}
        columns = [f"{quote(name)} {kinds.get(kind, 'VARCHAR')}" for name, kind in lookup.columns.items()]
        engine.run(f"CREATE TABLE {quote(lookup.name)} ({', '.join(columns)})")
    for helper in known.helpers:
        engine.view(helper.name, helper.sql)
