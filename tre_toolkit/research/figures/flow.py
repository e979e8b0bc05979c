"""An alluvial figure: bands of children from stage to stage, each as wide as its cell of the table.

Rows named "Assessment → No plan" give the first stages, columns the last. A hidden cell is a
hatched band whose width fits the printed totals and says nothing more. Numbers beside the bars are the table's printed totals, or the sum of
bands where the table has none and all of them are printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from tre_toolkit.research.declared import ARROW
from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown

WIDTH, TOP, TALL, GAP, BAR = 1040.0, 128.0, 400.0, 26.0, 13.0
LEFT, RIGHT = 208.0, 208.0  # room for the labels of the first and last stage
THIN = 3.0  # a hidden band at the least
ROUNDS = 50  # of fitting hidden bands to the totals: far more than tables of this size need


@dataclass(frozen=True)
class Band:
    """One cell: its node at each stage, and its number or None."""

    stops: tuple[int, ...]
    value: float | None


@dataclass(frozen=True)
class Node:
    """A bar of one stage: place, bands through it, and its number where it can be told."""

    y: float
    height: float
    value: float | None


def is_flow(shown: Shown) -> bool:
    """Whether every row is named by several stages."""
    return all(ARROW in row for row in shown.rows)


def flow(shown: Shown, *, title: str) -> str:
    """The figure as SVG text."""
    stages, bands = _bands(shown)
    heads = [*shown.corner.split(ARROW), shown.column_title or "Then"]
    heads = heads if len(heads) == len(stages) else [f"Stage {at + 1}" for at in range(len(stages))]
    step = (WIDTH - LEFT - RIGHT - BAR) / max(1, len(stages) - 1)
    xs = [LEFT + step * at for at in range(len(stages))]
    last = len(stages) - 1
    totals = {(last, name): total for name, total in zip(shown.columns, shown.column_totals, strict=True)}
    totals |= shown.stage_totals
    fitted = _fitted(bands, stages, totals)
    most = max(len(stage) for stage in stages)
    whole = sum(fitted.values())
    scale = (TALL - GAP * (most - 1)) / whole if whole else 0.0
    width = {band: max(fitted[band] * scale, THIN if band.value is None else 0.0) for band in bands}
    nodes = [_nodes(at, stage, bands, width) for at, stage in enumerate(stages)]
    nodes = [
        [
            replace(node, value=totals.get((at, name), node.value))
            for name, node in zip(stage, nodes[at], strict=True)
        ]
        for at, stage in enumerate(stages)
    ]
    tints = [svg.colours(stage) for stage in stages]
    parts: list[str] = []
    for at in range(len(stages) - 1):
        parts += _ribbons(at, xs, bands, width, nodes, stages, tints)
    for at, stage in enumerate(stages):
        parts += _bars(at, xs[at], stage, nodes[at], tints[at], last=at == len(stages) - 1)
        anchor = "end" if at == 0 else "start" if at == len(stages) - 1 else "middle"
        x = xs[at] + (BAR if at == 0 else 0 if at == len(stages) - 1 else BAR / 2)
        parts.append(svg.label(x, TOP - 26, heads[at], size=13, anchor=anchor, fill=svg.SOFT, weight=600))
    bottom = max(node.y + node.height for stage in nodes for node in stage)
    hidden = any(band.value is None for band in bands)
    foot = "Children, each counted once. Steps reached on an observed day, in whatever order."
    foot += (
        " Hatched: hidden by the disclosure rules, drawn at a width that only fits the totals."
        if hidden
        else ""
    )
    everybody = f"{svg.count(shown.total)} children" if shown.total is not None else ""
    parts.append(svg.label(32, 68, everybody, size=14, fill=svg.SOFT))
    return svg.page(
        WIDTH, bottom + 70, title=title, told=_told(shown), parts=parts, synthetic=shown.synthetic, foot=foot
    )


def _bands(shown: Shown) -> tuple[list[list[str]], list[Band]]:
    """The labels of each stage, without those no child came through, and the cells as bands."""
    split = [row.split(ARROW) for row in shown.rows]
    stages = [list(dict.fromkeys(row[at] for row in split)) for at in range(len(split[0]))]
    stages.append(list(shown.columns))
    cells = [
        ([*split[at], column], shown.cells[at][across])
        for at in range(len(shown.rows))
        for across, column in enumerate(shown.columns)
        if shown.cells[at][across] != 0
    ]
    stages = [
        [name for name in stage if any(path[at] == name for path, _ in cells)]
        for at, stage in enumerate(stages)
    ]
    return stages, [
        Band(tuple(stages[at].index(name) for at, name in enumerate(path)), value) for path, value in cells
    ]


def _fitted(
    bands: list[Band], stages: list[list[str]], totals: Mapping[tuple[int, str], float | None]
) -> dict[Band, float]:
    """A width for each band: its number, and for hidden ones a share of what the printed totals leave over.

    The shares start equal and are scaled to each stage's totals in turn (iterative proportional fitting), so
    they are a function of what is printed and of nothing else.
    """
    hidden = [band for band in bands if band.value is None]
    share = dict.fromkeys(hidden, 1.0 if hidden else 0.0)
    left = {
        (at, place): total - sum(band.value or 0 for band in bands if band.stops[at] == place)
        for at, stage in enumerate(stages)
        for place, name in enumerate(stage)
        if (total := totals.get((at, name))) is not None
    }
    for _ in range(ROUNDS):
        for (at, place), over in left.items():
            through = [band for band in hidden if band.stops[at] == place]
            now = sum(share[band] for band in through)
            for band in through:
                share[band] *= over / now if now > 0 else 0.0
    return {band: share[band] if band.value is None else band.value for band in bands}


def _nodes(at: int, stage: list[str], bands: list[Band], width: dict[Band, float]) -> list[Node]:
    heights = [sum(width[band] for band in bands if band.stops[at] == place) for place in range(len(stage))]
    whole = sum(heights) + GAP * (len(stage) - 1)
    y = TOP + (TALL - whole) / 2 if whole < TALL else TOP
    found = []
    for place, height in enumerate(heights):
        values = [band.value for band in bands if band.stops[at] == place]
        told = None if any(value is None for value in values) else sum(value or 0 for value in values)
        found.append(Node(y, height, told))
        y += height + GAP
    return found


def _ribbons(
    at: int,
    xs: list[float],
    bands: list[Band],
    width: dict[Band, float],
    nodes: list[list[Node]],
    stages: list[list[str]],
    tints: list[list[str]],
) -> list[str]:
    """The bands between stage `at` and the next, sorted at both ends so that few cross."""
    leave = _stacked(at, at + 1, bands, width, nodes[at])
    reach = _stacked(at + 1, at, bands, width, nodes[at + 1])
    x0, x1 = xs[at] + BAR, xs[at + 1]
    bend = (x1 - x0) * 0.5
    drawn = []
    for band in sorted(bands, key=lambda one: -width[one]):
        y0, y1, tall = leave[band], reach[band], width[band]
        tint = tints[at + 1][band.stops[at + 1]]
        words = ARROW.join(stages[stage][stop] for stage, stop in enumerate(band.stops))
        told = f"{words}: {'hidden' if band.value is None else svg.count(band.value)}"
        shape = (
            f"M{svg.num(x0)} {svg.num(y0)}C{svg.num(x0 + bend)} {svg.num(y0)} {svg.num(x1 - bend)} {svg.num(y1)} "
            f"{svg.num(x1)} {svg.num(y1)}V{svg.num(y1 + tall)}C{svg.num(x1 - bend)} {svg.num(y1 + tall)} "
            f"{svg.num(x0 + bend)} {svg.num(y0 + tall)} {svg.num(x0)} {svg.num(y0 + tall)}Z"
        )
        fill = 'fill="url(#hidden)"' if band.value is None else f'fill="{tint}" fill-opacity="0.46"'
        drawn.append(f'<path d="{shape}" {fill}><title>{escape(told)}</title></path>')
    return drawn


def _stacked(
    at: int, other: int, bands: list[Band], width: dict[Band, float], nodes: list[Node]
) -> dict[Band, float]:
    """Where each band starts on its bar of stage `at`, sorted by where it goes at stage `other`."""
    filled = [node.y for node in nodes]
    places = {}
    for band in sorted(bands, key=lambda one: (one.stops[at], one.stops[other], one.stops)):
        places[band] = filled[band.stops[at]]
        filled[band.stops[at]] += width[band]
    return places


def _bars(
    at: int, x: float, stage: list[str], nodes: list[Node], tints: list[str], *, last: bool
) -> list[str]:
    parts = []
    for name, node, tint in zip(stage, nodes, tints, strict=True):
        told = svg.count(node.value) if node.value is not None else "c"
        parts.append(svg.box(x, node.y, BAR, max(node.height, 1.5), tint, told=f"{name}: {told}", radius=2))
        middle = node.y + node.height / 2
        if at == 0 or last:
            side, anchor = (x - 12, "end") if at == 0 else (x + BAR + 12, "start")
            parts.append(svg.label(side, middle - 1, name, size=14, anchor=anchor, weight=600))
            parts.append(svg.label(side, middle + 16, told, size=13.5, anchor=anchor, fill=svg.SOFT))
        else:
            parts += _tag(x + BAR / 2, node.y - 7, name, told)
    return parts


def _tag(x: float, y: float, name: str, told: str) -> list[str]:
    """A label above a bar in the middle of the figure, on a ground of its own."""
    wide = svg.width_of(f"{name}  {told}", 13.5) + 16
    return [
        f'<rect x="{svg.num(x - wide / 2)}" y="{svg.num(y - 14)}" width="{svg.num(wide)}" height="20" rx="4" '
        'fill="#ffffff" fill-opacity="0.86"/>',
        f'<text x="{svg.num(x)}" y="{svg.num(y)}" font-size="13.5" text-anchor="middle" fill="{svg.INK}">'
        f'<tspan font-weight="600">{escape(name)}</tspan><tspan dx="7" fill="{svg.SOFT}">{told}</tspan></text>',
    ]


def _told(shown: Shown) -> str:
    cells = [
        f"{row}{ARROW}{column}: {'hidden' if cell is None else svg.count(cell)}"
        for row, across in zip(shown.rows, shown.cells, strict=True)
        for column, cell in zip(shown.columns, across, strict=True)
        if cell != 0
    ]
    return (
        f"A flow of children through {shown.corner} and then {shown.column_title}. " + "; ".join(cells) + "."
    )
