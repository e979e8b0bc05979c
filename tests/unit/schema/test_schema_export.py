"""The catalogue in other formats says what the catalogue says, and gives the same bytes twice."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.schema import datasets, export, schema

EPISODES = schema("ssda903", 2025).table("episodes")


def test_a_table_schema_names_every_column_in_order_with_its_constraints() -> None:
    told = export.table_schema(schema("ssda903", 2025), EPISODES)
    fields = {field["name"]: field for field in told["fields"]}
    assert tuple(fields) == EPISODES.columns
    assert fields["DECOM"] == {
        "name": "DECOM",
        "type": "date",
        "format": "%d/%m/%Y",
        "description": "episode start",
        "constraints": {"required": True},
        "tre:role": ["quasi_id"],
    }
    assert "K3" in fields["PLACE"]["constraints"]["enum"]
    assert "H5" not in fields["PLACE"]["constraints"]["enum"]
    assert told["primaryKey"] == ["CHILD", "DECOM"]
    assert told["foreignKeys"] == [
        {"fields": ["CHILD"], "reference": {"resource": "header", "fields": ["CHILD"]}}
    ]
    assert told["missingValues"] == [""]


def test_a_key_that_comes_down_in_xml_is_a_column_with_a_foreign_key() -> None:
    year = schema("cin_census", 2025)
    told = export.table_schema(year, year.table("assessments"))
    assert [field["name"] for field in told["fields"]][:3] == ["LAchildID", "CINdetailsID", "AssessmentID"]
    assert told["foreignKeys"][0]["reference"] == {
        "resource": "cin_details",
        "fields": ["LAchildID", "CINdetailsID"],
    }


@pytest.mark.parametrize("name", datasets())
def test_every_data_package_is_whole(name: str) -> None:
    from tre_toolkit.schema import dataset

    known = dataset(name)
    package = export.data_package(known.at(known.latest))
    names = [resource["name"] for resource in package["resources"]]
    assert names == [table.name for table in known.at(known.latest).tables]
    for resource in package["resources"]:
        fields = [field["name"] for field in resource["schema"]["fields"]]
        assert len(fields) == len(set(fields))
        assert set(resource["schema"].get("primaryKey", [])) <= set(fields)
        for key in resource["schema"].get("foreignKeys", []):
            assert key["reference"]["resource"] in names
    json.dumps(package)


def test_a_row_as_json_schema_takes_what_the_year_takes() -> None:
    told = export.json_schema(schema("ssda903", 2025), EPISODES)
    assert told["$schema"].endswith("2020-12/schema")
    assert told["additionalProperties"] is False
    assert set(told["required"]) == {"CHILD", "DECOM", "RNE", "LS", "CIN", "PLACE"}
    assert told["properties"]["DEC"]["type"] == ["string", "null"]
    assert told["properties"]["REC"]["enum"][-1] is None
    assert None not in told["properties"]["PLACE"]["enum"]
    score = export.json_schema(schema("ssda903", 2025), schema("ssda903", 2025).table("oc2"))["properties"][
        "SDQ_SCORE"
    ]
    assert (score["type"], score["minimum"], score["maximum"]) == (["integer", "null"], 0, 40)


def test_the_code_book_lists_every_column_and_every_code_of_the_year() -> None:
    year = schema("ssda903", 2025)
    columns = list(csv.DictReader(io.StringIO(export.columns_csv(year))))
    assert len(columns) == sum(len(table.columns) for table in year.tables)
    assert next(line for line in columns if line["column"] == "SW_ID")["reveals"] == "direct identifier"
    codes = {(line["list"], line["value"]) for line in csv.DictReader(io.StringIO(export.codes_csv(year)))}
    assert ("place", "K3") in codes
    assert ("place", "H5") not in codes
    assert ("common:ethnicity", "WBRI") in codes


@pytest.mark.parametrize(
    ("form", "files"),
    [("frictionless", 1), ("json-schema", 11), ("csv", 2)],
)
def test_export_writes_a_new_folder_whole_or_not_at_all(tmp_path: Path, form: str, files: int) -> None:
    year = schema("ssda903", 2025)
    paths = export.export(year, form, tmp_path / "one")
    assert len(paths) == files
    export.export(year, form, tmp_path / "two")
    for path in paths:
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    with pytest.raises(TreError, match="something stands here"):
        export.export(year, form, tmp_path / "one")


def test_a_format_nobody_knows_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="no format spss"):
        export.export(schema("ssda903", 2025), "spss", tmp_path / "out")
    assert not (tmp_path / "out").exists()
