"""Documents as pages: sanitised to a few plain elements, with what was taken out told, and their text beside."""

from __future__ import annotations

import json
import re
from typing import Any

from tre_toolkit.gate.render.texts import notes_on, visible

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"),
    *("pre", "code", "em", "strong", "b", "i", "u", "s", "sub", "sup", "span", "div", "section", "article"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption"),
}
DROPPED = {  # told to the reviewer when it was there
    "scripts": r"<script|\bon\w+\s*=|javascript:",
    "styles, which can hide text": r"<style|\bstyle\s*=|<link",
    "frames or objects": r"<(iframe|frame|object|embed|applet)",
    "forms": r"<(form|input|button|textarea)",
    "pictures": r"<(img|picture|svg|video|audio|canvas)",
    "links": r"<a\b|<base\b",
    "a redirect": r"http-equiv",
    "comments": r"<!--",
    "elements marked hidden": r"\bhidden\b|display:\s*none|visibility:\s*hidden",
}


def html(raw: bytes) -> tuple[str, list[str]]:
    import nh3

    text = raw.decode("utf-8", errors="replace")
    notes = [
        f"it has {what}: taken out of this view" for what, p in DROPPED.items() if re.search(p, text, re.I)
    ]
    clean = _clean(text)
    inner = nh3.clean(text, tags=set(), attributes={})
    return f"{clean}<h2>All text in the file</h2><pre>{visible(_unescape(inner))}</pre>", notes + notes_on(
        text
    )


def markdown(raw: bytes) -> tuple[str, list[str]]:
    from markdown_it import MarkdownIt

    text = raw.decode("utf-8", errors="replace")
    drawn = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return f"{_clean(drawn)}<h2>As written</h2><pre>{visible(text)}</pre>", notes_on(text)


def notebook(raw: bytes) -> tuple[str, list[str]]:
    book = json.loads(raw)
    notes, out = notes_on(raw.decode("utf-8", errors="replace")), []
    for number, cell in enumerate(book.get("cells", []), start=1):
        out.append(f"<h3>Cell {number}: {visible(str(cell.get('cell_type', '')))}</h3>")
        out.append(f"<pre>{visible(_joined(cell.get('source')))}</pre>")
        for output in cell.get("outputs", []):
            shown, said = _output(output)
            out.append(shown)
            notes += [f"cell {number}: {note}" for note in said]
        if cell.get("attachments"):
            notes.append(f"cell {number} has attachments")
    notes += [
        f"the notebook has {name} in its metadata"
        for name in book.get("metadata", {})
        if name not in ("kernelspec", "language_info")
    ]
    return "".join(out), notes


def _output(output: dict[str, Any]) -> tuple[str, list[str]]:
    from tre_toolkit.gate.render.pictures import picture_of_base64

    data = output.get("data", {})
    text = _joined(output.get("text")) or _joined(data.get("text/plain")) or _joined(output.get("traceback"))
    shown = f"<pre>{visible(text)}</pre>"
    notes = [
        f"an output of type {kind} is not shown" for kind in data if kind not in ("text/plain", "image/png")
    ]
    if "image/png" in data:
        shown += picture_of_base64(_joined(data["image/png"]))
    return shown, notes


def _joined(lines: Any) -> str:
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")


def _clean(text: str) -> str:
    import nh3

    cleaned: str = nh3.clean(
        text,
        tags=TAGS,
        attributes={"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}},
        url_schemes=set(),
        strip_comments=True,
        clean_content_tags={"script", "style"},
        link_rel=None,
    )
    return cleaned


def _unescape(text: str) -> str:
    from html import unescape

    return re.sub(r"\n\s*\n+", "\n", unescape(text)).strip()
