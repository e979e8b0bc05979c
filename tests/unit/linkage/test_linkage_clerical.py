"""Clerical review: pairs are shown by what agrees, decisions are logged, and they bind the next run."""

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.cli import run
from tre_toolkit.errors import TreError
from tre_toolkit.linkage import clerical
from tre_toolkit.linkage.cluster import persons
from tre_toolkit.linkage.records import stack
from tre_toolkit.linkage.run import link_records


@pytest.fixture(scope="module")
def reviewed(two_files):
    _, _, records = two_files
    linked = link_records(records, key=b"k")
    return records, linked, clerical.pairs_to_review(records, linked.joined, b"k")


@pytest.fixture
def spine(reviewed, tmp_path):
    reviewed[2].to_parquet(tmp_path / clerical.LIST, index=False)
    return tmp_path


def test_only_unsure_pairs_are_shown_and_only_by_what_agrees(reviewed):
    records, _, table = reviewed
    assert len(table) > 5
    assert table["probability"].between(*clerical.UNSURE).all()
    tokens = set(np.concatenate(list(records.tokens.values())).tolist()) - {0}
    for column in table.columns.difference(["left_record_id", "right_record_id"]):
        assert not tokens & set(table[column].tolist())
    line = clerical.in_words(table.to_dict("records")[0])
    assert "route: " in line
    assert "null" not in line


def test_pair_ids_are_the_same_in_every_run_and_nothing_alike_under_another_key(reviewed):
    records, linked, table = reviewed
    again = clerical.pairs_to_review(records, linked.joined, b"k")
    other = clerical.pairs_to_review(records, linked.joined, b"other")
    assert again["pair"].tolist() == table["pair"].tolist()
    assert table["pair"].is_unique
    assert not set(other["pair"]) & set(table["pair"])


def test_a_decision_binds_the_next_run(reviewed, spine):
    records, _, table = reviewed
    joined_now = table[table["linked"]].iloc[0]
    apart_now = table[~table["linked"]].iloc[0]
    clerical.decide(spine, joined_now["pair"], same=False, by="A. Reviewer")
    clerical.decide(spine, apart_now["pair"], same=True, by="A. Reviewer")
    again = link_records(records, key=b"k", decided=clerical.decisions(spine))
    person = again.spine.set_index("record_id")["person_id"]
    assert person[joined_now["left_record_id"]] != person[joined_now["right_record_id"]]
    assert person[apart_now["left_record_id"]] == person[apart_now["right_record_id"]]
    assert "kept apart by a reviewer" in again.joined.conflicts["reason"].tolist()


def test_the_last_word_counts_and_the_log_can_not_be_bent(reviewed, spine):
    pair = reviewed[2]["pair"].iloc[0]
    clerical.decide(spine, pair, same=True, by="A. Reviewer")
    clerical.decide(spine, pair, same=False, by="B. Reviewer")
    assert clerical.decisions(spine)[["pair", "same"]].to_numpy().tolist() == [[pair, False]]
    log = spine / clerical.LOG
    log.write_text(log.read_text().replace('"same":true', '"same":false'))
    with pytest.raises(TreError, match="altered"):
        clerical.decisions(spine)


def test_a_pair_that_is_not_on_the_list_cant_be_decided(spine, tmp_path):
    with pytest.raises(TreError, match="no such pair"):
        clerical.decide(spine, "R123456789", same=True, by="A. Reviewer")
    assert not (spine / clerical.LOG).exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(TreError, match="no review list"):
        clerical.read_list(tmp_path / "empty")


def test_decisions_hold_under_rules_too(drawn):
    row = "upn | nhs | record_id\n{} | {} | {}"
    tables = [
        drawn(row.format("U1", "N1", 1), "990 a 2025"),
        drawn(row.format("U1", "N2", 2), "991 a 2025"),
        drawn(row.format("U7", "N7", 3), "992 a 2025"),
    ]
    records = stack(tables)
    place = {one: at for at, one in enumerate(records.about["record_id"])}
    decided = pd.DataFrame(
        {"pair": ["x", "y"], "same": [False, True], "left_parcel": ["parcel of 990", "parcel of 991"], "left_record_id": [1, 2],
         "right_parcel": ["parcel of 991", "parcel of 992"], "right_record_id": [2, 3]}
    )  # fmt: skip
    person = link_records(records, key=b"k", decided=decided).spine["person_id"]
    assert person[place[1]] != person[place[2]]
    assert person[place[2]] == person[place[3]]  # though their UPNs differ: a reviewer said so
    assert len(clerical.pairs_to_review(records, link_records(records, key=b"k").joined, b"k")) == 0


def test_each_authority_gets_only_its_own_rows_to_look_up(reviewed):
    _, _, table = reviewed
    lists = clerical.authority_lists(table)
    assert set(lists) == {"990", "991"}
    for name, rows in lists.items():
        assert list(rows.columns) == ["pair", "parcel", "record_id", "other"]
        assert set(rows["parcel"]) == {f"parcel {name}"}
    assert set(lists["990"]["pair"]) == set(table["pair"])


def test_what_is_kept_apart_stays_apart_through_a_third(drawn):
    records = stack([drawn("upn | record_id\nU1 | 1", f"99{at} a 2025", first=at) for at in range(3)])
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    found = persons(records, left, right, np.zeros(3, np.int64), apart=(np.array([0]), np.array([1])))
    assert found.cluster[0] != found.cluster[1]


def test_review_from_the_command_line(reviewed, spine, capsys):
    pair = reviewed[2]["pair"].iloc[0]
    assert run(["clerical", str(spine), pair, "--same", "--by", "A. Reviewer"]) == 0
    assert (
        run(["clerical", str(spine), "--html", str(spine / "sheet.html"), "--lists", str(spine / "lists")])
        == 0
    )
    assert pair in capsys.readouterr().out
    page = (spine / "sheet.html").read_text()
    assert "what agrees" in page
    assert "http" not in page
    assert sorted(path.name for path in (spine / "lists").iterdir()) == ["pairs_990.csv", "pairs_991.csv"]
    assert run(["clerical", str(spine), "--same"]) == 2
    assert run(["clerical", str(spine), "--json"]) == 0


def answered(spine, table, says):
    """The two authorities' lists with their answers; `says` maps a pair to (990's, 991's) answer."""
    paths = []
    for at, (name, rows) in enumerate(sorted(clerical.authority_lists(table).items())):
        answer = rows["pair"].map({pair: both[at] for pair, both in says.items()}).fillna("")
        path = spine / f"answers_{name}.csv"
        rows.assign(answer=answer).to_csv(path, index=False)
        paths.append(path)
    return paths


def test_answers_of_both_authorities_are_decisions_and_what_they_differ_on_stays_open(reviewed, spine):
    table = reviewed[2]
    one, two, three, four = table["pair"].iloc[:4]
    says = {one: ("Yes", "yes "), two: ("no", "no"), three: ("yes", "no"), four: ("yes", "")}
    told = clerical.take_answers(spine, answered(spine, table, says), by="A. Linker")
    assert told == {"same": 1, "not same": 1, "contradicted": 1, "open": len(table) - 3}
    logged = clerical.decisions(spine).set_index("pair")["same"].to_dict()
    assert logged == {one: True, two: False}
    assert "answered by 990, 991" in (spine / clerical.LOG).read_text()


def test_answers_that_are_no_answers_are_refused_and_nothing_is_logged(reviewed, spine, tmp_path):
    table = reviewed[2]
    pair = table["pair"].iloc[0]
    with pytest.raises(TreError, match="1 answers are neither yes nor no"):
        clerical.take_answers(spine, answered(spine, table, {pair: ("perhaps", "")}), by="A. Linker")
    stranger = tmp_path / "stranger.csv"
    stranger.write_text("pair,parcel,record_id,answer\nR000000000,parcel of 990,1,yes\n")
    with pytest.raises(TreError, match="1 rows are of no pair of this spine"):
        clerical.take_answers(spine, [stranger], by="A. Linker")
    stranger.write_text("name,answer\nANN,yes\n")
    with pytest.raises(TreError, match="not a list of pairs") as refused:
        clerical.take_answers(spine, [stranger], by="A. Linker")
    assert "ANN" not in str(refused.value)
    assert not (spine / clerical.LOG).exists()


def test_answers_from_the_command_line(reviewed, spine, capsys):
    table = reviewed[2]
    paths = answered(spine, table, {table["pair"].iloc[0]: ("yes", "yes")})
    words = [word for path in paths for word in ("--answers", str(path))]
    assert run(["clerical", str(spine), *words]) == 2
    assert run(["clerical", str(spine), *words, "--by", "A. Linker"]) == 0
    assert "not same" in capsys.readouterr().out
