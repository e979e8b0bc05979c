"""The gate's commands: `tre request`, `tre review`, `tre release`, `tre gate`, `tre verify`, `tre audit`.

Each verb opens the gate, signs in, and calls one function of the service; the pages call the same ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from tre_toolkit.gate.folder import Gate

request = typer.Typer(no_args_is_help=True, help="Ask to let files out of the TRE.")
review = typer.Typer(no_args_is_help=True, help="Look at what others want to let out, and vote.")
release = typer.Typer(no_args_is_help=True, help="Let an approved request out, or take a release back.")
gate = typer.Typer(no_args_is_help=True, help="Keep a gate: make it, its accounts, its backups.")
user = typer.Typer(no_args_is_help=True, help="The accounts of a gate.")
audit = typer.Typer(no_args_is_help=True, help="Check and export a log.")
gate.add_typer(user, name="user")

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


def _enter(folder: Path, login: str, password_file: Path | None) -> tuple[Gate, Any]:
    from tre_toolkit.gate import accounts
    from tre_toolkit.gate.folder import open_gate

    password = console.passphrase(password_file, what=f"the account {login}")
    opened = open_gate(folder)
    return opened, accounts.sign_in(opened, login, password.decode())


def _keeper() -> str:
    """Who keeps the gate, as the system knows them: recorded with what is done to its folder."""
    return f"uid {os.getuid()}"


def _signer(opened: Gate, passphrase_file: Path | None) -> Any:
    from tre_toolkit.signing import Signer

    return Signer.read(opened.signer_key, console.passphrase(passphrase_file, what="the gate's signing key"))


# --- request: the researcher ------------------------------------------------------------------------------


@request.command("new")
def request_new(
    at: AtGate,
    login: As,
    title: Annotated[str, typer.Option(help="What this is, in a line.")],
    context: Annotated[
        str, typer.Option(help="Who is counted, over which years, where it will be published.")
    ],
    project: Annotated[str, typer.Option(help="The project it is for, when you are in several.")] = "",
    password_file: PasswordFile = None,
) -> None:
    """Begin a request; prints its number.

    Example: tre request new --gate gate --as ada --title "Furthest stage by ethnicity" --context "Referrals 2023-2025 …"
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    console.answer(str(requests.new(opened, account, title=title, context=context, project=project).pk))


@request.command("add")
def request_add(
    number: Number,
    files: Annotated[list[str], typer.Argument(help="Files; evidence beside them comes along.")],
    at: AtGate,
    login: As,
    kind: Annotated[
        str, typer.Option(help="output (leaves) or supporting (helps the reviewers).")
    ] = "output",
    password_file: PasswordFile = None,
) -> None:
    """Put files into a request, or a new version of files that are there.

    Example: tre request add 1 outputs/table.csv --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    added = []
    for file in files:
        root, name = (Path(file).parent, Path(file).name) if Path(file).is_absolute() else (Path(), file)
        added += requests.add(opened, account, number, root, [name], kind=kind)
    console.answer_table(
        ["file", "type", "bytes", "sha256", "evidence"],
        [[v.file.path, v.type, v.size, v.sha256[:16], v.standing] for v in added],
    )


@request.command("remove")
def request_remove(
    number: Number, file: str, at: AtGate, login: As, password_file: PasswordFile = None
) -> None:
    """Take a file out of a request again.

    Example: tre request remove 1 outputs/table.csv --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    requests.remove(opened, account, number, file)
    console.answer(f"request {number}: {file} taken out")


@request.command("submit")
def request_submit(number: Number, at: AtGate, login: As, password_file: PasswordFile = None) -> None:
    """Hand a request over: the machine checks each file, then two people do.

    Example: tre request submit 1 --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    submitted = requests.submit(opened, account, number)
    _show_files(opened, account, submitted)
    console.answer(f"request {number}: submitted; {opened.reviewers} people will look at it")


@request.command("status")
def request_status(
    at: AtGate,
    login: As,
    number: Annotated[str, typer.Argument(help="One request's number; else all of yours.")] = "",
    as_json: AsJson = False,
    password_file: PasswordFile = None,
) -> None:
    """Where your requests stand.

    Example: tre request status --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    if number:
        _show_request(opened, account, number, as_json=as_json)
        return
    rows = [
        {
            "request": r.pk,
            "state": r.state,
            "turn": r.turn,
            "title": r.title,
            "since": f"{r.moved:%Y-%m-%d %H:%M}",
        }
        for r in requests.visible(opened, account)
    ]
    _answer_rows(rows, as_json=as_json)


@request.command("withdraw")
def request_withdraw(number: Number, at: AtGate, login: As, password_file: PasswordFile = None) -> None:
    """Take a request back for good.

    Example: tre request withdraw 1 --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    requests.withdraw(opened, account, number)
    console.answer(f"request {number}: withdrawn")


@request.command("comment")
def request_comment(
    number: Number,
    note: Annotated[str, typer.Option("--note", help="What you want to say.")],
    at: AtGate,
    login: As,
    file: Annotated[str, typer.Option(help="The file it is about.")] = "",
    password_file: PasswordFile = None,
) -> None:
    """Say something about a request.

    Example: tre request comment 1 --note "the 2023 column is the calendar year" --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import requests

    said = requests.comment(opened, account, number, note, file=file or None)
    console.answer(f"request {number}: comment {said.pk}")


@request.command("exception")
def request_exception(
    number: Number,
    file: Annotated[str, typer.Option(help="The file.")],
    rule: Annotated[str, typer.Option(help="The rule whose finding should be waived.")],
    reason: Annotated[str, typer.Option(help="Why this is safe all the same.")],
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
) -> None:
    """Ask a senior checker to waive one rule's finding on one file.

    Example: tre request exception 1 --file table.csv --rule threshold --reason "published before" --gate gate --as ada
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import reviews

    asked = reviews.ask_exception(opened, account, number, file=file, rule=rule, reason=reason)
    console.answer(f"request {number}: exception {asked.pk} asked")


# --- review: the checkers ---------------------------------------------------------------------------------


@review.command("queue")
def review_queue(at: AtGate, login: As, as_json: AsJson = False, password_file: PasswordFile = None) -> None:
    """What waits for the gate, oldest first.

    Example: tre review queue --gate gate --as ben
    """
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import reviews

    rows = [
        {
            "request": r.pk,
            "state": r.state.replace("_", " "),
            "turn": r.turn,
            "title": r.title,
            "author": r.author.name,
            "submitted": f"{r.submitted:%Y-%m-%d %H:%M}",
        }
        for r in reviews.queue(opened, account)
    ]
    _answer_rows(rows, as_json=as_json)


@review.command("show")
def review_show(
    number: Number, at: AtGate, login: As, as_json: AsJson = False, password_file: PasswordFile = None
) -> None:
    """One request: its context, its files, what the machine found, and the votes you may see.

    Example: tre review show 1 --gate gate --as ben
    """
    opened, account = _enter(at, login, password_file)
    _show_request(opened, account, number, as_json=as_json)


@review.command("vote")
def review_vote(
    number: Number,
    at: AtGate,
    login: As,
    approve: Annotated[bool | None, typer.Option("--approve/--refuse", help="Your vote.")] = None,
    file: Annotated[str, typer.Option(help="Vote on this file only; else on all.")] = "",
    note: Note = "",
    password_file: PasswordFile = None,
) -> None:
    """Vote. Nobody sees your vote until all reviews are in; until then you may change it.

    Example: tre review vote 1 --approve --note "rounded, nothing small" --gate gate --as ben
    """
    if approve is None:
        raise MisuseError("a vote is --approve or --refuse")
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import reviews

    voted = reviews.vote(opened, account, number, approve=approve, note=note, file=file or None)
    console.answer(f"request {number}: your vote is in; it is {voted.state.replace('_', ' ')}")


def _turning(name: str, verb: Callable[..., Any], text: str) -> None:
    """`return`, `reject`, `decide` and `unblock` differ only in what they call."""

    def command(
        number: Number,
        at: AtGate,
        login: As,
        note: Annotated[str, typer.Option("--note", help="Why; the author reads it.")],
        password_file: PasswordFile = None,
    ) -> None:
        opened, account = _enter(at, login, password_file)
        turned = verb()(opened, account, number, note=note)
        console.answer(f"request {number}: {turned.state.replace('_', ' ')}")

    command.__doc__ = text
    review.command(name)(command)


def _reviews() -> Any:
    from tre_toolkit.gate import reviews

    return reviews


_turning(
    "return",
    lambda: _reviews().give_back,
    """Give a request back to its author, saying what to mend.

    Example: tre review return 1 --note "round to 5" --gate gate --as ben
    """,
)
_turning(
    "decide",
    lambda: _reviews().decide,
    """A senior checker's vote that settles a conflict.

    Example: tre review decide 1 --note "the refusal was about another table" --gate gate --as sam
    """,
)
_turning(
    "reject",
    lambda: _reviews().reject,
    """Refuse a request for good.

    Example: tre review reject 1 --note "row-level data" --gate gate --as sam
    """,
)
_turning(
    "unblock",
    lambda: _reviews().unblock,
    """After the store was looked into, give a blocked request back to its author.

    Example: tre review unblock 1 --note "restored from backup" --gate gate --as sam
    """,
)


@review.command("exception")
def review_exception(
    number: Number,
    exception: Annotated[int, typer.Argument(help="The exception's number.")],
    at: AtGate,
    login: As,
    grant: Annotated[bool | None, typer.Option("--grant/--deny", help="Your decision.")] = None,
    days: Annotated[int, typer.Option(help="How long a granted one holds.")] = 90,
    password_file: PasswordFile = None,
) -> None:
    """A senior checker decides on an exception.

    Example: tre review exception 1 3 --grant --days 30 --gate gate --as sam
    """
    if grant is None:
        raise MisuseError("a decision is --grant or --deny")
    opened, account = _enter(at, login, password_file)
    _reviews().decide_exception(opened, account, number, exception, grant=grant, days=days)
    console.answer(f"request {number}: exception {exception} {'granted' if grant else 'denied'}")


# --- release ----------------------------------------------------------------------------------------------


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
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import releases

    made = releases.make(opened, account, number, into, _signer(opened, passphrase_file))
    facts = {
        "released": f"request {number} as {made.number}",
        "into": str(into),
        "signed by": opened.verifier().fingerprint,
        "check it": f"tre verify {into} --trust {opened.public_key.name}",
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
    opened, account = _enter(at, login, password_file)
    from tre_toolkit.gate import releases

    releases.recall(opened, account, number, reason=reason, signer=_signer(opened, passphrase_file))
    console.answer(f"request {number}: recalled; send {opened.revocations} to every recipient")


# --- gate: its keeper -------------------------------------------------------------------------------------


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
    opened = _open(at)
    from tre_toolkit.gate.web.server import make_server

    with make_server(opened, host, port) as server:
        console.say(f"the gate is open at http://localhost:{server.server_port}/ (Ctrl-C stops it)")
        server.serve_forever()


@gate.command("signer")
def gate_signer(at: AtGate, passphrase_file: PassphraseFile = None) -> None:
    """Hold the signing key for the pages, and sign only what two people approved, until stopped with Ctrl-C.

    Example: tre gate signer --gate gate --passphrase-file signer.pass
    """
    opened = _open(at)
    from tre_toolkit.gate import signer

    held = _signer(opened, passphrase_file)
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
    opened = _open(at)
    from tre_toolkit.gate import keeping

    count = keeping.backup(opened, into)
    console.answer(f"{into}: {count:,} files and the database")


@gate.command("restore")
def gate_restore(
    archive: Annotated[Path, typer.Argument(help="A backup.")],
    into: Annotated[Path, typer.Option(help="The new gate's folder.")],
    log: Annotated[
        Path | None, typer.Option(help="The newest audit.log you have: shows what the backup lacks.")
    ] = None,
) -> None:
    """Make a gate from its backup, checked to the byte; says which events the backup lacks.

    Example: tre gate restore gate-2025-06-01.tar --into gate --log old/audit.log
    """
    from tre_toolkit.gate import keeping

    lost = keeping.restore(archive, into, log=log)
    console.answer(
        f"{into}: restored" + (f"; {lost:,} later events are in the log and not in it" if lost else "")
    )


@gate.command("doctor")
def gate_doctor(at: AtGate, as_json: AsJson = False) -> None:
    """Look the whole gate over: every blob, the log, the votes behind each release; exit 1 when anything is wrong.

    Example: tre gate doctor --gate gate
    """
    opened = _open(at)
    from tre_toolkit.gate import keeping

    rows = [{"check": c.name, "well": c.well, "told": c.told} for c in keeping.look_over(opened)]
    _answer_rows(rows, as_json=as_json)
    if not all(row["well"] for row in rows):
        raise typer.Exit(1)


@gate.command("prove")
def gate_prove(at: AtGate, passphrase_file: PassphraseFile = None) -> None:
    """Sign a checkpoint of the log now, into the gate's folder and the witness folder.

    Example: tre gate prove --gate gate --passphrase-file signer.pass
    """
    opened = _open(at)
    from tre_toolkit.gate import journal

    journal.sign_checkpoint(opened, _signer(opened, passphrase_file))
    console.answer(f"{opened.checkpoint}: signed")


@user.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    at: AtGate,
    role: Annotated[
        str,
        typer.Option(
            help="researcher, lead, checker, senior_checker, release_officer, auditor or administrator."
        ),
    ],
    person: Annotated[str, typer.Option(help="Full name: the same name is the same human.")],
    source: Annotated[str, typer.Option(help="How they sign in: local, oidc or header.")] = "local",
    project: Annotated[list[str] | None, typer.Option(help="Projects they are a member of.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Open an account.

    Example: tre gate user add ada --gate gate --role researcher --person "Ada Researcher"
    """
    from tre_toolkit.gate import policies

    try:
        chosen = policies.Role(role)
    except ValueError:
        raise MisuseError("there is no such role", hint=", ".join(policies.Role)) from None
    password = console.passphrase(password_file, what=f"the account {name}") if source == "local" else b""
    opened = _open(at)
    from tre_toolkit.gate import accounts

    accounts.add(
        opened,
        name,
        role=chosen,
        person=person,
        source=source,
        password=password.decode(),
        projects=tuple(project or ()),
        by=_keeper(),
    )
    console.answer(f"account {name}: {role.replace('_', ' ')}, {person}")


@user.command("list")
def user_list(at: AtGate, as_json: AsJson = False) -> None:
    """The accounts of a gate.

    Example: tre gate user list --gate gate
    """
    _open(at)
    from tre_toolkit.gate.orm import models

    rows = [
        {"account": a.login, "role": a.role, "person": a.person.name, "open": a.active}
        for a in models.Account.objects.select_related("person").order_by("login")
    ]
    _answer_rows(rows, as_json=as_json)


@user.command("role")
def user_role(name: str, role: str, at: AtGate) -> None:
    """Give an account another role.

    Example: tre gate user role ben senior_checker --gate gate
    """
    opened = _open(at)
    from tre_toolkit.gate import accounts, policies

    if role not in list(policies.Role):
        raise MisuseError("there is no such role", hint=", ".join(policies.Role))
    accounts.change_role(opened, name, policies.Role(role), by=_keeper())
    console.answer(f"account {name}: {role}")


@user.command("close")
def user_close(name: str, at: AtGate) -> None:
    """Close an account; its sessions end and its votes on open requests no longer count.

    Example: tre gate user close ben --gate gate
    """
    opened = _open(at)
    from tre_toolkit.gate import accounts

    accounts.set_active(opened, name, active=False, by=_keeper())
    console.answer(f"account {name}: closed")


# --- verify and audit: anyone, anywhere -------------------------------------------------------------------


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
        found = verify_release(folder, Verifier.read(trust), revocations=revocations)
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
    count = chain.verify(log, checkpoint=checkpoint, verifier=Verifier.read(trust) if trust else None)
    since = " and everything the checkpoint knew of" if checkpoint else ""
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
    with new_file(into) as part, part.open("wb") as file:
        for event in chain.events(log):
            if request_number is None or event.facts.get("request") == request_number:
                file.write(event.line() + b"\n")
                count += 1
    console.answer(f"{into}: {count:,} events")


# --- shared -----------------------------------------------------------------------------------------------


def _open(folder: Path) -> Gate:
    from tre_toolkit.gate.folder import open_gate

    return open_gate(folder)


def _answer_rows(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        console.answer_json(rows)
    elif rows:
        console.answer_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        console.answer("nothing here")


def _show_request(opened: Gate, account: Any, number: str, *, as_json: bool) -> None:
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
    _show_files(opened, account, found)


def _show_files(opened: Gate, account: Any, found: Any) -> None:
    from tre_toolkit.gate import views_of

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
        for said in file["findings"]:
            where = f" at {said['where']}" if said["where"] else ""
            console.answer(f"{said['verdict']:<6} {file['path']}{where}: {said['message']} ({said['rule']})")
            if said["fix"]:
                console.answer(f"       would pass: {said['fix']}")
    for line in shown["comments"]:
        console.answer(f"{line['person']}, turn {line['turn']}: {line['body']}")
