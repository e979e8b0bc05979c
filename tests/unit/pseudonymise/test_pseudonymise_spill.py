"""What waits to be sealed comes back as it was kept, stands in no folder, and its rows in random order."""

import os

import numpy as np
import pyarrow as pa
import pytest

from pseudonymise import spill as module
from pseudonymise.spill import Place, Shuffled, Spill, packed, unpacked

ROWS = pa.record_batch({"n": pa.array(range(1000), pa.int64()), "word": [f"w{n % 7}" for n in range(1000)]})


@pytest.mark.parametrize("held", [0, 10**6])
def test_a_block_comes_back_as_it_was_kept(held):
    with Spill(held=held) as spill:
        kept = [spill.put(packed(ROWS.slice(at, 100), tight=at % 200 == 0)) for at in range(0, 1000, 100)]
        assert all(isinstance(one, Place) is (held == 0) for one in kept)
        back = pa.Table.from_batches([unpacked(spill.get(one)) for one in kept])
    assert back.combine_chunks().to_batches()[0].equals(ROWS)


def test_little_stays_in_memory_and_the_rest_goes_to_the_file():
    block = packed(ROWS)
    with Spill(held=2 * block.size) as spill:
        kept = [spill.put(block) for _ in range(4)]
        assert [isinstance(one, Place) for one in kept] == [False, False, True, True]
        assert all(bytes(spill.get(one)) == bytes(block) for one in kept)


def test_the_file_stands_in_no_folder_and_is_its_owners_alone(tmp_path):
    with Spill(tmp_path, held=0) as spill:
        spill.put(packed(ROWS))
        assert list(tmp_path.iterdir()) == []
        assert os.fstat(spill._file.fileno()).st_mode & 0o077 == 0
        assert os.fstat(spill._file.fileno()).st_size > 0


def test_a_file_that_was_cut_short_is_an_error_and_never_half_a_block():
    with Spill(held=0) as spill:
        kept = spill.put(packed(ROWS))
        spill._file.truncate(kept.size // 2)
        with pytest.raises(OSError, match="shorter"):
            spill.get(kept)


@pytest.mark.parametrize("bucket", [64, 10**6])
def test_rows_come_back_all_of_them_each_once_and_in_another_order(monkeypatch, bucket):
    monkeypatch.setattr(module, "BUCKET", bucket)
    with Spill(held=0) as spill:
        rows = Shuffled(spill, ROWS.schema, ROWS.num_rows)
        for at in range(0, 1000, 300):
            rows.add(ROWS.slice(at, 300))
        assert rows.rows == 1000
        first, second = rows.batches().read_all(), rows.batches().read_all()
        words = pa.Table.from_batches(rows.pieces(["word"]))
    assert sorted(first["n"].to_pylist()) == list(range(1000))
    assert first["n"].to_pylist() != second["n"].to_pylist()
    assert all(row["word"] == f"w{row['n'] % 7}" for row in first.to_pylist())
    assert words.column_names == ["word"]
    # neighbours in the file are none in the parcel: a run of two stays one time in a thousand, not in two
    assert (np.diff(first["n"].to_numpy()) == 1).mean() < 0.05


def test_a_table_without_rows_has_its_columns_all_the_same():
    with Spill() as spill:
        rows = Shuffled(spill, ROWS.schema, 0)
        rows.add(ROWS.slice(0, 0))
        assert rows.batches().read_all().schema == ROWS.schema
