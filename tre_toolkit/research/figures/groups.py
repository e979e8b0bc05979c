"""Groups of pathways side by side: each a small distribution of states over time, all on one scale."""

from __future__ import annotations

from tre_toolkit.research.declared import ARROW
from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, TALL, ACROSS = 1040.0, 148.0, 190.0, 2


def groups(shown: Shown, *, title: str) -> str:
    """The figure as SVG text."""
    kept = [at for at in range(len(shown.columns)) if any(row[at] != 0 for row in shown.cells)]
    names = [shown.columns[at] for at in kept]
    tints = svg.colours(names)
    split = [row.split(ARROW) for row in shown.rows]
    whole = list(dict.fromkeys(row[0] for row in split))
    wide = (WIDTH - 64 - 40 * (ACROSS - 1)) / ACROSS
    parts = svg.legend(names, tints)
    for number, name in enumerate(whole):
        own = [at for at, row in enumerate(split) if row[0] == name]
        x0, y0 = 32 + (wide + 40) * (number % ACROSS), TOP + (TALL + 84) * (number // ACROSS)
        size = shown.row_totals[own[0]]
        told = f"{svg.count(size)} children" if size is not None else "c"
        parts.append(svg.label(x0, y0 - 12, name, size=14, weight=600))
        parts.append(svg.label(x0 + wide, y0 - 12, told, size=13, anchor="end", fill=svg.SOFT))
        step = wide / len(own)
        for place, at in enumerate(own):
            x, y, total = x0 + step * place, y0 + TALL, shown.row_totals[at]
            for column, tint, state in zip(kept, tints, names, strict=True):
                cell = shown.cells[at][column]
                if cell and total:
                    y -= TALL * cell / total
                    said = f"{shown.rows[at]}, {state}: {svg.count(cell)}"
                    parts.append(svg.box(x, y, step - 1, TALL * cell / total, tint, told=said))
            if y - y0 > 0.5 and (not total or any(shown.cells[at][column] is None for column in kept)):
                parts.append(
                    svg.box(x, y0, step - 1, y - y0, "url(#hidden)", told=f"{shown.rows[at]}: hidden")
                )
            if place in (0, len(own) - 1):
                anchor = "start" if place == 0 else "end"
                end = x if place == 0 else x + step
                parts.append(
                    svg.label(end, y0 + TALL + 18, split[at][-1], size=11.5, anchor=anchor, fill=svg.SOFT)
                )
    bottom = TOP + (TALL + 84) * (-(-len(whole) // ACROSS))
    foot = "Groups of children whose states are alike month by month; shares of each group. No line is a single child's."
    return svg.page(
        WIDTH, bottom + 20, title=title, told=shown.told, parts=parts, synthetic=shown.synthetic, foot=foot
    )
