"""Pictures drawn anew: only pixels (or a few plain shapes) come out, with what the file said besides told."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

from tre_toolkit.gate.render.texts import notes_on, visible

PIXELS = 40_000_000
PAGES = 30
WIDTH = 1600  # pixels a picture is shown at, at most
SHAPES = {
    *(
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "title",
        "desc",
    ),
    *("defs", "clipPath", "linearGradient", "radialGradient", "stop", "marker", "pattern", "use", "symbol"),
}
KEPT = re.compile(
    r"^(id|class|d|x|y|x1|x2|y1|y2|cx|cy|r|rx|ry|dx|dy|width|height|viewBox|points|transform|fill.*|stroke.*|opacity"
    r"|font-.*|text-anchor|dominant-baseline|clip-.*|offset|stop-.*|gradient.*|marker.*|ref[XY]|orient|pattern.*|style"
    r"|preserveAspectRatio|version|letter-spacing|xml:space|role|aria-label)$"
)
MOST_USES = 5_000


def bitmap(raw: bytes) -> tuple[str, list[str]]:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(io.BytesIO(raw)) as image:
        if image.width * image.height > PIXELS:
            raise ValueError
        notes = [
            f"its metadata hold {key}: not shown"
            for key in sorted(map(str, image.info))
            if key
            not in (
                "dpi",
                "gamma",
                "srgb",
                "aspect",
                "jfif",
                "jfif_version",
                "jfif_unit",
                "jfif_density",
                "progressive",
                "progression",
                "transparency",
                "interlace",
            )
        ]
        if image.getexif():
            notes.append("it holds camera or place data (EXIF)")
        if getattr(image, "n_frames", 1) > 1:
            notes.append("it has several frames: only the first is shown")
        return _picture(image.convert("RGB")), notes


def picture_of_base64(text: str) -> str:
    return bitmap(base64.b64decode(text))[0]


def pdf(raw: bytes) -> tuple[str, list[str]]:
    import pypdfium2

    document = pypdfium2.PdfDocument(raw)
    out, notes, texts = [], [], []
    for number in range(min(len(document), PAGES)):
        page = document[number]
        text = str(page.get_textpage().get_text_range())
        texts.append(text)
        out.append(f"<h3>Page {number + 1}</h3>")
        scale = min(1.5, WIDTH / max(page.get_width(), 1), 4000 / max(page.get_height(), 1))
        out.append(_picture(page.render(scale=scale).to_pil().convert("RGB")))
        out.append(f"<h4>All text on this page</h4><pre>{visible(text)}</pre>")
    if len(document) > PAGES:
        notes.append(f"only the first {PAGES} of {len(document)} pages are shown")
    told = {
        key: value
        for key, value in document.get_metadata_dict(skip_empty=True).items()
        if key not in ("CreationDate", "ModDate")
    }
    notes += [f"its metadata give {key}" for key in told]
    for what, mark in {
        "attachments": b"/EmbeddedFile",
        "script": b"/JavaScript",
        "layers": b"/OCG",
        "forms": b"/AcroForm",
        "actions": b"/Launch",
    }.items():
        if mark in raw:
            notes.append(f"it holds {what}: not shown")
    return "".join(out), notes + notes_on("\n".join(texts))


def svg(raw: bytes) -> tuple[str, list[str]]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(raw, parser)
    words = " ".join(str(text).strip() for text in root.itertext() if text.strip())
    notes = _strip(root)
    if len(root.findall(".//{*}use")) > MOST_USES or _deep_uses(root):
        raise ValueError
    clean = etree.tostring(root)
    shown = f"<img alt='the drawing' src='data:image/svg+xml;base64,{base64.b64encode(clean).decode()}'>"
    return f"{shown}<h2>All text in the drawing</h2><pre>{visible(words)}</pre>", notes + notes_on(words)


def _strip(root: Any) -> list[str]:
    """Remove from a drawing all that isn't a plain shape; what was removed."""
    from lxml import etree

    gone: set[str] = set()
    for element in list(root.iter()):
        if not isinstance(element.tag, str):
            if element.getparent() is not None:
                gone.add("comments or instructions")
                element.getparent().remove(element)
            continue
        name = etree.QName(element).localname
        if name not in SHAPES:
            gone.add(f"<{name}>")
            if element.getparent() is None:
                raise ValueError
            element.getparent().remove(element)
            continue
        for key, value in list(element.attrib.items()):
            local = etree.QName(key).localname
            link = local == "href"
            if (
                (link and not value.startswith("#"))
                or (not link and not KEPT.match(local))
                or _reaches_out(value)
            ):
                gone.add(f"attribute {local}" if local.isascii() and len(local) < 30 else "attributes")
                del element.attrib[key]
    return [f"it has {what}: taken out of this view" for what in sorted(gone)]


def _reaches_out(value: str) -> bool:
    """Whether an attribute would load or run something: any url() but a local one, any script."""
    low = value.lower()
    return (
        bool(re.search(r"url\(\s*['\"]?(?!#)", low))
        or "javascript:" in low
        or "@import" in low
        or "expression(" in low
    )


def _deep_uses(root: Any) -> bool:
    """A `use` that points at what holds a `use` again multiplies: refused beyond one level."""
    holders = {e.get("id") for e in root.iter() if isinstance(e.tag, str) and e.findall(".//{*}use")}
    targets = {
        (u.get("href") or u.get("{http://www.w3.org/1999/xlink}href") or "").lstrip("#")
        for u in root.iter("{*}use")
    }
    return bool((holders - {None}) & targets)


def _picture(image: Any) -> str:
    if image.width > WIDTH:
        image = image.resize((WIDTH, max(1, round(image.height * WIDTH / image.width))))
    out = io.BytesIO()
    image.save(out, "PNG")
    return f"<img alt='the picture' src='data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}'>"
