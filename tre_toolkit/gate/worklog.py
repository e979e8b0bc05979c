"""The log of the work: one JSON line for each page, signature, notice and fault, for whoever keeps the machine.

It is no record (that is `audit.log`): it may be lost or thrown away. It holds kinds, numbers and times: which page by
its pattern and never by its address, an account by its number, a fault by its class and line; no file's name, no
word anybody wrote, no value. `work.log` grows to LARGEST bytes, then becomes `work.log.1`.
"""

from __future__ import annotations

import json
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tre_toolkit.gate.folder import Gate

LARGEST = 20_000_000
NAME = "work.log"
PACKAGE = Path(__file__).parents[1]


def note(gate: Gate, event: str, /, **facts: str | int | bool) -> None:
    """Add a line; a log that can't be written stops no work."""
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
    path = gate.folder / NAME
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(handle, json.dumps(line, ensure_ascii=True).encode() + b"\n")
            full = os.fstat(handle).st_size > LARGEST
        finally:
            os.close(handle)
        if full:
            path.replace(path.with_name(f"{NAME}.1"))
    except OSError:
        return


def fault(gate: Gate, error: BaseException, /, **facts: str | int | bool) -> None:
    """Add a line for a bug of ours: its class and where in our own code it came up, not what it says."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(PACKAGE)]
    place = f"{Path(ours[-1].filename).relative_to(PACKAGE)}:{ours[-1].lineno}" if ours else "elsewhere"
    note(gate, "fault", error=type(error).__name__, place=place, **facts)
