"""Notebooks: whatever a run left in one leaves with it, in every form it was kept."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from disclosure.files.aligned import tables_of, with_gaps
from disclosure.files.delimited import Grid
from disclosure.files.opening import Opened, hidden, look
from disclosure.files.records import grids_of, loaded
from disclosure.files.words import identifiers
from disclosure.findings import Finding
from tre_toolkit.errors import TreError

# what a notebook's own metadata may hold without being read
PLAIN = frozenset(["kernelspec", "language_info", "celltoolbar", "toc", "anaconda-cloud"])
_HIDING = ("collapsed", "outputs_hidden", "source_hidden", "jp-MarkdownHeadingCollapsed")


def open_notebook(content: bytes, name: str) -> Opened:
    """A notebook: its kept outputs, attachments and metadata are what leaves with it."""
    told = loaded(content, name)
    cells = told.get("cells") if isinstance(told, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise TreError("not a notebook", where=name)
    grids: list[Grid] = []
    findings: list[Finding] = list(_about(told.get("metadata"), name))
    for number, cell in enumerate(cells):
        for opened in _of_cell(cell, name, f"cell {number + 1}"):
            grids += opened.grids
            findings += opened.findings
    if not findings and not grids:
        findings.append(look(name, "code only: a person has to read it"))
    return Opened(tuple(grids), tuple(dict.fromkeys(findings)))


def _about(metadata: Any, name: str) -> Iterator[Finding]:
    if not isinstance(metadata, Mapping):
        return
    if "widgets" in metadata:
        yield hidden(name, "the state of widgets: it holds what they showed", where="metadata")
    if {*metadata} - PLAIN - {"widgets"}:
        yield look(name, "metadata of its own", where="metadata", fix="take it out, or say what it is")


def _of_cell(cell: Mapping[str, Any], name: str, where: str) -> Iterator[Opened]:
    from disclosure.files.prose import open_markdown

    if cell.get("attachments"):
        yield _told(hidden(name, "an attachment", where=where))
    metadata = cell.get("metadata") or {}
    marks = {**metadata, **(metadata.get("jupyter") or {})} if isinstance(metadata, dict) else {}
    if any(marks.get(word) for word in _HIDING) and (cell.get("outputs") or cell.get("source")):
        yield _told(hidden(name, "a cell that is folded away", where=where, fix="unfold it, or take it out"))
    source = _joined(cell.get("source"))
    yield Opened(findings=tuple(identifiers(source, name, where=where)))
    if cell.get("cell_type") == "markdown" and "|" in source:
        yield Opened(open_markdown(source.encode(), f"{name}, {where}").grids)
    for output in cell.get("outputs") or ():
        if not isinstance(output, dict):
            raise TreError("not a notebook", where=name)
        if output.get("output_type") == "error":
            yield _told(hidden(name, "a kept traceback: it may print values", where=where))
        if output.get("text"):
            yield _printed(_joined(output["text"]), name, where)
        data = output.get("data") or {}
        for kind, value in data.items() if isinstance(data, dict) else ():
            if kind != "text/plain" or len(data) == 1:  # the plain twin of something richer
                yield _of_kind(str(kind), value, name, where)
            else:
                yield Opened(findings=tuple(identifiers(_joined(value), name, where=where)))


def _of_kind(kind: str, value: Any, name: str, where: str) -> Opened:
    """One form of an output, opened as the file it would be."""
    from disclosure.files.drawing import open_svg
    from disclosure.files.images import open_image
    from disclosure.files.markup import open_html
    from disclosure.files.prose import open_latex, open_markdown

    place = f"{name}, {where}"
    texts = {
        "text/html": open_html,
        "text/markdown": open_markdown,
        "text/latex": open_latex,
        "image/svg+xml": open_svg,
    }
    if kind in texts:
        return texts[kind](_joined(value).encode(), place)
    if kind in ("image/png", "image/jpeg"):
        try:
            return open_image(base64.b64decode(_joined(value), validate=False), place)
        except (binascii.Error, ValueError, TreError):
            return _told(hidden(name, "a picture that can't be read", where=where))
    if kind == "text/plain":
        return _printed(_joined(value), name, where)
    if kind.endswith("json"):
        inner = json.loads(value) if isinstance(value, str) else value
        told = hidden(name, "data that a viewer draws from", where=f"{where}, {kind}", fix="clear the output")
        return Opened(tuple(grids_of(inner, place)), (told,))
    return _told(
        hidden(name, "an output of a kind that nobody can check", where=where, fix="clear the output")
    )


def _printed(text: str, name: str, where: str) -> Opened:
    """Printed text: the tables in it, and the rest for a person."""
    grids, _ = tables_of(with_gaps(text), f"{name}, {where}")
    more = look(name, "printed text kept in the notebook", where=where)
    return Opened(tuple(grids), (more, *identifiers(text, name, where=where)))


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _told(finding: Finding) -> Opened:
    return Opened(findings=(finding,))
