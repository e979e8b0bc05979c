"""The checkers' commands: `tre review`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError
from tre_toolkit.gate.commands.common import (
    As,
    AsJson,
    AtGate,
    Note,
    Number,
    PasswordFile,
    answer_rows,
    enter,
    show_request,
)

QUEUED = 100  # requests of the queue that one call tells
review = typer.Typer(no_args_is_help=True, help="Look at what others want to let out, and vote.")


@review.command("queue")
def review_queue(
    at: AtGate,
    login: As,
    show: Annotated[str, typer.Option(help="all, to vote on, fails, late or approved.")] = "all",
    page: Annotated[int, typer.Option(help="Which hundred of them.")] = 1,
    as_json: AsJson = False,
    password_file: PasswordFile = None,
) -> None:
    """What waits for the gate, oldest first: what the machine said of it, since how many working days, and what you did.

    Example: tre review queue --gate gate --as ben --show "to vote on"
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import figures

    if show not in figures.FILTERS:
        raise MisuseError("there is no such part of the queue", hint=", ".join(figures.FILTERS))
    waiting, total = figures.queue_rows(opened, account, page=max(1, page), size=QUEUED, show=show)
    if as_json:
        console.answer_json({"total": total, "requests": [asdict(row) for row in waiting]})
        return
    rows = [
        {
            "request": row.number,
            "title": row.title,
            "machine": row.risk,
            "state": row.state,
            "turn": row.turn,
            "working days": f"{row.age}, late" if row.late else row.age,
            "author": row.author,
            "files": row.files,
            "you": row.mine,
        }
        for row in waiting
    ]
    answer_rows(rows, as_json=False)
    if total > page * QUEUED:
        console.say(f"{total:,} wait; `--page {page + 1}` goes on")


@review.command("show")
def review_show(
    number: Number, at: AtGate, login: As, as_json: AsJson = False, password_file: PasswordFile = None
) -> None:
    """One request: its context, its files, what the machine found, and the votes you may see.

    Example: tre review show 1 --gate gate --as ben
    """
    opened, account = enter(at, login, password_file)
    show_request(opened, account, number, as_json=as_json)


FileName = Annotated[str, typer.Argument(help="The file, as `tre review show` names it.")]


@review.command("file")
def review_file(
    number: Number,
    file: FileName,
    at: AtGate,
    login: As,
    as_json: AsJson = False,
    password_file: PasswordFile = None,
) -> None:
    """One file: what the machine found, what it holds besides, exceptions and the votes you may see.

    Example: tre review file 1 outputs/table.csv --gate gate --as ben
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import looking
    from tre_toolkit.gate.findings import told_once

    version = looking.current_version(opened, account, number, file)
    told = looking.file_told(opened, account, number, version)
    if as_json:
        console.answer_json(told)
        return
    facts = {name: told[name] for name in ("path", "type", "bytes", "sha256", "evidence", "verdict")}
    console.answer(console.lines_of(facts))
    for one in told_once(told["findings"]):
        console.answer(f"{one.verdict:<6} {one.message} ({one.rule})")
        for where in one.wheres:
            console.answer(f"       at {where}")
        if one.fix:
            console.answer(f"       would pass: {one.fix}")
    for line in [*(f"holds besides: {note}" for note in told["holds"]), *told["votes"]]:
        console.answer(line)
    for waiver in told["exceptions"]:
        stands = {None: "undecided", True: "granted", False: "denied"}[waiver["granted"]]
        console.answer(f"exception {waiver['exception']} for {waiver['rule']}: {stands}")


@review.command("changes")
def review_changes(
    number: Number,
    file: FileName,
    at: AtGate,
    login: As,
    as_json: AsJson = False,
    password_file: PasswordFile = None,
) -> None:
    """What changed since a file's last version, and which earlier releases it nearly repeats.

    Example: tre review changes 1 outputs/table.csv --gate gate --as ben
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import looking

    version = looking.current_version(opened, account, number, file)
    told = looking.changes_told(opened, account, number, version)
    if as_json:
        console.answer_json(told)
        return
    first = told["since_version"] is None
    console.answer("the first version" if first else f"{len(told['cells']):,} cells changed")
    if told["cells"]:
        console.answer_table(
            ["row", "column", "before", "now"],
            [[c["row"], c["column"], c["before"], c["after"]] for c in told["cells"]],
        )
    for kin in told["earlier_releases"]:
        console.answer(
            f"request {kin['request']}, {kin['path']}: {kin['same']:,} cells alike, {kin['small']:,} differ by "
            f"fewer than 10, {kin['other']:,} by more"
        )


@review.command("download")
def review_download(
    number: Number,
    file: FileName,
    at: AtGate,
    login: As,
    into: Annotated[Path, typer.Option(help="The folder to write into; the file is named NOT-RELEASED.")],
    password_file: PasswordFile = None,
) -> None:
    """Take a file's bytes out to look at them; this is logged.

    Example: tre review download 1 outputs/table.csv --into desk --gate gate --as ben
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.files import new_file
    from tre_toolkit.gate import looking

    version = looking.current_version(opened, account, number, file)
    name, raw = looking.download(opened, account, number, version)
    with new_file(into / name, mode=0o600) as part:
        part.write_bytes(raw)
    console.answer(f"{into / name}: {len(raw):,} bytes; this was logged")


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
    opened, account = enter(at, login, password_file)
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
        opened, account = enter(at, login, password_file)
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
    opened, account = enter(at, login, password_file)
    _reviews().decide_exception(opened, account, number, exception, grant=grant, days=days)
    console.answer(f"request {number}: exception {exception} {'granted' if grant else 'denied'}")
