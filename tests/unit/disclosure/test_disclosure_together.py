"""Tables that leave together: what two give away although each alone keeps it, found by the children they share."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from disclosure.check import check_files
from disclosure.ledger import read_ledger
from disclosure.linked import protect_together, write_together
from tre_toolkit.cli import run
from tre_toolkit.errors import TreError

# children by contact, plan and care: 4 of them were referred, had a protection plan and were not looked after
CUBE = np.array([[[116, 12], [14, 0], [4, 0]], [[700, 29], [638, 40], [248, 83]]])
CONTACT, PLAN, CARE = ["Referral", "Assessment"], ["None", "Need", "Protection"], ["Home", "Care"]


def flow_and_furthest() -> tuple[list[list[object]], list[list[object]]]:
    """The flow with all totals, and the furthest state of each child: two tables over the same children."""
    cube = CUBE
    for axis in range(3):
        cube = np.concatenate([cube, cube.sum(axis=axis, keepdims=True)], axis=axis)
    flow = [["Contact", "Plan", *CARE, "Total"]]
    for a, contact in enumerate([*CONTACT, "Total"]):
        flow += [[contact, plan, *map(int, cube[a, b])] for b, plan in enumerate([*PLAN, "Total"])]
    home = cube[:, :, 0]
    figures = [home[0, 0], home[1, 0], home[2, 1], home[2, 2], cube[2, 3, 1], cube[2, 3, 2]]
    names = ["Referral", "Assessment", "Need", "Protection", "Care", "Total"]
    return flow, [["Furthest", "Children"], *([name, int(n)] for name, n in zip(names, figures, strict=True))]


def sets_of(flow: bool) -> list[list[int]]:
    """Numbers for the sets: one for each cell of the cube with its totals, the same in both tables."""
    number = np.arange(1, 3 * 4 * 3 + 1).reshape(3, 4, 3)
    if flow:
        return [[int(n) for n in number[a, b]] for a in range(3) for b in range(4)]
    return [
        [int(n)]
        for n in (
            number[0, 0, 0],
            number[1, 0, 0],
            number[2, 1, 0],
            number[2, 2, 0],
            number[2, 3, 1],
            number[2, 3, 2],
        )
    ]


# a pattern that hides the 4 within the flow, since (Referral, None) could be anything
HIDDEN = {(contact, plan) for contact in CONTACT for plan in ("None", "Protection")}


def write(
    path: Path, rows: list[list[object]], *, labels: int, sets: list[list[int]] | None, hide: bool = False
) -> Path:
    """A table and its evidence; with `hide`, the flow's small cell hidden by hand."""
    hidden = HIDDEN if hide else set()
    shown = [
        [
            *row[:labels],
            *(
                "c" if tuple(row[:labels]) in hidden and at != 1 else cell
                for at, cell in enumerate(row[labels:])
            ),
        ]
        for row in rows[1:]
    ]
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([rows[0], *shown])
    totals = (
        {"Furthest": ["Total"]}
        if labels == 1
        else {"Contact": ["Total"], "Plan": ["Total"], "column": ["Total"]}
    )
    cells = {
        "rows": [row[:labels] if labels > 1 else row[0] for row in rows[1:]],
        "columns": rows[0][labels:],
        "units": [row[labels:] for row in rows[1:]],
        "shown": [[str(cell) for cell in row[labels:]] for row in shown],
        "totals": totals,
        **({"sets": sets} if sets else {}),
    }
    told = {
        "format": "tre-evidence-v1",
        "file": {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "unit": "child",
        "cells": cells,
    }
    path.with_name(path.name + ".evidence.json").write_text(json.dumps(told))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    flow, furthest = flow_and_furthest()
    return [
        write(tmp_path / "furthest.csv", furthest, labels=1, sets=sets_of(flow=False)),
        write(tmp_path / "flow.csv", flow, labels=2, sets=sets_of(flow=True)),
    ]


def each_alone(folder: Path, sets: list[list[int]] | None) -> list[Path]:
    """The furthest states with nothing to hide, and the flow with its small cell hidden: each keeps it, alone."""
    flow, furthest = flow_and_furthest()
    return [
        write(folder / "furthest.safe.csv", furthest, labels=1, sets=sets),
        write(folder / "flow.safe.csv", flow, labels=2, sets=sets_of(flow=True), hide=True),
    ]


def test_two_tables_that_give_a_child_away_together_are_stopped(tmp_path: Path) -> None:
    """134 referred children at home, less 116 with no plan (told by the other table), less 14: the hidden 4."""
    safe = each_alone(tmp_path, sets_of(flow=False))
    assert all(check_files([file], ["dfe-cin"])[file].passed for file in safe)
    verdicts = check_files(safe, ["dfe-cin"])
    assert [verdict.verdict for verdict in verdicts.values()] == ["PASS", "FAIL"]
    found = verdicts[safe[1]].findings
    assert {finding.rule for finding in found} == {"dfe-cin/attack"}
    assert any("furthest.safe.csv together" in finding.message for finding in found)


def test_what_was_released_earlier_under_other_labels_is_reckoned_with(tmp_path: Path) -> None:
    """The furthest states left last month; the flow comes today."""
    furthest, flow = each_alone(tmp_path, sets_of(flow=False))
    ledger = str(tmp_path / "releases.ledger")
    assert run(["check", str(furthest), "--pack", "dfe-cin", "--against", ledger, "--record"]) == 0
    later = check_files([flow], ["dfe-cin"], against=read_ledger(Path(ledger)))[flow]
    assert later.verdict == "FAIL"
    assert {finding.rule for finding in later.findings} == {"dfe-cin/differencing"}
    assert any("furthest.safe.csv" in finding.message for finding in later.findings)


def test_an_earlier_release_of_other_children_says_nothing(tmp_path: Path) -> None:
    furthest, flow = each_alone(tmp_path, [[n + 1000 for n in row] for row in sets_of(flow=False)])
    ledger = str(tmp_path / "releases.ledger")
    assert run(["check", str(furthest), "--pack", "dfe-cin", "--against", ledger, "--record"]) == 0
    assert check_files([flow], ["dfe-cin"], against=read_ledger(Path(ledger)))[flow].passed


def test_without_what_tells_the_shared_children_nothing_is_guessed(tmp_path: Path) -> None:
    safe = each_alone(tmp_path, None)
    assert all(verdict.passed for verdict in check_files(safe, ["dfe-cin"]).values())


def test_tables_of_other_children_raise_no_alarm(tmp_path: Path) -> None:
    safe = each_alone(tmp_path, [[n + 1000 for n in row] for row in sets_of(flow=False)])
    assert all(verdict.passed for verdict in check_files(safe, ["dfe-cin"]).values())


def test_protected_as_one_they_pass_as_one(files: list[Path], tmp_path: Path) -> None:
    done = protect_together(files, packs=["dfe-cin"])
    write_together(done, files, tmp_path / "safe")
    safe = [tmp_path / "safe" / file.name for file in files]
    assert all(verdict.passed for verdict in check_files(safe, ["dfe-cin"]).values())
    assert "c" in safe[1].read_text()
    shown = [row.split(",") for row in safe[1].read_text().splitlines()]
    assert sum(cell == "c" for row in shown for cell in row) < 20


def test_the_command_writes_all_tables_or_none(
    files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["protect", *map(str, files), "--pack", "dfe-cin"]
    assert run([*words, "--into", str(tmp_path / "safe")]) == 0
    assert sorted(path.name for path in (tmp_path / "safe").iterdir()) == [
        "flow.csv", "flow.csv.evidence.json", "furthest.csv", "furthest.csv.evidence.json",
    ]  # fmt: skip
    assert run([*words, "--into", str(tmp_path / "safe")]) == 1
    assert "something stands here already" in capsys.readouterr().err
    assert run([*words, "--method", "round", "--into", str(tmp_path / "other")]) == 2
    assert not (tmp_path / "other").exists()


def test_two_files_of_one_name_are_refused(files: list[Path], tmp_path: Path) -> None:
    done = protect_together(files, packs=["dfe-cin"])
    with pytest.raises(TreError, match="same name"):
        write_together(done, [files[0], files[0]], tmp_path / "safe")
    assert not (tmp_path / "safe").exists()


def test_a_total_with_one_part_only_is_that_part_and_both_are_hidden(tmp_path: Path) -> None:
    """One child of the referred is in care: her cell and its totals are one unknown in both tables."""
    one = [
        ["Plan", "Home", "Care", "Total"],
        ["None", 120, 1, 121],
        ["Need", 0, 0, 0],
        ["Total", 120, 1, 121],
    ]
    two = [["Area", "Care"], ["North", 1], ["South", 45], ["Total", 46]]
    files = [
        write(tmp_path / "one.csv", one, labels=1, sets=[[1, 2, 3], [0, 0, 0], [1, 2, 3]]),
        write(tmp_path / "two.csv", two, labels=1, sets=[[2], [4], [5]]),
    ]
    done = protect_together(files, packs=["dfe-cin"])
    write_together(done, files, tmp_path / "safe")
    shown = [line.split(",") for line in (tmp_path / "safe" / "one.csv").read_text().splitlines()]
    assert shown[1][1:] == shown[3][1:]
    assert shown[1][2] == "c"
    assert shown[1].count("c") == 2
    assert "North,c" in (tmp_path / "safe" / "two.csv").read_text()
    safe = [tmp_path / "safe" / file.name for file in files]
    assert all(verdict.passed for verdict in check_files(safe, ["dfe-cin"]).values())
