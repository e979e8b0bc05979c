"""The reviewers' side: a vote for each file, sealed until all are in, bound to the bytes and to the person."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from tre_toolkit.audit import canonical
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.gate import journal, orm, store
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import REVIEWERS, Case
from tre_toolkit.gate.refusals import Conflict, NotAllowed, NotFound
from tre_toolkit.gate.requests import find, move, outputs, take_hold
from tre_toolkit.gate.states import Action, Event, State


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote as it may be shown: to its voter always, to others once all reviews are in."""

    person: str
    approve: bool
    note: str
    turn: int


def vote(
    gate: Gate,
    account: Any,
    key: str,
    *,
    approve: bool,
    note: str = "",
    file: str | None = None,
    sha256: str | None = None,
    seen: int | None = None,
) -> Any:
    """Vote on one file or, without `file`, on all. Until all reviews are in one may change one's mind.

    `sha256` and `seen` (the request's version) say what the voter had before them: anything else by now is a
    Conflict. A refusal needs words. Bytes in the store that changed block the request.
    """
    if not approve and not note.strip():
        raise MisuseError("a refusal says why", hint="add --note: the author mends what you name")
    altered = _altered(gate, key, account)
    with orm.change():
        request = take_hold(gate, account, key, Action.VOTE)
        if seen is not None and seen != request.version:
            raise Conflict("the request changed since you opened it", hint="look at it again")
        if altered:
            move(gate, request, Event.BLOCK, State.BLOCKED, by=account.login, sha256=altered)
        else:
            for version in _chosen(request, file, sha256):
                _cast(gate, request, account, version, approve=approve, note=note.strip())
            _count(gate, request, account)
    if altered:
        raise store.Altered("the stored bytes are not the ones that were submitted: the request is blocked")
    return request


def decide(gate: Gate, account: Any, key: str, *, note: str) -> Any:
    """A senior checker who has not voted adds the vote that settles a conflict: each file then has enough.

    Who would refuse uses `give_back` or `reject` instead.
    """
    if not note.strip():
        raise MisuseError("a decision says why")
    with orm.change():
        request = take_hold(gate, account, key, Action.DECIDE)
        for version in outputs(request):
            _check_waived(version)
            _write_vote(gate, request, account, version, approve=True, note=note.strip())
        models.Review.objects.get_or_create(request=request, turn=request.turn, person=account.person)
        short = [v for v in outputs(request) if len(approvals(gate, request, v)) < gate.reviewers]
        if short:
            raise Conflict(
                f"{len(short)} of the files would still have fewer than {gate.reviewers} approvals",
                hint="return the request, or reject it",
            )
        move(gate, request, Action.DECIDE, State.APPROVED, by=account.login)
    return request


def give_back(gate: Gate, account: Any, key: str, *, note: str) -> Any:
    """Return the request to its author with words on what to mend; a new turn begins when it comes back."""
    return _turn_down(gate, account, key, Action.RETURN, State.RETURNED, note)


def reject(gate: Gate, account: Any, key: str, *, note: str) -> Any:
    """Refuse the request for good."""
    return _turn_down(gate, account, key, Action.REJECT, State.REJECTED, note)


def unblock(gate: Gate, account: Any, key: str, *, note: str) -> Any:
    """After the store was looked into: give the request back to its author."""
    return _turn_down(gate, account, key, Action.UNBLOCK, State.RETURNED, note)


def ballots(gate: Gate, account: Any, key: str) -> dict[str, list[Ballot]]:
    """The votes this account may see, by path: its person's own, and all when the reviews are in."""
    request = find(gate, account, key)
    return ballots_of(account, request, request.case(reviewers=gate.reviewers))


def ballots_of(account: Any, request: Any, case: Case) -> dict[str, list[Ballot]]:
    """`ballots`, of a request already found. Votes on bytes that were replaced since are history, and not shown."""
    votes = request.votes.filter(version__current=True)
    votes = votes.select_related("person", "version__file").order_by("turn", "at")
    if not case.reviews_in:
        votes = votes.exclude(turn=request.turn) | votes.filter(turn=request.turn, person=account.person)
    if account.who.role not in REVIEWERS | {"auditor", "release_officer"} and not case.reviews_in:
        votes = votes.exclude(turn=request.turn)
    shown: dict[str, list[Ballot]] = {}
    for one in votes:
        shown.setdefault(one.version.file.path, []).append(
            Ballot(one.person.name, one.approve, one.note, one.turn)
        )
    return shown


def approvals(gate: Gate, request: Any, version: Any) -> frozenset[int]:
    """The persons whose approval of exactly these bytes counts now: in this turn, independent, still a checker."""
    case = request.case(reviewers=gate.reviewers)
    votes = version.votes.filter(
        turn=request.turn,
        sha256=version.sha256,
        approve=True,
        account__role__in=[str(role) for role in REVIEWERS],
        account__active=True,
    )
    done = set(request.reviews.filter(turn=request.turn).values_list("person_id", flat=True))
    barred = case.members | case.contributors | {case.author}
    counted: frozenset[int] = frozenset(votes.values_list("person_id", flat=True)) & done - barred
    return counted


def ask_exception(gate: Gate, account: Any, key: str, *, file: str, rule: str, reason: str) -> Any:
    """Ask that a rule's finding on these bytes be waived, for a reason a senior checker can weigh."""
    if not reason.strip():
        raise MisuseError("an exception has a reason")
    with orm.change():
        request = take_hold(gate, account, key, Action.ASK_EXCEPTION)
        version = _chosen(request, file, None)[0]
        found = sorted(set(version.findings.values_list("rule", flat=True)))
        if rule not in found:
            hint = f"what was found is of {', '.join(found)}" if found else "nothing was found on it"
            raise NotFound("this rule has no finding on this file", hint=hint)
        waiver, _ = models.Waiver.objects.update_or_create(
            version=version,
            rule=rule,
            defaults={
                "reason": reason.strip(),
                "asked_by": account.person,
                "decided_by": None,
                "granted": None,
            },
        )
        journal.write(
            gate,
            "exception asked",
            by=account.login,
            request=int(key),
            sha256=version.sha256,
            rule=rule,
            waiver=waiver.pk,
        )
    return waiver


def decide_exception(gate: Gate, account: Any, key: str, number: int, *, grant: bool, days: int = 90) -> Any:
    """A senior checker grants or refuses an exception; a granted one ends by itself."""
    with orm.change():
        request = take_hold(gate, account, key, Action.DECIDE_EXCEPTION)
        waiver = models.Waiver.objects.filter(pk=number, version__file__request=request).first()
        if waiver is None:
            raise NotFound("there is no such exception in this request")
        if waiver.asked_by_id == account.person_id:
            raise NotAllowed("nobody grants what they asked for")
        waiver.granted, waiver.decided_by = grant, account.person
        waiver.expires = timezone.now() + timezone.timedelta(days=days)
        waiver.save()
        journal.write(
            gate, "exception decided", by=account.login, request=int(key), waiver=number, granted=grant
        )
    return waiver


def ballot_of(vote: Any) -> str:
    """The seal over a vote: says nothing without the nonce, and fits no other vote."""
    words = [vote.request_id, vote.turn, vote.sha256, vote.person_id, vote.approve, vote.note, vote.nonce]
    return hashlib.sha256(canonical(words)).hexdigest()


def open_failures(version: Any) -> list[str]:
    """The rules that FAIL on these bytes and have no exception that holds today."""
    waived = set(
        version.waivers.filter(granted=True, expires__gt=timezone.now()).values_list("rule", flat=True)
    )
    failed = version.findings.filter(verdict="FAIL").values_list("rule", flat=True)
    return sorted(set(failed) - waived)


def _chosen(request: Any, file: str | None, sha256: str | None) -> list[Any]:
    versions = [v for v in outputs(request) if file is None or v.file.path == file]
    if not versions:
        raise NotFound("there is no such file in the request", hint="`tre review show` lists them")
    if sha256 is not None and any(v.sha256 != sha256 for v in versions):
        raise Conflict("the file is another one than you looked at", hint="look at it again")
    return versions


def _cast(gate: Gate, request: Any, account: Any, version: Any, *, approve: bool, note: str) -> None:
    if approve:
        _check_waived(version)
    _write_vote(gate, request, account, version, approve=approve, note=note)


def _check_waived(version: Any) -> None:
    if rules := open_failures(version):
        raise Conflict(
            f"the checker fails this file by {', '.join(rules)}, and no exception is granted",
            where=version.file.path,
            hint="refuse or return it, or let a senior checker decide on an exception the author asks for",
        )


def _write_vote(gate: Gate, request: Any, account: Any, version: Any, *, approve: bool, note: str) -> None:
    cast, _ = models.Vote.objects.update_or_create(
        version=version,
        turn=request.turn,
        person=account.person,
        defaults={
            "request": request,
            "sha256": version.sha256,
            "account": account,
            "approve": approve,
            "note": note,
            "nonce": secrets.token_hex(16),
        },
    )
    cast.ballot = ballot = ballot_of(cast)
    cast.save()
    journal.write(
        gate, "vote cast", by=account.login, request=request.pk, sha256=version.sha256, ballot=ballot
    )


def _count(gate: Gate, request: Any, account: Any) -> None:
    """After a vote: is this review whole, are all in, and what do they say together?"""
    versions = outputs(request)
    mine = set(
        request.votes.filter(turn=request.turn, person=account.person).values_list("version_id", flat=True)
    )
    if mine >= {v.pk for v in versions}:
        models.Review.objects.get_or_create(request=request, turn=request.turn, person=account.person)
    done = request.reviews.filter(turn=request.turn).count()
    if request.state == State.SUBMITTED:
        move(gate, request, Action.VOTE, State.IN_REVIEW, by=account.login)
    if done >= gate.reviewers:
        agreed = all(len(approvals(gate, request, v)) >= gate.reviewers for v in versions)
        move(
            gate,
            request,
            Action.VOTE,
            State.APPROVED if agreed else State.REVIEWED,
            by=account.login,
            opened=_opened(request, versions),
        )


def _opened(request: Any, versions: Sequence[Any]) -> dict[str, str]:
    """What the sealed ballots held: with the nonces, anyone can check them against the log."""
    votes = request.votes.filter(turn=request.turn, version__in=versions)
    return {v.ballot: f"{'approve' if v.approve else 'refuse'} {v.person_id} {v.nonce}" for v in votes}


def _turn_down(gate: Gate, account: Any, key: str, action: Action, to: State, note: str) -> Any:
    if not note.strip():
        raise MisuseError("say what has to change", hint="add --note: the author reads it")
    with orm.change():
        request = take_hold(gate, account, key, action)
        models.Comment.objects.create(
            request=request, turn=request.turn, person=account.person, body=note.strip()
        )
        move(gate, request, action, to, by=account.login)
    return request


def _altered(gate: Gate, key: str, account: Any) -> str | None:
    """The digest of a file whose stored bytes are no longer its own."""
    request = find(gate, account, key, Action.VOTE)
    for version in outputs(request):
        try:
            store.check(gate, version.sha256)
        except TreError:
            return str(version.sha256)
    return None
