"""What holds of linkage whatever the tokens are: order, duplicates and strangers move nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tre_toolkit.linkage.cluster import components, persons
from tre_toolkit.linkage.people import name_clusters, renamed
from tre_toolkit.linkage.records import NONE, Records, mix
from tre_toolkit.linkage.refresh import carried_ids, events_between, held_codes
from tre_toolkit.linkage.rule_sets import Step
from tre_toolkit.linkage.rules import candidates, pairs_of
from tre_toolkit.linkage.run import link_records

KINDS = (
    "local_id",
    "upn",
    "nhs",
    "given+birth_date",
    "surname+birth_date",
    "birth_date+postcode",
    "sex+birth_date",
)
CODES = st.integers(0, 4)  # 0: there is none


@st.composite
def some_records(draw, least=1, most=14):
    """A few records of up to three sources whose tokens meet often."""
    count = draw(st.integers(least, most))
    source = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    tokens = {
        kind: np.array(draw(st.lists(CODES, min_size=count, max_size=count)), dtype=np.int64)
        for kind in KINDS
    }
    names = ("990", "991", "992")
    about = pd.DataFrame(
        {
            "parcel": [f"parcel {one}" for one in source],
            "authority": [names[one] for one in source],
            "dataset": "cin_census",
            "period": "2025",
            "record_id": np.arange(count),
            "source": source,
        }
    )
    return Records(about, tokens, {}, names)


def groups(cluster) -> set[frozenset[int]]:
    return {frozenset(rows) for rows in pd.Series(range(len(cluster))).groupby(np.asarray(cluster)).agg(list)}


def by_id(linked) -> dict[int, str]:
    return dict(zip(linked.spine["record_id"], linked.spine["person_id"], strict=True))


@settings(max_examples=25, deadline=None)
@given(some_records(), st.randoms())
def test_the_order_of_rows_changes_no_persons(records, random):
    order = list(range(len(records)))
    random.shuffle(order)
    one = link_records(records, key=b"k", engine="rules").spine
    other = link_records(records.take(np.array(order)), key=b"k", engine="rules").spine
    first = {frozenset(group) for group in one.groupby("person_id")["record_id"].agg(list)}
    second = {frozenset(group) for group in other.groupby("person_id")["record_id"].agg(list)}
    # where pairs of one step contest a record, which of them wins goes by row: only those may differ
    if link_records(records, key=b"k", engine="rules").joined.conflicts.empty:
        assert first == second


@settings(max_examples=25, deadline=None)
@given(some_records())
def test_no_person_has_two_upns_and_none_is_two_records_of_a_return_that_share_nothing(records):
    linked = link_records(records, key=b"k", engine="rules")
    frame = linked.spine.assign(upn=records.of("upn"), source=records.source)
    assert (frame[frame["upn"] != NONE].groupby("person_id")["upn"].nunique() <= 1).all()
    pairs, _ = candidates(records, [Step(name, ((name,),), "x") for name in KINDS])
    alike = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    for _, group in frame.groupby(["person_id", "source"]):
        rows = sorted(group.index)
        assert all((one, two) in alike for at, one in enumerate(rows) for two in rows[at + 1 :])


@settings(max_examples=25, deadline=None)
@given(some_records(), some_records())
def test_under_rules_new_records_change_no_earlier_person(old, new):
    from tre_toolkit.linkage.spine import Spine

    before = link_records(old, key=b"k", engine="rules")
    spine = Spine(before.spine, {"parcels": [{"parcel": one} for one in set(old.about["parcel"])]})
    fresh = new.about.assign(
        record_id=np.arange(len(new)) + 100, source=new.source + 3, parcel="new " + new.about["parcel"]
    )
    both = Records(
        pd.concat([old.about, fresh], ignore_index=True),
        {kind: np.concatenate([old.tokens[kind], new.tokens[kind]]) for kind in KINDS},
        {},
        (*old.sources, *(f"new {one}" for one in new.sources)),
    )
    after = link_records(both, key=b"k", engine="rules", previous=spine)
    now = by_id(after)
    assert {one: now[one] for one in by_id(before)} == by_id(before)
    assert after.events is not None
    assert after.events.empty


@given(some_records(), st.binary(min_size=1, max_size=8))
def test_ids_are_one_for_each_cluster(records, key):
    cluster = components(len(records), np.zeros(0, np.int64), np.zeros(0, np.int64))
    ids = name_clusters(records, cluster, key)
    assert len(set(ids)) == len(records)
    whole = name_clusters(records, np.zeros(len(records), np.int64), key)
    assert len(set(whole)) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=30))
def test_pairs_of_a_key_are_all_pairs_and_each_once(rows):
    table = sorted(set(rows))
    row = np.array([one for one, _ in table], dtype=np.int64)
    key = np.array([two for _, two in table], dtype=np.int64)
    left, right = pairs_of(row, key)
    found = sorted(zip(left.tolist(), right.tolist(), strict=True))
    brute = sorted(
        (a, c) for at, (a, b) in enumerate(table) for c, d in table[:at] + table[at + 1 :] if b == d and a < c
    )
    assert found == brute


@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=50
    )
)
def test_mixing_is_one_to_one_in_practice_and_keeps_nothing_as_nothing(pairs):
    one, two = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    mixed = mix(one, two)
    told = {pair: code for pair, code in zip(pairs, mixed.tolist(), strict=True) if 0 not in pair}
    assert len(set(told.values())) == len(told)
    assert all((code == NONE) == (0 in pair) for pair, code in zip(pairs, mixed.tolist(), strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["PA", "PB", "PC", None])), min_size=1, max_size=20)
)
def test_carried_ids_are_never_shared_and_every_change_is_an_event(rows):
    cluster = np.array([one for one, _ in rows])
    earlier = pd.Series([two for _, two in rows], dtype="object")
    fresh = np.array([f"P{'ABCXYZ'[one]}" for one in cluster], dtype=object)
    ids = carried_ids(fresh, cluster, earlier, renamed(fresh, b"k", set(earlier.dropna())))
    assert groups(ids) == groups(cluster)
    events = events_between(earlier, pd.Series(ids))
    moved = {(now, then) for now, then in zip(ids, earlier, strict=True) if then is not None and now != then}
    told = set(zip(events["person_id"], events["before"], strict=True))
    assert moved <= told
    assert (held_codes(earlier) == 0).tolist() == earlier.isna().tolist()


@settings(max_examples=25, deadline=None)
@given(some_records(least=2), st.data())
def test_what_a_reviewer_keeps_apart_is_apart(records, data):
    pairs, _ = candidates(records, [Step(name, ((name,),), "x") for name in KINDS])
    if len(pairs) == 0:
        return
    at = data.draw(st.integers(0, len(pairs) - 1))
    apart = (pairs.left[at : at + 1], pairs.right[at : at + 1])
    found = persons(records, pairs.left, pairs.right, pairs.step, apart=apart)
    assert found.cluster[apart[0][0]] != found.cluster[apart[1][0]]
