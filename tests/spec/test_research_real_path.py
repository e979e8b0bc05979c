"""From invented returns by parcels, linkage and workspace to a cohort: national sets and mothers, against the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.real_path import Walked, walk

import tre_toolkit as tre
from synth import Plan
from tre_toolkit.research.declared import Crosstab, Variable
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.run import run_recipe

PLAN = Plan(("990", "991"), children=160, years=(2025,), seed=2, known=0.9)
SETS = ("cin_census", "ssda903", "echild", "echild_mb", "early_help", "programme")


@pytest.fixture(scope="module")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Two authorities and their children's hospital records, with the crosswalk between them."""
    return walk(tmp_path_factory.mktemp("bridged"), PLAN, (*SETS, "crosswalk"))


@pytest.fixture(scope="module")
def births(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """The deliveries and births of three years, and nothing that names a mother."""
    plan = Plan(("990", "991"), children=2000, years=(2023, 2024, 2025), seed=3)
    return walk(tmp_path_factory.mktemp("births"), plan, ("hes_births", "hes_deliveries"))


def person_in(walked: Walked, dataset: str) -> pd.Series:
    """True person to the person id that a set's records have."""
    rows = walked.true[walked.true["dataset"] == dataset]
    return rows.groupby("person")["person_id"].first()


def known_as(walked: Walked) -> pd.Series:
    """Person id to the true person of most of its records."""
    return walked.true.groupby("person_id")["person"].agg(lambda told: told.mode()[0])


def people(walked: Walked) -> pd.DataFrame:
    return pd.read_parquet(walked.workspace / "people.parquet")


def test_a_child_of_a_national_set_is_the_authority_s_child_by_the_crosswalk(bridged: Walked) -> None:
    both = pd.concat([person_in(bridged, "cin_census"), person_in(bridged, "echild")], axis=1).dropna()
    both.columns = ["own", "national"]
    assert len(both) > 100
    assert (
        both["own"] == both["national"]
    ).mean() > 0.7  # a seventh of a synthetic crosswalk's numbers are left blank
    mixed = bridged.true.groupby("person_id")["person"].nunique()
    assert (mixed == 1).all()


def test_without_a_crosswalk_nobody_is_in_both(tmp_path: Path) -> None:
    plan = Plan(("990",), children=60, years=(2025,), seed=2, known=0.9)
    walked = walk(tmp_path / "apart", plan, ("cin_census", "echild"))
    own, national = person_in(walked, "cin_census"), person_in(walked, "echild")
    assert len(own.index.intersection(national.index)) > 10
    assert not set(own) & set(national)


def test_mothers_come_from_parcels_into_the_workspace_and_are_the_true_ones(bridged: Walked) -> None:
    told, who = people(bridged), known_as(bridged)
    known = told[told["mother_id"].notna()]
    mother = known["mother_id"].map(who)
    assert mother.notna().all()  # her own hospital record is hers
    assert (mother.to_numpy() == known["person_id"].map(who).map(bridged.mother_of).to_numpy()).all()
    children = told[told["person_id"].map(who).str.startswith("P")]
    assert children["mother_id"].notna().mean() > 0.7


def test_a_mother_baby_cohort_of_the_real_path_holds_the_children_whose_mother_is_known(
    bridged: Walked,
) -> None:
    workspace = tre.open(bridged.workspace)
    everyone = workspace.born("2000-01-01", "2030-01-01").attrition()
    cohort = workspace.born("2000-01-01", "2030-01-01", mothers=True)
    left, told = cohort.attrition(), people(bridged)
    assert left.rows[-2] == "linked to the mother"
    born = told[told["birth_month"].notna()]
    assert left.units[-2, 0] == born["mother_id"].notna().sum() < everyone.units[1, 0]
    admitted = pd.read_parquet(bridged.workspace / "tables/echild/hes_apc.parquet")
    delivered = set(admitted.loc[admitted["epitype"] == "2", "person_id"])
    seen = Variable(has="echild.hes_apc.epitype", codes=("2",), of="mother", label="Delivery seen")
    wanted = Crosstab(title="t", cohort=cohort.definition, rows=(seen,), columns=(Variable(column="sex"),))
    table = tabulate(workspace, wanted)
    assert table.units[table.rows.index("Yes"), -1] == born["mother_id"].isin(delivered).sum() > 10


def test_recipes_over_national_sets_and_local_lists_find_children_on_the_real_path(
    bridged: Walked, tmp_path: Path
) -> None:
    for name, files in {
        "mental_health": ("furthest_by_mother.csv", "time_to_service.csv", "furthest_by_mother_link.csv"),
        "early_help": ("furthest_by_admission.csv", "furthest_by_early_help.csv"),
    }.items():
        ran = run_recipe(name, tre.open(bridged.workspace), tmp_path / name)
        assert set(files) <= {path.name for path in ran.written}, ran.left_out
    early = pd.read_csv(tmp_path / "early_help" / "furthest_by_early_help.csv", index_col=0)
    assert {"Early help seen", "None seen"} <= set(early.index)
    linked = pd.read_csv(tmp_path / "mental_health" / "furthest_by_mother_link.csv", index_col=0)
    assert {"Linked", "Not linked"} <= set(linked.index)


def test_births_find_their_delivery_through_parcels_nearly_always_and_never_another_s(births: Walked) -> None:
    rows = births.true[births.true["dataset"] == "hes_births"]
    true = rows["person"].map(births.mother_of)
    found = rows["mother_id"].map(known_as(births))
    delivered = set(births.true.loc[births.true["dataset"] == "hes_deliveries", "person"])
    right, linked, meant = (found == true).sum(), found.notna().sum(), true.isin(delivered).sum()
    precision, recall = right / linked, right / meant
    assert meant > 300
    assert precision >= 0.995
    assert 2 * precision * recall / (precision + recall) >= 0.97
    twins = rows[true.duplicated(keep=False)]
    assert len(twins) > 10
    counted = births.spine.facts["mothers"]
    assert counted["births with a delivery"] == linked == sum(counted["by step"].values())
    told = people(births)
    assert told["mother_id"].notna().sum() == len(np.unique(rows.loc[found.notna(), "person_id"]))
