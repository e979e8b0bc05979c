"""Two authorities make sure that they hold the same key, and learn nothing else.

Each publishes a *hello*, 32 fresh random bytes. Over both hellos each works out a code that only
a holder of the key can; read out by telephone, equal codes prove equal keys. A code is good for
these two hellos and this direction only, so an old one can't be played again and one's own can't be
sent back.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from pathlib import Path

from pseudonymise.keys import Key
from tre_toolkit.errors import TreError
from tre_toolkit.files import write_text

HELLO = "tre-hello-v1"


def write_hello(path: Path) -> Path:
    """A fresh hello, to be sent to the other authority; it is no secret."""
    return write_text(path, f"{HELLO} {secrets.token_hex(32)}\n")


def read_hello(path: Path) -> bytes:
    """The random bytes of a hello. Raises TreError when the file is none."""
    try:
        first, second = path.read_text(encoding="ascii").split()
        nonce = bytes.fromhex(second)
    except FileNotFoundError:
        raise TreError("there is no such file", where=str(path)) from None
    except ValueError:
        first, nonce = "", b""
    if first != HELLO or len(nonce) != 32:
        raise TreError("this is not a hello", where=str(path), hint="make one with `tre key hello`")
    return nonce


def code(key: Key, *, mine: bytes, theirs: bytes) -> str:
    """What I say: proof for the other side, over both hellos, that I hold the key."""
    if hmac.compare_digest(mine, theirs):
        raise TreError("both hellos are the same one", hint="each authority makes its own")
    proof = hmac.digest(key.derive("compare"), mine + theirs, "sha256")[:10]
    text = base64.b32encode(proof).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def is_same(key: Key, *, mine: bytes, theirs: bytes, heard: str) -> bool:
    """Whether what the other side said is what a holder of the same key says."""
    wanted = code(key, mine=theirs, theirs=mine)
    plain = "".join(letter for letter in heard.lower() if letter.isalnum())
    return hmac.compare_digest(plain.encode(), wanted.replace("-", "").encode())
