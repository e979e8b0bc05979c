"""A secret on disk: sealed by a passphrase, readable by its owner only, findable by a scanner.

The first line of every key file is `tre-key-<kind>-v1`, so that a leaked one can be searched for.
Then comes one line of JSON (Argon2id's costs and salt, the nonce, a fingerprint that may be shown)
and one line of base64: the secret under ChaCha20-Poly1305, bound to all that stands above it.
A passphrase comes from a prompt or a file, never from the command line or the environment.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import secrets
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import TreError
from tre_toolkit.files import new_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

PREFIX = "tre-key-"
SHORTEST_PASSPHRASE = 12  # characters
LARGEST = {"memory": 2 * 1024 * 1024, "passes": 16, "lanes": 16}  # what asks for more was not written by us
LARGEST_FILE = 1 << 16  # bytes of a key or passphrase file


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at the passphrase costs: memory in KiB, passes, lanes."""

    memory: int
    passes: int
    lanes: int


STANDARD = Cost(memory=256 * 1024, passes=3, lanes=4)  # 0.7 CPU seconds measured
STRONG = Cost(memory=1024 * 1024, passes=3, lanes=4)  # 3.2 CPU seconds measured


def seal_secret(
    path: Path, secret: bytes, passphrase: bytes, *, kind: str, fingerprint: str, cost: Cost = STANDARD
) -> Path:
    """Write `secret` to a new key file of `kind` at `path` (mode 0600).

    Raises TreError when the passphrase is short or the place is taken.
    """
    check_passphrase(passphrase)
    header = {
        "fingerprint": fingerprint,
        "kdf": "argon2id",
        **asdict(cost),
        "salt": secrets.token_hex(16),
        "nonce": secrets.token_hex(12),
    }
    first = f"{PREFIX}{kind}-v1"
    second = json.dumps(header, sort_keys=True)
    sealed = _cipher(header, passphrase).encrypt(
        bytes.fromhex(str(header["nonce"])), secret, f"{first}\n{second}".encode()
    )
    with new_file(path, mode=0o600) as part:
        part.write_text(f"{first}\n{second}\n{base64.b64encode(sealed).decode()}\n")
    return path


def open_secret(path: Path, passphrase: bytes, *, kind: str) -> bytes:
    """The secret in the key file at `path`.

    Raises TreError when the file is not a key of `kind`, is a symlink, is readable by others,
    was altered, or the passphrase is wrong.
    """
    from cryptography.exceptions import InvalidTag

    first, second, third = _lines(path, kind)
    _no_core_dumps()
    try:
        header = json.loads(second)
        if header["kdf"] != "argon2id" or any(header[name] > most for name, most in LARGEST.items()):
            raise TreError("the key file asks for a key derivation this toolkit doesn't do", where=str(path))
        sealed = base64.b64decode(third, validate=True)
        if base64.b64encode(sealed).decode() != third:
            raise ValueError
        return _cipher(header, passphrase).decrypt(
            bytes.fromhex(header["nonce"]), sealed, f"{first}\n{second}".encode()
        )
    except InvalidTag:
        raise TreError(
            "the passphrase doesn't open this key file, or the file was altered",
            where=str(path),
            hint="check the passphrase file for the right key; restore the key file from its shares or copy",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise TreError(
            "the key file is damaged", where=str(path), hint="restore it from its shares or copy"
        ) from None


def fingerprint_of(path: Path, *, kind: str) -> str:
    """The fingerprint a key file shows without its passphrase."""
    try:
        return str(json.loads(_lines(path, kind)[1])["fingerprint"])
    except (ValueError, KeyError, TypeError):
        raise TreError(
            "the key file is damaged", where=str(path), hint="restore it from its shares or copy"
        ) from None


def memory_of(path: Path, *, kind: str) -> int:
    """Bytes of memory that opening a key file takes, told without its passphrase: what Argon2id fills."""
    try:
        asked = int(json.loads(_lines(path, kind)[1])["memory"])
    except (ValueError, KeyError, TypeError):
        raise TreError(
            "the key file is damaged", where=str(path), hint="restore it from its shares or copy"
        ) from None
    return min(asked, LARGEST["memory"]) * 1024  # what asks for more is refused when it is opened


def read_passphrase(path: Path) -> bytes:
    """A passphrase from a file only its owner can read, without the line end."""
    return _guarded(path).rstrip(b"\r\n")


def check_passphrase(passphrase: bytes) -> None:
    """Raise TreError for a passphrase that is too short or too plain."""
    if len(passphrase) < SHORTEST_PASSPHRASE or len(set(passphrase)) < 6:
        raise TreError(
            f"the passphrase is too easy: at least {SHORTEST_PASSPHRASE} characters, 6 of them different",
            hint="four random words are good; a password manager makes and keeps them",
        )


def _cipher(header: dict[str, object], passphrase: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    derived = Argon2id(
        salt=bytes.fromhex(str(header["salt"])),
        length=32,
        iterations=int(str(header["passes"])),
        lanes=int(str(header["lanes"])),
        memory_cost=int(str(header["memory"])),
    ).derive(passphrase)
    return ChaCha20Poly1305(derived)


def _lines(path: Path, kind: str) -> tuple[str, str, str]:
    lines = _guarded(path).decode("utf-8", errors="replace").split("\n")
    if len(lines) != 4 or lines[3] or lines[0] != f"{PREFIX}{kind}-v1":
        raise TreError(
            f"this is not a {kind} key file", where=str(path), hint=f"name a file that begins {PREFIX}{kind}"
        )
    return lines[0], lines[1], lines[2]


def _guarded(path: Path) -> bytes:
    """The bytes of a secret; refuse one that is missing, a link, somebody else's, or readable by others.

    The file that is checked is the one that is read, whatever is put in its place meanwhile.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise TreError("there is no such file", where=str(path), hint="check the name") from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise TreError("a secret must be a plain file, not a link or a device", where=str(path)) from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise TreError("a secret must be a plain file, not a link or a device", where=str(path))
        if found.st_mode & 0o077:
            raise TreError(
                "others on this machine can read this secret", where=str(path), hint=f"chmod 600 {path}"
            )
        if found.st_uid not in (os.geteuid(), 0):
            raise TreError("this secret belongs to another user", where=str(path))
        return os.read(handle, LARGEST_FILE)
    finally:
        os.close(handle)


def _no_core_dumps() -> None:
    """From here on a crash of this process leaves no image of its memory on the disk."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
