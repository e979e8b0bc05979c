"""Bars: one a row of the table, cut by its columns into shares of the row's total.

A hidden cell leaves its share hatched together with the row's other hidden cells; a row whose total is
hidden, or too small to be cut, is hatched whole. The numbers printed are those of the table.
"""

from __future__ import annotations

from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, STEP, BAR = 1040.0, 132.0, 25.0, 17.0
RIGHT = 96.0


def bars(shown: Shown, *, title: str) -> str:
    """The figure as SVG text."""
    kept = [at for at in range(len(shown.columns)) if any(row[at] != 0 for row in shown.cells)]
    names = [shown.columns[at] for at in kept]
    tints = svg.colours(names)
    rows = [at for at in range(len(shown.rows)) if shown.row_totals[at] != 0]
    widest = max((svg.width_of(shown.rows[at], 13.5) for at in rows), default=0.0)
    left = 32 + widest + 14
    room = WIDTH - left - RIGHT
    parts = svg.legend(names, tints)
    for line, at in enumerate([*rows, None]):
        y = TOP + STEP * line + (10 if at is None else 0)
        name = "All" if at is None else shown.rows[at]
        cells = shown.column_totals if at is None else shown.cells[at]
        total = shown.total if at is None else shown.row_totals[at]
        weight = 600 if at is None else 400
        parts.append(svg.label(left - 12, y + BAR - 4, name, size=13.5, anchor="end", weight=weight))
        parts += _bar(left, y, room, name, names, tints, [cells[column] for column in kept], total)
        told = "c" if total is None else svg.count(total)
        parts.append(
            svg.label(WIDTH - 32, y + BAR - 4, told, size=13, anchor="end", fill=svg.SOFT, weight=weight)
        )
    parts.append(svg.label(WIDTH - 32, TOP - 14, "children", size=12, anchor="end", fill=svg.SOFT))
    bottom = TOP + STEP * (len(rows) + 1) + 10
    parts += _axis(left, room, bottom)
    hidden = any(cell is None for row in shown.cells for cell in row)
    foot = "Share of each row's children. Numbers: children, each counted once."
    foot += " Hatched: hidden by the disclosure rules." if hidden else ""
    told = _told(shown)
    return svg.page(
        WIDTH, bottom + 66, title=title, told=told, parts=parts, synthetic=shown.synthetic, foot=foot
    )


def _bar(
    left: float,
    y: float,
    room: float,
    name: str,
    names: list[str],
    tints: list[str],
    cells: list[float | None],
    total: float | None,
) -> list[str]:
    if not total:
        return [svg.box(left, y, room, BAR, "url(#hidden)", told=f"{name}: hidden")]
    x, parts = left, []
    for column, tint, cell in zip(names, tints, cells, strict=True):
        if not cell:
            continue
        wide = room * cell / total
        parts.append(
            svg.box(x, y, max(wide - 1, 0.6), BAR, tint, told=f"{name}, {column}: {svg.count(cell)}")
        )
        if wide > svg.width_of(svg.count(cell), 11) + 8:
            ink = "#ffffff" if _is_dark(tint) else svg.INK
            parts.append(
                svg.label(x + wide / 2, y + BAR - 4.8, svg.count(cell), size=11, anchor="middle", fill=ink)
            )
        x += wide
    rest = left + room - x
    if any(cell is None for cell in cells) and rest > 0.5:
        parts.append(svg.box(x, y, rest, BAR, "url(#hidden)", told=f"{name}: the rest is hidden"))
    return parts


def _is_dark(tint: str) -> bool:
    red, green, blue = (int(tint[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140


def _axis(left: float, room: float, bottom: float) -> list[str]:
    parts = []
    for share in (0, 25, 50, 75, 100):
        x = left + room * share / 100
        anchor = "start" if share == 0 else "end" if share == 100 else "middle"
        parts.append(svg.box(x - 0.5, bottom, 1, 5, svg.FAINT))
        parts.append(svg.label(x, bottom + 19, f"{share}%", size=11.5, anchor=anchor, fill=svg.SOFT))
    return parts


def _told(shown: Shown) -> str:
    lines = []
    for row, across, total in zip(shown.rows, shown.cells, shown.row_totals, strict=True):
        if total == 0:
            continue
        cells = ", ".join(
            f"{column} {'hidden' if cell is None else svg.count(cell)}"
            for column, cell in zip(shown.columns, across, strict=True)
            if cell != 0
        )
        lines.append(f"{row}: {cells}")
    return f"Bars of {shown.corner} cut by {shown.column_title or 'columns'}. " + "; ".join(lines) + "."
