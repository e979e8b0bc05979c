"""No identifier in clear, in any letters' case, in any byte of what a run writes, says or shows."""

import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from helpers.canaries import CANARIES, FILES, authority_s_folder

from pseudonymise import pseudonymise, standardise
from tre_toolkit.cli import run as tre
from tre_toolkit.parcel import RecipientKey, open_parcel
from tre_toolkit.signing import Signer

PUPILS = FILES["school_census/2025-spring/2025_spring_pupilonroll.csv"]


def pieces(words):
    """Every substring of five characters or more that gives a canary away, in small letters, as bytes."""
    found = set()
    for word in words:
        plain = word.lower()
        for form in (plain, plain.replace(" ", "")):
            found |= {form[at : at + 5].encode() for at in range(len(form) - 4)}
    return found


PIECES = pieces(CANARIES.values())


# digests and public keys: by chance any five digits stand in one of a hundred thousand of them
RANDOM = re.compile(rb"[0-9a-f]{32,}|[0-9a-z+/=]{400,}")


def given_away(raw: bytes) -> list[bytes]:
    lowered = RANDOM.sub(b" ", raw.lower())
    wide = lowered.replace(b"\0", b"")  # UTF-16 and UTF-32 as well
    return [piece for piece in PIECES if piece in lowered or piece in wide]


@pytest.fixture
def place(tmp_path):
    authority_s_folder(tmp_path, "extracts/990")
    return tmp_path


WORDS = (
    "pseudonymise extracts --project tre.toml --key project.key --signer signer.key --to tre.key.pub "
    "--into out/990.parcel --passphrase-file passphrase --authority 990"
)


def test_the_canaries_are_found_where_they_do_stand(place):
    raw = b"".join(path.read_bytes() for path in (place / "extracts").rglob("*.csv"))
    assert len(given_away(raw)) > 50


def test_nothing_written_said_or_shown_gives_a_child_away(place):
    (place / "out").mkdir()
    (place / "temporary").mkdir()
    code = f"import sys; from tre_toolkit.cli import run; sys.exit(run({WORDS.split()!r}))"
    shown: set[bytes] = set()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=place,
        env={**os.environ, "TMPDIR": str(place / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        while running.poll() is None:
            shown |= {path.read_bytes() for path in Path(f"/proc/{running.pid}").glob("cmdline")}
            shown |= {path.read_bytes() for path in (place / "temporary").rglob("*") if path.is_file()}
        said, told = running.communicate()
    assert running.returncode == 0, told.decode()
    assert (place / "out" / "990.parcel").exists()
    written = [path for path in place.rglob("*") if path.is_file() and "extracts" not in path.parts]
    assert len(written) > 8
    for path in written:
        assert given_away(path.read_bytes()) == [], path.name
    for raw in (said, told, *shown):
        assert given_away(raw) == []


def test_what_the_receiver_unseals_gives_nobody_away(place, monkeypatch):
    monkeypatch.chdir(place)
    (place / "out").mkdir()
    assert tre(WORDS.split()) == 0
    opened = open_parcel(
        place / "out" / "990.parcel",
        key=RecipientKey(bytes(range(96))),
        trusted=[Signer(bytes(range(64))).verifier],
    )
    for name in opened.manifest.names:
        told = str(opened.part(name).to_pylist()).encode()
        assert opened.part(name).num_rows or b"[]" in told
        assert given_away(told) == [], name


@pytest.mark.parametrize("spoilt", ["column", "identifier", "code", "bug"])
def test_no_refusal_log_or_traceback_gives_a_child_away(place, monkeypatch, capfd, spoilt):
    monkeypatch.chdir(place)
    (place / "out").mkdir()
    pupils = next((place / "extracts").rglob("*pupilonroll.csv"))
    if spoilt == "column":
        text = PUPILS.replace("ethnicity\n", "ethnicity,nickname\n").replace("WBRI\n", "WBRI,{surname}\n")
        pupils.write_text(text.format(**CANARIES))
    elif spoilt in ("identifier", "code"):
        wrong = CANARIES["upn"] if spoilt == "identifier" else CANARIES["surname"]
        pupils.write_text(PUPILS.format(**CANARIES).replace("WBRI", wrong))
    else:

        def broken(values):
            raise ValueError("our own bug")

        monkeypatch.setattr(standardise, "upn_parts", broken)
    if spoilt == "bug":
        with pytest.raises(ValueError, match="our own bug") as raised:
            tre(WORDS.split())
        told = "".join(traceback.format_exception(raised.value))
    else:
        assert tre(WORDS.split()) == (0 if spoilt == "code" else 1)
        told = ""
    captured = capfd.readouterr()
    left = [path.read_bytes() for path in place.rglob("*") if path.is_file() and "extracts" not in path.parts]
    for raw in (told.encode(), captured.out.encode(), captured.err.encode(), *left):
        assert given_away(raw) == []
    if spoilt != "code":
        assert list((place / "out").iterdir()) == []


def test_the_api_s_objects_give_nobody_away_when_printed(draw, project, key, receiver, signer, tmp_path):
    canary = {"LAchildID": [CANARIES["number"]], "UPN": [CANARIES["upn"]], "Sex": ["F"]}
    made = pseudonymise(
        [draw.cin(child_identifiers=canary, child_characteristics={}, cin_details={})],
        project,
        key,
        to=receiver.recipient,
        signer=signer,
        into=tmp_path / "x.parcel",
        log=tmp_path / "audit.log",
    )
    assert given_away(repr(made).encode()) == []
