"""What every command can do, whoever wrote it: `--quiet`, and `--json` where it has no answer of its own in JSON.

`taught` gives a command these options. Neither shows a progress bar. `--quiet` keeps word of the work (standard error, progress bars) to itself; a
refusal is told all the same. `--json` makes one JSON value of what a command would have answered in lines:
`{"command", "status", "answer": [lines], "tables": [{"title", "columns", "rows"}]}`.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import typer

from tre_toolkit.console import answer_json, barless, gathering

QUIET, JSON = "no_word_of_the_work", "answer_as_json"


def taught(command: Any, name: str) -> Any:
    """The command, every verb of which knows `--quiet` and `--json`."""
    verbs = getattr(command, "commands", None)
    if verbs:
        for verb, leaf in verbs.items():
            taught(leaf, f"{name} {verb}")
        return command
    has = {option for parameter in command.params for option in parameter.opts}
    added = [option for option in _options() if not has & set(option.opts)]
    command.params = [*command.params, *added]
    asked = next(parameter.name for parameter in command.params if "--json" in parameter.opts)
    command.callback = _mannered(command.callback, name, asked)
    return command


def _options() -> list[Any]:
    app = typer.Typer(add_completion=False)

    @app.command()
    def both(
        answer_as_json: bool = typer.Option(False, "--json", help="The answer as one JSON value."),
        no_word_of_the_work: bool = typer.Option(
            False,
            "--quiet",
            help="No word of the work and no progress bar: only the answer, or a refusal.",
        ),
    ) -> None:
        """Carry the two options."""

    return [parameter for parameter in typer.main.get_command(app).params if "--help" not in parameter.opts]


def _mannered(act: Callable[..., Any], name: str, asked: str) -> Callable[..., Any]:
    @wraps(act)
    def mannered(**given: Any) -> Any:
        in_json = bool(given.get(asked))
        quiet, as_json = given.pop(QUIET, False), given.pop(JSON, False)
        with contextlib.ExitStack() as stack:
            if in_json:
                stack.enter_context(barless())
            if quiet:
                stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
            if as_json:
                stack.enter_context(_one_value(name))
            return act(**given)

    return mannered


@contextlib.contextmanager
def _one_value(name: str) -> Iterator[None]:
    """Keep back what is answered, and write it as one JSON value; a refusal leaves nothing on standard output."""
    status, said, ended = 0, io.StringIO(), None
    with gathering() as tables, contextlib.redirect_stdout(said):
        try:
            yield
        except typer.Exit as stop:
            status, ended = stop.exit_code, stop
    lines = [line.rstrip() for line in said.getvalue().splitlines() if line.strip()]
    answer_json({"command": name, "status": status, "answer": lines, "tables": tables})
    sys.stdout.flush()
    if ended:
        raise ended
