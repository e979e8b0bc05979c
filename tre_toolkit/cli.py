"""`tre`: finds the rooms' commands by entry point and imports no room before its command is asked for.

A room offers a command by an entry point in the group `tre_toolkit.commands`; the object is a plain
function, or a `typer.Typer` for a command with verbs of its own. `PANELS` says under which person's
heading `tre --help` lists it; every command gets the manners of `manners`. A `TreError` is told and ends
with its own status; Ctrl-C ends with 130.
"""

from __future__ import annotations

import os
import sys
import textwrap
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from tre_toolkit.errors import FINDINGS, TreError
from tre_toolkit.manners import taught

GROUP = "tre_toolkit.commands"
PANELS = {
    "Everyone": ("demo", "doctor"),
    "Data controller, in the authority": (
        "validate",
        "schema",
        "project",
        "key",
        "plan",
        "pseudonymise",
        "parcel",
    ),
    "Linker, in the linkage zone": ("link", "clerical", "workspace"),
    "Researcher, in the TRE": ("synth", "recipe", "tabulate", "check", "protect", "explain", "request"),
    "Output checker, at the gate": ("review", "release", "gate"),
    "Recipient and auditor": ("verify", "audit"),
}
INTERRUPTED = 130
ENGINE_STOPPED = {
    "Query interrupted",
    "INTERRUPT Error: Interrupted!",
}  # Ctrl-C that came while DuckDB worked
EXTRAS = {  # which extra brings a library that isn't there
    **dict.fromkeys(("django", "faker", "highspy", "matplotlib", "scipy", "statsmodels"), "tre"),
    "splink": "splink",
    "sdv": "sdv",
    "opendp": "dp",
    "pyspark": "spark",
    "psycopg": "postgres",
}


class Rooms(TyperGroup):
    """The commands of all rooms that are installed, each loaded when it is named."""

    def list_commands(self, ctx: Any) -> list[str]:
        found = _offered()
        known = [name for names in PANELS.values() for name in names if name in found]
        return known + sorted(set(found) - set(known))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        offered = _offered().get(cmd_name)
        return _load(offered) if offered else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As any group does it; a slip of the finger is told the command that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as misuse:
            from difflib import get_close_matches

            meant = get_close_matches(args[0], self.list_commands(ctx), n=1) if args else []
            if meant:
                misuse.message = f"{misuse.message.rstrip('.')}. Did you mean `tre {meant[0]}`?"
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The commands under each person's heading, in plain words: drawn without rich, which takes longer to load."""
        formatter.write(front_page(self, ctx))


def front_page(rooms: Rooms, ctx: Any) -> str:
    """What `tre --help` says."""
    width = min(110, max(60, ctx.terminal_width or _width()))
    found = {name: rooms.get_command(ctx, name) for name in rooms.list_commands(ctx)}
    known = {name for names in PANELS.values() for name in names}
    panels = {**PANELS, "Others": tuple(name for name in found if name not in known)}
    lines = ["Usage: tre COMMAND [OPTIONS]", "", rooms.help or ""]
    for panel, names in panels.items():
        here = [(name, _first(found[name].help)) for name in names if found.get(name)]
        lines += ["", _bold(panel), *(_entry(*one, width) for one in here)] if here else []
    options = [
        ("--version", "Say which version this is."),
        ("--install-completion", "Let Tab complete commands and options in this shell."),
    ]
    lines += ["", _bold("Options"), *(_entry(*one, width, 22) for one in options)]
    return "\n".join([*lines, "", "Start with `tre demo`: the whole journey on invented children.",
                      "`tre COMMAND --help` says more, with an example. Exit status: 0 well, 1 findings or refused, 2 put wrongly.", ""])  # fmt: skip


def _width() -> int:
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (OSError, ValueError):
        return 100


def _first(text: str | None) -> str:
    """The first sentence of a command's help, on one line."""
    return " ".join((text or "").split("\n\n")[0].split()).split(". ")[0].replace("`", "").rstrip(".")


def _entry(name: str, says: str, width: int, indent: int = 14) -> str:
    return textwrap.fill(
        says, width, initial_indent=f"  {name:<{indent}}", subsequent_indent=" " * (indent + 2)
    )


def _bold(text: str) -> str:
    return text if os.environ.get("NO_COLOR") else typer.style(text, bold=True)


def _offered() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=GROUP)}


def _load(offered: EntryPoint) -> Any:
    try:
        thing: Any = offered.load()
    except ModuleNotFoundError:
        return None  # the room isn't installed here: the other commands work all the same
    panel = next((panel for panel, names in PANELS.items() if offered.name in names), "Others")
    if isinstance(thing, typer.Typer):
        command: Any = typer.main.get_group(thing)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        alone.command(name=offered.name)(thing)
        command = typer.main.get_command(alone)
    command.name = offered.name
    command.rich_help_panel = panel
    return taught(command, offered.name)


app = typer.Typer(
    cls=Rooms,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="The whole life of linked children's-services data in a trusted research environment.",
    epilog="Start with `tre demo`: the whole journey on invented children.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from tre_toolkit import __version__

        typer.echo(f"tre-toolkit {__version__}")
        raise typer.Exit


@app.callback()
def front(
    ctx: typer.Context,
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_say_version, help="Say which version this is."
    ),
) -> None:
    """Options of `tre` itself."""
    from tre_toolkit.console import progress

    ctx.obj = progress  # for a room that may not know the console


def main() -> None:
    """The `tre` command."""
    sys.exit(run(sys.argv[1:]))


def _ended(words: list[str]) -> int:
    try:
        ended = app(words, prog_name="tre", standalone_mode=False)
    except Exception as error:
        if str(error) in ENGINE_STOPPED:
            raise KeyboardInterrupt from None
        raise
    if ended == INTERRUPTED:  # what typer makes of Ctrl-C
        raise KeyboardInterrupt
    return ended if isinstance(ended, int) else 0


def run(words: list[str]) -> int:
    """Carry out one command line and give back its exit status."""
    try:
        return _ended(words)
    except TreError as refusal:
        typer.echo(f"tre: {refusal}", err=True)
        return refusal.status
    except typer.TyperException as misuse:
        misuse.show()  # type: ignore[attr-defined]  # typer's own errors all have it
        return int(misuse.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("tre: stopped; nothing was left behind", err=True)
        return INTERRUPTED
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        typer.echo(f"tre: this command needs {library}, which isn't installed here", err=True)
        typer.echo(f"hint: pip install 'tre-toolkit[{EXTRAS[library]}]'", err=True)
        return FINDINGS
    except BrokenPipeError:
        return 0
    except (
        OSError
    ) as error:  # a full disk, a folder that can't be written: the system's word, without a traceback
        typer.echo(
            f"tre: {error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "), err=True
        )
        return FINDINGS
