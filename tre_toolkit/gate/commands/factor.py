"""A person's second factor at the command line: `tre gate second-factor`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError
from tre_toolkit.gate.commands.common import As, AsJson, AtGate, PasswordFile, enter

factor = typer.Typer(no_args_is_help=True, help="Your second factor at a gate, and somebody's lost one.")
CodeFile = Annotated[
    Path | None,
    typer.Option(
        "--code-file", help="Holds a code of the factor you have; else TRE_GATE_CODE, or you are asked."
    ),
]


@factor.command("enrol")
def factor_enrol(
    at: AtGate,
    login: As,
    secret_file: Annotated[
        Path | None,
        typer.Option(help="Without a terminal: keeps the offered secret between the first and second call."),
    ] = None,
    new_code_file: Annotated[
        Path | None, typer.Option(help="Holds a code of the new factor; else you are asked.")
    ] = None,
    password_file: PasswordFile = None,
    code_file: CodeFile = None,
    as_json: AsJson = False,
) -> None:
    """Put a second factor in place, or another one: prints a secret for your authenticator and takes a code made with it.

    Example: tre gate second-factor enrol --gate gate --as ben --password-file ben.password
    """
    _check_can_ask(secret_file, new_code_file, as_json=as_json)
    opened, account = enter(at, login, password_file, code_file=code_file, enrolling=True)
    from tre_toolkit.gate import factors
    from tre_toolkit.keyfile import read_passphrase

    if secret_file and secret_file.exists():
        secret = read_passphrase(secret_file).decode(errors="replace")
    else:
        made = factors.offer(opened, account)
        _answer_offer(made, secret_file, as_json=as_json)
        if secret_file:
            return
        secret = made.secret
    factors.put(opened, account, secret, _new_code(new_code_file))
    if secret_file:
        secret_file.unlink()
    _told(login, "set", as_json=as_json)


@factor.command("remove")
def factor_remove(
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
    code_file: CodeFile = None,
    as_json: AsJson = False,
) -> None:
    """Take your own second factor away, with your password and a code of it; your open sessions end.

    Example: tre gate second-factor remove --gate gate --as ben --password-file ben.password
    """
    opened, account = enter(at, login, password_file, code_file=code_file)
    from tre_toolkit.gate import factors

    factors.remove(opened, account)
    _told(login, "none", as_json=as_json)


@factor.command("reset")
def factor_reset(
    name: Annotated[str, typer.Argument(help="The account whose factor is lost.")],
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
    code_file: CodeFile = None,
    as_json: AsJson = False,
) -> None:
    """As an administrator, take away a factor that somebody else has lost; their sessions end and they enrol anew.

    Example: tre gate second-factor reset ben --gate gate --as kit --password-file kit.password
    """
    opened, account = enter(at, login, password_file, code_file=code_file)
    from tre_toolkit.gate import factors

    factors.reset(opened, account, name)
    _told(name, "none", as_json=as_json)


def _check_can_ask(secret_file: Path | None, new_code_file: Path | None, *, as_json: bool) -> None:
    """Raise MisuseError where a code would have to be asked for and can't, before anything is offered."""
    if secret_file:
        return
    if new_code_file or as_json or not sys.stdin.isatty():
        raise MisuseError(
            "a code is asked for at a terminal, once the secret was shown",
            hint="without one, give --secret-file FILE, take the secret into your authenticator, "
            "and call again with --new-code-file",
        )


def _answer_offer(made: Any, secret_file: Path | None, *, as_json: bool) -> None:
    """The secret and its URI on standard output, and in a file only its owner can read where one was named."""
    from tre_toolkit.files import write_text

    if secret_file:
        write_text(secret_file, made.secret + "\n", mode=0o600)
    if as_json:
        console.answer_json({"secret": made.secret, "address": made.address})
        return
    console.answer(console.lines_of({"secret": made.secret, "address": made.address}))
    if secret_file:
        console.say(f"take it into your authenticator, then call again: {secret_file} keeps it till then")


def _new_code(file: Path | None) -> str:
    import getpass

    from tre_toolkit.keyfile import read_passphrase

    if file is not None:
        return read_passphrase(file).decode(errors="replace").strip()
    if not sys.stdin.isatty():
        raise MisuseError("a code of the new factor is needed", hint="give --new-code-file")
    return getpass.getpass("Code your authenticator shows for it: ").strip()


def _told(login: str, standing: str, *, as_json: bool) -> None:
    if as_json:
        console.answer_json({"account": login, "second_factor": standing})
    else:
        console.answer(f"account {login}: second factor {standing}; its open sessions have ended")
