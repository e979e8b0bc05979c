"""Years and authorities made comparable: what is moved, what is merged, and what honestly can't be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tre_toolkit import cli, schema
from tre_toolkit.errors import TreError
from tre_toolkit.schema import dataset, datasets, harmony


def table(text: str) -> pd.DataFrame:
    """A frame drawn as a table; blank cells are missing, all else is text."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    frame = pd.DataFrame(lines[1:], columns=lines[0]).astype("str")
    return frame.mask(frame == "")


def told(done: schema.Harmonised, what: str) -> dict[tuple[str, str], int]:
    return {(line.table, line.column): line.rows for line in done.report if line.what == what}


def values(series: pd.Series[Any]) -> list[str | None]:
    return [None if pd.isna(value) else value for value in series]


def test_gender_becomes_sex_and_what_is_no_code_is_counted() -> None:
    before = table("""
        person_id | authority | period | GenderCurrent | Sex
        P1        | 926       | 2024   | 1             |
        P2        | 926       | 2024   | 2             |
        P3        | 926       | 2024   | 9             |
        P4        | 926       | 2024   | X             |
        P1        | 926       | 2025   |               | M
    """)
    done = schema.harmonise({"child_identifiers": before}, "cin_census")
    after = done.tables["child_identifiers"]
    assert values(after["Sex"]) == ["M", "F", "U", None, "M"]
    assert "GenderCurrent" not in after
    assert told(done, "mapped") == {("child_identifiers", "GenderCurrent"): 3}
    assert told(done, "not mapped") == {("child_identifiers", "GenderCurrent"): 1}
    assert list(before.columns)[-1] == "Sex", "the frame given is left as it was"


def test_older_sex_codes_and_placements_move_to_todays() -> None:
    header = table("""
        person_id | authority | period | SEX
        P1        | 926       | 2024   | 1
        P2        | 926       | 2025   | U
    """)
    episodes = table("""
        person_id | authority | period | DECOM      | PLACE | REC
        P1        | 926       | 2024   | 2023-05-01 | H5    |
        P2        | 926       | 2024   | 2023-06-01 | P2    | E43
        P3        | 926       | 2026   | 2025-06-01 | Z12   | E45
        P4        | 926       | 2024   | 2023-06-01 | U4    | X1
    """)
    done = schema.harmonise({"header": header, "episodes": episodes}, "ssda903")
    assert values(done.tables["header"]["SEX"]) == ["M", "U"]
    assert values(done.tables["episodes"]["PLACE"]) == ["K3", "K3", "Z12", "U4"]
    assert values(done.tables["episodes"]["REC"]) == [None, "E43", "E45", "X1"]
    assert told(done, "not mapped") == {("episodes", "REC"): 1}, "E43 has no one successor"


def test_all_years_speak_the_coarser_language_when_they_shall_compare() -> None:
    episodes = table("""
        person_id | authority | period | DECOM      | PLACE | REC
        P2        | 926       | 2018   | 2017-06-01 | Z1    | E43
        P3        | 926       | 2026   | 2025-06-01 | Z12   | E46
        P4        | 926       | 2026   | 2025-06-01 | U4    | E48
    """)
    done = schema.harmonise({"episodes": episodes}, "ssda903", years="comparable")
    assert values(done.tables["episodes"]["PLACE"]) == ["Z1", "Z1", "U4"]
    assert values(done.tables["episodes"]["REC"]) == ["E43", "E43", "E44"]
    assert told(done, "rolled up") == {("episodes", "PLACE"): 1, ("episodes", "REC"): 2}


def test_an_episode_sent_again_stands_once_and_the_later_return_wins() -> None:
    episodes = table("""
        person_id | authority | period | row_id | DECOM      | DEC        | PLACE
        P1        | 926       | 2023   | 1      | 2022-05-01 |            | U4
        P1        | 926       | 2024   | 2      | 2022-05-01 | 2023-09-09 | U4
        P1        | 926       | 2024   | 3      | 2023-09-09 |            | K2
        P2        | 926       | 2023   | 4      | 2022-05-01 |            | U4
                  | 926       | 2023   | 5      | 2022-05-01 |            | U4
                  | 926       | 2024   | 6      | 2022-05-01 |            | U4
        P3        | 926       | 2024   | 7      |            |            | U4
        P3        | 926       | 2023   | 8      |            |            | U4
    """)
    done = schema.harmonise({"episodes": episodes}, "ssda903")
    assert values(done.tables["episodes"]["row_id"]) == ["2", "3", "4", "5", "6", "7", "8"]
    assert told(done, "merged") == {("episodes", ""): 1}


def test_two_rows_of_one_return_are_never_merged() -> None:
    episodes = table("""
        person_id | authority | period | row_id | DECOM
        P1        | 926       | 2023   | 1      | 2022-05-01
        P1        | 926       | 2023   | 2      | 2022-05-01
    """)
    assert len(schema.harmonise({"episodes": episodes}, "ssda903").tables["episodes"]) == 2


def test_the_same_start_in_two_authorities_is_two_episodes() -> None:
    episodes = table("""
        person_id | authority | period | row_id | DECOM
        P1        | 926       | 2023   | 1      | 2022-05-01
        P1        | 935       | 2024   | 2      | 2022-05-01
    """)
    assert len(schema.harmonise({"episodes": episodes}, "ssda903").tables["episodes"]) == 2


def test_what_hangs_on_an_episode_is_known_by_its_referral_because_numbers_start_anew() -> None:
    details = table("""
        person_id | authority | period | CINdetailsID | CINreferralDate | CINclosureDate
        P1        | 926       | 2024   | 1            | 2022-01-01      | 2023-06-01
        P1        | 926       | 2024   | 2            | 2023-11-01      |
        P1        | 926       | 2025   | 1            | 2023-11-01      | 2024-08-01
    """)
    assessments = table("""
        person_id | authority | period | CINdetailsID | AssessmentID | AssessmentActualStartDate | AssessmentAuthorisationDate
        P1        | 926       | 2024   | 1            | 1            | 2022-01-05                | 2022-02-01
        P1        | 926       | 2024   | 2            | 1            | 2023-11-05                |
        P1        | 926       | 2025   | 1            | 1            | 2023-11-05                | 2024-04-02
    """)
    factors = table("""
        person_id | authority | period | CINdetailsID | AssessmentID | AssessmentFactors
        P1        | 926       | 2024   | 1            | 1            | 4B
        P1        | 926       | 2024   | 2            | 1            | 3A
        P1        | 926       | 2025   | 1            | 1            | 3A
        P1        | 926       | 2025   | 1            | 1            | 16A
    """)
    done = schema.harmonise(
        {"cin_details": details, "assessments": assessments, "assessment_factors": factors}, "cin_census"
    )
    assert values(done.tables["cin_details"]["CINclosureDate"]) == ["2023-06-01", "2024-08-01"]
    kept = done.tables["assessments"]
    assert values(kept["CINreferralDate"]) == ["2022-01-01", "2023-11-01"]
    assert values(kept["AssessmentAuthorisationDate"]) == ["2022-02-01", "2024-04-02"]
    assert values(done.tables["assessment_factors"]["AssessmentFactors"]) == ["4B", "3A", "16A"]
    for frame in done.tables.values():
        assert not {"CINdetailsID", "AssessmentID"} & set(frame.columns)
    assert told(done, "merged") == {
        ("cin_details", ""): 1,
        ("assessments", ""): 1,
        ("assessment_factors", ""): 1,
    }


def test_a_table_whose_key_is_not_there_is_left_and_told() -> None:
    assessments = table("""
        person_id | authority | period | AssessmentActualStartDate
        P1        | 926       | 2024   | 2022-01-05
    """)
    done = schema.harmonise({"assessments": assessments}, "cin_census")
    assert len(done.tables["assessments"]) == 1
    assert told(done, "not merged") == {("assessments", ""): 1}


def test_an_authority_that_was_split_becomes_an_area_and_a_child_goes_where_it_was_seen() -> None:
    episodes = table("""
        person_id | authority | period | row_id | DECOM
        P1        | 928       | 2021   | 1      | 2020-05-01
        P1        | 940       | 2022   | 2      | 2021-05-01
        P2        | 928       | 2021   | 3      | 2020-05-01
        P3        | 928       | 2021   | 4      | 2020-05-01
        P3        | 940       | 2022   | 5      | 2021-05-01
        P3        | 941       | 2023   | 6      | 2022-05-01
        P4        | 926       | 2021   | 7      | 2020-05-01
        P5        | 943       | 2024   | 8      | 2023-05-01
    """)
    done = schema.harmonise({"episodes": episodes}, "ssda903")
    after = done.tables["episodes"].set_index("row_id")
    assert after["area"].to_dict() == {
        "1": "928", "2": "928", "3": "928", "4": "928", "5": "928", "6": "928", "7": "926", "8": "909",
    }  # fmt: skip
    now = after["authority_now"]
    assert values(now.loc[["1", "2", "7", "8"]]) == ["940", "940", "926", "943"]
    assert values(now.loc[["3", "4"]]) == [None, None], "never seen again, and seen in both successors"
    assert told(done, "placed") == {("episodes", "authority"): 1}
    assert told(done, "not placed") == {("episodes", "authority"): 2}


def test_an_open_episode_the_successor_sends_again_is_one_episode() -> None:
    episodes = table("""
        person_id | authority | period | row_id | DECOM      | DEC
        P1        | 928       | 2021   | 1      | 2020-05-01 |
        P1        | 940       | 2022   | 2      | 2020-05-01 | 2021-07-01
    """)
    done = schema.harmonise({"episodes": episodes}, "ssda903").tables["episodes"]
    assert values(done["row_id"]) == ["2"]


def test_areas_name_every_authority_that_was_ever_of_them() -> None:
    assert schema.areas() == {
        "928": ("928", "940", "941"),
        "909": ("909", "942", "943"),
        "835": ("835", "836", "837", "838", "839"),
    }


@pytest.mark.parametrize(
    ("scheme", "value", "eighteen", "five"),
    [
        ("common:ethnicity", "WROM", "WROM", "White"),
        ("common:ethnicity", "CHNE", "CHNE", "Asian"),
        ("school_census:ethnicity_extended", "WCOR", "WBRI", "White"),
        ("school_census:ethnicity_extended", "BSOM", "BAFR", "Black"),
        ("school_census:ethnicity_extended", "ABRI", None, "Asian"),
        ("echild:ethnos", "N", "BAFR", "Black"),
        ("echild:ethnos", "C", None, "White"),
        ("annex_a:ethnicity", "b) Mixed", None, "Mixed"),
        ("census2021", "18", "OOTH", "Other"),
        ("census2021", "15", None, "White"),
        ("common:ethnicity", "nonsense", None, None),
    ],
)
def test_ethnic_groups_meet_where_they_can(
    scheme: str, value: str, eighteen: str | None, five: str | None
) -> None:
    given = pd.Series([value], dtype="str")
    assert values(schema.ethnic_groups(given, scheme, 18)) == [eighteen]
    assert values(schema.ethnic_groups(given, scheme, 5)) == [five]


def test_the_returns_groups_meet_the_censuss_where_they_can() -> None:
    given = pd.Series(["WBRI", "WIRT", "WROM", "OOTH", "CHNE", "REFU"], dtype="str")
    assert values(schema.ethnic_groups(given, "common:ethnicity", "census2021")) == [
        "13",
        "15",
        None,
        None,
        "2",
        None,
    ]
    finer = pd.Series(["WROG", "WROR", "WROO", "OARA", "OJPN", "WCOR"], dtype="str")
    got = schema.ethnic_groups(finer, "school_census:ethnicity_extended", "census2021")
    assert values(got) == ["15", "16", None, "18", "19", "13"]
    back = schema.ethnic_groups(
        schema.ethnic_groups(given, "common:ethnicity", "census2021"), "census2021", 18
    )
    assert values(back) == ["WBRI", None, None, None, "CHNE", None], (
        "the census doesn't tell travellers from gypsies"
    )


def test_harmonising_twice_changes_nothing_more() -> None:
    details = table("""
        person_id | authority | period | CINdetailsID | CINreferralDate | ReasonForClosure
        P1        | 928       | 2021   | 1            | 2020-11-01      |
        P1        | 940       | 2022   | 1            | 2020-11-01      | RC9
        P2        | 926       | 2022   | 1            | 2021-11-01      | RC9
    """)
    assessments = table("""
        person_id | authority | period | CINdetailsID | AssessmentID | AssessmentActualStartDate
        P1        | 928       | 2021   | 1            | 1            | 2020-11-05
        P1        | 940       | 2022   | 1            | 1            | 2020-11-05
    """)
    once = schema.harmonise(
        {"cin_details": details, "assessments": assessments}, "cin_census", years="comparable"
    )
    twice = schema.harmonise(once.tables, "cin_census", years="comparable")
    for name, frame in once.tables.items():
        pd.testing.assert_frame_equal(frame, twice.tables[name])
    assert not {line.what for line in twice.report} & {"mapped", "rolled up", "merged", "not merged"}


def test_a_scheme_without_a_crosswalk_is_refused() -> None:
    with pytest.raises(TreError, match="no crosswalk"):
        schema.ethnic_groups(pd.Series(["A"], dtype="str"), "ons1991", 5)


@pytest.mark.parametrize(
    "scheme", ["common:ethnicity", "school_census:ethnicity_extended", "echild:ethnos", "annex_a:ethnicity"]
)
def test_a_crosswalk_knows_every_code_of_its_list(scheme: str) -> None:
    name, _, listed = scheme.partition(":")
    lists = dataset("cin_census" if name == "common" else name).code_lists
    codes = {code.value for code in lists[scheme if name == "common" else listed].codes}
    rows = {row["value"] for row in harmony._ethnicity() if row["scheme"] == scheme}
    assert codes == rows
    common = {code.value: code.group for code in dataset("cin_census").code_lists["common:ethnicity"].codes}
    for row in harmony._ethnicity():
        if row["eighteen"]:
            assert common[row["eighteen"]] == row["five"], row


def test_ethnicity_is_rolled_up_where_it_is_asked_for() -> None:
    pupils = table("""
        person_id | authority | period      | ethnicity
        P1        | 926       | 2025-spring | WCOR
        P2        | 926       | 2025-spring | AWEL
    """)
    done = schema.harmonise({"pupilonroll": pupils}, "school_census", ethnicity=18)
    assert values(done.tables["pupilonroll"]["ethnicity"]) == ["WBRI", None]
    assert told(done, "not mapped") == {("pupilonroll", "ethnicity"): 1}
    left = schema.harmonise({"pupilonroll": pupils}, "school_census").tables["pupilonroll"]
    assert values(left["ethnicity"]) == ["WCOR", "AWEL"]


@pytest.mark.parametrize("name", datasets())
def test_every_plan_speaks_of_tables_columns_and_codes_that_are_there(name: str) -> None:
    known, rules = dataset(name), harmony.plan(name)
    fields = {(table.name, field.name): field for table in known.tables for field in table.fields}
    for change in (*rules.carry, *rules.fold):
        old = fields[change.table, change.column]
        new = fields[change.table, change.into or change.column]
        codes = {code.value for code in known.code_lists[old.codes or ""].codes}
        later = known.code_lists[new.codes or ""]
        assert set(change.codes) <= codes, change
        assert set(change.codes.values()) <= {code.value for code in later.codes}, change
    for change in rules.carry:
        listed = known.code_lists[fields[change.table, change.into or change.column].codes or ""]
        assert set(change.codes.values()) <= set(listed.at(known.latest)), "moved to a code that is gone"
    parents = {table.name: table.parent for table in known.tables}
    for merge in rules.merge:
        for column in merge.on:
            above: str | None = merge.table
            while above is not None and (above, column) not in fields:
                above = parents[above]
            assert above is not None, (merge.table, column)


def test_a_plan_that_is_not_right_is_refused(tmp_path: Any) -> None:
    from tre_toolkit.schema.load import CATALOGUE

    home = tmp_path / "own" / "sent"
    home.mkdir(parents=True)
    for part in ("dataset.toml", "tables", "codes"):
        (home / part).symlink_to(CATALOGUE / "residence" / part)
    (home / "harmonise.toml").write_text('[[merge]]\ntable = "person_residence"\non = []\n')
    with pytest.raises(TreError, match=r"harmonise\.toml"):
        harmony.plan("sent", tmp_path / "own")


def test_the_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "catalogue-harmonised.md"
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, str(page), "exec"), {})
    out = capsys.readouterr().out
    assert "episodes PLACE mapped 2" in out
    assert "episodes REC not mapped 1" in out
    assert "episodes authority placed 1" in out
    assert "merged 1" in out


def test_the_page_names_every_area() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "catalogue-harmonised.md"
    text = page.read_text(encoding="utf-8")
    for area, members in schema.areas().items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {area} |"))
        assert all(member in line for member in members)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder as `tre workspace` makes it, with one table."""
    folder = tmp_path / "workspace"
    (folder / "tables" / "ssda903").mkdir(parents=True)
    (folder / "workspace.json").write_text('{"synthetic": true}')
    episodes = table("""
        person_id | authority | period | row_id | DECOM      | PLACE
        P1        | 926       | 2023   | 1      | 2022-05-01 | H5
        P1        | 926       | 2024   | 2      | 2022-05-01 | H5
    """)
    episodes["DECOM"] = pd.to_datetime(episodes["DECOM"]).dt.date
    episodes.to_parquet(folder / "tables" / "ssda903" / "episodes.parquet", index=False)
    return folder


def test_a_workspace_is_made_comparable_from_folder_to_folder(workspace: Path, tmp_path: Path) -> None:
    into = tmp_path / "done"
    assert cli.run(["schema", "harmonise", str(workspace), "ssda903", "--into", str(into)]) == 0
    after = pd.read_parquet(into / "episodes.parquet")
    assert after[["row_id", "PLACE"]].to_numpy().tolist() == [["2", "K3"]]
    report = json.loads((into / "report.json").read_text())
    assert (report["format"], report["synthetic"]) == ("tre-harmonised-v1", True)
    assert {(line["what"], line["rows"]) for line in report["lines"]} == {("mapped", 2), ("merged", 1)}


@pytest.mark.parametrize(
    ("words", "status", "what"),
    [
        (["cin_census"], 1, "no table of this dataset"),
        (["ssda903", "--ethnicity", "7"], 2, "18, 5, census2021"),
    ],
)
def test_a_workspace_that_cannot_be_made_comparable_leaves_nothing(
    workspace: Path,
    tmp_path: Path,
    words: list[str],
    status: int,
    what: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    into = tmp_path / "done"
    assert cli.run(["schema", "harmonise", str(workspace), *words, "--into", str(into)]) == status
    assert what in capsys.readouterr().err
    assert not into.exists()


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", "harmonise", str(tmp_path), "ssda903", "--into", str(tmp_path / "done")]) == 1
    assert "not a workspace" in capsys.readouterr().err
