"""SHA-256 and CRC-32 of the bytes that pass, reckoned in a thread beside whoever makes the next ones.

Both let go of the interpreter while they work, so a second processor core takes them off the sealing.
One block is in hand at a time and small ones are reckoned at once: no small parcel starts a thread.
"""

from __future__ import annotations

import hashlib
import zlib
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

ASIDE = 1 << 17  # bytes of a block from which on a thread takes it


class Sums:
    """Add blocks; a block may be changed from the next `add` on. On leaving, the thread is gone."""

    def __init__(self) -> None:
        self._sha256, self._crc = hashlib.sha256(), 0
        self._thread: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def add(self, block: bytes | memoryview) -> None:
        """Take the next block, once the one before is done. Raises what went wrong with that one."""
        self._wait()
        if len(block) < ASIDE:
            self._take(block)
            return
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor

            self._thread = ThreadPoolExecutor(1, "sums")
        self._running = self._thread.submit(self._take, block)

    @property
    def crc(self) -> int:
        """The CRC-32 of all that was added."""
        self._wait()
        return self._crc

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was added, in hexadecimal digits."""
        self._wait()
        return self._sha256.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown()

    def _wait(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def _take(self, block: bytes | memoryview) -> None:
        self._sha256.update(block)
        self._crc = zlib.crc32(block, self._crc)
