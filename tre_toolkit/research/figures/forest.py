"""A forest of ratios: each group's ratio to the group compared with, and its 95 % interval, on a logarithmic axis."""

from __future__ import annotations

import math

from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, STEP, RIGHT = 1040.0, 132.0, 30.0, 360.0


def forest(shown: Shown, *, title: str) -> str:
    """The figure as SVG text; the last three columns are the ratio and its interval."""
    rows = [at for at in range(len(shown.rows)) if None not in shown.cells[at][-3:]]
    values = [[float(cell or 0) for cell in shown.cells[at][-3:]] for at in rows]
    left = 44 + max((svg.width_of(shown.rows[at], 13.5) for at in rows), default=0.0)
    ends = [value for one in values for value in one if value > 0]
    low, high = min([0.5, *ends]), max([2.0, *ends])
    low, high = max(low, 0.1) / 1.08, min(high, 12.0) * 1.08

    def x(value: float) -> float:
        share = (math.log(min(max(value, low), high)) - math.log(low)) / (math.log(high) - math.log(low))
        return left + (WIDTH - left - RIGHT) * share

    bottom = TOP + STEP * len(rows)
    parts = _axis(x, low, high, bottom)
    heads = [*shown.columns[:2], "Ratio (95 % interval)"]
    for at, (head, place) in enumerate(zip(heads, (282, 204, 32), strict=True)):
        parts.append(
            svg.label(
                WIDTH - place,
                TOP - 16,
                head if at == 2 else head.split()[-1].capitalize(),
                size=12,
                anchor="end",
                fill=svg.SOFT,
            )
        )
    for line, (at, (ratio, least, most)) in enumerate(zip(rows, values, strict=True)):
        y = TOP + STEP * (line + 0.5)
        compared = least == most == ratio == 1
        tint = svg.FAINT if compared else "#7b2d59" if least > 1 else "#35618f" if most < 1 else svg.SOFT
        if line % 2 == 0:
            parts.append(svg.box(24, y - STEP / 2, WIDTH - 48, STEP, "#f8f9fb", radius=4))
        told = f"{shown.rows[at]}: {ratio:g}" + ("" if compared else f", {least:g} to {most:g}")
        parts.append(
            svg.label(
                left - 14, y + 4.5, shown.rows[at].replace(" (compared with)", ""), size=13.5, anchor="end"
            )
        )
        if not compared:
            parts.append(svg.box(x(least), y - 1.1, max(x(most) - x(least), 1), 2.2, tint, told=told))
        parts.append(_mark(x(ratio), y, tint, told, hollow=compared))
        words = "compared with" if compared else f"{ratio:.2f} ({least:.2f} to {most:.2f})"
        parts.append(
            svg.label(
                WIDTH - 32, y + 4.5, words, size=13, anchor="end", fill=svg.SOFT if compared else svg.INK
            )
        )
        for column, place in ((0, 282), (1, 204)):
            cell = shown.cells[at][column]
            known = "c" if cell is None else svg.count(cell)
            parts.append(svg.label(WIDTH - place, y + 4.5, known, size=13, anchor="end", fill=svg.SOFT))
    parts.append(svg.label(32, 68, shown.across, size=14, fill=svg.SOFT))
    foot = (
        "Coloured where the interval leaves out 1. Small groups stand with their broader group, or together."
    )
    return svg.page(
        WIDTH, bottom + 84, title=title, told=shown.told, parts=parts, synthetic=shown.synthetic, foot=foot
    )


def _axis(x: object, low: float, high: float, bottom: float) -> list[str]:
    parts = []
    for tick in (0.1, 0.25, 0.5, 1, 2, 4, 8):
        if low <= tick <= high:
            at = x(tick)  # type: ignore[operator]  # the figure's own scale
            parts.append(
                svg.box(at - 0.5, TOP - 4, 1, bottom - TOP + 8, svg.FAINT if tick == 1 else svg.LINE)
            )
            parts.append(svg.label(at, bottom + 22, f"{tick:g}", size=11.5, anchor="middle", fill=svg.SOFT))
    return parts


def _mark(x: float, y: float, tint: str, told: str, *, hollow: bool) -> str:
    fill = "#ffffff" if hollow else tint
    return (
        f'<rect x="{svg.num(x - 5)}" y="{svg.num(y - 5)}" width="10" height="10" fill="{fill}" stroke="{tint}" '
        f'stroke-width="1.6" transform="rotate(45 {svg.num(x)} {svg.num(y)})"><title>{svg.escaped(told)}</title></rect>'
    )
