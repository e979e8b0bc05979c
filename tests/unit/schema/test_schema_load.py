"""Loading a catalogue folder: what is right loads, what is wrong is told with file and place, all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tre_toolkit.errors import Problems, TreError
from tre_toolkit.schema import dataset, datasets, load_dataset, schema

Write = Callable[..., Path]


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    """The folder with one text of one file changed."""
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return folder


def test_a_folder_that_is_right_loads_with_its_columns_in_order(pets: Write) -> None:
    loaded = load_dataset(pets())
    assert loaded.at(2025).table("pets").columns == ("id", "pet", "kind", "weight")
    assert loaded.at(2024).table("pets").columns == ("id", "pet", "kind")


def test_codes_exist_in_their_own_years(pets: Write) -> None:
    loaded = load_dataset(pets())
    kind = loaded.at(2024).table("pets").field("kind")
    assert list(loaded.at(2024).codes(kind)) == ["cat", "dog"]
    assert list(loaded.at(2025).codes(kind)) == ["cat", "fox"]


def test_a_field_without_a_role_does_not_load(pets: Write) -> None:
    folder = changed(pets(), "tables/pets.toml", 'role = ["none"]\n', "")
    with pytest.raises(Problems, match=r"tables/pets\.toml:10: fields\.1\.role: field required"):
        load_dataset(folder)


def test_an_empty_role_does_not_load(pets: Write) -> None:
    with pytest.raises(Problems, match="role"):
        load_dataset(changed(pets(), "tables/pets.toml", 'role = ["none"]', "role = []"))


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("tables/pets.toml", 'type = "code"', 'type = "animal"', r"fields\.1\.type"),
        ("tables/pets.toml", 'role = ["none"]', 'role = ["secret"]', r"fields\.1\.role"),
        ("tables/pets.toml", 'role = ["none"]', 'role = ["none"]\ncolour = "red"', r"fields\.1\.colour"),
        ("tables/pets.toml", 'codes = "kind"', 'codes = "race"', "its code list doesn't exist"),
        ("tables/pets.toml", 'codes = "kind"\n', "", "a code without a code list"),
        ("tables/pets.toml", 'parent = "owners"', 'parent = "masters"', "its parent is not a table"),
        (
            "tables/pets.toml",
            'key = ["id", "pet"]',
            'key = ["id", "chip"]',
            "a key column that the table doesn't",
        ),
        ("tables/pets.toml", 'person = "id"', 'person = "owner"', "a key column that the table doesn't"),
        ("tables/pets.toml", 'name = "weight"', 'name = "kind"', "two fields of one name in one year"),
        (
            "dataset.toml",
            'person_table = "owners"',
            'person_table = "people"',
            "a person table that is not a table",
        ),
        ("dataset.toml", 'table_order = ["owners", "pets"]\n', "", "table_order is missing"),
        (
            "dataset.toml",
            'table_order = ["owners", "pets"]',
            'table_order = ["owners", "fish"]',
            "is missing",
        ),
        ("dataset.toml", 'kind = "csv"', 'kind = "paper"', r"dataset\.toml:\d+: form\.kind"),
        ("dataset.toml", "from = 2024", "from = 2024\nfrom = 2025", "not TOML"),
        ("codes/kind.csv", "cat,Cat", "cat,", "not a code: it needs value and label"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_place(
    pets: Write, file: str, old: str, new: str, what: str
) -> None:
    with pytest.raises(TreError, match=what) as refusal:
        load_dataset(changed(pets(), file, old, new))
    assert "pets" in str(refusal.value)


def test_one_name_may_stand_twice_when_the_years_part_them(pets: Write) -> None:
    folder = changed(pets(), "tables/pets.toml", 'name = "weight"', 'name = "kind"')
    changed(folder, "tables/pets.toml", 'role = ["none"]', 'role = ["none"]\nto = 2024')
    loaded = load_dataset(folder)
    assert loaded.at(2024).table("pets").field("kind").type == "code"
    assert loaded.at(2025).table("pets").field("kind").type == "decimal"
    assert loaded.at(2025).table("pets").columns.count("kind") == 1


def test_several_problems_are_told_together(pets: Write) -> None:
    folder = changed(pets(), "tables/pets.toml", 'parent = "owners"', 'parent = "masters"')
    changed(folder, "tables/pets.toml", 'codes = "kind"', 'codes = "race"')
    with pytest.raises(Problems) as refusal:
        load_dataset(folder)
    assert len(refusal.value.problems) == 2


def test_an_unknown_year_term_table_or_column_is_refused(pets: Write) -> None:
    loaded = load_dataset(pets())
    for ask in (
        lambda: loaded.at(2023),
        lambda: loaded.at(2024, "spring"),
        lambda: loaded.at(2024).table("fish"),
        lambda: loaded.at(2024).table("pets").field("weight"),
        lambda: loaded.at(2024).column("pets", "weight"),
    ):
        with pytest.raises(TreError):
            ask()


def test_a_column_that_comes_down_from_a_parent_is_what_the_parent_says(pets: Write) -> None:
    year = load_dataset(pets()).at(2024)
    assert year.column("pets", "id").role == ("linkage_id",)
    assert year.column("pets", "pet").type == "integer"
    assert year.column("pets", "kind").codes == "kind"


def test_a_catalogue_of_ones_own_is_found_by_environment_or_by_path(
    pets: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = pets().parent
    assert "pets" not in datasets()
    assert "pets" in datasets(home)
    assert dataset("pets", home).title == "Pets"
    with pytest.raises(TreError, match="no such dataset"):
        dataset("pets")
    monkeypatch.setenv("TRE_CATALOGUE", str(home))
    assert "pets" in datasets()
    assert schema("pets", 2025).table("pets").columns[-1] == "weight"


def test_a_dataset_of_the_package_goes_before_one_of_the_same_name(pets: Write) -> None:
    folder = pets()
    folder.rename(folder.parent / "ssda903")
    assert dataset("ssda903", folder.parent).publisher == "Department for Education"


def test_lists_of_the_package_and_of_other_datasets_may_be_named(pets: Write) -> None:
    folder = changed(pets(), "tables/pets.toml", 'codes = "kind"', 'codes = "ssda903:place"')
    loaded = load_dataset(folder)
    field = loaded.at(2025).table("pets").field("kind")
    assert "K3" in loaded.at(2025).codes(field)
    assert "common:ethnicity" in loaded.code_lists


def test_a_rule_is_checked_like_everything_else(pets: Write) -> None:
    rule = '[[rule]]\nid = "1"\nkind = "error"\nscope = "row"\ntables = ["pets"]\nflags = ["pets"]\nbreaks_when = "x"\n'
    assert load_dataset(pets(rules=rule)).at(2024).rules[0].id == "1"
    with pytest.raises(Problems, match=r"rules\.1\.kind"):
        load_dataset(pets(rules=rule.replace('"error"', '"fault"')))


def test_a_dataset_knows_its_years_and_the_latest_complete_one(pets: Write) -> None:
    loaded = load_dataset(pets())
    assert list(loaded.years) == [2024, 2025]
    assert loaded.latest == 2025
    assert dataset("ssda903").latest == 2026
    assert dataset("ssda903").years[-1] == 2027


def test_an_error_names_the_line(pets: Write) -> None:
    folder = changed(pets(), "tables/pets.toml", 'type = "decimal"', 'type = "number"')
    lines = (folder / "tables" / "pets.toml").read_text().splitlines()
    with pytest.raises(Problems) as refusal:
        load_dataset(folder)
    (problem,) = refusal.value.problems
    line = int(str(problem.where.file).rpartition(":")[2])
    assert lines[line - 1] == 'type = "number"'


def test_an_error_in_a_rule_names_the_line_in_the_file_of_rules(pets: Write) -> None:
    rule = '[[rule]]\nid = "1"\nkind = "error"\nscope = "row"\ntables = ["pets"]\nflags = ["pets"]\nbreaks_when = "x"\n'
    second = rule.replace('"1"', '"2"').replace('"row"', '"column"')
    with pytest.raises(Problems, match=r"rules\.toml:12: rules\.2\.scope"):
        load_dataset(pets(rules=rule + "\n" + second))
