"""A parcel gives back what went in, to its recipient and nobody else."""

import zipfile

import pyarrow as pa
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.parcel import RecipientKey, open_parcel, seal, show, verify
from tre_toolkit.signing import Signer


@pytest.fixture
def parcel(tmp_path, parts, facts, receiver, signer):
    path = tmp_path / "990.parcel"
    seal(path, parts, facts, recipient=receiver.recipient, signer=signer)
    return path


def test_what_went_in_comes_out(parcel, parts, receiver, signer):
    opened = open_parcel(parcel, key=receiver, trusted=[signer.verifier])
    for name, table in parts.items():
        assert opened.part(name).equals(table)
        assert pa.Table.from_batches(opened.batches(name)).equals(table)
    assert opened.manifest.names == sorted(parts)


def test_anyone_can_read_the_manifest_without_a_key(parcel, parts):
    manifest = show(parcel)
    assert [(part.name, part.rows) for part in manifest.parts] == [
        (name, parts[name].num_rows) for name in sorted(parts)
    ]
    assert manifest.synthetic
    assert manifest.tokens["t_upn"].parts == ["upn"]


def test_any_zip_tool_can_list_it_and_finds_its_checksums_right(parcel, parts):
    with zipfile.ZipFile(parcel) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"parts/{name}" for name in sorted(parts)] + [
            "manifest.json",
            "manifest.sig",
        ]


def test_one_column_of_a_part_can_be_read(parcel, receiver, signer):
    opened = open_parcel(parcel, key=receiver, trusted=[signer.verifier])
    assert opened.part("tokens/cin_census/2025", columns=["record_id"]).column_names == ["record_id"]


def test_a_part_larger_than_a_segment_is_read_at_any_place(tmp_path, facts, receiver, signer):
    import numpy as np

    wide = pa.table({f"c{n}": np.random.default_rng(n).random(150_000) for n in range(4)})
    path = tmp_path / "wide.parcel"
    manifest = seal(
        path, {"payload/x/2025/t": wide.to_reader(10_000)}, facts, recipient=receiver.recipient, signer=signer
    )
    assert manifest.parts[0].bytes > 3 << 20
    opened = open_parcel(path, key=receiver, trusted=[signer.verifier])
    assert opened.part("payload/x/2025/t").equals(wide)
    assert opened.part("payload/x/2025/t", columns=["c3"])["c3"].equals(wide["c3"])


def test_the_wrong_recipient_is_refused(parcel, signer):
    with pytest.raises(TreError, match="not for yours"):
        open_parcel(parcel, key=RecipientKey.new(), trusted=[signer.verifier])


def test_a_signer_nobody_trusts_is_refused(parcel, receiver):
    with pytest.raises(TreError, match="not signed by anyone you trust"):
        open_parcel(parcel, key=receiver, trusted=[Signer.new().verifier])
    with pytest.raises(TreError, match="not signed by anyone you trust"):
        verify(parcel, trusted=[])


def test_an_unknown_part_is_refused(parcel, receiver, signer):
    with pytest.raises(TreError, match="no such part"):
        open_parcel(parcel, key=receiver, trusted=[signer.verifier]).part("tokens/none/2025")


def test_a_failed_sealing_leaves_no_file(tmp_path, facts, receiver, signer):
    def broken():
        yield pa.record_batch({"a": [1]})
        raise RuntimeError("the disk is full")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), broken())
    with pytest.raises(RuntimeError):
        seal(
            tmp_path / "x.parcel", {"tokens/a/1": reader}, facts, recipient=receiver.recipient, signer=signer
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "/etc/x", "a/../b", "a\\b"])
def test_a_part_needs_a_plain_name(tmp_path, facts, receiver, signer, name):
    with pytest.raises(TreError, match="plain name"):
        seal(
            tmp_path / "x.parcel",
            {name: pa.table({"a": [1]})},
            facts,
            recipient=receiver.recipient,
            signer=signer,
        )


def test_keys_have_no_readable_form(receiver, signer):
    import pickle

    for key in (receiver, signer):
        assert key._seed.hex() not in repr(key) + str(key)
        with pytest.raises(TypeError):
            pickle.dumps(key)
