"""Synthetic twins: invented children in the exact shape of the statutory returns.

`invent(...)` makes a population with its careers, `returns_of(...)` writes it as returns. Everything is
drawn from a seed by counters, so that the same seed and schema give the same bytes on any machine and for
any chunk size. Nothing here reads real data in the first two tiers.
"""

from __future__ import annotations

import importlib
from typing import Any

# public name -> where it lives; resolved on first use (PEP 562), so that `tre --help` loads no numpy
_HOMES = {
    "Plan": "synth.plan",
    "People": "synth.people",
    "people": "synth.people",
    "synthesise": "synth.write",
    "returns_of": "synth.write",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
