"""Is this release the one a gate let go, whole and to the byte? Needs the folder and the gate's public key.

Runs far from any gate: nothing here knows Django. `docs/reference/verify_release.py` is the same in sixty lines
for those who have Python and `cryptography` only. Every refusal has a name, for scripts: see REASONS.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.signing import Verifier

FORMAT = "tre-release-v1"
PURPOSE = "release"
REVOCATION = "revocations"
SIGNED, SIGNATURE, TAGS = "release.json", "release.sig", "tagmanifest-sha512.txt"
STALE = timedelta(days=30)  # a list of revocations older than this is warned of

REASONS: Mapping[str, str] = {
    "not-a-release": "this folder is not a release",
    "unreadable": "the release's declaration can't be read",
    "other-format": "the release is of a format this version doesn't know",
    "wrong-signature": "the signature is not right: the declaration was altered, or another key signed it",
    "missing": "a file is missing",
    "extra": "a file stands here that was never released",
    "altered": "a file is not the one that was released",
    "not-plain": "a link or device stands among the files",
    "name-clash": "two names differ only in their letters' case: on some systems one would replace the other",
    "bad-bag": "the bag's own manifests are not the ones that were made",
    "recalled": "this release was recalled: do not use it, and destroy copies",
    "bad-revocations": "the list of revocations is not one of this gate",
}


class Refused(TreError):
    """Not the release it should be; `reason` is one of REASONS."""

    def __init__(self, reason: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.reason = reason
        super().__init__(f"{REASONS[reason]} ({reason})", where=where, hint=hint)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a release says of itself, once every byte was found right."""

    release: str
    gate: str
    fingerprint: str
    request: int
    at: str
    files: tuple[str, ...]
    approvals: int  # fewest persons who approved any one file
    warnings: tuple[str, ...] = ()


def verify_release(
    folder: Path,
    verifier: Verifier,
    *,
    revocations: Path | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Check every byte of the release in `folder`; what it says of itself. Raises Refused.

    `done` is called with 1 after each file.
    """
    said = read_signed(folder, verifier)
    _check_files(folder, said, done)
    warnings = _check_revoked(said, verifier, revocations) if revocations else ()
    outputs: Sequence[Mapping[str, Any]] = said["outputs"]
    return Verified(
        release=str(said["release"]),
        gate=str(said["gate"]["name"]),
        fingerprint=verifier.fingerprint,
        request=int(said["request"]["number"]),
        at=str(said["at"]),
        files=tuple(str(output["path"]) for output in outputs),
        approvals=min((len(output["approved_by"]) for output in outputs), default=0),
        warnings=warnings,
    )


def read_signed(folder: Path, verifier: Verifier) -> dict[str, Any]:
    """The declaration, when its signature is right."""
    if folder.is_symlink() or not (folder / SIGNED).is_file() or not (folder / SIGNATURE).is_file():
        raise Refused("not-a-release", where=str(folder), hint="name the folder that holds release.json")
    raw = (folder / SIGNED).read_bytes()
    try:
        text = (folder / SIGNATURE).read_text(encoding="ascii")
        signature = bytes.fromhex(text)
    except ValueError:
        raise Refused("wrong-signature", where=SIGNATURE) from None
    if text != signature.hex() + "\n" or not verifier.verify(signature, raw, purpose=PURPOSE):
        raise Refused(
            "wrong-signature",
            where=SIGNED,
            hint=f"ask the sender for a fresh copy, and for the key's fingerprint; expected {verifier.fingerprint}",
        )
    try:
        said: dict[str, Any] = json.loads(raw, object_pairs_hook=_no_twins)
    except ValueError:
        raise Refused("unreadable", where=SIGNED) from None
    if said.get("format") != FORMAT:
        raise Refused("other-format", where=SIGNED)
    return said


def tag_lines(digests: Mapping[str, str]) -> bytes:
    """A BagIt manifest: digest, two blanks, path; by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests)).encode()


def _check_files(folder: Path, said: Mapping[str, Any], done: Callable[[int], None]) -> None:
    files: Mapping[str, Mapping[str, Any]] = said["files"]
    found = _walk(folder)
    expected = {*files, SIGNED, SIGNATURE, TAGS}
    for path in sorted(expected - found):
        raise Refused("missing", where=path)
    for path in sorted(found - expected):
        raise Refused("extra", where=ascii(path)[1:-1])
    if len({unicodedata.normalize("NFKC", path).casefold() for path in found}) != len(found):
        raise Refused("name-clash", where=str(folder))
    tags = {}
    for path in sorted(found - {TAGS}):
        raw = (folder / path).read_bytes()
        if path in files and (
            len(raw) != files[path]["size"] or hashlib.sha256(raw).hexdigest() != files[path]["sha256"]
        ):
            raise Refused("altered", where=path)
        if not path.startswith("data/"):
            tags[path] = hashlib.sha512(raw).hexdigest()
        done(1)
    if (folder / TAGS).read_bytes() != tag_lines(tags):
        raise Refused("bad-bag", where=TAGS)
    done(1)


def _walk(folder: Path) -> set[str]:
    found = set()
    for here, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(here, name)
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise Refused("not-plain", where=ascii(name)[1:-1])
        if not folders and not names:
            found.add(Path(here).relative_to(folder).as_posix() + "/")  # an empty folder was never released
        found |= {Path(here, name).relative_to(folder).as_posix() for name in names}
    return found


def _check_revoked(said: Mapping[str, Any], verifier: Verifier, path: Path) -> tuple[str, ...]:
    try:
        body, signature = path.read_bytes().removesuffix(b"\n").split(b"\n")
        right = verifier.verify(bytes.fromhex(signature.decode()), body, purpose=REVOCATION)
        listed = json.loads(body)
        made = datetime.fromisoformat(listed["at"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused("bad-revocations", where=str(path)) from None
    if not right:
        raise Refused("bad-revocations", where=str(path))
    for recall in listed["recalled"]:
        if recall["release"] == said["release"]:
            raise Refused("recalled", where=str(said["release"]), hint=f"recalled on {recall['at'][:10]}")
    age = datetime.now(UTC) - made
    if age > STALE:
        return (f"the list of revocations is {age.days} days old: ask the gate for a newer one",)
    return ()


def _no_twins(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    held = list(pairs)
    if len({key for key, _ in held}) != len(held):
        raise ValueError
    return dict(held)
