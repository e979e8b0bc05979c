"""Statutory files to frames and back, and the rules a return must keep.

`find` says which returns stand in files and folders, `read` makes a `Return` of one, `typed` gives its
tables with dates and numbers, `write` puts one into files again, `validate` runs the DfE's rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tre_toolkit.lazy import from_homes

if TYPE_CHECKING:
    from tre_toolkit.returns.as_types import typed
    from tre_toolkit.returns.finder import find
    from tre_toolkit.returns.model import Found, Return
    from tre_toolkit.returns.reader import read
    from tre_toolkit.returns.report import Finding, Report
    from tre_toolkit.returns.validator import validate
    from tre_toolkit.returns.writer import write

# public name -> its module (never of the same name, or it would hide the function); loaded on first use, for each brings pandas, lxml or the engine with it
_HOMES = {
    "Finding": "report",
    "Found": "model",
    "Report": "report",
    "Return": "model",
    "find": "finder",
    "read": "reader",
    "typed": "as_types",
    "validate": "validator",
    "write": "writer",
}
__all__ = ["Finding", "Found", "Report", "Return", "find", "read", "typed", "validate", "write"]

__getattr__ = from_homes(__name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()})
