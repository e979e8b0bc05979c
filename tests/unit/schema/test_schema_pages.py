"""The reference pages are made from the catalogue, and are what the catalogue says today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.schema import dataset, datasets, format_page, pages

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "catalogue"
MADE = pages.pages()


def test_the_pages_of_the_documentation_are_up_to_date() -> None:
    assert pages.stale(DOCS) == [], "run `tre schema docs`"


def test_there_is_a_page_for_every_table() -> None:
    for name in datasets():
        for table in dataset(name).tables:
            page = MADE[f"{name}/{table.name}.md"]
            for field in table.fields:
                assert f"| `{field.name}` |" in page


def test_every_rule_has_a_place_and_every_table_points_to_the_rules_that_read_it() -> None:
    rules = MADE["ssda903/rules.md"]
    for rule in dataset("ssda903").rules:
        assert f"## {rule.id} {{: #{rule.id.lower()} }}" in rules
    assert "[388](rules.md#388)" in MADE["ssda903/episodes.md"]
    assert "[388](rules.md#388)" not in MADE["ssda903/oc2.md"]
    assert "unsettled" in rules


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for name, text in MADE.items():
        home = Path(name).parent
        for target in re.findall(r"\]\(([^)#:]+\.md)", text):
            there = (home / target).as_posix() in MADE or (DOCS / home / target).is_file()
            assert there, f"{name} points to {target}"


def test_a_table_in_a_page_has_as_many_cells_in_every_line() -> None:
    for name, text in MADE.items():
        for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
            counts = {len(re.split(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(counts) == 1, name


def test_writing_makes_the_folder_hold_exactly_the_pages(tmp_path: Path) -> None:
    assert pages.write_pages(tmp_path) == len(MADE)
    assert pages.stale(tmp_path) == []
    (tmp_path / "old.md").write_text(f"{pages.MADE}\n\n# Gone\n")
    (tmp_path / "ssda903" / "header.md").write_text(f"{pages.MADE}\n\n# Bent\n")
    (tmp_path / "leo" / "person.md").unlink()
    assert pages.stale(tmp_path) == ["leo/person.md", "old.md", "ssda903/header.md"]
    pages.write_pages(tmp_path)
    assert pages.stale(tmp_path) == []
    assert not (tmp_path / "old.md").exists()


def test_a_page_somebody_wrote_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# My notes\n")
    with pytest.raises(TreError, match="not made by this command"):
        pages.write_pages(tmp_path)
    assert (tmp_path / "index.md").read_text() == "# My notes\n"


@pytest.mark.parametrize("name", ["cin_census", "ssda903"])
def test_every_difference_from_the_analysts_validator_has_its_reason(name: str) -> None:
    page = MADE[f"{name}/differences.md"]
    for rule in dataset(name).rules:
        told = f"| [{rule.id}](rules.md#" in page
        entries = [other for other in dataset(name).rules if other.id == rule.id]
        assert told == any(one.compared in {"explained", "differs", "not comparable"} for one in entries)
        if rule.compared in {"explained", "differs"}:
            assert rule.note, rule.id


def test_the_format_page_tells_the_meaning_of_every_key() -> None:
    for _, _, part in format_page.PARTS:
        for key, kinds, _, meaning in format_page.keys(part):
            assert meaning, f"{part.__name__}.{key} has no text under it"
            assert kinds, key
            assert f"| `{key}` |" in MADE["format.md"]
