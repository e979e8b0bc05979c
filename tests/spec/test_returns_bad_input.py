"""Bad input, gathered and told together: nothing is lost silently, and a big file is never held whole."""

import dataclasses

import pytest

from tre_toolkit.cli import run
from tre_toolkit.returns import find, read, write
from tre_toolkit.returns.finder import search
from tre_toolkit.returns.xml_file import Reading, _records
from tre_toolkit.returns.xml_plan import units
from tre_toolkit.schema import schema


@pytest.fixture(scope="module")
def make_return():
    import runpy
    from pathlib import Path

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
