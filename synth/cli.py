"""`tre synth`: invented children in the exact shape of the statutory returns."""

from __future__ import annotations

from pathlib import Path

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError


def synth(
    datasets: list[str] = typer.Argument(
        ..., metavar="DATASET...", help="Returns to write, such as cin_census."
    ),
    authority: list[str] = typer.Option(
        ["990"],
        "--authority",
        help="Number of an invented authority, 944 to 998; may be given again.",
        metavar="CODE",
    ),
    years: str = typer.Option("2025", help="A collection year or a span of them, such as 2023-2025."),
    children: int = typer.Option(1000, min=0, help="How many children live in each authority."),
    seed: int = typer.Option(0, help="The same seed gives the same children, byte for byte."),
    known: float = typer.Option(
        0.5,
        min=0,
        max=1,
        help="Share of the children who are referred to children's services in these years.",
    ),
    tier: int = typer.Option(
        1, min=0, max=1, help="0: from the schemas alone; 1: careers and codes by published figures."
    ),
    profile: str = typer.Option("none", "--mess", help="A profile of messiness: none, ons, light, records."),
    into: Path = typer.Option(..., help="The new folder to write into."),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Invent children and write their returns.

    Example: `tre synth cin_census ssda903 school_census --authority 990 --authority 991 --years 2023-2025
    --children 2000 --seed 1 --into invented`
    """
    from synth.plan import Plan
    from synth.tell import check_datasets, wanted
    from synth.write import CHUNK, chunks, synthesise

    plan = Plan(tuple(authority), children, _years(years), seed, known, tier)
    check_datasets(datasets)
    total = len(list(chunks(plan, CHUNK))) * len(plan.authorities) * len(wanted(plan.years, datasets))
    with console.progress("inventing children", total) as done:
        made = synthesise(datasets, into, plan=plan, profile=profile, done=done)
    if as_json:
        console.answer_json(made | {"into": str(into), "seed": seed})
        return
    facts = {
        "invented": f"{made['children']:,} children in {', '.join(plan.authorities)}, {years}, seed {seed}",
        "written": f"{made['rows']:,} rows in {made['files']:,} files",
        "into": str(into),
        "marked": "SYNTHETIC.json, and identifiers nobody was ever given",
    }
    console.answer(console.lines_of(facts))


def _years(text: str) -> tuple[int, ...]:
    first, _, last = text.partition("-")
    try:
        return tuple(range(int(first), int(last or first) + 1))
    except ValueError:
        raise MisuseError("the years are not right", hint="such as 2025, or 2023-2025") from None
