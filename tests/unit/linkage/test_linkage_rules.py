"""The ordered rules: what joins two records, what doesn't, and what keeps persons apart."""

import pandas as pd
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.cluster import components, identities
from tre_toolkit.linkage.engines import ALONE
from tre_toolkit.linkage.records import stack
from tre_toolkit.linkage.rule_sets import RULES, rule_set
from tre_toolkit.linkage.rules import MOST, candidates
from tre_toolkit.linkage.run import link_records

CIN, CLA, OTHER = "990 cin_census 2025", "990 ssda903 2025", "991 cin_census 2025"


def together(people, *ids):
    return len({people[one] for one in ids}) == 1


def test_one_authoritys_own_number_joins_its_returns_and_no_others(drawn, linked):
    row = "local_id | record_id\nC1 | {}"
    people = linked(*(drawn(row.format(at), place) for at, place in ((1, CIN), (2, CLA), (3, OTHER))))
    assert together(people, 1, 2)
    assert people[3] != people[1]


def test_a_upn_joins_two_authorities(drawn, linked):
    people = linked(drawn("upn | record_id\nU1 | 1\nU2 | 2", CIN), drawn("upn | record_id\nU1 | 3", OTHER))
    assert together(people, 1, 3)
    assert people[2] != people[1]


def test_a_former_upn_meets_the_upn_it_was_before(drawn, linked):
    new = drawn("upn | former_upn | record_id\nU2 | U1 | 1", CIN)
    people = linked(new, drawn("upn | record_id\nU1 | 2", OTHER), drawn("upn | record_id\nU2 | 3", CLA))
    assert together(people, 1, 2, 3)


def test_names_and_birth_date_alone_need_something_more(drawn, linked):
    one = "given | surname | birth_date | {} | record_id\nANN | LEE | 2015-03-02 | {} | {}"
    joined = linked(
        drawn(one.format("postcode", "QZ11AA", 1), CIN), drawn(one.format("postcode", "QZ11AA", 2), OTHER)
    )
    assert together(joined, 1, 2)
    apart = linked(drawn(one.format("sex", "F", 1), CIN), drawn(one.format("sex", "M", 2), OTHER))
    assert not together(apart, 1, 2)


def test_two_permanent_upns_are_never_one_person(drawn):
    row = (
        "given | surname | birth_date | postcode | upn | record_id\nANN | LEE | 2015-03-02 | QZ11AA | {} | {}"
    )
    tables = [drawn(row.format(upn, at), place) for upn, at, place in (("U1", 1, CIN), ("U2", 2, OTHER))]
    found = link_records(stack(tables), key=b"k")
    assert found.spine["person_id"].nunique() == 2
    assert found.joined.conflicts["reason"].tolist() == ["two numbers"]


def test_a_temporary_upn_contradicts_nothing(drawn, linked):
    row = (
        "given | surname | birth_date | postcode | {} | record_id\nANN | LEE | 2015-03-02 | QZ11AA | {} | {}"
    )
    people = linked(drawn(row.format("upn", "U1", 1), CIN), drawn(row.format("upn_temp", "T9", 2), OTHER))
    assert together(people, 1, 2)


def test_twins_of_one_sex_are_kept_apart(drawn, linked):
    twins = """
        given | surname | birth_date | sex | postcode | record_id
        ANN   | LEE     | 2015-03-02 | F   | QZ11AA   | 1
        BEA   | LEE     | 2015-03-02 | F   | QZ11AA   | 2"""
    one = "given | surname | birth_date | sex | postcode | record_id\nANN | LEE | 2015-03-02 | F | QZ11AA | 3"
    people = linked(drawn(twins, CIN), drawn(one, OTHER))
    assert together(people, 1, 3)
    assert people[2] != people[1]


def test_two_records_of_one_return_are_not_joined_by_way_of_a_third(drawn):
    # X has the UPN of one child and the names of another: it can be one of them, never both
    two = """
        upn | given | surname | birth_date | sex | postcode | record_id
        U1  |       |         |            |     |          | 1
            | ANN   | LEE     | 2015-03-02 | F   | QZ11AA   | 2"""
    bridge = "upn | given | surname | birth_date | sex | postcode | record_id\nU1 | ANN | LEE | 2015-03-02 | F | QZ11AA | 3"
    found = link_records(stack([drawn(two, CIN), drawn(bridge, OTHER)]), key=b"k")
    people = dict(zip(found.spine["record_id"], found.spine["person_id"], strict=True))
    assert together(people, 1, 3)
    assert people[2] != people[1]
    assert found.joined.conflicts["reason"].tolist() == ["two records of one return"]


def test_a_child_twice_in_one_return_is_one_person_when_the_records_agree(drawn, linked):
    people = linked(drawn("upn | local_id | record_id\nU1 | A | 1\nU1 | B | 2", CIN))
    assert together(people, 1, 2)


def test_the_surest_step_is_kept_for_each_record(drawn):
    row = "upn | local_id | record_id\nU1 | A | {}"
    alone = "upn | record_id\nU9 | 9"
    found = link_records(
        stack([drawn(row.format(1), CIN), drawn(row.format(2), CLA), drawn(alone, OTHER)]), key=b"k"
    )
    step = dict(zip(found.spine["record_id"], found.spine["step"], strict=True))
    assert step[1] == step[2] == "same authority, own number"
    assert pd.isna(step[9])  # there is none
    assert found.spine.set_index("record_id")["band"].to_dict() == {1: "certain", 2: "certain", 9: ALONE}


def test_a_column_of_one_token_joins_nobody_and_is_told(drawn):
    rows = "\n".join(f"SAME | {at}" for at in range(MOST + 1))
    found = link_records(stack([drawn("upn | record_id\n" + rows, CIN)]), key=b"k")
    assert found.spine["person_id"].nunique() == MOST + 1
    assert list(found.joined.left_out) == [{"step": "UPN", "tokens": 1, "records": MOST + 1}]


def test_records_without_a_token_meet_nobody(drawn, linked):
    empty = "upn | local_id | record_id\nU1 | | 1\n | | 2\n | | 3"
    people = linked(drawn(empty, CIN), drawn("local_id | record_id\nA | 4\n | 5", CLA))
    assert len(set(people.values())) == 5


@pytest.mark.parametrize("name", RULES)
def test_every_step_of_a_rule_set_can_match(name):
    names = [step.name for step in rule_set(name)]
    assert len(set(names)) == len(names)


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(TreError, match="no such rule set"):
        rule_set("guess")


def test_a_former_number_is_one_identity_with_its_successor(drawn):
    records = stack(
        [drawn("upn | former_upn | record_id\nU2 | U1 | 1\nU1 | | 2\nU3 | | 3\n | U3 | 4\n | | 5", CIN)]
    )
    identity = dict(zip(records.about["record_id"], identities(records), strict=True))
    assert identity[1] == identity[2] != identity[3]
    assert identity[3] == identity[4]
    assert identity[5] == 0


def test_components_are_what_pairs_connect():
    import numpy as np

    assert components(5, np.array([0, 3]), np.array([1, 1])).tolist() == [0, 0, 2, 0, 4]


def test_pairs_are_found_once_with_their_first_step(drawn):
    row = "upn | nhs | record_id\nU1 | N1 | {}"
    found, _ = candidates(stack([drawn(row.format(1), CIN), drawn(row.format(2), OTHER)]), rule_set("exact"))
    assert len(found) == 1
    assert rule_set("exact")[found.step[0]].name == "UPN"


def test_a_threshold_that_is_none_is_refused_even_where_rules_need_none(drawn):
    with pytest.raises(TreError, match="a threshold is a probability"):
        link_records(
            stack([drawn("upn | record_id\nU1 | 1", CIN)]), key=b"k", engine="rules", threshold="high"
        )
