"""The leaks that a well-known checker passes, and the false alarms it raises: one table, a row for each, both sides.

A row is an output somebody really makes, the rule that stops it, and the version of it that leaves: nothing of that
rule may be said about the safe one. The false alarms are the same table turned round: the ordinary output passes, and
its leaking neighbour doesn't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.findings import Finding, Level
from tre_toolkit.errors import TreError

AREAS = ["Norwich", "Ipswich", "Luton", "Poole"]
NEEDS = ["plan", "looked after", "neither"]
Made = list[Finding]


def invented(size: int = 4000) -> pd.DataFrame:
    """Invented children, one row each."""
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "child": [f"c{at}" for at in range(size)],
            "area": pd.Categorical(rng.choice(AREAS, size), AREAS),
            "need": pd.Categorical(rng.choice(NEEDS, size, p=[0.3, 0.2, 0.5]), NEEDS),
            "age": rng.integers(0, 16, size),
            "sex": pd.Categorical(rng.choice(["girl", "boy"], size)),
            "days": rng.gamma(2, 90, size),
            "cost": rng.gamma(3, 400, size),
            "event": rng.random(size) < 0.4,
        }
    )


CHILDREN = invented()


def opened(frame: pd.DataFrame) -> disclosure.Session:
    return disclosure.session(pack=["ons-srs"], unit="child", data=frame)


# ---------------------------------------------------------------- outputs: few or many is all that differs


BLANKED = ["Norwich,41,c,60,c", "Ipswich,50,37,71,158", "Luton,33,29,48,110", "Total,124,c,179,c"]
BLANKED_WELL = ["Norwich,41,c,c,104", "Ipswich,50,37,71,158", "Luton,33,c,c,110", "Total,124,c,c,372"]


def blanked_cell_and_totals(folder: Path, few: bool) -> Made:
    folder.mkdir(exist_ok=True)
    two_way, totals = folder / "two_way.csv", folder / "totals.csv"
    rows = BLANKED if few else BLANKED_WELL
    two_way.write_text("\n".join(["area,plan,looked after,neither,Total", *rows, ""]))
    totals.write_text("area,children\nNorwich,104\nIpswich,158\nLuton,110\nTotal,372\n")
    return list(disclosure.check_files([totals, two_way], ["dfe-cin"])[two_way].findings)


def one_record_dropped(_: Path, few: bool) -> Made:
    fewer = CHILDREN.drop(CHILDREN.index[17]) if few else CHILDREN
    with opened(CHILDREN) as s:
        s.crosstab(CHILDREN.area, CHILDREN.need)
        s.crosstab(fewer.area, fewer.need, unit=fewer.child)
        return s.findings()


def under_16_and_all_ages(_: Path, few: bool) -> Made:
    frame = CHILDREN.copy()
    for area in AREAS[3:] if few else AREAS:
        frame.loc[frame.index[frame.area == area][: 1 if few else 30], "age"] = 16
    under = frame[frame.age < 16]
    with opened(frame) as s:
        s.groupby(frame, "area").size(name="all ages")
        s.groupby(under, "area").size(name="under 16")
        return s.findings()


def dummy_in_a_regression(_: Path, few: bool) -> Made:
    frame = CHILDREN.head(200).copy()
    frame["one"] = (np.arange(200) == 5 if few else np.arange(200) % 4 == 1).astype(int)
    with opened(frame) as s:
        s.ols("cost ~ age + one", frame)
        return s.findings()


def saturated_model(_: Path, few: bool) -> Made:
    frame = CHILDREN.head(200).copy()
    frame["group"] = np.where(np.arange(200) < 3, "few", "many")
    with opened(frame) as s:
        s.ols("cost ~ C(group)" if few else "cost ~ age", frame)
        return s.findings()


def grouped_histogram(folder: Path, few: bool) -> Made:
    frame = CHILDREN.copy()
    frame["ward"] = np.where(np.arange(len(frame)) < (2 if few else 2000), "one", "other")
    figure = folder / f"histogram {few}.svg"
    with opened(frame) as s:
        if few:
            with pytest.raises(TreError, match="isn't drawn"):
                s.hist(frame.age, 4, by=frame.ward, into=figure)
        else:
            s.hist(frame.age, 4, by=frame.ward, into=figure)
        assert figure.exists() is not few
        return s.findings()


def maximum_of_a_large_group(_: Path, few: bool) -> Made:
    with opened(CHILDREN) as s:
        days = s.groupby(CHILDREN, "area")["days"]
        days.max() if few else days.median()
        return s.findings()


def thirty_episodes(_: Path, few: bool) -> Made:
    who = ["a"] * 20 + ["b"] * 10 if few else [f"c{at}" for at in range(30)]
    episodes = pd.DataFrame({"child": who, "area": ["Norwich"] * 30, "need": ["plan"] * 30})
    with opened(episodes) as s:
        s.crosstab(episodes.area, episodes.need)
        return s.findings()


def nearly_all_share_the_outcome(_: Path, few: bool) -> Made:
    alike = 330 if few else 300
    frame = pd.DataFrame(
        {
            "child": range(1000),
            "area": ["Norwich"] * 340 + ["Luton", "Poole"] * 330,
            "excluded": ["yes"] * alike + ["no"] * (340 - alike) + ["yes"] * 300 + ["no"] * 360,
        }
    )
    with opened(frame) as s:
        s.crosstab(frame.area, frame.excluded, margins=True)
        found = s.findings()
    assert all("Norwich" in finding.where for finding in found)
    return found


def one_pound_refunded(_: Path, few: bool) -> Made:
    frame = CHILDREN.copy()
    norwich = frame.index[frame.area == "Norwich"]
    frame.loc[norwich[1], "cost"] = -1.0
    if few:
        frame.loc[norwich[0], "cost"] = 1e9
    with opened(frame) as s:
        s.groupby(frame, "area")["cost"].sum()
        found = s.findings()
    assert all("Norwich" in finding.where for finding in found)
    return found


def percentages(_: Path, few: bool) -> Made:
    frame = CHILDREN.copy()
    if few:
        frame.loc[frame.index[(frame.area == "Poole") & (frame.need == "plan")][4:], "need"] = "neither"
    with opened(frame) as s:
        s.crosstab(frame.area, frame.need, normalize="index")
        return s.findings()


def survival_curve(_: Path, few: bool) -> Made:
    with opened(CHILDREN) as s:
        if few:
            s.kaplan_meier(CHILDREN.days, CHILDREN.event, merge=False)
        else:
            curve = s.kaplan_meier(CHILDREN.days.round(), CHILDREN.event, by=CHILDREN.sex)
            assert len(curve) > 20
            assert (curve.events >= 10).all()
        return s.findings()


def zero_by_definition(_: Path, few: bool) -> Made:
    frame = CHILDREN.copy()
    frame["school"] = np.where(frame.age < 8, "primary", "secondary")
    frame["exam"] = np.where((frame.age < 8) | (frame.age % 2 == 1), "none", "taken")
    declared = [] if few else [("primary", "taken")]
    with opened(frame) as s:
        s.crosstab(frame.school, frame.exam, structural_zeros=declared)
        return s.findings()


@dataclass(frozen=True)
class Row:
    """One row of the list: the output, the rule that stops its leaking version, and how hard."""

    words: str
    output: Callable[[Path, bool], Made]
    rule: str
    level: Level = Level.FAIL


LEAKS = [
    Row("1: a blanked cell, and a one-way table with its total", blanked_cell_and_totals, "differencing"),
    Row("2: the same table again with one record dropped", one_record_dropped, "differencing"),
    Row("3: under 16 beside all ages, one child between them", under_16_and_all_ages, "differencing"),
    Row("4: a dummy for one child", dummy_in_a_regression, "isolating-term"),
    Row("4: the same dummy predicts that child's value", dummy_in_a_regression, "leverage"),
    Row("4: a saturated model is a table of group means", saturated_model, "saturated"),
    Row("5: a histogram by group, one of two children", grouped_histogram, "count"),
    Row("6: the maximum of a large group", maximum_of_a_large_group, "endpoints"),
    Row("6: thirty episodes of two children", thirty_episodes, "count"),
    Row("6: 330 of 340 share the outcome", nearly_all_share_the_outcome, "group", Level.REVIEW),
    Row("7: a refund of one pound beside a dominant child", one_pound_refunded, "dominance"),
]
FALSE_ALARMS = [
    Row("every table of percentages", percentages, "percentages"),
    Row("every survival table", survival_curve, "survival"),
    Row("every zero by definition", zero_by_definition, "zero", Level.REVIEW),
]


def rules(found: Made, level: Level) -> set[str]:
    return {finding.rule.partition("/")[2] for finding in found if finding.verdict is level}


@pytest.mark.parametrize("row", LEAKS, ids=lambda row: row.words)
def test_the_leak_is_caught_and_its_safe_version_is_not(row: Row, tmp_path: Path) -> None:
    assert row.rule in rules(row.output(tmp_path, True), row.level)
    assert all(finding.rule == "house/unit" for finding in row.output(tmp_path, False))


@pytest.mark.parametrize("row", FALSE_ALARMS, ids=lambda row: row.words)
def test_the_false_alarm_is_not_raised_and_its_leaking_neighbour_is_stopped(row: Row, tmp_path: Path) -> None:
    assert row.output(tmp_path, False) == []
    assert row.rule in rules(row.output(tmp_path, True), row.level)


# ---------------------------------------------------------------- what else the list asks for


def test_a_leak_between_files_is_told_of_the_later_one_whichever_that_is(tmp_path: Path) -> None:
    blanked_cell_and_totals(tmp_path, True)
    two_way, totals = tmp_path / "two_way.csv", tmp_path / "totals.csv"
    verdicts = disclosure.check_files([two_way, totals], ["dfe-cin"])
    assert "differencing" not in rules(list(verdicts[two_way].findings), Level.FAIL)


def test_leak_1_in_a_session_blanked_cell_and_true_totals() -> None:
    few = CHILDREN[(CHILDREN.area == "Norwich") & (CHILDREN.need == "looked after")].index[3:]
    frame = CHILDREN.drop(few)
    shown = frame[~((frame.area == "Norwich") & (frame.need == "looked after"))]
    with opened(frame) as s:
        s.crosstab(shown.area, shown.need, unit=shown.child, margins=True)
        s.groupby(frame, "area").size()
        assert "differencing" in rules(s.findings(), Level.FAIL)


def test_leak_3_names_both_tables(tmp_path: Path) -> None:
    found = under_16_and_all_ages(tmp_path, True)
    assert any("under 16" in finding.where and "all ages" in finding.where for finding in found)


def test_the_same_table_twice_tells_nothing_new() -> None:
    with opened(CHILDREN) as s:
        s.crosstab(CHILDREN.area, CHILDREN.need)
        s.crosstab(CHILDREN.area, CHILDREN.need)
        s.crosstab(CHILDREN.area, CHILDREN.sex)
        assert s.verdict.level is Level.PASS


def test_no_unit_is_for_review_and_never_guessed() -> None:
    with disclosure.session(pack=["ons-srs"]) as s:
        s.crosstab(CHILDREN.area, CHILDREN.need)
        s.ols("cost ~ age", CHILDREN)
        s.kaplan_meier(CHILDREN.days, CHILDREN.event)
        for output in s.outputs.values():
            assert output.verdict.level is Level.REVIEW
            assert any("children" in finding.message for finding in output.verdict.findings)
