"""Sealing and opening beside pyrage (age), file to file, on as many bytes: in turn, medians of the ratios.

    python bench_parcel.py [--mebibytes 256] [--age PYTHON]

`--age` names a Python with pyrage in it (peers/age.txt); without one the peer is left out and said so.
Our figure holds what a parcel does with each byte: ChaCha20-Poly1305 segments, SHA-256 for the
manifest, CRC-32 for the zip; the peer's holds its encryption alone. Both sums are reckoned in a thread
beside the sealing, so the time by the clock on an idle machine is less than the processor's, which is
told too. The aim: at least 0.9 of the peer.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from tre_toolkit.parcel import Facts, RecipientKey, open_parcel, seal
from tre_toolkit.parcel.archive import Counter
from tre_toolkit.parcel.stream import SealedFile, SealedWriter
from tre_toolkit.parcel.sums import Sums
from tre_toolkit.signing import Signer

HERE = Path(__file__).parent
ROUNDS = 5
MEASURED = tuple(
    f"{what}, {by}"
    for what in ("seal, digest and checksum", "check, digest and open")
    for by in ("processor", "clock")
)


def ours(clear: Path, key: RecipientKey, folder: Path) -> list[float]:
    """Processor and clock seconds for sealing with both sums, then for checking them and opening; file to file."""
    path, again = folder / "sealed", folder / "again"
    started, since = time.process_time(), time.monotonic()
    with (
        clear.open("rb") as source,
        path.open("wb") as file,
        Sums() as sums,
        SealedWriter(Counter(file, sums), key.recipient, b"bench") as sink,
    ):
        room = memoryview(bytearray(1 << 20))
        while got := source.readinto(room):
            sink.write(room[:got])
    took = [time.process_time() - started, time.monotonic() - since]
    started, since = time.process_time(), time.monotonic()
    with path.open("rb") as file, again.open("wb") as out:
        digest, crc = sha256(), 0
        while block := file.read(1 << 18):
            digest.update(block)
            crc = zlib.crc32(block, crc)
        sealed = SealedFile(file, start=0, size=path.stat().st_size, key=key, context=b"bench", where="bench")
        while block := sealed.read(1 << 18):
            out.write(block)
    return [*took, time.process_time() - started, time.monotonic() - since]


def peer(python: str, size: int) -> list[float]:
    """The same four of the peer."""
    said = subprocess.run(
        [python, str(HERE / "peers" / "age.py"), str(size)], capture_output=True, text=True, check=True
    ).stdout.split()
    return [float(one) for one in said]


def whole(rows: int, folder: Path, key: RecipientKey) -> tuple[float, float, float]:
    """A parcel of tokens, as it is: MiB, processor seconds to seal and to verify, open and read."""
    rng = np.random.default_rng(1)
    columns = {"record_id": rng.integers(0, 1 << 62, rows)}
    for number in range(12):
        raw = rng.bytes(16 * rows)
        columns[f"t_{number}"] = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), rows, [None, pa.py_buffer(raw)]
        )
    facts = Facts(
        project="bench",
        project_digest="",
        authority="990",
        profile="strict",
        standardiser="1",
        key_commitment="",
        catalogue_digest="",
        synthetic=True,
        counter=1,
    )
    signer, path = Signer.new(), folder / "whole.parcel"
    started = time.process_time()
    seal(path, {"tokens/a/1": pa.table(columns)}, facts, recipient=key.recipient, signer=signer)
    sealed = time.process_time() - started
    started = time.process_time()
    open_parcel(path, key=key, trusted=[signer.verifier]).part("tokens/a/1")
    return path.stat().st_size / (1 << 20), sealed, time.process_time() - started


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--mebibytes", type=int, default=256)
    options.add_argument("--age", default=os.environ.get("TRE_BENCH_AGE"))
    asked = options.parse_args()
    key = RecipientKey.new()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clear = folder / "clear"
        clear.write_bytes(os.urandom(1 << 20) * asked.mebibytes)
        rounds = [
            (ours(clear, key, folder), peer(asked.age, asked.mebibytes) if asked.age else None)
            for _ in range(ROUNDS)
        ]
        size, sealed, opened = whole(400_000, folder, key)
    print("| what | MiB per second | ratio to age (median) |\n|---|---|---|")
    for at, what in enumerate(MEASURED):
        mine = statistics.median(asked.mebibytes / one[at] for one, _ in rounds)
        ratios = [theirs[at] / one[at] for one, theirs in rounds if theirs]
        told = f"{statistics.median(ratios):.2f}" if ratios else "peer not named"
        print(f"| {what} | {mine:,.0f} | {told} |")
    print(
        f"| a whole parcel of tokens, {size:.0f} MiB, Parquet and signature included, processor | {size / sealed:,.0f} | |"
    )
    print(f"| the same, verified, opened and read, processor | {size / opened:,.0f} | |")


if __name__ == "__main__":
    sys.exit(main())
