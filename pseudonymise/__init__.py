"""In the authority: turn returns into a parcel in which nobody's name, number or birth date stands.

A controller's three steps: `Key` (the project's secret), `plan` (each column and its fate, agreed
before anything runs) and `pseudonymise` (returns in, one sealed parcel out). The cleaning rules that
tokens depend on are in `standardise`, the token columns of each profile in `profiles`. Nothing in
this room opens a network connection.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Key": "pseudonymise.keys",
    "plan": "pseudonymise.planning",
    "Plan": "pseudonymise.planning",
    "pseudonymise": "pseudonymise.batch",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
