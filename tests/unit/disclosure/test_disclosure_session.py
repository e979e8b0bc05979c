"""Sessions: pandas' and statsmodels' answers unchanged, evidence that counts children, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import disclosure
from disclosure.cellkey import cell_keys, noise_table, perturb, record_keys
from disclosure.counting import amounts
from disclosure.findings import Level
from disclosure.ledger import read_ledger
from tre_toolkit.errors import MisuseError, TreError


@pytest.fixture
def episodes() -> pd.DataFrame:
    """Six thousand episodes of two thousand invented children."""
    rng = np.random.default_rng(11)
    size = 6000
    return pd.DataFrame(
        {
            "child": rng.integers(0, 2000, size),
            "area": pd.Categorical(
                rng.choice(["Norwich", "Ipswich", "Luton"], size), ["Norwich", "Ipswich", "Luton", "Poole"]
            ),
            "need": rng.choice(["plan", "care", "neither"], size, p=[0.5, 0.1, 0.4]),
            "sex": rng.choice(["girl", "boy"], size),
            "cost": rng.gamma(2, 100, size),
            "days": rng.integers(1, 400, size).astype(float),
        }
    )


def opened(frame: pd.DataFrame, pack: str = "ons-srs", **more: object) -> disclosure.Session:
    return disclosure.session(pack=pack, unit="child", data=frame, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("margins", [False, True])
def test_crosstab_prints_what_pandas_prints_with_empty_categories_kept(
    episodes: pd.DataFrame, margins: bool
) -> None:
    mine = opened(episodes).crosstab(episodes.area, episodes.need, margins=margins)
    theirs = pd.crosstab(episodes.area, episodes.need, margins=margins, margins_name="Total", dropna=False)
    assert (mine.loc[theirs.index, theirs.columns].to_numpy() == theirs.to_numpy()).all()
    assert mine.loc["Poole"].sum() == 0


def test_evidence_counts_distinct_children_in_cells_and_margins(episodes: pd.DataFrame) -> None:
    s = opened(episodes)
    s.crosstab(episodes.area, episodes.need, margins=True, name="t")
    told = s.outputs["t"].evidence()["cells"]
    distinct = episodes.groupby(["area", "need"], observed=False)["child"].nunique().unstack()
    units = pd.DataFrame(told["units"], index=told["rows"], columns=told["columns"])
    assert (units.loc[distinct.index, distinct.columns].to_numpy() == distinct.to_numpy()).all()
    assert units.loc["Total", "Total"] == episodes.child.nunique()
    assert units.loc["Norwich", "Total"] == episodes[episodes.area == "Norwich"].child.nunique()
    assert told["values"][0][0] >= told["units"][0][0]


@pytest.mark.parametrize("measure", ["sum", "mean", "median", "min", "max", "std", "var", "count"])
def test_measures_are_pandas_own(episodes: pd.DataFrame, measure: str) -> None:
    mine = opened(episodes).pivot_table(episodes, "cost", "area", "need", aggfunc=measure)
    theirs = episodes.pivot_table("cost", "area", "need", aggfunc=measure, observed=True)
    assert np.allclose(mine.loc[theirs.index, theirs.columns], theirs)


def test_means_with_margins_are_pandas_own(episodes: pd.DataFrame) -> None:
    mine = opened(episodes).crosstab(episodes.sex, episodes.need, episodes.cost, aggfunc="mean", margins=True)
    theirs = pd.crosstab(
        episodes.sex, episodes.need, episodes.cost, aggfunc="mean", margins=True, margins_name="Total"
    )
    assert np.allclose(mine, theirs)


def test_several_row_variables_and_missing_values_are_handled(episodes: pd.DataFrame) -> None:
    frame = episodes.copy()
    frame.loc[frame.index[:50], "need"] = None
    mine = opened(frame).crosstab([frame.sex, frame.area], frame.need)
    theirs = pd.crosstab([frame.sex, frame.area], frame.need)
    assert (mine.loc[theirs.index, theirs.columns].to_numpy() == theirs.to_numpy()).all()


def test_contributions_are_added_up_by_child() -> None:
    cell, who = np.array([0, 0, 0, 1, 1, 0]), np.array([1, 1, 2, 1, 3, 4])
    found = amounts(cell, 2, who, np.array([5.0, 6.0, -20.0, 1.0, 2.0, 3.0]), once=False)
    assert found.units.tolist() == [3, 2]
    assert found.absolute.tolist() == [34.0, 3.0]
    assert found.top.tolist() == [[20.0, 2.0], [11.0, 1.0]]
    assert found.sums.tolist() == [-6.0, 3.0]


@pytest.mark.parametrize(("largest", "stopped"), [(0.89, False), (0.91, True)])
def test_dominance_fires_at_its_share_and_not_below(largest: float, stopped: bool) -> None:
    rest = (1 - largest) / 38
    frame = pd.DataFrame(
        {"child": range(40), "area": ["Norwich"] * 40, "cost": [largest / 2] * 2 + [rest] * 38}
    )
    s = opened(frame)
    s.groupby(frame, "area")["cost"].sum()
    assert ("house/dominance" in {finding.rule for finding in s.findings()}) == stopped


@pytest.mark.parametrize(("children", "level"), [(9, Level.FAIL), (10, Level.PASS)])
def test_a_mean_needs_ten_children(children: int, level: Level) -> None:
    frame = pd.DataFrame(
        {"child": range(children), "area": ["Norwich"] * children, "cost": np.linspace(90, 110, children)}
    )
    s = opened(frame)
    s.groupby(frame, "area")["cost"].mean()
    assert s.verdict.level is level


@pytest.mark.parametrize(
    ("q", "level"), [(0.5, Level.PASS), (0.1, Level.PASS), (0.09, Level.FAIL), (1.0, Level.FAIL)]
)
def test_a_quantile_needs_ten_children_on_either_side(q: float, level: Level) -> None:
    frame = pd.DataFrame({"child": range(100), "area": ["Norwich"] * 100, "cost": np.linspace(90, 110, 100)})
    s = opened(frame)
    s.groupby(frame, "area")["cost"].quantile(q)
    assert s.verdict.level is level


def test_the_mode_of_a_group_of_one_kind_fails_and_of_a_mixed_one_passes() -> None:
    frame = pd.DataFrame({"child": range(100), "area": ["Norwich"] * 100, "age": [7.0] * 60 + [8.0] * 40})
    s = opened(frame)
    s.groupby(frame, "area")["age"].mode()
    assert s.verdict.level is Level.PASS
    same = frame.assign(age=7.0)
    s = opened(same)
    s.groupby(same, "area")["age"].mode()
    assert s.verdict.level is Level.FAIL


def test_kaplan_meier_is_statsmodels_own_at_the_times_it_prints() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"child": range(800), "days": rng.integers(1, 90, 800).astype(float), "event": rng.random(800) < 0.5}
    )
    curve = opened(frame).kaplan_meier(frame.days, frame.event)
    theirs = sm.SurvfuncRight(frame.days, frame.event)
    at = pd.Series(theirs.surv_prob, index=theirs.surv_times)
    assert np.allclose(curve.survival, [at[:time].iloc[-1] for time in curve.time])
    assert (curve.events >= 10).all()


def test_incidences_of_competing_causes_and_survival_add_up_to_one() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "child": range(900),
            "days": rng.integers(1, 60, 900).astype(float),
            "cause": rng.integers(0, 3, 900),
        }
    )
    curve = opened(frame).cumulative_incidence(frame.days, frame.cause)
    assert np.allclose(curve.survival + curve.incidence_1 + curve.incidence_2, 1)


def test_models_are_statsmodels_own_and_an_ordinary_one_passes(episodes: pd.DataFrame) -> None:
    once = episodes.drop_duplicates("child").assign(costly=lambda frame: (frame.cost > 200).astype(int))
    s = opened(once)
    fitted = s.ols("cost ~ days + C(need)", once)
    assert np.allclose(fitted.params, sm.OLS.from_formula("cost ~ days + C(need)", once).fit().params)
    s.logit("costly ~ days + C(need)", once)
    s.poisson("days ~ cost", once)
    s.probit("costly ~ days", once)
    s.phreg("days ~ cost", once, status=once.costly)
    s.correlation(once[["cost", "days"]], unit=once.child)
    s.gini(once.cost, unit=once.child)
    assert s.verdict.level is Level.PASS, s.findings()


def test_a_predictor_is_refused(episodes: pd.DataFrame) -> None:
    s = opened(episodes)
    s.predictor(object())
    assert s.verdict.level is Level.FAIL


def test_a_dummy_for_nine_children_fails_and_for_ten_passes(episodes: pd.DataFrame) -> None:
    once = episodes.drop_duplicates("child").reset_index(drop=True)
    for few, level in ((9, Level.FAIL), (10, Level.PASS)):
        frame = once.assign(few=(np.arange(len(once)) < few).astype(int))
        s = opened(frame)
        s.ols("cost ~ days + few", frame)
        assert s.verdict.level is level


def test_what_is_written_passes_tre_check_and_what_fails_is_held_back(
    tmp_path: Path, episodes: pd.DataFrame
) -> None:
    once = episodes.drop_duplicates("child")
    with opened(once, "dfe-cin", into=tmp_path / "out") as s:
        s.crosstab(once.sex, once.need, margins=True, name="good")
    verdict = disclosure.check_file(tmp_path / "out" / "good.csv", ["dfe-cin"])
    assert verdict.passed
    small = once.head(30)
    s = opened(small, "dfe-cin")
    s.crosstab(small.sex, small.need, name="small")
    with pytest.raises(TreError, match="small"):
        s.write(tmp_path / "more")
    assert not list((tmp_path / "more").glob("small*"))


def test_a_protected_table_takes_the_place_of_the_one_made(tmp_path: Path, episodes: pd.DataFrame) -> None:
    small = episodes.drop_duplicates("child").head(120)
    s = opened(small, "dfe-cin")
    s.crosstab(small.area, small.need, margins=True, name="t")
    done = s.protect("t")
    assert done.verdict.passed
    (path,) = s.write(tmp_path)
    assert "c" in path.read_text().replace("area,care", "")
    assert disclosure.check_file(path, ["dfe-cin"]).passed


def test_the_ledger_remembers_children_and_catches_the_next_session(
    tmp_path: Path, episodes: pd.DataFrame
) -> None:
    once = episodes.drop_duplicates("child").reset_index(drop=True)
    ledger = tmp_path / "releases.ledger"
    with opened(once, ledger=ledger, into=tmp_path / "one") as s:
        s.crosstab(once.sex, once.need, name="first")
    assert len(read_ledger(ledger).people) == len(once)
    fewer = once.drop(index=5)
    with opened(fewer, ledger=ledger) as s:
        s.crosstab(fewer.sex, fewer.need, name="second")
        assert any("release 1 (first)" in finding.where for finding in s.findings())
    with opened(once, ledger=ledger) as s:
        s.crosstab(once.sex, once.need, name="again")
        assert s.verdict.level is Level.PASS


def test_dominance_found_in_a_session_travels_with_the_file(tmp_path: Path) -> None:
    frame = pd.DataFrame({"child": range(40), "area": ["Norwich"] * 40, "cost": [1e6] + [1.0] * 39})
    s = opened(frame)
    s.groupby(frame, "area")["cost"].sum(name="t")
    from disclosure import evidence as evidences
    from disclosure.protection import csv_of

    output = s.outputs["t"]
    assert output.table is not None
    assert output.grid is not None
    content = csv_of(output.table, output.grid)
    (tmp_path / "t.csv").write_bytes(content)
    evidences.write(tmp_path / "t.csv", content, output.evidence())
    assert "house/dominance" in {
        finding.rule for finding in disclosure.check_file(tmp_path / "t.csv").findings
    }


# ---------------------------------------------------------------- cell keys


def test_the_same_children_have_the_same_noise_in_whatever_table_they_stand(episodes: pd.DataFrame) -> None:
    once = episodes.drop_duplicates("child").assign(all="everybody")
    s = opened(once, "dfe-cin")
    secret = bytes(range(32))
    s.crosstab(once.sex, once.need, margins=True, secret=secret, name="two-way")
    s.crosstab(once.sex, once["all"], margins=True, secret=secret, name="one-way")
    two, one = (s.protect(name, method="cell-key") for name in ("two-way", "one-way"))
    assert two.frame()["Total"].tolist() == one.frame()["Total"].tolist()
    assert two.frame()["Total"].tolist() == one.frame()["everybody"].tolist()
    assert two.verdict.passed


def test_noise_has_mean_nought_the_variance_told_and_moves_with_one_child() -> None:
    table = noise_table()
    assert (table[1:].mean(axis=1) == 0).all()
    assert np.abs(table[1:].var(axis=1) - 2).max() < 0.1
    keys = record_keys(map(str, range(4000)), bytes(16))
    assert np.bincount(keys, minlength=256).min() > 0
    cells = np.arange(4000) % 40
    mine = cell_keys(cells, keys, 40)
    less = cell_keys(cells[1:], keys[1:], 40)
    assert (mine[1:] == less[1:]).all()
    assert mine[0] == (less[0] + keys[0]) % 256
    counts = np.full(256, 50)
    assert len(set(perturb(counts, np.arange(256)).figures)) > 5
    assert (perturb(np.zeros(256, int), np.arange(256)).figures == 0).all()
    small = perturb(np.full(256, 3), np.arange(256), least=6).figures
    assert set(small.tolist()) <= {0, 6, 7}
    assert abs(small.mean() - 3) < 0.3


def test_record_keys_need_a_real_secret() -> None:
    with pytest.raises(MisuseError, match="16 bytes"):
        record_keys(["a"], b"short")


def test_cell_keys_need_to_know_the_children(episodes: pd.DataFrame) -> None:
    with pytest.raises(MisuseError, match="cell keys"):
        disclosure.session(pack="dfe-cin").crosstab(episodes.sex, episodes.need, secret=bytes(32))


def test_evidence_of_a_session_is_json_and_holds_no_identifier(episodes: pd.DataFrame) -> None:
    frame = episodes.assign(child=[f"secret-{at}" for at in episodes.child])
    s = opened(frame)
    s.crosstab(frame.sex, frame.need, margins=True, secret=bytes(32), name="t")
    assert "secret-" not in json.dumps(s.outputs["t"].evidence())


@pytest.mark.parametrize("measure", ["mean", "sum", "median", "mode", "std", "max"])
def test_a_category_nobody_is_in_raises_no_finding(measure: str) -> None:
    frame = pd.DataFrame(
        {
            "child": range(100),
            "area": pd.Categorical(["Norwich"] * 100, ["Norwich", "Poole"]),
            "sex": ["girl"] * 100,
            "age": [7.0] * 60 + [8.0] * 40,
        }
    )
    s = opened(frame)
    s.pivot_table(frame, "age", "sex", "area", aggfunc=measure)
    told = [finding for finding in s.findings() if "Poole" in finding.where]
    assert not [
        finding for finding in told if not finding.rule.endswith("/zero")
    ]  # a sum of nought is a zero


@pytest.mark.parametrize(("few", "level"), [(9, Level.FAIL), (10, Level.REVIEW)])
def test_a_table_of_means_in_disguise_is_judged_by_its_smallest_group(few: int, level: Level) -> None:
    frame = pd.DataFrame(
        {"child": range(100), "group": ["few"] * few + ["many"] * (100 - few), "cost": np.arange(100.0)}
    )
    s = opened(frame)
    s.ols("cost ~ C(group)", frame)
    told = {finding.verdict for finding in s.findings() if finding.rule == "house/saturated"}
    assert told == {level}


def test_a_cox_model_needs_events(episodes: pd.DataFrame) -> None:
    once = episodes.drop_duplicates("child").reset_index(drop=True)
    for events, level in ((9, Level.FAIL), (10, Level.PASS)):
        s = opened(once)
        s.phreg("days ~ cost", once, status=(np.arange(len(once)) < events).astype(int))
        assert s.verdict.level is level


def test_no_spread_tells_everybodys_value() -> None:
    frame = pd.DataFrame(
        {"child": range(40), "area": ["Norwich"] * 20 + ["Luton"] * 20, "age": [7.0] * 20 + list(range(20))}
    )
    s = opened(frame)
    s.groupby(frame, "area")["age"].std()
    spread = [finding.where for finding in s.findings() if finding.rule == "house/spread"]
    assert spread == ["area 'Norwich'"]


def test_the_mode_needs_ten_children_who_share_it_and_not_ninety_per_cent() -> None:
    def level(shared: int, of: int) -> Level:
        ages = [7.0] * shared + [float(10 + at) for at in range(of - shared)]
        frame = pd.DataFrame({"child": range(of), "area": ["Norwich"] * of, "age": ages})
        s = opened(frame)
        s.groupby(frame, "area")["age"].mode()
        return s.verdict.level

    assert [level(9, 40), level(10, 40), level(89, 100), level(90, 100)] == [
        Level.FAIL,
        Level.PASS,
        Level.PASS,
        Level.FAIL,
    ]


def test_the_p_per_cent_rule_at_its_edge() -> None:
    def rules(rest: float) -> set[str]:
        frame = pd.DataFrame(
            {"child": range(40), "area": ["Norwich"] * 40, "cost": [100.0, 50.0] + [rest / 38] * 38}
        )
        s = opened(frame)
        s.groupby(frame, "area")["cost"].sum()
        return {finding.rule for finding in s.findings()}

    assert "house/p-percent" in rules(9.9)
    assert "house/p-percent" not in rules(10.1)
    assert "house/dominance" in rules(16.0)  # 150 of 166
    assert "house/dominance" not in rules(17.0)
