"""`tre synth`: invented children in the exact shape of the statutory returns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError

if TYPE_CHECKING:
    from synth.like import Likeness
    from synth.margins import Joint
    from tre_toolkit.signing import Signer


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
        1,
        min=0,
        max=3,
        help="0: from the schemas alone; 1: by published or approved figures; 2: fitted to real returns; 3: fitted with a privacy budget.",
    ),
    margin: list[Path] = typer.Option(
        [], help="Tier 1: a CSV of approved counts (a column a variable, and `count`); may be given again."
    ),
    like: list[Path] = typer.Option(
        [], help="Tiers 2 and 3, inside the TRE only: files or folders of the real returns to learn from."
    ),
    epsilon: float = typer.Option(0.0, help="Tier 3: the privacy budget."),
    delta: float = typer.Option(1e-6, help="Tier 3: the chance that the budget doesn't hold."),
    pairs: Path = typer.Option(None, help="Tier 3: TOML that declares which pairs of columns are kept."),
    engine: str = typer.Option(
        "tree", help="Tier 2: what draws the attributes: tree, or SDV's gaussian-copula, ctgan, hma, par."
    ),
    epochs: int = typer.Option(100, min=1, help="Tier 2: how long ctgan and par learn."),
    profile: str = typer.Option("none", "--mess", help="A profile of messiness: none, ons, light, records."),
    signer: Path = typer.Option(
        None, help="Sign the manifest with this signer's key (as `tre parcel new-key signer` makes)."
    ),
    passphrase_file: Path = typer.Option(None, help="The passphrase of the signer's key."),
    form: list[str] = typer.Option(
        [],
        help="Another form for a dataset, such as ssda903=xml; may be given again.",
        metavar="DATASET=FORM",
    ),
    memory: str = typer.Option(
        None, help="The memory a run may take, such as 800MB; it makes smaller chunks, and the same bytes."
    ),
    into: Path = typer.Option(..., help="The new folder to write into."),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Invent children and write their returns.

    Example: `tre synth cin_census ssda903 school_census --authority 990 --authority 991 --years 2023-2025
    --children 2000 --seed 1 --into invented`
    """
    from synth.plan import Plan
    from synth.tell import check_datasets, wanted
    from synth.write import checked_forms, chunk_of, chunks, synthesise

    plan = Plan(tuple(authority), children, _years(years), seed, known, tier)
    check_datasets(datasets)
    size, forms = chunk_of(memory), checked_forms(_forms(form), datasets)
    total = len(list(chunks(plan, size))) * len(plan.authorities) * len(wanted(plan.years, datasets))
    with console.progress("inventing children", total) as done:
        made = synthesise(
            datasets,
            into,
            plan=plan,
            profile=profile,
            likeness=_likeness(datasets, like, tier, seed, (epsilon, delta), pairs, (engine, epochs)),
            joint=_joint(margin, tier),
            signer=_signer(signer, passphrase_file),
            chunk=size,
            forms=forms,
            done=done,
        )
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


def _likeness(
    names: list[str],
    like: list[Path],
    tier: int,
    seed: int,
    budget: tuple[float, float],
    pairs: Path | None,
    engine: tuple[str, int],
) -> Likeness | None:
    """What tiers 2 and 3 learn; None in the others, which may not be given data."""
    if engine[0] != "tree" and tier != 2:
        raise MisuseError("other engines belong to tier 2", hint="leave --engine out, or choose --tier 2")
    if (tier >= 2) != bool(like):
        wanted = (
            "tiers 2 and 3 learn from real returns: give --like"
            if tier >= 2
            else "tiers 0 and 1 read no data"
        )
        raise MisuseError(wanted, hint="leave --like out, or choose --tier 2 or 3")
    if not like:
        return None
    import tomllib

    from synth.like import learn, real_returns
    from synth.private import Ledger

    ledger = Ledger(*budget) if tier == 3 else None
    declared = tomllib.loads(pairs.read_text(encoding="utf-8")) if pairs else None
    real = real_returns(like, names)
    name, epochs = engine
    return learn(real, tier=tier, seed=seed, ledger=ledger, pairs=declared, engine=name, epochs=epochs)


def _forms(said: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in said]
    if any(not middle for _, middle, _ in pairs):
        raise MisuseError("a form is given as DATASET=FORM", hint="such as --form ssda903=xml")
    return {name: form for name, _, form in pairs}


def _signer(key: Path | None, file: Path | None) -> Signer | None:
    from tre_toolkit.signing import Signer

    return Signer.read(key, console.passphrase(file, what="the signer")) if key else None


def _joint(margins: list[Path], tier: int) -> Joint | None:
    """The fullest distribution that agrees with the approved tables."""
    if not margins:
        return None
    if tier != 1:
        raise MisuseError("approved tables belong to tier 1", hint="leave --margin out, or choose --tier 1")
    from synth.margins import fit, read_margin

    return fit([read_margin(path) for path in margins])


def _years(text: str) -> tuple[int, ...]:
    first, _, last = text.partition("-")
    try:
        return tuple(range(int(first), int(last or first) + 1))
    except ValueError:
        raise MisuseError("the years are not right", hint="such as 2025, or 2023-2025") from None
