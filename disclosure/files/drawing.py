"""SVG drawings: shapes that are children drawn one by one, numbers in the text, and data carried along."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from disclosure.files.markup import about_elements
from disclosure.files.opening import Opened, hidden, look
from disclosure.files.words import identifiers
from disclosure.findings import Finding
from tre_toolkit.errors import TreError

POINTS = 30  # equal marks from which a drawing is taken to show children one by one
SHAPES = ("circle", "ellipse")
_GLYPH = re.compile(r"#[A-Za-z][A-Za-z0-9_-]*-[0-9a-f]{2,5}")
PRINTED = ("text",)
UNSEEN = ("title", "desc", "metadata")
MANY = 3  # figures in a description from which it is taken to carry data
_VERSION = re.compile(r"v?\d+(\.\d+)+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?%?")
_ENTITY = re.compile(rb"<!ENTITY|<!DOCTYPE[^>]*\[", re.IGNORECASE)


def open_svg(content: bytes, name: str) -> Opened:
    """A drawing: it has no table, so what it shows and carries is told."""
    if _ENTITY.search(content):
        raise TreError("the drawing declares entities", where=name, hint="draw it anew without them")
    from lxml import etree

    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        drawing = etree.fromstring(content, parser)
    except Exception:
        raise TreError("the drawing can't be read", where=name, hint="draw it anew") from None
    words = [(kind, text) for kind, text in _texts(drawing) if text.strip()]
    findings = [
        *about_elements(drawing, name),
        *_points(drawing, name),
        *_unseen(words, name),
        *_words(drawing, words, name),
    ]
    findings += identifiers("\n".join(text for _, text in words), name)
    return Opened(findings=tuple(dict.fromkeys(findings)))


def _points(drawing: Any, name: str) -> list[Finding]:
    marks: Counter[str] = Counter()
    for tag, element in _elements(drawing):
        if tag == "use" and not _is_glyph(element):
            marks[_target(element)] += 1
        elif tag in SHAPES:
            marks[tag] += 1
    if max(marks.values(), default=0) < POINTS:
        return []
    message = "many equal marks: points drawn one by one may be children"
    return [hidden(name, message, fix="draw the counts under them (`session.scatter`), or a smooth summary")]


def _elements(drawing: Any) -> Iterator[tuple[str, Any]]:
    from lxml import etree

    for element in drawing.iter():
        if isinstance(element.tag, str):
            yield etree.QName(element).localname, element


def _target(element: Any) -> str:
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith("href")), "")


def _is_glyph(element: Any) -> bool:
    """Whether a mark is a letter drawn as a shape: matplotlib's are named by font and code, and stand in a group of their own."""
    return bool(_GLYPH.fullmatch(_target(element))) and element.get("x") is None


def _texts(drawing: Any) -> list[tuple[str, str]]:
    """The words of a drawing, and in which element each stands."""
    known = (*PRINTED, *UNSEEN)
    return [(tag, " ".join(element.itertext())) for tag, element in _elements(drawing) if tag in known]


def _unseen(words: list[tuple[str, str]], name: str) -> list[Finding]:
    """Figures that stand in the drawing's file and aren't drawn: descriptions and metadata."""
    found = []
    for kind, text in words:
        text = _DATE.sub("", _VERSION.sub("", text)) if kind == "metadata" else text
        if kind in UNSEEN and len(_NUMBER.findall(text)) >= MANY:
            found.append(hidden(name, "figures that are not drawn", where=f"<{kind}>"))
    return found


def _words(drawing: Any, words: list[tuple[str, str]], name: str) -> list[Finding]:
    numbers = sum(len(_NUMBER.findall(text)) for kind, text in words if kind in PRINTED)
    message = f"a drawing with {numbers} printed numbers" if numbers else "a drawing without printed numbers"
    if any(tag == "use" and _is_glyph(element) for tag, element in _elements(drawing)):
        message = "a drawing whose words are drawn as shapes, which no machine reads"
    return [look(name, message + ": compare it with the table it was drawn from")]
