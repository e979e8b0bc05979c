"""Invented returns keep every rule of their year, this year's and last year's together."""

from __future__ import annotations

import pytest

from synth.lookups import write_lookups
from synth.plan import Plan
from synth.tell import returns_of
from synth.world import World, invent
from tre_toolkit.returns import Report, Return, validate

YEARS = (2023, 2024, 2025, 2026)


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990", "991"), 1500, YEARS, seed=11))


@pytest.fixture(scope="module")
def reports(made: World, tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    folder = tmp_path_factory.mktemp("lookups") / "lookups"
    write_lookups(folder, made.plan)
    lists = {path.stem: path for path in folder.glob("*.csv")}
    last: dict[tuple[str, str | None], Return] = {}
    found = []
    for one in returns_of(made, ("cin_census", "ssda903")):
        found.append(validate(one, last.get((one.dataset, one.authority)), lists))
        last[one.dataset, one.authority] = one
    return found


def test_no_rule_is_broken(reports: list[Report]) -> None:
    broken = {
        (report.dataset, report.period, finding.rule, finding.table, finding.count)
        for report in reports
        for finding in report.findings
    }
    assert not broken


def test_nearly_every_rule_was_asked(reports: list[Report]) -> None:
    assert not [crash for report in reports for crash in report.crashed]
    for report in reports:
        if report.period != "2023":  # the first year has no year before it
            assert len(report.skipped) <= 2, report.skipped
            assert report.asked > (300 if report.dataset == "ssda903" else 100)


def test_only_the_rule_about_unissued_authority_numbers_is_waived(reports: list[Report]) -> None:
    assert {waived.rule for report in reports for waived in report.waived} == {"1530"}


def test_returns_without_a_single_child_keep_every_rule_that_asks_about_rows() -> None:
    for one in returns_of(invent(Plan(("990",), 0, (2025,))), ("cin_census", "ssda903")):
        broken = {finding.rule for finding in validate(one).findings if finding.kind == "error"}
        assert not broken
