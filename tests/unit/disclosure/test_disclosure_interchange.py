"""What acro recorded is judged anew and loses nothing acro found; what is written for SACRO Viewer is what its loader asks."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import disclosure
from disclosure.findings import Finding, Level, Verdict
from disclosure.interchange import check_acro, read_acro, write_sacro
from tre_toolkit.errors import TreError

# made by acro 1.0.2 from invented children: the script stands beside it
ACRO = Path(__file__).parents[2] / "vectors" / "acro-1.0.2"
TABLE = "area,a,b\nNorwich,3,40\nLuton,30,50\n"


def test_a_record_of_acro_is_read_whole() -> None:
    outputs = {output.name: output for output in read_acro(ACRO)}
    assert [path.name for path in outputs["output_2"].files] == [f"output_2_{at}.csv" for at in range(3)]
    assert outputs["output_0"].comments == ("the table of the paper",)
    assert outputs["output_0"].exception == "asked for by the funder"
    assert outputs["output_0"].flags == {"MinimumThresholdCheck": 2}
    assert [output.status for output in outputs.values()] == ["fail", "fail", "pass", "pass", *["review"] * 3]


def test_every_output_of_acro_is_judged_and_what_acro_saw_in_the_data_is_not_lost() -> None:
    verdicts = check_acro(ACRO, "dfe-cin")
    levels = {name: verdict.verdict for name, verdict in verdicts.items()}
    assert levels["output_0"] == "FAIL"  # a count of 1 to 5 is printed
    assert levels["output_4"] == "REVIEW"  # rows counted, not children
    told = [finding.message for finding in verdicts["output_1"].findings]
    assert any(
        "MinimumThresholdCheck flagged 1 cells" in message for message in told
    )  # a mean shows no count
    assert {levels[name] for name in levels if name.endswith("DONT_RELEASE")} == {"FAIL"}
    assert "PASS" not in levels.values()


def test_a_file_changed_after_acro_recorded_it_fails(tmp_path: Path) -> None:
    folder = tmp_path / "acro"
    shutil.copytree(ACRO, folder)
    (folder / "extra.csv").write_text("area,children\nNorwich,41\nLuton,30\n")
    assert check_acro(folder, "dfe-cin")["output_4"].level is Level.FAIL


def test_an_output_without_files_is_for_review_and_a_missing_file_is_refused(tmp_path: Path) -> None:
    record: dict[str, Any] = {"version": "1.0.2", "results": {"a": {"status": "pass", "files": []}}}
    (tmp_path / "results.json").write_text(json.dumps(record))
    assert check_acro(tmp_path)["a"].level is Level.REVIEW
    record["results"]["a"]["files"] = [{"name": "gone.csv"}]
    (tmp_path / "results.json").write_text(json.dumps(record))
    with pytest.raises(TreError, match="no such file"):
        check_acro(tmp_path)


@pytest.mark.parametrize(
    "text", ["nonsense", "{}", '{"results": {"a": {"files": [{"name": "../x.csv"}]}}}', "[" * 9999]
)
def test_a_record_that_is_not_acros_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(TreError):
        read_acro(tmp_path)


def viewed(folder: Path) -> dict[str, Any]:
    """The record as the Viewer's loader asks it to be (`sacro/models.py`, `versioning.py` and its page's scripts)."""
    told: dict[str, Any] = json.loads((folder / "results.json").read_text())
    major, minor, *_ = told["version"].split(".")
    assert (int(major), int(minor)) >= (0, 4)
    assert not (folder / "outputs.json").exists()
    for other in folder.glob("*.json"):  # only one file of the folder may read as a record
        assert other.name == "results.json" or not {"version", "results"} <= set(
            json.loads(other.read_text())
        )
    for result in told["results"].values():
        assert result["summary"].split("; ")[0] == result["status"]
        assert isinstance(result["comments"], list)
        assert isinstance(result["properties"]["method"], str)
        for file in result["files"]:
            digest = (folder / "checksums" / f"{file['name']}.txt").read_text()
            assert digest == hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest()
            lines = (folder / file["name"]).read_text().splitlines()
            for places in file["sdc"]["cells"].values():
                assert all(row < len(lines) - 1 and column < lines[0].count(",") for row, column in places)
    return told


def test_what_is_written_for_the_viewer_is_what_its_loader_asks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    write_sacro(tmp_path, disclosure.check_files([path], "dfe-cin"), comment="for review")
    told = viewed(tmp_path)
    assert told["results"]["output_0"]["files"][0]["sdc"]["cells"] == {"dfe-cin/count": [[0, 0]]}
    (output,) = read_acro(tmp_path)
    assert (output.status, output.comments) == ("fail", ("for review",))


def test_a_cell_beside_two_labels_is_marked_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("area,sex,a,b\nNorwich,F,30,40\nNorwich,M,30,4\nLuton,F,30,40\nLuton,M,30,40\n")
    write_sacro(tmp_path, disclosure.check_files([path], "dfe-cin"))
    assert viewed(tmp_path)["results"]["output_0"]["files"][0]["sdc"]["cells"] == {"dfe-cin/count": [[1, 2]]}


def test_words_go_into_the_viewers_page_as_words(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    finding = Finding(Level.FAIL, "house/file", str(path), "area '<img src=x onerror=y>'", "a; b", "fix")
    write_sacro(tmp_path, {path: Verdict(Level.FAIL, (finding,))}, comment="<script>")
    text = (tmp_path / "results.json").read_text()
    assert "<img" not in text
    assert "<script" not in text
    assert viewed(tmp_path)["results"]["output_0"]["summary"].count("; ") == 1


def test_a_file_that_stands_elsewhere_or_takes_the_viewers_names_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "folder"
    inside.mkdir()
    for name in ("t.csv", "folder/outputs.json"):
        (tmp_path / name).write_text(TABLE)
        with pytest.raises(TreError):
            write_sacro(inside, {tmp_path / name: Verdict(Level.PASS)})
    assert not (inside / "results.json").exists()
