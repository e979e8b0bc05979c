"""The key's whole life as its keepers type it: shared, joined, compared, replaced, destroyed."""

import json

import pytest

from tre_toolkit import keyfile
from tre_toolkit.cli import run

TOML = 'id = "invented"\ntitle = "T"\npurpose = "P"\ndatasets = ["ssda903"]\n[authorities]\n990 = "North"\n'


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """The passphrase's cost is another test's subject; here it would be most of the time."""
    dear = keyfile._cipher

    def quick(header, passphrase):
        return dear({**header, "memory": 64, "passes": 1, "lanes": 1}, passphrase)

    monkeypatch.setattr(keyfile, "_cipher", quick)


@pytest.fixture
def tre(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tre.toml").write_text(TOML)
    for name in ("passphrase", "anna", "ben", "cleo"):
        (tmp_path / name).write_text(f"four plain words of {name}\n")
        (tmp_path / name).chmod(0o600)

    def tre(words, *, secret=True, status=0):
        more = ["--passphrase-file", "passphrase"] if secret else []
        assert run([*words.split(" "), *more]) == status, capfd.readouterr().err
        told = capfd.readouterr()
        return told.out + told.err

    tre("key new --project tre.toml --into project.key")
    return tre


HOLDERS = "--holder-passphrase anna --holder-passphrase ben --holder-passphrase cleo"


def fingerprint(tre, name):
    return tre(f"key show --key {name}", secret=False).strip()


def test_any_two_of_three_holders_make_the_key_again_and_one_doesn_t(tre, tmp_path):
    tre(f"key share --key project.key --into shares --needed 2 {HOLDERS}")
    assert sorted(path.name for path in (tmp_path / "shares").iterdir()) == [
        "share-1.key",
        "share-2.key",
        "share-3.key",
    ]
    tre(
        "key join shares/share-1.key shares/share-3.key --into again.key "
        "--holder-passphrase anna --holder-passphrase cleo"
    )
    assert fingerprint(tre, "again.key") == fingerprint(tre, "project.key")
    told = tre("key join shares/share-2.key --into no.key --holder-passphrase ben", status=1)
    assert "2 different shares are needed" in told
    assert not (tmp_path / "no.key").exists()


def test_sharing_among_nobody_or_with_too_many_needed_leaves_nothing(tre, tmp_path):
    tre("key share --key project.key --into shares", status=2)
    tre(f"key share --key project.key --into shares --needed 4 {HOLDERS}", status=1)
    assert not (tmp_path / "shares").exists()


def said(told):
    return next(line.split()[1] for line in told.splitlines() if line.startswith("say"))


def test_two_authorities_prove_the_same_key_and_another_key_is_found_out(tre):
    tre("parcel new-key transport 991.key")
    tre("key wrap --key project.key --to 991.key.pub --into project.wrapped")
    tre("key unwrap project.wrapped --transport 991.key --into copy.key")
    tre("key new --project tre.toml --into other.key")
    tre("key hello --into 990.hello", secret=False)
    tre("key hello --into 991.hello", secret=False)
    theirs = said(tre("key compare --key copy.key --mine 991.hello --theirs 990.hello"))
    here = "key compare --key {} --mine 990.hello --theirs 991.hello --heard {}"
    assert "the same key" in tre(here.format("project.key", theirs))
    assert "the keys differ" in tre(here.format("other.key", theirs), status=1)
    mine = said(tre("key compare --key project.key --mine 990.hello --theirs 991.hello"))
    assert "the keys differ" in tre(here.format("project.key", mine), status=1)


def test_a_key_is_replaced_then_destroyed_with_a_certificate(tre, tmp_path):
    tre("parcel new-key signer signer.key")
    tre("key rotate --key project.key --into new.key --reason drill")
    assert fingerprint(tre, "new.key") != fingerprint(tre, "project.key")
    tre("key destroy --key project.key --signer signer.key --certificate paper.txt --reason drill")
    assert not (tmp_path / "project.key").exists()
    assert "overwritten" in tre("key certificate paper.txt --trust signer.key.pub", secret=False)
    names = [json.loads(line)["event"] for line in (tmp_path / "audit.log").read_text().splitlines()]
    assert names == ["key rotated", "key destroyed"]


def test_a_passphrase_is_never_taken_from_the_command_line_or_the_environment(tre, monkeypatch):
    monkeypatch.setenv("TRE_PASSPHRASE", "four plain words of passphrase")
    told = tre("key rotate --key project.key --into new.key --reason drill", secret=False, status=2)
    assert "passphrase of" in told
    tre(
        "key rotate --key project.key --into new.key --reason drill --passphrase words",
        secret=False,
        status=2,
    )
