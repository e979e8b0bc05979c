"""Cumulative incidence from a released life table: a stepped line for each kind of entry, with those at risk below.

The curve is worked out from the printed figures alone (actuarial: who leaves is at risk for half of the
step). It ends with the last printed step. Groups (rows "Girls → 0 months to 3 months") are drawn side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tre_toolkit.research.declared import ARROW
from tre_toolkit.research.figures import svg
from tre_toolkit.research.figures.shown import Shown
from tre_toolkit.research.lifetable import cumulative

WIDTH, TOP, TALL, LEFT, RIGHT = 1040.0, 128.0, 300.0, 84.0, 262.0
DASHES = ("", "7 4", "2 3", "10 3 2 3")  # told apart without colour too
MOST = 8  # lines


@dataclass(frozen=True)
class Line:
    """One line: what it is called, its steps' ends, its share at each, and those at risk at each step's start."""

    name: str
    ends: tuple[float, ...]
    share: tuple[float, ...]
    at_risk: tuple[float, ...]


def curve(shown: Shown, *, title: str) -> str:
    """The figure as SVG text."""
    lines, unit = _lines(shown)
    last = max((line.ends[-1] for line in lines), default=1.0)
    top = _ceiling(max((line.share[-1] for line in lines), default=0.1))
    parts = _axes(last, top, unit)
    tints = _tints(shown, lines)
    labels = []
    for at, (line, tint) in enumerate(zip(lines, tints, strict=True)):
        x, y = _x(0, last), _y(0, top)
        path = f"M{svg.num(x)} {svg.num(y)}"
        for end, share in zip(line.ends, line.share, strict=True):
            path += f"L{svg.num(_x(end, last))} {svg.num(_y(share, top))}"
        dash = (
            DASHES[at // len(svg.PALETTE) % len(DASHES)]
            if len(lines) > len(svg.PALETTE)
            else DASHES[at % len(DASHES)]
        )
        broken = f' stroke-dasharray="{dash}"' if dash else ""
        told = f"{line.name}: {100 * line.share[-1]:.0f}% by {line.ends[-1]:g} {unit}"
        parts.append(
            f'<path d="{path}" fill="none" stroke="{tint}" stroke-width="2.6" stroke-linejoin="round"{broken}>'
            f"<title>{svg.escaped(told)}</title></path>"
        )
        parts += [
            _dot(_x(end, last), _y(share, top), tint)
            for end, share in zip(line.ends, line.share, strict=True)
        ]
        labels.append((_y(line.share[-1], top), line, tint))
    parts += _named(labels, last)
    parts += _at_risk(lines, tints, last)
    parts.append(svg.label(32, 68, "Share who entered, since the index", size=14, fill=svg.SOFT))
    bottom = TOP + TALL + 70 + 20 * len({line.at_risk for line in lines})
    foot = "Cumulative incidence with competing entries, from the table's steps. Every step rests on enough children."
    return svg.page(
        WIDTH, bottom + 40, title=title, told=shown.told, parts=parts, synthetic=shown.synthetic, foot=foot
    )


def _lines(shown: Shown) -> tuple[list[Line], str]:
    """A line for each group and kind of entry; rows with a hidden figure end their group's lines."""
    groups: dict[str, list[int]] = {}
    for at, row in enumerate(shown.rows):
        groups.setdefault(row.rpartition(ARROW)[0], []).append(at)
    found, unit = [], "months"
    for group, rows in groups.items():
        whole = []
        for at in rows:
            if any(cell is None for cell in shown.cells[at]):
                break
            whole.append(at)
        if not whole:
            continue
        body = np.array([shown.cells[at] for at in whole], dtype=float)
        ends = []
        for at in whole:
            end, _, unit = shown.rows[at].rpartition(" to ")[2].partition(" ")
            ends.append(float(end))
        share = cumulative(body[:, 0], body[:, 1:-1], body[:, -1])
        for cause, name in enumerate(shown.columns[1:-1]):
            called = (
                group
                if group and len(shown.columns) == 3
                else ARROW.join(part for part in (group, name) if part)
            )
            found.append(
                Line(called, tuple(ends), tuple(share[:, cause].tolist()), tuple(body[:, 0].tolist()))
            )
    return found[:MOST], unit if unit.endswith("s") else unit + "s"


def _tints(shown: Shown, lines: list[Line]) -> list[str]:
    if len(lines) == len(shown.columns) - 2:
        return svg.colours([line.name for line in lines])
    return [svg.PALETTE[at % len(svg.PALETTE)] for at in range(len(lines))]


def _ceiling(share: float) -> float:
    return next((top for top in (0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8) if share <= top * 0.97), 1.0)


def _x(time: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * time / last


def _y(share: float, top: float) -> float:
    return TOP + TALL * (1 - share / top)


def _dot(x: float, y: float, tint: str) -> str:
    return f'<circle cx="{svg.num(x)}" cy="{svg.num(y)}" r="2.6" fill="#ffffff" stroke="{tint}" stroke-width="1.6"/>'


def _axes(last: float, top: float, unit: str) -> list[str]:
    parts = []
    for part in range(6):
        y = TOP + TALL * (1 - part / 5)
        parts.append(svg.box(LEFT, y - 0.5, WIDTH - LEFT - RIGHT, 1, svg.LINE if part else svg.FAINT))
        told = f"{100 * top * part / 5:.2f}".rstrip("0").rstrip(".")
        parts.append(svg.label(LEFT - 10, y + 4, f"{told}%", size=11.5, anchor="end", fill=svg.SOFT))
    for at in _ticks(last):
        parts.append(
            svg.label(_x(at, last), TOP + TALL + 20, f"{at:g}", size=11.5, anchor="middle", fill=svg.SOFT)
        )
    parts.append(svg.label(WIDTH - RIGHT, TOP + TALL + 38, unit, size=11.5, anchor="end", fill=svg.SOFT))
    return parts


def _ticks(last: float) -> list[float]:
    step = next((one for one in (1, 2, 3, 6, 12, 24) if last / one <= 12), last / 10)
    return [step * at for at in range(int(last / step) + 1)]


def _named(labels: list[tuple[float, Line, str]], last: float) -> list[str]:
    """Names beside the lines' ends, moved apart where they would meet."""
    parts, floor = [], -1e9
    for y, line, tint in sorted(labels, key=lambda one: one[0]):
        place = max(y + 4, floor + 34)
        floor = place
        x = _x(line.ends[-1], last) + 12
        name = line.name if len(line.name) <= 36 else line.name[:35] + "…"
        parts.append(svg.label(min(x, WIDTH - RIGHT + 12), place, name, size=12.5, weight=600, fill=tint))
        parts.append(
            svg.label(
                min(x, WIDTH - RIGHT + 12), place + 15, f"{100 * line.share[-1]:.0f}%", size=12, fill=svg.SOFT
            )
        )
    return parts


def _at_risk(lines: list[Line], tints: list[str], last: float) -> list[str]:
    """Numbers at risk under the axis, one row for each group."""
    y = TOP + TALL + 58
    parts = [svg.label(LEFT - 30, y, "At risk", size=11.5, anchor="end", fill=svg.SOFT, weight=600)]
    seen: set[tuple[float, ...]] = set()
    for line, tint in zip(lines, tints, strict=True):
        if line.at_risk in seen:
            continue
        seen.add(line.at_risk)
        shown_to = -1e9
        for start, n in zip((0.0, *line.ends[:-1]), line.at_risk, strict=True):
            x = _x(start, last)
            if x - shown_to > 44:
                parts.append(
                    svg.label(
                        x,
                        y,
                        svg.count(n),
                        size=11.5,
                        anchor="middle",
                        fill=tint if len(lines) > 1 else svg.INK,
                    )
                )
                shown_to = x
        y += 20
    return parts
