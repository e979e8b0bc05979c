"""The keeper's commands: `tre gate`; its accounts are in `user`, their second factor in `factor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tre_toolkit import console
from tre_toolkit.gate.commands.common import (
    AsJson,
    AtGate,
    PassphraseFile,
    answer_rows,
    open_gate,
    signer_of,
)
from tre_toolkit.gate.commands.factor import factor
from tre_toolkit.gate.commands.user import user

DEFAULT_PACKS = ("ons-srs",)  # what the checker asks when nobody names a pack
gate = typer.Typer(no_args_is_help=True, help="Keep a gate: make it, its accounts, its backups.")
gate.add_typer(user, name="user")
gate.add_typer(factor, name="second-factor")


@gate.command("new")
def gate_new(
    folder: Annotated[Path, typer.Argument(help="The new folder.")],
    name: Annotated[str, typer.Option(help="What recipients read as the sender.")] = "release gate",
    project: Annotated[str, typer.Option(help="The first project.")] = "main",
    reviewers: Annotated[int, typer.Option(help="How many people must approve (2 to 4).")] = 2,
    pack: Annotated[list[str] | None, typer.Option(help="Disclosure rule packs the checker applies.")] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="The project's workspace: recipes are run again over it.")
    ] = None,
    database: Annotated[str, typer.Option(help="PostgreSQL, as host=… port=… dbname=… user=…")] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a gate with its database, store and signing key.

    Example: tre gate new gate --name "North Sea TRE" --passphrase-file signer.pass
    """
    passphrase = console.passphrase(passphrase_file, what="the new gate's signing key")
    from tre_toolkit.gate.folder import new_gate

    made = new_gate(
        folder,
        passphrase,
        name=name,
        project=project,
        reviewers=reviewers,
        packs=tuple(pack or ()),
        database=database,
        workspace=workspace,
    )
    facts = {
        "gate": str(folder),
        "public key": f"{folder / 'gate.pub'} (recipients need it)",
        "fingerprint": made.verifier().fingerprint,
        "reviewers": made.reviewers,
        "judges by": f"{', '.join(made.packs or DEFAULT_PACKS)} (`packs` in {folder / 'gate.toml'}; "
        "researchers check with the same)",
    }
    console.answer(console.lines_of(facts))


@gate.command("serve")
def gate_serve(
    at: AtGate,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8765,
) -> None:
    """Serve the gate's pages and JSON API until stopped with Ctrl-C.

    Example: tre gate serve --gate gate
    """
    opened = open_gate(at)
    from tre_toolkit.gate.web.server import make_server

    with make_server(opened, host, port) as server:
        console.say(f"the gate is open at http://localhost:{server.server_port}/ (Ctrl-C stops it)")
        server.serve_forever()


@gate.command("signer")
def gate_signer(at: AtGate, passphrase_file: PassphraseFile = None) -> None:
    """Hold the signing key for the pages, and sign only what two people approved, until stopped with Ctrl-C.

    Example: tre gate signer --gate gate --passphrase-file signer.pass
    """
    opened = open_gate(at)
    from tre_toolkit.gate import signer
    from tre_toolkit.signing import Signer

    held = Signer.read(opened.signer_key, console.passphrase(passphrase_file, what="the gate's signing key"))
    console.say(f"the signer is at work ({opened.verifier().fingerprint}; Ctrl-C stops it)")
    signer.serve(opened, held)


@gate.command("migrate")
def gate_migrate(at: AtGate) -> None:
    """Bring a gate's database up to this version; make a backup first.

    Example: tre gate migrate --gate gate
    """
    from tre_toolkit.gate import keeping

    keeping.migrate(at)
    console.answer(f"{at}: the database is of this version")


@gate.command("backup")
def gate_backup(at: AtGate, into: Annotated[Path, typer.Option(help="The new file, a .tar.")]) -> None:
    """Copy a gate, while it works, into one file that `restore` and `doctor` check to the byte.

    Example: tre gate backup --gate gate --into gate-2025-06-01.tar
    """
    opened = open_gate(at)
    from tre_toolkit.gate import keeping

    with console.progress("copying the gate", 2 * len(keeping.blobs(opened)), unit="files") as done:
        count = keeping.backup(opened, into, done=done)
    console.answer(f"{into}: {count:,} files and the database")


@gate.command("restore")
def gate_restore(
    archive: Annotated[Path, typer.Argument(help="A backup.")],
    into: Annotated[Path, typer.Option(help="The new gate's folder.")],
    log: Annotated[
        Path | None, typer.Option(help="The newest audit.log you have: shows what the backup lacks.")
    ] = None,
    database: Annotated[
        str, typer.Option(help="For a gate on PostgreSQL: an empty database, as host=… dbname=… user=…")
    ] = "",
) -> None:
    """Make a gate from its backup, checked to the byte; says which events the backup lacks.

    Example: tre gate restore gate-2025-06-01.tar --into gate --log old/audit.log
    """
    from tre_toolkit.gate import keeping

    size = archive.stat().st_size if archive.is_file() else None
    with console.progress("writing the gate", size, unit="bytes") as done:
        lost = keeping.restore(archive, into, log=log, database=database, done=done)
    console.answer(
        f"{into}: restored" + (f"; {lost:,} later events are in the log and not in it" if lost else "")
    )


@gate.command("doctor")
def gate_doctor(at: AtGate, as_json: AsJson = False) -> None:
    """Look the whole gate over: every blob, the log, the votes behind each release; exit 1 when anything is wrong.

    Example: tre gate doctor --gate gate
    """
    opened = open_gate(at)
    from tre_toolkit import audit
    from tre_toolkit.gate import keeping

    count = len(keeping.wanted(opened)) + audit.lines(opened.log)
    with console.progress("files and events", count) as done:
        looked = list(keeping.look_over(opened, done=done))
    rows = [{"check": c.name, "well": c.well, "told": c.told} for c in looked]
    answer_rows(rows, as_json=as_json)
    if not all(row["well"] for row in rows):
        raise typer.Exit(1)


@gate.command("figures")
def gate_figures(at: AtGate, as_json: AsJson = False) -> None:
    """How the gate is doing: what waits, and how long decisions took.

    Example: tre gate figures --gate gate
    """
    opened = open_gate(at)
    from tre_toolkit.gate import figures

    told = dict(figures.figures(opened))
    if as_json:
        console.answer_json(told)
        return
    states = told.pop("by state")
    spans = {
        "waiting": told["waiting"],
        "decided": told["decided"],
        "working days, median": told["median"],
        "working days, 9 in 10": told["ninetieth"],
        f"within {told['aim']} days, %": told["within"],
    }
    rows = [[name, "none yet" if count is None else count] for name, count in spans.items()]
    console.answer_table(["figure", "so far"], rows + [[f"requests {s}", n] for s, n in states.items()])


@gate.command("prove")
def gate_prove(at: AtGate, passphrase_file: PassphraseFile = None) -> None:
    """Sign a checkpoint of the log now, into the gate's folder and the witness folder.

    Example: tre gate prove --gate gate --passphrase-file signer.pass
    """
    opened = open_gate(at)
    from tre_toolkit.gate import journal

    journal.sign_checkpoint(opened, signer_of(opened, passphrase_file))
    console.answer(f"{opened.checkpoint}: signed")
