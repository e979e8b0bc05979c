"""Bytes sealed in segments, so that neither side needs memory for the whole.

A stream is a wrapped file key (HPKE, for the recipient, bound to a context) and then segments of
256 KiB under ChaCha20-Poly1305 in STREAM form: the nonce counts the segments and marks the last, the
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

SEGMENT = 1 << 18  # bytes of clear text in a segment (the last may be shorter): fits the processor cache
TAG = 16
TOGETHER = 2  # segments that go to the sink in one block
KEY = 32
HEADER = OVERHEAD + KEY  # 1,168 bytes before the first segment


class Sink(Protocol):
    """Anything bytes can be written to; it must be done with them when the next ones come, or it is closed."""

    def write(self, block: bytes | memoryview, /) -> int: ...


class SealedWriter(io.RawIOBase):
    """A file to write clear bytes to; they go on to `sink` sealed. Close it, or the last segment is missing."""

    def __init__(self, sink: Sink, recipient: Recipient, context: bytes) -> None:
        key = secrets.token_bytes(KEY)
        self._sink, self._cipher, self._bound = sink, _cipher(key), hashlib.sha256(context).digest()
        self._filled, self._segment, self._place = 0, 0, 0
        # the same rooms for all segments: fresh ones would cost half the time; two, for the sink still has one
        size = TOGETHER * (SEGMENT + TAG)
        self._held, self._sealed = memoryview(bytearray(SEGMENT)), 0
        self._room, self._other = memoryview(bytearray(size)), memoryview(bytearray(size))
        sink.write(recipient.wrap(key, context=context))

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def write(self, block: object) -> int:
        view = memoryview(block).cast("B")  # type: ignore[arg-type]  # whatever io gives: bytes or a buffer
        self._place += len(view)
        at = min(SEGMENT - self._filled, len(view)) if self._filled else 0
        self._keep(view[:at])
        # a full segment goes out only when more follows: which is the last one, only closing knows
        if self._filled == SEGMENT and at < len(view):
            self._emit(self._held, last=False)
            self._filled = 0
        while len(view) - at > SEGMENT:
            self._emit(view[at : at + SEGMENT], last=False)
            at += SEGMENT
        self._keep(view[at:])
        return len(view)

    def close(self) -> None:
        if not self.closed:
            self._emit(self._held[: self._filled], last=True)
        super().close()

    def _keep(self, view: memoryview) -> None:
        self._held[self._filled : self._filled + len(view)] = view
        self._filled += len(view)

    def _emit(self, clear: memoryview, *, last: bool) -> None:
        end = self._sealed + len(clear) + TAG
        nonce = _nonce(self._segment, last=last)
        self._cipher.encrypt_into(nonce, clear, self._bound, self._room[self._sealed : end])
        self._segment, self._sealed = self._segment + 1, end
        if last or end == len(self._room):
            self._sink.write(self._room[:end])
            self._room, self._other, self._sealed = self._other, self._room, 0


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
        self._place, self._at, self._open = 0, -1, memoryview(b"")
        room = min(SEGMENT, self._length)  # one room for all segments: fresh ones would cost half the time
        self._room, self._clear = memoryview(bytearray(room + TAG)), memoryview(bytearray(room))

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

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes from here on, all that are left when `size` is negative."""
        left = self._length - self._place
        wanted = left if size is None or size < 0 else min(size, left)
        pieces: list[bytes] = []
        while wanted > 0:
            number, skip = divmod(self._place, SEGMENT)
            piece = bytes(self._segment(number)[skip : skip + wanted])
            pieces.append(piece)
            wanted -= len(piece)
            self._place += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, into: object) -> int:
        view = memoryview(into).cast("B")  # type: ignore[arg-type]  # whatever io gives
        got = self.read(len(view))
        view[: len(got)] = got
        return len(got)

    def readall(self) -> bytes:
        return self.read()

    def check(self) -> None:
        """Raise TreError unless every segment is whole and in its place."""
        for number in range(self._segments):
            self._segment(number)

    def _segment(self, number: int) -> memoryview:
        from cryptography.exceptions import InvalidTag

        if number != self._at:
            self._at = -1  # until this one is open, none is
            self._file.seek(self._start + number * (SEGMENT + TAG))
            size = min(SEGMENT + TAG, self._size - number * (SEGMENT + TAG))
            sealed = self._room[:size]
            last = number == self._segments - 1
            try:
                if self._file.readinto(sealed) != size:  # type: ignore[attr-defined]  # every binary file has it
                    raise ValueError
                clear = self._clear[: size - TAG]
                self._cipher.decrypt_into(_nonce(number, last=last), sealed, self._bound, clear)
            except (InvalidTag, ValueError):
                raise _altered(self._where) from None
            self._at, self._open = number, clear
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
