"""`tre link` and `tre workspace`: the linker's two commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tre_toolkit import console

if TYPE_CHECKING:
    from tre_toolkit.parcel import RecipientKey
    from tre_toolkit.signing import Verifier

Parcels = Annotated[list[Path], typer.Argument(help="The parcels, each once.", show_default=False)]
Key = Annotated[
    Path, typer.Option("--key", help="The private key the parcels are sealed for.", show_default=False)
]
Trust = Annotated[
    list[Path], typer.Option("--trust", help="Public key of a sender (repeat).", show_default=False)
]
Into = Annotated[Path, typer.Option("--into", help="The folder to make.", show_default=False)]
Secret = Annotated[Path | None, typer.Option("--passphrase-file", help="File with the key's passphrase.")]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        help="What the command may take, such as 1GB; the rest goes to a private folder beside --into.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def link(
    parcels: Parcels,
    key: Key,
    trust: Trust,
    into: Into,
    passphrase_file: Secret = None,
    report: Annotated[Path | None, typer.Option("--report", help="Put the report here as well.")] = None,
    rules: Annotated[str, typer.Option("--rules", help="The ordered rule set to use.")] = "exact",
    engine: Annotated[
        str, typer.Option("--engine", help="model, rules, splink, or auto: the model where it can.")
    ] = "auto",
    threshold: Annotated[
        str | None,
        typer.Option("--threshold", help="A probability, precise or broad; the model sets its own."),
    ] = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", help="The spine of the run before: its person ids are kept.")
    ] = None,
    relearn: Annotated[
        bool,
        typer.Option(
            "--relearn", help="With --previous: link everything anew; events.parquet tells changes."
        ),
    ] = False,
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="A spine whose review list was worked through.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Synthetic children only: who is who.")
    ] = None,
    truth_map: Annotated[
        list[Path] | None, typer.Option("--truth-map", help="Truth map of a parcel (repeat).")
    ] = None,
    book: Annotated[
        Path | None,
        typer.Option(
            "--book",
            help="Book of parcels that came in: an older one sent again is refused; parcels.log beside the key if absent.",
        ),
    ] = None,
    memory: Memory = None,
    spark: Annotated[
        str | None,
        typer.Option("--spark", help="With --engine splink: where Spark is (local[2], spark://host:7077)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find out which records are one person, and write the spine.

    Example: tre link 990/990.parcel 991/991.parcel --key tre/tre.key --trust 990/signer.key.pub --trust
    991/signer.key.pub --into spine
    """
    from tre_toolkit.errors import MisuseError
    from tre_toolkit.linkage.run import link as link_parcels

    if spark is not None and engine != "splink":
        raise MisuseError("only Splink runs on Spark", hint="--engine splink, or leave --spark out")
    opened, senders = _keys(key, trust, passphrase_file)
    with console.progress("linking", total=1) as done:
        spine = link_parcels(
            parcels,
            key=opened,
            trusted=senders,
            into=into,
            report=report,
            engine=engine,
            rules=rules,
            threshold=_threshold(threshold),
            previous=previous,
            relearn=relearn,
            decisions=decisions,
            truth=truth,
            truth_maps=truth_map or (),
            book=book or key.with_name("parcels.log"),
            memory=memory,
            spark=spark,
        )
        done(1)
    _tell(into, as_json=as_json)
    if events := spine.facts.get("events"):
        console.say(
            f"since the earlier run: {events['merged']:,} persons merged, {events['split']:,} split (events.parquet)"
        )
    for line in _mothers(spine.facts):
        console.say(line)
    for one in spine.facts["left_out"]:
        console.say(f"left out of the step {one['step']!r}: tokens too many records share; see the report")


def workspace(
    spine: Annotated[Path, typer.Argument(help="The spine folder.", show_default=False)],
    parcels: Parcels,
    key: Key,
    trust: Trust,
    into: Into,
    passphrase_file: Secret = None,
    memory: Memory = None,
    as_json: AsJson = False,
) -> None:
    """Put the parcels' payload under the spine's person ids: the researcher's workspace.

    Example: tre workspace spine 990/990.parcel 991/991.parcel --key tre/tre.key --trust 990/signer.key.pub --trust
    991/signer.key.pub --into workspace
    """
    from tre_toolkit.linkage.spine import read_spine
    from tre_toolkit.linkage.workspace import make_workspace

    read = read_spine(spine)
    opened, senders = _keys(key, trust, passphrase_file)
    with console.progress("making the workspace", total=1) as done:
        facts = make_workspace(read, parcels, key=opened, trusted=senders, into=into, memory=memory)
        done(1)
    if as_json:
        console.answer_json(facts)
        return
    rows = [(name.removesuffix(".parquet"), one["rows"]) for name, one in facts["files"].items()]
    console.answer_table(("table", "rows"), rows)
    console.answer(f"workspace  {into}")


def clerical(
    spine: Annotated[Path, typer.Argument(help="The spine folder.", show_default=False)],
    pair: Annotated[str | None, typer.Argument(help="A pair of its review list.", show_default=False)] = None,
    same: Annotated[bool | None, typer.Option("--same/--not-same", help="Decide about the pair.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who decides.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the list as a page to read and print.")
    ] = None,
    lists: Annotated[
        Path | None,
        typer.Option("--lists", help="Write for each authority the pairs to look up, into this folder."),
    ] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(
            "--answers", help="A list that came back from its authority, with its answers (repeat)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at the pairs the model isn't sure of, by what agrees and never by value, and decide about them.

    Example: tre clerical spine RAB2CDE3F4 --same --by "A. Reviewer"
    """
    from tre_toolkit.errors import MisuseError
    from tre_toolkit.linkage import clerical as review
    from tre_toolkit.linkage.sheet import write_lists, write_sheet

    if same is not None:
        if pair is None or by is None:
            raise MisuseError(
                "a decision needs the pair and --by", hint='tre clerical spine PAIR --same --by "NAME"'
            )
        review.decide(spine, pair, same=same, by=by)
        console.say(f"logged; it binds the next run with --decisions {spine}")
        return
    if answers:
        if by is None:
            raise MisuseError("answers need --by", hint='tre clerical spine --answers FILE --by "NAME"')
        told = review.take_answers(spine, answers, by=by)
        if as_json:
            console.answer_json(told)
        else:
            console.answer_table(("answer", "pairs"), list(told.items()))
        return
    table = review.read_list(spine)
    said = review.decisions(spine).set_index("pair")["same"].map({True: "same", False: "not same"}).to_dict()
    if html is not None:
        write_sheet(table, said, html)
    if lists is not None:
        write_lists(table, lists)
    shown = table if pair is None else table[table["pair"] == pair]
    rows = [
        (
            one["pair"],
            f"{one['probability']:.2f}",
            f"{one['rivals_left']}/{one['rivals_right']}",
            said.get(one["pair"], ""),
            review.in_words(one),
        )
        for one in shown.to_dict("records")
    ]
    if as_json:
        names = ("pair", "probability", "rivals", "decision", "agreement")
        console.answer_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        console.answer_table(("pair", "probability", "rivals", "decision", "what agrees"), rows)


def _keys(key: Path, trust: list[Path], passphrase_file: Path | None) -> tuple[RecipientKey, list[Verifier]]:
    from tre_toolkit.parcel import RecipientKey
    from tre_toolkit.signing import Verifier

    secret = console.passphrase(passphrase_file, what=str(key))
    return RecipientKey.read(key, secret), [Verifier.read(path) for path in trust]


def _threshold(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _tell(into: Path, *, as_json: bool) -> None:
    import json

    told = json.loads((into / "report.json").read_text(encoding="utf-8"))
    if as_json:
        console.answer_json(told)
        return
    console.answer_table(
        ("authority", "return", "period", "records", "persons", "linked"),
        [
            (
                one["authority"],
                one["dataset"],
                one["period"],
                one["records"],
                one["persons"],
                _share(one["linked"]),
            )
            for one in told["returns"]
        ],
    )
    console.answer_table(
        ("step", "band", "records"),
        [(one["step"], one["band"], one["records"]) for one in told["steps"] if one["records"]],
    )
    facts = {
        "engine": told["settings"]["engine"],
        "persons": f"{told['persons']['all']:,}",
        "records": f"{told['records']['in']:,}",
    }
    if truth := told.get("truth"):
        facts["against the truth"] = ", ".join(
            f"{name} {truth[name]:.4f}" for name in ("precision", "recall", "f1")
        )
    console.answer(console.lines_of({**facts, "spine": into, "report": into / "report.html"}))


def _share(rate: object) -> str:
    return f"{rate:.1%}" if isinstance(rate, float) else str(rate)


def _mothers(facts: Mapping[str, Any]) -> list[str]:
    """What is said of mothers and of numbers in the terminal; counts under ten aren't shown."""
    told, lines = facts.get("mothers", {}), []
    if "births" in told:
        found = _many(told["births with a delivery"])
        lines.append(f"mothers: {found} of {_many(told['births'])} births have a delivery (spine.json)")
    if "named by number" in told:
        lines.append(f"mothers: {_many(told['named by number'])} records name theirs (spine.json)")
    if two := facts.get("numbers of two"):
        lines.append(
            f"{_many(two)} numbers are given to two records of one return and join nobody: ask who wrote them"
        )
    return lines


def _many(count: int) -> str:
    return f"{count:,}" if count == 0 or count >= 10 else "<10"
