"""`tre plan` and `tre pseudonymise` (`tre key` is in `key_cli`): the data controller's commands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pseudonymise.key_cli import KEY, PASSPHRASE, key
from pseudonymise.project_cli import TRUST
from tre_toolkit import console
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from pseudonymise.batch import Made
    from pseudonymise.executors import Executors
    from pseudonymise.keys import Key
    from pseudonymise.planning import Plan
    from tre_toolkit.project import Project
    from tre_toolkit.returns import Return

TELLING = 50  # dates of a column before a share of them is worth telling
__all__ = ["key", "plan", "pseudonymise"]


def plan(
    returns: list[Path] = typer.Argument(..., help="Files or folders with returns."),
    project: Path = typer.Option(..., "--project", help="The project's declaration, tre.toml."),
    trust: list[Path] = TRUST,
    as_json: bool = typer.Option(False, "--json", help="The plan as JSON."),
    html: Path | None = typer.Option(None, "--html", help="Write the plan as a page to print and sign."),
) -> None:
    """Show each column and its fate; writes nothing of the data.

    Example: `tre plan extracts/ --project tre.toml --html plan.html`
    """
    from pseudonymise.paper import as_page, as_value
    from pseudonymise.planning import plan as make

    declared = _agreed(project, trust)
    made = make(_read(returns), declared)
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
    into: Path = typer.Option(..., "--into", help="New parcel; of a split file .linkage and .attributes."),
    to: Path | None = typer.Option(None, "--to", help="Public key of the one who gets all of it."),
    to_linker: Path | None = typer.Option(None, "--to-linker", help="Split: public key for the tokens."),
    to_research: Path | None = typer.Option(None, "--to-research", help="Split: public key for the payload."),
    authority: str | None = typer.Option(
        None, help="Your authority's three digits, where the files don't say."
    ),
    without: Path | None = typer.Option(
        None, help="List of local numbers, one a line, of children whose records stay behind."
    ),
    areas: Path | None = typer.Option(None, help="Your lookup of areas: a CSV file, postcode,area."),
    names: Path | None = typer.Option(
        None, help="Public lists of names, kind,name,count, with which the tokens are attacked first."
    ),
    log: Path | None = typer.Option(None, help="Audit log; audit.log beside the key if absent."),
    truth_map: Path | None = typer.Option(
        None, help="Synthetic returns only: write which record is which child."
    ),
    own_map: Path | None = typer.Option(
        None, "--own-map", help="Write which record is which child; stays with you, readable by you only."
    ),
    new_series: bool = typer.Option(
        False, "--new-series", help="The key or the cleaning rules changed, and that is meant."
    ),
    jobs: int = typer.Option(1, min=1, help="Processes that make tokens side by side."),
    memory: str | None = typer.Option(
        None, "--memory", help="Stay within this much memory (1GB), or say what is needed and make nothing."
    ),
    spark: str | None = typer.Option(
        None,
        "--spark",
        metavar="URL",
        help="Make the tokens on Spark: local[2], spark://host:7077. Every worker must have the key file and the passphrase file at these paths.",
    ),
    trust: list[Path] = TRUST,
    passphrase_file: Path | None = PASSPHRASE,
    as_json: bool = typer.Option(False, "--json", help="What was made, as JSON."),
) -> None:
    """Turn returns into one sealed parcel of tokens and coarsened payload.

    Example: `tre pseudonymise extracts/ --project tre.toml --key project.key --signer signer.key --to tre.key.pub --into 990.parcel`
    """
    from pseudonymise.attack import Names
    from pseudonymise.batch import pseudonymise as run
    from pseudonymise.checks import read_list
    from pseudonymise.coarsen import Areas
    from pseudonymise.keys import KIND, Key
    from pseudonymise.options import Options
    from pseudonymise.recipients import To
    from pseudonymise.room import check, check_opening, held
    from pseudonymise.spill import HELD
    from tre_toolkit.keyfile import memory_of
    from tre_toolkit.parcel.keys import Recipient
    from tre_toolkit.signing import KIND as SIGNER
    from tre_toolkit.signing import Signer

    declared = _agreed(project, trust)
    whom = To(*(Recipient.read(path) if path else None for path in (to, to_linker, to_research)))
    for _, path, _ in whom.halves(into):
        if path.exists():
            raise TreError("something stands here already", where=str(path), hint="name another place")
    limit = held(memory)
    check_opening(
        memory, {path: memory_of(path, kind=kind) for path, kind in ((key_, KIND), (signer, SIGNER))}
    )
    passphrase = console.passphrase(passphrase_file, what=f"{key_} and {signer}")
    opened, signing = Key.read(key_, passphrase), Signer.read(signer, passphrase)
    options = Options(
        authority=authority,
        without=read_list(without) if without else frozenset(),
        areas=Areas.read(areas) if areas else None,
        names=Names.read(names) if names else Names(),
        truth_map=truth_map,
        own_map=own_map,
        new_series=new_series,
        jobs=jobs,
        elsewhere=_executors(spark, opened, key_, passphrase_file) if spark else None,
        held=HELD if limit is None else min(HELD, limit),
    )
    read = _read(returns, limit)
    check(memory, read, jobs=jobs)
    with console.progress("pseudonymising", len(read)) as done:
        made = run(
            read,
            declared,
            opened,
            to=whom,
            signer=signing,
            into=into,
            log=log or key_.with_name("audit.log"),
            options=options,
            done=done,
        )
    if as_json:
        console.answer_json([manifest.model_dump(mode="json", by_alias=True) for manifest in made.manifests])
    else:
        _tell_made(made)


def _tell_made(made: Made) -> None:
    console.answer_table(
        ["counted", "number"], [[name, count] for name, count in made.counts.items() if count]
    )
    worst = max(made.tokens, key=lambda one: one.share, default=None)
    if worst is not None:
        console.answer(
            f"frequency attack: at most {worst.share:.2%} of a column's tokens are borne by ten or more "
            f"({worst.column}, largest group {worst.largest})"
        )
    named = max(made.named, key=lambda one: one.learnt, default=None)
    if named is not None:
        console.answer(
            f"attack with lists of names: {named.learnt:.2%} of records named beyond chance, at most ({named.column})"
        )
    dated = max((one for one in made.dates if one.rows >= TELLING), key=lambda one: one.share, default=None)
    if dated is not None:
        console.answer(
            f"birthdays: at most {dated.share:.2%} of a column's dates tell the day of birth ({dated.column})"
        )
    rows = [
        [
            group.place,
            group.children,
            group.exposed,
            group.smallest,
            group.alike,
            group.values,
            f"{group.coarsest}, {group.would_be:,} left" if group.would_be < group.exposed else "",
        ]
        for group in made.groups
        if group.children
    ]
    if rows:
        names = ["return", "children", "in small groups", "k", "in groups all alike", "l", "coarsen first"]
        console.answer_table(names, rows)
    for path, manifest in zip(made.paths, made.manifests, strict=True):
        console.answer(
            f"{path}: parcel {manifest.counter} of authority {manifest.authority}, {len(manifest.parts)} parts "
            f"({manifest.content}) sealed for {manifest.recipient}"
        )


def _executors(url: str, key_: Key, path: Path, passphrase_file: Path | None) -> Executors:
    """Where tokens are made on a cluster; nobody can be asked for a passphrase there."""
    from pseudonymise.executors import Executors
    from tre_toolkit.spark import session

    if passphrase_file is None:
        raise MisuseError("--spark needs --passphrase-file", hint="every worker opens the key by itself")
    return Executors(session(url), path.resolve(), passphrase_file.resolve(), key_.commitment)


def _agreed(declaration: Path, trust: list[Path]) -> Project:
    """The declaration, once everyone in `trust` is found to have signed it."""
    from tre_toolkit.project import Project, check_signed
    from tre_toolkit.signing import Verifier

    check_signed(declaration, [Verifier.read(path) for path in trust])
    return Project.read(declaration)


def _read(paths: list[Path], held: int | None = None) -> list[Return]:
    """Every return that stands in `paths`, of each at most `held` bytes in memory."""
    from tre_toolkit.returns import find, read

    found = find(paths)
    if not found:
        raise MisuseError("no return was found here", hint="name the files or the folder that hold them")
    with console.progress("reading", len(found)) as done:
        returns = []
        for one in found:
            returns.append(read(one, held=held))
            done(1)
    return returns


def _tell(made: Plan) -> None:
    console.answer_table(
        ["column", "type", "says", "fate", "by"],
        [[one.name, one.type, one.role, one.fate, one.why] for one in made.columns],
        title=f"{made.project.title}: what happens to each column",
    )
    tally = Counter(one.fate for one in made.columns)
    told = {
        "columns": ", ".join(f"{count} {fate}" for fate, count in sorted(tally.items())),
        "tokens": f"{', '.join(f'{place} {len(names)}' for place, names in made.tokens.items())}"
        " (token columns of each return; --json or --html names them)",
        "small groups": "told after the run, never refused: limits.most_exposed is 1"
        if made.project.limits.most_exposed == 1
        else f"refused above {made.project.limits.most_exposed:.0%} of a return's children",
        "plan": f"{made.digest[:16]}, profile {made.project.profile}",
    }
    console.answer(console.lines_of(told))
    for problem in made.problems:
        console.say(str(problem))
