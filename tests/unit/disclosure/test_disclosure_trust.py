"""Evidence outside a gate is its author's word: labels are compared, recipes are run again, and nothing half done passes."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure import rederive
from disclosure.atomic import write_bytes
from disclosure.findings import Level
from tre_toolkit.cli import run
from tre_toolkit.errors import TreError

TABLE = "area,in need,on a plan\nNorth,50,35\nSouth,40,30\nWest,55,20\n"
CELLS: dict[str, Any] = {
    "rows": ["North", "South", "West"],
    "columns": ["in need", "on a plan"],
    "units": [[50, 35], [40, 30], [55, 20]],
}


def write(folder: Path, text: str = TABLE, *, name: str = "t.csv", **told: Any) -> Path:
    """A table and evidence of exactly its bytes."""
    path = folder / name
    path.write_text(text)
    evidence = {
        "format": "tre-evidence-v1",
        "file": {"name": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "unit": "child",
        "cells": CELLS,
        **told,
    }
    (folder / f"{name}.evidence.json").write_text(json.dumps(evidence))
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("North", "South West", "rows"), ("on a plan", "looked after", "columns"), ("", "", "")],
)
def test_figures_under_other_labels_than_the_evidence_tells_of_fail(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    verdict = disclosure.check_file(write(tmp_path, TABLE.replace(old, new) if old else TABLE), ["dfe-cin"])
    assert verdict.passed != bool(said)
    assert all(said in finding.message for finding in verdict.findings)


def test_a_corner_that_says_something_else_fails_where_a_recipe_told_of_it(tmp_path: Path) -> None:
    cells = {**CELLS, "totals": {"area": [], "column": []}}
    recipe = {"dataset_digest": "0" * 64}
    assert disclosure.check_file(write(tmp_path, cells=cells, recipe=recipe), ["dfe-cin"]).passed
    other = write(tmp_path, TABLE.replace("area", "not in area"), name="o.csv", cells=cells, recipe=recipe)
    assert disclosure.check_file(other, ["dfe-cin"]).level is Level.FAIL


@pytest.mark.parametrize("recipe", [{}, {"dataset_digest": "0" * 64}])
def test_figures_that_are_no_counts_need_a_recipe(tmp_path: Path, recipe: dict[str, str]) -> None:
    path = write(tmp_path, cells={**CELLS, "kind": "mean"}, recipe=recipe)
    verdict = disclosure.check_file(path, ["dfe-cin"])
    assert verdict.level is (Level.PASS if recipe else Level.REVIEW)
    assert all(finding.rule == "house/evidence" for finding in verdict.findings)


@pytest.mark.parametrize(
    ("again", "word"), [(None, "claimed"), ({}, "verified"), ({"units": [[1, 1]] * 3}, "differs")]
)
def test_how_the_evidence_stands_is_told_beside_the_verdict(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    again: Any,
    word: str,
) -> None:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN.format(again=json.dumps(again), text=TABLE))
    monkeypatch.setattr(rederive, "TRE", (sys.executable, str(script)))
    path = str(write(tmp_path, recipe={"dataset_digest": "0" * 64}))
    run(["check", path, "--pack", "dfe-cin", "--workspace", str(tmp_path)])
    assert f"t.csv  ({word})" in capsys.readouterr().out
    run(["check", path, "--pack", "dfe-cin", "--workspace", str(tmp_path), "--json"])
    assert json.loads(capsys.readouterr().out)["files"][0]["evidence"] == word
    assert run(["check", path, "--pack", "dfe-cin"]) == 0
    told = capsys.readouterr()
    assert "PASS" in told.out
    assert "(claimed)" in told.out
    assert "author's word" in told.err


def test_a_file_without_evidence_claims_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    (tmp_path / "t.csv.evidence.json").unlink()
    run(["check", str(path), "--pack", "dfe-cin"])
    told = capsys.readouterr()
    assert "claimed" not in told.out + told.err


def test_a_limit_of_memory_is_for_making_tables_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, recipe={"dataset_digest": "0" * 64})
    assert run(["check", str(path), "--memory", "1GB"]) == 2
    script = tmp_path / "stand_in.py"
    script.write_text('import sys\nopen(sys.argv[0] + ".told", "w").write(" ".join(sys.argv))\nsys.exit(1)\n')
    monkeypatch.setattr(rederive, "TRE", (sys.executable, str(script)))
    run(["check", str(path), "--workspace", str(tmp_path), "--memory", "1GB"])
    assert (tmp_path / "stand_in.py.told").read_text().endswith("--memory 1GB")


# what stands in for `tre tabulate` here: it writes the cells it is given
STAND_IN = """
import json, sys
into = sys.argv[sys.argv.index("--into") + 1]
told = json.loads(open(sys.argv[2]).read())
again = json.loads({again!r})
if again is None:
    sys.exit(1)
open(into, "w").write({text!r})
told["cells"].update(again)
open(into + ".evidence.json", "w").write(json.dumps(told))
"""


@pytest.mark.parametrize(
    ("again", "recipe", "kind", "level"),
    [
        ({}, True, "count", Level.PASS),
        ({"units": [[50, 35], [40, 30], [55, 21]]}, True, "count", Level.FAIL),
        ({"rows": ["N", "S", "W"]}, True, "count", Level.FAIL),
        ({"sets": [[1, 2], [3, 4], [5, 6]]}, True, "count", Level.FAIL),
        (None, True, "count", Level.REVIEW),
        ({}, False, "count", Level.REVIEW),
        ({}, True, "mean", Level.PASS),
        ({"kind": "rate"}, True, "mean", Level.FAIL),
    ],
)
def test_a_recipe_run_again_verifies_differs_or_is_only_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: Any, recipe: bool, kind: str, level: Level
) -> None:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN.format(again=json.dumps(again), text=TABLE))
    monkeypatch.setattr(rederive, "TRE", (sys.executable, str(script)))
    told = {"recipe": {"dataset_digest": "0" * 64}} if recipe else {}
    path = write(tmp_path, cells={**CELLS, "kind": kind}, **told)
    found = disclosure.check_files([path], ["dfe-cin"], workspace=tmp_path)[path]
    assert found.level is level


def test_figures_that_are_no_counts_are_held_against_the_very_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN.format(again="{}", text=TABLE.replace("20", "21")))
    monkeypatch.setattr(rederive, "TRE", (sys.executable, str(script)))
    path = write(tmp_path, cells={**CELLS, "kind": "mean"}, recipe={"dataset_digest": "0" * 64})
    assert rederive.standing(path, tmp_path) == "differs"


def test_evidence_is_for_its_owner_only(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [20, 30], "b": [40, 50]}, index=pd.Index(["x", "y"], name="area"))
    path = disclosure.protect(frame, packs=["dfe-cin"], unit="child").write(tmp_path / "t.csv")
    assert (tmp_path / "t.csv.evidence.json").stat().st_mode & 0o077 == 0
    assert path.stat().st_mode & 0o044


KILLED = """
import os, signal, sys
from pathlib import Path
import pandas as pd
import disclosure
from disclosure import protection

def killed(*given, **more):
    os.kill(os.getpid(), signal.SIGKILL)

protection.evidences.write = killed
frame = pd.DataFrame({"a": [20, 3], "b": [40, 50], "Total": [60, 53]}, index=pd.Index(["x", "y"], name="area"))
disclosure.protect(frame, method="round", packs=["dfe-cin"], unit="child").write(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("before", [False, True])
def test_a_command_killed_between_table_and_evidence_leaves_nothing_that_passes(
    tmp_path: Path, before: bool
) -> None:
    path = write(tmp_path) if before else tmp_path / "t.csv"
    script = KILLED.replace("Path(sys.argv[1]))", f"Path(sys.argv[1]), replace={before})")
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    for file in tmp_path.iterdir():
        assert not disclosure.check_file(file, ["dfe-cin"]).passed


def test_a_link_that_leads_nowhere_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = tmp_path / "out.csv"
    os.symlink(tmp_path / "gone" / "out.csv", link)
    source = write(tmp_path)
    assert run(["protect", str(source), "--method", "round", "--pack", "dfe-cin", "--into", str(link)]) != 0
    assert "a link stands here that leads nowhere" in capsys.readouterr().err
    with pytest.raises(TreError, match="leads nowhere"):
        write_bytes(link, b"")
    assert not (tmp_path / "gone").exists()


def test_what_a_session_writes_carries_the_labels_its_evidence_tells_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"child": range(400), "a": rng.choice(["x", "y"], 400), "b": rng.choice(["p", "q"], 400)}
    )
    with disclosure.session(pack="dfe-cin", unit="child", data=frame, into=tmp_path / "out") as s:
        s.crosstab(frame.a, frame.b, margins=True, name="t")
    assert disclosure.check_file(tmp_path / "out" / "t.csv", ["dfe-cin"]).passed
