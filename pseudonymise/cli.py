"""`tre plan` and `tre pseudonymise` (`tre key` is in `key_cli`): the data controller's commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pseudonymise.key_cli import KEY, PASSPHRASE, key
from tre_toolkit import console
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from pseudonymise.planning import Plan
    from tre_toolkit.returns import Return

__all__ = ["key", "plan", "pseudonymise"]


def plan(
    returns: list[Path] = typer.Argument(..., help="Files or folders with returns."),
    project: Path = typer.Option(..., "--project", help="The project's declaration, tre.toml."),
    as_json: bool = typer.Option(False, "--json", help="The plan as JSON."),
    html: Path | None = typer.Option(None, "--html", help="Write the plan as a page to print and sign."),
) -> None:
    """Show each column and its fate; writes nothing of the data.

    Example: `tre plan extracts/ --project tre.toml --html plan.html`
    """
    from pseudonymise.paper import as_page, as_value
    from pseudonymise.planning import plan as make
    from tre_toolkit.project import Project

    made = make(_read(returns), Project.read(project))
    if html:
        from tre_toolkit.files import write_text

        write_text(html, as_page(made), replace=True)
    if as_json:
        console.answer_json(as_value(made))
    else:
        _tell(made)
    if made.problems:
        raise typer.Exit(1)


def pseudonymise(
    returns: list[Path] = typer.Argument(..., help="Files or folders with returns, all of one authority."),
    project: Path = typer.Option(..., "--project", help="The project's declaration, tre.toml."),
    key_: Path = KEY,
    signer: Path = typer.Option(..., "--signer", help="Your authority's signer key file."),
    to: Path = typer.Option(..., "--to", help="The linkage zone's transport public key."),
    into: Path = typer.Option(..., "--into", help="New parcel."),
    authority: str | None = typer.Option(
        None, help="Your authority's three digits, where the files don't say."
    ),
    log: Path | None = typer.Option(None, help="Audit log; audit.log beside the key if absent."),
    truth_map: Path | None = typer.Option(
        None, help="Synthetic returns only: write which record is which child."
    ),
    passphrase_file: Path | None = PASSPHRASE,
    as_json: bool = typer.Option(False, "--json", help="What was made, as JSON."),
) -> None:
    """Turn returns into one sealed parcel of tokens and coarsened payload.

    Example: `tre pseudonymise extracts/ --project tre.toml --key project.key --signer signer.key --to tre.key.pub --into 990.parcel`
    """
    from pseudonymise.batch import pseudonymise as run
    from pseudonymise.keys import Key
    from tre_toolkit.parcel.keys import Recipient
    from tre_toolkit.project import Project
    from tre_toolkit.signing import Signer

    declared, recipient = Project.read(project), Recipient.read(to)
    if into.exists():
        raise TreError("something stands here already", where=str(into), hint="name another place")
    read = _read(returns)
    passphrase = console.passphrase(passphrase_file, what=f"{key_} and {signer}")
    with console.progress("pseudonymising", len(read)) as done:
        made = run(
            read,
            declared,
            Key.read(key_, passphrase),
            to=recipient,
            signer=Signer.read(signer, passphrase),
            into=into,
            log=log or key_.with_name("audit.log"),
            authority=authority,
            truth_map=truth_map,
            done=done,
        )
    if as_json:
        console.answer_json({"parcel": str(into), **made.manifest.model_dump(mode="json", by_alias=True)})
        return
    console.answer_table(
        ["counted", "number"], [[name, count] for name, count in made.counts.items() if count]
    )
    console.answer(
        f"{into}: parcel {made.manifest.counter} of authority {made.manifest.authority}, "
        f"{len(made.manifest.parts)} parts sealed for {recipient.fingerprint}"
    )


def _read(paths: list[Path]) -> list[Return]:
    """Every return that stands in `paths`."""
    from tre_toolkit.returns import find, read

    found = find(paths)
    if not found:
        raise MisuseError("no return was found here", hint="name the files or the folder that hold them")
    with console.progress("reading", len(found)) as done:
        returns = []
        for one in found:
            returns.append(read(one))
            done(1)
    return returns


def _tell(made: Plan) -> None:
    console.answer_table(
        ["column", "type", "says", "fate", "by"],
        [[one.name, one.type, one.role, one.fate, one.why] for one in made.columns],
        title=f"{made.project.title}: what happens to each column",
    )
    for place, names in made.tokens.items():
        console.answer(f"{place}: {len(names)} token columns: {', '.join(names)}")
    console.answer(f"plan {made.digest[:16]}, profile {made.project.profile}")
    for problem in made.problems:
        console.say(str(problem))
