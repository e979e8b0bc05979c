"""The gate: two people, the bytes they saw, and a log that cannot be bent.

Every output leaves through here. `states` says what may follow what, `policies` who may do it, `folder`
is the gate on disk, `requests`, `reviews` and `releases` do the work, `journal` writes it down, and
`verify` checks a release far away from here. The command line, the pages and the JSON API are three
doors to the same functions.
"""

from __future__ import annotations

from tre_toolkit.lazy import from_homes

_HOMES = {
    "Gate": "tre_toolkit.gate.folder",
    "new_gate": "tre_toolkit.gate.folder",
    "open_gate": "tre_toolkit.gate.folder",
    "State": "tre_toolkit.gate.states",
    "Action": "tre_toolkit.gate.states",
    "Role": "tre_toolkit.gate.policies",
    "verify_release": "tre_toolkit.gate.verify",
}
__all__ = [*_HOMES]

__getattr__ = from_homes(__name__, _HOMES)
