"""Declared tables, their evidence, the recipe and its figures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

import tre_toolkit as tre
from tre_toolkit.cli import run
from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import Crosstab, Variable
from tre_toolkit.research.evidence import as_csv, read_evidence
from tre_toolkit.research.figures import draw_table
from tre_toolkit.research.measures import declared, tabulate

PEOPLE = """
    person_id | ethnicity | sex | authority
    A         | WBRI      | F   | 990
    B         | ABAN      | M   | 990
    C         |           | F   | 991
    D         | XXXX      | F   | 991
    E         | WBRI      | F   | 990
"""
REFERRALS = """
    person_id | authority | period | CINreferralDate | CINclosureDate | ReferralNFA
    A         | 990       | 2025   | 2024-05-01      | 2024-12-01     | false
    B         | 990       | 2025   | 2024-05-01      |                | true
    C         | 991       | 2025   | 2024-05-01      |                | false
    D         | 991       | 2025   | 2024-05-01      |                | false
"""
CARE = """
    person_id | authority | period | DECOM      | DEC | LS
    A         | 990       | 2025   | 2024-06-01 |     | C2
"""
ASSESSED = """
    person_id | authority | period | AssessmentActualStartDate | AssessmentAuthorisationDate
    C         | 991       | 2025   | 2024-05-02                | 2024-06-02
    A         | 990       | 2025   | 2024-05-02                | 2024-06-02
"""
PROTECTED = """
    person_id | authority | period | CPPstartDate | CPPendDate
    A         | 990       | 2025   | 2024-05-20   | 2024-11-01
"""


@pytest.fixture
def workspace(frames: ModuleType, tmp_path: Path) -> Path:
    folder: Path = frames.make_workspace(
        tmp_path / "workspace",
        PEOPLE,
        cin_census__cin_details=REFERRALS,
        cin_census__assessments=ASSESSED,
        cin_census__child_protection_plans=PROTECTED,
        ssda903__episodes=CARE,
    )
    return folder


def cells(path: Path, stages: int = 1) -> dict[str, dict[str, str]]:
    """A table's cells by row and column, without the zeros; several label columns are joined by arrows."""
    header, *lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        " → ".join(line[:stages]): {
            name: cell for name, cell in zip(header[stages:], line[stages:], strict=True) if cell != "0"
        }
        for line in lines
        if set(line[stages:]) != {"0"}
    }


def test_the_pathways_recipe_tells_how_far_children_came_and_by_which_steps(
    workspace: Path, tmp_path: Path
) -> None:
    assert (
        run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")]) == 0
    )
    assert cells(tmp_path / "o/furthest_by_ethnicity.csv") == {
        "White British": {"Looked after": "1", "Total": "1"},
        "Bangladeshi": {"Referral": "1", "Total": "1"},
        "Not recorded": {"Assessment": "1", "Total": "1"},
        "Not in the code book": {"Referral": "1", "Total": "1"},
        "Total": {"Referral": "2", "Assessment": "1", "Looked after": "1", "Total": "4"},
    }
    assert cells(tmp_path / "o/state_flow.csv", stages=2) == {
        "Referral → No plan": {"Not looked after": "2", "Total": "2"},
        "Referral → Total": {"Not looked after": "2", "Total": "2"},
        "Assessment → No plan": {"Not looked after": "1", "Total": "1"},
        "Assessment → Child protection plan": {"Looked after": "1", "Total": "1"},
        "Assessment → Total": {"Not looked after": "1", "Looked after": "1", "Total": "2"},
        "Total → No plan": {"Not looked after": "3", "Total": "3"},
        "Total → Child protection plan": {"Looked after": "1", "Total": "1"},
        "Total → Total": {"Not looked after": "3", "Looked after": "1", "Total": "4"},
    }


def test_each_stage_of_a_flow_has_its_totals_so_that_hiding_reckons_with_them(
    workspace: Path, tmp_path: Path
) -> None:
    """Without them a hidden step could be worked out from the table of furthest states."""
    run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")])
    flow = cells(tmp_path / "o/state_flow.csv", stages=2)
    furthest = cells(tmp_path / "o/furthest_by_ethnicity.csv")["Total"]
    assert flow["Total → Total"]["Looked after"] == furthest["Looked after"]
    assert flow["Total → No plan"]["Not looked after"] == str(
        int(furthest["Referral"]) + int(furthest["Assessment"])
    )


def test_a_table_holds_the_whole_code_book_zeros_included(workspace: Path, tmp_path: Path) -> None:
    run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")])
    lines = (tmp_path / "o/furthest_by_ethnicity.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 20 + 2 + 1  # header, code book, not recorded and unknown, total
    assert "Chinese,0,0,0,0,0,0" in lines


def test_the_evidence_is_enough_to_derive_the_table_again(workspace: Path, tmp_path: Path) -> None:
    run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")])
    table = tmp_path / "o/state_flow.csv"
    evidence = tmp_path / "o/state_flow.csv.evidence.json"
    again = ["--workspace", str(workspace), "--into"]
    assert run(["tabulate", str(evidence), *again, str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_bytes() == table.read_bytes()
    told = json.loads(evidence.read_text(encoding="utf-8"))
    assert told["recipe"]["dataset_digest"] == tre.open(workspace).digest
    assert told["cells"]["units"][-1] == [3, 1, 4]
    assert told["unit"] == "child"
    assert told["synthetic"] is True


def test_a_recipe_of_other_data_is_not_derived_over_this_workspace(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")])
    (workspace / "people.parquet").write_bytes((workspace / "tables/ssda903/episodes.parquet").read_bytes())
    evidence = str(tmp_path / "o/state_flow.csv.evidence.json")
    assert run(["tabulate", evidence, "--workspace", str(workspace), "--into", str(tmp_path / "x.csv")]) == 1
    assert "isn't the one the recipe was run over" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


def test_a_declared_table_in_toml_is_counted_with_its_filter(workspace: Path, tmp_path: Path) -> None:
    declared = tmp_path / "table.toml"
    declared.write_text(
        'title = "Girls referred, by authority"\n'
        "[[rows]]\ncolumn = 'authority'\n"
        "[[columns]]\nfurthest = ['cla']\nnone = 'Not looked after'\n"
        "[cohort.where]\nsex = ['F']\n"
    )
    into = tmp_path / "t.csv"
    assert run(["tabulate", str(declared), "--workspace", str(workspace), "--into", str(into)]) == 0
    assert cells(into) == {
        "990": {"Looked after": "1", "Total": "1"},
        "991": {"Not looked after": "2", "Total": "2"},
        "Total": {"Not looked after": "2", "Looked after": "1", "Total": "3"},
    }


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("[[rows]]\ncolumn='authority'\n[[columns]]\ncolumn='sex'\n", "title: field required"),
        ("title='x'\nrows=[]\n[[columns]]\ncolumn='sex'\n", "rows"),
        ("title='x'\n[[rows]]\ncolumn='a'\nfurthest=['cla']\n[[columns]]\ncolumn='sex'\n", "give either column, furthest, has or age"),
        ("title='x'\nwhich='y'\n[[rows]]\ncolumn='sex'\n[[columns]]\ncolumn='sex'\n", "which"),
        ("title='x'\n[[rows]]\ncolumn='person_id'\n[[columns]]\ncolumn='sex'\n", "people have no such column"),
        ("title='x'\n[[rows]]\ncolumn='sx'\n[[columns]]\ncolumn='sex'\n", "hint: they have authority, "),
        ("title='x'\n[[rows]]\ncolumn='sex'\n[[columns]]\nfurthest=['nowhere']\n", "not among the pathways' states"),
        ("title='x'\n[[rows]]\ncolumn='sex'\n[[columns]]\ncolumn='sex'\n[pathways]\norder=['nowhere']\n", "not a state"),
        ("title='x'\n[[rows]]\nage=true\nbands=[5,nan]\n[[columns]]\ncolumn='sex'\n", "bands must be numbers"),
        ("title='x'\n[[rows]]\nage=true\nbands=[5,5]\n[[columns]]\ncolumn='sex'\n", "bands must be numbers"),
        ("title='x'\nkind='distribution'\nstep='0d'\n", "not a length of time"),
        ("title='x'\nkind='curve'\nevents=['cla']\nstep='1 OR 1=1'\n", "not a length of time"),
        ("title='x'\nkind='everything'\n", "not a kind of table"),
        ("title=", "not TOML"),
    ],
)  # fmt: skip
def test_a_declaration_that_is_not_right_is_refused_and_writes_nothing(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], raw: str, said: str
) -> None:
    (tmp_path / "t.toml").write_text(raw)
    into = tmp_path / "t.csv"
    assert (
        run(["tabulate", str(tmp_path / "t.toml"), "--workspace", str(workspace), "--into", str(into)]) == 1
    )
    assert said in capsys.readouterr().err
    assert not into.exists()


def test_a_recipe_asked_for_data_the_workspace_lacks_says_which_dataset_and_writes_nothing(
    frames: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = frames.make_workspace(tmp_path / "w", PEOPLE, cin_census__cin_details=REFERRALS)
    assert run(["recipe", "run", "pathways", "--workspace", str(folder), "--into", str(tmp_path / "o")]) == 1
    assert "lacks the dataset ssda903" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_code_with_a_quote_in_it_is_a_code_and_no_query(workspace: Path) -> None:
    """Evidence comes from its author: whatever it says is a value."""
    nasty = "F') OR ('1'='1"
    wanted = Crosstab(
        title="x", rows=(Variable(column="sex", label=nasty),), columns=(Variable(furthest=("cla",), none=nasty),),
        cohort={"where": {"sex": (nasty,)}}, pathways={"areas": {nasty: (nasty,)}},
    )  # fmt: skip
    assert tabulate(tre.open(workspace), wanted).units.sum() == 0
    with pytest.raises(TreError):
        tabulate(
            tre.open(workspace),
            Crosstab(title="x", rows=(Variable(column='sex" --'),), columns=(Variable(column="sex"),)),
        )


def test_a_column_of_another_kind_gives_no_cell_away(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text where numbers are asked for is not recorded, and the engine's complaint, which quotes it, is kept back."""
    opened = tre.open(workspace)
    banded = Crosstab(
        title="x",
        rows=(Variable(column="ssda903.episodes.LS", bands=(1, 2)),),
        columns=(Variable(column="sex"),),
    )
    table = tabulate(opened, banded)
    assert dict(zip(table.rows, table.units[:, -1].tolist(), strict=True))["Not recorded"] == 4
    source = str(workspace / "tables/ssda903/episodes.parquet")
    opened.engine.view(
        "ssda903.episodes", f"SELECT * REPLACE (CAST(LS AS INTEGER) AS LS) FROM read_parquet('{source}')"
    )
    with pytest.raises(TreError, match="couldn't make this table") as refusal:
        tabulate(opened, banded)
    assert "C2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("workspace.json", b"[]", "not the facts"),
        ("workspace.json", b"{", "not JSON"),
        ("people.parquet", b"PAR1", "not a Parquet file"),
        ("tables/ssda903/episodes.parquet", b"no", "not a Parquet file"),
    ],
)
def test_a_folder_that_is_broken_is_no_workspace(
    workspace: Path, name: str, content: bytes, said: str
) -> None:
    (workspace / name).write_bytes(content)
    with pytest.raises(TreError, match=said):
        tre.open(workspace).tables  # noqa: B018


def test_labels_are_those_valid_in_each_year(workspace: Path) -> None:
    book = tre.open(workspace).codebook("ssda903.episodes.PLACE")
    assert "K3" in book[2025]
    assert "H5" not in book[2025]
    with pytest.raises(TreError):
        tre.open(workspace).codebook("nowhere")


def test_a_recipe_never_writes_over_what_stands_there(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o/state_flow.csv").write_text("mine")
    assert (
        run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")]) == 1
    )
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["state_flow.csv"]


def test_an_empty_cohort_gives_a_table_of_zeros(frames: ModuleType, tmp_path: Path) -> None:
    folder = frames.make_workspace(tmp_path / "w", PEOPLE, cin_census__cin_details=REFERRALS)
    wanted = Crosstab(
        title="none", rows=(Variable(column="sex"),), columns=(Variable(furthest=("referral",), none="No"),),
        cohort={"where": {"authority": ("999",)}}, pathways={"order": ("referral",)},
    )  # fmt: skip
    assert tabulate(tre.open(folder), wanted).units.sum() == 0


FLOW = """Contact → Plan,Not looked after,Looked after,Total
Referral → No plan,400,30,430
Referral → Child in need plan,60,3,63
Assessment → No plan,300,2,302
Assessment → Child in need plan,80,40,120
Total,840,75,915
"""


def checked(tmp_path: Path, text: str, verdict: str) -> Path:
    """A table with evidence as `tre protect` leaves it."""
    from tre_toolkit.files import digest

    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    header, *lines = [line.split(",") for line in text.splitlines()]
    cells = {
        "rows": [line[0] for line in lines], "columns": header[1:], "shown": [line[1:] for line in lines],
        "units": [[int(cell) for cell in line[1:]] for line in lines],
        "totals": {header[0]: ["Total"], "column": ["Total"]},
    }  # fmt: skip
    told = {
        "format": "tre-evidence-v1", "file": {"name": path.name, "sha256": digest(path)}, "unit": "child",
        "synthetic": True, "verdict": verdict, "cells": cells, "packs": [{"name": "dfe-cin", "version": "1"}],
        "recipe": {"title": "Steps & stages", "columns": [{"label": "Care"}]},
    }  # fmt: skip
    path.with_name("table.csv.evidence.json").write_text(json.dumps(told), encoding="utf-8")
    return path


def protected(tmp_path: Path) -> Path:
    """The drawn table as `tre protect` makes it safe."""
    table, safe = checked(tmp_path, FLOW, "UNCHECKED"), tmp_path / "table.safe.csv"
    words = ["protect", str(table), "--method", "suppress", "--pack", "dfe-cin", "--into", str(safe)]
    assert run(words) == 0
    return safe


@pytest.mark.parametrize("verdict", ["UNCHECKED", "REVIEW", "FAIL", None])
def test_only_a_table_that_passed_is_drawn(tmp_path: Path, verdict: str) -> None:
    table = checked(tmp_path, FLOW, verdict)
    with pytest.raises(TreError, match="only a table that passed"):
        draw_table(table, tmp_path / "f.svg")
    assert not (tmp_path / "f.svg").exists()


def test_a_verdict_written_by_hand_draws_nothing(tmp_path: Path) -> None:
    table = checked(tmp_path, FLOW, "PASS")
    with pytest.raises(TreError, match="check now says FAIL"):
        draw_table(table, tmp_path / "f.svg")


def test_every_number_of_a_figure_stands_in_the_table_or_is_a_sum_of_its_numbers(tmp_path: Path) -> None:
    table = protected(tmp_path)
    text = draw_table(table, tmp_path / "f.svg", kind="flow").read_text(encoding="utf-8")
    printed = re.findall(r">(?:[^<]*: )?([\d,]+)(?: children)?<", text)
    found = {int(one.replace(",", "")) for one in printed if one.strip(",")}
    cells = {
        int(cell)
        for line in table.read_text().splitlines()[1:]
        for cell in line.split(",")[1:]
        if cell.isdigit()
    }
    assert found <= cells | {430, 63 + 430, 302 + 430, 60 + 80}
    assert not found & {2, 3}, "a hidden number is drawn"


def test_a_table_changed_after_its_check_is_not_drawn(tmp_path: Path) -> None:
    table = checked(tmp_path, FLOW, "PASS")
    table.write_text(FLOW.replace("400,30", "399,31"), encoding="utf-8")
    with pytest.raises(TreError, match="isn't the one its evidence speaks of"):
        draw_table(table, tmp_path / "f.svg")


@pytest.mark.parametrize("kind", ["flow", "bars"])
def test_a_figure_is_the_same_bytes_each_time_told_in_words_and_fetches_nothing(
    tmp_path: Path, kind: str
) -> None:
    table = protected(tmp_path)
    first = draw_table(table, tmp_path / "1.svg", kind=kind).read_text(encoding="utf-8")
    assert draw_table(table, tmp_path / "2.svg", kind=kind).read_text(encoding="utf-8") == first
    assert "Steps &amp; stages" in first
    assert "<desc" in first
    assert "invented children" in first
    assert first.count("http") == 1  # the name space, which nobody fetches
    assert "url(#hidden)" in first


def test_the_library_and_the_file_say_the_same(workspace: Path, tmp_path: Path) -> None:
    run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")])
    told = read_evidence(tmp_path / "o/state_flow.csv")
    opened = tre.open(workspace)
    table = tabulate(opened, declared(told["recipe"], where="evidence"))
    assert as_csv(table) == (tmp_path / "o/state_flow.csv").read_text(encoding="utf-8")
    assert "WBRI" not in repr(table)


def test_cells_of_two_tables_have_one_number_when_they_hold_the_same_children(
    workspace: Path, tmp_path: Path
) -> None:
    run(["recipe", "run", "pathways", "--workspace", str(workspace), "--into", str(tmp_path / "o")])
    told = {
        name: read_evidence(tmp_path / f"o/{name}.csv")["cells"]
        for name in ("state_flow", "furthest_by_ethnicity")
    }
    flow, furthest = told["state_flow"], told["furthest_by_ethnicity"]

    def number(cells: dict, row: object, column: str) -> int:
        return cells["sets"][cells["rows"].index(row)][cells["columns"].index(column)]

    assert number(flow, ["Total", "Total"], "Total") == number(furthest, "Total", "Total")
    assert number(flow, ["Referral", "No plan"], "Not looked after") == number(furthest, "Total", "Referral")
    assert number(flow, ["Assessment", "No plan"], "Not looked after") != number(
        furthest, "Total", "Referral"
    )
    assert number(furthest, "Chinese", "Total") == 0
    kept = [n for row in furthest["sets"] for n in row if n]
    assert len(set(kept)) < len(kept)  # a row with one cell is that cell
    assert max(kept) < 2**60
