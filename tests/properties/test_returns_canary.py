"""No value of a return is ever said: a canary in every cell, and nothing that is said sings.

Every cell of a return is given a text found nowhere else; then the return is read, damaged and validated in
every way there is, and all that is printed, logged, raised or written is searched for a canary.
"""

import dataclasses
import logging
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tre_toolkit.cli import run
from tre_toolkit.returns import find, read, write

CANARY = "Qanary"


def sings(text: str) -> bool:
    return CANARY.lower() in text.lower()


@pytest.fixture(scope="module")
def make_return():
    import runpy

    base = runpy.run_path(str(Path(__file__).parents[1] / "vectors" / "returns" / "base.py"))
    return base["as_return"]


def canaries(return_):
    """The same return with a canary in every cell that isn't a key the document is built by."""
    tables = {}
    for table in return_.schema.tables:
        frame = return_.tables[table.name].copy()
        counters = {one.counter for one in return_.schema.tables if one.counter}
        for place, column in enumerate(table.columns):
            if column in counters or column in {"ReferenceDate", "Year", "LEA"}:
                continue
            keep = column in {"LAchildID", "CHILD"}
            frame[column] = [f"{CANARY}{value if keep else place}" for value in frame[column]]
        tables[table.name] = frame
    return dataclasses.replace(return_, tables=tables)


@pytest.fixture(params=["ssda903", "cin_census"])
def folder(request, make_return, tmp_path):
    write(canaries(make_return(request.param, 2025)), tmp_path / "2025")
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--rows"], ["--json", "--rows"]])
def test_the_whole_answer_of_validate_holds_no_value(folder, words, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    page = folder / "report.html"
    assert run(["validate", str(folder / "2025"), *words, "--html", str(page)]) == 1
    said = capsys.readouterr()
    assert "103" in said.out or "4220" in said.out  # it did look at the cells
    assert not sings(said.out)
    assert not sings(said.err)
    assert not sings(caplog.text)
    assert not sings(page.read_text())


def test_a_canary_would_be_heard(folder):
    """The search itself finds what it looks for: the files are full of canaries."""
    assert any(sings(path.read_text()) for path in (folder / "2025").iterdir())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=some.floats(0, 1), junk=some.binary(min_size=1, max_size=12), cut=some.booleans())
def test_nothing_raised_by_a_damaged_file_holds_a_value(folder, at, junk, cut):
    path = max((folder / "2025").glob("*.[cx]*"), key=lambda one: one.stat().st_size)
    whole = path.read_bytes()
    place = int(at * len(whole))
    path.write_bytes(whole[:place] + junk + (b"" if cut else whole[place:]))
    try:
        for found in find([folder], year=2025):
            for problem in read(found).problems:
                assert not sings(str(problem))
    except Exception:
        assert not sings(traceback.format_exc())
    finally:
        path.write_bytes(whole)


def test_a_header_line_that_is_a_row_of_somebodys_cells_is_not_repeated(folder, capsys):
    for path in (folder / "2025").glob("*.csv"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join(lines[1:]) + "\n" if len(lines) > 1 else lines[0])
    run(["validate", str(folder / "2025"), "--year", "2025"])
    said = capsys.readouterr()
    assert not sings(said.out + said.err)
