"""The page `tre demo` leaves behind: the journey with its figures, what each stage saw and what it hid.

One file, static, for a browser without a network: no script, no font, nothing from another host.
Its numbers come from released tables and from counts the commands print; nothing else is drawn.
"""

from __future__ import annotations

import csv
import re
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from tre_toolkit.demo.journey import shortened
from tre_toolkit.demo.stages import AUTHORITIES, TABLE
from tre_toolkit.files import write_text

if TYPE_CHECKING:
    from tre_toolkit.demo.journey import Journey, Played, Stage

TEMPLATE = Path(__file__).with_name("page.html")
FIRST, LAST = 30, 12  # lines of one command's answer on the page


def write_page(journey: Journey, path: Path) -> Path:
    """Write the page of a journey that has been played to its end."""
    released = journey.folder / "release" / "data"
    fields = {
        "children": f"{journey.children:,}",
        "authorities": " and ".join(AUTHORITIES.values()),
        "headlines": "".join(_headline(number, what) for number, what in journey.headlines),
        "flow": _inline_svg(journey.folder / "outputs" / "state_flow.svg"),
        "table": _table(next(released.rglob(TABLE))),
        "stages": "".join(_stage(number, stage) for number, stage in enumerate(journey.stages, start=1)),
    }
    return write_text(path, Template(TEMPLATE.read_text(encoding="utf-8")).substitute(fields))


def _headline(number: str, what: str) -> str:
    return f'<div class="headline"><b>{escape(number)}</b><span>{escape(what)}</span></div>'


def _stage(number: int, stage: Stage) -> str:
    commands = "".join(_played(one) for one in stage.played)
    seen = "".join(
        f'<div class="{kind}"><h4>{title}</h4><p>{escape(text)}</p></div>'
        for kind, title, text in (("saw", "What it saw", stage.saw), ("hid", "What it hid", stage.hid))
        if text
    )
    return (
        f'<section class="stage" id="stage-{number}"><div class="number" aria-hidden="true">{number}</div>'
        f"<div><h3>{escape(stage.title)}</h3><p class='who'>{escape(stage.who)}, {escape(stage.place)}</p>"
        f"<p>{escape(stage.story)}</p><div class='seen'>{seen}</div>"
        f"<details><summary>{_count(len(stage.played), 'command')} as typed</summary>{commands}</details></div></section>"
    )


def _played(played: Played) -> str:
    said = "\n".join(shortened(played.said, FIRST, LAST))
    refused = ' class="refused"' if played.status else ""
    return f"<pre{refused} tabindex='0'><b>$ {escape(played.typed)}</b>\n{escape(said)}</pre>"


def _table(path: Path) -> str:
    """A released table as HTML; hidden cells are marked and explained to a screen reader."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(_cell(cell) for cell in row[1:])}</tr>'
        for row in rows
    )
    return f"<table><caption>Furthest state reached, by ethnicity: children, as released</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cell(cell: str) -> str:
    if re.fullmatch(r"\d+", cell):
        return f"<td>{int(cell):,}</td>"
    return f'<td class="hidden"><abbr title="hidden to protect children">{escape(cell)}</abbr></td>'


def _inline_svg(path: Path) -> str:
    svg = path.read_text(encoding="utf-8")
    return svg[svg.index("<svg") :]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
