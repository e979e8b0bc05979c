"""Whatever is done to a parcel's bytes on the way, it is refused before anything of it is used."""

import io
import random
import zipfile

import pyarrow as pa
import pytest
from helpers.parcels import facts as facts_of

from tre_toolkit.errors import TreError
from tre_toolkit.parcel import open_parcel, seal, verify
from tre_toolkit.parcel.archive import Archive, blocks, entries
from tre_toolkit.parcel.stream import HEADER, SEGMENT, TAG, SealedFile, SealedWriter

CONTEXT = b"part of a parcel"
PAYLOAD = 150  # bytes within the sealed parts and the signature, drawn at random; all others are tried


@pytest.fixture(scope="module")
def whole(tmp_path_factory, receiver, signer):

    facts = facts_of()
    path = tmp_path_factory.mktemp("parcel") / "whole.parcel"
    tiny = {"tokens/a/2025": pa.table({"record_id": [1]}), "payload/a/2025/t": pa.table({"x": ["k"]})}
    seal(path, tiny, facts, recipient=receiver.recipient, signer=signer)
    return path.read_bytes()


def structure_and_sample(whole):
    """Every place outside the sealed parts, and a sample of those inside."""
    found = entries(io.BytesIO(whole), where="whole")
    inside = set()
    for name, entry in found.items():
        if name != "manifest.json":
            inside |= set(range(entry.start, entry.start + entry.size))
    drawn = random.Random(1).sample(sorted(inside), PAYLOAD)
    return sorted(set(range(len(whole))) - inside) + drawn


def test_any_flipped_byte_is_refused(whole, tmp_path, receiver, signer):
    path = tmp_path / "flipped.parcel"
    rng = random.Random(2)
    missed = []
    for place in structure_and_sample(whole):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            verify(path, trusted=[signer.verifier])
        except TreError:
            continue
        missed.append(place)
    assert missed == []
    path.write_bytes(whole)
    verify(path, trusted=[signer.verifier])  # and the whole one passes


def test_a_parcel_cut_anywhere_is_refused(whole, tmp_path, signer):
    path = tmp_path / "cut.parcel"
    for length in [0, 1, 97, 98, *range(100, len(whole), 331), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(TreError):
            verify(path, trusted=[signer.verifier])


def test_bytes_before_after_or_between_are_refused(whole, tmp_path, signer):
    path = tmp_path / "added.parcel"
    for added in (b"\0" + whole, whole + b"\0", whole[:40] + b"\0" + whole[40:]):
        path.write_bytes(added)
        with pytest.raises(TreError):
            verify(path, trusted=[signer.verifier])


def rebuilt(whole, change):
    """The parcel's entries, changed, in an archive that is right in itself."""
    file = io.BytesIO(whole)
    content = {name: b"".join(blocks(file, entry)) for name, entry in entries(file, where="x").items()}
    out = io.BytesIO()
    archive = Archive(out)
    for name, body in change(content):
        with archive.entry(name) as entry:
            entry.write(body)
    archive.finish()
    return out.getvalue()


def swapped(content):
    names = list(content)
    return [(names[0], content[names[1]]), (names[1], content[names[0]]), *list(content.items())[2:]]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: list(content.items())[1:],
        lambda content: [*content.items(), ("parts/extra", b"x")],
        lambda content: list(reversed(content.items())),
        lambda content: [*content.items(), next(iter(content.items()))],
        swapped,
        lambda content: [(n, b"" if n == "manifest.sig" else b) for n, b in content.items()],
        lambda content: [(n, b + b" " if n == "manifest.json" else b) for n, b in content.items()],
        lambda content: [
            (n, b.replace(b'"synthetic":true', b'"synthetic":false') if n == "manifest.json" else b)
            for n, b in content.items()
        ],
    ],
    ids=["dropped", "added", "reordered", "repeated", "swapped", "unsigned", "respelt", "restated"],
)
def test_parts_dropped_added_moved_or_restated_are_refused(whole, tmp_path, signer, change):
    path = tmp_path / "rebuilt.parcel"
    path.write_bytes(rebuilt(whole, lambda content: list(content.items())))
    verify(path, trusted=[signer.verifier])  # rebuilding alone does no harm
    path.write_bytes(rebuilt(whole, change))
    with pytest.raises(TreError):
        verify(path, trusted=[signer.verifier])


def test_a_zip_by_another_tool_with_the_same_parts_is_refused(whole, tmp_path, signer):
    path = tmp_path / "other.parcel"
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(TreError, match="not a whole parcel"):
        verify(path, trusted=[signer.verifier])


def test_a_parcel_changed_after_it_verified_is_refused_when_read(whole, tmp_path, receiver, signer):
    path = tmp_path / "late.parcel"
    path.write_bytes(whole)
    opened = open_parcel(path, key=receiver, trusted=[signer.verifier])
    entry = entries(io.BytesIO(whole), where="x")["parts/tokens/a/2025"]
    late = bytearray(whole)
    late[entry.start + HEADER + 30] ^= 1
    path.write_bytes(late)
    with pytest.raises(TreError, match="altered"):
        opened.part("tokens/a/2025")


# the stream itself, below the manifest's digests


@pytest.fixture(scope="module")
def clear():
    return random.Random(3).randbytes(2 * SEGMENT + 1000)


@pytest.fixture(scope="module")
def stream(clear, receiver):
    out = io.BytesIO()
    with SealedWriter(out, receiver.recipient, CONTEXT) as sink:
        for at in range(0, len(clear), 70_001):
            sink.write(clear[at : at + 70_001])
    return out.getvalue()


def unsealed(stream, receiver, context=CONTEXT):
    sealed = SealedFile(
        io.BytesIO(stream), start=0, size=len(stream), key=receiver, context=context, where="x"
    )
    sealed.check()
    return sealed.readall()


def segments(stream):
    body = stream[HEADER:]
    return stream[:HEADER], [body[at : at + SEGMENT + TAG] for at in range(0, len(body), SEGMENT + TAG)]


def test_a_stream_gives_back_its_bytes(stream, clear, receiver):
    assert unsealed(stream, receiver) == clear


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT])
def test_a_stream_of_any_length_gives_back_its_bytes(size, receiver):
    out = io.BytesIO()
    with SealedWriter(out, receiver.recipient, CONTEXT) as sink:
        sink.write(b"x" * size)
    assert unsealed(out.getvalue(), receiver) == b"x" * size


@pytest.mark.parametrize(
    "order", [[1, 2], [0, 2], [0, 1], [1, 0, 2], [0, 0, 1, 2], [0, 1, 1, 2], [0, 2, 1], [0], []]
)
def test_segments_dropped_repeated_or_reordered_are_refused(stream, receiver, order):
    head, parts = segments(stream)
    with pytest.raises(TreError):
        unsealed(head + b"".join(parts[number] for number in order), receiver)


def test_a_stream_is_bound_to_its_place(stream, receiver):
    with pytest.raises(TreError):
        unsealed(stream, receiver, context=b"another part")


def test_flipped_bytes_of_a_stream_are_refused(stream, receiver):
    rng = random.Random(4)
    for place in [0, HEADER - 1, HEADER, len(stream) - 1, *rng.sample(range(len(stream)), 25)]:
        flipped = bytearray(stream)
        flipped[place] ^= 1
        with pytest.raises(TreError):
            unsealed(bytes(flipped), receiver)
