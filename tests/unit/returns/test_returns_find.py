"""Which return a folder holds: told by names, headers and dates, and never guessed."""

import shutil
from pathlib import Path

import pytest

from tre_toolkit.errors import Problems, TreError
from tre_toolkit.returns import find, read, write
from tre_toolkit.returns.claim import year_in
from tre_toolkit.returns.finder import search


def csv_set(folder: Path, make_return, year: int = 2025) -> Path:
    write(make_return("ssda903", year), folder)
    return folder


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("2025", 2025),
        ("2024-25", 2025),
        ("2024_2025", 2025),
        ("ssda903 2024-25 final", 2025),
        ("2025-spring", 2025),
        ("extract_20250331", None),
        ("2023-2025", None),
        ("2024 and 2025", None),
        ("returns", None),
    ],
)
def test_a_name_tells_a_year_or_none(name, year):
    assert year_in(name) == year


def test_a_tree_of_folders_is_searched_and_each_return_is_told_apart(tmp_path, make_return):
    for authority in ("990", "991"):
        for year in (2024, 2025):
            csv_set(tmp_path / authority / "ssda903" / str(year), make_return, year)
    write(make_return("cin_census", 2025), tmp_path / "990" / "cin_census" / "2025")
    told = [(one.authority, one.dataset, one.period) for one in find([tmp_path])]
    assert told == [
        ("990", "cin_census", "2025"),
        ("990", "ssda903", "2024"),
        ("990", "ssda903", "2025"),
        ("991", "ssda903", "2024"),
        ("991", "ssda903", "2025"),
    ]


def test_the_year_is_taken_from_the_dates_inside_when_no_name_says_it(tmp_path, make_return):
    csv_set(tmp_path / "extract", make_return, 2024)
    [found] = find([tmp_path / "extract"])
    assert found.year == 2024
    assert "dates in DEC" in found.how


def test_a_year_that_cannot_be_told_is_asked_for(tmp_path, make_return):
    csv_set(tmp_path / "extract", make_return)
    (tmp_path / "extract" / "episodes.csv").unlink()
    with pytest.raises(Problems, match="--year says which"):
        find([tmp_path])
    [found] = find([tmp_path], year=2025)
    assert found.year == 2025


def test_dates_of_two_years_in_equal_parts_tell_no_year(tmp_path):
    folder = tmp_path / "extract"
    folder.mkdir()
    rows = [f"A{at},01/06/2020,S,C2,N1,U6,PR1,01/06/{2023 + at % 2},E4A,,,," for at in range(10)]
    head = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
    (folder / "episodes.csv").write_text("\n".join([head, *rows]))
    with pytest.raises(Problems, match="can't be told"):
        find([folder])


def test_a_year_the_catalogue_does_not_know_is_refused(tmp_path, make_return):
    csv_set(tmp_path / "1999", make_return)
    with pytest.raises(Problems, match="not of 1999"):
        find([tmp_path], year=1999)


def test_files_of_two_years_in_one_folder_are_two_returns(tmp_path, make_return):
    for year in (2024, 2025):
        for path in write(make_return("ssda903", year), tmp_path / f"t{year}"):
            folder = tmp_path / "all"
            folder.mkdir(exist_ok=True)
            shutil.copy(path, folder / f"{path.stem}_{year}.csv")
    assert [one.year for one in find([tmp_path / "all"])] == [2024, 2025]


def test_the_same_file_twice_is_read_once_and_told(tmp_path, make_return):
    folder = csv_set(tmp_path / "2025", make_return)
    shutil.copy(folder / "oc2.csv", folder / "oc2_2025.csv")
    [found] = find([tmp_path])
    assert "the same file" in found.problems[0].what
    assert len(read(found).tables["oc2"]) == len(make_return("ssda903", 2025).tables["oc2"])


def test_two_different_files_for_one_table_are_refused(tmp_path, make_return):
    folder = csv_set(tmp_path / "2025", make_return)
    text = (folder / "oc2.csv").read_text()
    (folder / "oc2_2025.csv").write_text(text.rsplit("\n", 2)[0] + "\n")
    with pytest.raises(Problems, match="two different files"):
        find([tmp_path])


def test_a_table_is_told_by_its_columns_when_its_name_says_nothing(tmp_path, make_return):
    folder = csv_set(tmp_path / "2025", make_return)
    (folder / "episodes.csv").rename(folder / "export one.csv")
    [found] = find([tmp_path])
    assert found.files["episodes"].name == "export one.csv"


def test_what_belongs_to_no_return_is_left_out_and_named(tmp_path, make_return):
    csv_set(tmp_path / "2025", make_return)
    (tmp_path / "2025" / "budget.csv").write_text("cost,centre\n1,2\n")
    looked = search([tmp_path])
    assert [path.name for path in looked.left_out] == ["budget.csv"]
    assert "budget" not in str(looked.found)


def test_hidden_files_are_not_looked_at(tmp_path, make_return):
    csv_set(tmp_path / "2025", make_return)
    (tmp_path / "2025" / ".episodes.csv").write_text("x")
    assert not search([tmp_path]).left_out


def test_a_folder_without_returns_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(TreError, match="no return"):
        find([tmp_path])
    with pytest.raises(TreError, match="no such file"):
        find([tmp_path / "nowhere"])


def test_the_number_903_in_a_name_is_no_authority(tmp_path, make_return):
    csv_set(tmp_path / "903" / "2025", make_return)
    assert find([tmp_path])[0].authority != "903"


def test_the_given_authority_decides(tmp_path, make_return):
    csv_set(tmp_path / "990" / "2025", make_return)
    assert find([tmp_path], authority="991")[0].authority == "991"


def test_either_mark_makes_a_return_synthetic(tmp_path, make_return):
    folder = csv_set(tmp_path / "2025", make_return)
    assert (folder / "SYNTHETIC.json").exists()
    assert read(find([folder])[0]).synthetic
    (folder / "SYNTHETIC.json").unlink()
    assert read(find([folder])[0]).synthetic  # by its pupil numbers
    header = (folder / "header.csv").read_text()
    letters = [line.split(",")[4] for line in header.splitlines()[1:]]
    for upn in letters:
        header = (
            header.replace(upn, "B80120000500" + str(letters.index(upn) % 10)) if len(upn) == 13 else header
        )
    (folder / "header.csv").write_text(header)
    assert not read(find([folder])[0]).synthetic
    (folder / "SYNTHETIC.json").write_text("{}")
    back = read(find([folder])[0])
    assert not back.synthetic  # real numbers beside the mark: treated as real
    assert any("SYNTHETIC.json" in problem.what for problem in back.problems)


@pytest.mark.shared
def test_the_real_format_samples_are_all_told_and_read():
    samples = Path(__file__).parents[3].parent / "shared" / "samples"
    if not samples.is_dir():
        pytest.skip("the shared samples are not here")
    told = {}
    for found in find([samples]):
        got = read(found)
        told.setdefault((found.dataset, found.period), []).append(got.rows_read + got.rows_refused)
    assert sum(told["ssda903", "2018"]) == 25945
    assert sum(told["school_census", "2025-spring"]) == 36891
    assert sum(sum(rows) for (name, _), rows in told.items() if name == "cin_census") == 1184 + 13 + 19 + 19
