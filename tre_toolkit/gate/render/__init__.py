"""Showing a file without trusting it: read, sanitised or drawn anew in a confined child process.

`show` gives a page's body and notes of what the file hides; the page around it is served under a CSP that lets
nothing run and nothing load. Whatever goes wrong in the child (a limit, a crash, an unknown type) is a file that
can't be shown: reviewers don't approve what they can't see.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from tre_toolkit.gate.refusals import Unsafe

SECONDS = 10  # of wall time; the child limits its own CPU time, memory and files
LARGEST = 60_000_000  # bytes of answer


@dataclass(frozen=True, slots=True)
class Shown:
    """A file made safe: HTML for the frame, the text in it, and what it hides."""

    html: str
    notes: tuple[str, ...]


def show(raw: bytes, type_name: str) -> Shown:
    """Render `raw` in the child. Raises Unsafe when it can't be shown within the limits."""
    command = [*_unshared(), sys.executable, "-I", "-m", "tre_toolkit.gate.render.child", type_name]
    try:
        ran = subprocess.run(
            command,
            input=raw,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
            cwd="/",
        )
        told = json.loads(ran.stdout[:LARGEST])
        return Shown(str(told["html"]), tuple(map(str, told["notes"])))
    except (subprocess.SubprocessError, ValueError, KeyError, OSError):
        raise Unsafe(
            "this file can't be shown safely",
            hint="return it: ask for a table as CSV or a figure as PNG",
        ) from None


@cache
def _unshared() -> tuple[str, ...]:
    """A network namespace of its own, where the system lets us make one."""
    words = ("unshare", "--net", "--map-root-user", "--")
    try:
        tried = subprocess.run([*words, "true"], capture_output=True, timeout=5, check=False)
        return words if tried.returncode == 0 else ()
    except OSError:
        return ()
