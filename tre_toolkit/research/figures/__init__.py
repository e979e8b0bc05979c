"""Figures, drawn from tables that passed the check and from nothing else. Public: `draw_table`."""

from __future__ import annotations

from pathlib import Path

from tre_toolkit.errors import MisuseError
from tre_toolkit.files import write_text


def draw_table(table: Path, into: Path, *, kind: str | None = None, title: str | None = None) -> Path:
    """Draw the table at `table` into the SVG `into`; `kind` is "flow" or "bars", or told from the table.

    Raises TreError when the table's evidence isn't there, isn't of these bytes, or doesn't say PASS.
    """
    from tre_toolkit.research.figures.bars import bars
    from tre_toolkit.research.figures.flow import flow, is_flow
    from tre_toolkit.research.figures.shown import read_shown

    if into.suffix != ".svg":
        raise MisuseError("a figure is an .svg", where=str(into))
    shown = read_shown(table)
    kinds = {"flow": flow, "bars": bars}
    wanted = kind or ("flow" if is_flow(shown) else "bars")
    if wanted not in kinds:
        raise MisuseError(f"not a kind of figure; there are {', '.join(kinds)}")
    return write_text(into, kinds[wanted](shown, title=title or shown.title))
