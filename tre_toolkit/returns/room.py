"""The room validation may take: the engine's share of the memory allowed, and a folder of its own for the rest.

What doesn't fit into the engine's share goes into a folder only its owner can enter, gone with the run. A killed
run can't tidy up; the next one removes what it left.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tre_toolkit.engine import Engine
from tre_toolkit.errors import MisuseError

MEMORY = "2GB"  # what validation of the largest returns is promised to stay within
OURS = 450 * 2**20  # Python, what is read ahead, and the answers
LEAST = 256 * 2**20  # below this the engine can't sort a large table, spilled or not
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
PREFIX = "tre-validate-"


@contextmanager
def engine_within(memory: str = MEMORY, spill: Path | None = None) -> Iterator[Engine]:
    """An engine for a process that is to stay within `memory` ("1GB"). Raises MisuseError for what is no amount."""
    share = bytes_of(memory) - OURS
    if share < LEAST:
        raise MisuseError(
            f"validation needs {(OURS + LEAST) // 10**6:,} MB at least",
            hint="--memory 1GB is enough for most",
        )
    home = Path(spill or tempfile.gettempdir())
    _sweep(home)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=home))
    try:
        with Engine(memory=f"{share // 10**6}MB", spill=folder) as engine:
            yield engine
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bytes_of(memory: str) -> int:
    """An amount of memory as people write it: 800MB, 1.5 GB."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", memory, re.IGNORECASE)
    if not found:
        raise MisuseError("not an amount of memory", hint="--memory 1GB, or 800MB")
    return int(float(found[1]) * UNITS[found[2].lower()])


def _sweep(home: Path) -> None:
    """Remove the folders of runs that were killed."""
    for folder in home.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and _is_ours(folder) and not _lives(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    try:
        return not folder.is_symlink() and (not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid())
    except OSError:
        return False


def _lives(process: int) -> bool:
    if os.name != "posix":
        return True  # there, asking ends it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
