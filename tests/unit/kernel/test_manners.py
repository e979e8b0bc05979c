"""What every command can do, and what `tre doctor` and the front page say."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit import cli, console, doctor
from tre_toolkit.cli import GROUP, Rooms
from tre_toolkit.manual import leaves


@pytest.mark.parametrize("name", sorted(found.name for found in entry_points(group=GROUP)))
def test_every_command_answers_in_json_and_keeps_quiet_when_asked(name: str) -> None:
    command = Rooms(name="tre", commands={}).get_command(None, name)
    for words, leaf in leaves(command, (name,)):
        options = [option for parameter in leaf.params for option in parameter.opts]
        assert options.count("--json") == 1, words
        assert options.count("--quiet") == 1, words
        assert all(getattr(parameter, "help", None) for parameter in leaf.params), (
            f"{words}: an option without a word"
        )


def test_an_answer_in_lines_and_tables_becomes_one_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", "rules", "cin_census", "100", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == "schema rules"
    assert told["status"] == 0
    assert told["answer"] or told["tables"]


def test_a_refusal_in_json_leaves_nothing_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", "rules", "nothing_of_the_kind", "--json"]) != 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "hint:" in said.err


def test_quiet_keeps_the_word_of_the_work_and_never_a_refusal(
    capsys: pytest.CaptureFixture[str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["validate", "nowhere", "--quiet"]) == 1
    assert "there is no such file" in capsys.readouterr().err
    loud = cli.run(["key", "hello", "--into", "a.hello"]), capsys.readouterr()
    quiet = cli.run(["key", "hello", "--into", "b.hello", "--quiet"]), capsys.readouterr()
    assert loud[0] == quiet[0] == 0
    assert quiet[1].err == ""
    # a verb's manners end with it
    console.say("heard again")
    assert capsys.readouterr().err == "heard again\n"


def test_words_in_brackets_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    console.answer_table(["how"], [["pip install 'tre-toolkit[tre]'"]])
    assert "tre-toolkit[tre]" in capsys.readouterr().out


def test_the_doctor_tells_extras_and_how_to_get_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is True
    assert "common_subplan is off" in told["machine"]["engine"]
    extras = {one["extra"] for one in told["libraries"]}
    assert extras == {"base", *doctor.FOR_WORK}
    assert cli.run(["doctor"]) == 0
    assert "all that the authority's commands need is here" in capsys.readouterr().out


def test_the_doctor_sees_what_is_missing_or_of_the_wrong_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "splink" else real(name))
    assert cli.run(["doctor"]) == 0  # an extra that is missing is no fault
    assert "pip install 'tre-toolkit[splink]'" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "_version", lambda name: "1.0" if name == "pandas" else real(name))
    assert cli.run(["doctor"]) == 1
    assert "pandas 1.0 is here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "wanted", "holds"),
    [("2.0.1", ">=2,<3", True), ("3.0", ">=2,<3", False), ("2", ">=2.0.0", True), ("1.9.9", ">=2", False), ("50.0.2+local", ">=50,<51", True), ("5", "", True)],
)  # fmt: skip
def test_versions_are_compared_by_number(found: str, wanted: str, holds: bool) -> None:
    assert doctor._within(found, wanted) is holds


def test_each_library_that_a_command_may_miss_stands_in_an_extra() -> None:
    named = {(one.extra, one.name.lower()) for one in doctor.libraries()}
    packages = {"psycopg": "psycopg"}
    for library, extra in cli.EXTRAS.items():
        assert (extra, packages.get(library, library)) in named


def test_the_front_page_is_drawn_without_rich() -> None:
    import subprocess
    import sys

    code = "import sys; from tre_toolkit.cli import run; run(['--help']); print(sorted({'rich', 'pandas', 'duckdb', 'numpy', 'django'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_bar_tells_the_rate_and_the_time_left() -> None:
    import io

    from rich.console import Console
    from rich.progress import Progress

    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    bar = Progress(*console._columns(4, "parts"), console=screen)
    task = bar.add_task("sealing", total=4)
    bar.advance(task, 1)
    bar.advance(task, 1)
    screen.print(bar.get_renderable())
    said = screen.file.getvalue()
    assert "sealing" in said
    assert "2/4" in said
    assert "left" in said


def test_a_bar_is_taken_away_however_the_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import threading

    from rich.console import Console

    monkeypatch.setattr(console, "err", lambda: Console(file=io.StringIO(), force_terminal=True))
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), console.progress("sealing") as done:
        done(1)
        raise KeyboardInterrupt
    assert threading.active_count() == before


@pytest.mark.parametrize(("words", "drawn"), [((), True), (("--json",), False), (("--quiet",), False)])
def test_a_bar_is_drawn_at_a_terminal_and_neither_for_a_program_nor_when_quiet(
    words: tuple[str, ...], drawn: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import io
    import sys

    import rich.progress

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    begun: list[object] = []
    made = rich.progress.Progress
    monkeypatch.setattr(rich.progress, "Progress", lambda *a, **k: begun.append(made(*a, **k)) or begun[-1])
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "audit.log").write_bytes(b"")
    assert cli.run(["audit", "verify", str(tmp_path / "audit.log"), *words]) == 0
    assert bool(begun) is drawn
