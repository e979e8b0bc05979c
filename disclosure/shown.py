"""What a printed cell tells a reader: a number, a range, nothing (hidden), or that it doesn't apply.

`read_cells` turns the text of cells into arrays of lower and upper ends: equal where a number is printed,
0 and infinity where a symbol or a blank hides one. Everything later works on these ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Kind(IntEnum):
    """What sort of thing is printed in a cell."""

    NUMBER = 0
    HIDDEN = 1  # a suppression symbol, or nothing at all: a reader may solve for it
    RANGE = 2  # "<10", "1-5", "low"
    NOTHING = 3  # not applicable, not available: no figure exists
    TEXT = 4


# symbols that say "a figure stands here and is not shown", in published files of DfE, NHS, ONS and others
HIDING = frozenset(
    ["c", "*", "**", "~", "[redacted]", "redacted", "supp", "suppressed", "s", "[c]", ":c", "np", "nan", "na",
     "n/a", "none", "null", "-", "–", "..", "...", "$", "#", "†", "confidential", "<na>", "x̶", "[low]"]
)  # fmt: skip
NOTHING = frozenset(["z", "x", ":", "[z]", "[x]", "u", "[u]"])
SMALL = {"low": (1, 4), "k": (1, 4)}  # rounds to 0 but is not 0
_NUMBER = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][-+]?\d+)?%?")
_BELOW = re.compile(r"(<|<=|≤|fewer than|less than|under)\s*(\d+)", re.IGNORECASE)
_BETWEEN = re.compile(r"\[?\(?(\d+)\s*(-|–|to|\.\.)\s*(\d+)\)?\]?")


@dataclass(frozen=True, slots=True)
class Cells:
    """Printed cells as arrays of the same length: their kind, and the ends between which each lies."""

    kind: NDArray[np.int8]
    low: Floats
    high: Floats
    decimals: NDArray[np.int8]
    percent: Bools

    @property
    def numbers(self) -> Bools:
        """Which cells print a number."""
        return np.asarray(self.kind == Kind.NUMBER)

    @property
    def hidden(self) -> Bools:
        """Which cells hide one."""
        return np.asarray(self.kind == Kind.HIDDEN)

    @property
    def whole(self) -> bool:
        """Whether every printed number is a whole one."""
        seen = self.low[self.numbers]
        return bool((seen == np.round(seen)).all() and not self.percent.any())


def read_cells(texts: Sequence[str], symbols: Iterable[str] = ()) -> Cells:
    """Read printed cells; `symbols` are the packs' own marks for a hidden figure."""
    hiding = HIDING | {symbol.strip().casefold() for symbol in symbols if symbol}
    known: dict[str, tuple[int, float, float, int, bool]] = {}
    for text in set(texts):
        known[text] = _read(text, hiding)
    told = [known[text] for text in texts]
    kind, low, high, decimals, percent = zip(*told, strict=True) if told else ((), (), (), (), ())
    return Cells(
        np.array(kind, np.int8),
        np.array(low, float),
        np.array(high, float),
        np.array(decimals, np.int8),
        np.array(percent, bool),
    )


def _read(text: str, hiding: frozenset[str]) -> tuple[int, float, float, int, bool]:
    bare = text.strip()
    folded = bare.casefold()
    if not bare or folded in hiding:
        return Kind.HIDDEN, 0.0, np.inf, 0, False
    if folded in NOTHING:
        return Kind.NOTHING, 0.0, 0.0, 0, False
    if folded in SMALL:
        low, high = SMALL[folded]
        return Kind.RANGE, low, high, 0, False
    if _NUMBER.fullmatch(bare) and any(mark.isdigit() for mark in bare):
        value = float(bare.rstrip("%").replace(",", ""))
        if np.isfinite(value):
            point = bare.rstrip("%").partition(".")[2]
            return Kind.NUMBER, value, value, min(len(point), 100), bare.endswith("%")
    if found := _BELOW.fullmatch(bare):
        top = int(found[2]) - (found[1] not in ("<=", "≤"))
        return Kind.RANGE, 0.0, float(top), 0, False
    if (found := _BETWEEN.fullmatch(bare)) and int(found[1]) <= int(found[3]):
        return Kind.RANGE, float(found[1]), float(found[3]), 0, False
    return Kind.TEXT, 0.0, np.inf, 0, False


def common_base(values: Floats) -> int | None:
    """The base all these numbers are multiples of (10 or 5), where there are enough to tell."""
    seen = values[values > 0]
    for base in (10, 5):
        if len(seen) >= 8 and len(np.unique(seen)) >= 3 and bool((seen % base == 0).all()):
            return base
    return None
