"""What a notebook shows of the room's objects: words, names and digests. No row, no child, no unchecked figure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

FRAME = "border:1px solid #dde2e8;border-radius:8px;padding:12px 16px;max-width:60em;font:14px/1.5 sans-serif;color:#1d2733"
MARK = "background:#fff3d6;color:#7a5a00;border-radius:99px;padding:1px 10px;font-size:12px;font-weight:600"
SOFT = "color:#5b6775"


def card(
    kind: str, title: str, facts: Iterable[tuple[str, str]], *, synthetic: bool = False, below: str = ""
) -> str:
    """A small card: what it is, and facts under their names. `below` is HTML already."""
    mark = f' <span style="{MARK}">invented children</span>' if synthetic else ""
    rows = "".join(
        f'<tr><th style="text-align:left;padding-right:16px;{SOFT};font-weight:400">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(told)}</td></tr>'
        for name, told in facts
    )
    return (
        f'<div style="{FRAME}"><div style="{SOFT}">{escape(kind)}{mark}</div><strong>{escape(title)}</strong>'
        f"<table>{rows}</table>{below}</div>"
    )
