"""A new year and a new authority: ids stay, earlier links stay, and what changes is told."""

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.model.classes import as_lists, as_model
from tre_toolkit.linkage.people import renamed
from tre_toolkit.linkage.records import stack
from tre_toolkit.linkage.refresh import MERGED, SPLIT, carried_ids, events_between
from tre_toolkit.linkage.run import link_records
from tre_toolkit.linkage.spine import Spine

CIN, NEXT, OTHER = "990 cin_census 2025", "990 cin_census 2026", "991 cin_census 2025"
TWO = """
    upn | local_id | given | surname | birth_date | postcode | sex | record_id
    U1  | A        | ANN   | LEE     | 2015-03-02 | QZ11AA   | F   | 1
        | B        | CAL   | LEE     | 2020-07-09 | QZ11AA   | M   | 2"""


def run(*tables, previous=None, **more):
    found = link_records(stack(tables), key=b"k", previous=previous, **more)
    facts = {
        "parcels": [{"parcel": table.parcel, "authority": table.authority, "counter": 1} for table in tables]
    }
    return (
        found,
        Spine(found.spine, facts),
        dict(zip(found.spine["record_id"], found.spine["person_id"], strict=True)),
    )


def test_a_new_year_keeps_every_id_and_adds_only_new_children(drawn):
    _, spine, before = run(drawn(TWO, CIN))
    year = drawn("local_id | upn | record_id\nA | U1 | 11\nN | U7 | 12", NEXT, parcel="next")
    found, _, after = run(drawn(TWO, CIN), year, previous=spine)
    assert {one: after[one] for one in before} == before
    assert after[11] == before[1]
    assert after[12] not in before.values()
    assert found.events.empty


def test_the_same_parcels_again_change_nothing(drawn):
    _, spine, before = run(drawn(TWO, CIN))
    found, _, after = run(drawn(TWO, CIN), previous=spine)
    assert after == before
    assert found.events.empty


def test_a_new_authority_never_joins_two_earlier_persons_under_rules(drawn):
    apart = "local_id | nhs | upn | record_id\nA | N1 | | 1\nB | | U1 | 2"
    _, spine, before = run(drawn(apart, CIN))
    assert before[1] != before[2]
    bridge = drawn("nhs | upn | record_id\nN1 | U1 | 31", OTHER)
    _, _, alone = run(drawn(apart, CIN), bridge, engine="rules")
    found, _, after = run(drawn(apart, CIN), bridge, previous=spine)
    assert {one: after[one] for one in before} == before
    assert after[31] in before.values()  # by the surer step
    assert "two earlier persons" in found.joined.conflicts["reason"].tolist()
    assert found.events.empty
    assert len(set(alone.values())) == 2  # even without an earlier run: two records of one return


def test_earlier_links_hold_even_where_new_records_contradict_them(drawn):
    old = [drawn("nhs | local_id | record_id\nN1 | A | 1", CIN), drawn("nhs | record_id\nN1 | 2", OTHER)]
    _, spine, before = run(*old)
    assert before[1] == before[2]
    new = drawn("local_id | upn | record_id\nA | U1 | 11", NEXT, parcel="next")
    other = drawn("nhs | upn | record_id\nN1 | U2 | 12", "992 cin_census 2025")
    found, _, after = run(*old, new, other, previous=spine)
    assert after[1] == after[2] == before[1]
    assert found.events.empty
    assert len({after[11], after[12]}) == 2


def test_a_parcel_of_the_earlier_run_must_be_named_again(drawn):
    _, spine, _ = run(drawn(TWO, CIN), drawn("upn | record_id\nU9 | 31", OTHER))
    with pytest.raises(TreError, match="1 parcels of the earlier run are not among these"):
        run(drawn(TWO, CIN), previous=spine)


def test_a_merged_person_keeps_the_id_of_most_of_its_records():
    earlier = pd.Series(["PA", "PA", "PB", np.nan])
    cluster = np.array([0, 0, 0, 0])
    ids = carried_ids(np.array(["PN"] * 4, dtype=object), cluster, earlier, {})
    assert ids.tolist() == ["PA"] * 4
    events = events_between(earlier, pd.Series(ids))
    assert events.to_dict("list") == {
        "event": [MERGED, MERGED], "person_id": ["PA", "PA"], "before": ["PA", "PB"], "records": [2, 1],
    }  # fmt: skip


def test_a_split_person_leaves_its_id_to_the_larger_part():
    earlier = pd.Series(["PA", "PA", "PA"])
    cluster = np.array([0, 1, 1])
    fresh = np.array(["PA", "PN", "PN"], dtype=object)  # the smaller part would have got the old id anew
    ids = carried_ids(fresh, cluster, earlier, renamed(fresh, b"k", {"PA"}))
    assert ids[1] == ids[2] == "PA"
    assert ids[0] not in ("PA", "PN")
    events = events_between(earlier, pd.Series(ids))
    assert set(events["event"]) == {SPLIT}
    assert events["records"].sum() == 3


def test_ids_that_are_taken_get_another_the_same_in_every_run():
    ids = np.array(["PA", "PB"], dtype=object)
    once, again = renamed(ids, b"k", {"PA"}), renamed(ids, b"k", {"PA"})
    assert once == again
    assert set(once) == {"PA"}
    assert len(once["PA"]) == 13


def test_events_are_written_beside_the_spine(drawn, two_files):
    from tre_toolkit.linkage.engines import join

    _, _, records = two_files
    joined = join(records)  # the model may move earlier persons: then they are told
    person = pd.Series([f"P{one}" for one in joined.cluster])
    before = person.where(person.index % 7 > 0, "P of many")
    events = events_between(before, person)
    assert (events.loc[events["event"] == SPLIT, "before"] == "P of many").any()
    assert events.groupby("event")["records"].sum().min() > 0


@pytest.fixture(scope="module")
def three(population):
    """Records of two authorities, and of the same with a third, whose children are partly theirs."""
    a, b = population.invent(3000, 61, mess=2.0)
    c = pd.concat([a.iloc[::4], b.iloc[::4]], ignore_index=True)
    parts = [population.parts(one) for one in (a, b, c)]
    names = ("990", "991", "992")
    return population.records(*parts[:2], names=names[:2]), population.records(*parts, names=names)


def spine_of(found):
    parcels = [{"parcel": one} for one in found.spine["parcel"].unique()]
    return Spine(found.spine, {"parcels": parcels, "model": as_lists(found.joined.found.fit.model)})


def test_a_new_authority_never_changes_an_old_link_under_the_model_unless_asked(three):
    two, all_three = three
    before = link_records(two, key=b"k", engine="model")
    after = link_records(all_three, key=b"k", engine="model", previous=spine_of(before))
    old = after.spine["parcel"].isin(before.spine["parcel"])
    assert after.spine.loc[old, "person_id"].tolist() == before.spine["person_id"].tolist()
    assert after.events.empty
    joined_anew = after.spine.loc[~old, "person_id"].isin(before.spine["person_id"])
    assert joined_anew.mean() > 0.8
    fresh = link_records(all_three, key=b"k", engine="model", previous=spine_of(before), relearn=True)
    assert set(fresh.events["event"]) <= {MERGED, SPLIT}
    moved = fresh.spine.loc[old, "person_id"].to_numpy() != before.spine["person_id"].to_numpy()
    told = set(fresh.events["before"])
    assert set(before.spine["person_id"][moved]) <= told


def test_an_earlier_model_is_used_as_it_is(three):
    two, all_three = three
    before = link_records(two, key=b"k", engine="model")
    after = link_records(all_three, key=b"k", engine="model", previous=spine_of(before))
    one, other = (found.joined.found.fit.model for found in (before, after))
    assert all(np.allclose(one[name][part], other[name][part]) for name in one for part in one[name])
    assert as_model(as_lists(one)) is not None
    assert as_model({"same": {}}) is None
    assert as_model(None) is None


def test_households_keep_their_ids_over_a_refresh(three):
    two, all_three = three
    before = link_records(two, key=b"k", engine="model")
    after = link_records(all_three, key=b"k", engine="model", previous=spine_of(before))
    then = before.spine["household_id"]
    now = after.spine.loc[after.spine["parcel"].isin(before.spine["parcel"]), "household_id"]
    both = then.notna().to_numpy() & now.notna().to_numpy()
    assert both.sum() > 1000
    assert (then.to_numpy()[both] == now.to_numpy()[both]).mean() > 0.99  # all but those that came together
    assert after.spine.groupby("household_id")["person_id"].nunique().max() < 10


def test_a_reviewers_word_changes_an_earlier_person_and_is_an_event(drawn):
    old = [drawn("nhs | record_id\nN1 | 1", CIN), drawn("nhs | record_id\nN1 | 2", OTHER)]
    _, spine, before = run(*old)
    assert before[1] == before[2]
    sides = {f"{side}_parcel": [old[at].parcel] for at, side in enumerate(("left", "right"))}
    decided = pd.DataFrame({**sides, "left_record_id": [1], "right_record_id": [2], "same": [False]})
    found, _, after = run(*old, previous=spine, decided=decided)
    assert after[1] != after[2]
    assert before[1] in after.values()
    assert found.events["event"].tolist() == [SPLIT, SPLIT]
