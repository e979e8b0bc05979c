"""Digest and checksum are reckoned beside the sealing: the same ones, and nothing of the thread stays."""

import hashlib
import io
import threading
import zlib

import numpy as np
import pyarrow as pa
import pytest

from tre_toolkit.parcel import seal, verify
from tre_toolkit.parcel.archive import Archive
from tre_toolkit.parcel.sums import ASIDE, Sums


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("sums")]


@pytest.mark.parametrize("sizes", [[], [0], [5], [ASIDE], [7, ASIDE, 3, 2 * ASIDE, ASIDE - 1, 1]])
def test_the_sums_are_those_of_all_bytes_in_order(sizes):
    data = np.random.default_rng(1).bytes(sum(sizes))
    at = 0
    with Sums() as sums:
        for size in sizes:
            sums.add(data[at : at + size])
            at += size
        assert (sums.sha256, sums.crc) == (hashlib.sha256(data).hexdigest(), zlib.crc32(data))
    assert (sums.sha256, sums.crc) == (hashlib.sha256(data).hexdigest(), zlib.crc32(data))
    assert not workers()


def test_a_block_may_change_once_the_next_is_added():
    rooms, digest = [bytearray(ASIDE), bytearray(ASIDE)], hashlib.sha256()
    with Sums() as sums:
        for number in range(20):
            room = rooms[number % 2]  # its last content was added two blocks ago
            room[:] = bytes([number]) * ASIDE
            digest.update(room)
            sums.add(memoryview(room))
        assert sums.sha256 == digest.hexdigest()


def test_a_small_block_starts_no_thread():
    with Sums() as sums:
        sums.add(b"x" * (ASIDE - 1))
        assert not workers()
        sums.add(b"x" * ASIDE)
        assert workers()
    assert not workers()


def test_what_goes_wrong_in_the_thread_comes_back(monkeypatch):
    def broken(block, crc):
        raise MemoryError

    monkeypatch.setattr("tre_toolkit.parcel.sums.zlib.crc32", broken)
    archive = Archive(io.BytesIO())
    with pytest.raises(MemoryError), archive.entry("a") as entry:
        entry.write(b"x" * ASIDE)
    assert not workers()


def test_the_last_block_s_failure_is_no_success(monkeypatch, tmp_path, facts, receiver, signer):
    def broken(block, crc):
        raise MemoryError

    monkeypatch.setattr("tre_toolkit.parcel.sums.zlib.crc32", broken)
    with pytest.raises(MemoryError):
        seal(
            tmp_path / "x.parcel",
            {"payload/x/2025/t": large()},
            facts,
            recipient=receiver.recipient,
            signer=signer,
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_run_that_is_stopped_leaves_no_file_and_no_thread(tmp_path, facts, receiver, signer, error):
    whole = large()

    def batches():
        yield from whole.to_batches(max_chunksize=50_000)[:-1]
        assert workers()  # something was handed over by now
        raise error

    reader = pa.RecordBatchReader.from_batches(whole.schema, batches())
    with pytest.raises(error):
        seal(
            tmp_path / "x.parcel",
            {"payload/x/2025/t": reader},
            facts,
            recipient=receiver.recipient,
            signer=signer,
        )
    assert not list(tmp_path.iterdir())
    assert not workers()


def test_a_large_part_verifies_and_leaves_no_thread(tmp_path, facts, receiver, signer):
    path = tmp_path / "x.parcel"
    seal(path, {"payload/x/2025/t": large()}, facts, recipient=receiver.recipient, signer=signer)
    assert path.stat().st_size > 4 * ASIDE
    verify(path, trusted=[signer.verifier])
    assert not workers()


def large():
    return pa.table({f"c{n}": np.random.default_rng(n).random(200_000) for n in range(4)})
