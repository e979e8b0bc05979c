"""Ctrl-C at the worst moment, when an output is about to be moved into its place, leaves nothing.

Each command is written down once: here with what it writes from, or in how it stands to Ctrl-C otherwise. A command that
stands nowhere fails the first test.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from helpers.journey import QUESTION, Played

from tre_toolkit import cli, manual

PASS = "--passphrase-file 990/passphrase"
AT = "--gate gate --password-file gate-secrets"
WRITES = {
    "synth": "ssda903 --authority 990 --years 2025 --children 20 --seed 1 --into made",
    "validate": "invented/990/ssda903/2025 --html made.html",
    "schema export": "ssda903 --year 2025 --into made",
    "schema harmonise": "workspace ssda903 --into made",
    "key new": f"--project invented/tre.toml --into made {PASS}",
    "key share": f"--key 990/project.key --into made {PASS}" + " --holder-passphrase 990/passphrase" * 3,
    "key hello": "--into made",
    "plan": "invented/990 --project invented/tre.toml --html made.html",
    "parcel new-key": f"signer made {PASS}",
    "link": "990/990.parcel --key tre/tre.key --trust 990/signer.key.pub --passphrase-file tre/passphrase --into made",
    "workspace": "spine 990/990.parcel 991/991.parcel --key tre/tre.key --trust 990/signer.key.pub --trust 991/signer.key.pub "
                 "--passphrase-file tre/passphrase --into made",
    "recipe run": "pathways --workspace workspace --into made",
    "recipe draw": "outputs/safe/state_flow.csv --into made.svg",
    "recipe report": "outputs/safe --pack dfe-cin --into made.html",
    "tabulate": "question.toml --workspace workspace --into made.csv",
    "protect": "outputs/furthest_by_ethnicity.csv outputs/state_flow.csv --method suppress --pack dfe-cin --into made",
    "gate new": f"made {PASS}",
    "gate backup": "--gate gate --into made.tar",
    "gate second-factor enrol": f"{AT}/ben --as ben --secret-file made",
    "audit export": "gate/audit.log --into made.jsonl",
}  # fmt: skip
# how the others stand to Ctrl-C, and the test of what they rest on
OTHERS = {
    "makes no file": ("", """doctor; schema list; schema show; schema rules; schema check; project verify; key show; key compare; key certificate;
        parcel show; parcel verify; recipe list; check; explain; verify; audit verify; review queue; review show; review file; review changes;
        request status; gate serve; gate signer; gate doctor; gate figures; gate user list"""),
    "killed at any moment": ("tests/unit/parcel/test_parcel_kill.py", "pseudonymise"),
    "killed at any moment, swept when the gate is opened": ("tests/unit/gate/test_gate_ordeal.py", "release make; release recall"),
    "one transaction with its event, all or nothing": ("tests/unit/gate/test_gate_keeping.py", """request new; request add; request submit;
        request remove; request withdraw; request comment; request exception; request describe; request retract; review vote; review return;
        review decide; review reject; review unblock; review exception; review download; gate migrate; gate user add; gate user role;
        gate user close; gate user open; gate user password; gate second-factor remove; gate second-factor reset"""),
    "by the writers of whole files, folders and lines": ("tests/unit/kernel/test_files.py", """gate restore; gate prove; project sign; key wrap; key unwrap; key rotate; parcel take-in; key destroy;
        key join; recipe combine; clerical; schema docs"""),
    "keeps what it has played": ("tests/rooms/test_demo.py", "demo"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journey's folder of one's own, with a question beside it."""
    at = tmp_path_factory.mktemp("stopped") / "journey"
    shutil.copytree(played.folder, at)
    (at / "question.toml").write_text(QUESTION)
    return at


def standing(folder: Path) -> set[str]:
    """Every file and folder; a database's side files come and go."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.name.endswith(("-wal", "-shm", "work.log"))}  # fmt: skip


def commands() -> set[str]:
    rooms = cli.Rooms(name="tre", commands={})
    return {
        " ".join(typed)
        for name in rooms.list_commands(None)
        for typed, _leaf in manual.leaves(rooms.get_command(None, name), (name,))
    }


def test_every_command_is_stopped_here_or_it_is_said_how_it_stands() -> None:
    others = [name.strip() for _test, names in OTHERS.values() for name in names.split(";")]
    assert sorted([*WRITES, *others]) == sorted(commands())
    assert all((Path(__file__).parents[2] / test).exists() for test, _names in OTHERS.values())


@pytest.mark.parametrize("name", WRITES)
def test_ctrl_c_when_the_output_is_moved_into_place_leaves_nothing(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flushed = []

    def stopped(handle: int) -> None:
        """The first flush of a file, just before it is moved: whoever gets no further has written nothing."""
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            flushed.append(handle)
            raise KeyboardInterrupt

    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "fsync", stopped)
    before = standing(folder)
    ended = cli.run([*name.split(), *WRITES[name].split()])
    told = capsys.readouterr().err
    assert (ended, len(flushed)) == (cli.INTERRUPTED, 1), told
    assert standing(folder) == before
    assert "stopped; nothing was left behind" in told
