"""The project's key: 256 random bits that all authorities of one project share and nobody else has.

It is made once, by chance and never from a passphrase (a passphrase can be guessed, and then so can
every UPN behind every token). Every token domain has a key of its own, derived from this one, the
project and the version of the cleaning rules; so tokens of two projects, two domains or two ways of
cleaning can never meet by accident.
"""

from __future__ import annotations

import hmac
import json
import secrets
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.files import write_text
from tre_toolkit.keyfile import STANDARD, Cost, open_secret, seal_secret
from tre_toolkit.parcel.keys import Recipient, RecipientKey

KIND = "project"
BYTES = 32
WRAPPED = "tre-wrapped-project-v1"


class Key:
    """A project's key. Has no readable form but its fingerprint."""

    def __init__(self, secret: bytes, project: str) -> None:
        if len(secret) != BYTES:
            raise TreError("a project key has 32 bytes")
        self._secret = secret
        self.project = project

    @classmethod
    def new(cls, project: str) -> Key:
        """A fresh random key for the project of that id."""
        return cls(secrets.token_bytes(BYTES), project)

    @classmethod
    def read(cls, path: Path, passphrase: bytes) -> Key:
        """The key in the key file at `path`. Raises TreError when it doesn't open."""
        opened = open_secret(path, passphrase, kind=KIND)
        return cls(opened[:BYTES], opened[BYTES:].decode())

    def write(self, path: Path, passphrase: bytes, *, cost: Cost = STANDARD) -> Path:
        """Keep the key at `path`, sealed by the passphrase (mode 0600)."""
        return seal_secret(
            path,
            self._secret + self.project.encode(),
            passphrase,
            kind=KIND,
            fingerprint=self.fingerprint,
            cost=cost,
        )

    @property
    def fingerprint(self) -> str:
        """Sixteen groups to read out by telephone: equal for equal keys of one project."""
        from tre_toolkit.signing import fingerprint

        return fingerprint(self.derive("fingerprint"))

    @property
    def commitment(self) -> str:
        """32 hex digits that stand in every parcel made under this key, and tell nothing of it."""
        return self.derive("commitment")[:16].hex()

    def domain_key(self, domain: str, standardiser: str) -> bytes:
        """The 32-byte key of one token domain under one version of the cleaning rules."""
        return self.derive("token", domain, standardiser)

    def derive(self, purpose: str, *words: str) -> bytes:
        """A 32-byte key for one purpose (HKDF-SHA-256 over the project and the words, length-prefixed)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = b"tre-toolkit/v1/" + b"".join(
            len(word.encode()).to_bytes(4, "big") + word.encode() for word in (purpose, self.project, *words)
        )
        return HKDF(SHA256(), BYTES, salt=None, info=info).derive(self._secret)

    def same_as(self, other: Key) -> bool:
        """Whether both hold the same secret for the same project; takes the same time either way."""
        return hmac.compare_digest(self.derive("same"), other.derive("same"))

    def check_project(self, project: str) -> None:
        """Raise TreError when this is another project's key."""
        if self.project != project:
            raise TreError(
                f"the key is of project {self.project}, the declaration of project {project}",
                hint="each project has a key of its own: name the right key file or declaration",
            )

    def wrap(self, recipient: Recipient, path: Path) -> Path:
        """Write the key for another authority's public key, as a file that may travel in the open."""
        sealed = recipient.wrap(self._secret, context=_context(self.project, recipient))
        body = {"project": self.project, "for": recipient.fingerprint, "sealed": sealed.hex()}
        return write_text(path, f"{WRAPPED}\n{json.dumps(body, sort_keys=True)}\n")

    @classmethod
    def unwrap(cls, path: Path, key: RecipientKey) -> Key:
        """The key another authority wrapped for `key`. Raises TreError when it isn't for it."""
        try:
            first, second = path.read_text(encoding="ascii").splitlines()
            body = json.loads(second)
            project, sealed = str(body["project"]), bytes.fromhex(body["sealed"])
            if first != WRAPPED:
                raise ValueError
        except FileNotFoundError:
            raise TreError("there is no such file", where=str(path)) from None
        except (ValueError, KeyError, TypeError):
            raise TreError(
                "this is not a wrapped project key", where=str(path), hint="make one with `tre key wrap`"
            ) from None
        secret = key.unwrap(sealed, context=_context(project, key.recipient), where=str(path))
        return cls(secret, project)

    def __repr__(self) -> str:
        return f"<Key of {self.project} {self.fingerprint}>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.same_as(other)

    __hash__ = None  # type: ignore[assignment]  # a secret is no dictionary key

    def __reduce__(self) -> str:
        raise TypeError("a key is never pickled")


def _context(project: str, recipient: Recipient) -> bytes:
    return f"{WRAPPED}\0{project}\0{recipient.fingerprint}".encode()
