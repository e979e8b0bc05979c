"""The key pair of whoever a parcel is sealed for: ML-KEM-768 and X25519 side by side (HPKE).

A `Recipient` is the public half, a text line that may be published; a `RecipientKey` the private
half, kept in a key file. Short secrets (a part's file key, a project key handed on) are wrapped for
the public half; whoever records one today can't open it with a quantum computer later.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import TreError
from tre_toolkit.files import write_text
from tre_toolkit.keyfile import STANDARD, Cost, open_secret, seal_secret
from tre_toolkit.signing import fingerprint, read_public

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey, Suite

KIND = "transport"
PUBLIC = "tre-pub-transport-v1"
LATTICE_PUBLIC = 1184  # bytes of an ML-KEM-768 public key; the 32 of X25519 follow
LATTICE_SEED = 64  # bytes of an ML-KEM-768 seed; the 32 of X25519 follow
OVERHEAD = 1136  # bytes a wrapped secret is longer than the secret: 1,120 encapsulated, 16 tag


@dataclass(frozen=True, slots=True)
class Recipient:
    """The public half: wraps secrets. `str()` is the line to publish."""

    public: bytes = field(repr=False)  # 1,216 bytes

    def __post_init__(self) -> None:
        if len(self.public) != LATTICE_PUBLIC + 32:
            raise TreError("a transport public key has 1,216 bytes", hint="ask its owner for the .pub file")

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public)

    def __str__(self) -> str:
        return f"{PUBLIC} {base64.b64encode(self.public).decode()}"

    @classmethod
    def read(cls, path: Path) -> Recipient:
        """The public half in the text file at `path`."""
        return cls(read_public(path, PUBLIC))

    def wrap(self, secret: bytes, *, context: bytes) -> bytes:
        """`secret` so that only the private half reads it, and only under the same `context`."""
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
        from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

        public = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.public[:LATTICE_PUBLIC]),
            X25519PublicKey.from_public_bytes(self.public[LATTICE_PUBLIC:]),
        )
        return _suite().encrypt(secret, public, info=context)


class RecipientKey:
    """The private half. Has no readable form but its fingerprint."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != LATTICE_SEED + 32:
            raise TreError("a transport seed has 96 bytes")
        self._seed = seed

    @classmethod
    def new(cls) -> RecipientKey:
        return cls(secrets.token_bytes(LATTICE_SEED + 32))

    @classmethod
    def read(cls, path: Path, passphrase: bytes) -> RecipientKey:
        return cls(open_secret(path, passphrase, kind=KIND))

    def write(self, path: Path, passphrase: bytes, *, cost: Cost = STANDARD) -> Path:
        """Keep the private half at `path` and the public half beside it, as `<path>.pub`."""
        public = self.recipient
        seal_secret(path, self._seed, passphrase, kind=KIND, fingerprint=public.fingerprint, cost=cost)
        write_text(path.with_name(path.name + ".pub"), f"{public}\n", replace=True)
        return path

    @property
    def recipient(self) -> Recipient:
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        lattice = MLKEM768PrivateKey.from_seed_bytes(self._seed[:LATTICE_SEED])
        classical = X25519PrivateKey.from_private_bytes(self._seed[LATTICE_SEED:])
        return Recipient(lattice.public_key().public_bytes_raw() + classical.public_key().public_bytes_raw())

    def unwrap(self, wrapped: bytes, *, context: bytes, where: str) -> bytes:
        """The secret that was wrapped for this key under `context`. Raises TreError when it wasn't."""
        from cryptography.exceptions import InvalidTag

        try:
            return _suite().decrypt(wrapped, self._private(), info=context)
        except (InvalidTag, ValueError):
            raise TreError(
                "this key doesn't open it: it was sealed for another key, or altered",
                where=where,
                hint=f"this key's fingerprint is {self.recipient.fingerprint}; ask the sender which they used",
            ) from None

    def _private(self) -> MLKEM768X25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

        return MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(self._seed[:LATTICE_SEED]),
            X25519PrivateKey.from_private_bytes(self._seed[LATTICE_SEED:]),
        )

    def __repr__(self) -> str:
        return f"<RecipientKey {self.recipient.fingerprint}>"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a private key is never pickled")


def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
