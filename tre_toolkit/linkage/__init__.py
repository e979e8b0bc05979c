"""Linkage: from tokens to people, and from people to a researcher's workspace.

Nothing here has ever seen a name or a number: tokens come in by parcel, are compared for equality,
and end here. `link` makes a spine of parcels, `make_workspace` a workspace of a spine.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "link": "tre_toolkit.linkage.run",
    "link_records": "tre_toolkit.linkage.run",
    "Linked": "tre_toolkit.linkage.run",
    "Spine": "tre_toolkit.linkage.spine",
    "read_spine": "tre_toolkit.linkage.spine",
    "make_workspace": "tre_toolkit.linkage.workspace",
    "Records": "tre_toolkit.linkage.records",
    "TokenTable": "tre_toolkit.linkage.records",
    "stack": "tre_toolkit.linkage.records",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
