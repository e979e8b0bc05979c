"""`tre validate`: what it finds, what it could not ask, what it says, and what it never says."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from tre_toolkit.cli import run
from tre_toolkit.errors import TreError
from tre_toolkit.returns import validate, write

LOOKUPS = {
    path.stem: path for path in sorted((Path(__file__).parents[2] / "vectors/returns/lookups").glob("*.csv"))
}


def changed(return_, table, row, **cells):
    frame = return_.tables[table].copy()
    for column, value in cells.items():
        frame.loc[row, column] = value
    return dataclasses.replace(return_, tables={**return_.tables, table: frame})


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026, 2027])
def test_a_clean_return_breaks_no_rule_with_everything_given(make_return, year):
    report = validate(make_return("ssda903", year), make_return("ssda903", year - 1, last=True), LOOKUPS)
    assert report.findings == ()
    assert report.problems == ()
    assert report.crashed == ()
    assert report.asked > 280
    assert {one.reason for one in report.skipped} <= {"it isn't settled what it asks"}
    assert validate(make_return("cin_census", year)).findings == ()


def test_a_broken_rule_is_told_by_number_table_and_row(make_return):
    report = validate(changed(make_return("ssda903", 2025), "header", 3, ETHNIC="XXXX"))
    [finding] = report.findings
    assert (finding.rule, finding.kind, finding.table) == ("103", "error", "header")
    assert finding.rows.tolist() == [3]
    assert finding.where == "header, row 4"
    assert report.errors == 1
    assert not report.is_clean


def test_rules_across_years_are_skipped_without_last_year_and_run_with_it(make_return):
    now, last = make_return("ssda903", 2025), make_return("ssda903", 2024, last=True)
    assert "503A" in {one.rule for one in validate(now).skipped}
    broken = changed(
        last, "episodes", last.tables["episodes"].index[last.tables["episodes"].CHILD == "LONG"][0], LS="C1"
    )
    report = validate(now, broken)
    assert "503A" not in {one.rule for one in report.skipped}
    assert "503B" in {one.rule for one in report.findings}


def test_a_code_list_that_changed_between_two_years_is_no_change_of_the_child(make_return):
    now, last = make_return("ssda903", 2025), make_return("ssda903", 2024, last=True)
    assert {"1", "2"} >= set(last.tables["header"].SEX)
    assert {"M", "F"} >= set(now.tables["header"].SEX)
    assert validate(now, last, only={"202"}).findings == ()
    other = changed(last, "header", 0, SEX="2" if last.tables["header"].SEX[0] == "1" else "1")
    assert validate(now, other, only={"202"}).findings[0].count == 1


def test_last_year_must_be_last_year(make_return):
    with pytest.raises(TreError, match="is not last year's return"):
        validate(make_return("ssda903", 2025), make_return("ssda903", 2025))


def test_rules_that_need_a_list_are_skipped_without_it_and_run_with_it(make_return):
    now = changed(make_return("ssda903", 2025), "episodes", 0, URN="1234567")
    skipped = {one.rule: one.reason for one in validate(now).skipped}
    assert skipped["1008"] == "it needs a list: --lookup ofsted_provider=ofsted_provider.csv"
    assert "1008" in {one.rule for one in validate(now, lookups=LOOKUPS).findings}


def test_a_rule_about_a_file_that_was_not_given_is_skipped(make_return):
    now = make_return("ssda903", 2025)
    now = dataclasses.replace(now, absent=frozenset({"reviews"}))
    skipped = {one.rule: one.reason for one in validate(now).skipped}
    assert skipped["166"] == "no file of reviews was given"


def test_invented_children_are_not_asked_for_issued_numbers(make_return):
    invented = make_return("cin_census", 2025)
    report = validate(invented)
    assert {one.rule for one in report.waived} == {"1530"}
    real = validate(dataclasses.replace(invented, synthetic=False))
    assert [(one.rule, one.count) for one in real.findings] == [("1530", 4)]
    issued = invented.tables["child_identifiers"].copy()
    issued["UPN"] = issued["UPN"].mask(issued["UPN"].notna(), "B801200005001")
    real = dataclasses.replace(
        invented, synthetic=False, tables={**invented.tables, "child_identifiers": issued}
    )
    assert validate(real, only={"1530"}).findings == ()


def test_a_rule_that_fails_is_our_bug_and_never_passed(make_return, monkeypatch):
    from tre_toolkit.returns import validator

    def fail(engine, rule):
        if rule.id == "101":
            raise ValueError("Could not convert string 'Smith' to INT32")
        return []

    def fail_together(engine, source, tests):
        raise ValueError("one of them fails")

    monkeypatch.setattr(validator, "_ask", fail)
    monkeypatch.setattr(validator, "ask_together", fail_together)
    report = validate(make_return("ssda903", 2025))
    assert [(one.rule, one.reason) for one in report.crashed] == [("101", "ValueError")]
    assert not report.is_clean


def test_cells_that_are_no_date_or_number_are_counted_by_column(make_return):
    now = changed(make_return("ssda903", 2025), "oc2", 0, SDQ_SCORE="many")
    now = changed(now, "reviews", 2, REVIEW="31/02/2025")
    now = changed(now, "reviews", 5, REVIEW="0001-01-01")
    told = {(str(one.where), one.count) for one in validate(now).problems}
    assert told == {("table oc2, column SDQ_SCORE, row 1", 1), ("table reviews, column REVIEW, row 3", 2)}


@pytest.fixture
def folder(tmp_path, make_return):
    write(make_return("ssda903", 2025), tmp_path / "990" / "ssda903" / "2025")
    write(make_return("ssda903", 2024, last=True), tmp_path / "before" / "990" / "ssda903" / "2024")
    write(make_return("cin_census", 2025), tmp_path / "990" / "cin_census" / "2025")
    return tmp_path


def test_a_clean_folder_ends_with_0_and_counts_its_rows(folder, capsys):
    assert run(["validate", str(folder / "990"), "--last", str(folder / "before")]) == 0
    told = capsys.readouterr().out
    assert "0 errors, 0 queries" in told
    assert "rows read, 0 refused" in told
    assert "invented children" in told
    assert "waived: 1 rule (1530)" in told


def test_last_year_is_found_beside_this_year_without_being_named(folder, capsys):
    shutil.move(folder / "before" / "990" / "ssda903" / "2024", folder / "990" / "ssda903" / "2024")
    run(["validate", str(folder / "990"), "--json"])
    told = {
        one["period"]: one
        for one in json.loads(capsys.readouterr().out)["returns"]
        if one["dataset"] == "ssda903"
    }
    assert "503A" not in {one["rule"] for one in told["2025"]["skipped"]}
    assert "503A" in {one["rule"] for one in told["2024"]["skipped"]}


def test_last_years_folder_may_be_without_a_year_in_its_name(folder, make_return, capsys):
    write(make_return("ssda903", 2024, last=True), folder / "earlier")
    (folder / "earlier" / "episodes.csv").write_text((folder / "earlier" / "episodes.csv").read_text())
    only = folder / "990" / "ssda903"
    assert run(["validate", str(only), "--last", str(folder / "earlier"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["returns"][0]
    assert "503A" not in {one["rule"] for one in told["skipped"]}


def test_an_error_ends_with_1_and_rows_are_listed_when_asked(folder, capsys):
    path = folder / "990" / "ssda903" / "2025" / "header.csv"
    path.write_text(path.read_text().replace("WBRI", "XXXX"))
    assert run(["validate", str(folder / "990")]) == 1
    assert "103 header:" not in capsys.readouterr().out
    assert run(["validate", str(folder / "990"), "--rows"]) == 1
    assert "103 header: 1 2 3 5 6 7 8 9 10" in capsys.readouterr().out


def test_json_is_one_value_with_every_list(folder, capsys):
    assert run(["validate", str(folder / "990"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["dataset"] for one in told["returns"]] == ["cin_census", "ssda903"]
    ssda903 = told["returns"][1]
    assert ssda903["rows_read"] == 76 + 0 if ssda903["rows_read"] == 76 else ssda903["rows_read"] > 50
    assert ssda903["findings"] == []
    assert {"rule": "503A", "reason": "it needs last year's return: --last FOLDER"} in ssda903["skipped"]


def test_the_page_stands_alone_and_names_rules_and_rows(folder, capsys):
    path = folder / "990" / "ssda903" / "2025" / "header.csv"
    path.write_text(path.read_text().replace("WBRI", "XXXX"))
    page = folder / "report.html"
    assert run(["validate", str(folder / "990"), "--html", str(page)]) == 1
    text = page.read_text()
    assert "103" in text
    assert "Content-Security-Policy" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text


@pytest.mark.parametrize(
    "words",
    [
        ["--lookup", "ofsted_provider"],
        ["--lookup", "nonsense=report.csv"],
        ["--lookup", "ofsted_provider=nowhere.csv"],
        ["--year", "soon"],
        ["--unknown"],
    ],
)
def test_a_command_put_wrongly_ends_with_2(folder, words, capsys, monkeypatch):
    (folder / "report.csv").write_text("a,b\n1,2\n")
    monkeypatch.chdir(folder)
    assert run(["validate", str(folder / "990"), *words]) == 2


def test_a_lookup_without_its_columns_says_which(folder, capsys):
    (folder / "register.csv").write_text("URN,POSTCODE\n1,2\n")
    assert (
        run(["validate", str(folder / "990"), "--lookup", f"ofsted_provider={folder / 'register.csv'}"]) == 1
    )
    assert "PLACE_CODES" in capsys.readouterr().out


def test_one_return_that_cannot_be_read_does_not_keep_the_others_from_being_told(folder, capsys):
    path = folder / "990" / "cin_census" / "2025" / "cin_census_990_2025.xml"
    path.write_bytes(path.read_bytes()[:2000])
    assert run(["validate", str(folder / "990")]) == 1
    told = capsys.readouterr().out
    assert "refused: cin_census_990_2025.xml" in told
    assert "ssda903 2025" in told


def test_a_folder_of_last_year_that_holds_another_year_is_refused_and_not_passed_over(
    folder, make_return, capsys
):
    write(make_return("ssda903", 2023), folder / "earlier" / "2023")
    words = ["validate", str(folder / "990" / "ssda903"), "--last", str(folder / "earlier")]
    assert run(words) == 1
    assert "it holds ssda903 2023, and not last year's" in capsys.readouterr().err


@pytest.mark.parametrize(("memory", "code"), [("1GB", 0), ("100MB", 2), ("much", 2)])
def test_the_memory_a_command_may_take_is_named_or_refused(folder, memory, code, capsys):
    assert run(["validate", str(folder / "990" / "cin_census"), "--memory", memory]) == code
