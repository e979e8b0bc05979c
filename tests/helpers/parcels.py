"""An invented parcel's facts, of which a test names only those that matter to it."""

from __future__ import annotations

from typing import Any

from tre_toolkit.parcel import Facts


def facts(**said: Any) -> Facts:
    """The facts of a synthetic parcel of authority 990, changed as `said`."""
    plain: dict[str, Any] = {
        "project": "invented",
        "project_digest": "d" * 64,
        "authority": "990",
        "profile": "strict",
        "standardiser": "1",
        "key_commitment": "c" * 64,
        "catalogue_digest": "e" * 64,
        "synthetic": True,
        "counter": 1,
    }
    return Facts(**(plain | said))
