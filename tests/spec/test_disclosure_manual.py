"""Every rule has a worked leak that it catches and a version that it lets be; the pages are written from the same table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spec.disclosure_manual import CASES, PAGES, PRELUDE, Case, page

import disclosure
from disclosure.explain import ABOUT


def rules_of(case: Case, text: str, name: str, folder: Path) -> set[str]:
    """The rules that speak of this output."""
    if not case.file:
        told: dict[str, Any] = {}
        exec(compile(PRELUDE + text, case.rule, "exec"), told)
        found = told["s"].findings()
    else:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        found = list(disclosure.check_file(path, [case.pack]).findings)
    return {finding.rule.partition("/")[2] for finding in found}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_the_leak_of_the_page_is_caught(case: Case, tmp_path: Path) -> None:
    assert case.rule in rules_of(case, case.leak, case.file, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_and_what_the_page_gives_instead_is_not(case: Case, tmp_path: Path) -> None:
    assert case.rule not in rules_of(case, case.fix, case.fixed or case.file, tmp_path)


def test_every_rule_has_its_page_and_every_page_is_as_the_table_writes_it() -> None:
    assert [case.rule for case in CASES] == list(dict.fromkeys(case.rule for case in CASES))
    assert {case.rule for case in CASES} == set(ABOUT)
    for case in CASES:
        assert (PAGES / f"{case.rule}.md").read_text(encoding="utf-8") == page(case), (
            "write the pages anew: python tests/spec/disclosure_manual.py"
        )
    assert {path.stem for path in PAGES.glob("*.md")} == set(ABOUT)
