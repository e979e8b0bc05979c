"""Identifiers in running text: a page of a PDF, a notebook, the words around a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from disclosure.checks.rowlevel import FIX, NHS, PATTERNS, is_nhs
from disclosure.findings import Finding, Level
from disclosure.packs import HOUSE

MAY_STAND = frozenset(["e-mail addresses", "postcodes"])  # an author's own may: a person looks
MOST = 5_000_000  # letters


def identifiers(text: str, name: str, *, where: str = "text") -> Iterator[Finding]:
    """What in a text has the shape of a child's identifier."""
    text = text[:MOST]
    for what, pattern in PATTERNS.items():
        if re.search(rf"(?<![\w.-])(?:{pattern.pattern})(?!\w)", text, pattern.flags):
            level = Level.REVIEW if what in MAY_STAND else Level.FAIL
            yield Finding(level, f"{HOUSE}/identifier", name, where, f"{what} stand in it", FIX)
    numbers = {found[0] for found in re.finditer(rf"(?<![\w.])(?:{NHS.pattern})(?![\w.])", text)}
    if len(numbers) > 2 and all(map(is_nhs, numbers)):
        yield Finding(Level.FAIL, f"{HOUSE}/identifier", name, where, "NHS numbers stand in it", FIX)
