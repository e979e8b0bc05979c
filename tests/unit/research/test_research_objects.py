"""What a researcher holds: descriptions without rows, outputs that show themselves once they pass, examples, a limit of memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tre_toolkit as tre
from tre_toolkit.cli import run
from tre_toolkit.errors import MisuseError, Problems, TreError
from tre_toolkit.research import Crosstab, Example, Variable, assure, output, save
from tre_toolkit.research.workspace import Workspace

SEX = Crosstab(title="Boys & girls", rows=(Variable(column="authority"),), columns=(Variable(column="sex"),))
FEW = Crosstab(
    title="Few",
    rows=(Variable(column="ethnicity"),),
    columns=(Variable(column="authority"),),
)


def test_a_notebook_shows_words_and_digests_and_no_child(everything: Workspace) -> None:
    cohort = everything.first("referral", follow="1y")
    shown = [everything, cohort, cohort.pathways(bridge={"cla": 1}), cohort.attrition()]
    for one in shown:
        text = one._repr_html_()
        assert text.startswith("<div")
        assert not re.search(r"P0\d{4}|<script|https?:", text)
    assert "first seen in state referral" in shown[1]._repr_html_()
    assert "Looked after" in shown[2]._repr_html_()
    counts = {str(one) for one in shown[3].units.ravel().tolist()}
    assert not counts & set(
        re.findall(r"\d+", re.sub(r"<[^>]*>", " ", shown[3]._repr_html_()))
    )  # a table not checked


def test_an_output_shows_its_figure_once_it_passes_and_else_only_why_not(
    everything: Workspace, tmp_path: Path
) -> None:
    safe = save(everything, SEX, tmp_path / "sex.csv", packs=("dfe-cin",))
    assert repr(safe) == "<output sex.csv: PASS>"
    text = safe._repr_html_()
    assert "<svg" in text
    assert "<details>" in text
    assert "Boys &amp; girls" in text
    small = save(everything, FEW, tmp_path / "few.csv", packs=("dfe-cin",))
    assert small.verdict != "PASS"
    hidden = small._repr_html_()
    assert "not shown" in hidden
    assert "<svg" not in hidden
    assert "<details>" not in hidden
    assert safe.draw(tmp_path / "sex.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(TreError, match="only a table that passes"):
        small.draw(tmp_path / "few.svg")
    with pytest.raises(TreError, match="no evidence stands beside"):
        (tmp_path / "bare.csv").write_text("a,b\n1,2\n")
        output(tmp_path / "bare.csv")


def child(name: str, day: str, expect: str, **person: str) -> Example:
    return Example(
        name, {"cin_census.cin_details": [{"CINreferralDate": day, "period": "2025"}]}, expect, person
    )


def test_a_definition_is_tried_on_children_drawn_by_hand() -> None:
    drawn = [
        child("new", "2024-06-01", "in", birth_month="2012-01-01"),
        child("old case", "2023-06-01", "out: not entered on an observed day", birth_month="2012-01-01"),
        child("too young", "2024-06-01", "out: not aged 10 to 17", birth_month="2020-01-01"),
        Example("never", {"cin_census.cin_details": []}, "out: not first seen in state referral"),
    ]
    asked = {"start": "first", "state": "referral", "order": ("referral",), "age_from": 10, "age_to": 17}
    told = assure(drawn, **asked)
    assert told["new"].startswith("in: ")
    with pytest.raises(Problems, match="what was expected") as refusal:
        assure(drawn, **{**asked, "age_to": 11})
    assert [problem.what for problem in refusal.value.problems] == ["the child 'new' is out: not aged 10 to 11", *[
        "the child 'too young' is out: not aged 10 to 11"]]  # fmt: skip
    with pytest.raises(MisuseError, match="a name each"):
        assure([drawn[0], drawn[0]], **asked)
    with pytest.raises(MisuseError, match="isn't a day"):
        assure([child("x", "1/6/2024", "in")], **asked)


def test_a_limit_of_memory_changes_no_figure_and_leaves_no_work_behind(
    everything: Workspace, tmp_path: Path
) -> None:
    words = ["recipe", "run", "pathways", "--workspace", str(everything.folder), "--into"]
    assert run([*words, str(tmp_path / "a")]) == 0
    assert run([*words, str(tmp_path / "b"), "--memory", "200MB"]) == 0
    for one in sorted((tmp_path / "a").iterdir()):
        assert one.read_bytes() == (tmp_path / "b" / one.name).read_bytes()
    evidence = str(tmp_path / "a" / "state_flow.csv.evidence.json")
    again = [
        "tabulate",
        evidence,
        "--workspace",
        str(everything.folder),
        "--into",
        str(tmp_path / "c.csv"),
        "--memory",
        "1 GB",
    ]
    assert run(again) == 0
    assert {one.name for one in tmp_path.iterdir()} == {"a", "b", "c.csv", "c.csv.evidence.json"}
    assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "a" / "state_flow.csv").read_bytes()
    with pytest.raises(TreError, match="amount of memory"):
        tre.open(everything.folder, memory="lots")
