"""A parcel of any tables gives them back, and any alteration of its bytes is refused."""

import io
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.parcels import facts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tre_toolkit.errors import TreError
from tre_toolkit.parcel import RecipientKey, open_parcel, seal
from tre_toolkit.parcel.stream import SEGMENT, SealedFile, SealedWriter
from tre_toolkit.signing import Signer

RECEIVER, SIGNER = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))
FACTS = facts()
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

cells = st.one_of(st.none(), st.text(max_size=8))
tables = st.lists(st.tuples(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), cells), max_size=20).map(
    lambda rows: pa.table(
        {
            "record_id": pa.array([a for a, _ in rows], pa.int64()),
            "x": pa.array([b for _, b in rows], pa.string()),
        }
    )
)
names = st.lists(
    st.text("abcdefgh/_-0123456789", min_size=1, max_size=12), min_size=1, max_size=4, unique=True
)


def fresh(tmp_path: Path) -> Path:
    path = tmp_path / "x.parcel"
    path.unlink(missing_ok=True)
    return path


@some
@given(names, st.data())
def test_any_tables_come_back(tmp_path, chosen, data):
    parts = {f"payload/{name}": data.draw(tables) for name in chosen if ".." not in name}
    path = fresh(tmp_path)
    seal(path, parts, FACTS, recipient=RECEIVER.recipient, signer=SIGNER)
    opened = open_parcel(path, key=RECEIVER, trusted=[SIGNER.verifier])
    assert {name: opened.part(name) for name in opened.manifest.names} == parts


@some
@given(st.data())
def test_any_alteration_is_refused(tmp_path, data):
    path = fresh(tmp_path)
    seal(path, {"tokens/a/1": pa.table({"a": [1, 2]})}, FACTS, recipient=RECEIVER.recipient, signer=SIGNER)
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "drop", "insert"]))
    if kind == "flip":
        raw[at] ^= data.draw(st.integers(1, 255))
    elif kind == "cut":
        del raw[at:]
    elif kind == "drop":
        del raw[at]
    else:
        raw.insert(at, data.draw(st.integers(0, 255)))
    path.write_bytes(raw)
    with pytest.raises(TreError):
        open_parcel(path, key=RECEIVER, trusted=[SIGNER.verifier])


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 3 * SEGMENT),
    st.lists(st.tuples(st.integers(0, 3 * SEGMENT), st.integers(0, 5000)), max_size=8),
)
def test_a_sealed_file_reads_like_the_clear_one(size, reads):
    clear = bytes(range(256)) * (size // 256 + 1)
    clear = clear[:size]
    out = io.BytesIO()
    with SealedWriter(out, RECEIVER.recipient, b"here") as sink:
        sink.write(clear)
    raw = out.getvalue()
    sealed = SealedFile(io.BytesIO(raw), start=0, size=len(raw), key=RECEIVER, context=b"here", where="x")
    for at, length in reads:
        sealed.seek(at)
        assert sealed.read(length) == clear[at : at + length]
