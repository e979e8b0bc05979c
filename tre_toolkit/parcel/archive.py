"""A stored zip that can be written in one way only.

Any zip tool lists and unpacks it, yet there is no free byte in it: no dates, no extra fields, no
comment, entries one after the other. `entries` builds the headers again from the directory and
compares them with what stands in the file, so a changed, added or missing byte outside the entries
is found here, and one inside them by its CRC here and its digest in the manifest. Sizes are 64 bits
throughout (zip64), so that a parcel of ten million children has the same form as one of ten.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from tre_toolkit.errors import TreError
from tre_toolkit.parcel.sums import Sums

VERSION, UTF8, STORED = 45, 0x800, 0
MIDNIGHT = 0x0021  # 1 January 1980, the earliest day a zip can say
HELD = 0xFFFFFFFF  # "see the zip64 field"
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR = struct.Struct("<4sIQI")
END = struct.Struct("<4s4H2IH")
TAIL = END64.size + LOCATOR.size + END.size
BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive: its bytes stand at `start` for `size`."""

    name: str
    crc: int
    size: int
    at: int  # where its local header begins

    @property
    def start(self) -> int:
        return self.at + len(_local(self))


class Archive:
    """An archive being written; use `entry` for each file, then `finish`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[Entry] = []

    @contextmanager
    def entry(self, name: str) -> Iterator[Counter]:
        """Give something to write the file's bytes to."""
        at = self._file.tell()
        self._file.write(_local(Entry(name, 0, 0, at)))
        with Sums() as sums:
            counter = Counter(self._file, sums)
            yield counter
            crc = sums.crc
        done, end = Entry(name, crc, counter.size, at), self._file.tell()
        self._file.seek(at)
        self._file.write(_local(done))
        self._file.seek(end)
        self._entries.append(done)

    def finish(self) -> None:
        """Write the directory; nothing may be added after it."""
        self._file.write(_directory(self._entries, self._file.tell()))


class Counter:
    """Writes through, and knows the size, CRC and SHA-256 of what passed."""

    def __init__(self, file: BinaryIO, sums: Sums) -> None:
        self._file, self._sums = file, sums
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._sums.sha256

    def write(self, block: bytes | memoryview) -> int:
        """Write a block, which must stay as it is until the next one is written."""
        self._sums.add(block)
        self._file.write(block)
        self.size += len(block)
        return len(block)


def entries(file: BinaryIO, *, where: str) -> dict[str, Entry]:
    """Every entry by name. Raises TreError unless each byte around them stands as `Archive` writes it."""
    try:
        found = _read_directory(file)
        place = 0
        for entry in found:
            file.seek(entry.at)
            if entry.at != place or file.read(len(_local(entry))) != _local(entry):
                raise _not_ours(where)
            place = entry.start + entry.size
        file.seek(place)
        if file.read() != _directory(found, place) or len({entry.name for entry in found}) != len(found):
            raise _not_ours(where)
    except (struct.error, ValueError, OSError, OverflowError, MemoryError):
        raise _not_ours(where) from None
    return {entry.name: entry for entry in found}


def blocks(file: BinaryIO, entry: Entry) -> Iterator[memoryview]:
    """The bytes of an entry, a block at a time, in a room that each block uses again; ends early when the file does."""
    file.seek(entry.start)
    left, room = entry.size, memoryview(bytearray(min(BLOCK, entry.size)))
    while left:
        read = file.readinto(room[: min(BLOCK, left)])  # type: ignore[attr-defined]  # every binary file has it
        if not read:
            return
        left -= read
        yield room[:read]


def _read_directory(file: BinaryIO) -> list[Entry]:
    size = file.seek(0, 2)
    file.seek(size - TAIL)
    _, _, _, _, _, _, _, count, length, start = END64.unpack(file.read(END64.size))
    if start + length + TAIL != size or count * CENTRAL.size > length:
        raise struct.error
    file.seek(start)
    raw, at, found = file.read(length), 0, []
    for _ in range(count):
        crc, named = CENTRAL.unpack_from(raw, at)[7], CENTRAL.unpack_from(raw, at)[10]
        name = raw[at + CENTRAL.size : at + CENTRAL.size + named].decode()
        stored, _, place = struct.unpack_from("<3Q", raw, at + CENTRAL.size + named + 4)
        found.append(Entry(name, crc, stored, place))
        at += CENTRAL.size + named + 28
    return found


def _local(entry: Entry) -> bytes:
    name = entry.name.encode()
    extra = struct.pack("<2H2Q", 1, 16, entry.size, entry.size)
    fixed = LOCAL.pack(
        b"PK\x03\x04",
        VERSION,
        UTF8,
        STORED,
        0,
        MIDNIGHT,
        entry.crc,
        HELD,
        HELD,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _directory(found: list[Entry], start: int) -> bytes:
    central = b"".join(_central(entry) for entry in found)
    count = len(found)
    return b"".join(
        [
            central,
            END64.pack(
                b"PK\x06\x06",
                END64.size - 12,
                VERSION,
                VERSION,
                0,
                0,
                count,
                count,
                len(central),
                start,
            ),
            LOCATOR.pack(b"PK\x06\x07", 0, start + len(central), 1),
            END.pack(b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, HELD, HELD, 0),
        ]
    )


def _central(entry: Entry) -> bytes:
    name = entry.name.encode()
    extra = struct.pack("<2H3Q", 1, 24, entry.size, entry.size, entry.at)
    fixed = CENTRAL.pack(
        b"PK\x01\x02",
        VERSION,
        VERSION,
        UTF8,
        STORED,
        0,
        MIDNIGHT,
        entry.crc,
        HELD,
        HELD,
        len(name),
        len(extra),
        0,
        0,
        0,
        0,
        HELD,
    )
    return fixed + name + extra


def _not_ours(where: str) -> TreError:
    return TreError(
        "this is not a whole parcel: bytes are missing, added or altered",
        where=where,
        hint="ask the sender for a fresh copy; `tre parcel show` reads a whole one without any key",
    )
