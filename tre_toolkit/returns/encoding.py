"""What a file's bytes are before anybody reads its cells: its encoding, or that it is no text at all."""

from __future__ import annotations

import codecs
from pathlib import Path

HEAD = 1 << 16
BLOCK = 1 << 24
# The first bytes of what is often sent by mistake: zip and xlsx, old Excel, PDF, gzip, Parquet
BINARY = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"PAR1")
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13})


def encoding_of(head: bytes) -> str | None:
    """The encoding the first bytes of a text file tell of; None when they aren't text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(BINARY):
        return None
    if b"\0" in head:
        return _without_mark(head)
    if len(head.translate(None, _CONTROL)) < len(head):
        return None
    return "utf-8-sig"


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a mark has a zero in nearly every second byte, and none in the others."""
    half = len(head) // 2 or 1
    for name, zeros, text in (
        ("utf-16-le", head[1::2], head[::2]),
        ("utf-16-be", head[::2], head[1::2]),
    ):
        if zeros.count(0) > 0.9 * half and text.count(0) == 0:
            return name
    return None


def decodes(path: Path, encoding: str) -> bool:
    """Whether every byte of a file is text in that encoding."""
    reader = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                reader.decode(block)
        reader.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def head_of(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD)
