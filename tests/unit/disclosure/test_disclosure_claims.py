"""Evidence is its author's word: what it claims excuses nothing that the print itself contradicts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import disclosure
from disclosure.findings import Level, Verdict
from tre_toolkit.errors import TreError

SMALL = "area,in need,on a plan\nNorth,50,3\nSouth,40,30\nWest,55,20\n"
LARGE = SMALL.replace(",3\n", ",35\n")


def check(
    folder: Path, text: str, units: Any, *, protected: Any = None, told: Any = None, **cells: Any
) -> Verdict:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    evidence = {
        "format": "tre-evidence-v1",
        "file": {"name": "t.csv", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
        "unit": "child",
        "cells": {
            "rows": ["North", "South", "West"],
            "columns": ["in need", "on a plan"],
            "units": units,
            **cells,
        },
        **({"protected": protected} if protected else {}),
        **(told or {}),
    }
    (folder / "t.csv.evidence.json").write_text(json.dumps(evidence))
    verdict: Verdict = disclosure.check_file(path, ["dfe-cin"])
    return verdict


TRUE = [[50, 3], [40, 30], [55, 20]]


@pytest.mark.parametrize(
    "claim",
    [
        {"method": "round"},
        {"method": "round", "base": 1, "spread": 5},
        {"method": "round", "base": 5},
        {"method": "round", "base": 10, "spread": 9},
        {"method": "cell-key", "base": 1, "spread": 9},
        {"method": "cell-key"},
        {"method": "suppress", "base": 10, "spread": 9},
        {"method": "by hand", "base": 10, "spread": 9},
    ],
    ids=lambda claim: "-".join(map(str, claim.values())),
)
def test_a_small_count_is_not_excused_by_a_method_that_was_not_used(tmp_path: Path, claim: Any) -> None:
    assert check(tmp_path, SMALL, TRUE, protected=claim).level is Level.FAIL


def test_figures_that_were_rounded_pass(tmp_path: Path) -> None:
    text = SMALL.replace(",3\n", ",0\n").replace("55", "60")
    claim = {"method": "round", "base": 10, "spread": 9}
    assert check(tmp_path, text, TRUE, protected=claim).passed


def test_a_suppressed_table_prints_the_figures_its_evidence_tells_of(tmp_path: Path) -> None:
    units = [[50, 35], [40, 30], [55, 20]]
    claim = {"method": "suppress"}
    assert check(tmp_path, LARGE, units, protected=claim).passed
    assert check(tmp_path, LARGE.replace("40", "48"), units, protected=claim).level is Level.FAIL


@pytest.mark.parametrize("words", ["3*", "three", "(3)", "3 children", "\u2462", "3\u200b"])
def test_words_where_a_figure_stands_are_for_review(tmp_path: Path, words: str) -> None:
    verdict = check(tmp_path, SMALL.replace(",3\n", f",{words}\n"), TRUE)
    assert verdict.level is Level.REVIEW
    assert all(words not in found.message + found.where for found in verdict.findings)


def test_a_packs_symbol_where_a_figure_stands_is_not_words(tmp_path: Path) -> None:
    assert check(tmp_path, SMALL.replace(",3\n", ",c\n"), TRUE).passed


@pytest.mark.parametrize(
    "cells",
    [
        {"rows": 5},
        {"totals": [1]},
        {"totals": {"area": 5}},
        {"structural_zeros": [[99, 1]]},
        {"structural_zeros": [[0, -1]]},
        {"structural_zeros": ["ab"]},
    ],
    ids=str,
)
def test_evidence_out_of_form_is_refused_in_words(tmp_path: Path, cells: Any) -> None:
    with pytest.raises(TreError, match="can't be read"):
        check(tmp_path, SMALL, TRUE, **cells)


def test_checks_out_of_form_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(TreError, match="can't be read"):
        check(tmp_path, SMALL, TRUE, told={"checks": 5})


def test_a_figure_too_large_to_be_one_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("area,a\nNorth,9" + "9" * 40 + "\nSouth,3\n")
    assert disclosure.check_file(tmp_path / "u.csv", ["dfe-cin"]).level is Level.FAIL
