"""`tre key`: the life of a project's key, from the ceremony to its destruction."""

from __future__ import annotations

from pathlib import Path

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError, TreError

key = typer.Typer(
    no_args_is_help=True,
    help="The project's key: make it, hand it on, prove it.",
    rich_markup_mode="markdown",
)
PASSPHRASE = typer.Option(None, "--passphrase-file", help="File with the passphrase; asked for if absent.")
KEY = typer.Option(..., "--key", help="The project's key file.")
LOG = typer.Option(None, "--log", help="Audit log; audit.log beside the key if absent.")
HOLDERS = typer.Option(
    [], "--holder-passphrase", help="A holder's own passphrase file; repeat it in the order of the shares."
)


@key.command("new")
def new(
    project: Path = typer.Option(..., "--project", help="The project's declaration, tre.toml."),
    into: Path = typer.Option(..., "--into", help="New key file."),
    passphrase_file: Path | None = PASSPHRASE,
    strong: bool = typer.Option(
        False, "--strong", help="Make a guess at the passphrase cost 1 GiB of memory."
    ),
) -> None:
    """Make the project's key: once, by one authority, which then hands it to the others.

    Example: `tre key new --project tre.toml --into project.key --passphrase-file passphrase`
    """
    from pseudonymise.keys import Key
    from tre_toolkit.keyfile import STANDARD, STRONG
    from tre_toolkit.project import Project

    made = Key.new(Project.read(project).id)
    made.write(into, console.passphrase(passphrase_file, what=str(into)), cost=STRONG if strong else STANDARD)
    _tell(key=f"{into} (keep shares of it elsewhere: tre key share)", fingerprint=made.fingerprint)


@key.command()
def show(key_: Path = typer.Option(..., "--key", help="The key file.")) -> None:
    """Show a key's fingerprint, never the key; asks for no passphrase.

    Example: `tre key show --key project.key`
    """
    from pseudonymise.keys import KIND
    from tre_toolkit.keyfile import fingerprint_of

    console.answer(fingerprint_of(key_, kind=KIND))


@key.command()
def wrap(
    key_: Path = KEY,
    to: Path = typer.Option(..., "--to", help="The other authority's transport public key."),
    into: Path = typer.Option(..., "--into", help="New file, which may travel in the open."),
    passphrase_file: Path | None = PASSPHRASE,
) -> None:
    """Hand the project's key to another authority, sealed so that only they can open it.

    Example: `tre key wrap --key project.key --to 991.key.pub --into project.wrapped`
    """
    from pseudonymise.keys import Key
    from tre_toolkit.parcel.keys import Recipient

    recipient = Recipient.read(to)
    opened = Key.read(key_, console.passphrase(passphrase_file, what=str(key_)))
    opened.wrap(recipient, into)
    _tell(
        wrapped=into,
        sealed_for=f"{recipient.fingerprint} (compare it by telephone before you send it)",
        key=opened.fingerprint,
    )


@key.command()
def unwrap(
    wrapped: Path = typer.Argument(..., help="The file the other authority sent."),
    transport: Path = typer.Option(..., "--transport", help="Your own transport key file."),
    into: Path = typer.Option(..., "--into", help="New key file."),
    passphrase_file: Path | None = PASSPHRASE,
) -> None:
    """Take in the key another authority wrapped for yours.

    Example: `tre key unwrap project.wrapped --transport 991.key --into project.key`
    """
    from pseudonymise.keys import Key
    from tre_toolkit.parcel.keys import RecipientKey

    passphrase = console.passphrase(passphrase_file, what=str(transport))
    opened = Key.unwrap(wrapped, RecipientKey.read(transport, passphrase))
    opened.write(into, passphrase)
    _tell(key=into, fingerprint=f"{opened.fingerprint} (must equal the sender's)")


@key.command()
def share(
    key_: Path = KEY,
    into: Path = typer.Option(..., "--into", help="New folder for the shares."),
    needed: int = typer.Option(2, "--needed", help="How many shares make the key again."),
    holders: list[Path] = HOLDERS,
    passphrase_file: Path | None = PASSPHRASE,
) -> None:
    """Split the key into one share for each holder; any `needed` of them make it again.

    Example: `tre key share --key project.key --into shares --needed 2 --holder-passphrase a --holder-passphrase b --holder-passphrase c`
    """
    from pseudonymise.keys import Key
    from pseudonymise.shares import split
    from tre_toolkit.files import new_folder
    from tre_toolkit.keyfile import read_passphrase

    if len(holders) < 2:
        raise MisuseError("name the holders' passphrase files", hint="--holder-passphrase, one for each")
    opened = Key.read(key_, console.passphrase(passphrase_file, what=str(key_)))
    made = split(opened, of=len(holders), needed=needed)
    with new_folder(into) as folder:
        for one, holder in zip(made, holders, strict=True):
            one.write(folder / f"share-{one.number}.key", read_passphrase(holder))
    _tell(shares=f"{len(made)} in {into}, {needed} needed", set=made[0].set, key=opened.fingerprint)


@key.command()
def join(
    shares: list[Path] = typer.Argument(..., help="The share files."),
    into: Path = typer.Option(..., "--into", help="New key file."),
    holders: list[Path] = HOLDERS,
    passphrase_file: Path | None = PASSPHRASE,
) -> None:
    """Put the key together again from enough shares.

    Example: `tre key join shares/share-1.key shares/share-3.key --into project.key --holder-passphrase a --holder-passphrase c`
    """
    from pseudonymise.shares import Share
    from pseudonymise.shares import join as put_together

    if holders and len(holders) != len(shares):
        raise MisuseError("a passphrase file for each share is needed", hint="in the order of the shares")
    secret = [
        console.passphrase(holders[at] if holders else None, what=str(path)) for at, path in enumerate(shares)
    ]
    opened = put_together([Share.read(path, word) for path, word in zip(shares, secret, strict=True)])
    opened.write(into, console.passphrase(passphrase_file, what=str(into)))
    _tell(key=into, fingerprint=opened.fingerprint)


@key.command()
def hello(into: Path = typer.Option(..., "--into", help="New file, to be sent to the other side.")) -> None:
    """Begin a comparison: write fresh random bytes that the other authority needs.

    Example: `tre key hello --into 990.hello`
    """
    from pseudonymise.comparing import write_hello

    write_hello(into)
    _tell(hello=f"{into} (send it; it is no secret)")


@key.command()
def compare(
    key_: Path = KEY,
    mine: Path = typer.Option(..., "--mine", help="The hello you made."),
    theirs: Path = typer.Option(..., "--theirs", help="The hello they sent."),
    heard: str | None = typer.Option(None, "--heard", help="The code they read out."),
    passphrase_file: Path | None = PASSPHRASE,
) -> None:
    """Prove to another authority that both hold the same key, and learn nothing else.

    Example: `tre key compare --key project.key --mine 990.hello --theirs 991.hello --heard abcd-efgh-ijkl-mnop`
    """
    from pseudonymise import comparing
    from pseudonymise.keys import Key

    here, there = comparing.read_hello(mine), comparing.read_hello(theirs)
    opened = Key.read(key_, console.passphrase(passphrase_file, what=str(key_)))
    say = comparing.code(opened, mine=here, theirs=there)
    if heard is None:
        _tell(say=say, then="run this again with --heard and the code they say")
        return
    if not comparing.is_same(opened, mine=here, theirs=there, heard=heard):
        raise TreError(
            "what they said isn't what a holder of this key says: the keys differ, or the hellos do",
            hint="compare the two hello files, then hand the key on again (tre key wrap)",
        )
    _tell(say=say, answer="the same key")


@key.command()
def rotate(
    key_: Path = KEY,
    into: Path = typer.Option(..., "--into", help="New key file."),
    reason: str = typer.Option(..., "--reason", help="Why, for the log."),
    passphrase_file: Path | None = PASSPHRASE,
    log: Path | None = LOG,
) -> None:
    """Make a new key for the same project; all its parcels are then made again from the returns.

    Example: `tre key rotate --key project.key --into project-2.key --reason "a holder left"`
    """
    from pseudonymise.ending import rotate as replace

    passphrase = console.passphrase(passphrase_file, what=str(key_))
    old, made = replace(key_, into, passphrase, log=log or key_.with_name("audit.log"), reason=reason)
    _tell(
        old=old.fingerprint,
        new=made.fingerprint,
        next="hand it on (tre key wrap), run tre pseudonymise --new-series over every return, then tre key destroy the old one",
    )


@key.command()
def destroy(
    key_: Path = KEY,
    signer: Path = typer.Option(..., "--signer", help="Your authority's signer key file."),
    certificate: Path = typer.Option(..., "--certificate", help="New file: the signed certificate."),
    reason: str = typer.Option(..., "--reason", help="Why, for the certificate and the log."),
    passphrase_file: Path | None = PASSPHRASE,
    log: Path | None = LOG,
) -> None:
    """Overwrite and remove a key file, and sign that it was done.

    Example: `tre key destroy --key project.key --signer signer.key --certificate destroyed.txt --reason "the project ended"`
    """
    from pseudonymise.ending import destroy as end
    from tre_toolkit.signing import Signer

    who = Signer.read(signer, console.passphrase(passphrase_file, what=str(signer)))
    facts = end(key_, certificate, signer=who, log=log or key_.with_name("audit.log"), reason=reason)
    _tell(destroyed=facts["key"], certificate=certificate, remember="copies and shares are still whole")


@key.command()
def certificate(
    file: Path = typer.Argument(..., help="A certificate of destruction."),
    trust: Path = typer.Option(..., "--trust", help="Public key of the authority that signed it."),
) -> None:
    """Check a certificate of destruction.

    Example: `tre key certificate destroyed.txt --trust signer.key.pub`
    """
    from pseudonymise.ending import check_certificate
    from tre_toolkit.signing import Verifier

    facts = check_certificate(file, Verifier.read(trust))
    _tell(**{name: facts[name] for name in ("key", "at", "reason", "done")})


def _tell(**facts: object) -> None:
    console.answer(console.lines_of({name.replace("_", " "): value for name, value in facts.items()}))
