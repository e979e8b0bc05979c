"""A researcher's side of the gate: make a request, put files in, hand it over, take it back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tre_toolkit.audit import Fact
from tre_toolkit.errors import TreError
from tre_toolkit.gate import findings, intake, journal, notices, orm, rederive
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.names import check_name, folded
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Case, check
from tre_toolkit.gate.refusals import Conflict, NotFound
from tre_toolkit.gate.states import Action, Event, State, can_move

SHORTEST_CONTEXT = 20  # characters; a quarter of refusals elsewhere are for missing context
DIFFERS = findings.Said(
    "FAIL", "evidence-differs", "", "running the recipe again gives other numbers", "make the output again"
)
KINDS = ("output", "supporting")


def new(gate: Gate, account: Any, *, title: str, context: str, project: str = "") -> Any:
    """Begin a request: what it is, and what a reviewer must know to judge it."""
    who = account.who
    check(Action.CREATE, who)
    chosen = models.Project.objects.filter(name=project or gate.project).first()
    if chosen is None or chosen.pk not in who.projects:
        raise NotFound("you are in no such project", hint="the gate's administrator adds members")
    _check_words(title, context)
    with orm.change():
        request = models.Request.objects.create(
            project=chosen,
            author=account.person,
            account=account,
            title=title.strip(),
            context=context.strip(),
            moved=timezone.now(),
        )
        journal.write(gate, "request made", by=account.login, request=request.pk, to=str(State.DRAFT))
    return request


def describe(gate: Gate, account: Any, key: str, *, title: str, context: str) -> None:
    """Change a request's title and context."""
    _check_words(title, context)
    with orm.change():
        request = take_hold(gate, account, key, Action.DESCRIBE)
        request.title, request.context, request.version = title.strip(), context.strip(), request.version + 1
        request.save()
        journal.write(gate, "request described", by=account.login, request=int(key))


def add(
    gate: Gate, account: Any, key: str, root: Path, names: list[str], *, kind: str = "output"
) -> list[Any]:
    """Take files below `root` into the request; a file of a name that is there becomes its new version."""
    if kind not in KINDS:
        raise TreError("a file is output or supporting")
    find(gate, account, key, Action.ADD)
    taken = [intake.take(gate, root, name) for name in names]
    with orm.change():
        request = take_hold(gate, account, key, Action.ADD)
        versions = [_enter(request, account, one, kind) for one in taken]
        models.Request.objects.filter(pk=key).update(version=F("version") + 1)
        for one in taken:
            journal.write(
                gate,
                "file added",
                by=account.login,
                request=int(key),
                sha256=one.sha256,
                bytes=one.size,
                type=one.type.name,
            )
    return versions


def add_sent(
    gate: Gate, account: Any, key: str, sent: Mapping[str, bytes], *, kind: str = "output"
) -> list[Any]:
    """Take in files that came over the wire, each with its evidence where that came along."""
    find(gate, account, key, Action.ADD)
    with tempfile.TemporaryDirectory(prefix="tre-gate-") as folder:
        for name, raw in sent.items():
            check_name(name)
            (Path(folder) / Path(name).name).write_bytes(raw)
        names = [Path(name).name for name in sent]
        evidence = {n for n in names if n.endswith(intake.EVIDENCE) and _has_output(n, names)}
        return add(gate, account, key, Path(folder), [n for n in names if n not in evidence], kind=kind)


def remove(gate: Gate, account: Any, key: str, name: str) -> None:
    """Take a file out of the request again; its bytes and history stay in the gate."""
    with orm.change():
        request = take_hold(gate, account, key, Action.REMOVE)
        file = request.files.filter(path=name, removed=None).first()
        if file is None:
            raise NotFound("there is no such file in the request")
        file.removed = timezone.now()
        file.save()
        journal.write(gate, "file removed", by=account.login, request=int(key), sha256=current(file).sha256)


def submit(gate: Gate, account: Any, key: str, *, done: Callable[[int], None] = lambda _: None) -> Any:
    """Hand the request over: the machine looks at each file first, then the reviewers' turn begins.

    `done` is called with the number of files once they are checked, then with 1 for each whose evidence was tried.
    """
    request = find(gate, account, key, Action.SUBMIT)
    versions = outputs(request)
    if not versions:
        raise Conflict("there is nothing to release in this request", hint="`tre request add` puts files in")
    before = request.version
    said = findings.check_versions(gate, versions)  # slow, as the next: outside the transaction
    done(len(versions))
    standings = {}
    for version in versions:
        standings[version.pk] = rederive.standing(gate, version, request.project.name)
        done(1)
    with orm.change():
        request = take_hold(gate, account, key, Action.SUBMIT)
        if request.version != before:
            raise Conflict("the request changed while it was checked", hint="submit it again")
        for version in versions:
            version.findings.all().delete()
            version.standing, version.checked = standings[version.pk], True
            version.save()
            if version.standing == "differs":
                said[version.pk].append(DIFFERS)
            models.Finding.objects.bulk_create(
                models.Finding(
                    version=version,
                    verdict=s.verdict,
                    rule=s.rule,
                    where=s.where[:300],
                    message=s.message,
                    fix=s.fix,
                )
                for s in said[version.pk]
            )
        turn = request.turn + (request.state == State.RETURNED)
        move(
            gate,
            request,
            Action.SUBMIT,
            State.SUBMITTED,
            by=account.login,
            turn=turn,
            files=len(versions),
            verdict=findings.worst([s.verdict for found in said.values() for s in found]),
        )
    return request


def withdraw(gate: Gate, account: Any, key: str) -> Any:
    """Take the request back for good."""
    with orm.change():
        request = take_hold(gate, account, key, Action.WITHDRAW)
        move(gate, request, Action.WITHDRAW, State.WITHDRAWN, by=account.login)
    return request


def comment(
    gate: Gate, account: Any, key: str, body: str, *, file: str | None = None, for_checkers: bool = False
) -> Any:
    """Say something about a request or one of its files; `for_checkers` hides it from the author's side."""
    if not body.strip():
        raise TreError("a comment has words")
    with orm.change():
        request = take_hold(gate, account, key, Action.COMMENT)
        about = request.files.filter(path=file).first() if file else None
        said = models.Comment.objects.create(
            request=request,
            file=about,
            turn=request.turn,
            person=account.person,
            body=body.strip(),
            for_checkers=for_checkers and not account.who.projects & {request.project_id},
        )
        journal.write(gate, "comment made", by=account.login, request=int(key), comment=said.pk)
    return said


def retract(gate: Gate, account: Any, key: str, number: int) -> None:
    """Strike one's own comment through; it stays in the record."""
    with orm.change():
        request = take_hold(gate, account, key, Action.RETRACT)
        said = request.comments.filter(pk=number, person=account.person, retracted=None).first()
        if said is None:
            raise NotFound("there is no such comment of yours")
        said.retracted = timezone.now()
        said.save()
        journal.write(gate, "comment retracted", by=account.login, request=int(key), comment=number)


def visible(gate: Gate, account: Any) -> Any:
    """The requests this account may know of, newest first."""
    who = account.who
    rows = models.Request.objects.select_related("author", "project").order_by("-moved")
    if who.role in {"researcher", "lead"}:
        return rows.filter(project__in=who.projects)
    check(Action.SEE_QUEUE, who)
    return rows if who.role == "auditor" else rows.exclude(state=State.DRAFT)


def find(gate: Gate, account: Any, key: str, action: Action = Action.SEE) -> Any:
    """The request, when the account may do `action` to it now. Raises NotFound, NotAllowed or Conflict."""
    rows = models.Request.objects.select_related("author", "project")
    request = rows.filter(pk=int(key)).first() if _is_number(key) else None
    if request is None:
        raise NotFound("there is no such request", hint="`tre request status` lists yours")
    request.found_case = request.case(reviewers=gate.reviewers)
    check(action, account.who, request.found_case)
    return request


def take_hold(gate: Gate, account: Any, key: str, action: Action) -> Any:
    """`find`, inside a change, with the account and the request read afresh and nobody else writing."""
    account.refresh_from_db()
    if _is_number(key):
        models.Request.objects.select_for_update().filter(pk=int(key)).first()
    return find(gate, account, key, action)


def move(
    gate: Gate, request: Any, by_what: Action | Event, to: State, *, by: str, turn: int = 0, **facts: Fact
) -> None:
    """Change the state by the table, with the one event that tells of it."""
    before = State(request.state)
    if not can_move(before, by_what, to):
        raise Conflict(f"a request that is {before} does not become {to} by {by_what}")
    request.state, request.moved, request.version = to, timezone.now(), request.version + 1
    if turn:
        request.turn = turn
    if to is State.SUBMITTED:
        request.submitted = request.moved
    request.save()
    journal.write(
        gate,
        f"request {by_what}",
        by=by,
        request=request.pk,
        turn=request.turn,
        **{"from": str(before), "to": str(to)},
        **facts,
    )
    transaction.on_commit(partial(notices.tell, gate, request.pk, to))


def outputs(request: Any) -> list[Any]:
    """The current versions of the files that are to leave, by path."""
    return list(
        models.FileVersion.objects.filter(
            file__request=request, file__removed=None, file__kind="output", current=True
        )
        .select_related("file")
        .prefetch_related("findings")
        .order_by("file__path")
    )


def current(file: Any) -> Any:
    """The version of a file that counts now."""
    return file.versions.get(current=True)


def case_of(gate: Gate, request: Any) -> Case:
    """What the rules need to know of a request, as it was when it was found: for showing, not for acting."""
    case: Case = getattr(request, "found_case", None) or request.case(reviewers=gate.reviewers)
    return case


def _has_output(evidence: str, names: list[str]) -> bool:
    stem = evidence.removesuffix(intake.EVIDENCE)
    return any(n != evidence and (n == stem or n.rpartition(".")[0] == stem) for n in names)


def _enter(request: Any, account: Any, taken: intake.Taken, kind: str) -> Any:
    twin = request.files.filter(folded=folded(taken.path)).first()
    if twin is not None and twin.path != taken.path:
        raise Conflict("the request has a file whose name differs in nothing a reader sees", where=taken.path)
    file = twin or models.RequestFile(request=request, path=taken.path, folded=folded(taken.path))
    file.kind, file.removed = kind, None
    file.save()
    old = file.versions.filter(current=True).first()
    if old is not None and (old.sha256, old.evidence) == (taken.sha256, taken.evidence):
        return old
    file.versions.filter(current=True).update(current=False)
    return models.FileVersion.objects.create(
        file=file,
        sha256=taken.sha256,
        size=taken.size,
        type=taken.type.name,
        evidence=taken.evidence,
        evidence_name=taken.evidence_name,
        standing="claimed" if taken.evidence else "none",
        turn=request.turn + (request.state == State.RETURNED),
        added_by=account.person,
    )


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdecimal() and len(key) < 18


def _check_words(title: str, context: str) -> None:
    if not title.strip() or len(context.strip()) < SHORTEST_CONTEXT:
        raise TreError(
            f"a request has a title and a context of at least {SHORTEST_CONTEXT} characters",
            hint="say who is counted, over which years, what each file shows and where it will be published",
        )
