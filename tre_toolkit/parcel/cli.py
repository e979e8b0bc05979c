"""`tre parcel`: make the keys a parcel needs, read what one says, check one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tre_toolkit import console
from tre_toolkit.errors import TreError

if TYPE_CHECKING:
    from tre_toolkit.parcel.manifest import Manifest

app = typer.Typer(
    no_args_is_help=True, help="Keys for parcels, and what a parcel says.", rich_markup_mode="markdown"
)


class Kind(StrEnum):
    """Which pair of keys: the receiver's (transport) or the sender's (signer)."""

    transport = "transport"
    signer = "signer"


@app.command("new-key")
def new_key(
    kind: Kind = typer.Argument(..., help="transport: parcels are sealed for it; signer: it signs them."),
    into: Path = typer.Argument(..., help="New key file; the public half goes beside it as FILE.pub."),
    passphrase_file: Path | None = typer.Option(None, help="File with the passphrase; asked for if absent."),
    strong: bool = typer.Option(
        False, "--strong", help="Make a guess at the passphrase cost 1 GiB of memory."
    ),
) -> None:
    """Make a pair of keys.

    Example: `tre parcel new-key transport tre.key --passphrase-file passphrase`
    """
    from tre_toolkit.keyfile import STANDARD, STRONG
    from tre_toolkit.parcel.keys import RecipientKey
    from tre_toolkit.signing import Signer

    passphrase = console.passphrase(passphrase_file, what=str(into))
    cost = STRONG if strong else STANDARD
    if kind is Kind.transport:
        pair = RecipientKey.new()
        pair.write(into, passphrase, cost=cost)
        fingerprint = pair.recipient.fingerprint
    else:
        signer = Signer.new()
        signer.write(into, passphrase, cost=cost)
        fingerprint = signer.verifier.fingerprint
    console.answer(
        console.lines_of(
            {
                "private key": f"{into} (keep it, and its passphrase apart from it)",
                "public key": f"{into}.pub (give it to the other side)",
                "fingerprint": f"{fingerprint} (read it out by telephone)",
            }
        )
    )


@app.command()
def show(
    parcel: Path = typer.Argument(..., help="The parcel."),
    as_json: bool = typer.Option(False, "--json", help="The manifest as JSON."),
) -> None:
    """Read what a parcel says about itself; needs no key and checks no signature.

    Example: `tre parcel show 990.parcel`
    """
    from tre_toolkit.parcel.opening import show as read

    _tell(read(parcel), as_json=as_json)


@app.command()
def verify(
    parcel: Path = typer.Argument(..., help="The parcel."),
    trust: list[Path] = typer.Option([], "--trust", help="Public key of a signer you trust (repeat it)."),
    as_json: bool = typer.Option(False, "--json", help="The manifest as JSON."),
) -> None:
    """Check every byte of a parcel and the signature of a signer you trust.

    Example: `tre parcel verify 990.parcel --trust 990/signer.key.pub`
    """
    from tre_toolkit.parcel.opening import verify as check
    from tre_toolkit.signing import Verifier

    if not trust:
        raise TreError("nobody is trusted yet", hint="name the sender's public key with --trust FILE.pub")
    manifest = check(parcel, trusted=[Verifier.read(path) for path in trust])
    if as_json:
        _tell(manifest, as_json=True)
    else:
        console.answer(
            f"whole: {len(manifest.parts)} parts, every byte checked, signed by a signer you trust"
        )


@app.command("take-in")
def take_in(
    parcel: Path = typer.Argument(..., help="The parcel."),
    book: Path = typer.Option(..., "--book", help="The receiver's book of parcels; made if it isn't there."),
    trust: list[Path] = typer.Option([], "--trust", help="Public key of a signer you trust (repeat it)."),
) -> None:
    """Verify a parcel on arrival and enter it in the book; one sent again is refused.

    Example: `tre parcel take-in 990.parcel --book parcels.log --trust 990/signer.key.pub`
    """
    from tre_toolkit.parcel.receipts import take_in as enter
    from tre_toolkit.signing import Verifier

    manifest = enter(parcel, book, trusted=[Verifier.read(path) for path in trust])
    console.answer(
        f"taken in: parcel {manifest.counter} of authority {manifest.authority}, {manifest.parcel}"
    )


def _tell(manifest: Manifest, *, as_json: bool) -> None:
    if as_json:
        console.answer_json(manifest.model_dump(mode="json", by_alias=True))
        return
    from tre_toolkit.signing import Verifier

    console.answer(
        console.lines_of(
            {
                "parcel": f"{manifest.parcel} (number {manifest.counter})",
                "made": manifest.moment,
                "project": manifest.project,
                "authority": manifest.authority,
                "data": "synthetic" if manifest.synthetic else "REAL",
                "profile": f"{manifest.profile}, standardiser {manifest.standardiser}",
                "content": manifest.content,
                "sealed for": manifest.recipient,
                "signed by": Verifier.parse(manifest.signer).fingerprint,
            }
        )
    )
    console.answer_table(
        ["part", "rows", "columns", "bytes"],
        [[part.name, part.rows, len(part.columns), part.bytes] for part in manifest.parts],
    )
    if manifest.tokens:
        console.answer_table(
            ["token column", "made of", "can be compared with"],
            [[name, " + ".join(one.parts), one.domain] for name, one in manifest.tokens.items()],
        )
    if manifest.fates:
        tally: dict[str, int] = {}
        for fate in manifest.fates.values():
            tally[fate] = tally.get(fate, 0) + 1
        console.answer("columns: " + ", ".join(f"{count} {fate}" for fate, count in sorted(tally.items())))
