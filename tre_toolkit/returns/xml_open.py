"""How any XML document is opened here: nothing is expanded, fetched or run, and its head can be looked at first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PEEK = 400  # starts and ends of elements looked at to tell which return a document is


def hardened() -> dict[str, Any]:
    """Settings of the parser: no entities, no network, no document type, limits on depth and size left on."""
    return {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "dtd_validation": False,
        "huge_tree": False,
        "remove_comments": True,
        "remove_pis": True,
    }


def peek(path: Path, limit: int = PEEK) -> tuple[set[tuple[str, ...]], dict[tuple[str, ...], str]]:
    """The element paths at the head of a document, and the text of those that hold text alone.

    Both are empty when it isn't XML; what breaks later isn't looked at.
    """
    from lxml import etree

    paths: set[tuple[str, ...]] = set()
    texts: dict[tuple[str, ...], str] = {}
    here: list[str] = []
    try:
        with path.open("rb") as file:
            walk = etree.iterparse(file, events=("start", "end"), **hardened())
            for count, (event, element) in enumerate(walk):
                if event == "start":
                    here.append(local_name(element))
                    paths.add(tuple(here))
                else:
                    if not len(element) and element.text:
                        texts.setdefault(tuple(here), element.text.strip())
                    here.pop()
                if count > limit:
                    break
    except (etree.XMLSyntaxError, OSError):
        pass
    return paths, texts


def local_name(element: Any) -> str:
    """An element's name without its namespace."""
    tag: str = element.tag
    return tag[tag.index("}") + 1 :] if tag[0] == "{" else tag
