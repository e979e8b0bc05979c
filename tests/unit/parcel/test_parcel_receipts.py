"""A parcel is taken in once, and never after a newer one of its sender."""

import pytest

from tre_toolkit import audit
from tre_toolkit.cli import run
from tre_toolkit.errors import TreError
from tre_toolkit.parcel import seal, take_in
from tre_toolkit.signing import Signer


@pytest.fixture
def sent(tmp_path, parts, facts, receiver, signer):
    def sent(counter, *, by=signer, **more):
        path = tmp_path / f"{counter}-{len(list(tmp_path.iterdir()))}.parcel"
        said = facts.model_copy(update={"counter": counter, **more})
        seal(path, parts, said, recipient=receiver.recipient, signer=by)
        return path

    return sent


def test_parcels_are_taken_in_as_their_counters_rise(sent, tmp_path, signer):
    book = tmp_path / "book.log"
    for counter in (1, 2, 7):
        take_in(sent(counter), book, trusted=[signer.verifier])
    assert audit.verify(book) == 3


def test_the_same_parcel_again_and_an_older_one_are_refused(sent, tmp_path, signer):
    book, old, new = tmp_path / "book.log", sent(1), sent(2)
    take_in(new, book, trusted=[signer.verifier])
    for path, said in (
        (new, "before, on"),
        (old, "number 2 was taken in"),
        (sent(2), "number 2 was taken in"),
    ):
        with pytest.raises(TreError, match=said):
            take_in(path, book, trusted=[signer.verifier])
    assert audit.verify(book) == 1


def test_senders_projects_authorities_and_halves_have_series_of_their_own(sent, tmp_path, signer):
    book, other = tmp_path / "book.log", Signer.new()
    trusted = [signer.verifier, other.verifier]
    take_in(sent(5), book, trusted=trusted)
    for path in (
        sent(1, by=other),
        sent(1, project="another"),
        sent(1, authority="991"),
        sent(1, content="linkage"),
    ):
        take_in(path, book, trusted=trusted)
    assert audit.verify(book) == 5


def test_what_doesn_t_verify_isn_t_entered(sent, tmp_path):
    book = tmp_path / "book.log"
    with pytest.raises(TreError, match="not signed by anyone"):
        take_in(sent(1), book, trusted=[])
    assert not book.exists()


def test_take_in_as_a_person_types_it(sent, tmp_path, signer, capfd):
    (tmp_path / "signer.pub").write_text(str(signer.verifier))
    words = ["parcel", "take-in", str(sent(1)), "--book", str(tmp_path / "book.log")]
    words += ["--trust", str(tmp_path / "signer.pub")]
    assert run(words) == 0
    assert "taken in: parcel 1 of authority 990" in capfd.readouterr().out
    assert run(words) == 1
    assert "before" in capfd.readouterr().err
