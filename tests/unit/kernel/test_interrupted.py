"""Ctrl-C at the worst moment, when a command's output is about to be moved into its place, leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tre_toolkit import cli, files

COMMANDS = {
    "synth": ["synth", "ssda903", "--authority", "990", "--years", "2025", "--children", "20", "--seed", "1", "--into", "made"],
    "key hello": ["key", "hello", "--into", "made"],
    "parcel new-key": ["parcel", "new-key", "signer", "made", "--passphrase-file", "passphrase"],
    "schema export": ["schema", "export", "ssda903", "--year", "2025", "--into", "made"],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files.write_text(tmp_path / "passphrase", "plain words for a test\n", mode=0o600)
    return tmp_path


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_ctrl_c_when_the_output_is_moved_into_place_leaves_nothing(
    words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_sync", stopped)
    assert cli.run(words) == cli.INTERRUPTED
    assert [path.name for path in folder.iterdir()] == ["passphrase"]
    assert "stopped; nothing was left behind" in capsys.readouterr().err


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_the_same_commands_write_when_nobody_stops_them(words: list[str], folder: Path) -> None:
    assert cli.run(words) == 0
    assert len(list(folder.iterdir())) > 1
