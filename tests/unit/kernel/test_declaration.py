"""A signed declaration is the one that was agreed, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.project import Project, check_signed, sign, signatures_of
from tre_toolkit.signing import Signer, Verifier, public_bytes

TOML = """
id = "invented"
title = "Invented pathways"
purpose = "Tests."
datasets = ["cin_census"]
[authorities]
990 = "North"
"""
NORTH, SOUTH = Signer(bytes(range(64))), Signer(bytes(range(1, 65)))


@pytest.fixture
def declaration(tmp_path: Path) -> Path:
    path = tmp_path / "tre.toml"
    path.write_text(TOML)
    return path


def test_both_parties_signatures_hold_for_the_declaration_as_it_stands(declaration: Path) -> None:
    sign(declaration, NORTH)
    sign(declaration.parent, SOUTH)
    sign(declaration, NORTH)
    assert len(signatures_of(declaration).read_text().splitlines()) == 2
    check_signed(declaration, [NORTH.verifier, SOUTH.verifier])
    declaration.write_text("# a remark\n" + TOML)
    check_signed(declaration, [NORTH.verifier, SOUTH.verifier])
    check_signed(declaration, [])


def test_an_altered_declaration_is_refused_until_it_is_signed_anew(declaration: Path) -> None:
    sign(declaration, NORTH)
    declaration.write_text(TOML + '[fates]\n"cin_census.child_identifiers.Sex" = "drop"\n')
    with pytest.raises(TreError, match="was altered since"):
        check_signed(declaration, [NORTH.verifier])
    sign(declaration, SOUTH)
    with pytest.raises(TreError, match="hasn't signed"):
        check_signed(declaration, [NORTH.verifier])
    sign(declaration, NORTH)
    check_signed(declaration, [NORTH.verifier, SOUTH.verifier])


def test_a_declaration_nobody_or_another_signed_is_refused(declaration: Path) -> None:
    with pytest.raises(TreError, match="hasn't signed"):
        check_signed(declaration, [NORTH.verifier])
    sign(declaration, SOUTH)
    with pytest.raises(TreError, match="hasn't signed") as refused:
        check_signed(declaration, [NORTH.verifier, SOUTH.verifier])
    assert NORTH.verifier.fingerprint in str(refused.value)
    assert SOUTH.verifier.fingerprint not in str(refused.value)


@pytest.mark.parametrize("word", [1, 2, 3])
def test_no_line_can_be_changed_or_moved_to_another_declaration(declaration: Path, word: int) -> None:
    file = sign(declaration, NORTH)
    words = file.read_text().split()
    for spoilt in (words[word][:-1] + "0", words[word][::-1], "zz"):
        if spoilt != words[word]:
            file.write_text(" ".join([*words[:word], spoilt, *words[word + 1 :]]) + "\n")
            with pytest.raises(TreError):
                check_signed(declaration, [NORTH.verifier])
    file.write_text(" ".join([words[0], Project.read(declaration).digest, *words[2:]]) + "\n")
    check_signed(declaration, [NORTH.verifier])


@pytest.mark.parametrize(
    ("begins", "called"),
    [
        ("tre-key-signer-v1\n{}", "private key file"),
        ("tre-key-share-v1\n{}", "share of a project's key"),
        ("tre-pub-transport-v1 AAAA", "transport public key"),
        ("tre-wrapped-project-v1\n{}", "wrapped for another authority"),
        ("tre-hello-v1 00", "hello"),
        ("tre-pub-signer-v1 not whole", "signer's public key"),
        ("", "an empty file"),
        ("canary words", "something else"),
    ],
)
def test_what_isn_t_a_public_key_is_called_what_it_is(tmp_path: Path, begins: str, called: str) -> None:
    file = tmp_path / "x.pub"
    file.write_text(begins)
    with pytest.raises(TreError, match=called) as refused:
        Verifier.read(file)
    assert "canary" not in str(refused.value)
    with pytest.raises(TreError):
        public_bytes(begins, "tre-pub-signer-v1")


def test_a_parcel_in_place_of_a_public_key_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "a.parcel").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(TreError, match="a parcel or another zip"):
        Verifier.read(tmp_path / "a.parcel")
