"""The other forms a return comes in: SSDA903 as XML, the workforce census, Annex A as a workbook, Parquet."""

import dataclasses
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from tre_toolkit.errors import TreError
from tre_toolkit.returns import Return, cells, find, read, validate, write
from tre_toolkit.schema import schema


def invented(name: str, year: int, rows: int = 3, **fixed: list[str]) -> Return:
    """A return of any dataset with a few rows in each table, every cell different."""
    frames = {}
    for table in schema(name, year).tables:
        columns = {
            column: pa.array(
                fixed.get(column, [f"{table.name[:3]}{place}x{row}" for row in range(rows)]),
                pa.large_string(),
            )
            for place, column in enumerate(table.columns)
        }
        frames[table.name] = cells.frame(pa.table(columns), table)
    return Return(name, year, None, "990", frames)


def test_ssda903_as_xml_keeps_every_value_it_has_a_place_for(tmp_path, make_return):
    before = make_return("ssda903", 2025)
    without = {table.name for table in before.schema.tables if not table.path and not table.within}
    assert without == {"social_worker"}
    empty = {name: frame.iloc[:0] if name in without else frame for name, frame in before.tables.items()}
    before = dataclasses.replace(before, tables=empty)
    [path] = write(before, tmp_path, form="xml")
    assert "<EXPSSDA903>" in path.read_text()
    [found] = find([path])
    assert (found.dataset, found.year, found.form) == ("ssda903", 2025, "xml")
    after = read(found)
    assert not after.problems
    for name in set(before.tables) - without:
        key = [column for column in before.tables[name] if column not in {"row_no", "UASC"}]
        left = before.tables[name][key].sort_values(key, ignore_index=True)
        right = after.tables[name][key].sort_values(key, ignore_index=True)
        assert left.equals(right), name
    assert validate(after, only={"102", "141", "147"}).findings == ()


def test_rows_the_xml_form_has_no_place_for_are_not_lost_silently(tmp_path, make_return):
    with pytest.raises(TreError, match="no place for its"):
        write(make_return("ssda903", 2025), tmp_path, form="xml")
    assert not list(tmp_path.iterdir())


def test_the_workforce_census_is_read_as_written(tmp_path):
    before = invented("social_work_workforce", 2024)
    header = before.tables["header"].iloc[:1].copy()
    header["ReferenceDate"], header["LEA"] = "2024-09-30", "990"
    one = {"header": header, "la_level": before.tables["la_level"].iloc[:1]}
    before = dataclasses.replace(before, tables={**before.tables, **one})
    [path] = write(before, tmp_path)
    [found] = find([path])
    assert (found.dataset, found.year, found.authority) == ("social_work_workforce", 2024, "990")
    after = read(found)
    assert not after.problems
    for name, frame in before.tables.items():
        assert frame.astype("object").equals(after.tables[name].astype("object"))


def test_annex_a_is_read_as_written(tmp_path):
    before = invented("annex_a", 2025)
    [path] = write(before, tmp_path / "2025")
    [found] = find([path])
    assert (found.dataset, found.form) == ("annex_a", "workbook")
    after = read(found)
    for name, frame in before.tables.items():
        assert frame.equals(after.tables[name]), name


def workbook(folder: Path, *rows: list[object], title: str | None = "Contacts in the last 6 months") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "List 1"
    if title:
        sheet.append([title])
        sheet.append([])
    sheet.append([field.name for field in schema("annex_a", 2025).table("list_1").fields])
    for row in rows:
        sheet.append(row)
    book.create_sheet("Notes").append(["nothing"])
    path = folder / "annex_a_2025.xlsx"
    book.save(path)
    return path


def test_a_row_with_a_formula_is_refused_and_counted(tmp_path):
    import datetime

    good = ["A1", "a) Male", "a) WBRI", datetime.datetime(2015, 5, 1), 9, datetime.date(2025, 1, 2), "a) x"]
    bad = ["A2", "a) Male", "a) WBRI", "01/05/2015", "=3*3", "02/01/2025", "a) x"]
    after = read(find([workbook(tmp_path, good, bad, good)])[0])
    assert (after.rows_read, after.rows_refused) == (2, 1)
    frame = after.tables["list_1"]
    assert frame.row_no.tolist() == [0, 2]
    assert frame["Date of Birth"].tolist() == ["01/05/2015"] * 2
    told = " ".join(problem.what for problem in after.problems)
    assert "formula" in told
    assert "a sheet the catalogue doesn't know" in told


def test_a_header_below_a_title_is_found_and_a_list_without_one_is_told(tmp_path):
    after = read(find([workbook(tmp_path, ["A1"], title=None)])[0])
    assert after.tables["list_1"]["Child Unique ID"].tolist() == ["A1"]
    book = openpyxl.Workbook()
    book.active.title = "List 1"
    book.active.append(["A1", "a) Male"])
    book.save(tmp_path / "other_2025.xlsx")
    after = read(find([tmp_path / "other_2025.xlsx"])[0])
    assert any("no line with the names" in problem.what for problem in after.problems)


def test_junk_called_xlsx_is_no_return(tmp_path):
    (tmp_path / "x.xlsx").write_bytes(b"junk" * 100)
    with pytest.raises(TreError, match="no return"):
        find([tmp_path])


def test_a_parquet_file_of_a_national_set_is_read_as_text(tmp_path):
    table = schema("npd_cla", 2025).tables[0]
    path = tmp_path / f"{table.name}_2025.parquet"
    columns = {name: [f"v{place}", None] for place, name in enumerate(table.columns)}
    parquet.write_table(pa.table({**columns, "unknown": [1, 2]}), path)
    [found] = find([path])
    after = read(found)
    assert found.dataset == "npd_cla"
    assert after.tables[table.name][table.columns[0]].tolist()[0] == "v0"
    assert after.tables[table.name][table.columns[0]].isna().tolist() == [False, True]
    assert after.problems[0].count == 1


@pytest.mark.parametrize(
    ("list_", "header", "column"),
    [
        ("list_1", "CHILD unique id", "Child Unique ID"),
        ("list_1", "Child  Unique\nIdentifier", "Child Unique ID"),
        ("list_1", "ID of the child", "Child Unique ID"),
        ("list_1", "Age", "Age of Child (Years)"),
        ("list_1", "date_of_birth", "Date of Birth"),
        ("list_1", "Date of Initial Contact", "Date of Contact"),
        ("list_8", "Unaccompanied Asylum Seeking Child (UASC) in the year", "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N)"),
        ("list_8", "Agency", None),
        ("list_1", "", None),
    ],
)  # fmt: skip
def test_headers_of_a_workbook_may_be_worded_otherwise(list_, header, column):
    from tre_toolkit.returns.workbook import columns_of

    assert columns_of([header], schema("annex_a", 2025).table(list_)) == [column]


def test_each_column_of_a_workbook_is_found_once_and_its_own_name_goes_first():
    from tre_toolkit.returns.workbook import columns_of

    table = schema("annex_a", 2025).table("list_1")
    assert columns_of(["Age", "Age of child (years)", "Age at contact"], table) == [
        None, "Age of Child (Years)", None,
    ]  # fmt: skip
