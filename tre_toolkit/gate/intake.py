"""Taking a file in: opened step by step without following links, copied into the store, then looked at.

The request holds the copy: what happens to the workspace afterwards changes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tre_toolkit.gate import store
from tre_toolkit.gate.filetypes import FileType, identify
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.names import check_name
from tre_toolkit.gate.refusals import Unsafe

EVIDENCE = ".evidence.json"
LARGEST_EVIDENCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken in."""

    path: str
    sha256: str
    size: int
    type: FileType
    evidence: str = ""  # digest of its evidence, "" when it came without
    evidence_name: str = ""


def take(gate: Gate, root: Path, name: str) -> Taken:
    """Copy `root/name` (and its evidence, where it stands beside) into the store.

    Raises Unsafe for a name, a kind of file, a type or a size the gate does not hold.
    """
    check_name(name)
    with _opened(root, name) as file:
        type_ = identify(name, file)
        file.seek(0)
        sha256, size = store.put(gate, file)
    evidence, evidence_name = _take_evidence(gate, root, name)
    return Taken(name, sha256, size, type_, evidence, evidence_name)


def _take_evidence(gate: Gate, root: Path, name: str) -> tuple[str, str]:
    for candidate in (name + EVIDENCE, str(Path(name).with_suffix("")) + EVIDENCE):
        if (root / candidate).is_file():
            with _opened(root, candidate) as file:
                if os.fstat(file.fileno()).st_size > LARGEST_EVIDENCE:
                    raise Unsafe("the evidence file is too large", where=candidate)
                return store.put(gate, file)[0], Path(candidate).name
    return "", ""


@contextmanager
def _opened(root: Path, name: str) -> Iterator[IO[bytes]]:
    """The plain file at `name` below `root`; no part of the way may be a link, nor change while we go."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, last = name.split("/")
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        # not blocking: a pipe with no writer would wait for ever
        handle = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    except FileNotFoundError:
        raise Unsafe(
            "there is no such file", where=name, hint="name files below the folder you are in"
        ) from None
    except OSError:
        raise Unsafe("a link, a device or a closed folder stands in the way", where=name) from None
    finally:
        os.close(here)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Unsafe("this is not a plain file", where=name)
        if found.st_nlink > 1:
            raise Unsafe(
                "this file has a second name (a hard link)", where=name, hint="copy it and add the copy"
            )
        yield file
        after = os.fstat(handle)
        if (after.st_size, after.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
            raise Unsafe("the file changed while it was taken in", where=name, hint="add it again")
