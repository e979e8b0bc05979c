"""Bytes by their digest: written once, never again, checked whenever they are read."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import IO

from tre_toolkit.errors import TreError
from tre_toolkit.files import PART, digest
from tre_toolkit.gate.folder import Gate

BLOCK = 1 << 20


class Altered(TreError):
    """The store holds other bytes than the digest says, or none."""

    http = 409


def place(gate: Gate, sha256: str) -> Path:
    """Where the bytes of this digest stand."""
    return gate.blobs / sha256[:2] / sha256


def put(gate: Gate, source: IO[bytes]) -> tuple[str, int]:
    """Keep the bytes of `source`; their SHA-256 and length."""
    part = gate.blobs / f".{secrets.token_hex(8)}{PART}"
    hashed, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400), "wb") as file:
            while block := source.read(BLOCK):
                hashed.update(block)
                size += file.write(block)
            file.flush()
            os.fsync(file.fileno())
        path = place(gate, hashed.hexdigest())
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            part.rename(path)
            sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return hashed.hexdigest(), size


def check(gate: Gate, sha256: str) -> Path:
    """The bytes' place, after reading them all again. Raises Altered."""
    path = place(gate, sha256)
    if not path.is_file() or path.is_symlink() or digest(path) != sha256:
        raise _altered(sha256)
    return path


def read(gate: Gate, sha256: str) -> bytes:
    """The bytes of a digest, checked. Raises Altered."""
    path = place(gate, sha256)
    raw = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise _altered(sha256)
    return raw


def sweep(gate: Gate) -> int:
    """Remove what a crash left half written; the number of files."""
    torn = list(gate.blobs.glob(f".*{PART}"))
    for part in torn:
        part.unlink(missing_ok=True)
    return len(torn)


def _altered(sha256: str) -> Altered:
    return Altered(
        "the stored bytes are not the ones that were reviewed",
        where=sha256[:16],
        hint="restore the blob from a backup; the request is blocked until then",
    )


def sync_folder(folder: Path) -> None:
    """Have the disk hold what a folder (or file) says now."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
