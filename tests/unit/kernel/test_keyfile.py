"""A secret on disk: sealed, guarded, findable, and refused when anything about it is wrong."""

import json
import os
import resource

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.keyfile import (
    STANDARD,
    STRONG,
    Cost,
    check_passphrase,
    fingerprint_of,
    open_secret,
    read_passphrase,
    seal_secret,
)

CHEAP = Cost(memory=64, passes=1, lanes=1)
WORDS = b"four plain random words"
SECRET = bytes(range(32))


@pytest.fixture
def sealed(tmp_path):
    return seal_secret(tmp_path / "a.key", SECRET, WORDS, kind="project", fingerprint="f1", cost=CHEAP)


def test_a_secret_comes_back_with_its_passphrase(sealed):
    assert open_secret(sealed, WORDS, kind="project") == SECRET


def test_a_key_file_is_guarded_can_be_searched_for_and_shows_no_secret(sealed):
    text = sealed.read_text()
    assert sealed.stat().st_mode & 0o777 == 0o600
    assert text.startswith("tre-key-project-v1\n")
    assert SECRET.hex() not in text
    assert fingerprint_of(sealed, kind="project") == "f1"


def test_a_wrong_passphrase_or_kind_is_refused(sealed):
    with pytest.raises(TreError, match="passphrase doesn't open"):
        open_secret(sealed, b"another random passphrase", kind="project")
    with pytest.raises(TreError, match="not a signer key file"):
        open_secret(sealed, WORDS, kind="signer")


def test_every_altered_character_is_refused(sealed):
    text = sealed.read_bytes()
    for at in range(len(text)):
        altered = bytearray(text)
        altered[at] ^= 1
        sealed.write_bytes(altered)
        with pytest.raises(TreError):
            open_secret(sealed, WORDS, kind="project")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_a_secret_others_can_read_is_refused(sealed, mode):
    sealed.chmod(mode)
    with pytest.raises(TreError, match="others on this machine"):
        open_secret(sealed, WORDS, kind="project")


def test_a_link_a_device_a_folder_and_nothing_are_refused(sealed, tmp_path):
    link = tmp_path / "link.key"
    link.symlink_to(sealed)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (link, tmp_path / "pipe", tmp_path):
        with pytest.raises(TreError, match="plain file"):
            open_secret(path, WORDS, kind="project")
    with pytest.raises(TreError, match="no such file"):
        open_secret(tmp_path / "none", WORDS, kind="project")


def test_a_passphrase_file_is_guarded_too_and_loses_only_its_line_end(tmp_path):
    path = tmp_path / "passphrase"
    path.write_bytes(b" four plain words \r\n")
    path.chmod(0o600)
    assert read_passphrase(path) == b" four plain words "
    path.chmod(0o644)
    with pytest.raises(TreError, match="others on this machine"):
        read_passphrase(path)


@pytest.mark.parametrize("words", [b"", b"short", b"aaaaaaaaaaaaaaaa", b"abababababababab"])
def test_an_easy_passphrase_is_refused_and_leaves_no_file(tmp_path, words):
    with pytest.raises(TreError, match="too easy"):
        seal_secret(tmp_path / "a.key", SECRET, words, kind="project", fingerprint="", cost=CHEAP)
    assert list(tmp_path.iterdir()) == []
    check_passphrase(WORDS)


@pytest.mark.parametrize(("cost", "much"), [("memory", 1 << 40), ("passes", 10**6), ("lanes", 10**4)])
def test_a_file_that_asks_for_absurd_work_is_refused_at_once(sealed, cost, much):
    first, second, third = sealed.read_text().splitlines()
    header = {**json.loads(second), cost: much}
    sealed.write_text(f"{first}\n{json.dumps(header, sort_keys=True)}\n{third}\n")
    with pytest.raises(TreError, match="key derivation"):
        open_secret(sealed, WORDS, kind="project")


@pytest.mark.parametrize(
    "text", ["tre-key-project-v1\n{}\n\n", "tre-key-project-v1\n[]\nAAAA\n", "\n\n\n", "x"]
)
def test_a_damaged_file_is_told_and_never_shows_a_traceback(tmp_path, text):
    path = tmp_path / "a.key"
    path.write_text(text)
    path.chmod(0o600)
    for ask in (
        lambda: open_secret(path, WORDS, kind="project"),
        lambda: fingerprint_of(path, kind="project"),
    ):
        with pytest.raises(TreError):
            ask()


def test_a_process_that_opened_a_secret_leaves_no_core_dump(sealed):
    open_secret(sealed, WORDS, kind="project")
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_the_costs_are_those_of_the_design():
    assert (STANDARD.memory, STANDARD.passes, STANDARD.lanes) == (256 * 1024, 3, 4)
    assert STRONG.memory == 1024 * 1024
