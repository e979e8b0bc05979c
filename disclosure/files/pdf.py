"""PDF: the text is read and the tables in it checked; what hides in it is told; the pages are for eyes all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from disclosure.files.aligned import tables_of
from disclosure.files.delimited import Grid
from disclosure.files.opening import Opened, hidden, look
from disclosure.files.words import identifiers
from disclosure.findings import Finding

SECONDS = 60  # for one document; the reader limits itself further
END = b"%%EOF"
NAMING = frozenset(["Author", "Subject", "Keywords"])
# what the bytes show even of a document that no reader opens
_MARKS = {
    b"/EmbeddedFile": "an embedded file",
    b"/JavaScript": "a script",
    b"/Launch": "something that starts a program",
    b"/RichMedia": "embedded media",
    b"/OCG": "layers that can be hidden",
}
_COUNTED = {
    "attachments": "an embedded file",
    "scripts": "a script",
    "invisible": "text that is printed invisibly",
    "outside": "text outside the page",
}


def open_pdf(content: bytes, name: str) -> Opened:
    """The tables in a PDF's text, and what is to be said of the rest. Never passes by itself: a person reads pages."""
    findings = [hidden(name, told, where=mark.decode()) for mark, told in _MARKS.items() if mark in content]
    findings += _tail(content, name)
    told = _read(content)
    if told is None:
        message = (
            "a PDF that no reader here opens: nobody can check it"
            if find_spec("pypdfium2")
            else "a PDF, and no reader for it is installed"
        )
        findings.append(look(name, message, fix="give its tables as CSV and its figures with their tables"))
        return Opened(findings=tuple(findings))
    grids: list[Grid] = []
    left = not told["whole"]
    for number, lines in enumerate(told["lines"]):
        found, unread = tables_of(lines, f"{name}, page {number + 1}")
        grids += found
        left |= unread
        findings += identifiers(" \n".join(lines).replace("\t", " \t "), name, where=f"page {number + 1}")
    findings += _about(told, name)
    if left:
        findings.append(look(name, "figures in columns that could not be read as a table"))
    findings.append(
        look(name, _summary(told, len(grids)), fix="give its tables as CSV and its figures with their tables")
    )
    return Opened(tuple(grids), tuple(dict.fromkeys(findings)))


def _read(content: bytes) -> Mapping[str, Any] | None:
    """What the confined reader says of a document; None where it can't be read within the limits."""
    command = [sys.executable, "-I", "-m", "disclosure.pdf_words"]
    try:
        ran = subprocess.run(
            command, input=content, capture_output=True, timeout=SECONDS, check=True, cwd="/"
        )
        told: Mapping[str, Any] = json.loads(ran.stdout)
        return told
    except (subprocess.SubprocessError, ValueError, OSError):
        return None


def _tail(content: bytes, name: str) -> Iterator[Finding]:
    """Bytes after the end, and earlier states of the document that a later one was written over."""
    ends = content.count(END)
    if ends and content[content.rfind(END) + len(END) :].strip(b"\r\n\x00 "):
        yield hidden(name, "bytes after the document's end")
    if ends > (2 if b"/Linearized" in content[:2048] else 1):
        yield hidden(name, "an earlier state of the document is kept in it", fix="print it to a new PDF")


def _about(told: Mapping[str, Any], name: str) -> Iterator[Finding]:
    for what, message in _COUNTED.items():
        if told[what]:
            yield hidden(name, message)
    if told["annotations"]:
        yield look(name, "annotations or links", fix="read them, or take them out")
    if NAMING & {*told["metadata"]}:
        yield look(name, "an author's name or words in the metadata", fix="take the properties out")


def _summary(told: Mapping[str, Any], tables: int) -> str:
    pictures = told["pictures"]
    seen = f"{tables} table{'s' * (tables != 1)} read in the text of {told['pages']} page{'s' * (told['pages'] != 1)}"
    return f"a PDF: {seen}" + (
        f", and {pictures} picture{'s' * (pictures != 1)} that no machine reads" if pictures else ""
    )
