"""SVG drawings: shapes that are children drawn one by one, numbers in the text, and data carried along."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from disclosure.files.markup import about_elements
from disclosure.files.opening import Opened, hidden, look
from disclosure.findings import Finding
from tre_toolkit.errors import TreError

POINTS = 30  # equal marks from which a drawing is taken to show children one by one
SHAPES = ("circle", "use", "ellipse")
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
    findings = [*about_elements(drawing, name), *_points(drawing, name), *_words(drawing, name)]
    return Opened(findings=tuple(findings))


def _points(drawing: Any, name: str) -> list[Finding]:
    from lxml import etree

    kinds = Counter(
        etree.QName(element).localname for element in drawing.iter() if isinstance(element.tag, str)
    )
    most = max((kinds[shape] for shape in SHAPES), default=0)
    if most < POINTS:
        return []
    message = "many equal marks: points drawn one by one may be children"
    return [hidden(name, message, fix="draw the counts under them (`session.scatter`), or a smooth summary")]


def _words(drawing: Any, name: str) -> list[Finding]:
    from lxml import etree

    texts = []
    for element in drawing.iter():
        if isinstance(element.tag, str) and etree.QName(element).localname in (
            "text",
            "tspan",
            "title",
            "desc",
        ):
            texts.append(element.text or "")
    numbers = sum(len(_NUMBER.findall(text)) for text in texts)
    message = f"a drawing with {numbers} printed numbers" if numbers else "a drawing without printed numbers"
    return [look(name, message + ": compare it with the table it was drawn from")]
