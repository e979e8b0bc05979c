"""What a session counts from a table it opened itself can be made again: verified, differs or claimed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.findings import Level
from disclosure.rederive import standing
from tre_toolkit.cli import run
from tre_toolkit.errors import MisuseError, TreError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace of six hundred invented people."""
    rng = np.random.default_rng(1)
    folder = tmp_path / "workspace"
    (folder / "tables" / "cin").mkdir(parents=True)
    people = pd.DataFrame(
        {
            "person_id": [f"P{at:012d}" for at in range(600)],
            "sex": rng.choice(["F", "M"], 600),
            "area": rng.choice(["North", "South"], 600),
            "age": rng.integers(0, 18, 600),
            "cost": rng.uniform(50, 90, 600).round(2),
        }
    )
    people.to_parquet(folder / "people.parquet")
    people.iloc[:100][["person_id", "area"]].to_parquet(folder / "tables" / "cin" / "plans.parquet")
    (folder / "workspace.json").write_text(json.dumps({"format": "tre-workspace-v1", "synthetic": True}))
    return folder


def opened(workspace: Path, into: Path) -> disclosure.Session:
    return disclosure.session(pack="ons-srs", unit="person_id", into=into)


def test_a_count_of_an_opened_table_is_verified_and_passes(workspace: Path, tmp_path: Path) -> None:
    with opened(workspace, tmp_path / "out") as s:
        people = s.open(workspace, "people", where=[("age", "<", 16)], bands={"band": ("age", [0, 8])})
        made = s.crosstab(people.area, people["band"], margins=True, name="t")
    frame = pd.read_parquet(workspace / "people.parquet").query("age < 16")
    assert made.loc["Total", "Total"] == len(frame)
    assert made.loc["North", "0 to 8"] == ((frame.area == "North") & (frame.age < 8)).sum()
    path = tmp_path / "out" / "t.csv"
    found = disclosure.check_files([path], ["ons-srs"], workspace=workspace)[path]
    assert found.level is Level.PASS
    assert found.standing == "verified"


@pytest.mark.usefixtures("at_once")
def test_a_mean_of_an_opened_table_passes_where_one_of_a_frame_is_for_review(
    workspace: Path, tmp_path: Path
) -> None:
    with opened(workspace, tmp_path / "out") as s:
        people = s.open(workspace, "people")
        s.crosstab(people.area, people.sex, people.cost, aggfunc="mean", name="opened")
        loose = people[people.age < 16]
        s.crosstab(loose.area, loose.sex, loose.cost, aggfunc="mean", unit=loose.person_id, name="loose")
    for name, level, told in (("opened", Level.PASS, "verified"), ("loose", Level.REVIEW, "claimed")):
        path = tmp_path / "out" / f"{name}.csv"
        assert disclosure.check_file(path, ["ons-srs"]).level is level
        assert standing(path, workspace) == told


@pytest.mark.usefixtures("at_once")
def test_evidence_that_somebody_wrote_differs(workspace: Path, tmp_path: Path) -> None:
    with opened(workspace, tmp_path / "out") as s:
        people = s.open(workspace, "people")
        s.crosstab(people.area, people.sex, name="t")
    beside = tmp_path / "out" / "t.csv.evidence.json"
    told = json.loads(beside.read_text())
    told["cells"]["units"][0][0] += 1
    beside.write_text(json.dumps(told))
    assert standing(tmp_path / "out" / "t.csv", workspace) == "differs"
    path = tmp_path / "out" / "t.csv"
    assert disclosure.check_files([path], ["ons-srs"], workspace=workspace)[path].level is Level.FAIL


@pytest.mark.usefixtures("at_once")
def test_another_workspace_can_verify_nothing(workspace: Path, tmp_path: Path) -> None:
    with opened(workspace, tmp_path / "out") as s:
        people = s.open(workspace, "people")
        s.crosstab(people.area, people.sex, name="t")
    frame = pd.read_parquet(workspace / "people.parquet")
    frame.iloc[1:].to_parquet(workspace / "people.parquet")
    assert standing(tmp_path / "out" / "t.csv", workspace) == "claimed"


def test_a_recipe_runs_nothing_and_reads_nothing_outside_its_workspace(workspace: Path) -> None:
    for table in ("../people", "cin.../../people", "cin.none", "/etc/passwd"):
        with pytest.raises(TreError):
            disclosure.open_table(workspace, table)
    with pytest.raises(MisuseError):
        disclosure.open_table(workspace, "people", where=[("age", "; import os", 1)])
    with pytest.raises(TreError, match="no column"):
        disclosure.open_table(workspace, "people", where=[("@x", "==", 1)])
    assert len(disclosure.open_table(workspace, "cin.plans", where=[("area", "in", ["North"])])) < 100


def test_tabulate_makes_the_table_of_a_session_again(workspace: Path, tmp_path: Path) -> None:
    with opened(workspace, tmp_path / "out") as s:
        people = s.open(workspace, "people")
        s.crosstab(people.area, people.sex, normalize="index", name="t")
    again = tmp_path / "again.csv"
    evidence = tmp_path / "out" / "t.csv.evidence.json"
    assert run(["tabulate", str(evidence), "--workspace", str(workspace), "--into", str(again)]) == 0
    assert again.read_bytes() == (tmp_path / "out" / "t.csv").read_bytes()
