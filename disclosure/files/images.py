"""Pictures: no machine reads their numbers here, so a person looks, always; what hides in them is told.

A picture is walked part by part. What a viewer doesn't need to show it (words, places, thumbnails, data after the last
row or after the end) is a finding, whatever it is called.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from disclosure.files.opening import Opened, hidden, look
from disclosure.findings import Finding
from tre_toolkit.errors import TreError

PNG = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 100_000_000
# the parts that say how a PNG is to be shown
_SHOWN = frozenset(
    [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"pHYs", b"cICP", b"tIME"]
)  # fmt: skip
_SAID = frozenset([b"tEXt", b"zTXt", b"iTXt", b"eXIf"])
_PROGRAM = re.compile(rb"(Software\x00[\w .,:/()+-]{0,120}|Creation Time\x00[\w .,:+-]{0,60})")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_SEGMENTS = {0xE1: "metadata (EXIF or XMP)", 0xED: "metadata (IPTC)", 0xFE: "a comment"}


def open_image(content: bytes, name: str) -> Opened:
    """A PNG or JPEG: what stands in it beside the picture is told; the picture is for eyes.

    Raises TreError for a picture that is broken or cut off.
    """
    reader = _png if content.startswith(PNG) else _jpeg
    findings = [*reader(content, name), look(name, "a picture: give the table it was drawn from with it")]
    return Opened(findings=tuple(dict.fromkeys(findings)))


def _png(content: bytes, name: str) -> Iterator[Finding]:
    at, data, kind = len(PNG), [], b""
    while kind != b"IEND":
        if at + 12 > len(content):
            raise _broken(name)
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        part = content[at + 8 : at + 8 + length]
        check = content[at + 8 + length : at + 12 + length]
        if len(part) < length or check != struct.pack(">I", zlib.crc32(kind + part)):
            raise _broken(name)
        if kind == b"IDAT":
            data.append(part)
        elif kind in _SAID and not _PROGRAM.fullmatch(part):
            yield hidden(name, "text or metadata inside the picture", where=kind.decode())
        elif kind not in _SHOWN | _SAID:
            where = kind.decode("latin-1") if kind.isalpha() else "part"
            yield hidden(name, "a part of the picture that isn't shown", where=where)
        at += 12 + length
    if at < len(content):
        yield hidden(name, "bytes after the picture's end")
    yield from _rows(content, b"".join(data), name)


def _rows(content: bytes, packed: bytes, name: str) -> Iterator[Finding]:
    """Whether the packed data are the picture's rows and nothing more."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content[16:29])
    if width * height > MOST_PIXELS or colour not in _CHANNELS:
        raise _broken(name)
    whole = height * (1 + (width * depth * _CHANNELS[colour] + 7) // 8)
    unpacking = zlib.decompressobj()
    try:
        rows = unpacking.decompress(packed, 2 * whole + 4096)
    except zlib.error:
        raise _broken(name) from None
    if unpacking.unused_data or unpacking.unconsumed_tail or (len(rows) > whole and not interlaced):
        yield hidden(name, "data after the picture's last row")


def _jpeg(content: bytes, name: str) -> Iterator[Finding]:
    at = 2
    while content[at : at + 2] != b"\xff\xda":  # the scan begins
        if len(content) < at + 4 or content[at] != 0xFF:
            raise _broken(name)
        mark, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        part = content[at + 4 : at + 2 + length]
        if told := _segment(mark, part):
            yield hidden(name, told, where=f"part {mark:X}")
        at += 2 + length
    end = _end_of_scans(content, at)
    if end is None:
        raise _broken(name)
    if end < len(content):
        yield hidden(name, "bytes after the picture's end")


def _segment(mark: int, part: bytes) -> str | None:
    """What is to be said of one part before the scan; None where a viewer needs it."""
    if mark in _SEGMENTS:
        return _SEGMENTS[mark]
    if mark == 0xE0:
        plain = part.startswith(b"JFIF\x00") and part[12:14] == b"\x00\x00"
        return None if plain else "a thumbnail, or something else than the picture"
    if 0xE0 < mark <= 0xEF and not part.startswith((b"ICC_PROFILE\x00", b"Adobe")):
        return "a part of the picture that isn't shown"
    return None


def _end_of_scans(content: bytes, at: int) -> int | None:
    """Where the picture ends: after the first end mark that isn't inside a segment."""
    while (at := content.find(b"\xff", at)) >= 0 and at + 1 < len(content):
        mark = content[at + 1]
        if mark == 0xD9:
            return at + 2
        if mark in (0x00, 0xFF, *range(0xD0, 0xD8)):
            at += 1 if mark == 0xFF else 2
        else:  # another scan, or tables for it
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
    return None


def _broken(name: str) -> TreError:
    return TreError("the picture is broken or cut off", where=name, hint="draw it anew")
