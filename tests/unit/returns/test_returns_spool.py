"""Rows between files and frames: in memory while few, in nameless files beyond, and the same either way."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tre_toolkit.errors import MisuseError
from tre_toolkit.returns import find, read, room, spool, validate, write
from tre_toolkit.returns.csv_file import _chunks, header_of
from tre_toolkit.returns.spool import Spool
from tre_toolkit.schema import schema

BASE = runpy.run_path(str(Path(__file__).parents[2] / "vectors" / "returns" / "base.py"))
TABLE = schema("ssda903", 2025).table("reviews")


def filled(chunks: int, folder: Path | None = None) -> Spool:
    one = Spool([TABLE], folder)
    for chunk in range(chunks):
        rows = pa.table({"CHILD": [f" C{chunk}-{row} " for row in range(1000)]})
        one.add("reviews", rows, np.arange(1000) + 1000 * chunk)
    return one


def test_rows_come_back_in_order_from_memory_and_from_disk(monkeypatch, tmp_path):
    small = filled(3)
    monkeypatch.setattr(spool, "HELD", 10_000)
    large = filled(3, tmp_path)
    assert not small._files
    assert large._files
    for one in (small, large):
        assert one.rows("reviews") == 3000
        frame = one["reviews"]
        assert frame is one["reviews"]
        assert list(frame.columns) == [*TABLE.columns, "row_no"]
        assert frame.CHILD.tolist()[::1500] == ["C0-0", "C1-500"]
        assert frame.row_no.tolist() == list(range(3000))
        assert frame.DOB.isna().all()


@pytest.mark.parametrize("held", [10_000, None])
def test_frames_come_one_after_the_other_and_are_what_the_whole_frame_is(held):
    one = Spool([TABLE], held=held)
    assert [len(frame) for frame in one.frames("reviews", 10)] == [0]
    for chunk in range(5):
        rows = pa.table({"CHILD": [f" C{chunk}-{row} " for row in range(1000)]})
        one.add("reviews", rows, np.arange(1000) + 1000 * chunk)
    frames = list(one.frames("reviews", 1500))
    assert bool(one._files) is (held is not None)
    assert [len(frame) for frame in frames] == [2000, 2000, 1000]
    assert not one._frames
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), one["reviews"])
    assert list(next(one.frames("reviews", 1, ["DOB", "row_no"])).columns) == ["DOB", "row_no"]


def test_nothing_of_a_spool_stands_in_any_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(spool, "HELD", 10_000)
    kept = filled(3, tmp_path)
    assert kept._files
    assert list(tmp_path.iterdir()) == []


def test_two_readers_of_one_table_do_not_move_each_other(monkeypatch):
    monkeypatch.setattr(spool, "HELD", 10_000)
    one = filled(4)
    first, second = one.batches("reviews"), one.batches("reviews")
    pairs = [(a["row_no"][0].as_py(), b["row_no"][0].as_py()) for a, b in zip(first, second, strict=True)]
    assert [a for a, _ in pairs] == [b for _, b in pairs]
    assert sum(batch.num_rows for batch in one.batches("reviews")) == 4000


def test_asking_whether_a_table_is_there_makes_no_frame():
    one = filled(1)
    assert "reviews" in one
    assert "nothing" not in one
    assert one._frames == {}


def test_validation_makes_no_frame_and_finds_the_same_from_disk(monkeypatch, tmp_path):
    write(BASE["as_return"]("ssda903", 2025), tmp_path / "2025")
    path = tmp_path / "2025" / "header.csv"
    path.write_text(path.read_text().replace("WBRI", "XXXX"))
    [found] = find([tmp_path])
    reports = []
    for held in (spool.HELD, 100):
        monkeypatch.setattr(spool, "HELD", held)
        return_ = read(found)
        assert bool(return_.tables._files) == (held == 100)
        reports.append(validate(return_))
        assert return_.tables._frames == {}
    assert [(one.rule, one.rows.tolist()) for one in reports[0].findings] == [
        (one.rule, one.rows.tolist()) for one in reports[1].findings
    ]
    assert any(one.rule == "103" for one in reports[0].findings)


def test_refused_rows_are_numbered_through_all_chunks(monkeypatch, tmp_path):
    """Places of rows read and refused are those of the file, wherever a chunk ends."""
    from tre_toolkit.returns import csv_file

    monkeypatch.setattr(csv_file, "CHUNK", 2000)
    bad = {0, 1, 7, 399, 400, 401, 998, 999}
    lines = [f"C{row},x,y" if row in bad else f"C{row},01/02/2020" for row in range(1000)]
    path = tmp_path / "reviews.csv"
    path.write_text("CHILD,DOB\n" + "\n".join(lines) + "\n")
    refused: list[int] = []
    seen: list[int] = []
    chunks = 0
    for rows, places in _chunks(path, header_of(path), {"c0": "CHILD"}, refused):
        assert rows["CHILD"].to_pylist() == [f"C{place}" for place in places]
        seen += places.tolist()
        chunks += 1
    assert chunks > 3
    assert set(refused) == bad
    assert sorted([*seen, *refused]) == list(range(1000))


@pytest.mark.parametrize(
    ("said", "bytes_"), [("1GB", 10**9), ("800 mb", 8 * 10**8), ("1.5G", 15 * 10**8), ("2GiB", 2 * 10**9)]
)
def test_an_amount_of_memory_is_read_as_people_write_it(said, bytes_):
    assert room.bytes_of(said) == bytes_


@pytest.mark.parametrize("said", ["much", "", "-1GB", "100MB"])
def test_what_is_no_amount_or_too_little_is_refused(said):
    with pytest.raises(MisuseError), room.engine_within(said):
        pass


def test_the_engines_folder_is_its_owners_alone_and_goes_with_it(tmp_path):
    with room.engine_within("1GB", tmp_path) as engine:
        [folder] = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        assert engine.rows("SELECT current_setting('temp_directory') AS t")["t"][0] == str(folder)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    dead = tmp_path / f"{room.PREFIX}{int(gone.stdout)}-x"
    alive = tmp_path / f"{room.PREFIX}{os.getpid()}-y"
    for folder in (dead, alive):
        folder.mkdir()
    with room.engine_within("1GB", tmp_path):
        assert alive.is_dir()
        assert not dead.exists()


MEASURE = """
import json, resource, sys
from tre_toolkit.returns import find, read, spool
spool.HELD = 4 * 2**20  # the bound under test is the chunk's, not what may be held besides
[found] = find([sys.argv[1]], year=2025, authority="990")
read(find([sys.argv[2]], year=2025, authority="990")[0])  # everything is loaded once
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
got = read(found)
print(json.dumps({"rows": got.rows_read, "grown": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux alone")
@pytest.mark.parametrize("form", ["csv", "xml"])
def test_reading_a_file_eight_times_as_long_takes_no_eight_times_the_memory(tmp_path, form):
    """Memory is bounded by the chunk or the record, not by the file: the longer file is 100 MB and more."""
    grown = {}
    for times, large in ((1, False), (8, True)):
        path = tmp_path / f"{times}" / ("reviews.csv" if form == "csv" else "cin_census.xml")
        path.parent.mkdir()
        _long(path, form, times)
        small = tmp_path / "1"
        told = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path.parent), str(small)],
            capture_output=True,
            text=True,
            check=True,
        )
        grown[large] = json.loads(told.stdout)
    assert grown[True]["rows"] > 7 * grown[False]["rows"]
    assert path.stat().st_size > 100 * 2**20
    assert (
        grown[True]["grown"] < 150 * 2**10
    )  # KiB: what is held before rows go to disk, and a chunk on its way


def _long(path: Path, form: str, times: int) -> None:
    if form == "csv":
        block = "".join(f"CHILD{row:09d},01/01/2015,01/06/2024,PN1\n" for row in range(20_000))
        with path.open("w") as file:
            file.write("CHILD,DOB,REVIEW,REVIEW_CODE\n")
            for _ in range(20 * times):
                file.write(block)
        return
    child = "<Child><ChildIdentifiers><LAchildID>C{}</LAchildID></ChildIdentifiers></Child>\n"
    unknown = "<Later>" + "<Thing>some text of a later year</Thing>" * 20_000 + "</Later>\n"
    block = "".join(child.format(row) for row in range(1000))
    with path.open("w") as file:
        file.write("<Message><Header/><Children>\n")
        for _ in range(6 * times):
            file.write(block)
        file.write("</Children>\n")
        for _ in range(17 * times):
            file.write(unknown)
        file.write("</Message>\n")
