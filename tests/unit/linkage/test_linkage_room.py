"""Under a limit of memory: arrays lie in files, pairs come in small slices, and what is found is the same to the byte."""

import numpy as np
import pyarrow as pa
import pytest

from tre_toolkit.errors import MisuseError
from tre_toolkit.linkage import room as rooms
from tre_toolkit.linkage.room import Room, amount, room
from tre_toolkit.linkage.run import link
from tre_toolkit.linkage.spine import read_spine
from tre_toolkit.linkage.workspace import make_workspace
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.signing import Signer

TRE, SIGNER = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))  # as the parcels are made with


@pytest.fixture
def parcels(population, tables_of, parcel):
    """Two authorities' parcels of invented children: enough for the model, with payload whose types differ by authority."""
    a, b = population.invent(1500, 41, overlap=0.5)
    made = []
    for table in tables_of(population.records(population.parts(a), population.parts(b))):
        ids = table.tokens.column("record_id")
        sex = pa.array(np.where(np.arange(len(ids)) % 2, 1, 2).tolist())
        told = pa.table(
            {
                "record_id": ids,
                "row_id": pa.array(range(len(ids)), pa.int64()),
                "Sex": sex if table.authority == "990" else sex.cast(pa.string()),
                f"only_{table.authority}": sex,
            }
        )
        place = f"cin_census {table.period}"
        made.append(
            parcel(
                table.authority,
                {place: table},
                payload={f"payload/{place.replace(' ', '/')}/child_identifiers": told},
            )
        )
    return made


@pytest.fixture
def little(monkeypatch):
    """Arrays of a few records go to files too, and slices are small; gives what was put down."""
    put = []
    monkeypatch.setattr(rooms, "SMALL", 100)
    monkeypatch.setattr(rooms, "FEWEST", 500)
    real = Room.put
    monkeypatch.setattr(Room, "put", lambda self, array: put.append(real(self, array)) or put[-1])
    return put


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_spine_and_workspace_are_the_same_to_the_byte_with_a_limit_and_without(parcels, little, tmp_path):
    for name, memory in (("free", None), ("limited", "1MB")):
        (tmp_path / name).mkdir()
        link(parcels, key=TRE, trusted=[SIGNER.verifier], into=tmp_path / name / "spine", memory=memory)
    assert any(isinstance(array, np.memmap) for array in little)
    free, limited = (files_of(tmp_path / name) for name in ("free", "limited"))
    assert {path.name for path in free} >= {"spine.parquet", "spine.json", "report.json", "clerical.parquet"}
    assert free == limited  # and no other file is left of the limited run
    spine = read_spine(tmp_path / "free" / "spine")
    assert spine.facts["settings"]["engine"] == "model"
    for name, memory in (("free", None), ("limited", "50MB")):
        make_workspace(
            spine,
            parcels,
            key=TRE,
            trusted=[SIGNER.verifier],
            into=tmp_path / name / "workspace",
            memory=memory,
        )
    free, limited = (files_of(tmp_path / name) for name in ("free", "limited"))
    assert free == limited


def test_a_room_without_a_limit_keeps_arrays_where_they_are():
    array = np.arange(rooms.SMALL)
    with room() as here:
        assert here.put(array) is array
        assert here.slice == rooms.SLICE
    with pytest.raises(ValueError, match="no folder"), here.place():
        pass


def test_what_is_put_into_a_room_is_the_owners_alone_and_gone_at_the_end(tmp_path):
    array = np.arange(rooms.SMALL)
    with room("8MB", beside=tmp_path) as here:
        put, grown = here.put(array), here.grow(np.int32)
        assert isinstance(put, np.memmap)
        assert put.tolist() == array.tolist()
        for piece in (array[:5], array[:0], array[5:9]):
            grown.add(piece)
        assert grown.whole().tolist() == list(range(9))
        assert here.grow(np.int64).whole().tolist() == []
        assert here.folder.stat().st_mode & 0o077 == 0
        assert here.slice == rooms.FEWEST
    assert list(tmp_path.iterdir()) == []


def test_growing_in_memory_comes_to_the_same():
    grown = Room().grow(np.int32)
    for piece in (np.arange(5), np.arange(5, 9)):
        grown.add(piece)
    assert grown.whole().tolist() == list(range(9))
    assert grown.whole().dtype == np.int32


@pytest.mark.parametrize(("memory", "size"), [("1GB", 10**9), ("1.5GiB", 3 * 2**29), (" 800 mb ", 8 * 10**8)])
def test_amounts_of_memory(memory, size):
    assert amount(memory) == size


@pytest.mark.parametrize("memory", ["", "much", "12", "5KB", "3 parsecs", "-1GB"])
def test_what_is_no_amount_of_memory_is_refused(memory):
    with pytest.raises(MisuseError, match="no amount of memory"), room(memory):
        pass
