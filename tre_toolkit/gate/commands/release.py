"""The release officer's commands: `tre release`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from tre_toolkit import console
from tre_toolkit.gate.commands.common import (
    As,
    AtGate,
    Number,
    PassphraseFile,
    PasswordFile,
    enter,
    signer_of,
)

release = typer.Typer(no_args_is_help=True, help="Let an approved request out, or take a release back.")


@release.command("make")
def release_make(
    number: Number,
    at: AtGate,
    login: As,
    into: Annotated[Path, typer.Option(help="The new folder.")],
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Let an approved request out, signed, into a folder its recipient can check.

    Example: tre release make 1 --gate gate --as dee --into release
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import releases, requests

    signer = signer_of(opened, passphrase_file)
    count = 2 * len(requests.outputs(requests.find(opened, account, number)))
    with console.progress("releasing", count, unit="files") as done:
        made = releases.make(opened, account, number, into, signer, done=done)
    facts = {
        "released": f"request {number} as {made.number}",
        "into": str(into),
        "signed by": opened.verifier().fingerprint,
        "check it": shlex.join(["tre", "verify", str(into), "--trust", os.path.relpath(opened.public_key)]),
    }
    console.answer(console.lines_of(facts))


@release.command("recall")
def release_recall(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; stays in the gate.")],
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take a release back: publish the gate's revocations.json, and `tre verify` turns red.

    Example: tre release recall 1 --reason "a cell can be solved" --gate gate --as dee
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import releases

    releases.recall(opened, account, number, reason=reason, signer=signer_of(opened, passphrase_file))
    console.answer(f"request {number}: recalled; send {opened.revocations} to every recipient")
