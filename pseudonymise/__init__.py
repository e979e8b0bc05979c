"""In the authority: turn returns into a parcel in which nobody's name, number or birth date stands.

A controller's three steps: `Key` (the project's secret), `plan` (each column and its fate, agreed
before anything runs) and `pseudonymise` (returns in, one sealed parcel out). The cleaning rules that
tokens depend on are in `standardise`, the token columns of each profile in `profiles`. Nothing in
this room opens a network connection.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

_HOMES = {
    "Key": "pseudonymise.keys",
    "plan": "pseudonymise.planning",
    "Plan": "pseudonymise.planning",
    "pseudonymise": "pseudonymise.batch",
}
__all__ = list(_HOMES)

__getattr__ = from_homes(__name__, _HOMES)
