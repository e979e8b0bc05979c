"""Signatures that hold against today's and tomorrow's computers: Ed25519 and ML-DSA-65 side by side.

A `Signer` is the private half (kept in a key file), a `Verifier` the public half (a text line that
may be published). Both signatures must be right, or the bytes are refused. Every signature is over
a purpose and the bytes, so that one made for a parcel can't be shown for a release.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import TreError
from tre_toolkit.files import write_text
from tre_toolkit.keyfile import STANDARD, Cost, open_secret, seal_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

KIND = "signer"
PUBLIC = "tre-pub-signer-v1"
CLASSICAL_PUBLIC, LATTICE_PUBLIC = 32, 1952  # bytes of the two public keys
CLASSICAL = 64  # bytes of an Ed25519 signature; the ML-DSA-65 one follows it


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half: checks signatures. `str()` is the line to publish."""

    classical: bytes = field(repr=False)  # 32 bytes
    lattice: bytes = field(repr=False)  # 1,952 bytes

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.classical + self.lattice)

    def __str__(self) -> str:
        return f"{PUBLIC} {base64.b64encode(self.classical + self.lattice).decode()}"

    def verify(self, signature: bytes, message: bytes, *, purpose: str) -> bool:
        """Whether both halves of `signature` were made over `message` for `purpose`."""
        return self.verify_note(signature, _signed(message, purpose))

    def verify_note(self, signature: bytes, signed: bytes) -> bool:
        """Whether both halves of `signature` were made over the text of a signed note, as it stands."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.classical).verify(signature[:CLASSICAL], signed)
            MLDSA65PublicKey.from_public_bytes(self.lattice).verify(signature[CLASSICAL:], signed)
        except (InvalidSignature, ValueError):
            return False
        return True

    def check(self, signature: bytes, message: bytes, *, purpose: str, where: str) -> None:
        """Raise TreError unless `verify` holds."""
        if not self.verify(signature, message, purpose=purpose):
            raise TreError(
                "the signature is not right: the bytes were altered, or another key signed them",
                where=where,
                hint=f"ask the sender for a fresh copy and for their fingerprint; expected {self.fingerprint}",
            )

    @classmethod
    def read(cls, path: Path) -> Verifier:
        """The public half in the text file at `path`."""
        return cls._halved(read_public(path, PUBLIC))

    @classmethod
    def parse(cls, line: str) -> Verifier:
        """The public half from its published line. Raises TreError when it isn't one."""
        return cls._halved(public_bytes(line, PUBLIC))

    @classmethod
    def _halved(cls, raw: bytes) -> Verifier:
        if len(raw) != CLASSICAL_PUBLIC + LATTICE_PUBLIC:
            raise TreError("this signer's public key is not whole", hint="ask its owner for the .pub file")
        return cls(raw[:CLASSICAL_PUBLIC], raw[CLASSICAL_PUBLIC:])


class Signer:
    """The private half. Has no readable form but its fingerprint."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != 64:
            raise TreError("a signing seed has 64 bytes")
        self._seed = seed

    @classmethod
    def new(cls) -> Signer:
        return cls(secrets.token_bytes(64))

    @classmethod
    def read(cls, path: Path, passphrase: bytes) -> Signer:
        return cls(open_secret(path, passphrase, kind=KIND))

    def write(self, path: Path, passphrase: bytes, *, cost: Cost = STANDARD) -> Path:
        """Keep the private half at `path` and the public half beside it, as `<path>.pub`."""
        seal_secret(path, self._seed, passphrase, kind=KIND, fingerprint=self.verifier.fingerprint, cost=cost)
        write_text(path.with_name(path.name + ".pub"), f"{self.verifier}\n", replace=True)
        return path

    @property
    def verifier(self) -> Verifier:
        classical, lattice = self._halves()
        return Verifier(classical.public_key().public_bytes_raw(), lattice.public_key().public_bytes_raw())

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        """Both signatures over `message` for `purpose`, one after the other (3,373 bytes)."""
        return self._over(_signed(message, purpose))

    def sign_note(self, text: bytes) -> bytes:
        """Both signatures over the text of a signed note, as it stands: what other note verifiers check.

        Raises TreError for a text that could be mistaken for a message with a purpose.
        """
        if b"\0" in text or not text.endswith(b"\n"):
            raise TreError("a note is lines of text")
        return self._over(text)

    def _over(self, signed: bytes) -> bytes:
        classical, lattice = self._halves()
        return classical.sign(signed) + lattice.sign(signed)

    def _halves(self) -> tuple[Ed25519PrivateKey, MLDSA65PrivateKey]:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed[:32]), MLDSA65PrivateKey.from_seed_bytes(
            self._seed[32:]
        )

    def __repr__(self) -> str:
        return f"<Signer {self.verifier.fingerprint}>"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a private key is never pickled")


def fingerprint(public: bytes) -> str:
    """Sixteen bytes of SHA-256 in groups of four hex digits, to be read out on the telephone."""
    short = hashlib.sha256(public).hexdigest()[:32]
    return "-".join(short[at : at + 4] for at in range(0, 32, 4))


def read_public(path: Path, prefix: str) -> bytes:
    """The bytes of a public key file that begins with `prefix`."""
    try:
        line = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise TreError(
            "there is no such file", where=str(path), hint="ask its owner for the .pub file"
        ) from None
    except UnicodeDecodeError:
        line = "PK" if _is_zip(path) else "\0"
    return public_bytes(line, prefix, where=str(path))


def public_bytes(line: str, prefix: str, *, where: str | None = None) -> bytes:
    """The bytes of a public key's line that begins with `prefix`. Raises TreError when it isn't one."""
    try:
        words = line.split()
        if len(words) != 2 or words[0] != prefix:
            raise ValueError
        return base64.b64decode(words[1], validate=True)
    except ValueError:
        raise TreError(
            f"this is {_kind_of(line)}, and a public key that begins {prefix} is wanted",
            where=where,
            hint="ask the key's owner for the .pub file beside it",
        ) from None


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


# How a file begins, and what a person calls it; the first that fits.
KINDS = (
    ("tre-key-share", "a share of a project's key, which is secret"),
    ("tre-key-", "a private key file, which is secret and stays with its owner"),
    ("tre-pub-signer", "a signer's public key"),
    ("tre-pub-transport", "a transport public key"),
    ("tre-pub-", "another kind of public key"),
    ("tre-wrapped-", "a project's key wrapped for another authority"),
    ("tre-hello-", "a hello of a comparison of keys"),
    ("tre-declaration-", "the signatures under a declaration"),
    ("PK", "a parcel or another zip"),
    ("{", "JSON"),
    ("\0", "no text at all"),
)


def _kind_of(text: str) -> str:
    """What a file that isn't the wanted key seems to be; never what stands in it."""
    if not text.strip():
        return "an empty file"
    return next((name for begins, name in KINDS if text.startswith(begins)), "something else")


def _signed(message: bytes, purpose: str) -> bytes:
    return f"tre-toolkit/{purpose}/v1\0".encode() + message
