"""The end of a key: replaced by a new one, or destroyed with a certificate.

A token can't be re-keyed without the value behind it, so rotation is a new key and a new run from
the returns, which never left the authority. Destruction overwrites and removes the key file and
signs what was done; parcels made under the key can then never be matched with anything again.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pseudonymise.keys import KIND, Key
from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.files import digest, write_text
from tre_toolkit.keyfile import STANDARD, Cost, fingerprint_of
from tre_toolkit.signing import Signer, Verifier

PURPOSE = "key-destruction"
FORMAT = "tre-key-destruction-v1"


def rotate(
    old: Path, into: Path, passphrase: bytes, *, log: Path, reason: str, cost: Cost = STANDARD
) -> tuple[Key, Key]:
    """A new random key for the same project at `into`; the old file stays until it is destroyed.

    The log tells when and why, and both fingerprints. Gives back (old, new).
    """
    former = Key.read(old, passphrase)
    new = Key.new(former.project)
    new.write(into, passphrase, cost=cost)
    try:
        audit.append(
            log,
            "key rotated",
            project=former.project,
            old=former.fingerprint,
            new=new.fingerprint,
            reason=reason,
        )
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return former, new


def destroy(path: Path, certificate: Path, *, signer: Signer, log: Path, reason: str) -> dict[str, Any]:
    """Overwrite and remove the key file at `path`, and write a signed certificate of it.

    The certificate is written first, so a key is never destroyed without one. Raises TreError when
    `path` is no project key file.
    """
    facts = {
        "format": FORMAT,
        "key": fingerprint_of(path, kind=KIND),
        "file_sha256": digest(path),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason": reason,
        "done": "the key file was overwritten with random bytes, synced and removed; copies and shares must be destroyed by their holders",
    }
    body = audit.canonical(facts)
    signature = signer.sign(body, purpose=PURPOSE).hex()
    write_text(certificate, f"{body.decode()}\n{signature}\n{signer.verifier}\n")
    audit.append(log, "key destroyed", key=str(facts["key"]), reason=reason, certificate=digest(certificate))
    _overwrite(path)
    return facts


def check_certificate(path: Path, trusted: Verifier) -> dict[str, Any]:
    """What a certificate of destruction says, once its signature has been checked. Raises TreError when it is wrong."""
    try:
        body, signature, _ = path.read_text(encoding="utf-8").splitlines()
        signed = bytes.fromhex(signature)
    except (OSError, ValueError):
        raise TreError("this is not a whole certificate", where=str(path)) from None
    trusted.check(signed, body.encode(), purpose=PURPOSE, where=str(path))
    facts: dict[str, Any] = json.loads(body)
    return facts


def _overwrite(path: Path) -> None:
    """Random bytes over the file, on the disk, before it is removed: the best a program can do."""
    with path.open("r+b") as file:
        for _ in range(2):
            file.seek(0)
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
    path.unlink()
