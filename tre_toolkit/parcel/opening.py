"""Read a parcel, and nothing of it before all of it verifies.

`show` reads the manifest alone, without any key: what it says is a claim until `verify` has checked
the signature of a signer one trusts, the digest of every part and every byte around them.
`open_parcel` also unwraps every part's key, so a parcel for somebody else is refused before any use.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tre_toolkit.errors import TreError
from tre_toolkit.parcel.archive import Entry, blocks, entries
from tre_toolkit.parcel.keys import RecipientKey
from tre_toolkit.parcel.manifest import LARGEST, PURPOSE, Manifest, envelope, parse
from tre_toolkit.parcel.sealing import MANIFEST, PARTS, SIGNATURE
from tre_toolkit.parcel.stream import SealedFile
from tre_toolkit.signing import Verifier

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel that has verified; its parts are decrypted as they are read."""

    path: Path
    manifest: Manifest
    _key: RecipientKey = field(repr=False)
    _entries: dict[str, Entry] = field(repr=False)

    def part(self, name: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """A part as an Arrow table. Raises TreError when there is none of that name."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.manifest.part(name)
        with self.path.open("rb") as file, pa.PythonFile(self._sealed(file, name), mode="r") as clear:
            return pq.read_table(
                clear, columns=columns and list(columns), pre_buffer=False, use_threads=False
            )

    def batches(self, name: str, *, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """A part a batch at a time, for one larger than memory."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.manifest.part(name)
        with self.path.open("rb") as file, pa.PythonFile(self._sealed(file, name), mode="r") as clear:
            yield from pq.ParquetFile(clear).iter_batches(
                columns=columns and list(columns), use_threads=False
            )

    def _sealed(self, file: BinaryIO, name: str) -> SealedFile:
        entry = self._entries[PARTS + name]
        return SealedFile(
            file,
            start=entry.start,
            size=entry.size,
            key=self._key,
            context=envelope(self.manifest).context(name),
            where=str(self.path),
        )


def show(path: Path) -> Manifest:
    """What the parcel at `path` says about itself; nothing is checked but its form."""
    with _opened(path) as file:
        return _manifest(file, entries(file, where=str(path)), path)


def verify(path: Path, *, trusted: Sequence[Verifier]) -> Manifest:
    """The manifest of the parcel at `path`, once its signature and every byte of it have been checked.

    Raises TreError when no trusted signer made it, or a byte was altered, added or lost.
    """
    with _opened(path) as file:
        found = entries(file, where=str(path))
        manifest = _manifest(file, found, path)
        _check_signature(_bytes(file, found[SIGNATURE], path), manifest, trusted, path)
        _check_parts(file, found, manifest, path)
    return manifest


def open_parcel(path: Path, *, key: RecipientKey, trusted: Sequence[Verifier]) -> Parcel:
    """The parcel at `path`, verified and ready to read.

    Raises TreError when it doesn't verify (see `verify`) or was sealed for another key.
    """
    manifest = verify(path, trusted=trusted)
    if manifest.recipient != key.recipient.fingerprint:
        raise TreError(
            f"the parcel is sealed for the key {manifest.recipient}, not for yours",
            where=str(path),
            hint=f"yours is {key.recipient.fingerprint}; ask the sender to seal it again",
        )
    with path.open("rb") as file:
        parcel = Parcel(path, manifest, key, entries(file, where=str(path)))
        for name in manifest.names:
            parcel._sealed(file, name).close()  # unwraps its key: refuses a part made for another place
    return parcel


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (FileNotFoundError, IsADirectoryError):
        raise TreError("there is no such parcel", where=str(path), hint="check the name") from None


def _manifest(file: BinaryIO, found: dict[str, Entry], path: Path) -> Manifest:
    if MANIFEST not in found or SIGNATURE not in found or found[MANIFEST].size > LARGEST:
        raise TreError("the parcel has no manifest or no signature", where=str(path))
    manifest = parse(_bytes(file, found[MANIFEST], path), where=str(path))
    wanted = [*(PARTS + name for name in manifest.names), MANIFEST, SIGNATURE]
    if list(found) != wanted:
        raise TreError("the parcel holds other parts than its manifest says", where=str(path))
    return manifest


def _bytes(file: BinaryIO, entry: Entry, path: Path) -> bytes:
    raw = b"".join(blocks(file, entry)) if entry.size <= LARGEST else b""
    if len(raw) != entry.size or zlib.crc32(raw) != entry.crc:
        raise TreError(
            "the manifest or its signature was altered", where=str(path), hint="ask for a fresh copy"
        )
    return raw


def _check_signature(signature: bytes, manifest: Manifest, trusted: Sequence[Verifier], path: Path) -> None:
    for verifier in trusted:
        if str(verifier) == manifest.signer:
            verifier.check(signature, manifest.spelling(), purpose=PURPOSE, where=str(path))
            return
    raise TreError(
        "the parcel is not signed by anyone you trust",
        where=str(path),
        hint="name the sender's public key with --trust, after comparing its fingerprint by telephone",
    )


def _check_parts(file: BinaryIO, found: dict[str, Entry], manifest: Manifest, path: Path) -> None:
    for part in manifest.parts:
        entry = found[PARTS + part.name]
        sha256, crc = hashlib.sha256(), 0
        for block in blocks(file, entry):
            sha256.update(block)
            crc = zlib.crc32(block, crc)
        if (sha256.hexdigest(), entry.size, crc) != (part.sha256, part.bytes, entry.crc):
            raise TreError(f"the part {part.name} was altered", where=str(path), hint="ask for a fresh copy")
