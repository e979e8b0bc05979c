"""Figures, drawn from tables that passed the check and from nothing else. Public: `draw_table`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import MisuseError
from tre_toolkit.files import new_file, write_text

if TYPE_CHECKING:
    from tre_toolkit.research.figures.shown import Shown


# the kind of a declared table to the figure that shows it, and to those that may be asked for
KINDS = {
    "distribution": "area",
    "curve": "curve",
    "groups": "groups",
    "transitions": "heat",
    "rates": "heat",
    "ratios": "forest",
    "hazards": "forest",
    "links": "forest",
    "event_study": "effect",
    "households": "heat",
    "variety": "heat",
    "channels": "bars",
    "panel": "panel",
}
FIGURES = ("flow", "bars", "area", "groups", "curve", "heat", "forest", "panel", "effect")


def draw_table(
    table: Path, into: Path, *, kind: str | None = None, title: str | None = None, packs: tuple[str, ...] = ()
) -> Path:
    """Draw the table at `table` into `into`, an .svg or its .png twin; `kind` is one of `FIGURES`, or told from the table.

    The table is checked anew under the packs its evidence names and `packs`. Raises TreError when its evidence
    isn't there, isn't of these bytes, or the table doesn't pass.
    """
    from tre_toolkit.research.figures.shown import read_shown

    if into.suffix not in (".svg", ".png"):
        raise MisuseError("a figure is an .svg or a .png", where=str(into))
    if kind is not None and kind not in FIGURES:
        raise MisuseError(f"not a kind of figure; there are {', '.join(FIGURES)}")
    shown = read_shown(table, packs)
    drawn = figure(shown, kind=kind, title=title)
    if into.suffix == ".svg":
        return write_text(into, drawn)
    from tre_toolkit.research.figures.png import as_png

    with new_file(into) as part:
        part.write_bytes(as_png(drawn))
    return into


def figure(shown: Shown, *, kind: str | None = None, title: str | None = None) -> str:
    """The figure of a checked table as SVG text."""
    from tre_toolkit.research.figures.flow import is_flow

    usual = KINDS.get(shown.kind) or ("flow" if is_flow(shown) else "bars")
    wanted = kind or usual
    drawing = getattr(importlib.import_module(f"{__name__}.{wanted}"), wanted)
    return str(drawing(shown, title=title or shown.title))
