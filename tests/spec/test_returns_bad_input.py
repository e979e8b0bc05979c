"""Bad input, gathered and told together: nothing is lost silently, and a big file is never held whole."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from tre_toolkit.cli import run
from tre_toolkit.returns import find, read, write
from tre_toolkit.returns.finder import search
from tre_toolkit.returns.xml_file import Reading, _records
from tre_toolkit.returns.xml_plan import units
from tre_toolkit.schema import schema

LISTS = Path(__file__).parents[1] / "vectors" / "returns" / "lookups"


@pytest.fixture(scope="module")
def make_return():
    import runpy

    return runpy.run_path(str(Path(__file__).parents[1] / "vectors" / "returns" / "base.py"))["as_return"]


def test_every_row_of_a_dirty_set_is_either_read_or_refused(tmp_path, make_return):
    folder = tmp_path / "2022"
    write(make_return("ssda903", 2022), folder)
    lines = 0
    for path in sorted(folder.glob("*.csv")):
        head, *rows = path.read_text().splitlines()
        rows += [rows[0] + ",,,,", "a,b"] if rows else []
        path.write_text("\n".join([head, *rows]) + "\n")
        lines += len(rows)
    (folder / "dolo.csv").write_text("CHILD,DOB,DOLO_START,DOLO_END\nA,,,\nB,,,\n")
    got = read(find([folder])[0])
    assert got.rows_read + got.rows_refused == lines + 2
    assert sum(problem.count for problem in got.problems if "refused" in problem.what) == got.rows_refused


def test_several_troubles_of_several_returns_are_told_in_one_go(tmp_path, make_return, capsys):
    write(make_return("ssda903", 2025), tmp_path / "ssda903" / "2025")
    [document] = write(make_return("cin_census", 2025), tmp_path / "cin" / "2025")
    (tmp_path / "ssda903" / "2025" / "oc2.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (tmp_path / "ssda903" / "2025" / "oc3.csv").write_bytes(b"")
    document.write_bytes(document.read_bytes()[:-200])
    assert run(["validate", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    for file in ("oc2.csv", "oc3.csv", document.name):
        assert file in told


def test_mixed_years_of_one_table_are_told_apart_and_never_merged(tmp_path, make_return):
    first = write(make_return("ssda903", 2024), tmp_path / "a")
    folder = tmp_path / "b"
    write(make_return("ssda903", 2025), folder)
    for path in folder.glob("*.csv"):
        path.rename(path.with_name(f"{path.stem}_2025.csv"))
    for path in first:
        path.rename(folder / f"{path.stem}_2024.csv")
    assert [(one.year, len(one.files)) for one in find([folder])] == [(2024, 11), (2025, 11)]


def test_a_date_that_is_none_is_counted_and_its_row_kept(tmp_path, make_return, capsys):
    write(make_return("ssda903", 2025), tmp_path / "2025")
    path = tmp_path / "2025" / "reviews.csv"
    lines = path.read_text().splitlines()
    for at, wrong in ((1, "31/02/2024"), (2, "01/01/0001"), (3, "0001-01-01"), (4, "2024-05-05")):
        cells = lines[at].split(",")
        lines[at] = ",".join([*cells[:2], wrong, cells[3]])
    path.write_text("\n".join(lines) + "\n")
    assert run(["validate", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "column REVIEW, row 1: not a date written as dd/mm/yyyy (4 times)" in told
    assert "166" in told
    assert "0001" not in told


def test_a_csv_file_called_xml_is_left_out_and_named(tmp_path, make_return):
    write(make_return("ssda903", 2025), tmp_path / "2025")
    (tmp_path / "2025" / "header.csv").rename(tmp_path / "2025" / "header.xml")
    looked = search([tmp_path])
    assert [path.name for path in looked.left_out] == ["header.xml"]
    assert "header" in read(looked.found[0]).absent


def test_records_are_forgotten_as_they_are_read(tmp_path, make_return):
    """Memory is bounded by one child's record: the document's tree never holds more than a few of them."""
    before = make_return("cin_census", 2025)
    many = {name: frame if name == "header" else _many(frame, 300) for name, frame in before.tables.items()}
    [path] = write(dataclasses.replace(before, tables=many), tmp_path)
    known = schema("cin_census", 2025)
    plans = units(known)
    seen, held = 0, 0
    for element, _ in _records(path, known, plans, Reading(lambda *_: None)):
        seen += 1
        held = max(held, len(element.getparent()))
    assert seen == 7 * 300 + 1
    assert held < 100  # what the parser's own block of bytes holds, not the 2,101 records


def _many(frame, copies):
    import pandas as pd

    parts = [frame.assign(LAchildID=frame["LAchildID"] + f"C{copy}") for copy in range(copies)]
    return pd.concat(parts, ignore_index=True).assign(row_no=range(copies * len(frame)))


EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
GOOD = "A{},01/06/2024,S,C2,N1,U6,PR1,,,,,,"


def _lines(*bad: str) -> str:
    return "\n".join([EPISODES, *(GOOD.format(row) for row in range(5)), *bad]) + "\n"


@pytest.mark.parametrize(
    ("what", "content", "read_", "refused"),
    [
        ("sound", _lines().encode(), 5, 0),
        ("UTF-16", _lines("A9,a,b").encode("utf-16"), 5, 1),
        ("a cell too many", _lines(GOOD.format(9) + ",", "x").encode(), 5, 2),
        ("dates that are none", _lines(GOOD.format(9).replace("01/06/2024", "31/02/2024")).encode(), 6, 0),
        ("a blank a system wrote", _lines(GOOD.format(9).replace("01/06/2024", "0001-01-01")).encode(), 6, 0),
        ("a formula", _lines(GOOD.format(9).replace("N1", '"=HYPERLINK(""x"")"')).encode(), 6, 0),
        ("Windows-1252", _lines(GOOD.format("é")).encode("cp1252"), 6, 0),
    ],
)
def test_rows_read_and_refused_are_printed_and_add_up(tmp_path, capsys, what, content, read_, refused):
    path = tmp_path / "2025" / "episodes.csv"
    path.parent.mkdir()
    path.write_bytes(content)
    code = run(["validate", str(tmp_path), "--json"])
    [told] = json.loads(capsys.readouterr().out)["returns"]
    assert (told["rows_read"], told["rows_refused"]) == (read_, refused), what
    assert run(["validate", str(tmp_path)]) == code
    assert f"{read_} rows read, {refused} refused" in capsys.readouterr().out


def test_a_reading_problem_that_a_rule_names_too_is_one_error(tmp_path, capsys):
    path = tmp_path / "2025" / "reviews.csv"
    path.parent.mkdir()
    path.write_text("CHILD,DOB,REVIEW,REVIEW_CODE\nA,01/01/2015,31/02/2025,PN1\n")
    run(["validate", str(tmp_path), "--json"])
    [told] = json.loads(capsys.readouterr().out)["returns"]
    assert "166" in {one["rule"] for one in told["findings"]}
    assert [one["what"] for one in told["problems"]] == ["not a date written as dd/mm/yyyy"]
    broken = sum(one["count"] for one in told["findings"] if one["kind"] == "error")
    assert told["errors"] == broken


def test_a_rule_skipped_for_want_of_a_list_says_what_to_type(tmp_path, capsys, make_return):
    write(make_return("ssda903", 2025), tmp_path / "2025")
    run(["validate", str(tmp_path), "--json"])
    [told] = json.loads(capsys.readouterr().out)["returns"]
    [reason] = {one["reason"] for one in told["skipped"] if one["rule"] == "1008"}
    words = reason.split(": ", 1)[1].split()
    for at in range(1, len(words), 2):
        shutil.copy(LISTS / words[at].partition("=")[2], tmp_path)
        words[at] = words[at].replace("=", f"={tmp_path}/")
    run(["validate", str(tmp_path / "2025"), *words, "--json"])
    [told] = json.loads(capsys.readouterr().out)["returns"]
    assert "1008" not in {one["rule"] for one in told["skipped"]}


def test_an_endless_unknown_block_is_forgotten_as_it_passes(tmp_path):
    """A block the catalogue doesn't know may be longer than memory: it never stands in the tree whole."""
    block = "<Later><Deep>" + "<Thing>x</Thing>" * 50_000 + "</Deep></Later>"
    path = tmp_path / "cin_census_990_2025.xml"
    path.write_text(f"<Message><Header/><Children/>{block}{block}</Message>")
    known = schema("cin_census", 2025)
    reading = Reading(lambda *_: None)
    for _ in _records(path, known, units(known), reading):
        pass
    assert reading.trouble == {("an element the catalogue doesn't know: left out", "Message/Later"): 2}


def test_any_number_of_unknown_names_is_counted_in_bounded_room(tmp_path):
    names = "".join(f"<n{number}/>" for number in range(5000))
    child = f"<Child><ChildIdentifiers><LAchildID>A</LAchildID></ChildIdentifiers>{names}</Child>"
    path = tmp_path / "cin_census_990_2025.xml"
    path.write_text(f"<Message><Header/><Children>{child}</Children></Message>")
    got = read(find([path], year=2025, authority="990")[0])
    assert sum(problem.count for problem in got.problems) == 5000
    assert len(got.problems) < 30
