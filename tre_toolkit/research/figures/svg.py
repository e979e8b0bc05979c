"""A small writer of SVG: no library, no script, no network, the same bytes from the same table.

Every figure has a title and a description for screen readers, a white ground, one typeface stack, and a
visible mark when the children are invented. Colours are told apart by people with any colour vision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from tre_toolkit.research.states import states

FONT = "Inter, 'Source Sans 3', 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
INK, SOFT, FAINT, LINE = "#1d2733", "#5b6775", "#8d97a3", "#dde2e8"
PLAIN = "#c3cad3"  # what stands for "none"
# Dark to light and warm to cool at once, so that neither hue nor lightness alone has to be told
PALETTE = ("#35618f", "#e0a526", "#7b2d59", "#4f9d8f", "#d1603d", "#22252b", "#9fc3df", "#c9a9c4")


def colours(labels: Sequence[str]) -> list[str]:
    """A colour for each label: a state's own, grey for what is none, else the palette in order."""
    own = {state.label: state.colour for state in states().values()}
    found, used = [], iter(PALETTE)
    for label in labels:
        if label in own:
            found.append(own[label])
        elif label.lower().startswith(("no ", "none", "not ", "in none")):
            found.append(PLAIN)
        else:
            found.append(next(used, FAINT))
    return found


def escaped(words: str) -> str:
    """Words as they may stand in a file of tags."""
    return escape(words)


def num(value: float) -> str:
    """A coordinate, with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def count(value: float) -> str:
    """A number as people read it."""
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.1f}"


def label(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 13,
    anchor: str = "start",
    fill: str = INK,
    weight: int = 400,
) -> str:
    """A line of text with its baseline at `y`."""
    return (
        f'<text x="{num(x)}" y="{num(y)}" font-size="{num(size)}" font-weight="{weight}" fill="{fill}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def box(
    x: float, y: float, width: float, height: float, fill: str, *, told: str = "", radius: float = 0
) -> str:
    """A rectangle; `told` is what a pointer or a screen reader is told of it."""
    inner = f"<title>{escape(told)}</title>" if told else ""
    rounded = f' rx="{num(radius)}"' if radius else ""
    return (
        f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"{rounded} '
        f'fill="{fill}">{inner}</rect>'
    )


def width_of(words: str, size: float) -> float:
    """About how wide a text is; the typefaces of the stack differ by a few per cent."""
    narrow = sum(mark in "iljtfr.,:;' |()" for mark in words)
    return size * (0.56 * (len(words) - narrow) + 0.31 * narrow)


def legend(names: Sequence[str], tints: Sequence[str], *, y: float = 72) -> list[str]:
    """A key in one line."""
    x, parts = 32.0, []
    for name, tint in zip(names, tints, strict=True):
        parts += [box(x, y, 13, 13, tint, radius=2), label(x + 19, y + 11, name, size=13)]
        x += 19 + width_of(name, 13) + 24
    return parts


def page(
    width: float, height: float, *, title: str, told: str, parts: Iterable[str], synthetic: bool, foot: str
) -> str:
    """The whole file: ground, heading, parts, footing."""
    mark = (
        [
            box(width - 182, 22, 150, 24, "#fff3d6", radius=12),
            label(
                width - 107, 38.5, "invented children", size=12.5, anchor="middle", fill="#7a5a00", weight=600
            ),
        ]
        if synthetic
        else []
    )
    body = "\n".join(
        [
            f'<rect width="{num(width)}" height="{num(height)}" fill="#ffffff"/>',
            label(32, 44, title, size=22, weight=700),
            *mark,
            *parts,
            label(32, height - 20, foot, size=11.5, fill=SOFT),
        ]
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num(width)} {num(height)}" width="{num(width)}" height="{num(height)}" role="img" aria-labelledby="title desc" font-family={quoteattr(FONT)}>
<title id="title">{escape(title)}</title>
<desc id="desc">{escape(told)}</desc>
<defs><pattern id="hidden" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#f3f5f7"/><rect width="2" height="6" fill="#9aa4b0"/></pattern></defs>
{body}
</svg>
"""
