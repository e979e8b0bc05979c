"""Authorities by years, without a map: a small panel for each authority, all on one scale."""

from __future__ import annotations

from tre_toolkit.research.declared import ARROW
from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, WIDE, TALL, ACROSS = 1040.0, 112.0, 232.0, 128.0, 4


def panel(shown: Shown, *, title: str) -> str:
    """The figure as SVG text, of the table's first column of figures."""
    split = [row.split(ARROW) for row in shown.rows]
    places = list(dict.fromkeys(row[0] for row in split))
    years = sorted({row[-1] for row in split})
    found = {(row[0], row[-1]): shown.cells[at][0] for at, row in enumerate(split)}
    top = max([cell for cell in found.values() if cell] or [1.0]) * 1.12
    parts = [svg.label(32, 68, shown.columns[0], size=14, fill=svg.SOFT)]
    for number, place in enumerate(places):
        x0 = 32 + (WIDE + 14) * (number % ACROSS)
        y0 = TOP + (TALL + 56) * (number // ACROSS)
        parts.append(svg.label(x0, y0, place, size=13.5, weight=600))
        parts.append(svg.box(x0, y0 + 10 + TALL, WIDE, 1, svg.FAINT))
        step = WIDE / len(years)
        for at, year in enumerate(years):
            cell, x = found.get((place, year)), x0 + step * at + step * 0.16
            wide = step * 0.68
            if (place, year) in found and cell is None:
                parts.append(
                    svg.box(
                        x,
                        y0 + 10 + TALL - 26,
                        wide,
                        26,
                        "url(#hidden)",
                        told=f"{place}, {year}: hidden",
                        radius=2,
                    )
                )
            elif cell:
                tall = TALL * cell / top
                told = f"{place}, {year}: {svg.count(cell)}"
                parts.append(svg.box(x, y0 + 10 + TALL - tall, wide, tall, "#35618f", told=told, radius=2))
                parts.append(
                    svg.label(
                        x + wide / 2,
                        y0 + 6 + TALL - tall,
                        svg.count(cell),
                        size=11,
                        anchor="middle",
                        fill=svg.SOFT,
                    )
                )
            parts.append(
                svg.label(x + wide / 2, y0 + 26 + TALL, year, size=11, anchor="middle", fill=svg.SOFT)
            )
    bottom = TOP + (TALL + 56) * (-(-len(places) // ACROSS))
    foot = "One panel an authority, all on the same scale; a year is the collection year."
    return svg.page(
        WIDTH, bottom + 36, title=title, told=shown.told, parts=parts, synthetic=shown.synthetic, foot=foot
    )
