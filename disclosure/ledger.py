"""The release ledger: every cell that left, as an equation over the children, in a hash chain.

One JSON value a line; each line carries the hash of the one before, and `<ledger>.head` holds the number and hash of
the last, so that a line changed, dropped or cut off at the end is noticed. A ledger that doesn't verify refuses to
serve: nothing can be released against it. It holds true membership and is as sensitive as the data: it stays inside.

A release made by a session also records which children lie in which cell (by number, under a salt of the ledger's
own), so that the next output can be attacked jointly; a ready-made file records its cells and their labels.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from disclosure.atomic import canonical, sha256, write_bytes
from disclosure.shown import Floats, Ints
from tre_toolkit.errors import TreError

FORMAT = "tre-ledger-v1"
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One released table: its labels, what its cells print, and (from a session) who lies in which cell."""

    number: int
    name: str
    digest: str
    at: str
    unit: str | None
    scope: Mapping[str, Any]
    dimensions: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    codes: Ints
    totals: tuple[int | None, ...]  # the grand total's member in each dimension
    low: Floats
    high: Floats
    people: Ints | None = None  # numbers of the children in published cells, and the cell (1..) of each
    cell: Ints | None = None
    sets: Ints | None = None  # a number for each cell's set of children, as evidence tells; 0 for nobody
    truth: Ints | None = None  # with sets: the figure behind every cell, hidden ones too
    parents: tuple[Mapping[int, int], ...] = ()  # and in each dimension which member is the total of which


@dataclass(slots=True)
class Ledger:
    """A verified ledger in memory; `add` appends to the file."""

    path: Path
    salt: bytes
    entries: list[Entry] = field(default_factory=list)
    people: dict[bytes, int] = field(default_factory=dict)
    last: str = FIRST
    lines: int = 0

    def numbers_of(self, marks: Sequence[bytes]) -> Ints:
        """The ledger's numbers for children (by `mark`); new children get new numbers, kept at the next `add`."""
        return np.array([self.people.setdefault(mark, len(self.people)) for mark in marks], np.int64)

    def mark(self, identifier: str) -> bytes:
        """What a child is called in this ledger."""
        return hashlib.blake2b(identifier.encode(), key=self.salt, digest_size=8).digest()

    def has(self, digest: str) -> bool:
        """Whether exactly these bytes were recorded before."""
        return any(entry.digest == digest for entry in self.entries)

    def add(self, entry: Entry) -> None:
        """Append one release, and the children it knows of that the file didn't.

        Raises TreError when the file has changed since it was read.
        """
        with _locked(self.path):
            fresh = read_ledger(self.path)
            if fresh.last != self.last:
                raise TreError(
                    "somebody else added to the ledger meanwhile", where=str(self.path), hint="check again"
                )
            new = list(self.people)[len(fresh.people) :]
            lines = [{"people": _pack_bytes(b"".join(new)), "count": len(new)}] if new else []
            lines.append({"release": _as_json(entry)})
            with self.path.open("ab") as file:
                for told in lines:
                    self.last, text = _link(self.last, told)
                    self.lines += 1
                    file.write(text)
                file.flush()
                os.fsync(file.fileno())
            _write_head(self.path, self.lines, self.last)
        self.entries.append(entry)


def new_ledger(path: Path, *, project: str = "") -> Ledger:
    """Begin a ledger. Raises TreError when something stands there already."""
    salt = secrets.token_bytes(16)
    told = {"format": FORMAT, "project": project, "salt": salt.hex(), "begun": _now()}
    last, text = _link(FIRST, told)
    write_bytes(path, text, mode=0o600)
    _write_head(path, 1, last)
    return Ledger(path, salt, last=last, lines=1)


def open_ledger(path: Path, *, project: str = "") -> Ledger:
    """The ledger at `path`, begun there when there is none."""
    return read_ledger(path) if path.exists() else new_ledger(path, project=project)


def read_ledger(path: Path) -> Ledger:
    """Read and verify a ledger. Raises TreError when a line was changed, lost or cut off: then nothing is released."""
    refusal = TreError(
        "the ledger doesn't verify: a line was changed, lost or cut off",
        where=str(path),
        hint="nothing can be released against it; restore it from its second copy",
    )
    try:
        lines = path.read_bytes().split(b"\n")
        head = json.loads(_head(path).read_bytes())
    except FileNotFoundError:
        raise TreError("there is no such ledger, or its head is gone", where=str(path)) from None
    except ValueError:
        raise refusal from None
    if lines.pop() != b"" or not lines:
        raise refusal
    ledger, last = None, FIRST
    for number, line in enumerate(lines):
        last = _check_line(line, last, refusal)
        told = json.loads(line)["told"]
        try:
            ledger = _begin(path, told) if number == 0 else _take(ledger, told)
        except (KeyError, TypeError, ValueError, zlib.error):
            raise refusal from None
    if ledger is None or head != {"lines": len(lines), "hash": last}:
        raise refusal
    ledger.last, ledger.lines = last, len(lines)
    return ledger


def _begin(path: Path, told: Mapping[str, Any]) -> Ledger:
    if told["format"] != FORMAT:
        raise ValueError
    return Ledger(path, bytes.fromhex(told["salt"]))


def _take(ledger: Ledger | None, told: Mapping[str, Any]) -> Ledger:
    if ledger is None:
        raise ValueError
    if "people" in told:
        marks = _unpack_bytes(told["people"])
        for at in range(int(told["count"])):
            ledger.people.setdefault(marks[8 * at : 8 * at + 8], len(ledger.people))
    else:
        ledger.entries.append(_from_json(told["release"]))
    return ledger


def _check_line(line: bytes, last: str, refusal: TreError) -> str:
    try:
        whole = json.loads(line)
        expected = sha256(last.encode() + canonical(whole["told"]))
        if whole["before"] != last or whole["hash"] != expected:
            raise refusal
    except (ValueError, KeyError, TypeError):
        raise refusal from None
    return expected


def _link(last: str, told: Mapping[str, Any]) -> tuple[str, bytes]:
    mark = sha256(last.encode() + canonical(told))
    return mark, canonical({"told": told, "before": last, "hash": mark}) + b"\n"


def _head(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _write_head(path: Path, lines: int, last: str) -> None:
    write_bytes(_head(path), canonical({"lines": lines, "hash": last}) + b"\n", replace=True, mode=0o600)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def now() -> str:
    """The moment of a record."""
    return _now()


def _pack_bytes(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 6)).decode()


def _unpack_bytes(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def _pack(values: Ints | Floats | None, kind: str) -> str | None:
    return None if values is None else _pack_bytes(np.ascontiguousarray(values, kind).tobytes())


def _unpack(text: str | None, kind: str) -> Any:
    return None if text is None else np.frombuffer(_unpack_bytes(text), kind)


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "digest": entry.digest,
        "at": entry.at,
        "unit": entry.unit,
        "scope": dict(entry.scope),
        "dimensions": list(entry.dimensions),
        "members": [list(names) for names in entry.members],
        "codes": _pack(entry.codes.reshape(-1), "<i4"),
        "totals": list(entry.totals),
        "low": _pack(entry.low, "<f8"),
        "high": _pack(entry.high, "<f8"),
        "number": entry.number,
        "in": _pack(entry.people, "<i4"),
        "cell": _pack(entry.cell, "<i4"),
        "sets": _pack(entry.sets, "<i8"),
        "truth": _pack(entry.truth, "<i8"),
        "parents": [{str(part): int(total) for part, total in of.items()} for of in entry.parents],
    }


def _from_json(told: Mapping[str, Any]) -> Entry:
    people, cell = _unpack(told["in"], "<i4"), _unpack(told["cell"], "<i4")
    width = len(told["dimensions"])
    return Entry(
        number=int(told["number"]),
        name=str(told["name"]),
        digest=str(told["digest"]),
        at=str(told["at"]),
        unit=told["unit"],
        scope=told["scope"],
        dimensions=tuple(told["dimensions"]),
        members=tuple(tuple(names) for names in told["members"]),
        codes=_unpack(told["codes"], "<i4").astype(np.int64).reshape(-1, width),
        totals=tuple(told["totals"]),
        low=_unpack(told["low"], "<f8"),
        high=_unpack(told["high"], "<f8"),
        people=None if people is None else people.astype(np.int64),
        cell=None if cell is None else cell.astype(np.int64),
        sets=_unpack(told.get("sets"), "<i8"),
        truth=_unpack(told.get("truth"), "<i8"),
        parents=tuple(
            {int(part): int(total) for part, total in of.items()} for of in told.get("parents") or ()
        ),
    )
