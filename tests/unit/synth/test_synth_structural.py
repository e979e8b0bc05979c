"""Any dataset from its schema alone, and schemas nobody has seen before."""

from __future__ import annotations

from pathlib import Path

import pytest

from synth.columns import frames
from synth.plan import Plan
from synth.structural import structural
from synth.world import World, invent
from tre_toolkit.errors import TreError
from tre_toolkit.schema import dataset, datasets, load_dataset
from tre_toolkit.schema.model import Schema


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990",), 200, (2025,), seed=1))


def shapes(name: str) -> list[Schema]:
    known = dataset(name)
    year = min(max(2025, known.since or 2025), known.until or 2025)
    return [known.at(year, term) for term in known.terms or (None,)]


@pytest.mark.parametrize("name", datasets())
def test_every_dataset_of_the_catalogue_can_be_made(made: World, name: str) -> None:
    for shape in shapes(name):
        tables = frames(structural(made, 0, shape))
        for table in shape.tables:
            frame = tables[table.name]
            assert list(frame.columns) == [*table.columns, "row_no"]
            assert frame["row_no"].tolist() == list(range(len(frame)))
            for field in table.fields:
                if field.only and field.only != shape.dataset.form.kind:
                    continue
                cells = frame[field.name].dropna()
                if field.required and field.token != "uln":
                    assert len(cells) == len(frame) or field.token == "upn", (table.name, field.name)
                if field.codes and shape.codes(field):
                    assert set(cells) <= set(shape.codes(field)), (table.name, field.name)


@pytest.mark.parametrize("name", datasets())
def test_children_of_tables_have_parents_and_keys_are_unique(made: World, name: str) -> None:
    for shape in shapes(name):
        tables = frames(structural(made, 0, shape))
        for table in shape.tables:
            frame = tables[table.name]
            if table.key:
                assert not frame.duplicated(list(table.key)).any(), table.name
            if table.parent and table.inherits:
                above = tables[table.parent].set_index(list(table.inherits)).index
                assert frame.set_index(list(table.inherits)).index.isin(above).all(), table.name


OWN = """
name = "clinic"
title = "Clinic visits"
publisher = "nobody"
confidence = "believed"
person_table = "child"
table_order = ["child", "visit", "drug"]
[form]
kind = "csv"
date_formats = ["%d.%m.%Y"]
booleans = ["no", "yes"]
"""
TABLES = {
    "child": """
name = "child"
grain = "one per child"
key = ["ref"]
person = "ref"
[[field]]
name = "ref"
type = "string"
role = ["linkage_id"]
required = true
token = "local_id"
[[field]]
name = "born"
type = "date"
role = ["quasi_id"]
token = "birth_date"
required = true
""",
    "visit": """
name = "visit"
grain = "visit"
parent = "child"
inherits = ["ref"]
counter = "visit_no"
key = ["ref", "visit_no"]
person = "ref"
[[field]]
name = "began"
type = "date"
role = ["none"]
required = true
[[field]]
name = "ended"
type = "date"
role = ["none"]
[[field]]
name = "ward"
type = "string"
format = '[A-C]{2}\\d{3}'
role = ["none"]
required = true
[[field]]
name = "seen"
type = "bool"
role = ["none"]
""",
    "drug": """
name = "drug"
grain = "drug of a visit"
parent = "visit"
inherits = ["ref", "visit_no"]
person = "ref"
[[field]]
name = "dose"
type = "integer"
minimum = 3
maximum = 5
role = ["sensitive"]
required = true
""",
}


def write_schema(folder: Path, *, ring: bool = False) -> Path:
    (folder / "tables").mkdir(parents=True)
    (folder / "dataset.toml").write_text(OWN)
    for name, text in TABLES.items():
        if ring and name == "child":
            text = text.replace('grain = "one per child"', 'grain = "one per child"\nparent = "drug"')
        (folder / "tables" / f"{name}.toml").write_text(text)
    return folder


def test_a_schema_never_seen_before_is_walked(made: World, tmp_path: Path) -> None:
    tables = frames(structural(made, 0, load_dataset(write_schema(tmp_path / "clinic")).at(2025)))
    assert tables["visit"]["ward"].str.fullmatch(r"[A-C]{2}\d{3}").all()
    assert set(tables["drug"]["dose"]) == {"3", "4", "5"}
    assert set(tables["visit"]["seen"].dropna()) == {"no", "yes"}
    import pandas as pd

    began, ended = (pd.to_datetime(tables["visit"][name], format="%d.%m.%Y") for name in ("began", "ended"))
    assert (ended.dropna() >= began[ended.notna()]).all()
    assert began.between("2024-04-01", "2025-03-31").all()


def test_tables_that_hang_in_a_ring_are_explained_and_not_walked_for_ever(
    made: World, tmp_path: Path
) -> None:
    with pytest.raises(TreError, match="ring"):
        structural(made, 0, load_dataset(write_schema(tmp_path / "clinic", ring=True)).at(2025))
