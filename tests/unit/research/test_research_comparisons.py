"""Groups beside one another: standardisation, rolling up, hazard ratios; models that find what was planted."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import tre_toolkit as tre
from tre_toolkit.errors import TreError
from tre_toolkit.research.comparisons import Ratios, standardised
from tre_toolkit.research.declared import Variable
from tre_toolkit.research.filled import Missing
from tre_toolkit.research.hazards import Hazards
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.models import discrete_hazard, event_study, person_periods
from tre_toolkit.research.workspace import Workspace

FIRST = {"start": "first", "state": "referral"}
ORDER = {"order": ("cla", "referral")}


@pytest.fixture(scope="module")
def ws(frames: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """1,000 White British children of whom a fifth, and 200 Bangladeshi of whom two fifths come into care; few others."""
    groups = ["WBRI"] * 1_000 + ["ABAN"] * 200 + ["CHNE"] * 8 + ["BCRB"] * 45 + ["BAFR"] * 45
    rng = np.random.default_rng(11)
    odds = {"WBRI": 0.2, "ABAN": 0.4, "CHNE": 0.3, "BCRB": 0.2, "BAFR": 0.2}
    ids = [f"P{at:05d}" for at in range(len(groups))]
    people = pd.DataFrame({"person_id": ids, "ethnicity": groups, "sex": "F", "authority": "990"})
    people["household_id"] = [f"H{at // 2}" if at % 5 else None for at in range(len(ids))]
    people["band"] = rng.choice(["certain", "strong", "fair"], len(ids), p=[0.7, 0.2, 0.1])
    people["match_weight"] = people["band"].map({"certain": 20.0, "strong": 5.0, "fair": 1.0})
    cared = [at for at, name in enumerate(groups) if rng.random() < odds[name]]
    referrals = pd.DataFrame(
        {"person_id": ids, "authority": "990", "period": "2025", "CINreferralDate": "2024-04-01", "CINclosureDate": None,
         "ReferralNFA": "false"}
    )  # fmt: skip
    days = rng.integers(1, 360, len(cared))
    start = (pd.Timestamp("2024-04-01") + pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d")
    care = pd.DataFrame(
        {
            "person_id": [ids[at] for at in cared],
            "authority": "990",
            "period": "2025",
            "DECOM": start,
            "DEC": None,
            "LS": "C2",
        }
    )
    folder = tmp_path_factory.mktemp("ws") / "w"
    return tre.open(
        frames.make_workspace(folder, people, cin_census__cin_details=referrals, ssda903__episodes=care)
    )


def test_a_ratio_finds_the_planted_difference_and_small_groups_roll_up(ws: Workspace) -> None:
    wanted = Ratios(
        title="care",
        cohort=FIRST,
        pathways=ORDER,
        by=Variable(column="ethnicity"),
        outcome=Variable(furthest=("cla",)),
    )
    table = tabulate(ws, wanted)
    assert table.rows[0] == "White British"
    assert table.rows[1].startswith("Asian: all groups")  # Bangladeshi together with eight Chinese children
    assert "Chinese" not in " ".join(table.rows)
    ratio, low, high = table.figures[1, 3:]
    assert low < 2 < high
    assert 1.5 < ratio < 2.5
    assert table.figures[0, 3:].tolist() == [1, 1, 1]
    assert table.units.min() >= 10
    assert table.figures[:, 0].sum() == 1_298


def test_a_reference_that_is_not_shown_is_refused(ws: Workspace) -> None:
    wanted = Ratios(
        title="care", cohort=FIRST, pathways=ORDER, by=Variable(column="ethnicity"), outcome=Variable(furthest=("cla",)),
        reference="Chinese",
    )  # fmt: skip
    with pytest.raises(TreError, match="reference"):
        tabulate(ws, wanted)


def test_standardising_takes_away_what_the_strata_alone_explain() -> None:
    n = np.array([[900.0, 100.0], [100.0, 900.0]])
    x = n * [0.1, 0.5]
    share, variance = standardised(x, n)
    assert share == pytest.approx([0.3, 0.3])
    assert (variance > 0).all()
    crude = x.sum(axis=1) / n.sum(axis=1)
    assert crude == pytest.approx([0.14, 0.46])


def test_hazard_ratios_are_by_group_and_rest_on_enough(ws: Workspace) -> None:
    wanted = Hazards(
        title="care", cohort=FIRST, pathways=ORDER, event="cla", by=(Variable(column="ethnicity"),)
    )
    table = tabulate(ws, wanted)
    assert table.rows[0] == "Ethnicity: White British (compared with)"
    assert 1.4 < table.figures[1, 2] < 3.2
    assert table.figures[1, 3] < table.figures[1, 2] < table.figures[1, 4]
    assert table.units.min() >= 10
    clustered = tabulate(ws, wanted.model_copy(update={"cluster": "household_id"}))
    assert clustered.columns[2] == "Households"
    assert clustered.figures[1, 3] == pytest.approx(table.figures[1, 2])
    assert (clustered.units <= np.column_stack([table.units, table.units[:, 0]])).all()


def test_the_missing_report_counts_children_and_adds_up(ws: Workspace) -> None:
    table = tabulate(ws, Missing(title="blanks", pathways=ORDER, datasets=("cin_census",)))
    told = dict(zip(table.rows, table.units.tolist(), strict=True))
    assert told["cin_census.cin_details.CINreferralDate"] == [1_298, 0, 1_298]
    assert told["cin_census.cin_details.CINclosureDate"] == [0, 1_298, 1_298]
    with pytest.raises(TreError, match="lacks the dataset npd"):
        tabulate(ws, Missing(title="blanks", pathways=ORDER, datasets=("npd",)))


def test_a_childs_time_is_cut_into_periods_with_the_event_in_the_last() -> None:
    cut = person_periods(np.array([30, 31, 65]), np.array([1, 0, 1]), 30)
    assert cut.values.tolist() == [[0, 0, 1], [1, 0, 0], [1, 1, 0], [2, 0, 0], [2, 1, 0], [2, 2, 1]]


def test_discrete_time_hazards_find_the_planted_effect() -> None:
    rng = np.random.default_rng(6)
    x = pd.DataFrame({"girl": rng.integers(0, 2, 4_000)})
    odds = np.exp(-3 + 0.8 * x["girl"].to_numpy())
    months = rng.geometric(odds / (1 + odds))
    time, event = np.minimum(months, 12) * 30, months <= 12
    fit = discrete_hazard(time, event, x, length=30, periods=12)
    assert abs(fit.coefficients["girl"] - 0.8) < 3 * fit.errors["girl"]
    assert fit.clusters == 4_000
    with pytest.raises(TreError, match="nobody"):
        discrete_hazard(time, np.zeros(4_000, bool), x)


def test_an_event_study_finds_the_effect_after_and_none_before() -> None:
    rng = np.random.default_rng(8)
    panel = pd.DataFrame(
        [(unit, month) for unit in range(30) for month in range(36)], columns=["unit", "month"]
    )
    panel["first"] = panel["unit"].map(lambda unit: np.nan if unit < 10 else 12 + unit % 12)
    after = panel["month"] >= panel["first"]
    panel["rate"] = (
        rng.normal(size=30)[panel["unit"]]
        + panel["month"] / 10
        - 2.0 * after
        + rng.normal(0, 0.3, len(panel))
    )
    fit = event_study(panel, outcome="rate", unit="unit", period="month", treated_from="first")
    assert (fit.coefficients[["t-4", "t-3", "t-2"]].abs() < 0.3).all()
    assert (fit.coefficients[["t+0", "t+2", "t+6"]] + 2).abs().max() < 0.3
    panel["first"] = 12
    with pytest.raises(TreError, match="at once"):
        event_study(panel, outcome="rate", unit="unit", period="month", treated_from="first")
