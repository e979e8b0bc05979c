"""Letting go: stage, sync, compare with the votes, one transaction, move into place. And taking back.

At every moment a crash leaves either nothing or the whole release: `recover` sweeps what was staged and not
committed, and puts in its place what was committed and not yet moved. One release at a time holds the lock.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from tre_toolkit.audit import canonical
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.files import PART, digest, new_file
from tre_toolkit.gate import bag, findings, journal, orm, store
from tre_toolkit.gate.filetypes import TYPES, identify
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.refusals import Conflict, Unsafe
from tre_toolkit.gate.requests import move, outputs, take_hold
from tre_toolkit.gate.reviews import approvals, open_failures
from tre_toolkit.gate.states import Action, Event, State
from tre_toolkit.gate.verify import REVOCATION, Refused, verify_release
from tre_toolkit.signing import Signer


def make(
    gate: Gate,
    account: Any,
    key: str,
    into: Path,
    signer: Signer,
    *,
    done: Callable[[int], None] = lambda _: None,
) -> Any:
    """Release the request into the new folder `into`; the release. Exactly once, or not at all.

    `done` is called with 1 for each file whose votes and bytes were checked, and again once its copy was. Raises
    Conflict when it isn't approved (any more), Altered (and the request is blocked) when the store
    doesn't hold the bytes that were voted on.
    """
    _check_target(into, signer, gate)
    with alone(gate):
        settle(gate)
        try:
            return _make(gate, account, key, into, signer, done)
        except OSError:
            with suppress(OSError, TreError):
                settle(
                    gate
                )  # a disk that failed just after a commit leaves something to sweep or to put in place
            raise


def recall(gate: Gate, account: Any, key: str, *, reason: str, signer: Signer) -> Any:
    """Take a release back: it goes on the signed list that recipients' `tre verify` reads."""
    if not reason.strip():
        raise MisuseError("a recall has a reason")
    with alone(gate):
        with orm.change():
            request = take_hold(gate, account, key, Action.RECALL)
            models.Recall.objects.create(release=request.release, reason=reason.strip(), by=account.person)
            move(
                gate, request, Action.RECALL, State.RECALLED, by=account.login, release=request.release.number
            )
        write_revocations(gate, signer)
        journal.sign_checkpoint(gate, signer)
    return request


def write_revocations(gate: Gate, signer: Signer) -> Path:
    """Sign the list of recalled releases anew, dated now. Reasons stay in the gate."""
    recalled = [
        {"release": r.release.number, "at": r.at.isoformat(timespec="seconds")}
        for r in models.Recall.objects.select_related("release").order_by("at")
    ]
    body = canonical(
        {"gate": gate.id, "at": datetime.now(UTC).isoformat(timespec="seconds"), "recalled": recalled}
    )
    with new_file(gate.revocations, replace=True) as part:
        part.write_bytes(body + b"\n" + signer.sign(body, purpose=REVOCATION).hex().encode() + b"\n")
    return gate.revocations


def recover(gate: Gate) -> list[str]:
    """Finish or sweep what a crash left; what was done. Does nothing while a release is at work."""
    if not models.Release.objects.filter(placed=None).exists():
        return []
    try:
        with alone(gate, wait=False):
            return settle(gate)
    except BlockingIOError:
        return []


def settle(gate: Gate) -> list[str]:
    """`recover`, by who holds the release lock."""
    done = []
    for release in models.Release.objects.filter(placed=None).select_related("request"):
        if release.committed is None:
            shutil.rmtree(release.staged, ignore_errors=True)
            _undo(gate, release, Event.ABANDON, State.APPROVED, by="")
            done.append(f"request {release.request_id}: a release broken off was swept away")
        elif _place(gate, release):
            done.append(f"request {release.request_id}: a committed release was put in its place")
    return done


@contextmanager
def alone(gate: Gate, *, wait: bool = True) -> Iterator[None]:
    """Hold the gate's release lock. Raises BlockingIOError when it is taken and `wait` is false."""
    handle = os.open(gate.folder / "release.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def _check_target(into: Path, signer: Signer, gate: Gate) -> None:
    if into.exists() or into.is_symlink():
        raise TreError("something stands here already", where=str(into), hint="name another place")
    if not into.parent.is_dir():
        raise TreError("the folder to write into doesn't exist", where=str(into.parent))
    if signer.verifier != gate.verifier():
        raise TreError("this is not the gate's signing key", where=str(gate.signer_key))


def _make(gate: Gate, account: Any, key: str, into: Path, signer: Signer, done: Callable[[int], None]) -> Any:
    release = _begin(gate, account, key, into)
    staged = Path(release.staged)
    try:
        manifest = _stage(gate, account, release, staged, signer, done)
    except store.Altered:
        shutil.rmtree(staged, ignore_errors=True)
        _undo(gate, release, Event.BLOCK, State.BLOCKED, by=account.login)
        raise
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        _undo(gate, release, Event.ABANDON, State.APPROVED, by=account.login)
        raise
    _commit(gate, account, release, manifest)
    _place(gate, release)
    _remember(gate, release)
    journal.sign_checkpoint(gate, signer)
    return release


def _begin(gate: Gate, account: Any, key: str, into: Path) -> Any:
    with orm.change():
        request = take_hold(gate, account, key, Action.RELEASE)
        number = f"{gate.id.removeprefix('gate-')}-{request.pk:04d}-{secrets.token_hex(3)}"
        release = models.Release.objects.create(
            request=request,
            number=number,
            folder=str(into.absolute()),
            staged=str(into.absolute().with_name(f".{into.name}.{number}{PART}")),
            by=account.person,
        )
        move(gate, request, Action.RELEASE, State.RELEASING, by=account.login, release=number)
    return release


def _stage(
    gate: Gate, account: Any, release: Any, staged: Path, signer: Signer, done: Callable[[int], None]
) -> str:
    """Build the bag beside its place, sync it, and check it as its recipient will."""
    items = _items(gate, release.request, done)
    staged.mkdir(mode=0o755)
    manifest = bag.build(staged, items, _facts(gate, account, release), signer)
    _sync(staged)
    try:
        verify_release(staged, gate.verifier())
    except Refused as refused:
        raise store.Altered(f"the staged release is not right: {refused.problem.what}") from None
    for item in items:
        if digest(staged / "data" / item.path) != item.sha256:
            raise store.Altered("a staged file is not the one that was voted on", where=item.path)
        done(1)
    return manifest


def _items(gate: Gate, request: Any, done: Callable[[int], None]) -> list[bag.Item]:
    """What leaves, each file with the people whose votes on exactly these bytes count now."""
    items = []
    for version in outputs(request):
        voters = approvals(gate, request, version)
        if len(voters) < gate.reviewers:
            raise Conflict(
                f"fewer than {gate.reviewers} votes on this file still count",
                where=version.file.path,
                hint="a reviewer's role or membership changed since: return the request",
            )
        blob = store.check(gate, version.sha256)
        _check_type(version, blob)
        if open_failures(version):
            raise Conflict("an exception this file needs has run out", where=version.file.path)
        names = models.Person.objects.filter(pk__in=voters).order_by("name").values_list("name", flat=True)
        waived = version.waivers.filter(granted=True).order_by("rule").values_list("rule", flat=True)
        items.append(
            bag.Item(
                path=version.file.path,
                blob=blob,
                sha256=version.sha256,
                type=version.type,
                media=TYPES[version.type].media,
                verdict=findings.worst(list(version.findings.values_list("verdict", flat=True))),
                standing=version.standing,
                approved_by=tuple(names),
                exceptions=tuple(waived),
            )
        )
        done(1)
    return items


def _check_type(version: Any, blob: Path) -> None:
    """Unknown is refused here too: a gate of today may hold less than the one that took the file in."""
    with blob.open("rb") as file:
        if identify(version.file.path, file).name != version.type:
            raise Unsafe("the file is no longer of the type it was reviewed as", where=version.file.path)


def _facts(gate: Gate, account: Any, release: Any) -> dict[str, Any]:
    request, head = release.request, journal.head()
    return {
        "release": release.number,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "gate": {"id": gate.id, "name": gate.name, "fingerprint": gate.verifier().fingerprint},
        "request": {
            "number": request.pk,
            "turn": request.turn,
            "project": request.project.name,
            "title": request.title,
            "author": request.author.name,
        },
        "released_by": account.person.name,
        "audit": {"events": head.number if head else 0, "digest": head.digest if head else ""},
    }


def _commit(gate: Gate, account: Any, release: Any, manifest: str) -> None:
    with orm.change():
        request = models.Request.objects.select_for_update().get(pk=release.request_id)
        release.manifest, release.committed = manifest, timezone.now()
        release.save()
        move(
            gate,
            request,
            Event.FINISH,
            State.RELEASED,
            by=account.login,
            release=release.number,
            manifest=manifest,
            files=[v.sha256 for v in outputs(request)],
        )


def _place(gate: Gate, release: Any) -> bool:
    """Move the committed bag into its place; false when neither place holds it any more."""
    staged, folder = Path(release.staged), Path(release.folder)
    if staged.is_dir() and not folder.exists():
        staged.rename(folder)
        store.sync_folder(folder.parent)
    if not folder.is_dir() or digest(folder / "release.json") != release.manifest:
        return False
    with orm.change():
        release.placed = timezone.now()
        release.save()
        journal.write(gate, "release placed", by="", request=release.request_id, release=release.number)
    return True


def _remember(gate: Gate, release: Any) -> None:
    """Put what left on the ledger; a ledger that can't be written stops no release, and is told."""
    try:
        findings.record(gate, outputs(release.request))
    except TreError:
        with orm.change():
            journal.write(gate, "ledger not written", by="", request=release.request_id)


def _undo(gate: Gate, release: Any, why: Event, to: State, *, by: str) -> None:
    with orm.change():
        request = models.Request.objects.select_for_update().get(pk=release.request_id)
        move(gate, request, why, to, by=by, release=release.number)
        release.delete()


def _sync(folder: Path) -> None:
    for path in [*sorted(folder.rglob("*")), folder]:
        store.sync_folder(path)  # fsync takes any handle: a file's or a folder's
    store.sync_folder(folder.parent)
