"""SSDA903 as a set of CSV files: what is read, what is refused, and that everything is counted."""

import codecs
import runpy
from pathlib import Path

import pytest

from tre_toolkit.errors import Problems, TreError
from tre_toolkit.returns import find, read, typed, write

BASE = runpy.run_path(str(Path(__file__).parents[2] / "vectors" / "returns" / "base.py"))
HEADER = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
ROW = "A1,01/06/2024,S,C2,N1,U6,PR1,,,,,,"


def episodes(folder: Path, *lines: str, header: str = HEADER, name: str = "episodes.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(("\n".join([header, *lines]) + "\n").encode())
    return path


def only(folder: Path, **how):
    [found] = find([folder], **how)
    return read(found)


def test_cells_are_text_without_surrounding_blanks_and_blanks_are_missing(tmp_path):
    episodes(tmp_path / "2025", " A1 ,01/06/2024,S,C2,N1, ,PR1,,,,,,")
    frame = only(tmp_path).tables["episodes"]
    assert frame.CHILD.tolist() == ["A1"]
    assert frame.PLACE.isna().all()
    assert str(frame.PLACE.dtype) == "str"
    assert frame.row_no.tolist() == [0]
    assert frame.row_no.dtype == "int64"


def test_a_frame_has_the_columns_of_its_year_and_the_place_of_each_row(tmp_path):
    episodes(tmp_path / "2025", ROW)
    got = only(tmp_path)
    for table in got.schema.tables:
        assert list(got.tables[table.name].columns) == [*table.columns, "row_no"]


@pytest.mark.parametrize(
    ("encode", "told"),
    [
        (lambda text: codecs.BOM_UTF8 + text.encode(), 0),
        (lambda text: text.encode("utf-16"), 0),
        (lambda text: text.encode("utf-16-le"), 0),
        (lambda text: text.encode("utf-16-be"), 0),
        (lambda text: text.replace("A1", "Ané").encode("cp1252"), 1),
        (lambda text: text.replace(",", "\t").encode("utf-16"), 0),
        (lambda text: text.replace(",", ";").encode(), 0),
        (lambda text: text.replace("\n", "\r\n").encode(), 0),
    ],
)
def test_every_encoding_and_delimiter_that_is_sent_is_read(tmp_path, encode, told):
    folder = tmp_path / "2025"
    folder.mkdir()
    (folder / "episodes.csv").write_bytes(encode(f"{HEADER}\n{ROW}\n"))
    got = only(tmp_path)
    assert got.tables["episodes"].DECOM.tolist() == ["01/06/2024"]
    assert len(got.problems) == told
    assert got.rows_read == 1


def test_a_header_in_other_letters_is_the_same_header(tmp_path):
    episodes(tmp_path / "2025", ROW, header=HEADER.lower())
    assert only(tmp_path).tables["episodes"].PLACE.tolist() == ["U6"]


def test_an_unknown_column_is_told_and_left_out(tmp_path):
    episodes(tmp_path / "2025", ROW + ",secret", header=HEADER + ",NOTES")
    got = only(tmp_path)
    [problem] = got.problems
    assert "doesn't know" in problem.what
    assert problem.where.column == "NOTES"
    assert "NOTES" not in got.tables["episodes"]


def test_a_missing_column_is_told_and_its_cells_are_blank(tmp_path):
    episodes(tmp_path / "2025", "A1,01/06/2024", header="CHILD,DECOM")
    got = only(tmp_path)
    assert {problem.where.column for problem in got.problems} == {"RNE", "LS", "CIN", "PLACE"}
    assert got.tables["episodes"].RNE.isna().all()


def test_a_column_that_stands_twice_is_read_once(tmp_path):
    episodes(tmp_path / "2025", ROW + ",B", header=HEADER + ",CHILD")
    got = only(tmp_path)
    assert got.tables["episodes"].CHILD.tolist() == ["A1"]
    assert "twice" in got.problems[0].what


def test_rows_with_too_many_or_too_few_cells_are_refused_and_counted(tmp_path):
    episodes(tmp_path / "2025", ROW, ROW + ",,,", "A2,01/06/2024", ROW.replace("A1", "A3"))
    got = only(tmp_path)
    assert got.rows_read == 2
    assert got.rows_refused == 2
    assert got.tables["episodes"].row_no.tolist() == [0, 3]
    assert got.tables["episodes"].CHILD.tolist() == ["A1", "A3"]
    assert got.problems[0].count == 2
    assert got.problems[0].where.row == 2


def test_a_quoted_cell_may_hold_a_delimiter_and_a_line_break(tmp_path):
    episodes(tmp_path / "2025", '"A,\n1",01/06/2024,S,C2,N1,U6,PR1,,,,,,', ROW)
    assert only(tmp_path).tables["episodes"].CHILD.tolist() == ["A,\n1", "A1"]


def test_a_file_of_a_table_that_year_has_not_is_refused_row_by_row(tmp_path):
    folder = tmp_path / "2022"
    episodes(folder, ROW)
    (folder / "sw_episodes.csv").write_text(
        "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON\nA1,01/01/2010,SW1,01/01/2020,,FCONTA\n"
    )
    got = only(tmp_path)
    assert (got.rows_read, got.rows_refused) == (1, 1)
    assert "2022 has no table social_worker" in got.problems[0].what


def test_binary_junk_renamed_csv_is_refused_and_every_bad_file_is_told(tmp_path):
    folder = tmp_path / "2025"
    episodes(folder, ROW)
    (folder / "header.csv").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 20)
    (folder / "reviews.csv").write_bytes(b"")
    [found] = find([tmp_path])
    with pytest.raises(Problems) as refused:
        read(found)
    told = str(refused.value)
    assert "header.csv" in told
    assert "reviews.csv" in told
    assert "2 of 3 files" in told


def test_a_file_without_a_header_line_is_refused(tmp_path):
    folder = tmp_path / "2025"
    episodes(folder, ROW)
    (folder / "header.csv").write_text("A1,M,01/01/2010,WBRI,UN1,,\n")
    [found] = find([tmp_path])
    with pytest.raises(TreError, match="none of its columns"):
        read(found)


def test_an_unclosed_quotation_mark_loses_no_row_silently(tmp_path):
    episodes(tmp_path / "2025", ROW, '"A2,01/06/2024,S,C2,N1,U6,PR1,,,,,,', ROW)
    [found] = find([tmp_path])
    try:
        got = read(found)
    except TreError:
        return
    assert got.rows_refused >= 1


def test_a_table_without_rows_is_read_as_such(tmp_path):
    episodes(tmp_path / "2025")
    got = only(tmp_path)
    assert got.rows_read == 0
    assert "episodes" not in got.absent
    assert "reviews" in got.absent


def test_types_are_given_and_what_cannot_be_read_is_missing(tmp_path):
    folder = tmp_path / "2025"
    episodes(folder, ROW, ROW.replace("01/06/2024", "31/02/2024"), ROW.replace("01/06/2024", "01/01/0001"))
    (folder / "oc2.csv").write_text("CHILD,DOB,SDQ_SCORE,CONVICTED\nA1,5/4/2010,12,1\nA2,x,1.5,no\nA3,,x,9\n")
    tables = typed(only(tmp_path))
    assert tables["episodes"].DECOM.dtype == "datetime64[s]"
    assert tables["episodes"].DECOM.isna().tolist() == [False, True, True]
    assert tables["oc2"].DOB.dt.strftime("%Y-%m-%d").tolist()[0] == "2010-04-05"
    assert str(tables["oc2"].SDQ_SCORE.dtype) == "Int64"
    assert tables["oc2"].SDQ_SCORE.isna().tolist() == [False, True, True]
    assert tables["oc2"].CONVICTED.tolist()[:2] == [True, False]
    assert tables["oc2"].CONVICTED.isna().tolist() == [False, False, True]


def test_what_is_written_reads_the_same(tmp_path, make_return):
    for year in (2018, 2024, 2025, 2027):
        before = make_return("ssda903", year)
        written = write(before, tmp_path / "990" / str(year))
        [found] = find(written)
        after = read(found)
        assert (after.dataset, after.year, after.authority) == ("ssda903", year, "990")
        assert after.rows_read == before.rows_read
        assert after.synthetic
        for name, frame in before.tables.items():
            assert frame.equals(after.tables[name])


def test_writing_never_overwrites(tmp_path, make_return):
    write(make_return("ssda903", 2025), tmp_path)
    with pytest.raises(TreError, match="stands here already"):
        write(make_return("ssda903", 2025), tmp_path)


def test_cells_with_every_awkward_character_survive(tmp_path, make_return):
    got = make_return("ssda903", 2025)
    frame = got.tables["header"].copy()
    frame.loc[:4, "ETHNIC"] = ["a,b", 'say "so"', "two\nlines", "=1+1", "é; \t tab"]
    write(_with(got, "header", frame), tmp_path / "2025")
    again = only(tmp_path)
    assert again.tables["header"].ETHNIC.tolist()[:5] == frame.ETHNIC.tolist()[:5]


def _with(return_, name, frame):
    import dataclasses

    return dataclasses.replace(return_, tables={**return_.tables, name: frame})
