"""Findings point at cells: the place a finding tells is the place that is marked, and no other."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.gate.findings import told_once
from tre_toolkit.gate.places import marked, places
from tre_toolkit.gate.render.texts import csv_table

TABLE = b"""Region,Stage,Boys,Girls
North,Plan,120,3
North,Care,44,51
South,Plan,7,80
South,O'Care,12,13
"""


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("Region 'North', Stage 'Plan', Sex 'Girls'", (1, 3)),
        ("Region 'South', Stage 'Plan', Sex 'Boys'", (3, 2)),
        ("Region 'South', Stage \"O'Care\", Sex 'Girls' and 3 more", (4, 3)),
        ("row 3, column 1", (3, 2)),  # of figures: the two columns of labels are not counted
        ("row 2", (2, None)),
    ],
)
def test_a_place_told_by_labels_or_numbers_is_found(where: str, place: tuple[int, int | None]) -> None:
    assert places(TABLE, ",", [where]) == {where: place}


@pytest.mark.parametrize(
    "where",
    ["", "whole table", "row 9", "Region 'East', Stage 'Plan', Sex 'Boys'", "Region 'North', Sex 'Girls'", "line 4",
     "Region 'North', Stage 'Plan', Sex 'Plan'"],
)  # fmt: skip
def test_what_is_not_in_the_table_is_marked_nowhere(where: str) -> None:
    assert places(TABLE, ",", [where]) == {}


def test_exactly_the_cells_that_are_pointed_at_are_marked() -> None:
    html, _ = csv_table(TABLE)
    shown = marked(html, [(1, 3), (3, 2), (3, 3), (4, None)])
    rows = re.findall(r"<tr id='r(\d)'([^>]*)>(.*?)</tr>", shown)
    assert [(r, css) for r, css, _ in rows] == [("1", " class='holds'"), ("2", ""), ("3", " class='holds'"), ("4", " class='found'")]  # fmt: skip
    cells = {
        r: [c for c in re.findall(r"<td([^>]*)>([^<]*)", inner) if "found" in c[0]] for r, _, inner in rows
    }
    assert {r: [text for _, text in found] for r, found in cells.items()} == {"1": ["3"], "2": [], "3": ["7", "80"], "4": []}  # fmt: skip
    assert marked(html, []) == html
    assert marked(html, [(99, 1), (1, 99)]).count("found") == 0


def test_every_cell_the_real_checker_names_is_found(tmp_path: Path) -> None:
    """The checker's own words for a place lead to the small cells and to no other, by labels and by numbers."""
    import disclosure

    for labels in (
        ("North", "South", "East"),
        ("A1234567", "B7654321", "C1111111"),
    ):  # the second could name children
        text = "Region,Plan,Care\n" + "".join(
            f"{name},{n},{n + 40}\n" for name, n in zip(labels, (3, 90, 2), strict=True)
        )
        path = tmp_path / "table.csv"
        path.write_text(text)
        wheres = [
            f.where for f in disclosure.check_file(path, ["dfe-cin"]).findings if f.rule.endswith("/count")
        ]
        assert len(wheres) == 2, wheres
        found = places(text.encode(), ",", wheres)
        assert sorted(found.values()) == [(1, 1), (3, 1)], found
    printed = list(csv.reader(io.StringIO(text)))
    assert [printed[row][column] for row, column in sorted(found.values()) if column] == ["3", "2"]


def test_a_cell_is_told_once_and_cells_of_one_voice_stand_together() -> None:
    def said(where: str, message: str, verdict: str = "FAIL") -> dict[str, str]:
        return {
            "verdict": verdict,
            "rule": "dfe-cin/solved",
            "where": where,
            "message": message,
            "fix": "hide",
        }

    alone, joint = (
        "a reader can work it out from the totals",
        "a reader of this table and of b.csv together can",
    )
    told = told_once(
        [said("", "look", "REVIEW"), said("N", alone), said("S", alone), said("N", joint), said("W", joint)]
    )
    assert [(t.message, t.wheres) for t in told] == [(alone, ("N", "S")), (joint, ("W",)), ("look", ())]
    assert json.dumps([t.verdict for t in told]) == '["FAIL", "FAIL", "REVIEW"]'


def test_the_same_is_said_once_by_the_commands(house: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from tre_toolkit.gate.commands.common import show_files
    from tre_toolkit.gate.orm import models

    place = {
        "verdict": "FAIL",
        "rule": "p/solved",
        "where": "Region 'North', Sex 'Boys'",
        "fix": "hide another",
    }
    house.said["table.csv"] = [{**place, "message": "alone"}, {**place, "message": "with another table"}]
    key = house.submitted()
    show_files(house.gate, house.ben, models.Request.objects.get(pk=key))
    told = capsys.readouterr().out
    assert told.count("'North'") == 1
    assert "alone" in told
