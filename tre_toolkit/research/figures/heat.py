"""A heat map of a table: the darker a cell, the larger its figure; hidden cells are hatched."""

from __future__ import annotations

import math

from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

CELL, TALL, TOP = 112.0, 46.0, 176.0
LIGHT, DARK = (238, 243, 248), (28, 66, 110)


def heat(shown: Shown, *, title: str) -> str:
    """The figure as SVG text."""
    left = 44 + max((svg.width_of(row, 13) for row in shown.rows), default=0.0)
    figures = [cell for row in shown.cells for cell in row if cell]
    low, high = (math.log(min(figures)), math.log(max(figures))) if figures else (0.0, 1.0)
    parts = []
    for at, name in enumerate(shown.columns):
        for line, words in enumerate(_wrapped(name)):
            x = left + CELL * (at + 0.5)
            parts.append(svg.label(x, TOP - 28 + 14 * line, words, size=12, anchor="middle", fill=svg.SOFT))
    for at, (name, row) in enumerate(zip(shown.rows, shown.cells, strict=True)):
        y = TOP + TALL * at
        parts.append(svg.label(left - 12, y + TALL / 2 + 4, name, size=13, anchor="end"))
        for across, cell in enumerate(row):
            x, told = left + CELL * across, f"{name} to {shown.columns[across]}"
            if cell is None and shown.hidden[at][across]:
                parts.append(
                    svg.box(
                        x + 1, y + 1, CELL - 2, TALL - 2, "url(#hidden)", told=f"{told}: hidden", radius=3
                    )
                )
            elif not cell:
                parts.append(svg.box(x + 1, y + 1, CELL - 2, TALL - 2, "#f8f9fa", radius=3))
            else:
                depth = (math.log(cell) - low) / (high - low) if high > low else 1.0
                fill = "#" + "".join(
                    f"{round(a + (b - a) * depth):02x}" for a, b in zip(LIGHT, DARK, strict=True)
                )
                ink = "#ffffff" if depth > 0.5 else svg.INK
                parts.append(
                    svg.box(
                        x + 1, y + 1, CELL - 2, TALL - 2, fill, told=f"{told}: {svg.count(cell)}", radius=3
                    )
                )
                parts.append(
                    svg.label(
                        x + CELL / 2, y + TALL / 2 + 4.5, svg.count(cell), size=13, anchor="middle", fill=ink
                    )
                )
    parts.append(
        svg.label(32, 72, f"{shown.corner} (rows) → {shown.across or 'columns'}", size=14, fill=svg.SOFT)
    )
    width = max(720.0, left + CELL * len(shown.columns) + 32)
    foot = "Darker: more, on a logarithmic scale. Hatched: hidden by the disclosure rules. Pale: none."
    bottom = TOP + TALL * len(shown.rows)
    return svg.page(
        width, bottom + 62, title=title, told=shown.told, parts=parts, synthetic=shown.synthetic, foot=foot
    )


def _wrapped(name: str, most: int = 16) -> list[str]:
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:2]
