"""Bytes sealed in segments, so that neither side needs memory for the whole.

A stream is a wrapped file key (HPKE, for the recipient, bound to a context) and then segments of
1 MiB under ChaCha20-Poly1305 in STREAM form: the nonce counts the segments and marks the last, the
context's digest stands in each as associated data. So no segment can be changed, dropped, repeated,
moved, cut off, or carried into another part or parcel. `SealedFile` reads at any place, as Parquet does.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from typing import TYPE_CHECKING, BinaryIO, Protocol

from tre_toolkit.errors import TreError
from tre_toolkit.parcel.keys import OVERHEAD, Recipient, RecipientKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

SEGMENT = 1 << 20  # bytes of clear text in a segment; the last one may be shorter
TAG = 16
KEY = 32
HEADER = OVERHEAD + KEY  # 1,168 bytes before the first segment


class Sink(Protocol):
    """Anything bytes can be written to."""

    def write(self, block: bytes, /) -> int: ...


class SealedWriter(io.RawIOBase):
    """A file to write clear bytes to; they go on to `sink` sealed. Close it, or the last segment is missing."""

    def __init__(self, sink: Sink, recipient: Recipient, context: bytes) -> None:
        key = secrets.token_bytes(KEY)
        self._sink, self._cipher, self._bound = sink, _cipher(key), hashlib.sha256(context).digest()
        self._held, self._segment, self._place = bytearray(), 0, 0
        sink.write(recipient.wrap(key, context=context))

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, block: object) -> int:
        view = memoryview(block).cast("B")  # type: ignore[arg-type]  # whatever io gives: bytes or a buffer
        self._held += view
        self._place += len(view)
        at = 0
        while len(self._held) - at > SEGMENT:  # never the last one: only closing knows which that is
            self._emit(bytes(self._held[at : at + SEGMENT]), last=False)
            at += SEGMENT
        del self._held[:at]
        return len(view)

    def close(self) -> None:
        if not self.closed:
            self._emit(bytes(self._held), last=True)
            self._held.clear()
        super().close()

    def _emit(self, clear: bytes, *, last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_nonce(self._segment, last=last), clear, self._bound))
        self._segment += 1


class SealedFile(io.RawIOBase):
    """The clear bytes of a stream of `size` bytes that stands at `start` in `file`, opened as they are read."""

    def __init__(
        self, file: BinaryIO, *, start: int, size: int, key: RecipientKey, context: bytes, where: str
    ) -> None:
        body = size - HEADER
        self._segments = max(1, -(-body // (SEGMENT + TAG)))
        self._length = body - self._segments * TAG
        if self._length < 0:
            raise _altered(where)
        file.seek(start)
        secret = key.unwrap(file.read(HEADER), context=context, where=where)
        self._cipher, self._bound = _cipher(secret), hashlib.sha256(context).digest()
        self._file, self._start, self._size, self._where = file, start + HEADER, body, where
        self._place, self._at, self._open = 0, -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, into: object) -> int:
        view = memoryview(into).cast("B")  # type: ignore[arg-type]  # whatever io gives
        filled = 0
        while filled < len(view) and self._place < self._length:
            number, skip = divmod(self._place, SEGMENT)
            clear = self._segment(number)[skip : skip + len(view) - filled]
            view[filled : filled + len(clear)] = clear
            filled += len(clear)
            self._place += len(clear)
        return filled

    def check(self) -> None:
        """Raise TreError unless every segment is whole and in its place."""
        for number in range(self._segments):
            self._segment(number)

    def _segment(self, number: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        if number != self._at:
            self._file.seek(self._start + number * (SEGMENT + TAG))
            left = self._size - number * (SEGMENT + TAG)
            sealed = self._file.read(min(SEGMENT + TAG, left))
            last = number == self._segments - 1
            try:
                self._open = self._cipher.decrypt(_nonce(number, last=last), sealed, self._bound)
            except (InvalidTag, ValueError):
                raise _altered(self._where) from None
            self._at = number
        return self._open


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")


def _cipher(key: bytes) -> ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(key)


def _altered(where: str) -> TreError:
    return TreError(
        "a part of the parcel was altered or cut short", where=where, hint="ask the sender for a fresh copy"
    )
