"""`check_file` and `protect` on small tables of invented children: what passes and what is stopped."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import disclosure
from disclosure.findings import Level
from tre_toolkit.cli import run
from tre_toolkit.errors import MisuseError, TreError

TABLE = """
ethnicity,referral,plan,looked after,Total
White,24,28,13,65
Mixed,25,6,27,58
Asian,8,31,3,42
Black,22,9,8,39
Total,79,74,51,204
"""


def write(
    folder: Path, text: str = TABLE, *, evidence: bool = True, name: str = "t.csv", unit: str = "child"
) -> Path:
    """A CSV (and its evidence, whose units are the printed figures)."""
    path = folder / name
    path.write_text(text.strip() + "\n")
    if evidence:
        lines = [line.split(",") for line in text.strip().splitlines()]
        told = {
            "format": "tre-evidence-v1",
            "file": {"name": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
            "unit": unit,
            "recipe": {"dataset_digest": "00"},
            "cells": {
                "rows": [line[0] for line in lines[1:]],
                "columns": lines[0][1:],
                "units": [[int(cell) for cell in line[1:]] for line in lines[1:]],
                "shown": [line[1:] for line in lines[1:]],
            },
        }
        (folder / f"{name}.evidence.json").write_text(json.dumps(told))
    return path


def test_a_small_count_fails_and_says_where_by_which_clause_and_what_would_mend_it(tmp_path: Path) -> None:
    verdict = disclosure.check_file(write(tmp_path), ["dfe-cin"])
    assert verdict.level is Level.FAIL
    (finding,) = verdict.findings
    assert finding.rule == "dfe-cin/count"
    assert finding.where == "ethnicity 'Asian', column 'looked after'"
    assert "protect" in finding.fix


def test_the_same_table_without_small_counts_passes(tmp_path: Path) -> None:
    big = TABLE.replace(",3,42", ",6,45").replace("51,204", "54,207")
    assert disclosure.check_file(write(tmp_path, big), ["dfe-cin"]).passed


def test_a_hidden_cell_that_its_totals_give_away_fails(tmp_path: Path) -> None:
    verdict = disclosure.check_file(
        write(tmp_path, TABLE.replace(",3,42", ",c,42"), evidence=False), ["dfe-cin"]
    )
    assert "dfe-cin/attack" in {finding.rule for finding in verdict.findings}


def test_protect_hides_what_is_needed_and_the_result_passes_with_and_without_its_evidence(
    tmp_path: Path,
) -> None:
    done = disclosure.protect(write(tmp_path), method="suppress", packs=["dfe-cin"])
    assert done.verdict.passed
    assert done.settings["small"] == 1
    assert done.settings["further"] == 3
    assert done.settings["proved_optimal"]
    out = done.write(tmp_path / "t.safe.csv")
    assert disclosure.check_file(out, ["dfe-cin"]).passed
    told = json.loads((tmp_path / "t.safe.csv.evidence.json").read_text())
    assert told["verdict"] == "PASS"
    assert told["recipe"] == {"dataset_digest": "00"}
    alone = disclosure.check_file(out, ["dfe-cin"], evidence=None)
    assert {finding.rule for finding in alone.findings} == {"house/unit"}


def test_protect_gives_the_same_bytes_again(tmp_path: Path) -> None:
    source = write(tmp_path)
    one, two = (disclosure.protect(source, packs=["dfe-cin"]).csv() for _ in range(2))
    assert one == two


def test_a_file_changed_after_it_was_made_fails(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace(",3,42", ",6,45"))
    verdict = disclosure.check_file(path, ["dfe-cin"])
    assert "house/evidence" in {finding.rule for finding in verdict.findings}
    assert verdict.level is Level.FAIL


def test_without_a_unit_every_table_is_for_review(tmp_path: Path) -> None:
    big = TABLE.replace(",3,42", ",6,45").replace("51,204", "54,207")
    verdict = disclosure.check_file(write(tmp_path, big, evidence=False), ["dfe-cin"])
    assert verdict.level is Level.REVIEW
    assert "children" in verdict.findings[0].message


def test_no_message_repeats_a_figure_of_the_table(tmp_path: Path) -> None:
    secret = TABLE.replace("24,28,13,65", "24,28,4717,4769").replace("79,74,51,204", "79,74,4755,4908")
    verdict = disclosure.check_file(write(tmp_path, secret), ["ons-srs", "dfe-cin"])
    told = json.dumps(verdict.as_dict())
    assert verdict.findings
    assert "4717" not in told
    assert "4769" not in told


def test_the_stricter_pack_of_a_chain_is_named(tmp_path: Path) -> None:
    verdict = disclosure.check_file(write(tmp_path), ["dfe-cin", "ons-srs"])
    rules = {finding.where: finding.rule for finding in verdict.findings if finding.rule.endswith("/count")}
    assert rules["ethnicity 'Asian', column 'looked after'"] == "ons-srs/count"
    assert len(rules) == 5


def test_a_pack_nobody_knows_is_misuse() -> None:
    with pytest.raises(MisuseError, match="no rule pack"):
        disclosure.chain(["dfe-cin2"])


def test_a_table_whose_totals_can_not_be_protected_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    tiny = "area,yes,no,Total\nA,3,40,43\nTotal,3,40,43\n"
    with pytest.raises(TreError):
        disclosure.protect(write(tmp_path, tiny), packs=["dfe-cin"], must_publish=["no", "Total"])


def test_check_as_a_command_prints_one_json_value_and_exits_by_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path)
    command = [sys.executable, "-c", "from tre_toolkit.cli import main; main()"]
    checked = subprocess.run(
        [*command, "check", str(path), "--pack", "dfe-cin", "--json"], capture_output=True, text=True
    )
    answer = json.loads(checked.stdout)
    assert checked.returncode == 1
    assert answer["verdict"] == "FAIL"
    assert set(answer["findings"][0]) == {"verdict", "rule", "file", "where", "message", "fix"}
    out = tmp_path / "s.csv"
    assert run(["protect", str(path), "--pack", "dfe-cin", "--into", str(out)]) == 0
    capsys.readouterr()
    assert run(["check", str(out), "--pack", "dfe-cin", "--json"]) == 0
    told = [{"file": str(out), "verdict": "PASS", "evidence": "claimed"}]
    assert json.loads(capsys.readouterr().out) == {"verdict": "PASS", "files": told, "findings": []}
