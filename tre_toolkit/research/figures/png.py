"""The PNG twin of a figure: the same SVG, drawn as pixels, for where no SVG may go (a slide, a word processor).

Reads the few shapes `svg` writes and nothing else, so that the twin can show nothing the SVG doesn't. One
typeface that comes with matplotlib: the same bytes on every machine with the same matplotlib. Title and
description stand in the file as text, for screen readers.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

SCALE = 2.0  # pixels for each unit of the SVG
ANCHORS = {"start": "left", "middle": "center", "end": "right"}
HIDDEN = "url(#hidden)"
_STEP = re.compile(r"([MLCVZ])([^MLCVZ]*)")


def as_png(text: str) -> bytes:
    """The PNG of a figure's SVG text, twice its size."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    tree = ElementTree.fromstring(text)  # noqa: S314  (our own text, made a moment ago)
    width, height = float(tree.get("width", "0")), float(tree.get("height", "0"))
    with rc_context({"hatch.linewidth": 1.0, "hatch.color": "#9aa4b0", "font.family": "DejaVu Sans"}):
        page = Figure(figsize=(width / 72, height / 72), dpi=72 * SCALE)
        FigureCanvasAgg(page)
        axes = page.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.axis("off")
        for element in tree:  # what stands in <defs> is the hatching's tile, and not drawn
            draw = _DRAWN.get(element.tag.rpartition("}")[2])
            if draw:
                draw(axes, element)
        told = {child.tag.rpartition("}")[2]: child.text or "" for child in tree}
        out = io.BytesIO()
        words = {
            "Title": _latin(told.get("title", "")),
            "Description": _latin(told.get("desc", "")),
            "Software": None,
        }
        page.savefig(out, format="png", dpi=72 * SCALE, metadata=words)
    return out.getvalue()


def _latin(words: str) -> str:
    """What a PNG's text may hold."""
    return words.replace("→", "->").replace("–", "-").encode("latin-1", "replace").decode("latin-1")


def _number(element: Any, name: str, otherwise: float = 0.0) -> float:
    return float(element.get(name, otherwise))


def _looks(element: Any) -> dict[str, Any]:
    """Fill and edge of a shape."""
    fill, stroke = element.get("fill", "#000000"), element.get("stroke")
    looks: dict[str, Any] = {"linewidth": 0.0, "edgecolor": "none"}
    if fill == HIDDEN:
        looks |= {"facecolor": "#f3f5f7", "hatch": "//////", "edgecolor": "#9aa4b0"}
    else:
        looks |= {
            "facecolor": fill,
            "alpha": None if fill == "none" else _number(element, "fill-opacity", 1.0),
        }
    if stroke:
        looks |= {"edgecolor": stroke, "linewidth": _number(element, "stroke-width", 1.0)}
    if dashes := element.get("stroke-dasharray"):
        looks["linestyle"] = (
            0,
            [float(one) / _number(element, "stroke-width", 1.0) for one in dashes.split()],
        )
    return looks


def _rect(axes: Axes, element: Any) -> None:
    from matplotlib import patches, transforms

    x, y = _number(element, "x"), _number(element, "y")
    wide, tall = _number(element, "width"), _number(element, "height")
    if not wide or not tall:
        return
    radius = min(_number(element, "rx"), wide / 2, tall / 2)
    shape: patches.Patch = (
        patches.FancyBboxPatch(
            (x, y), wide, tall, boxstyle=f"round,pad=0,rounding_size={radius}", **_looks(element)
        )
        if radius
        else patches.Rectangle((x, y), wide, tall, **_looks(element))
    )
    if turned := re.search(r"rotate\(([-\d.]+) ([-\d.]+) ([-\d.]+)\)", element.get("transform", "")):
        angle, at_x, at_y = map(float, turned.groups())
        shape.set_transform(transforms.Affine2D().rotate_deg_around(at_x, at_y, angle) + axes.transData)
    axes.add_patch(shape)


def _circle(axes: Axes, element: Any) -> None:
    from matplotlib import patches

    axes.add_patch(
        patches.Circle(
            (_number(element, "cx"), _number(element, "cy")), _number(element, "r"), **_looks(element)
        )
    )


def _path(axes: Axes, element: Any) -> None:
    from matplotlib import patches

    axes.add_patch(patches.PathPatch(_shape(element.get("d", "")), **_looks(element)))


def _shape(drawn: str) -> Path:
    """A path of the SVG as matplotlib has it."""
    from matplotlib.path import Path

    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for verb, words in _STEP.findall(drawn):
        told = [float(one) for one in words.replace(",", " ").split()]
        if verb == "V":
            told, verb = [points[-1][0], told[0]], "L"
        if verb == "Z":
            told = list(points[0])
        pairs = list(zip(told[::2], told[1::2], strict=True))
        points += pairs
        codes += [
            int({"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4, "Z": Path.CLOSEPOLY}[verb])
        ] * len(pairs)
    return Path(points, codes)


def _text(axes: Axes, element: Any) -> None:
    size, anchor = _number(element, "font-size", 13), element.get("text-anchor", "start")
    heavy = int(element.get("font-weight", "400"))
    spans = list(element)
    words = element.text or ""
    if spans:  # a name and its figure, side by side
        words = "  ".join(span.text or "" for span in spans)
        heavy = int(spans[0].get("font-weight", "400"))
    axes.text(
        _number(element, "x"), _number(element, "y"), words, fontsize=size * 0.9, color=element.get("fill", "#000000"),
        ha=ANCHORS[anchor], va="baseline", fontweight="bold" if heavy >= 600 else "normal", parse_math=False,
    )  # fmt: skip


_DRAWN = {"rect": _rect, "circle": _circle, "path": _path, "text": _text}
