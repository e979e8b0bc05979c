"""`tre synth`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synth.write import chunk_of
from tre_toolkit.cli import run


def test_a_set_is_written_and_said_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = str(tmp_path / "invented")
    words = [
        "synth",
        "ssda903",
        "--authority",
        "991",
        "--years",
        "2024-2025",
        "--children",
        "40",
        "--seed",
        "1",
    ]
    assert run([*words, "--into", into, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["children"] == 40
    assert (tmp_path / "invented/991/ssda903/2025/episodes.csv").is_file()
    assert run(["validate", into]) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "no dataset nonsense"),
        (["ssda903", "--authority", "926"], "no authority has"),
        (["ssda903", "--years", "spring"], "years are not right"),
        (["ssda903", "--mess", "chaos"], "no profile"),
        (["ssda903", "--tier", "2"], "give --like"),
        (["ssda903", "--like", "."], "read no data"),
        (["ssda903", "--tier", "0", "--margin", "x.csv"], "belong to tier 1"),
        (["ssda903", "--engine", "hma"], "belong to tier 2"),
        (["ssda903", "--form", "xml"], "DATASET=FORM"),
        (["ssda903", "--form", "ssda903=workbook"], "doesn't come as workbook"),
        (["ssda903", "--memory", "plenty"], "not an amount of memory"),
        (["ssda903", "--memory", "20MB"], "so little memory"),
    ],
)
def test_what_was_put_wrongly_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert run(["synth", *words, "--children", "8", "--into", str(tmp_path / "x")]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_stands_already_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/mine.txt").write_text("mine")
    assert run(["synth", "ssda903", "--children", "8", "--into", str(tmp_path / "x")]) == 1
    assert "stands here already" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["mine.txt"]


def test_approved_tables_decide_the_codes(tmp_path: Path) -> None:
    (tmp_path / "need.csv").write_text("PrimaryNeedCode,count\nN1,20\nN4,80\n")
    words = ["synth", "cin_census", "--children", "400", "--margin", str(tmp_path / "need.csv")]
    assert run([*words, "--into", str(tmp_path / "set")]) == 0
    text = (tmp_path / "set/990/cin_census/2025/cin_census_990_2025.xml").read_text()
    assert text.count("<PrimaryNeedCode>N4<") > 2 * text.count("<PrimaryNeedCode>N1<")
    report = json.loads((tmp_path / "set/report.json").read_text())
    assert report["structure"]["rules_broken"] == {"cin_census_990_2025": {}}


def test_less_memory_makes_smaller_chunks_and_the_same_bytes(tmp_path: Path) -> None:
    assert chunk_of("400MB") < chunk_of("1GB") < chunk_of("1.5 GB")
    words = ["synth", "ssda903", "--children", "60", "--form", "ssda903=xml", "--into"]
    for name, more in (("one", []), ("two", ["--memory", "350MB"])):
        assert run([*words, str(tmp_path / name), *more]) == 0
    said = [
        (tmp_path / name / "990/ssda903/2025/ssda903_990_2025.xml").read_bytes() for name in ("one", "two")
    ]
    assert said[0] == said[1]
