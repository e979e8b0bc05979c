"""Mothers: persons of their own, in the hospital's records, the pairs, the truth, and the records linkage is made for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synth.mothers import OLDEST, maternity_records, mothers
from synth.plan import Plan
from synth.tell import tell
from synth.truth import truth
from synth.world import World, invent
from synth.write import synthesise


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990",), 6000, (2025,), seed=4))


def test_brothers_and_sisters_have_one_mother_of_an_age_to_have_had_them_all(made: World) -> None:
    them, people = mothers(made), made.people
    with_one = them.of >= 0
    assert (them.of < 0).tolist() == people.uasc.tolist()
    assert (them.household[them.of[with_one]] == people.household[with_one]).all()
    age = people.born[with_one] - them.born[them.of[with_one]]
    assert age.min() >= 17 * 365
    assert (age <= OLDEST + 400).mean() > 0.99


def test_mother_and_baby_pairs_meet_the_hospital_s_bridge_and_admissions(made: World) -> None:
    pairs = tell(made, 0, "echild_mb", 2025, None).tables["mother_baby"]
    hospital = tell(made, 0, "echild", 2025, None).tables
    bridge, admitted = hospital["bridge"], hospital["hes_apc"]
    assert bridge["tokenid"].is_unique
    assert pairs["tokenid_mother"].isin(bridge["tokenid"]).all()
    assert pairs["tokenid_baby"].isin(bridge["tokenid"]).all()
    assert not set(pairs["tokenid_mother"]) & set(pairs["tokenid_baby"])
    mother = pairs.set_index("tokenid_baby")["tokenid_mother"]
    births, deliveries = (admitted[admitted["epitype"] == kind] for kind in ("3", "2"))
    births = births[births["epikey"].str.len() == 16]  # those of the year's babies
    deliveries = deliveries[deliveries["epikey"].str.len() == 16]
    assert len(births) > 50
    said = set(zip(deliveries["tokenid"], deliveries["admistart"], strict=True))
    assert all(pair in said for pair in zip(births["tokenid"].map(mother), births["admistart"], strict=True))
    assert admitted["tokenid"].isin(bridge["tokenid"]).all()
    assert admitted["epikey"].is_unique


def test_a_mother_is_a_person_in_the_truth_and_no_child(made: World) -> None:
    one = tell(made, 0, "echild", 2025, None)
    told = truth(made, one).to_pandas().set_index("local_id")["person"]
    pairs = tell(made, 0, "echild_mb", 2025, None).tables["mother_baby"]
    assert told[pairs["tokenid_mother"]].str.startswith("M").all()
    assert told[pairs["tokenid_baby"]].str.startswith("P").all()
    assert (pairs["tokenid_mother"].map(told).groupby(pairs["tokenid_mother"]).nunique() == 1).all()


def test_a_parent_is_the_mother_wherever_a_schema_asks_for_one(made: World) -> None:
    match = tell(made, 0, "leo", 2025, None).tables["pupil_parent_match"]
    pairs = tell(made, 0, "echild_mb", 2025, None).tables["mother_baby"]
    both = match.merge(pairs, left_on="pupil_id", right_on="tokenid_baby")
    assert len(both) > 1000
    assert (both["parent_id"] == both["tokenid_mother"]).all()


def test_maternity_records_disagree_now_and_then_and_the_truth_is_with_them(made: World) -> None:
    deliveries, babies = maternity_records(made, 0)
    assert deliveries["delivery"].is_unique
    assert babies["delivery"].isin(deliveries["delivery"]).all()
    both = babies.merge(deliveries, on="delivery", suffixes=("", "_mother"))
    days = pd.to_datetime(both["delivery_date"]) - pd.to_datetime(both["delivery_date_mother"])
    assert set(days.dt.days) == {-1, 0, 1}
    assert 0.02 < (days.dt.days != 0).mean() < 0.07
    assert 0.01 < both["gestation"].isna().mean() < 0.1
    assert (both["postcode"].dropna() != both.loc[both["postcode"].notna(), "postcode_mother"]).mean() > 0.01
    twins = babies["delivery"].duplicated(keep=False)
    assert 0.01 < twins.mean() < 0.1


def test_the_bytes_of_hospital_records_don_t_tell_the_chunk(tmp_path: Path) -> None:
    names, plan = ("echild", "echild_mb", "leo"), Plan(("990",), 200, (2025,), seed=3)
    for chunk in (10_000, 40):
        synthesise(names, tmp_path / str(chunk), plan=plan, chunk=chunk)
    one, two = (
        {
            str(path.relative_to(tmp_path / which)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((tmp_path / which).rglob("*"))
            if path.is_file()
        }
        for which in ("10000", "40")
    )
    assert one == two


def test_a_household_of_the_census_is_where_the_children_live(made: World) -> None:
    homes = tell(made, 0, "census2021_household", 2021, None).tables["household"]["ralf"]
    spells = tell(made, 0, "residence", 2025, None).tables["person_residence"]["ralf"].dropna()
    assert homes.is_unique
    assert np.isin(spells.unique(), homes).all()
