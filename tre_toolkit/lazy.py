"""Public names that are loaded when they are first asked for (PEP 562), so that importing a room costs nothing.

    _HOMES = {"seal": "tre_toolkit.parcel.sealing"}
    __all__ = list(_HOMES)
    __getattr__ = from_homes(__name__, _HOMES)

A module never bears the name of a public function, or it would hide it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def from_homes(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a room whose public names live in the modules that `homes` says.

    It raises AttributeError for any other name, as Python expects.
    """

    def getattr_(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes[name]), name)

    return getattr_
