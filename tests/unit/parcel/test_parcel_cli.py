"""`tre parcel` as a person types it."""

import json

import pytest

from tre_toolkit.cli import run
from tre_toolkit.parcel import seal


@pytest.fixture
def passphrase(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text("four plain random words\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind", ["transport", "signer"])
def test_a_new_key_has_two_halves_and_only_the_private_one_is_guarded(tmp_path, passphrase, kind, capfd):
    key = tmp_path / "my.key"
    assert run(["parcel", "new-key", kind, str(key), "--passphrase-file", str(passphrase)]) == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().startswith(f"tre-key-{kind}-v1\n")
    assert (tmp_path / "my.key.pub").read_text().startswith(f"tre-pub-{kind}-v1 ")
    assert "fingerprint" in capfd.readouterr().out


def test_a_taken_place_is_left_alone(tmp_path, passphrase, capfd):
    key = tmp_path / "my.key"
    key.write_text("mine")
    assert run(["parcel", "new-key", "signer", str(key), "--passphrase-file", str(passphrase)]) == 1
    assert key.read_text() == "mine"
    assert not (tmp_path / "my.key.pub").exists()
    assert "stands here already" in capfd.readouterr().err


def test_show_and_verify_tell_the_same_parcel(tmp_path, parts, facts, receiver, signer, capfd):
    path, trust = tmp_path / "990.parcel", tmp_path / "signer.pub"
    seal(path, parts, facts, recipient=receiver.recipient, signer=signer)
    trust.write_text(str(signer.verifier))
    assert run(["parcel", "show", str(path)]) == 0
    shown = capfd.readouterr().out
    assert "tokens/cin_census/2025" in shown
    assert "synthetic" in shown
    assert run(["parcel", "show", str(path), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["project"] == "invented"
    assert run(["parcel", "verify", str(path), "--trust", str(trust)]) == 0
    assert "whole" in capfd.readouterr().out


def test_verify_without_trust_refuses(tmp_path, parts, facts, receiver, signer, capfd):
    path = tmp_path / "990.parcel"
    seal(path, parts, facts, recipient=receiver.recipient, signer=signer)
    assert run(["parcel", "verify", str(path)]) == 1
    assert "nobody is trusted" in capfd.readouterr().err


def test_show_of_something_else_refuses(tmp_path, capfd):
    (tmp_path / "x").write_text("not a parcel")
    assert run(["parcel", "show", str(tmp_path / "x")]) == 1
    assert "not a whole parcel" in capfd.readouterr().err
    assert run(["parcel", "show", str(tmp_path / "none")]) == 1
