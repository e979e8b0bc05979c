"""Households, siblings, sure and unsure links, two channels, and how varied pathways are."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import disclosure
import tre_toolkit as tre
from tre_toolkit.errors import TreError
from tre_toolkit.research.channels import Channels
from tre_toolkit.research.comparisons import Ratios
from tre_toolkit.research.declared import Crosstab, Variable
from tre_toolkit.research.evidence import describe, write_output
from tre_toolkit.research.hazards import Hazards
from tre_toolkit.research.households import Households
from tre_toolkit.research.links import Links
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.survival import cox
from tre_toolkit.research.variety import Variety
from tre_toolkit.research.workspace import Workspace

ABOUT = {
    "title": "t",
    "cohort": {"start": "first", "state": "referral"},
    "pathways": {"order": ("cla", "referral")},
}
SEX = Variable(column="sex")
CARE = Variable(furthest=("cla",), none="Not looked after")


@pytest.fixture(scope="module")
def ws(frames: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """600 households of a girl and a boy; a household's own risk hides that boys come into care twice as often."""
    rng, homes = np.random.default_rng(2), 600
    risk = np.repeat(rng.choice([0.05, 0.4], homes), 2)
    sex = np.tile(["F", "M"], homes)
    ids = [f"P{at:05d}" for at in range(2 * homes)]
    people = pd.DataFrame({"person_id": ids, "sex": sex, "authority": "990"})
    people["household_id"] = [f"H{at // 2}" if at >= 40 else None for at in range(2 * homes)]
    people["band"] = rng.choice(["certain", "strong", "fair", "alone"], 2 * homes, p=[0.5, 0.2, 0.2, 0.1])
    people["match_weight"] = people["band"].map({"certain": 20.0, "strong": 4.0, "fair": 0.0})
    cared = np.flatnonzero(rng.random(2 * homes) < risk * np.where(sex == "M", 1.6, 0.8))
    same = {"authority": "990", "period": "2025"}
    start = (
        pd.Timestamp("2024-04-01") + pd.to_timedelta(rng.integers(1, 360, len(cared)), unit="D")
    ).strftime("%Y-%m-%d")
    return tre.open(
        frames.make_workspace(
            tmp_path_factory.mktemp("ws") / "w", people,
            cin_census__cin_details=pd.DataFrame({"person_id": ids, **same, "CINreferralDate": "2024-04-01", "CINclosureDate": None, "ReferralNFA": "false"}),
            ssda903__episodes=pd.DataFrame({"person_id": [ids[at] for at in cared], **same, "DECOM": start, "DEC": None, "LS": "C2"}),
            school_census__termlyexclusionsonroll=pd.DataFrame({"person_id": ids[:300], **same, "startdate": "2024-10-01"}),
        )
    )  # fmt: skip


def test_siblings_are_compared_with_siblings_and_both_counts_must_be_enough(ws: Workspace) -> None:
    wanted = Hazards(**ABOUT, event="cla", by=(SEX,), strata="household_id")
    table = tabulate(ws, wanted)
    assert table.columns == (
        "Children",
        "Entered",
        "Households",
        "Hazard ratio",
        "Hazard ratio, low",
        "Hazard ratio, high",
    )
    assert 1.3 < 1 / table.figures[1, 3] < 3.5  # girls beside their brothers
    children, households = table.figures[:, 0], table.figures[:, 2]
    assert (households <= children).all()
    assert (table.units.max(axis=1) <= households).all()
    few = Hazards(**ABOUT, event="cla", by=(SEX,), strata="household_id", least=400)
    with pytest.raises(TreError, match="fewer than 400"):
        tabulate(ws, few)


def test_errors_are_clustered_by_household_and_weights_count_sure_links_for_more(ws: Workspace) -> None:
    plain = tabulate(ws, Hazards(**ABOUT, event="cla", by=(SEX,)))
    clustered = tabulate(ws, Hazards(**ABOUT, event="cla", by=(SEX,), cluster="household_id"))
    assert clustered.figures[1, 3] == pytest.approx(plain.figures[1, 2])
    assert clustered.figures[1, 4] != plain.figures[1, 3]
    weighed = tabulate(ws, Hazards(**ABOUT, event="cla", by=(SEX,), weigh=True))
    assert weighed.figures[1, 2] != plain.figures[1, 2]
    assert weighed.units.tolist() == plain.units.tolist()


def test_discrete_time_gives_odds_near_the_hazards(ws: Workspace) -> None:
    cox_, odds = (
        tabulate(ws, Hazards(**ABOUT, event="cla", by=(SEX,), method=method))
        for method in ("cox", "discrete")
    )
    assert odds.columns[2] == "Odds ratio"
    assert odds.figures[1, 2] == pytest.approx(cox_.figures[1, 2], rel=0.1)
    with pytest.raises(ValidationError, match="belong to the method cox"):
        Hazards(**ABOUT, event="cla", by=(SEX,), method="discrete", weigh=True)


def test_a_weight_of_two_is_the_row_twice_and_strata_are_fits_side_by_side() -> None:
    rng = np.random.default_rng(3)
    time, event, x = np.arange(1, 301), rng.random(300) < 0.6, rng.normal(size=(300, 1))
    weight = rng.integers(0, 3, 300)
    twice = np.repeat(np.arange(300), weight)
    # ties of copies are told apart by Efron, so that both are only near
    assert cox(time, event, x, weight=weight).coefficients == pytest.approx(
        cox(time[twice], event[twice], x[twice]).coefficients, abs=0.01
    )
    both = [np.concatenate([one, one]) for one in (time, event, x)]
    apart = cox(*both, strata=np.repeat([0, 1], 300))
    assert apart.coefficients == pytest.approx(cox(time, event, x).coefficients)
    with pytest.raises(TreError, match="weights are numbers"):
        cox(time, event, x, weight=-weight - 1)


def test_ratios_stand_over_ever_surer_links_and_no_boundary_tells_few_apart(ws: Workspace) -> None:
    wanted = Links(**ABOUT, by=SEX, outcome=CARE, reference="Female")
    table = tabulate(ws, wanted)
    assert [row.split(" → ")[0] for row in table.rows][::2] == [
        "All links",
        "Certain and strong links",
        "Certain links",
        "Weighed by the links",
    ]
    whole = tabulate(ws, Ratios(**ABOUT, by=SEX, outcome=CARE, reference="Female"))
    assert table.figures[:2].tolist() == whole.figures.tolist()
    assert (np.diff(table.figures[:6:2, 0]) < -10).all()
    assert table.units.min() >= 10
    coarse = tabulate(ws, wanted.model_copy(update={"least": 60}))
    assert len(coarse.rows) < len(table.rows)


def test_a_table_of_households_counts_both_and_says_whose_is_not_known(ws: Workspace) -> None:
    table = tabulate(ws, Households(**ABOUT, by=CARE))
    told = dict(zip(table.rows, table.figures.tolist(), strict=True))
    assert told["Household not known"] == [40, 0, 0]
    children, homes, shared = told["Not looked after"]
    assert homes <= children == homes + shared  # households of two
    at = table.rows.index("Not looked after")
    assert table.units[at, 0] == homes  # children rest on their households
    with pytest.raises(TreError, match="people have no such column"):
        tabulate(ws, Households(**ABOUT, by=CARE, home="house"))


def test_two_channels_stand_side_by_side_and_neither_hides_the_other(ws: Workspace) -> None:
    table = tabulate(ws, Channels(**ABOUT, second=("suspended",), step="183d", steps=1))
    cells = {
        row: dict(zip(table.columns, line, strict=True))
        for row, line in zip(table.rows, table.units.tolist(), strict=True)
    }
    assert cells["0 days → Total"] == {"In none": 1_200, "Suspended or excluded": 0, "Total": 1_200}
    assert cells["183 days → Total"]["Suspended or excluded"] == 300
    parts = [
        cells[f"183 days → {name}"]["Suspended or excluded"]
        for name in ("In none", "Referral", "Looked after")
    ]
    assert sum(parts) == 300
    assert parts[2] > 0


def test_variety_is_of_groups_and_a_childs_own_is_never_told(ws: Workspace) -> None:
    table = tabulate(ws, Variety(**ABOUT, by=SEX, steps=11))
    told = dict(zip(table.rows, table.figures.tolist(), strict=True))
    assert told["Male"][1] > told["Female"][1] > 1  # boys come into care more often: more spells
    assert told["Male"][2] > told["Female"][2]
    assert told["Male"][3] > told["Female"][3]
    assert table.units.min() >= 10
    with pytest.raises(TreError, match="too few children"):
        tabulate(ws, Variety(**ABOUT, by=SEX, steps=24))


@pytest.mark.parametrize("kind", ["links", "households", "channels", "variety", "hazards"])
def test_an_empty_cohort_is_zeros_or_a_refusal_in_words(ws: Workspace, kind: str) -> None:
    nobody = {**ABOUT, "cohort": {**ABOUT["cohort"], "entered_from": "2030-01-01"}}
    wanted = {
        "links": Links(**nobody, by=SEX, outcome=CARE), "households": Households(**nobody, by=SEX),
        "channels": Channels(**nobody, second=("suspended",)), "variety": Variety(**nobody, by=SEX),
        "hazards": Hazards(**nobody, event="cla", by=(SEX,)),
    }[kind]  # fmt: skip
    if kind in ("households", "links", "variety", "hazards"):
        with pytest.raises(TreError, match=r"children|household|group"):
            tabulate(ws, wanted)
    else:
        assert not tabulate(ws, wanted).units.any()


def test_children_of_a_table_of_households_are_the_same_set_in_other_tables(ws: Workspace) -> None:
    homes = tabulate(ws, Households(**ABOUT, by=SEX))
    told = tabulate(ws, Crosstab(**ABOUT, rows=(SEX,), columns=(CARE,)))
    assert not homes.sets[:, 1:].any()  # households are no set of children
    assert not set(homes.sets[:2, 0]) & set(told.sets.ravel().tolist())  # 40 children's household isn't known
    assert homes.sets[-1, 0] != 0  # and they are a set as well
    at_home = {**ABOUT["cohort"], "where": {"household_id": tuple(f"H{at}" for at in range(20, 600))}}
    known = tabulate(ws, Crosstab(**ABOUT | {"cohort": at_home}, rows=(SEX,), columns=(CARE,)))
    assert set(homes.sets[:2, 0]) <= set(known.sets[:, -1].tolist())


def test_a_hidden_cell_is_given_away_by_a_table_of_households_that_prints_it(
    ws: Workspace, tmp_path: Path
) -> None:
    at_home = {**ABOUT["cohort"], "where": {"household_id": tuple(f"H{at}" for at in range(100, 145))}}
    about = ABOUT | {"cohort": at_home}
    cross, homes = Crosstab(**about, rows=(SEX,), columns=(CARE,)), Households(**about, by=CARE)
    told, beside = tabulate(ws, cross), tabulate(ws, homes)
    girl = told.rows.index("Female")
    assert 0 < told.units[girl, 1] < 10 <= min(told.units[1 - girl, 1], beside.units[1, 0])
    body = np.array(told.shown, dtype=object)
    body[girl, :2] = body[-1, :2] = "c"  # her row's cells and both totals: no line has one hidden cell alone
    lines = [
        [told.corner, *told.columns],
        *([name, *cells] for name, cells in zip(told.rows, body, strict=True)),
    ]
    (tmp_path / "cross.csv").write_text("".join(",".join(line) + "\n" for line in lines))
    (tmp_path / "cross.csv.evidence.json").write_text(
        json.dumps(describe(tmp_path / "cross.csv", told, cross, ws, made_by="test"))
    )
    write_output(tmp_path / "homes.csv", beside, homes, ws, made_by="test")
    files = [tmp_path / "cross.csv", tmp_path / "homes.csv"]
    for file in files:
        assert disclosure.check_file(file, ["ons-srs"]).verdict != "FAIL", file
    printed = (tmp_path / "homes.csv").read_text().splitlines()
    assert printed[2].endswith(
        f"{beside.figures[1, 0]},c,c"
    )  # children; not the homes from which the third would follow
    together = disclosure.check_files(files, ["ons-srs"])[files[0]]
    assert together.verdict == "FAIL"
    assert any("homes.csv" in one.message and "Female" in one.where for one in together.findings)
