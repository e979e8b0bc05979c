"""Seven leaks that a well-known checker passes, each caught here; and three false alarms it raises, none raised here.

Each test is a manual page in small: an output somebody really makes, what it gives away, and (where it says so) the
version that passes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.findings import Level
from tre_toolkit.errors import TreError

AREAS = ["Norwich", "Ipswich", "Luton", "Poole"]
NEEDS = ["plan", "looked after", "neither"]


@pytest.fixture
def children() -> pd.DataFrame:
    """Four thousand invented children, one row each."""
    rng = np.random.default_rng(7)
    size = 4000
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


def opened(frame: pd.DataFrame, **more: object) -> disclosure.Session:
    return disclosure.session(pack=["ons-srs"], unit="child", data=frame, **more)  # type: ignore[arg-type]


def rules(found: list[disclosure.Finding]) -> set[str]:
    return {finding.rule.partition("/")[2] for finding in found if finding.verdict is Level.FAIL}


# ---------------------------------------------------------------- leaks


def test_leak_1_a_hidden_cell_comes_out_with_a_one_way_table_of_totals(tmp_path: Path) -> None:
    two_way = tmp_path / "two_way.csv"
    two_way.write_text(
        "area,plan,looked after,neither,Total\nNorwich,41,c,60,c\nIpswich,50,37,71,158\n"
        "Luton,33,29,48,110\nTotal,124,c,179,c\n"
    )
    totals = tmp_path / "totals.csv"
    totals.write_text("area,children\nNorwich,104\nIpswich,158\nLuton,110\nTotal,372\n")
    verdicts = disclosure.check_files([two_way, totals], ["dfe-cin"])
    assert "differencing" not in rules(list(verdicts[two_way].findings))
    again = disclosure.check_files([totals, two_way], ["dfe-cin"])
    assert "differencing" in rules(list(again[two_way].findings))


def test_leak_1_in_a_session_blanked_cell_and_true_totals(children: pd.DataFrame) -> None:
    few = children[(children.area == "Norwich") & (children.need == "looked after")].index[3:]
    frame = children.drop(few)
    shown = frame[~((frame.area == "Norwich") & (frame.need == "looked after"))]
    with opened(frame) as s:
        s.crosstab(shown.area, shown.need, unit=shown.child, margins=True)
        s.groupby(frame, "area").size()
        assert "differencing" in rules(s.findings())


def test_leak_2_the_same_table_after_one_record_was_dropped(children: pd.DataFrame) -> None:
    fewer = children.drop(children.index[17])
    with opened(children) as s:
        s.crosstab(children.area, children.need)
        assert s.verdict.level is Level.PASS
        s.crosstab(fewer.area, fewer.need, unit=fewer.child)
        assert "differencing" in rules(s.findings())


def test_leak_3_under_16_and_all_ages_give_the_16_year_old_away(children: pd.DataFrame) -> None:
    frame = children.copy()
    frame.loc[frame.index[frame.area == "Poole"][:1], "age"] = 16
    under = frame[frame.age < 16]
    with opened(frame) as s:
        s.groupby(frame, "area").size(name="all ages")
        s.groupby(under, "area").size(name="under 16")
        found = s.findings()
        assert "differencing" in rules(found)
        assert any("under 16" in finding.where and "all ages" in finding.where for finding in found)


def test_leak_4_a_dummy_for_one_child_predicts_that_childs_value(children: pd.DataFrame) -> None:
    frame = children.head(200).copy()
    frame["one"] = (np.arange(200) == 5).astype(int)
    with opened(frame) as s:
        s.ols("cost ~ age + one", frame)
        assert {"isolating-term", "leverage"} <= rules(s.findings())


def test_leak_4_a_saturated_model_is_a_table_of_group_means(children: pd.DataFrame) -> None:
    frame = children.head(200).copy()
    frame["group"] = np.where(np.arange(200) < 3, "few", "many")
    with opened(frame) as s:
        s.ols("cost ~ C(group)", frame)
        assert "saturated" in rules(s.findings())


def test_leak_5_a_grouped_histogram_is_checked_in_its_groups(children: pd.DataFrame, tmp_path: Path) -> None:
    frame = children.copy()
    frame["ward"] = np.where(np.arange(len(frame)) < 2, "tiny", "large")
    figure = tmp_path / "histogram.svg"
    with opened(frame) as s:
        with pytest.raises(TreError, match="isn't drawn"):
            s.hist(frame.age, 4, by=frame.ward, into=figure)
        assert "count" in rules(s.findings())
    assert not figure.exists()


def test_leak_6_a_maximum_is_one_childs_value_however_large_the_group(children: pd.DataFrame) -> None:
    with opened(children) as s:
        s.groupby(children, "area")["days"].max()
        assert "endpoints" in rules(s.findings())


def test_leak_6_thirty_episodes_of_two_children_are_two_children() -> None:
    episodes = pd.DataFrame(
        {"child": ["a"] * 20 + ["b"] * 10, "area": ["Norwich"] * 30, "need": ["plan"] * 30}
    )
    with opened(episodes) as s:
        s.crosstab(episodes.area, episodes.need)
        assert "count" in rules(s.findings())


def test_leak_6_a_group_nearly_all_of_whom_share_the_outcome_is_for_review() -> None:
    frame = pd.DataFrame(
        {
            "child": range(1000),
            "area": ["Norwich"] * 340 + ["Luton"] * 660,
            "excluded": ["yes"] * 330 + ["no"] * 10 + ["yes"] * 300 + ["no"] * 360,
        }
    )
    with opened(frame) as s:
        s.crosstab(frame.area, frame.excluded, margins=True)
        found = s.findings()
        assert any(finding.rule == "house/group" and "Norwich" in finding.where for finding in found)
        assert not any("'Luton'" in finding.where and "'yes'" in finding.where for finding in found)


def test_leak_7_a_refund_of_one_pound_does_not_switch_dominance_off(children: pd.DataFrame) -> None:
    frame = children.copy()
    norwich = frame.index[frame.area == "Norwich"]
    frame.loc[norwich[0], "cost"] = 1e9
    frame.loc[norwich[1], "cost"] = -1.0
    with opened(frame) as s:
        s.groupby(frame, "area")["cost"].sum()
        found = s.findings()
        assert "dominance" in rules(found)
        assert all("Norwich" in finding.where for finding in found)


# ---------------------------------------------------------------- false alarms


def test_no_alarm_a_table_of_percentages_over_large_groups_passes(children: pd.DataFrame) -> None:
    with opened(children) as s:
        s.crosstab(children.area, children.need, normalize="index")
        assert s.verdict.level is Level.PASS


def test_but_a_percentage_whose_numerator_or_complement_is_small_fails(children: pd.DataFrame) -> None:
    frame = children.copy()
    few = frame.index[(frame.area == "Poole") & (frame.need == "plan")][4:]
    frame.loc[few, "need"] = "neither"
    with opened(frame) as s:
        s.crosstab(frame.area, frame.need, normalize="index")
        assert "percentages" in rules(s.findings())


def test_no_alarm_a_survival_curve_in_steps_with_enough_children_passes(children: pd.DataFrame) -> None:
    with opened(children) as s:
        curve = s.kaplan_meier(children.days.round(), children.event, by=children.sex)
        assert s.verdict.level is Level.PASS
        assert len(curve) > 20
        assert (curve.events >= 10).all()


def test_but_a_curve_at_every_time_fails(children: pd.DataFrame) -> None:
    with opened(children) as s:
        s.kaplan_meier(children.days, children.event, merge=False)
        assert "survival" in rules(s.findings())


def test_no_alarm_a_structural_zero_passes(children: pd.DataFrame) -> None:
    frame = children.copy()
    frame["school"] = np.where(frame.age < 8, "primary", "secondary")
    frame["exam"] = np.where(frame.age < 8, "none", np.where(frame.age % 2, "none", "taken"))
    with opened(frame) as s:
        s.crosstab(frame.school, frame.exam, structural_zeros=[("primary", "taken")], name="declared")
        s.crosstab(frame.school, frame.exam, name="not declared")
        found = s.findings()
        assert {finding.file for finding in found} == {"not declared"}


def test_no_alarm_the_same_table_twice_tells_nothing_new(children: pd.DataFrame) -> None:
    with opened(children) as s:
        s.crosstab(children.area, children.need)
        s.crosstab(children.area, children.need)
        s.crosstab(children.area, children.sex)
        assert s.verdict.level is Level.PASS


def test_no_unit_is_for_review_and_never_guessed(children: pd.DataFrame) -> None:
    with disclosure.session(pack=["ons-srs"]) as s:
        s.crosstab(children.area, children.need)
        s.ols("cost ~ age", children)
        s.kaplan_meier(children.days, children.event)
        for output in s.outputs.values():
            assert output.verdict.level is Level.REVIEW
            assert any("children" in finding.message for finding in output.verdict.findings)
