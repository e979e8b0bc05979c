"""The report of a recipe: offline, whole, and silent about what doesn't pass. And every recipe over one workspace."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest

from tre_toolkit.cli import run
from tre_toolkit.research.clusters import Groups
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.recipes import names, recipe
from tre_toolkit.research.report import write_report
from tre_toolkit.research.run import run_recipe
from tre_toolkit.research.workspace import Workspace


@pytest.mark.parametrize("name", names())
def test_every_recipe_makes_every_table_and_its_report_where_the_workspace_holds_its_data(
    everything: Workspace, tmp_path: Path, name: str
) -> None:
    ran = run_recipe(name, everything, tmp_path / "o")
    assert ran.left_out == {}
    assert {path.name for path in ran.written} == set(recipe(name).tables())
    for path in ran.written:
        assert len(path.read_text(encoding="utf-8").splitlines()) > 1
    text = write_report(tmp_path / "o", tmp_path / "report.html", packs=("dfe-cin",)).read_text("utf-8")
    about, shown = recipe(name).ABOUT, text.count('alt="')
    assert escape(about.title) in text
    assert all(escape(limit) in text for limit in about.limits)
    assert shown + text.count("Not shown:") == len(ran.written)
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", text)
    assert not re.findall(r"P0\d{4}", text)


@pytest.mark.parametrize("name", names())
def test_every_recipe_tells_its_question_its_limits_and_its_disclosure_story(name: str) -> None:
    about = recipe(name).ABOUT
    assert about.name == name
    assert "?" in about.asks
    assert about.limits
    assert about.disclosure


def test_a_report_shows_what_passes_names_what_does_not_and_fetches_nothing(
    everything: Workspace, tmp_path: Path
) -> None:
    run_recipe("domestic_abuse", everything, tmp_path / "o")
    page = tmp_path / "report.html"
    assert run(["recipe", "report", str(tmp_path / "o"), "--pack", "dfe-cin", "--into", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", text)
    assert "<script" not in text
    assert "invented children" in text
    assert "data:image/svg+xml" in text
    assert not re.findall(r"P0\d{4}", text)


def test_a_report_of_tables_that_fail_shows_none_of_their_numbers(
    everything: Workspace, tmp_path: Path
) -> None:
    ran = run_recipe("pathways", everything, tmp_path / "o")
    assert run(["recipe", "report", str(tmp_path / "o"), "--into", str(tmp_path / "r.html")]) == 0
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("Not shown:") == len(ran.written)
    assert "<table" not in text


def test_groups_of_pathways_hold_every_child_once_at_each_point(everything: Workspace) -> None:
    table = tabulate(
        everything,
        Groups(title="g", cohort={"start": "first", "state": "referral"}, steps=6, every=1, groups=3),
    )
    totals = table.units[:, -1].reshape(3, 6)
    assert (totals == totals[:, :1]).all()
    assert totals[:, 0].min() >= 10
    assert totals[0, 0] >= totals[1, 0] >= totals[2, 0]
