"""What anyone can do anywhere: `tre verify` and `tre audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tre_toolkit import console
from tre_toolkit.errors import TreError
from tre_toolkit.gate.commands.common import AsJson

audit = typer.Typer(no_args_is_help=True, help="Check and export a log.")


def verify(
    folder: Annotated[Path, typer.Argument(metavar="RELEASE", help="The release's folder.")],
    trust: Annotated[Path, typer.Option(help="The gate's public key, gate.pub.")],
    revocations: Annotated[Path | None, typer.Option(help="The gate's list of recalled releases.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that a release is the one a gate let go, whole and to the byte.

    Example: tre verify release --trust gate.pub
    """
    from tre_toolkit.gate.verify import Refused, verify_release
    from tre_toolkit.signing import Verifier

    try:
        key = Verifier.read(trust)
        count = sum(path.is_file() for path in folder.rglob("*"))
        with console.progress("reading the release", count, unit="files") as done:
            found = verify_release(folder, key, revocations=revocations, done=done)
    except Refused as refused:
        if as_json:
            console.answer_json({"verdict": "REFUSED", "reason": refused.reason})
        raise
    if as_json:
        facts = {name: getattr(found, name) for name in found.__slots__}
        console.answer_json({"verdict": "VERIFIED", **facts})
        return
    for warning in found.warnings:
        console.say(f"warning: {warning}")
    console.answer(
        console.lines_of(
            {
                "verified": f"release {found.release}, every byte",
                "from": f"{found.gate} ({found.fingerprint})",
                "on": found.at,
                "files": ", ".join(found.files),
                "approved by": f"{found.approvals} people, each file",
            }
        )
    )


@audit.command("verify")
def audit_verify(
    log: Annotated[Path, typer.Argument(help="The log.")],
    checkpoint: Annotated[Path | None, typer.Option(help="A signed checkpoint kept elsewhere.")] = None,
    trust: Annotated[Path | None, typer.Option(help="The public key that signed it.")] = None,
) -> None:
    """Check that nothing in a log was altered, moved or lost.

    Example: tre audit verify gate/audit.log --checkpoint witness/gate.checkpoint --trust gate.pub
    """
    from tre_toolkit import audit as chain
    from tre_toolkit.signing import Verifier

    if not log.is_file():
        raise TreError("there is no such log", where=str(log))
    key = Verifier.read(trust) if trust else None
    with console.progress("reading the log", chain.lines(log), unit="events") as done:
        count = chain.verify(log, checkpoint=checkpoint, verifier=key, done=done)
    since = ", with everything the checkpoint knew of" if checkpoint else ""
    console.answer(f"{log}: {count:,} events, whole and in order{since}")


@audit.command("export")
def audit_export(
    log: Annotated[Path, typer.Argument(help="The log.")],
    into: Annotated[Path, typer.Option(help="The new file, one event a line.")],
    request_number: Annotated[
        int | None, typer.Option("--request", help="Only this request's events.")
    ] = None,
) -> None:
    """Copy a log's events out, each checked on the way.

    Example: tre audit export gate/audit.log --into request-1.jsonl --request 1
    """
    from tre_toolkit import audit as chain
    from tre_toolkit.files import new_file

    count = 0
    with (
        new_file(into) as part,
        part.open("wb") as file,
        console.progress("copying events", chain.lines(log), unit="events") as done,
    ):
        for event in chain.events(log):
            if request_number is None or event.facts.get("request") == request_number:
                file.write(event.line() + b"\n")
                count += 1
            done(1)
    console.answer(f"{into}: {count:,} events")
