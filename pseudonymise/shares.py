"""The project's key in shares: any k of n people can put it together again, fewer learn nothing.

Shamir's scheme over the field of 256 elements, byte by byte: each byte of the key is where a random
polynomial of degree k - 1 meets zero, a share is where it meets the share's number. Each share lies
in a key file of its own under its holder's own passphrase. A tag over the whole key stands in each,
so that a wrong or damaged share is found out and never makes a wrong key.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pseudonymise.keys import Key
from tre_toolkit.errors import TreError
from tre_toolkit.keyfile import STANDARD, Cost, open_secret, seal_secret

KIND = "share"
MOST = 255


@dataclass(frozen=True, slots=True)
class Share:
    """One share: `number` of `of`, `needed` of which make the key of `project`; all of a set bear one `tag`."""

    project: str
    number: int
    of: int
    needed: int
    set: str
    tag: str
    body: str = field(repr=False)

    def write(self, path: Path, passphrase: bytes, *, cost: Cost = STANDARD) -> Path:
        """Keep the share at `path`, sealed by its holder's passphrase."""
        label = f"share {self.number} of {self.of} ({self.needed} needed), set {self.set}"
        secret = json.dumps(asdict(self)).encode()
        return seal_secret(path, secret, passphrase, kind=KIND, fingerprint=label, cost=cost)

    @classmethod
    def read(cls, path: Path, passphrase: bytes) -> Share:
        """The share in the key file at `path`. Raises TreError when it doesn't open."""
        return cls(**json.loads(open_secret(path, passphrase, kind=KIND)))


def split(key: Key, *, of: int, needed: int) -> list[Share]:
    """`of` shares of a key, any `needed` of which `join` puts together. Raises TreError for numbers that make no sense."""
    if not 2 <= needed <= of <= MOST:
        raise TreError(
            f"{needed} of {of} shares make no sense",
            hint="at least 2 must be needed, and no more than there are: 2 of 3 is usual",
        )
    secret = key._secret
    # the polynomials: the key's byte, then needed - 1 random ones
    rest = [secrets.token_bytes(len(secret)) for _ in range(needed - 1)]
    batch, tag = secrets.token_hex(4), _tag(key, needed, of)
    return [
        Share(key.project, number, of, needed, batch, tag, _at(number, [secret, *rest]).hex())
        for number in range(1, of + 1)
    ]


def join(shares: Sequence[Share]) -> Key:
    """The key that enough shares of one set make. Raises TreError when they are too few, mixed or damaged."""
    if not shares:
        raise TreError("there are no shares here")
    first = shares[0]
    if len({(share.project, share.set, share.needed, share.of, share.tag) for share in shares}) > 1:
        raise TreError("the shares are of different sets", hint="bring shares that were made at one ceremony")
    different = {share.number: bytes.fromhex(share.body) for share in shares}
    if len(different) < first.needed:
        raise TreError(f"{first.needed} different shares are needed, {len(different)} are here")
    points = dict(list(different.items())[: first.needed])
    key = Key(_at_zero(points), first.project)
    if not hmac.compare_digest(_tag(key, first.needed, first.of), first.tag):
        raise TreError("a share is damaged: they don't make the key they were made from", hint="try others")
    return key


def _tag(key: Key, needed: int, of: int) -> str:
    return key.derive("shares", str(needed), str(of))[:16].hex()


def _at(number: int, polynomials: Sequence[bytes]) -> bytes:
    """The value at `number` of the polynomial of each byte (Horner's rule)."""
    value = bytes(len(polynomials[0]))
    for coefficient in reversed(polynomials):
        value = bytes(_times(byte, number) ^ added for byte, added in zip(value, coefficient, strict=True))
    return value


def _at_zero(points: dict[int, bytes]) -> bytes:
    """Where the polynomials through these points meet zero (Lagrange's formula)."""
    total = bytes(len(next(iter(points.values()))))
    for number, body in points.items():
        weight = 1
        for other in points:
            if other != number:
                weight = _times(weight, _times(other, _inverse(other ^ number)))
        total = bytes(held ^ _times(byte, weight) for held, byte in zip(total, body, strict=True))
    return total


def _times(left: int, right: int) -> int:
    """The product of two elements of GF(256) (polynomial 0x11b); takes the same steps for all of them."""
    product = 0
    for bit in range(8):
        product ^= (left << bit) & -(right >> bit & 1)
    for bit in range(14, 7, -1):
        product ^= (0x11B << (bit - 8)) & -(product >> bit & 1)
    return product


def _inverse(element: int) -> int:
    """The element that gives 1 when multiplied: element to the power of 254."""
    result = 1
    for _ in range(254):
        result = _times(result, element)
    return result
