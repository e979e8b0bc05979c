"""Numbers that sets share, crosswalks between them, and the mothers that records name."""

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.linkage.mother_baby import STEPS, composite, mothers_of
from tre_toolkit.linkage.records import kind, stack
from tre_toolkit.linkage.rule_sets import BRIDGE
from tre_toolkit.linkage.rules import told_twice
from tre_toolkit.linkage.run import link_records

OWN = """
    local_id | given | surname | birth_date
    A        | ANNA  | ASH     | 2012-05-13
    B        | BEN   | BIRCH   | 2015-11-02
"""
CROSSWALK = """
    local_id | alias | alias2
    A        | e1    | m1
    B        | e2    |
"""
HOSPITAL = """
    number
    e1
    e2
    e9
"""


@pytest.mark.parametrize("engine", ["rules", "auto"])
def test_a_crosswalk_brings_a_national_set_s_records_to_the_authority_s_children(drawn, linked, engine):
    found = linked(
        drawn(OWN, "990 cin_census 2025", first=10),
        drawn(CROSSWALK, "990 crosswalk 2025", first=20),
        drawn(HOSPITAL, "990 echild 2025", first=30),
        drawn("number\nm1", "900 moj_dfe 2025", first=40),
        engine=engine,
    )
    assert found[10] == found[20] == found[30] == found[40]
    assert found[11] == found[21] == found[31] != found[10]
    assert len({found[10], found[11], found[32]}) == 3


def test_numbers_meet_whoever_sent_them_and_own_numbers_only_within_an_authority(drawn, linked):
    found = linked(
        drawn("number\ne1", "990 echild 2025", first=10),
        drawn("number\ne1", "991 echild_mb 2025", first=20),
        drawn("local_id\nA", "990 cin_census 2025", first=30),
        drawn("local_id\nA", "991 cin_census 2025", first=40),
    )
    assert found[10] == found[20]
    assert found[30] != found[40]


def test_the_same_digits_in_another_column_of_numbers_are_told_apart_by_their_token(drawn, linked):
    # tokens are made of number and numbering, so a child's own number never meets a national one
    found = linked(
        drawn("local_id\n1", "990 cin_census 2025", first=10), drawn("number\n1", "990 echild 2025", first=20)
    )
    assert found[10] != found[20]


def test_a_number_that_a_crosswalk_gives_two_children_joins_nobody_and_is_counted(drawn, linked):
    twice = drawn("local_id | alias\nA | e1\nB | e1", "990 crosswalk 2025", first=20)
    tables = drawn(OWN, "990 cin_census 2025", first=10), twice, drawn(HOSPITAL, "990 echild 2025", first=30)
    found = linked(*tables)
    assert found[10] == found[20] != found[11] == found[21]
    assert found[30] not in {found[10], found[11]}
    assert told_twice(stack(tables), BRIDGE) == 1


def spine_of(*tables, key=b"project"):
    made = link_records(stack(tables), key=key)
    return made, made.spine.set_index("record_id")


def test_a_mother_is_the_person_of_her_own_records(drawn):
    made, spine = spine_of(
        drawn("number\ne1\nm7", "990 echild 2025", first=10),
        drawn("number | mother_id\ne1 | m7\ne2 | m7\ne3 | m8", "990 echild_mb 2025", first=20),
    )
    assert spine.loc[20, "mother_id"] == spine.loc[21, "mother_id"] == spine.loc[11, "person_id"]
    assert pd.isna(spine.loc[10, "mother_id"])
    unseen = spine.loc[22, "mother_id"]
    assert unseen not in set(spine["person_id"])
    assert made.mothers.counts == {"named by number": 3}


def test_a_mother_without_records_has_the_id_her_records_will_have(drawn):
    _, before = spine_of(drawn("number | mother_id\ne1 | m7", "990 echild_mb 2025", first=20))
    _, after = spine_of(
        drawn("number | mother_id\ne1 | m7", "990 echild_mb 2025", first=20),
        drawn("number\nm7", "990 echild 2025", first=10),
    )
    assert before.loc[20, "mother_id"] == after.loc[20, "mother_id"] == after.loc[10, "person_id"]


def test_a_spine_without_mothers_has_no_column_for_them(drawn):
    made, spine = spine_of(drawn(OWN, "990 cin_census 2025"))
    assert made.mothers is None
    assert "mother_id" not in spine


def test_composites_of_whole_steps_find_what_their_parts_find():
    """A parcel holds one token for all that a step compares."""
    same = STEPS[0]
    babies = {composite(same, "delivery_date"): np.array([1, 2, 0])}
    deliveries = {
        composite(same, "delivery_date"): np.array([1, 9]),
        composite(same, "delivery_after"): np.array([5, 2]),
    }
    found = mothers_of(babies, deliveries)
    assert found[["baby", "delivery"]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert kind(composite(same, "delivery_date").split("+")) == composite(same, "delivery_date")
