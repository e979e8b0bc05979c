"""A request's life through the service: what two people do, what one can't, and what the gate remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tre_toolkit import audit
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.gate import accounts, folder, journal, orm, releases, requests, reviews, store
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role
from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound, Unsafe
from tre_toolkit.gate.verify import Refused, verify_release


def test_two_people_approve_and_the_bytes_they_saw_leave(house: Any, tmp_path: Path) -> None:
    key = house.released(into=tmp_path / "out")
    assert house.state(key) == "released"
    assert (tmp_path / "out/data/table.csv").read_bytes() == (house.workspace / "table.csv").read_bytes()
    found = verify_release(tmp_path / "out", house.gate.verifier())
    assert (found.request, found.approvals, found.files) == (int(key), 2, ("data/table.csv",))


def test_one_approval_is_not_enough(house: Any, tmp_path: Path) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True)
    reviews.vote(house.gate, house.ben, key, approve=True)  # again, from another tab
    assert house.state(key) == "in_review"
    with pytest.raises(Conflict):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert not (tmp_path / "out").exists()


def test_votes_differ_and_a_senior_checker_settles(house: Any) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True)
    reviews.vote(house.gate, house.cam, key, approve=False, note="small cells?")
    assert house.state(key) == "reviewed"
    reviews.decide(house.gate, house.sam, key, note="no: the table is rounded")
    assert house.state(key) == "approved"


def test_two_refusals_are_not_outvoted_by_one_senior_checker(house: Any) -> None:
    key = house.submitted()
    for voter in (house.ben, house.cam):
        reviews.vote(house.gate, voter, key, approve=False, note="row-level")
    with pytest.raises(Conflict, match="fewer than 2"):
        reviews.decide(house.gate, house.sam, key, note="I think it is fine")
    assert house.state(key) == "reviewed"
    reviews.reject(house.gate, house.sam, key, note="row-level data")
    assert house.state(key) == "rejected"


def test_a_refusal_says_why(house: Any) -> None:
    with pytest.raises(MisuseError):
        reviews.vote(house.gate, house.ben, house.submitted(), approve=False)


def test_a_vote_is_seen_by_nobody_until_both_are_in(house: Any) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True, note="fine by me")
    for other in (house.cam, house.sam, house.ada, house.dee, house.ova):
        assert reviews.ballots(house.gate, other, key) == {}
    assert [b.note for b in reviews.ballots(house.gate, house.ben, key)["table.csv"]] == ["fine by me"]
    assert "approve" not in house.gate.log.read_text()
    reviews.vote(house.gate, house.cam, key, approve=True)
    assert len(reviews.ballots(house.gate, house.ada, key)["table.csv"]) == 2
    assert "approve" in house.gate.log.read_text()


def test_the_sealed_ballots_in_the_log_can_be_opened_afterwards(house: Any) -> None:
    key = house.approved()
    opened = [e for e in audit.events(house.gate.log) if e.facts.get("opened")][-1].facts["opened"]
    cast = {e.facts["ballot"] for e in audit.events(house.gate.log) if e.name == "vote cast"}
    assert set(opened) == cast
    vote = models.Vote.objects.get(person=house.ben.person)
    assert opened[vote.ballot] == f"approve {house.ben.person_id} {vote.nonce}"
    assert key


def test_a_mind_may_be_changed_until_both_reviews_are_in(house: Any) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True)
    reviews.vote(house.gate, house.ben, key, approve=False, note="I looked again")
    reviews.vote(house.gate, house.cam, key, approve=True)
    assert house.state(key) == "reviewed"
    with pytest.raises(Conflict):
        reviews.vote(house.gate, house.ben, key, approve=True)


def test_files_are_voted_on_one_by_one(house: Any) -> None:
    key = house.submitted("a.csv", "b.csv")
    reviews.vote(house.gate, house.ben, key, approve=True, file="a.csv")
    reviews.vote(house.gate, house.cam, key, approve=True)
    assert house.state(key) == "in_review"
    reviews.vote(house.gate, house.ben, key, approve=True, file="b.csv")
    assert house.state(key) == "approved"


def test_what_is_returned_comes_back_in_a_new_turn_and_needs_new_votes(house: Any) -> None:
    key = house.submitted("a.csv", "b.csv")
    reviews.vote(house.gate, house.ben, key, approve=True)
    reviews.give_back(house.gate, house.cam, key, note="round b.csv")
    house.write("b.csv", "area,children\nNorth,100\nSouth,350\n")
    requests.add(house.gate, house.ada, key, house.workspace, ["b.csv"])
    requests.submit(house.gate, house.ada, key)
    reviews.vote(house.gate, house.cam, key, approve=True)
    assert house.state(key) == "in_review"
    kept = reviews.ballots(house.gate, house.sam, key)
    assert [(b.person, b.turn) for b in kept["a.csv"]] == [("Ben Checker", 1)]  # history of unchanged bytes
    reviews.vote(house.gate, house.ben, key, approve=True)
    assert house.state(key) == "approved"


def test_a_changed_file_loses_its_votes(house: Any) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True)
    old = requests.outputs(models.Request.objects.get(pk=key))[0]
    reviews.give_back(house.gate, house.cam, key, note="again")
    house.write("table.csv", "area,children\nNorth,1\n")
    requests.add(house.gate, house.ada, key, house.workspace, ["table.csv"])
    requests.submit(house.gate, house.ada, key)
    request = models.Request.objects.get(pk=key)
    new = requests.outputs(request)[0]
    assert old.pk != new.pk
    assert new.votes.count() == 0
    assert reviews.approvals(house.gate, request, new) == frozenset()


def test_what_fails_the_machine_needs_a_granted_exception(house: Any, fail: Any) -> None:
    house.said["table.csv"] = [fail()]
    key = house.submitted()
    with pytest.raises(Conflict, match="threshold"):
        reviews.vote(house.gate, house.ben, key, approve=True)
    asked = reviews.ask_exception(
        house.gate, house.ada, key, file="table.csv", rule="threshold", reason="published before"
    )
    with pytest.raises(NotAllowed):
        reviews.decide_exception(house.gate, house.ben, key, asked.pk, grant=True)
    reviews.decide_exception(house.gate, house.sam, key, asked.pk, grant=True)
    reviews.vote(house.gate, house.ben, key, approve=True)
    assert house.state(key) == "in_review"


def test_an_exception_for_another_rule_is_told_which_rules_spoke(house: Any, fail: Any) -> None:
    house.said["table.csv"] = [fail(), fail(rule="dfe-cin/count"), fail()]
    key = house.submitted()
    with pytest.raises(NotFound, match="what was found is of dfe-cin/count, threshold"):
        reviews.ask_exception(house.gate, house.ada, key, file="table.csv", rule="count", reason="before")
    with pytest.raises(NotFound, match="nothing was found"):
        house.said.clear()
        clean = house.submitted()
        reviews.ask_exception(house.gate, house.ada, clean, file="table.csv", rule="count", reason="before")


def test_an_exception_that_ran_out_stops_the_release(house: Any, fail: Any, tmp_path: Path) -> None:
    house.said["table.csv"] = [fail()]
    key = house.submitted()
    asked = reviews.ask_exception(
        house.gate, house.ada, key, file="table.csv", rule="threshold", reason="why not"
    )
    reviews.decide_exception(house.gate, house.sam, key, asked.pk, grant=True)
    for voter in (house.ben, house.cam):
        reviews.vote(house.gate, voter, key, approve=True)
    reviews.models.Waiver.objects.update(expires="2020-01-01T00:00:00Z")
    with pytest.raises(Conflict, match="run out"):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert house.state(key) == "approved"
    assert not (tmp_path / "out").exists()


def test_a_machines_pass_approves_nothing(house: Any, fail: Any) -> None:
    house.said["table.csv"] = [fail("PASS")]
    key = house.submitted()
    assert house.state(key) == "submitted"
    reviews.vote(house.gate, house.ben, key, approve=True)
    assert house.state(key) == "in_review"


def test_an_empty_request_is_not_submitted(house: Any) -> None:
    key = str(requests.new(house.gate, house.ada, title="Nothing", context="x" * 30).pk)
    with pytest.raises(Conflict):
        requests.submit(house.gate, house.ada, key)


def test_a_request_needs_a_context(house: Any) -> None:
    with pytest.raises(TreError, match="context"):
        requests.new(house.gate, house.ada, title="Regions", context="table")


def test_what_is_withdrawn_stays_withdrawn(house: Any) -> None:
    key = house.approved()
    requests.withdraw(house.gate, house.ada, key)
    with pytest.raises(Conflict):
        requests.submit(house.gate, house.ada, key)


def test_supporting_files_help_and_stay(house: Any, tmp_path: Path) -> None:
    key = house.draft("table.csv")
    house.write("notes.md", "# how it was made\n")
    requests.add(house.gate, house.ada, key, house.workspace, ["notes.md"], kind="supporting")
    requests.submit(house.gate, house.ada, key)
    for voter in (house.ben, house.cam):
        reviews.vote(house.gate, voter, key, approve=True)
    releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert sorted(p.name for p in (tmp_path / "out/data").iterdir()) == [
        "ro-crate-metadata.json",
        "table.csv",
    ]


def test_a_file_taken_out_does_not_leave(house: Any, tmp_path: Path) -> None:
    key = house.draft("a.csv", "b.csv")
    requests.remove(house.gate, house.ada, key, "b.csv")
    requests.submit(house.gate, house.ada, key)
    for voter in (house.ben, house.cam):
        reviews.vote(house.gate, voter, key, approve=True)
    releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert not (tmp_path / "out/data/b.csv").exists()


def test_comments_are_retracted_and_never_lost(house: Any) -> None:
    key = house.submitted()
    said = requests.comment(house.gate, house.ben, key, "is 2023 a calendar year?")
    with pytest.raises(NotFound):
        requests.retract(house.gate, house.cam, key, said.pk)
    requests.retract(house.gate, house.ben, key, said.pk)
    assert models.Comment.objects.get().body == "is 2023 a calendar year?"


def test_a_comment_among_checkers_is_hidden_from_the_author(house: Any) -> None:
    from tre_toolkit.gate import views_of

    key = house.submitted()
    requests.comment(house.gate, house.ben, key, "I suspect a recode", for_checkers=True)
    request = models.Request.objects.get(pk=key)
    assert views_of.whole(house.gate, house.cam, request)["comments"]
    assert not views_of.whole(house.gate, house.ada, request)["comments"]


def test_a_recalled_release_turns_red(house: Any, tmp_path: Path) -> None:
    key = house.released(into=tmp_path / "out")
    releases.recall(house.gate, house.dee, key, reason="a cell can be solved", signer=house.signer)
    assert house.state(key) == "recalled"
    with pytest.raises(Refused) as refused:
        verify_release(tmp_path / "out", house.gate.verifier(), revocations=house.gate.revocations)
    assert refused.value.reason == "recalled"


def test_a_foreign_key_signs_no_release(house: Any, tmp_path: Path) -> None:
    from tre_toolkit.signing import Signer

    with pytest.raises(TreError, match="not the gate's signing key"):
        releases.make(house.gate, house.dee, house.approved(), tmp_path / "out", Signer.new())


def test_a_taken_place_is_not_written_over(house: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    key = house.approved()
    with pytest.raises(TreError, match="stands here already"):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert house.state(key) == "approved"


def test_bytes_altered_in_the_store_block_the_request(house: Any, tmp_path: Path) -> None:
    key = house.approved()
    blob = store.place(house.gate, requests.outputs(models.Request.objects.get(pk=key))[0].sha256)
    blob.chmod(0o600)
    blob.write_bytes(b"area,children\nNorth,1\n")
    with pytest.raises(store.Altered):
        releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer)
    assert house.state(key) == "blocked"
    assert not (tmp_path / "out").exists()
    reviews.unblock(house.gate, house.sam, key, note="restored")
    assert house.state(key) == "returned"


def test_a_gate_of_three_wants_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast_hashes: None, make: Any
) -> None:
    house = make(tmp_path, monkeypatch, reviewers=3)
    key = house.submitted()
    for voter in (house.ben, house.cam):
        reviews.vote(house.gate, voter, key, approve=True)
    assert house.state(key) == "in_review"
    reviews.vote(house.gate, house.sam, key, approve=True)
    assert house.state(key) == "approved"


def test_a_gate_of_one_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(MisuseError):
        folder.new_gate(tmp_path / "gate", b"quiet orange lamp 77", reviewers=1)
    assert not (tmp_path / "gate").exists()


def test_the_same_full_name_is_the_same_person(house: Any) -> None:
    again = house.account("ada2", Role.CHECKER, "Ada  Researcher")
    assert again.person_id == house.ada.person_id
    with pytest.raises(NotAllowed, match="own work"):
        reviews.vote(house.gate, again, house.submitted(), approve=True)


def test_a_name_not_fit_for_the_gate_is_refused(house: Any) -> None:
    key = house.draft()
    house.write("run.exe")
    with pytest.raises(Unsafe):
        requests.add(house.gate, house.ada, key, house.workspace, ["run.exe"])


def test_every_event_is_in_the_log_and_in_the_database(house: Any, tmp_path: Path) -> None:
    house.released(into=tmp_path / "out")
    lines = house.gate.log.read_text().splitlines()
    assert lines == list(models.Journal.objects.order_by("number").values_list("line", flat=True))
    assert audit.verify(house.gate.log) == len(lines)
    assert audit.verify(
        house.gate.log, checkpoint=house.gate.checkpoint, verifier=house.gate.verifier()
    ) == len(lines)


def test_an_event_is_only_written_beside_its_change(house: Any) -> None:
    with pytest.raises(RuntimeError):
        journal.write(house.gate, "nothing happened", by="ben")


def test_the_database_refuses_to_change_or_delete_an_event(house: Any) -> None:
    from django.db import IntegrityError, connection

    for statement in ("UPDATE gate_journal SET line = ''", "DELETE FROM gate_journal"):
        with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_gate_opened_again_is_the_same(house: Any) -> None:
    key = house.submitted()
    orm.close()
    again = folder.open_gate(house.gate.folder)
    assert again == house.gate
    assert house.state(key) == "submitted"


def test_wrong_passwords_lock_an_account(house: Any) -> None:
    for _ in range(accounts.TRIES):
        with pytest.raises(NotAllowed):
            accounts.sign_in(house.gate, "ben", "not this one 123")
    with pytest.raises(NotAllowed):
        accounts.sign_in(house.gate, "ben", "violet kettle 4141")
    accounts.set_active(house.gate, "ben", active=True, by="kit")
    assert accounts.sign_in(house.gate, "ben", "violet kettle 4141").login == "ben"


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "password1234", "ben-and-jerry-is-cold"])
def test_easy_passwords_are_refused(house: Any, password: str) -> None:
    with pytest.raises(TreError):
        accounts.check_new_password(password, "ben-")
