"""Households and mothers: who lives under one roof, and whose baby it is."""

import numpy as np
import pandas as pd

from tre_toolkit.linkage.households import COMMUNAL, households
from tre_toolkit.linkage.model.engine import find
from tre_toolkit.linkage.mother_baby import STEPS, mothers_of
from tre_toolkit.linkage.records import Records
from tre_toolkit.linkage.run import link_records


def at(addresses, *, period="2025", houses=None, surname=None):
    """Records of one period or of several, by address numbers (0: not known)."""
    count = len(addresses)
    periods = [period] * count if isinstance(period, str) else period
    tokens = {"surname+uprn" if surname else "uprn": np.array(addresses, dtype=np.int64)}
    if houses:
        tokens["house"] = np.array(houses, dtype=np.int64)
    about = pd.DataFrame({"period": periods, "record_id": range(count), "source": 0})
    return Records(about, tokens, {}, ("one",))


def roofs(records, person=None):
    return households(
        records, np.arange(len(records)) if person is None else np.array(person)
    ).household.tolist()


def test_children_at_one_address_in_one_year_are_a_household():
    found = roofs(at([1, 1, 2, 0]))
    assert found[0] == found[1] != found[2]
    assert found[3] == -1


def test_a_family_that_moves_in_later_is_another_household():
    found = roofs(at([1, 1, 1], period=["2023", "2023", "2025"]))
    assert found[0] == found[1] != found[2]


def test_a_household_goes_on_while_somebody_stays():
    found = roofs(at([1, 1, 1], period=["2023", "2024", "2024"]), person=[5, 5, 6])
    assert len(set(found)) == 1


def test_house_number_stands_in_for_a_missing_uprn_but_not_among_flats():
    found = roofs(at([1, 0, 0], houses=[7, 7, 8]))
    assert found[0] == found[1] != found[2]
    flats = roofs(at([1, 2, 0], houses=[7, 7, 7]))
    assert len(set(flats)) == 3
    assert flats[2] == -1


def test_many_children_at_once_are_no_household():
    found = households(at([1] * COMMUNAL + [2]), np.arange(COMMUNAL + 1))
    assert (found.household[:COMMUNAL] == -1).all()
    assert found.communal == COMMUNAL
    assert found.household[COMMUNAL] >= 0
    same_child = households(at([1] * COMMUNAL), np.zeros(COMMUNAL, np.int64))
    assert same_child.communal == 0


def test_strict_parcels_give_households_of_one_surname():
    found = households(at([4, 4, 5], surname=True), np.arange(3))
    assert found.household[0] == found.household[1] != found.household[2]
    assert found.by == {"surname+uprn": 3}


def test_a_child_whose_address_one_return_lacks_lives_where_the_other_says():
    found = roofs(at([1, 0, 1]), person=[5, 5, 6])
    assert len(set(found)) == 1
    torn = roofs(at([1, 2, 0]), person=[5, 5, 5])
    assert torn[2] == -1


def test_households_of_invented_children_are_found(population):
    a, b = population.invent(12_000, 31)
    records = population.records(population.parts(a), population.parts(b))
    person = find(records, records.source).persons.cluster
    found = households(records, person).household
    home = np.concatenate([a["home"], b["home"]])
    frame = pd.DataFrame({"found": np.where(found < 0, -1 - np.arange(len(found)), found), "true": home})

    def pairs(columns):
        sizes = frame.groupby(columns).size()
        return int((sizes * (sizes - 1) // 2).sum())

    right, linked, meant = pairs(["found", "true"]), pairs(["found"]), pairs(["true"])
    assert 2 * right / (linked + meant) >= 0.93
    assert right / linked >= 0.97


def test_most_babies_find_their_mother_and_few_another(population):
    babies, deliveries, truth = population.births(20_000, 32)
    found = mothers_of(babies, deliveries)
    right = (truth[found["baby"]] == found["delivery"]).sum()
    precision, recall = right / len(found), right / (truth >= 0).sum()
    assert precision >= 0.995
    assert 2 * precision * recall / (precision + recall) >= 0.97
    assert set(found["step"]) <= {step.name for step in STEPS}


def test_a_baby_has_one_mother_and_only_twins_share_one(population):
    babies, deliveries, _ = population.births(5000, 33)
    found = mothers_of(babies, deliveries)
    assert found["baby"].is_unique
    day = babies["delivery_date+provider"][found["baby"]]
    per_mother = pd.Series(day).groupby(found["delivery"].to_numpy()).nunique()
    assert (per_mother == 1).all()


def test_babies_without_tokens_have_no_mother():
    none = {f"delivery_date+{part}": np.zeros(3, np.int64) for step in STEPS for part in step.agree}
    shifted = {
        f"{word}+{part}": np.zeros(2, np.int64)
        for word in ("delivery_date", "delivery_before", "delivery_after")
        for step in STEPS
        for part in step.agree
    }
    assert mothers_of(none, shifted).empty
    assert mothers_of(none, {"delivery_date+sex": np.ones(2, np.int64)}).empty


def test_household_ids_are_in_the_spine_and_nothing_like_person_ids(population):
    a, b = population.invent(2000, 34)
    spine = link_records(population.records(population.parts(a), population.parts(b)), key=b"k").spine
    homes = spine["household_id"].dropna()
    assert len(homes) > 0.8 * len(spine)
    assert homes.str.fullmatch("H[A-Z2-7]{12}").all()
    assert not set(homes.str[1:]) & set(spine["person_id"].str[1:])
    assert (spine.groupby("household_id")["person_id"].nunique() > 1).any()
