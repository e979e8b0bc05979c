"""Web pages: their tables, and what they carry without showing it (scripts, data in attributes, comments)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from disclosure.files.delimited import grid_of
from disclosure.files.opening import Opened, hidden, look
from disclosure.files.words import identifiers
from disclosure.findings import Finding
from tre_toolkit.errors import TreError

NUMBERS = 20  # numbers in a script from which it is taken to carry data
MOST_SPAN = 1_000
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CONTENT = re.compile(r"content\s*:\s*[\"'][^\"']*\d")
_SAID = frozenset(
    [
        "title",
        "alt",
        "aria-label",
        "aria-description",
        "value",
        "content",
        "summary",
        "placeholder",
        "longdesc",
    ]
)
# how a style takes an element out of sight
_UNSEEN = (
    "display:none",
    "visibility:hidden",
    "visibility:collapse",
    "opacity:0;",
    "font-size:0;",
    "font-size:0px",
    "font-size:0pt",
)


def open_html(content: bytes, name: str) -> Opened:
    """The tables of a web page, those in hidden elements too."""
    from lxml import html

    try:
        page = html.document_fromstring(content, parser=html.HTMLParser(huge_tree=False, encoding="utf-8"))
    except Exception:
        raise TreError("the web page can't be read", where=name, hint="save the table as CSV") from None
    findings = list(about_elements(page, name))
    tables = list(page.iter("table"))
    grids = []
    for number, table in enumerate(tables):
        lines = table_lines(table)
        if len(lines) > 1 and max(map(len, lines)) > 1:
            grids.append(grid_of(lines, f"{name}, table {number + 1}" if len(tables) > 1 else name))
    if not grids:
        findings.append(look(name, "a page without a table: a person has to read it"))
    findings += identifiers(" ".join(map(str, page.itertext())), name)
    return Opened(tuple(grids), tuple(dict.fromkeys(findings)))


def table_lines(table: Any) -> list[list[str]]:
    """The rows of an HTML table, spanning cells repeated."""
    lines: list[list[str]] = []
    below: dict[tuple[int, int], str] = {}
    for number, row in enumerate(table.iter("tr")):
        line: list[str] = []
        for cell in row.iterchildren("td", "th"):
            while (number, len(line)) in below:
                line.append(below.pop((number, len(line))))
            text = " ".join("".join(cell.itertext()).split())
            for _ in range(_span(cell, "colspan")):
                for more in range(1, _span(cell, "rowspan")):
                    below[(number + more, len(line))] = text
                line.append(text)
        while (number, len(line)) in below:
            line.append(below.pop((number, len(line))))
        if line:
            lines.append(line)
    return _one_header(lines)


def _one_header(lines: list[list[str]]) -> list[list[str]]:
    """Two header rows (as pandas writes them) become one."""
    if len(lines) > 2 and len(lines[0]) == len(lines[1]) and not any(map(str.strip, lines[1][1:])):
        joined = [low or high for high, low in zip(lines[0], lines[1], strict=True)]
        return [joined, *lines[2:]]
    return lines


def _span(cell: Any, name: str) -> int:
    told = str(cell.get(name) or "1")
    return min(int(told), MOST_SPAN) if told.isdigit() and int(told) else 1


def about_elements(page: Any, name: str) -> Iterator[Finding]:
    """What the elements of a page or drawing carry that a reader doesn't see."""
    from lxml import etree

    for element in page.iter():
        if isinstance(element, etree._Comment | etree._ProcessingInstruction):
            if len(_NUMBER.findall(element.text or "")) >= 3:
                yield hidden(name, "numbers in a comment", where=f"line {element.sourceline}")
            continue
        if not isinstance(element.tag, str):
            continue
        tag, where = etree.QName(element).localname.lower(), f"line {element.sourceline}"
        if tag == "script":
            text = "".join(element.itertext())
            if element.get("src"):
                yield hidden(name, "a script from elsewhere", where=where)
            elif len(_NUMBER.findall(text)) >= NUMBERS:
                yield hidden(name, "a script that carries data", where=where)
            else:
                yield hidden(name, "a script", where=where)
        elif tag in ("iframe", "object", "embed", "foreignobject", "link", "base", "portal", "frame"):
            yield hidden(name, f"something from elsewhere (<{tag}>)", where=where)
        elif tag == "style" and _CONTENT.search(element.text or ""):
            yield hidden(name, "words that a style sheet prints", where=where)
        elif _is_hidden(element, tag) and _NUMBER.search("".join(map(str, element.itertext()))):
            yield hidden(name, "figures in an element that isn't shown", where=where)
        for key, value in element.attrib.items():
            word = str(key).rpartition("}")[2].lower()
            if str(value).lstrip().startswith("data:"):
                yield from _embedded(str(value), name, where)
            elif word in _SAID and len(_NUMBER.findall(str(value))) >= 3:
                yield hidden(name, f"figures in the attribute {word!r}", where=where)
            elif word.startswith("data-") and len(_NUMBER.findall(str(value))) >= 3:
                yield hidden(name, f"data in the attribute {word!r}", where=where)
            elif word.startswith("on"):
                yield hidden(name, "a script in an attribute", where=where)


def _is_hidden(element: Any, tag: str) -> bool:
    style = "".join(str(element.get("style") or "").split()).lower()
    shown = {
        word: str(element.get(word) or "").lower() for word in ("display", "visibility", "opacity", "type")
    }
    return (
        tag in ("template", "noscript")
        or element.get("hidden") is not None
        or shown["display"] == "none"
        or shown["visibility"] in ("hidden", "collapse")
        or shown["opacity"] in ("0", "0.0")
        or any(word in f"{style};" for word in _UNSEEN)
    )


def _embedded(value: str, name: str, where: str) -> Iterator[Finding]:
    """A picture or file inside an attribute: pictures are opened, anything else is told."""
    from disclosure.files.images import open_image

    kind, _, packed = value.lstrip()[5:].partition(",")
    if not kind.startswith(("image/png;base64", "image/jpeg;base64")):
        yield hidden(name, "an embedded file", where=where)
        return
    try:
        opened = open_image(base64.b64decode(packed), name)
        yield from (replace(found, where=where) for found in opened.findings)
    except (ValueError, TreError):
        yield hidden(name, "an embedded picture that can't be read", where=where)
