"""The gate: two people, the bytes they saw, and a log that cannot be bent.

Every output leaves through here. `states` says what may follow what, `policies` who may do it, `folder`
is the gate on disk, `requests`, `reviews` and `releases` do the work, `journal` writes it down, and
`verify` checks a release far away from here. The command line, the pages and the JSON API are three
doors to the same functions.
"""

from __future__ import annotations

import importlib
from typing import Any

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
