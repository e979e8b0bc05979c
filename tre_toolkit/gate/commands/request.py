"""The researcher's commands: `tre request`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tre_toolkit import console
from tre_toolkit.gate.commands.common import (
    As,
    AsJson,
    AtGate,
    Number,
    PasswordFile,
    answer_rows,
    enter,
    show_files,
    show_request,
)

request = typer.Typer(no_args_is_help=True, help="Ask to let files out of the TRE.")


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
    opened, account = enter(at, login, password_file)
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
    opened, account = enter(at, login, password_file)
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
    number: Number,
    file: Annotated[str, typer.Argument(help="The file as the request names it.")],
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
) -> None:
    """Take a file out of a request again.

    Example: tre request remove 1 outputs/table.csv --gate gate --as ada
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import requests

    requests.remove(opened, account, number, file)
    console.answer(f"request {number}: {file} taken out")


@request.command("submit")
def request_submit(number: Number, at: AtGate, login: As, password_file: PasswordFile = None) -> None:
    """Hand a request over: the machine checks each file, then two people do.

    Example: tre request submit 1 --gate gate --as ada
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import requests

    count = 2 * len(requests.outputs(requests.find(opened, account, number)))
    with console.progress("checking and making again", count, unit="files") as done:
        submitted = requests.submit(opened, account, number, done=done)
    show_files(opened, account, submitted)
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
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import requests

    if number:
        show_request(opened, account, number, as_json=as_json)
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
    answer_rows(rows, as_json=as_json)


@request.command("withdraw")
def request_withdraw(number: Number, at: AtGate, login: As, password_file: PasswordFile = None) -> None:
    """Take a request back for good.

    Example: tre request withdraw 1 --gate gate --as ada
    """
    opened, account = enter(at, login, password_file)
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
    opened, account = enter(at, login, password_file)
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
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import reviews

    asked = reviews.ask_exception(opened, account, number, file=file, rule=rule, reason=reason)
    console.answer(f"request {number}: exception {asked.pk} asked")


@request.command("describe")
def request_describe(
    number: Number,
    title: Annotated[str, typer.Option(help="What this is, in a line.")],
    context: Annotated[
        str, typer.Option(help="Who is counted, over which years, where it will be published.")
    ],
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
) -> None:
    """Change a request's title and context, while it is yours to change.

    Example: tre request describe 1 --title "Furthest stage" --context "Referrals 2023-2025 …" --gate gate --as ada
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import requests

    requests.describe(opened, account, number, title=title, context=context)
    console.answer(f"request {number}: described anew")


@request.command("retract")
def request_retract(
    number: Number,
    comment: Annotated[int, typer.Argument(help="The comment's number.")],
    at: AtGate,
    login: As,
    password_file: PasswordFile = None,
) -> None:
    """Strike a comment of yours through; it stays in the record.

    Example: tre request retract 1 3 --gate gate --as ada
    """
    opened, account = enter(at, login, password_file)
    from tre_toolkit.gate import requests

    requests.retract(opened, account, number, comment)
    console.answer(f"request {number}: comment {comment} retracted")
