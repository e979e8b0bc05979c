"""Linkage: from tokens to people, and from people to a researcher's workspace.

Nothing here has ever seen a name or a number: tokens come in by parcel, are compared for equality,
and end here. `link` makes a spine of parcels, `make_workspace` a workspace of a spine.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

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

__getattr__ = from_homes(__name__, _HOMES)
