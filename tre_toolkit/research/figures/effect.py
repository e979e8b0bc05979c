"""An event study: the effect in each month around a roll-out, with its interval, and the line at none."""

from __future__ import annotations

from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, TALL, LEFT, RIGHT = 1040.0, 112.0, 330.0, 84.0, 40.0


def effect(shown: Shown, *, title: str) -> str:
    """The figure as SVG text, of the table's columns effect, low and high."""
    known = [
        (row, cells[:3]) for row, cells in zip(shown.rows, shown.cells, strict=True) if None not in cells[:3]
    ]
    figures = [float(cell) for _, cells in known for cell in cells if cell is not None] or [0.0]
    low, high = min(0.0, *figures), max(0.0, *figures)
    room = (high - low) * 0.06 or 1.0
    low, high = low - room, high + room

    def y(value: float) -> float:
        return TOP + TALL * (high - value) / (high - low)

    step = (WIDTH - LEFT - RIGHT) / max(len(known), 1)
    parts = _grid(low, high, y)
    for at, (row, cells) in enumerate(known):
        value, least, most = (float(cell or 0) for cell in cells)
        x = LEFT + step * (at + 0.5)
        tint = "#7b2d59" if least > 0 else "#35618f" if most < 0 else svg.SOFT
        told = f"{row}: {value:g}, {least:g} to {most:g}"
        if row.startswith("0"):
            parts.append(svg.box(LEFT + step * at - 0.75, TOP, 1.5, TALL, svg.FAINT))
            parts.append(svg.label(LEFT + step * at + 6, TOP + 12, "roll-out", size=11.5, fill=svg.SOFT))
        parts.append(svg.box(x - 1.1, y(most), 2.2, max(y(least) - y(most), 1), tint, told=told))
        parts.append(svg.box(x - 5, y(value) - 5, 10, 10, tint, told=told, radius=5))
        number, _, words = row.partition(" ")
        parts.append(svg.label(x, TOP + TALL + 20, number, size=12, anchor="middle", fill=svg.SOFT))
        parts.append(svg.label(x, TOP + TALL + 34, words, size=10, anchor="middle", fill=svg.FAINT))
    parts.append(svg.label(32, 68, f"{shown.columns[0]}, by {shown.corner.lower()}", size=14, fill=svg.SOFT))
    foot = "The month before is compared with. Coloured where the interval (95 %) leaves out 0."
    return svg.page(
        WIDTH,
        TOP + TALL + 84,
        title=title,
        told=shown.told,
        parts=parts,
        synthetic=shown.synthetic,
        foot=foot,
    )


def _grid(low: float, high: float, y: object) -> list[str]:
    """The line at none, and a scale of round steps."""
    size = 10.0 ** len(str(int(high - low))) / 10
    step = next(
        one
        for one in (size * 2, size, size / 2, size / 5, size / 10, size / 20, size / 50)
        if (high - low) / one >= 4
    )
    parts = []
    for tick in range(int(low / step), int(high / step) + 1):
        at = y(tick * step)  # type: ignore[operator]  # the figure's own scale
        parts.append(svg.box(LEFT, at - 0.5, WIDTH - LEFT - RIGHT, 1, svg.FAINT if tick == 0 else svg.LINE))
        parts.append(svg.label(LEFT - 10, at + 4, f"{tick * step:g}", size=11.5, anchor="end", fill=svg.SOFT))
    return parts
