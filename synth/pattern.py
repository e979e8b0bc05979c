r"""Words for the simple patterns that catalogues give as formats: `\d{3}`, `[A-Za-z]{2}\d{10}`, `SC\d{6}`."""

from __future__ import annotations

import re

import numpy as np

from synth.draw import Draws, Index
from synth.ids import Text

PIECE = re.compile(r"(\\d|\[([^\]\\]|\\d)+\]|[A-Za-z0-9 /-])(?:\{(\d+)\})?")
RANGE = re.compile(r"(\w)-(\w)|(\\d)|(.)")


def parts(pattern: str) -> list[bytes] | None:
    """For each character the bytes it may be; None when the pattern is anything but a simple one."""
    rest, found = pattern.strip("^$"), list[bytes]()
    if not re.search(r"\\d|\[|\{", rest):
        return None
    while rest:
        piece = PIECE.match(rest)
        if not piece:
            return None
        found += [_letters(piece.group(1))] * int(piece.group(3) or 1)
        rest = rest[piece.end() :]
    return found


def words(draws: Draws, stream: str, who: Index, allowed: list[bytes]) -> Text:
    """One word for each of `who`."""
    made = np.empty((len(who), len(allowed)), dtype=np.uint8)
    for at, letters in enumerate(allowed):
        choice = np.frombuffer(letters, dtype=np.uint8)
        made[:, at] = choice[draws.pick(stream, who, [1.0] * len(choice), at)]
    return np.ascontiguousarray(made).view(f"S{len(allowed)}").ravel()


def _letters(piece: str) -> bytes:
    if piece == r"\d":
        return b"0123456789"
    if not piece.startswith("["):
        return piece.encode()
    found = ""
    for first, last, digits, single in RANGE.findall(piece[1:-1]):
        if first:
            found += "".join(map(chr, range(ord(first), ord(last) + 1)))
        found += "0123456789" if digits else single
    return found.encode()
