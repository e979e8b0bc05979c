"""Pictures and PDF: no machine reads their numbers here, so a person looks; what hides in them is told."""

from __future__ import annotations

import re
import struct

from disclosure.files.opening import Opened, hidden, look
from disclosure.findings import Finding

PNG = b"\x89PNG\r\n\x1a\n"
SAID = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_PDF_PARTS = {
    b"/EmbeddedFile": "an embedded file",
    b"/JavaScript": "a script",
    b"/Launch": "something that starts a program",
    b"/RichMedia": "embedded media",
    b"/OCG": "layers that can be hidden",
    b"/Annots": "annotations",
}


def open_image(content: bytes, name: str) -> Opened:
    """A PNG or JPEG: text and location data in it and bytes after its end are findings; the picture is for eyes."""
    findings: list[Finding] = []
    if content.startswith(PNG):
        findings += _png(content, name)
    elif content:
        findings += _jpeg(content, name)
    findings.append(look(name, "a picture: give the table it was drawn from with it"))
    return Opened(findings=tuple(findings))


def _png(content: bytes, name: str) -> list[Finding]:
    at, found = len(PNG), []
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        software = content[at + 8 : at + 8 + length].startswith((b"Software\x00", b"Creation Time\x00"))
        if kind in SAID and not software:
            found.append(hidden(name, "text or metadata inside the picture", where=kind.decode()))
        at += 12 + length
        if kind == b"IEND":
            break
    if at < len(content):
        found.append(hidden(name, "bytes after the picture's end"))
    return found


def _jpeg(content: bytes, name: str) -> list[Finding]:
    found = []
    if b"Exif\x00\x00" in content[:65536] or b"http://ns.adobe.com/xap" in content[:65536]:
        found.append(hidden(name, "metadata inside the picture", where="EXIF or XMP"))
    end = content.rfind(b"\xff\xd9")
    if 0 <= end < len(content) - 2:
        found.append(hidden(name, "bytes after the picture's end"))
    return found


def open_pdf(content: bytes, name: str) -> Opened:
    """A PDF: embedded files, scripts and layers are findings; the pages are for eyes."""
    findings = [
        hidden(name, told, where=mark.decode()) for mark, told in _PDF_PARTS.items() if mark in content
    ]
    if re.search(rb"/Author\s*\(", content):
        findings.append(look(name, "an author's name in the metadata", fix="take the properties out"))
    findings.append(look(name, "a PDF: give its tables as CSV and its figures with their tables"))
    return Opened(findings=tuple(findings))
