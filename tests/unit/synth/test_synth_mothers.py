"""Mothers: persons of their own, in the hospital's records, the pairs, the truth, and the records linkage is made for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synth.mothers import OLDEST, mothers
from synth.plan import Plan
from synth.tell import draft, draft_of, tell, wanted
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
    told = truth(made, draft_of(one)).to_pandas().set_index("local_id")["person"]
    pairs = tell(made, 0, "echild_mb", 2025, None).tables["mother_baby"]
    assert told[pairs["tokenid_mother"]].str.startswith("M").all()
    assert told[pairs["tokenid_baby"]].str.startswith("P").all()
    assert (pairs["tokenid_mother"].map(told).groupby(pairs["tokenid_mother"]).nunique() == 1).all()


def person_of(made: World, name: str) -> pd.Series:
    """Person behind each number of a set."""
    told = truth(made, draft(made, 0, wanted((2025,), (name,))[0])).to_pandas()
    return told.set_index("local_id")["person"]


def test_a_parent_is_the_mother_wherever_a_schema_asks_for_one_under_each_set_s_own_numbers(
    made: World,
) -> None:
    match = tell(made, 0, "leo", 2025, None).tables["pupil_parent_match"]
    pairs = tell(made, 0, "echild_mb", 2025, None).tables["mother_baby"]
    match["person"] = match["pupil_id"].map(person_of(made, "leo"))
    pairs["person"] = pairs["tokenid_baby"].map(person_of(made, "echild_mb"))
    both = match.merge(pairs, on="person")
    assert len(both) > 1000
    assert not set(both["parent_id"]) & set(both["tokenid_mother"])
    for one, other in (("parent_id", "tokenid_mother"), ("tokenid_mother", "parent_id")):
        assert (both.groupby(one)[other].nunique() == 1).all()


def test_a_number_of_a_pupil_s_row_is_no_mother_s(made: World) -> None:
    told = person_of(made, "school_census")
    assert told.str.startswith("P").all()
    assert told.nunique() == len(told)


def test_the_two_records_of_a_birth_disagree_now_and_then(made: World) -> None:
    deliveries = tell(made, 0, "hes_deliveries", 2025, None).tables["deliveries"]
    babies = tell(made, 0, "hes_births", 2025, None).tables["births"]
    mother = tell(made, 0, "echild_mb", 2025, None).tables["mother_baby"].set_index("tokenid_baby")
    babies["mother"] = babies["tokenid"].map(mother["tokenid_mother"])
    assert babies["tokenid"].is_unique
    assert babies["mother"].isin(deliveries["tokenid"]).all()
    both = babies.merge(deliveries, left_on="mother", right_on="tokenid", suffixes=("", "_mother"))
    days = (pd.to_datetime(both["dobbaby"]) - pd.to_datetime(both["delivery_date"])).dt.days
    days = days[days.abs() < 100]  # a mother may have two deliveries in a year
    assert set(days) == {-1, 0, 1}
    assert 0.01 < (days != 0).mean() < 0.09
    assert 0.05 < both["gestat_1"].isna().mean() < 0.35
    moved = both.loc[both["homeadd"].notna(), ["homeadd", "homeadd_mother"]]
    assert 0.005 < (moved["homeadd"] != moved["homeadd_mother"]).mean() < 0.08
    assert both["mother"].duplicated(keep=False).any()  # twins


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
