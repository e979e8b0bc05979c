"""Two signatures side by side: both must be right, over these bytes and for this purpose."""

import pickle

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.keyfile import Cost
from tre_toolkit.signing import CLASSICAL, Signer, Verifier, public_bytes

CHEAP = Cost(memory=64, passes=1, lanes=1)
SIGNER = Signer(bytes(range(64)))
MESSAGE = b"what was signed"


def test_a_signature_holds_for_its_bytes_and_purpose_only():
    made = SIGNER.sign(MESSAGE, purpose="parcel")
    assert SIGNER.verifier.verify(made, MESSAGE, purpose="parcel")
    assert not SIGNER.verifier.verify(made, MESSAGE + b".", purpose="parcel")
    assert not SIGNER.verifier.verify(made, MESSAGE, purpose="release")
    assert not Signer.new().verifier.verify(made, MESSAGE, purpose="parcel")


@pytest.mark.parametrize("half", [slice(0, CLASSICAL), slice(CLASSICAL, None)])
def test_both_halves_must_be_right(half):
    made = bytearray(SIGNER.sign(MESSAGE, purpose="parcel"))
    other = Signer.new().sign(MESSAGE, purpose="parcel")
    made[half] = other[half]
    assert not SIGNER.verifier.verify(bytes(made), MESSAGE, purpose="parcel")


def test_a_signature_cut_short_lengthened_or_empty_is_refused():
    made = SIGNER.sign(MESSAGE, purpose="parcel")
    for wrong in (b"", made[:CLASSICAL], made[:-1], made + b"\0", made[CLASSICAL:]):
        assert not SIGNER.verifier.verify(wrong, MESSAGE, purpose="parcel")


def test_the_public_half_survives_its_file_and_its_line(tmp_path):
    SIGNER.write(tmp_path / "a.key", b"four plain random words", cost=CHEAP)
    assert Verifier.read(tmp_path / "a.key.pub") == SIGNER.verifier
    assert Verifier.parse(str(SIGNER.verifier)) == SIGNER.verifier
    again = Signer.read(tmp_path / "a.key", b"four plain random words")
    assert again.verifier == SIGNER.verifier


@pytest.mark.parametrize(
    "line", ["", "tre-pub-signer-v1", "tre-pub-signer-v1 AAAA", "x AAAA", "tre-pub-signer-v1 !"]
)
def test_what_isn_t_a_whole_public_half_is_refused(tmp_path, line):
    (tmp_path / "a.pub").write_text(line)
    with pytest.raises(TreError):
        Verifier.read(tmp_path / "a.pub")
    with pytest.raises(TreError):
        Verifier.parse(line)


def test_a_public_key_of_another_kind_is_refused():
    with pytest.raises(TreError, match="tre-pub-transport-v1"):
        public_bytes(str(SIGNER.verifier), "tre-pub-transport-v1")


def test_the_private_half_has_no_readable_form():
    assert SIGNER._seed.hex() not in repr(SIGNER) + str(SIGNER)
    assert SIGNER.verifier.fingerprint in repr(SIGNER)
    with pytest.raises(TypeError):
        pickle.dumps(SIGNER)


def test_check_tells_which_signer_was_expected():
    with pytest.raises(TreError, match=SIGNER.verifier.fingerprint):
        SIGNER.verifier.check(b"", MESSAGE, purpose="parcel", where="x")
