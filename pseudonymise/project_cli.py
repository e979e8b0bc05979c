"""`tre project`: sign the declaration that all parties agreed, and check who signed it."""

from __future__ import annotations

from pathlib import Path

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError

project = typer.Typer(
    no_args_is_help=True, help="The project's declaration: sign it, check it.", rich_markup_mode="markdown"
)
DECLARATION = typer.Argument(..., help="The declaration, tre.toml.")
TRUST = typer.Option(
    [], "--trust", help="Public key of a party who must have signed the declaration (repeat it)."
)


@project.command()
def sign(
    declaration: Path = DECLARATION,
    signer: Path = typer.Option(..., "--signer", help="Your signer key file."),
    passphrase_file: Path | None = typer.Option(
        None, "--passphrase-file", help="File with the passphrase; asked for if absent."
    ),
) -> None:
    """Sign the declaration as it stands; the signatures of all parties stand beside it in tre.toml.sig.

    Example: `tre project sign tre.toml --signer signer.key --passphrase-file passphrase`
    """
    from tre_toolkit.project import Project
    from tre_toolkit.project import sign as put_name_to
    from tre_toolkit.signing import Signer

    read = Project.read(declaration)
    opened = Signer.read(signer, console.passphrase(passphrase_file, what=str(signer)))
    where = put_name_to(declaration, opened)
    facts = {
        "declaration": read.digest,
        "signed by": opened.verifier.fingerprint,
        "signatures": f"{where} (send it with the declaration)",
    }
    console.answer(console.lines_of(facts))


@project.command()
def verify(declaration: Path = DECLARATION, trust: list[Path] = TRUST) -> None:
    """Check that every party named signed the declaration as it stands.

    Example: `tre project verify tre.toml --trust 990.key.pub --trust 991.key.pub`
    """
    from tre_toolkit.project import Project, check_signed
    from tre_toolkit.signing import Verifier

    if not trust:
        raise MisuseError("nobody is named", hint="name each party's public key with --trust FILE.pub")
    verifiers = [Verifier.read(path) for path in trust]
    check_signed(declaration, verifiers)
    names = ", ".join(one.fingerprint for one in verifiers)
    console.answer(console.lines_of({"declaration": Project.read(declaration).digest, "signed by": names}))
