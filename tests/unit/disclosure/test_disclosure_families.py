"""Boxes, weights, ratios, percentages beside counts, small areas and trained predictors, each from both sides."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.checks.shares import numerators
from disclosure.findings import Finding, Level
from tre_toolkit.errors import MisuseError, TreError


def children(size: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "child": range(size),
            "area": rng.choice(["North", "South"], size),
            "need": rng.choice(["plan", "care"], size),
            "days": rng.gamma(2, 90, size),
            "weight": rng.uniform(0.5, 3, size),
        }
    )


def rules(found: list[Finding]) -> set[str]:
    return {finding.rule.partition("/")[2] for finding in found if finding.verdict is Level.FAIL}


# ---------------------------------------------------------------- boxes


def test_a_box_for_each_group_prints_quantiles_and_is_drawn(tmp_path: Path) -> None:
    frame = children()
    figure = tmp_path / "box.svg"
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        found = s.box(frame.days, by=frame.area, into=figure)
        assert not s.findings()
    expected = frame.groupby("area").days.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    assert np.allclose(found.to_numpy(), expected.to_numpy())
    assert figure.read_text().count("<use") < 30  # no child is drawn as a point


def test_a_box_of_a_small_group_fails_and_is_not_drawn(tmp_path: Path) -> None:
    frame = children()
    frame["area"] = np.where(np.arange(len(frame)) < 30, "Tiny", "Large")
    figure = tmp_path / "box.svg"
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        with pytest.raises(TreError, match="isn't drawn"):
            s.box(frame.days, by=frame.area, into=figure)
        assert rules(s.findings()) == {"quantiles"}
        assert all("Tiny" in finding.where for finding in s.findings())
    assert not figure.exists()


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize(("few", "level"), [(9, Level.FAIL), (10, Level.PASS)])
def test_weighted_figures_are_judged_by_the_children_in_them(few: int, level: Level) -> None:
    frame = children()
    frame["need"] = np.where((np.arange(len(frame)) < few), "rare", frame.need)
    frame["area"] = np.where(frame.need == "rare", "North", frame.area)
    with disclosure.session(pack="dfe-cin" if few < 6 else "ukllc", unit="child", data=frame) as s:
        made = s.crosstab(
            frame.area, frame.need, weights=frame.weight * 50, margins=True,
            structural_zeros=[("South", "rare")], name="weighted",
        )  # fmt: skip
        found = [f for f in s.findings() if f.rule.endswith("count")]
    assert bool(found) == (level is Level.FAIL)
    assert made.loc["North", "rare"] > 100  # what is printed is large
    assert (made.iloc[:-1, :-1].sum(axis=1) == made.iloc[:-1, -1]).all()
    assert (made.iloc[:-1].sum() == made.iloc[-1]).all()
    expected = pd.crosstab(frame.area, frame.need, frame.weight * 50, aggfunc="sum").fillna(0)
    assert np.allclose(made.iloc[:-1, :-1].to_numpy(), expected.to_numpy(), atol=0.5)


@pytest.mark.parametrize("wrong", [[1.0], "negative", "nan"])
def test_weights_that_are_none_are_misuse(wrong: object) -> None:
    frame = children(50)
    weights = {"negative": -frame.weight, "nan": frame.weight * np.nan}.get(str(wrong), wrong)
    with disclosure.session(unit="child", data=frame) as s, pytest.raises(MisuseError):
        s.crosstab(frame.area, frame.need, weights=weights)


# ---------------------------------------------------------------- ratios


def test_an_odds_ratio_is_that_of_the_table_under_it_and_large_counts_pass() -> None:
    frame = children()
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        found = s.odds_ratio(frame.area == "North", frame.need == "care", unit=frame.child)
        assert not s.findings()
    counts = pd.crosstab(frame.area == "North", frame.need == "care").to_numpy()
    assert found["odds_ratio"] == pytest.approx(counts[1, 1] * counts[0, 0] / counts[1, 0] / counts[0, 1])
    assert found["odds_low"] < found["odds_ratio"] < found["odds_high"]
    risk = (counts[1, 1] / counts[1].sum()) / (counts[0, 1] / counts[0].sum())
    assert found["risk_ratio"] == pytest.approx(risk)
    spread = np.sqrt((1 / counts).sum())
    assert found["odds_high"] == pytest.approx(found["odds_ratio"] * np.exp(1.959964 * spread))


@pytest.mark.parametrize(("few", "fails"), [(9, True), (10, False)])
def test_a_ratio_over_a_small_count_fails(few: int, fails: bool) -> None:
    exposed = np.arange(200) < 100
    happened = (np.arange(200) < few) | (np.arange(200) >= 150)
    with disclosure.session(pack="ons-srs", unit="child") as s:
        s.odds_ratio(exposed, happened, unit=np.arange(200))
        assert (rules(s.findings()) == {"ratios"}) == fails


# ---------------------------------------------------------------- percentages beside counts

BESIDE = "area,plan,plan %,care,care %,Total\nNorth,40,80.0,c,{share},50\nSouth,30,60,20,40,50\nWest,c,{other},c,{other},60\n"


def test_a_percentage_beside_a_total_gives_the_hidden_count_back(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(BESIDE.format(share="6.0", other="c"))
    found = disclosure.check_file(path, ["dfe-cin"])
    assert "percentages" in rules(list(found.findings))
    assert any("row 1, column 4" in finding.where for finding in found.findings)


def test_hidden_with_its_count_it_gives_nothing_back(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "area,plan,plan %,care,care %,Total\nNorth,c,c,c,c,50\nSouth,c,c,c,c,50\nTotal,70,70,30,30,100\n"
    )
    assert "percentages" not in rules(list(disclosure.check_file(path, ["dfe-cin"]).findings))


def test_what_a_percentage_says_of_a_hidden_count_goes_into_the_attack(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    text = "area,plan,care,care %,Total\nNorth,c,c,{},50\nSouth,c,c,c,50\nTotal,93,7,7,100\n"
    path.write_text(text.format("c"))
    assert not rules(list(disclosure.check_file(path, ["dfe-cin"]).findings))
    path.write_text(text.format("8"))  # North is 4, so South is 3
    found = disclosure.check_file(path, ["dfe-cin"])
    assert {"percentages", "attack"} <= rules(list(found.findings))


@pytest.mark.parametrize(
    ("share", "decimals", "whole", "ends"),
    [
        (6.0, 1, 50, (3, 3)),
        (33.0, 0, 200, (65, 67)),
        (50.0, 0, 10, (5, 5)),
        (55.5, 1, 10, None),
        (0.0, 0, 90, (0, 0)),
    ],
)
def test_the_counts_that_print_as_a_percentage(
    share: float, decimals: int, whole: int, ends: tuple[int, int] | None
) -> None:
    assert numerators(share, decimals, whole) == ends


# ---------------------------------------------------------------- small areas


@pytest.mark.parametrize(
    ("label", "told"),
    [("E01023456", True), ("W00001234", True), ("NR1 3", True), ("E05001234", False), ("Norwich", False)],
)
def test_output_areas_and_postcode_sectors_are_for_review(tmp_path: Path, label: str, told: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"area,children\n{label},40\n{label},50\nNorth,60\n")
    found = disclosure.check_file(path, ["dfe-cin"])
    assert any(finding.rule == "house/geography" for finding in found.findings) == told


# ---------------------------------------------------------------- predictors


@pytest.mark.parametrize(("auc", "level"), [(None, Level.FAIL), (0.59, Level.REVIEW), (0.6, Level.FAIL)])
def test_a_predictor_is_refused_or_judged_by_an_attack_on_it(auc: float | None, level: Level) -> None:
    with disclosure.session(unit="child") as s:
        s.predictor(object(), attack=None if auc is None else lambda _model: auc)
        (finding,) = s.findings()
        assert finding.verdict is level


def test_the_largest_auc_of_an_attack_report_decides(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(
        json.dumps({"attacks": [{"metrics": {"AUC": 0.52}}, {"metrics": [{"AUC": 0.81}, {"auc": 7}]}]})
    )
    with disclosure.session(unit="child") as s:
        s.predictor(object(), report=report)
        assert s.findings()[0].verdict is Level.FAIL
        for text in ("{", "{}"):
            report.write_text(text)
            with pytest.raises(TreError):
                s.predictor(object(), report=report)
        with pytest.raises(TreError):
            s.predictor(object(), report=tmp_path / "none.json")


# ---------------------------------------------------------------- notebooks


def test_what_a_notebook_shows_of_a_session_holds_no_figure() -> None:
    frame = children(47)
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        s.crosstab(frame.area, frame.need, name="<b>t</b>")
        (output,) = s.outputs.values()
        for shown in (s._repr_html_(), output._repr_html_(), output.verdict._repr_html_()):
            assert "<b>t" not in shown
        counts = {str(count) for count in output.frame.to_numpy().ravel() if count > 10}
        assert not any(f">{count}<" in output._repr_html_() for count in counts)
        assert "FAIL" in s._repr_html_() or "REVIEW" in s._repr_html_() or "PASS" in s._repr_html_()
        for finding in s.findings():
            assert finding.where in finding._repr_html_().replace("&#x27;", "'")
