"""Synthetic twins: invented children in the exact shape of the statutory returns.

`invent(plan)` invents people with their careers, `returns_of` tells them as returns, `synthesise` writes the files. Everything is
drawn from a seed by counters, so that the same seed and schema give the same bytes on any machine and for
any chunk size. Nothing here reads real data in the first two tiers.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

# public name -> where it lives; resolved on first use (PEP 562), so that `tre --help` loads no numpy
_HOMES = {
    "Plan": "synth.plan",
    "World": "synth.world",
    "invent": "synth.world",
    "synthesise": "synth.write",
    "returns_of": "synth.tell",
}
__all__ = list(_HOMES)

__getattr__ = from_homes(__name__, _HOMES)
