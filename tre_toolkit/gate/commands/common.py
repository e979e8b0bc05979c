"""What the gate's commands share: their options, the way in, and how a request is shown."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from tre_toolkit.gate.folder import Gate

# of the cells of which the same is said, on the screen: as many as `tre check` prints
LISTED = 20

AtGate = Annotated[Path, typer.Option("--gate", help="The gate's folder.")]
As = Annotated[str, typer.Option("--as", help="The account you act through.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="A file only you can read; else you are asked.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="For the gate's signing key; else you are asked.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Number = Annotated[str, typer.Argument(help="The request's number.")]
Note = Annotated[str, typer.Option("--note", help="What you want to say.")]


def enter(
    folder: Path,
    login: str,
    password_file: Path | None,
    *,
    code_file: Path | None = None,
    enrolling: bool = False,
) -> tuple[Gate, Any]:
    """The gate, and the account once its password (and, where it has one, its second factor) was shown.

    Raises NotAllowed for an account without the factor that the gate demands of it, unless it is `enrolling`.
    """
    from tre_toolkit.gate import accounts, factors

    password = console.passphrase(password_file, what=f"the account {login}")
    opened = open_gate(folder)
    account = accounts.sign_in(opened, login, password.decode(errors="replace"), code=_code(login, code_file))
    if not enrolling:
        factors.check_work(opened, account)
    return opened, account


def _code(login: str, file: Path | None) -> str:
    """The second factor's code of the moment: from a file, from TRE_GATE_CODE (good once, for a minute), or asked for."""
    from tre_toolkit.gate.orm import models
    from tre_toolkit.keyfile import read_passphrase

    if not models.Account.objects.filter(login=login, active=True).exclude(totp="").exists():
        return ""
    if file is not None:
        return read_passphrase(file).decode(errors="replace").strip()
    if code := os.environ.get("TRE_GATE_CODE"):
        return code
    if not sys.stdin.isatty():
        raise MisuseError(
            "this account has a second factor", hint="set TRE_GATE_CODE to the code your authenticator shows"
        )
    return getpass.getpass("Code of your authenticator: ")


def keeper() -> str:
    """Who keeps the gate, as the system knows them: recorded with what is done to its folder."""
    return f"uid {os.getuid()}"


def signer_of(opened: Gate, passphrase_file: Path | None) -> Any:
    """The signer at work, where there is one and no passphrase was given; else the key itself."""
    from tre_toolkit.gate.signer import RemoteSigner
    from tre_toolkit.signing import Signer

    if passphrase_file is None:
        with contextlib.suppress(TreError):
            return RemoteSigner.of(opened)
    return Signer.read(opened.signer_key, console.passphrase(passphrase_file, what="the gate's signing key"))


def open_gate(folder: Path) -> Gate:
    from tre_toolkit.gate import folder as folders

    return folders.open_gate(folder)


def answer_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        console.answer_json(rows)
    elif rows:
        console.answer_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        console.answer("nothing here")


def show_request(opened: Gate, account: Any, number: str, *, as_json: bool) -> None:
    from tre_toolkit.gate import requests, views_of

    found = requests.find(opened, account, number)
    if as_json:
        console.answer_json(views_of.whole(opened, account, found))
        return
    facts = {
        "request": found.pk,
        "state": found.state.replace("_", " "),
        "turn": found.turn,
        "title": found.title,
        "author": f"{found.author.name}, project {found.project.name}",
        "context": found.context,
    }
    console.answer(console.lines_of(facts))
    show_files(opened, account, found)


def show_files(opened: Gate, account: Any, found: Any) -> None:
    from tre_toolkit.gate import findings, views_of

    shown = views_of.whole(opened, account, found)
    console.answer_table(
        ["file", "type", "bytes", "sha256", "machine", "evidence", "votes"],
        [
            [
                f["path"],
                f["type"],
                f["bytes"],
                f["sha256"][:16],
                f["verdict"],
                f["evidence"],
                ", ".join(f["votes"]),
            ]
            for f in shown["files"]
        ],
    )
    for file in shown["files"]:
        for told in findings.told_once(file["findings"]):
            console.answer(f"{told.verdict:<6} {file['path']}: {told.message} ({told.rule})")
            for where in told.wheres[:LISTED]:
                console.answer(f"       at {where}")
            more = len(told.wheres) - LISTED
            if more > 0:
                whole = "request status" if account.person_id == found.author_id else "review show"
                console.answer(f"       and {more} more; `tre {whole} {found.pk} --json` lists them")
            if told.fix:
                console.answer(f"       would pass: {told.fix}")
    for line in shown["comments"]:
        console.answer(f"{line['person']}, turn {line['turn']}: {line['body']}")
