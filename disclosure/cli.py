"""`tre check` and `tre protect`: the researcher's commands before anything is asked out.

Light at import: everything heavy is loaded inside the commands.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tre_toolkit.errors import FINDINGS, MisuseError

if TYPE_CHECKING:
    from disclosure.findings import Finding, Verdict

COLOUR = {"PASS": "green", "REVIEW": "yellow", "FAIL": "red"}
CLAIMED = (
    "claimed: the numbers of children behind the figures are their author's word;"
    " `tre check --workspace WORKSPACE` makes them again"
)
CLAIMED_STILL = "claimed: nothing could make these figures again, so they are their author's word"
MOST = 20  # findings of one file that are printed; --json gives all


def check(
    ctx: typer.Context,
    files: list[Path] = typer.Argument(help="Outputs: tables, figures, documents."),
    pack: list[str] = typer.Option([], "--pack", help="Rule pack, by name or as a .toml; several chain."),
    against: Path = typer.Option(None, "--against", help="Ledger of what was released before."),
    record: bool = typer.Option(False, "--record", help="Add what passed to the ledger."),
    workspace: Path = typer.Option(
        None, "--workspace", help="Make each table again from its recipe over this workspace, and compare."
    ),
    memory: str = typer.Option(
        None, "--memory", help="With --workspace: the most that making one table again may take, such as 2GB."
    ),
    as_json: bool = typer.Option(False, "--json", help="The whole answer as JSON."),
) -> None:
    """Say for each output whether it may leave: PASS, REVIEW or FAIL, and why, cell by cell.

    A table's evidence is its author's word (*claimed*) until it is made again with --workspace (*verified*).

    Example: `tre check outputs/table.csv --pack dfe-cin`
    """
    from disclosure.check import check_files
    from disclosure.findings import worst
    from disclosure.ledger import open_ledger, read_ledger

    if record and against is None:
        raise MisuseError("--record needs a ledger", hint="give --against LEDGER")
    if memory and workspace is None:
        raise MisuseError("--memory is for making tables again", hint="give --workspace WORKSPACE with it")
    ledger = (open_ledger(against) if record else read_ledger(against)) if against else None
    with _bar(ctx, "checking", len(files) + 1, "files") as done:
        verdicts = check_files(
            files, list(pack), against=ledger, record=record, workspace=workspace, memory=memory, done=done
        )
    level = worst(verdict.level for verdict in verdicts.values())
    if as_json:
        found = [finding.as_dict() for verdict in verdicts.values() for finding in verdict.findings]
        told = [
            {"file": str(file), "verdict": verdict.verdict, "evidence": verdict.standing}
            for file, verdict in verdicts.items()
        ]
        answer = {"verdict": level.value, "files": told, "findings": found}
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    else:
        for file, verdict in verdicts.items():
            _print_verdict(file, verdict)
        if any(verdict.standing == "claimed" for verdict in verdicts.values()):
            _say(CLAIMED if workspace is None else CLAIMED_STILL)
    if level.value != "PASS":
        raise typer.Exit(FINDINGS)


def protect(
    ctx: typer.Context,
    files: list[Path] = typer.Argument(help="Tables of counts, as CSV; several are suppressed as one."),
    method: str = typer.Option("suppress", "--method", help="suppress, round, merge or cell-key."),
    pack: list[str] = typer.Option([], "--pack", help="Rule pack, by name or as a .toml; several chain."),
    into: Path = typer.Option(
        ..., "--into", help="Where the protected table is written; for several tables, a new folder."
    ),
    must_publish: list[str] = typer.Option([], "--must-publish", help="A label whose cells stay shown."),
    base: int = typer.Option(
        0, "--base", help="What to round to; the pack's own base, if it has one, else ours."
    ),
    how: str = typer.Option(
        "",
        "--how",
        help="How to round: controlled (totals hold), nearest or random; what to merge: rows or columns.",
    ),
    key_file: Path = typer.Option(
        None, "--key-file", help="A secret of 16 bytes or more, for random rounding."
    ),
    singletons: bool = typer.Option(
        False, "--singletons", help="Also keep out a child who is alone in a hidden cell and knows it."
    ),
    seconds: float = typer.Option(60.0, "--seconds", help="The longest the search for the optimum may take."),
) -> None:
    """Write the same table, safe, and beside it the evidence of how it was made so.

    Example: `tre protect outputs/table.csv --method suppress --pack dfe-cin --into outputs/table.safe.csv`
    """
    from disclosure.protection import protect as protect_table

    if len(files) > 1:
        _protect_together(ctx, files, method, pack, into, seconds)
        return
    with _bar(ctx, "protecting"):  # one search for the optimum: there is no count
        safe = protect_table(
            files[0],
            method=method,  # type: ignore[arg-type]  # checked there
            packs=list(pack),
            seconds=seconds,
            must_publish=must_publish,
            base=base or None,
            how=how or None,
            key=key_file.read_bytes() if key_file else None,
            singletons=singletons,
        )
        safe.write(into)
    _say(f"{into}: {_done(safe.method, safe.settings, safe.lost)}")
    _print_verdict(into, safe.verdict)
    if not safe.verdict.passed:
        raise typer.Exit(FINDINGS)


def _protect_together(
    ctx: typer.Context, files: list[Path], method: str, packs: list[str], into: Path, seconds: float
) -> None:
    """Suppress several tables as one, each under its own name in the new folder `into`."""
    from disclosure.linked import protect_together, write_together

    if method != "suppress":
        raise MisuseError(
            "several tables are protected together by suppression only",
            hint="name one file for other methods",
        )
    with _bar(ctx, "protecting", len(files) + 1, "tables") as done:
        safe = protect_together(files, packs=packs, seconds=seconds, done=done)
        write_together(safe, files, into)
    for file, one in zip(files, safe, strict=True):
        _say(f"{into / file.name}: {_done(one.method, one.settings, one.lost)}")
        _print_verdict(into / file.name, one.verdict)
    if not all(one.verdict.passed for one in safe):
        raise typer.Exit(FINDINGS)


def explain(
    rule: str = typer.Argument(help="A rule as findings name it, such as dfe-cin/count."),
) -> None:
    """Say what a rule is about, why it is there and where its figure comes from.

    Example: `tre explain dfe-cin/attack`
    """
    from rich.console import Console

    from disclosure.explain import explain as explain_rule

    Console(highlight=False, soft_wrap=True).print(explain_rule(rule), markup=False)


def _bar(
    ctx: typer.Context, what: str, total: int | None = None, unit: str = ""
) -> AbstractContextManager[Callable[[int], None]]:
    """The front door's progress bar where it gave one (this room doesn't know the console), else none."""
    given: Any = ctx.find_root().obj
    if given is None:
        return nullcontext(lambda _: None)
    bar: AbstractContextManager[Callable[[int], None]] = given(what, total, unit=unit)
    return bar


def _done(method: str, settings: object, lost: object) -> str:
    told: dict[str, object] = {**dict(settings), **dict(lost)}  # type: ignore[call-overload]
    if method == "suppress":
        best = "the fewest possible" if told["proved_optimal"] else f"at least {told['bound']:.0f} are needed"
        return (
            f"{told['small']} small cells hidden and {told['further']} more so that none can be worked out"
            f" ({best}); {told['of']} cells in all"
        )
    if method == "round":
        return f"rounded to {told['base']} ({told['how']}); largest change {told['largest_change']}"
    if method == "merge":
        return f"{told['merged']} categories merged into their neighbours"
    return method


def _print_verdict(file: Path, verdict: Verdict) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[{COLOUR[verdict.verdict]}]{verdict.verdict:<6}[/] ", end="")
    console.print(f"{file}{_standing(verdict)}", markup=False)
    for finding in verdict.findings[:MOST]:
        _print_finding(console, finding)
    if len(verdict.findings) > MOST:
        console.print(f"       and {len(verdict.findings) - MOST} more; --json lists them", markup=False)


def _standing(verdict: Verdict) -> str:
    return f"  ({verdict.standing})" if verdict.standing != "none" else ""


def _print_finding(console: object, finding: Finding) -> None:
    print_ = console.print  # type: ignore[attr-defined]
    print_(f"  {finding.verdict.value:<6} {finding.where}: {finding.message} [{finding.rule}]", markup=False)
    print_(f"         fix: {finding.fix}", markup=False)


def _say(text: str) -> None:
    from rich.console import Console

    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
