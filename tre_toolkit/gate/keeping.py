"""Keeping a gate: backup while it works, restore to the byte, and a doctor who looks everything over."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.files import digest, new_file, new_folder, write_text
from tre_toolkit.gate.folder import Gate, _read, open_gate, point_at_database

MANIFEST = "backup.json"
FORMAT = "tre-gate-backup-v1"
DATABASE = "gate.sqlite3"
DUMP = "gate.pgdump"
KEPT = (
    "gate.toml",
    "gate.pub",
    "signer.key",
    "web.secret",
    "audit.log",
    "checkpoint",
    "revocations.json",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the doctor looked at."""

    name: str
    well: bool
    told: str


def migrate(folder: Path) -> None:
    """Bring the database of the gate in `folder` to this version's schema, with an event that says so."""
    gate = _read(folder)
    point_at_database(gate)
    from tre_toolkit.gate import journal, orm

    orm.migrate()
    with orm.change():
        journal.write(gate, "database migrated", by="")


def backup(gate: Gate, into: Path, *, done: Callable[[int], None] = lambda _: None) -> int:
    """Copy the gate into one archive while it works; the number of files.

    `done` is called with 1 for each blob that was read for its digest, and again once it is in the archive.
    """
    with tempfile.TemporaryDirectory(prefix="tre-gate-backup-") as place:
        # the log first: a database that knows more than its log is caught up with, the other way is a rollback
        kept = [gate.folder / name for name in KEPT] + sorted(gate.folder.glob("releases.ledger*"))
        files = {path.name: Path(shutil.copy(path, place)) for path in kept if path.exists()}
        database = _copy_database(gate, Path(place))
        files[database.name] = database
        files |= {p.relative_to(gate.folder).as_posix(): p for p in blobs(gate)}
        listed = {}
        for name, path in files.items():
            listed[name] = digest(path)
            done(name.startswith("blobs/"))
        told = json.dumps({"format": FORMAT, "gate": gate.id, "files": listed}, indent=1).encode()
        with new_file(into, mode=0o600) as part, tarfile.open(part, "w") as archive:
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(told)
            archive.addfile(entry, io.BytesIO(told))
            for name, path in files.items():
                archive.add(path, name, recursive=False)
                done(name.startswith("blobs/"))
    return len(files)


def blobs(gate: Gate) -> list[Path]:
    """Every file of the gate's store, by path."""
    return [p for p in sorted(gate.blobs.rglob("*")) if p.is_file() and not p.name.startswith(".")]


def restore(
    archive: Path,
    into: Path,
    *,
    log: Path | None = None,
    database: str = "",
    done: Callable[[int], None] = lambda _: None,
) -> int:
    """Make a gate from a backup; how many events `log` (the newest copy) has that the backup lacks.

    `done` is called with the bytes of each file that was written out. A backup of a gate on PostgreSQL is restored
    into `database`, which must be empty. Raises TreError when the
    archive isn't whole, or `log` is not the same gate's later log.
    """
    with new_folder(into) as part:
        part.chmod(0o700)
        _unpack(archive, part, done)
        if (part / DUMP).exists():
            _load_dump(part, database, archive)
        elif database:
            raise TreError("this backup is of a gate with its own database", where=str(archive))
    gate = open_gate(into)
    if log is None:
        return 0
    kept = audit.verify(gate.log)
    later = [event for event in audit.events(log) if event.number >= kept]
    here = list(audit.events(gate.log))
    if not later or not here or later[0].digest != here[-1].digest:
        raise TreError("this is not the same gate's later log", where=str(log))
    return len(later) - 1


def _load_dump(part: Path, database: str, archive: Path) -> None:
    """Load the dump into an empty database, whole or not at all, and let the new gate point there."""
    if not database:
        raise TreError(
            "this backup holds a PostgreSQL dump",
            where=str(archive),
            hint='make an empty database and name it: --database "host=… dbname=… user=…"',
        )
    words = ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", f"--dbname={database}"]
    if _pg([*words, str(part / DUMP)]) != 0:
        raise TreError(
            "the dump can't be loaded: nothing was restored",
            hint="the database must be there, empty and yours; pg_restore has to be installed",
        )
    (part / DUMP).unlink()
    told = (part / "gate.toml").read_text(encoding="utf-8")
    before = json.dumps(_read(part).database)
    write_text(part / "gate.toml", told.replace(before, json.dumps(database)), replace=True, mode=0o600)


def _pg(words: list[str]) -> int:
    """How one of PostgreSQL's own programs ended; their words may hold values and are not repeated."""
    try:
        return subprocess.run(words, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode
    except OSError:
        return 127


def wanted(gate: Gate) -> list[str]:
    """The digests of every file the database knows, sorted: what the store must hold."""
    from tre_toolkit.gate.orm import models

    known = set(models.FileVersion.objects.values_list("sha256", flat=True))
    return sorted(
        known | set(models.FileVersion.objects.exclude(evidence="").values_list("evidence", flat=True))
    )


def look_over(gate: Gate, *, done: Callable[[int], None] = lambda _: None) -> Iterator[Check]:
    """Everything a gate promises, looked at: blobs, log, checkpoint, votes behind releases, key's guard.

    `done` is called with 1 after each blob and each event of the log.
    """
    from django.db import connection

    known, bad = wanted(gate), []
    for sha256 in known:
        bad += [] if _blob_is_whole(gate, sha256) else [sha256]
        done(1)
    yield Check(
        "blobs",
        not bad,
        f"{len(known):,} files, {len(bad)} missing or altered" + "".join(f" {d[:16]}" for d in bad[:5]),
    )
    yield _tried("log", lambda: f"{audit.verify(gate.log, done=done):,} events, whole and in order")
    if gate.checkpoint.exists():
        yield _tried("checkpoint", lambda: _checkpoint_told(gate))
    else:
        yield Check("checkpoint", well=True, told="none yet: `tre gate prove` signs one")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA integrity_check")
            yield Check("database", *_verdict(str(cursor.fetchone()[0])))
    yield _votes_told(gate)
    yield _releases_told(gate)
    loose = [n for n in ("signer.key", "web.secret") if (gate.folder / n).stat().st_mode & 0o077]
    yield Check(
        "secrets",
        not loose,
        "readable by their keeper only" if not loose else "others can read " + ", ".join(loose),
    )
    free = shutil.disk_usage(gate.folder).free
    yield Check("disk", free > 200_000_000, f"{free // 1_000_000:,} MB free")


def _releases_told(gate: Gate) -> Check:
    """Each release: were its bytes approved by enough persons in its last turn?"""
    from tre_toolkit.gate.orm import models
    from tre_toolkit.gate.requests import outputs

    bad, count = [], 0
    for release in models.Release.objects.filter(committed__isnull=False).select_related("request"):
        count += 1
        request = release.request
        for version in outputs(request):
            votes = version.votes.filter(turn=request.turn, approve=True, sha256=version.sha256)
            if votes.exclude(person=request.author).values("person").distinct().count() < gate.reviewers:
                bad.append(request.pk)
    astray = [r.request_id for r in models.Release.objects.filter(committed__isnull=False, placed=None)]
    if astray:
        return Check("releases", well=False, told=f"recorded, but not in their place: {astray[:10]}")
    return Check(
        "releases", not bad, f"{count:,}, each voted on" if not bad else f"without enough votes: {bad[:10]}"
    )


def _votes_told(gate: Gate) -> Check:
    """Each vote in the database: does the log hold its sealed ballot, and is the ballot what the vote says?"""
    from tre_toolkit.gate.orm import models
    from tre_toolkit.gate.reviews import ballot_of

    try:
        cast = {e.facts["ballot"] for e in audit.events(gate.log) if e.name == "vote cast"}
    except TreError:
        return Check("votes", well=False, told="the log can't be read")
    bad = count = 0
    for vote in models.Vote.objects.iterator():
        count += 1
        bad += vote.ballot not in cast or vote.ballot != ballot_of(vote)
    return Check(
        "votes",
        not bad,
        f"{count:,}, each in the log" if not bad else f"{bad:,} without an event of their own",
    )


def _checkpoint_told(gate: Gate) -> str:
    count = audit.verify(gate.log, checkpoint=gate.checkpoint, verifier=gate.verifier())
    return f"nothing lost of {count:,} events since it was signed"


def _tried(name: str, work: Any) -> Check:
    try:
        return Check(name, well=True, told=str(work()))
    except TreError as broken:
        return Check(name, well=False, told=broken.problem.what)


def _verdict(said: str) -> tuple[bool, str]:
    return said == "ok", said


def _blob_is_whole(gate: Gate, sha256: str) -> bool:
    from tre_toolkit.gate import store

    path = store.place(gate, sha256)
    return path.is_file() and digest(path) == sha256


def _copy_database(gate: Gate, place: Path) -> Path:
    if gate.database:
        path = place / DUMP
        if _pg(["pg_dump", "--format=custom", f"--file={path}", f"--dbname={gate.database}"]) != 0:
            raise TreError("the database can't be dumped", hint="pg_dump of the server's version is needed")
        return path
    path = place / DATABASE
    with closing(sqlite3.connect(gate.folder / DATABASE)) as live, closing(sqlite3.connect(path)) as copy:
        live.backup(copy)
    return path


def _unpack(archive: Path, part: Path, done: Callable[[int], None]) -> None:
    """Write out exactly the files the manifest lists, each with its digest; anything else is refused."""
    try:
        with tarfile.open(archive) as held:
            first = held.next()
            told = json.loads(held.extractfile(first).read()) if first and first.name == MANIFEST else {}  # type: ignore[union-attr]
            if told.get("format") != FORMAT:
                raise TreError("this is not a gate's backup", where=str(archive))
            for name, sha256 in told["files"].items():
                raw = held.extractfile(name).read()  # type: ignore[union-attr]
                if hashlib.sha256(raw).hexdigest() != sha256 or ".." in name or name.startswith("/"):
                    raise TreError("the backup was altered", where=str(archive), hint="take an older one")
                path = part / name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.write_bytes(raw)
                path.chmod(0o400 if name.startswith("blobs/") else 0o600)
                done(len(raw))
    except (tarfile.TarError, ValueError, KeyError, AttributeError, OSError):
        raise TreError("the backup can't be read", where=str(archive), hint="take an older one") from None
    (part / "blobs").mkdir(exist_ok=True)
