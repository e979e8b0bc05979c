"""The front door's manners: how refusals, misuse, missing extras and Ctrl-C end."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import duckdb
import pytest
import typer

from tre_toolkit import cli, console
from tre_toolkit.errors import MisuseError, Problem, Problems, TreError
from tre_toolkit.files import write_text


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """Offer one command, `act`, run it and give back its status."""

    def run(act: Callable[[], object]) -> int:
        class Offered(EntryPoint):
            def load(self) -> object:
                return act

        monkeypatch.setattr(cli, "_offered", lambda: {"act": Offered("act", "nowhere:act", cli.GROUP)})
        return cli.run(["act"])

    return run


def raises(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        """Fail. Example: `tre act`"""
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            TreError("it can't be done", where="x.csv", hint="mend it"),
            1,
            "tre: x.csv: it can't be done\nhint: mend it",
        ),
        (MisuseError("put wrongly"), 2, "tre: put wrongly"),
        (Problems("two things", [Problem("one"), Problem("two")]), 1, "tre: two things\none\ntwo"),
        (KeyboardInterrupt(), 130, "tre: stopped; nothing was left behind"),
        (typer.Abort(), 130, "tre: stopped; nothing was left behind"),
        (RuntimeError("Query interrupted"), 130, "tre: stopped; nothing was left behind"),
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), 130, "tre: stopped; nothing"),
        (
            OSError(28, "No space left on device", "/some/where"),
            1,
            "tre: No space left on device: /some/where",
        ),
        (
            ModuleNotFoundError("no", name="django.db"),
            1,
            "tre: this command needs django, which isn't installed here",
        ),
        (BrokenPipeError(), 0, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_a_failure_ends_with_its_status_and_word(
    offer: Callable[[Callable[[], object]], int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    said: str,
) -> None:
    assert offer(raises(error)) == status
    assert capsys.readouterr().err.startswith(said)


def test_our_own_bug_keeps_its_traceback(offer: Callable[[Callable[[], object]], int]) -> None:
    with pytest.raises(ZeroDivisionError):
        offer(raises(ZeroDivisionError()))
    with pytest.raises(ModuleNotFoundError):
        offer(raises(ModuleNotFoundError("no", name="something_of_ours")))


def test_a_command_that_exits_keeps_its_status(offer: Callable[[Callable[[], object]], int]) -> None:
    assert offer(raises(typer.Exit(1))) == 1
    assert offer(lambda: None) == 0


def test_answers_go_to_standard_output_and_word_of_the_work_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.answer("answer [bold]as is[/bold]")
    console.say("working")
    console.answer_table(["table", "rows", "open", "closed"], [["episodes", 12345, True, False]])
    said = capsys.readouterr()
    assert "answer [bold]as is[/bold]" in said.out
    assert said.out.split()[-4:] == ["episodes", "12,345", "yes", "no"]
    assert said.err == "working\n"


def test_json_answers_are_one_value(capsys: pytest.CaptureFixture[str]) -> None:
    console.answer_json({"verdict": "PASS", "where": Path("x")})
    assert json.loads(capsys.readouterr().out) == {"verdict": "PASS", "where": "x"}


def test_no_bar_is_drawn_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress("sealing", total=3) as done:
        done(1)
    assert capsys.readouterr() == ("", "")


def test_a_passphrase_comes_from_a_guarded_file_or_a_prompt_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_text(tmp_path / "passphrase", "correct horse battery\n", mode=0o600)
    assert console.passphrase(file, what="the key") == b"correct horse battery"
    file.chmod(0o644)
    with pytest.raises(TreError, match="others on this machine can read this secret"):
        console.passphrase(file, what="the key")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(MisuseError, match="--passphrase-file"):
        console.passphrase(None, what="the key")


def test_facts_are_aligned() -> None:
    assert console.lines_of({"rows": 3, "children": 2}) == "rows      3\nchildren  2"
