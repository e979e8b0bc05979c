"""The import graph, drawn from the contracts: `python tests/helpers/graph.py > docs/images/imports.svg`.

Layers come from the contracts of type `layers`, what a room may never know from those of type `forbidden`. The same
contracts give the same bytes, so a test holds the picture against them.
"""

from __future__ import annotations

import configparser
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("pseudonymise", "synth", "disclosure")  # packages of their own, beside the layers of tre_toolkit
WHERE = {  # which person's place a room runs in; the colours of the picture
    "pseudonymise": "authority", "returns": "authority", "parcel": "authority", "linkage": "linkage zone",
    "research": "workspace", "synth": "anywhere", "disclosure": "anywhere", "gate": "airlock",
}  # fmt: skip
COLOURS = {"authority": "#c2410c", "linkage zone": "#7c3aed", "workspace": "#0f766e", "airlock": "#1d4ed8", "anywhere": "#4d7c0f", "": "#475569"}  # fmt: skip
BOX, GAP, ROW, LEFT, TOP = 122, 14, 74, 24, 74


@dataclass(frozen=True)
class Contracts:
    layers: list[list[str]]  # from the front door down, within tre_toolkit
    forbidden: dict[str, list[str]]  # a room, and what it may never know


def contracts(file: Path) -> Contracts:
    """What the contracts say of layers and of rooms."""
    read = configparser.ConfigParser()
    read.read(file, encoding="utf-8")
    rooms = read["importlinter:contract:rooms"]
    layers = [
        [part.strip() for part in line.replace("|", ":").split(":")]
        for line in rooms["layers"].split("\n")
        if line
    ]
    forbidden: dict[str, list[str]] = {}
    for name in read.sections():
        one = read[name]
        sources = one.get("source_modules", "").split()
        if one.get("type") == "forbidden" and len(sources) == 1:
            forbidden[sources[0].removeprefix("tre_toolkit.")] = [
                gone.removeprefix("tre_toolkit.") for gone in one["forbidden_modules"].split()
            ]
    return Contracts(layers, forbidden)


def svg(told: Contracts) -> str:
    """The picture: rooms by layer, an arrow where one may know another, and beside each what it never knows."""
    rows = list(told.layers)
    rows[1:1] = [[]]
    rows[1] = [*rows[2], "disclosure"]
    del rows[2]
    rows[2] = ["pseudonymise", *rows[2], "synth"]
    widest = max(len(row) for row in rows)
    width, height = (
        LEFT * 2 + widest * (BOX + GAP),
        TOP + len(rows) * ROW + 40 + 20 * len(told.forbidden) + 30,
    )
    at: dict[str, tuple[int, int]] = {}
    for number, row in enumerate(rows):
        start = LEFT + (widest - len(row)) * (BOX + GAP) // 2
        at |= {name: (start + place * (BOX + GAP), TOP + number * ROW) for place, name in enumerate(row)}
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d" font-family="sans-serif" font-size="13">',
        '<title id="t">Which room may import which</title>',
        '<desc id="d">Layers from the front door down to the kernel; a room may import what stands below it, except what the list under the picture forbids.</desc>',
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#94a3b8"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="28" font-size="16" font-weight="bold" fill="#0f172a">Arrows point from secrets to public knowledge</text>',
        *(_legend(number, place) for number, place in enumerate(place for place in COLOURS if place)),
    ]
    above = {name: number for number, row in enumerate(rows) for name in row}
    for one in at:
        for other in at:
            if _may(one, other, above, told):
                drawn.append(_arrow(at[one], at[other]))
    drawn += [_box(name, *at[name]) for name in at]
    base = TOP + len(rows) * ROW + 20
    drawn.append(
        f'<text x="{LEFT}" y="{base}" font-weight="bold" fill="#0f172a">Forbidden, directly and by any road</text>'
    )
    for number, (room, never) in enumerate(sorted(told.forbidden.items()), start=1):
        shown = [name for name in never if name in at or name in ROOMS or name == "duckdb"]
        drawn.append(
            f'<text x="{LEFT}" y="{base + 20 * number}" fill="#334155"><tspan font-weight="bold">{room}</tspan> never knows {", ".join(shown)}</text>'
        )
    return "\n".join([*drawn, "</svg>", ""])


def _may(one: str, other: str, above: dict[str, int], told: Contracts) -> bool:
    """Whether an arrow is drawn: to the room or layer just below, where no contract forbids it."""
    if other in told.forbidden.get(one, []) or one in ("cli", "demo", "doctor", "manners", "manual"):
        return False
    if (one, other) == ("gate", "disclosure") or (one, other) == ("research", "disclosure"):
        return True
    if other == "pseudonymise" or one == other or one == "disclosure":
        return (one, other) == ("disclosure", "errors")
    if (one, other) in (
        ("pseudonymise", "returns"),
        ("pseudonymise", "parcel"),
        ("synth", "returns"),
        ("linkage", "parcel"),
    ):
        return True
    return above[other] == above[one] + 1 and other == "schema"


def _legend(number: int, place: str) -> str:
    x = LEFT + number * 150
    return f'<rect x="{x}" y="42" width="12" height="12" rx="3" fill="{COLOURS[place]}"/><text x="{x + 18}" y="52" fill="#334155">{place}</text>'


def _box(name: str, x: int, y: int) -> str:
    colour = COLOURS[WHERE.get(name, "")]
    return (
        f'<rect x="{x}" y="{y}" width="{BOX}" height="34" rx="6" fill="#ffffff" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x + BOX // 2}" y="{y + 22}" text-anchor="middle" fill="{colour}">{name}</text>'
    )


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[1] == end[1]:
        x1, x2 = (start[0] + BOX, end[0] - 3) if start[0] < end[0] else (start[0], end[0] + BOX + 3)
        middle = start[1] - 16
        return f'<path d="M{x1 - BOX // 2} {start[1]}Q{(x1 + x2) // 2} {middle} {x2 + BOX // 2} {end[1] - 3}" fill="none" stroke="#94a3b8" marker-end="url(#a)"/>'
    return f'<path d="M{start[0] + BOX // 2} {start[1] + 34}L{end[0] + BOX // 2} {end[1] - 3}" fill="none" stroke="#94a3b8" marker-end="url(#a)"/>'


if __name__ == "__main__":
    sys.stdout.write(svg(contracts(ROOT / ".importlinter")))
