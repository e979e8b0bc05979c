"""Where a run's large arrays are: in memory, or, under a limit, in files of a private folder.

A file-backed array is a `numpy.memmap`: the same values under the same verbs, and pages of it that nobody
reads are the system's to take back. Under a limit candidate pairs also come in smaller slices. Nothing that is found
depends on either.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tre_toolkit.errors import MisuseError

SLICE = 4_000_000  # candidate pairs handled at a time where nothing limits them
FEWEST = 50_000
PER_PAIR = 500  # bytes that a candidate pair takes while it is looked at, with room to spare
SMALL = 1 << 16  # arrays shorter than this stay in memory
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


class Room:
    """`limit` is the bytes a run may take, None for no limit; with one, `folder` holds what is put down."""

    def __init__(self, limit: int | None = None, folder: Path | None = None) -> None:
        self.limit, self.folder, self._made = limit, folder, 0

    @property
    def memory(self) -> str | None:
        """The limit as engines read it."""
        return None if self.limit is None else f"{self.limit // 10**6}MB"

    @property
    def slice(self) -> int:
        """Candidate pairs to handle at a time: an eighth of the limit's worth."""
        return SLICE if self.limit is None else int(np.clip(self.limit // (8 * PER_PAIR), FEWEST, SLICE))

    def put(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The array itself, or the same one in a file."""
        if self.limit is None or len(array) < SMALL:
            return array
        path = self._path()
        array.tofile(path)
        return np.memmap(path, dtype=array.dtype, mode="r", shape=array.shape)

    def grow(self, dtype: npt.DTypeLike) -> Growing:
        """An array that grows piece by piece."""
        return Growing(np.dtype(dtype), None if self.limit is None else self._path())

    @contextmanager
    def place(self) -> Iterator[Path]:
        """An empty folder of the room's, gone when the block ends; only under a limit."""
        with tempfile.TemporaryDirectory(dir=self._own()) as folder:
            yield Path(folder)

    def _path(self) -> Path:
        self._made += 1
        return self._own() / f"{self._made}.bin"

    def _own(self) -> Path:
        if self.folder is None:
            raise ValueError("a room without a limit has no folder")
        return self.folder


class Growing:
    """Pieces put one behind the other: `add` each, then `whole`."""

    def __init__(self, dtype: np.dtype[Any], path: Path | None) -> None:
        self._dtype, self._path, self._pieces = dtype, path, list[npt.NDArray[Any]]()

    def add(self, piece: npt.NDArray[Any]) -> None:
        piece = piece.astype(self._dtype)
        if self._path is None:
            self._pieces.append(piece)
        else:
            with self._path.open("ab") as file:
                piece.tofile(file)

    def whole(self) -> npt.NDArray[Any]:
        if self._path is None:
            found, self._pieces = np.concatenate([np.zeros(0, self._dtype), *self._pieces]), []
            return found
        if not self._path.exists() or self._path.stat().st_size == 0:
            return np.zeros(0, self._dtype)
        return np.memmap(self._path, dtype=self._dtype, mode="r+")


@contextmanager
def room(memory: str | None = None, *, beside: Path | None = None, folder: bool = False) -> Iterator[Room]:
    """A room for one run. `memory` ("1GB") limits it, and what doesn't fit is in a folder that only its owner can read,
    made `beside` (the system's own place when not given) and gone when the block ends. `folder` asks for one without a
    limit too, for an engine that has to write.

    Raises MisuseError when `memory` isn't an amount.
    """
    limit = None if memory is None else amount(memory)
    if limit is None and not folder:
        yield Room()
        return
    with tempfile.TemporaryDirectory(prefix=".tre-link-", dir=beside) as place:  # 0700 by its maker
        yield Room(limit, Path(place))


def amount(memory: str) -> int:
    """Bytes of "800MB" or "1GB". Raises MisuseError when it says no amount."""
    read = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", memory)
    size = int(float(read[1]) * UNITS.get(read[2].upper(), 0)) if read else 0
    if size < 10**6:
        raise MisuseError("this is no amount of memory", hint="--memory 800MB, --memory 2GB")
    return size
