"""What was logged stays logged: events in canonical JSON, each bound to the one before.

A log is a text file, one event a line. An event holds a number, a moment, a name and facts (counts,
names of columns, digests: never a value) and the SHA-256 of the line before it. A signed checkpoint
(number of events, digest of the last) is kept in a second place: without one a log can be cut short
or rebuilt from the start unnoticed, with one it can't. A checkpoint is a C2SP signed note: its first
signature line is plain Ed25519, which any note verifier checks; the second is ML-DSA-65.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.files import write_text
from tre_toolkit.signing import CLASSICAL, Signer, Verifier

START = "0" * 64  # what the first event names as the digest before it
ORIGIN = "tre-toolkit/audit"  # the first line of a checkpoint, and the name its keys go by
ED25519, MLDSA65 = b"\x01", b"\xfftre-toolkit/mldsa65"  # how a note's key says of which kind it is
DASH = "\u2014 "  # what a note's signature lines begin with
Fact = str | int | bool | None | list[str] | list[int] | dict[str, int] | dict[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log."""

    number: int
    moment: str
    name: str
    facts: Mapping[str, Any]
    before: str

    def line(self) -> bytes:
        return canonical(
            {
                "n": self.number,
                "at": self.moment,
                "event": self.name,
                "facts": self.facts,
                "before": self.before,
            }
        )

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.line()).hexdigest()


def append(log: Path, name: str, **facts: Fact) -> Event:
    """Add an event at the end of `log` (made if it isn't there), under a lock, synced to the disk.

    Raises TreError when the last line is not whole or not an event.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        number, before = _tail(file.fileno(), log)
        event = Event(number + 1, datetime.now(UTC).isoformat(timespec="milliseconds"), name, facts, before)
        _add(file.fileno(), event.line() + b"\n")
    return event


def following(
    before: Event | None, name: str, facts: Mapping[str, Fact], *, moment: str | None = None
) -> Event:
    """The event that comes after `before` (None: the first), written nowhere yet."""
    moment = moment or datetime.now(UTC).isoformat(timespec="milliseconds")
    number, digest = (before.number, before.digest) if before else (0, START)
    return Event(number + 1, moment, name, facts, digest)


def parse(line: str | bytes) -> Event:
    """The event in one line, without its line end. Raises TreError when it is none."""
    return _parse(line.encode() if isinstance(line, str) else line, Path("the log"), None)


def catch_up(log: Path, source: Callable[[int], Sequence[str]]) -> int:
    """Bring the copy at `log` up to date from the keeper of the chain; the number of events added.

    `source(n)` gives the lines of all events from number `n` on. An append that a crash cut short is
    mended. Raises TreError when the copy holds events the keeper doesn't: the keeper was rolled back.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        torn = _cut_torn_end(file.fileno())
        number, before = _tail(file.fileno(), log)
        lines = source(max(number, 1))
        if number and (not lines or hashlib.sha256(lines[0].encode()).hexdigest() != before):
            raise TreError(
                "the log holds events that the database doesn't: the database was rolled back or rewritten",
                where=str(log),
                hint="restore the newest backup of the database; never cut the log to fit",
            )
        missing = b"".join(line.encode() + b"\n" for line in (lines[1:] if number else lines))
        if not missing.startswith(torn):
            raise TreError("the last event of the log is not the database's", where=str(log))
        _add(file.fileno(), missing)
    return missing.count(b"\n")


def events(log: Path) -> Iterator[Event]:
    """Every event of `log` in order, each checked against the one before.

    Raises TreError at the first line that was altered, moved, added or lost.
    """
    before, number = START, 0
    with log.open("rb") as file:
        for line in file:
            number += 1
            event = _parse(line, log, number)
            if event.before != before or event.number != number or event.line() + b"\n" != line:
                raise _broken(log, number)
            before = hashlib.sha256(line[:-1]).hexdigest()
            yield event


def lines(log: Path) -> int:
    """How many lines `log` has, unread and unchecked: what there is to do for a bar; 0 when there is no log."""
    if not log.is_file():
        return 0
    with log.open("rb") as file:
        return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))


def verify(
    log: Path,
    *,
    checkpoint: Path | None = None,
    verifier: Verifier | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> int:
    """The number of events in `log`, all of them whole and in order, none lost since `checkpoint`.

    `done` is called with 1 after each event. Raises TreError when anything was altered, or when the checkpoint's own signature is wrong.
    """
    claimed = _read_checkpoint(checkpoint, verifier) if checkpoint else None
    count, held = 0, claimed is None or claimed["n"] == 0
    for event in events(log):
        count = event.number
        if claimed and count == claimed["n"]:
            held = event.digest == claimed["digest"]
        done(1)
    if not held:
        raise TreError(
            "the log is not the one the checkpoint was made of: events were cut off or rewritten",
            where=str(log),
            hint="restore the log from its newest backup and compare the two",
        )
    return count


def write_checkpoint(log: Path, path: Path, signer: Signer) -> Path:
    """Sign the state of `log` into `path`; keep that file where the log's keeper can't write."""
    count, digest = 0, START
    for event in events(log):
        count, digest = event.number, event.digest
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    root = base64.b64encode(bytes.fromhex(digest)).decode()
    text = f"{ORIGIN}\n{count}\n{root}\nat {moment}\n"
    return write_text(path, f"{text}\n{note_signatures(text.encode(), signer)}", replace=True)


def note_signatures(text: bytes, signer: Signer) -> str:
    """The two signature lines of a note."""
    signature, verifier = signer.sign_note(text), signer.verifier
    halves = (
        _key_id(ED25519, verifier.classical) + signature[:CLASSICAL],
        _key_id(MLDSA65, verifier.lattice) + signature[CLASSICAL:],
    )
    return "".join(f"{DASH}{ORIGIN} {base64.b64encode(half).decode()}\n" for half in halves)


def canonical(value: object) -> bytes:
    """One way to write a JSON value: sorted keys, no spaces, UTF-8, no floats."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _read_checkpoint(path: Path, verifier: Verifier | None) -> dict[str, Any]:
    if verifier is None:
        raise TreError("a checkpoint can only be trusted with the public key of its signer", where=str(path))
    try:
        text, lines = path.read_text(encoding="utf-8").split("\n\n")
        origin, count, root, _moment = text.split("\n")
        signed = f"{text}\n".encode()
        halves = [
            base64.b64decode(_after(line), validate=True) for line in lines.removesuffix("\n").split("\n")
        ]
        claimed = {"n": int(count), "digest": base64.b64decode(root, validate=True).hex()}
        ids = [half[:4] for half in halves]
        if origin != ORIGIN or str(claimed["n"]) != count or len(halves) != 2:
            raise ValueError
    except (OSError, ValueError):
        raise TreError("this is not a whole checkpoint", where=str(path)) from None
    ours = [_key_id(ED25519, verifier.classical), _key_id(MLDSA65, verifier.lattice)]
    if ids != ours or not verifier.verify_note(halves[0][4:] + halves[1][4:], signed):
        raise TreError(
            "the checkpoint's signature is not right: it was altered, or another key signed it",
            where=str(path),
            hint=f"take the copy kept in the second place; expected {verifier.fingerprint}",
        )
    return claimed


def _after(line: str) -> str:
    """The base64 of a note's signature line of our name."""
    if not line.startswith(f"{DASH}{ORIGIN} "):
        raise ValueError
    return line.removeprefix(f"{DASH}{ORIGIN} ")


def _key_id(kind: bytes, public: bytes) -> bytes:
    """The four bytes by which a note says which key signed it."""
    return hashlib.sha256(ORIGIN.encode() + b"\n" + kind + public).digest()[:4]


def _tail(handle: int, log: Path) -> tuple[int, str]:
    """Number and digest of the last event, reading only the end of the file."""
    size = os.fstat(handle).st_size
    if size == 0:
        return 0, START
    reach = 4096
    while True:
        block = os.pread(handle, min(reach, size), max(0, size - reach))
        if not block.endswith(b"\n"):
            raise TreError(
                "the last event of the log is cut short", where=str(log), hint="`tre audit verify` says where"
            )
        start = block.rfind(b"\n", 0, -1)
        if start >= 0 or reach >= size:
            line = block[start + 1 :]
            return _parse(line, log, None).number, hashlib.sha256(line[:-1]).hexdigest()
        reach *= 4


def _add(handle: int, raw: bytes) -> None:
    """Put bytes at the end, synced, or leave the log as it was: a failing disk may write a half and say nothing."""
    size, rest = os.fstat(handle).st_size, memoryview(raw)
    try:
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError:
        with suppress(OSError):
            os.ftruncate(handle, size)
        raise


def _cut_torn_end(handle: int) -> bytes:
    """Remove what stands after the last line end, and give it back."""
    size = os.fstat(handle).st_size
    torn, at = b"", size
    while at > 0 and b"\n" not in torn:
        at = max(0, at - 65536)
        torn = os.pread(handle, size - at, at)
    torn = torn[torn.rfind(b"\n") + 1 :]
    if torn:
        os.ftruncate(handle, size - len(torn))
    return torn


def _parse(line: bytes, log: Path, number: int | None) -> Event:
    try:
        raw = json.loads(line)
        return Event(raw["n"], raw["at"], raw["event"], raw["facts"], raw["before"])
    except (ValueError, KeyError, TypeError):
        raise _broken(log, number) from None


def _broken(log: Path, number: int | None) -> TreError:
    place = f"event {number}" if number else "the last event"
    return TreError(
        f"the log was altered at {place}", where=str(log), hint="restore it from a backup and compare the two"
    )
