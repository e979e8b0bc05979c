"""A small catalogue folder that a test can bend, and the facts the catalogue was made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

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
