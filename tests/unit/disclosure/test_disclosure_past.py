"""A new table is attacked with everything released before, through chains of tables, and not only in pairs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from disclosure.check import check_files
from disclosure.findings import Finding, Level
from disclosure.ledger import open_ledger, read_ledger

# three groups of children: few (3), some (40), many (50); each set of children has its number
COUNT = {"few": 3, "some": 40, "many": 50, "few and some": 43, "some and many": 90}
SET = {name: at + 1 for at, name in enumerate(COUNT)}


def table(folder: Path, name: str, rows: dict[str, str], *, total: str | None = None) -> Path:
    """A one-way table under labels of its own: `rows` are groups, and what is printed for each."""
    path = folder / f"{name}.csv"
    labels = [f"{name} {group}" if group != total else "Total" for group in rows]
    path.write_text(
        f"{name},children\n" + "".join(f"{a},{b}\n" for a, b in zip(labels, rows.values(), strict=True))
    )
    told = {
        "format": "tre-evidence-v1",
        "file": {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "unit": "child",
        "cells": {
            "rows": labels,
            "columns": ["children"],
            "units": [[COUNT[group]] for group in rows],
            "sets": [[SET[group]] for group in rows],
            "totals": {name: ["Total"]} if total else {},
        },
    }
    (folder / f"{name}.csv.evidence.json").write_text(json.dumps(told))
    return path


def failing(found: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in found if finding.verdict is Level.FAIL]


def released(folder: Path, *paths: Path) -> None:
    for path in paths:
        found = check_files([path], ["dfe-cin"], against=open_ledger(folder / "ledger"), record=True)
        assert found[path].passed, found[path].findings


def hidden_pair(folder: Path) -> Path:
    return table(folder, "mine", {"few": "c", "some": "c", "few and some": "43"}, total="few and some")


def test_a_figure_that_comes_out_through_a_chain_of_two_releases_is_found(tmp_path: Path) -> None:
    totals = table(
        tmp_path, "totals", {"some": "c", "many": "c", "some and many": "90"}, total="some and many"
    )
    released(tmp_path, totals)
    mine = hidden_pair(tmp_path)
    ledger = read_ledger(tmp_path / "ledger")
    assert check_files([mine], ["dfe-cin"], against=ledger)[mine].passed
    released(tmp_path, table(tmp_path, "alone", {"many": "50", "some and many": "90"}))
    found = check_files([mine], ["dfe-cin"], against=read_ledger(tmp_path / "ledger"))[mine]
    (finding,) = failing(found.findings)
    assert "release 1" in finding.message
    assert "release 2" in finding.message
    assert "few" in finding.where


def test_a_figure_an_earlier_release_hid_may_not_come_out_with_a_later_one(tmp_path: Path) -> None:
    released(tmp_path, hidden_pair(tmp_path))
    later = table(tmp_path, "later", {"some": "40", "many": "50"})
    found = check_files([later], ["dfe-cin"], against=read_ledger(tmp_path / "ledger"))[later]
    (finding,) = failing(found.findings)
    assert finding.rule == "dfe-cin/differencing"
    assert "release 1" in finding.message
    harmless = table(tmp_path, "harmless", {"many": "50", "some and many": "90"})
    assert check_files([harmless], ["dfe-cin"], against=read_ledger(tmp_path / "ledger"))[harmless].passed


def test_the_same_bytes_again_are_not_held_against_themselves(tmp_path: Path) -> None:
    mine = hidden_pair(tmp_path)
    released(tmp_path, mine)
    assert check_files([mine], ["dfe-cin"], against=read_ledger(tmp_path / "ledger"))[mine].passed


def test_what_a_table_gives_away_alone_is_told_once_though_it_leaves_with_others(tmp_path: Path) -> None:
    mine = table(tmp_path, "mine", {"few": "c", "some": "40", "few and some": "43"}, total="few and some")
    other = table(tmp_path, "other", {"some": "40", "many": "50"})
    found = check_files([mine, other], ["dfe-cin"])
    assert len(failing(found[mine].findings)) == 1
    assert not failing(found[other].findings)


def test_a_ledger_keeps_the_truth_and_the_totals_behind_what_was_hidden(tmp_path: Path) -> None:
    released(tmp_path, hidden_pair(tmp_path))
    (entry,) = read_ledger(tmp_path / "ledger").entries
    assert entry.truth is not None
    assert np.array_equal(entry.truth, [3, 40, 43])
    assert entry.parents == ({0: 2, 1: 2},)
