"""The project's key: random, one per project, never readable, handed on only under seal."""

import pickle

import pytest

from pseudonymise.keys import Key
from tre_toolkit.errors import TreError
from tre_toolkit.keyfile import Cost
from tre_toolkit.parcel import RecipientKey

CHEAP = Cost(memory=64, passes=1, lanes=1)
PASSPHRASE = b"four plain random words"


def test_two_new_keys_differ():
    assert Key.new("invented") != Key.new("invented")


def test_a_key_comes_back_from_its_file_and_only_with_its_passphrase(tmp_path, key):
    path = key.write(tmp_path / "project.key", PASSPHRASE, cost=CHEAP)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Key.read(path, PASSPHRASE) == key
    with pytest.raises(TreError, match="passphrase"):
        Key.read(path, b"another random passphrase")


def test_a_key_has_no_readable_form(key):
    assert key._secret.hex() not in repr(key) + str(key) + key.fingerprint + key.commitment
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_every_project_domain_standardiser_and_key_bit_gives_another_domain_key(key):
    other_bit = Key(bytes([key._secret[0] ^ 1]) + key._secret[1:], "invented")
    made = [
        key.domain_key("upn", "1"),
        key.domain_key("local_id", "1"),
        key.domain_key("upn", "2"),
        Key(key._secret, "another").domain_key("upn", "1"),
        other_bit.domain_key("upn", "1"),
        key.domain_key("upn1", ""),
        key.derive("commitment"),
        key.derive("fingerprint"),
    ]
    assert len(set(made)) == len(made)


def test_a_wrapped_key_opens_for_its_receiver_and_nobody_else(tmp_path, key, receiver):
    path = key.wrap(receiver.recipient, tmp_path / "project.wrapped")
    assert key._secret.hex() not in path.read_text()
    assert Key.unwrap(path, receiver) == key
    with pytest.raises(TreError, match="doesn't open it"):
        Key.unwrap(path, RecipientKey.new())


def test_a_wrapped_key_can_t_be_passed_off_as_another_project_s(tmp_path, key, receiver):
    path = key.wrap(receiver.recipient, tmp_path / "project.wrapped")
    path.write_text(path.read_text().replace("invented", "another"))
    with pytest.raises(TreError):
        Key.unwrap(path, receiver)


@pytest.mark.parametrize(
    "text", ["", "tre-wrapped-project-v1\n{}\n", "x\ny\n", "tre-wrapped-project-v1\n[1]\n"]
)
def test_what_isn_t_a_wrapped_key_is_refused(tmp_path, receiver, text):
    path = tmp_path / "project.wrapped"
    path.write_text(text)
    with pytest.raises(TreError, match="not a wrapped project key"):
        Key.unwrap(path, receiver)


def test_another_project_s_key_is_refused(key):
    key.check_project("invented")
    with pytest.raises(TreError, match="of project invented"):
        key.check_project("another")
