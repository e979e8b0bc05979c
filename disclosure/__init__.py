"""An attacker stands in front of every output.

A file or a table of counts is checked against rule packs (data, in `packs/`), then attacked as a linear
system: whatever can be worked out from what is shown counts as shown. `protect` hides, rounds or perturbs
and proves its own work with the same attack. The unit of every threshold is the child, not the row.

Nothing heavy is loaded until it is asked for; the room needs nothing first-party but `tre_toolkit.errors`.
"""

from __future__ import annotations

import importlib
from typing import Any

# public name -> where it lives, resolved on first use
_HOMES = {
    "Finding": "disclosure.findings",
    "Level": "disclosure.findings",
    "Verdict": "disclosure.findings",
    "Pack": "disclosure.packs",
    "Rules": "disclosure.packs",
    "chain": "disclosure.packs",
    "Table": "disclosure.table",
    "open_ledger": "disclosure.ledger",
    "read_ledger": "disclosure.ledger",
    "check_file": "disclosure.check",
    "check_files": "disclosure.check",
    "check_table": "disclosure.check",
    "session": "disclosure.sessions",
    "Session": "disclosure.sessions",
    "open_table": "disclosure.sessions.sources",
    "is_session_recipe": "disclosure.sessions.recipes",
    "derive": "disclosure.sessions.recipes",
    "protect": "disclosure.protection",
    "protect_together": "disclosure.linked",
    "Protected": "disclosure.protection",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
