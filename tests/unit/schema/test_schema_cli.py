"""`tre schema`: what the commands print, and how they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tre_toolkit import cli
from tre_toolkit.schema import dataset, datasets

Write = Callable[..., Path]


@pytest.fixture
def tre(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*words: object) -> tuple[int, str, str]:
        status = cli.run(["schema", *map(str, words)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


Tre = Callable[..., tuple[int, str, str]]


def test_list_names_every_dataset(tre: Tre) -> None:
    status, out, _ = tre("list")
    assert status == 0
    for name in ("cin_census", "ssda903", "school_census", "echild"):
        assert name in out


def test_list_as_json_is_one_value(tre: Tre) -> None:
    status, out, _ = tre("list", "--json")
    told = {one["dataset"]: one for one in json.loads(out)}
    assert status == 0
    assert told["ssda903"]["rules"] == 344


def test_show_goes_from_dataset_to_table_to_column(tre: Tre) -> None:
    assert "episodes" in tre("show", "ssda903")[1]
    status, out, _ = tre("show", "ssda903", "episodes", "--year", "2025")
    assert status == 0
    assert "linkage identifier" in out
    assert "DECOM" in out
    _, out, _ = tre("show", "ssda903", "episodes", "PLACE", "--year", "2025")
    assert "K3" in out
    assert "H5" not in out


def test_show_of_a_term_shows_what_that_term_collects(tre: Tre) -> None:
    assert "senneeds" in tre("show", "school_census", "--term", "spring")[1]
    assert "senneeds" not in tre("show", "school_census", "--term", "autumn")[1]


def test_show_as_json_is_table_schemas(tre: Tre) -> None:
    told = json.loads(tre("show", "cin_census", "section47", "--json")[1])
    assert list(told) == ["section47"]
    assert told["section47"]["fields"][0]["name"] == "LAchildID"


def test_a_rule_is_shown_with_its_query(tre: Tre) -> None:
    status, out, _ = tre("rules", "ssda903", "388")
    assert status == 0
    assert "SELECT row_no, CHILD" in out
    assert "INT36" in tre("rules", "ssda903")[1]


@pytest.mark.parametrize(
    ("words", "status", "what"),
    [
        (("show", "pets"), 1, "no such dataset"),
        (("show", "ssda903", "pets"), 1, "no such table"),
        (("show", "ssda903", "episodes", "FUR"), 1, "no such column"),
        (("show", "ssda903", "--year", "1999"), 1, "doesn't know"),
        (("show", "ssda903", "--term", "spring"), 2, "no terms"),
        (("show", "school_census", "--term", "winter"), 1, "no term winter"),
        (("rules", "ssda903", "9999"), 1, "no rule of that number"),
        (("export", "ssda903", "--as", "spss", "--into", "nowhere"), 2, "no format spss"),
    ],
)
def test_a_refusal_says_what_and_ends_with_its_status(
    tre: Tre, words: tuple[str, ...], status: int, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended, out, err = tre(*words)
    assert (ended, out) == (status, "")
    assert what in err
    assert not list(tmp_path.iterdir())


def test_export_writes_and_says_where(tre: Tre, tmp_path: Path) -> None:
    status, out, _ = tre("export", "cin_census", "--year", "2025", "--as", "csv", "--into", tmp_path / "book")
    assert status == 0
    assert out.splitlines() == [str(tmp_path / "book" / "columns.csv"), str(tmp_path / "book" / "codes.csv")]


def test_check_says_all_right_or_everything_that_is_wrong(tre: Tre, pets: Write) -> None:
    folder = pets()
    assert tre("check", folder)[:2] == (0, "pets: 2 tables, 3 columns, 0 rules: all right\n")
    table = folder / "tables" / "pets.toml"
    table.write_text(table.read_text().replace('role = ["none"]\n', ""))
    status, _, err = tre("check", folder)
    assert status == 1
    assert "role: field required" in err


def test_check_insists_on_the_folder_being_named_like_the_dataset(tre: Tre, pets: Write) -> None:
    folder = pets()
    other = folder.rename(folder.parent / "animals")
    status, _, err = tre("check", other)
    assert status == 1
    assert "the name of its folder" in err


def test_a_catalogue_of_ones_own_is_shown_beside_the_packages(tre: Tre, pets: Write) -> None:
    home = pets().parent
    assert "pets" in tre("list", "--catalogue", home)[1]
    assert "weight" in tre("show", "pets", "pets", "--catalogue", home)[1]


@pytest.mark.parametrize("name", datasets())
def test_every_dataset_is_shown_and_exported_in_all_three_forms(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tre schema show` and `tre schema export --as …` for each dataset of the catalogue."""
    known = dataset(name)
    tables = [table.name for table in known.at(known.latest).tables]
    assert cli.run(["schema", "show", name]) == 0
    assert known.title in capsys.readouterr().out
    assert cli.run(["schema", "show", name, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == tables
    assert cli.run(["schema", "show", name, tables[0], "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == [tables[0]]
    for form in ("frictionless", "json-schema", "csv"):
        assert cli.run(["schema", "export", name, "--as", form, "--into", str(tmp_path / form)]) == 0
        files = [path for path in (tmp_path / form).rglob("*") if path.is_file()]
        assert files
        assert all(path.stat().st_size for path in files)
    package = json.loads((tmp_path / "frictionless" / "datapackage.json").read_text())
    assert [one["name"] for one in package["resources"]] == tables
