"""The distribution of states over time: one column a point of time, cut by states into shares of those observed.

A hidden cell leaves its share hatched, together with the other hidden ones of its column.
"""

from __future__ import annotations

from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, TALL, LEFT, RIGHT = 1040.0, 132.0, 330.0, 84.0, 210.0


def area(shown: Shown, *, title: str) -> str:
    """The figure as SVG text."""
    kept = [at for at in range(len(shown.columns)) if any(row[at] != 0 for row in shown.cells)]
    names = [shown.columns[at] for at in kept]
    tints = svg.colours(names)
    rows = [at for at in range(len(shown.rows)) if shown.row_totals[at] != 0]
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    parts = _grid()
    for place, at in enumerate(rows):
        x, y = LEFT + step * place, TOP + TALL
        total, own = shown.row_totals[at], [shown.cells[at][column] for column in kept]
        for name, tint, cell in zip(names, tints, own, strict=True):
            if not cell or not total:
                continue
            tall = TALL * cell / total
            y -= tall
            told = f"{shown.rows[at]}, {name}: {svg.count(cell)} of {svg.count(total)}"
            parts.append(svg.box(x, y, step - (1 if step > 12 else 0), tall, tint, told=told))
        if y - TOP > 0.5 and (not total or any(cell is None for cell in own)):
            told = f"{shown.rows[at]}: hidden"
            parts.append(svg.box(x, TOP, step - (1 if step > 12 else 0), y - TOP, "url(#hidden)", told=told))
        every = max(1, round(len(rows) / 13))
        if place % every == 0:
            parts.append(
                svg.label(
                    x + step / 2, TOP + TALL + 18, shown.rows[at], size=11, anchor="middle", fill=svg.SOFT
                )
            )
            known = "c" if total is None else svg.count(total)
            parts.append(
                svg.label(x + step / 2, TOP + TALL + 36, known, size=11, anchor="middle", fill=svg.FAINT)
            )
    parts.append(svg.label(LEFT - 10, TOP + TALL + 36, "children", size=11, anchor="end", fill=svg.FAINT))
    parts += _key(names, tints)
    parts.append(svg.label(32, 68, shown.corner, size=14, fill=svg.SOFT))
    hidden = any(cell is None for row in shown.cells for cell in row)
    foot = "Share of the children observed at each point; below: how many are observed."
    foot += " Hatched: hidden by the disclosure rules." if hidden else ""
    return svg.page(
        WIDTH,
        TOP + TALL + 92,
        title=title,
        told=shown.told,
        parts=parts,
        synthetic=shown.synthetic,
        foot=foot,
    )


def _grid() -> list[str]:
    parts = []
    for share in (0, 25, 50, 75, 100):
        y = TOP + TALL * (1 - share / 100)
        parts.append(svg.box(LEFT, y - 0.5, WIDTH - LEFT - RIGHT, 1, svg.LINE))
        parts.append(svg.label(LEFT - 10, y + 4, f"{share}%", size=11.5, anchor="end", fill=svg.SOFT))
    return parts


def _key(names: list[str], tints: list[str]) -> list[str]:
    parts, y = [], TOP + 8
    for name, tint in reversed(list(zip(names, tints, strict=True))):
        parts += [
            svg.box(WIDTH - RIGHT + 22, y, 14, 14, tint, radius=2),
            svg.label(WIDTH - RIGHT + 43, y + 11.5, name, size=13),
        ]
        y += 26
    return parts
