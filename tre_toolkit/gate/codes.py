"""Codes of a second factor: RFC 6238 with what every authenticator knows, six digits in half a minute by SHA-1.

Nothing here knows an account; `tre_toolkit.gate.factors` says whose factor it is and what happens to it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from urllib.parse import quote, urlencode

STEP = 30  # seconds a code holds
DIGITS = 6
LONG = 20  # bytes of a secret: RFC 4226 section 4 recommends 160 bits


def new_secret() -> str:
    """A secret for an authenticator, in base32."""
    return base64.b32encode(secrets.token_bytes(LONG)).decode()


def is_secret(text: str) -> bool:
    """Whether the text is base32 of as many bytes as a secret has."""
    try:
        return len(base64.b32decode(text)) == LONG
    except (binascii.Error, ValueError):
        return False


def address(secret: str, *, gate: str, login: str) -> str:
    """The otpauth URI that an authenticator takes in, as text or drawn as a QR code."""
    told = urlencode({"secret": secret, "issuer": gate, "digits": DIGITS, "period": STEP}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{gate}:{login}', safe='')}?{told}"


def step_of(secret: str, code: str) -> int | None:
    """The half minute a code belongs to: this one or a neighbour; None for a code of neither."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor import InvalidToken
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    totp = TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP)  # noqa: S303  # RFC 6238's own hash
    now = int(time.time()) // STEP
    for step in (now, now - 1, now + 1):
        try:
            totp.verify(code.encode(), step * STEP)
        except InvalidToken:
            continue
        return step
    return None
