"""`tre recipe` and `tre tabulate`: a study from the shell."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from tre_toolkit.research.workspace import Workspace

Memory = Annotated[
    str | None, typer.Option(help="The engine's limit, such as 500MB; what is beyond it goes to --spill.")
]
Spill = Annotated[
    Path | None,
    typer.Option(
        help="A folder as guarded as the workspace, for work beyond --memory; one beside the outputs when not given."
    ),
]
Spark = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Run on Spark: local[2], spark://host:7077. Every worker must see the workspace.",
    ),
]

recipe = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Studies of children's pathways, ready to run: `tre recipe run pathways --workspace W --into DIR`.",
)


@recipe.command("list")
def list_recipes(
    workspace: Path | None = typer.Option(
        None, help="Say for each recipe whether this workspace holds its data."
    ),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """List the recipes and the datasets each needs.

    Example: `tre recipe list --workspace workspace`
    """
    from tre_toolkit.research import recipes
    from tre_toolkit.research.workspace import open as open_workspace

    held = open_workspace(workspace).datasets if workspace else None
    found = [recipes.recipe(name).ABOUT for name in recipes.names()]
    told = [
        {
            "name": about.name,
            "title": about.title,
            "needs": list(about.needs),
            "also": list(about.also),
            **(
                {}
                if held is None
                else {"lacks": [one for one in (*about.needs, *about.also) if one not in held]}
            ),
        }
        for about in found
    ]
    if as_json:
        return console.answer_json(told)
    columns = [
        "recipe",
        "what it asks",
        "needs",
        "and where there is",
        *([] if held is None else ["this workspace lacks"]),
    ]
    rows = [
        [
            str(one["name"]),
            str(one["title"]),
            ", ".join(one["needs"]),
            ", ".join(one["also"]),
            *([] if held is None else [", ".join(one["lacks"]) or "nothing"]),
        ]
        for one in told
    ]
    return console.answer_table(columns, rows)


@recipe.command("run")
def run(
    name: str = typer.Argument(help="Which recipe: see `tre recipe list`."),
    workspace: Path = typer.Option(help="The workspace folder."),
    into: Path = typer.Option(help="The folder for the tables; made when it isn't there."),
    memory: Memory = None,
    spill: Spill = None,
    spark: Spark = None,
) -> None:
    """Run a recipe: its tables, each with the evidence that lets the gate derive it again.

    Example: `tre recipe run pathways --workspace workspace --into outputs`
    """
    from tre_toolkit.research import recipes
    from tre_toolkit.research.run import run_recipe

    count = len(recipes.recipe(name).tables())
    with (
        _opened(workspace, memory, spill, into, spark) as opened,
        console.progress(f"recipe {name}", count) as done,
    ):
        ran = run_recipe(name, opened, into, done=done)
    for path in ran.written:
        console.answer(str(path))
    for file, why in ran.left_out.items():
        console.say(f"left out {file}: {why}")
    console.say("not checked yet: `tre check` says what may leave")


@recipe.command("draw")
def draw(
    table: Path = typer.Argument(help="A table whose evidence says PASS."),
    into: Path = typer.Option(help="The figure to write, an .svg or a .png."),
    kind: str | None = typer.Option(
        None,
        help="flow, bars, area, groups, curve, heat, forest, panel or effect; told from the table when not given.",
    ),
    title: str | None = typer.Option(None, help="The figure's title; the table's when not given."),
    pack: list[str] = typer.Option(
        [], help="A rule pack the table must pass, beside those its evidence names."
    ),
) -> None:
    """Draw a table that passed the check: nothing stands in the figure that doesn't stand in the table.

    Example: `tre recipe draw outputs/state_flow.safe.csv --into outputs/state_flow.svg`
    """
    from tre_toolkit.research.figures import draw_table

    console.answer(str(draw_table(table, into, kind=kind, title=title, packs=tuple(pack))))


@recipe.command("report")
def report(
    folder: Path = typer.Argument(help="The folder of a recipe's outputs."),
    into: Path = typer.Option(help="The page to write, an .html."),
    pack: list[str] = typer.Option(
        [], help="A rule pack the tables must pass, beside those their evidence names."
    ),
) -> None:
    """Write one page for a study: the question, its limits, and each table that passes with its figure.

    Example: `tre recipe report outputs --pack dfe-cin --into outputs/report.html`
    """
    from tre_toolkit.research.report import write_report

    console.answer(str(write_report(folder, into, packs=tuple(pack))))


@recipe.command("combine")
def combine_releases(
    name: str = typer.Argument(help="The recipe whose tables were released."),
    releases: list[Path] = typer.Argument(
        metavar="RELEASE...", help="The released folder of each authority."
    ),
    trust: list[Path] = typer.Option(help="Public key of a gate, gate.pub (repeat)."),
    into: Path = typer.Option(help="The new folder for the sums."),
    revocations: Path | None = typer.Option(None, help="A gate's list of recalled releases."),
) -> None:
    """Add up what several authorities released: tables, never rows; what one of them hides stays hidden.

    Example: `tre recipe combine uea_pathways 990/release 991/release --trust 990/gate.pub --trust 991/gate.pub --into both`
    """
    from tre_toolkit.research.combine import combine

    told = combine(name, releases, trusted=trust, into=into, revocations=[revocations] if revocations else [])
    for path in told.written:
        console.answer(str(path))
    for file, why in told.left_out.items():
        console.say(f"left out {file}: {why}")


def tabulate(
    declared: Path = typer.Argument(help="A declared table: a .toml, or the .evidence.json of an output."),
    workspace: Path = typer.Option(help="The workspace folder."),
    into: Path = typer.Option(help="The table to write, a .csv."),
    memory: Memory = None,
    spill: Spill = None,
    spark: Spark = None,
) -> None:
    """Count children as a declaration says; the gate derives outputs again with this command.

    Example: `tre tabulate table.toml --workspace workspace --into outputs/table.csv`
    """
    import disclosure
    from tre_toolkit.research.evidence import read_declaration, write_output
    from tre_toolkit.research.measures import tabulate as count

    if disclosure.is_session_recipe(declared):  # what a session made from a table it opened
        if spark is not None or spill is not None:
            raise MisuseError(
                "a session's recipe is made in this process: it has no --spark and nothing to --spill",
                hint="leave them out; --memory is kept to",
            )
        with console.progress("making the table again"):
            made = disclosure.derive(declared, workspace, into, memory=memory)
        console.answer(str(made))
        return
    wanted, digest = read_declaration(declared)
    with _opened(workspace, memory, spill, into, spark) as opened:
        if digest is not None and digest != opened.digest:
            raise TreError(
                "the workspace isn't the one the recipe was run over",
                where=str(workspace),
                hint="open the workspace that the evidence's dataset_digest names",
            )
        with console.progress("counting children"):  # in one query of the engine's: there is no count
            write_output(into, count(opened, wanted), wanted, opened, made_by="tre tabulate")
    console.answer(str(into))


@contextmanager
def _opened(
    folder: Path, memory: str | None, spill: Path | None, into: Path, spark: str | None
) -> Iterator[Workspace]:
    """The workspace, with room to work beyond the limit: of the owner alone, and gone afterwards."""
    from tre_toolkit.research.workspace import open as open_workspace

    if spark is not None:
        from tre_toolkit.spark import session

        yield open_workspace(folder, spark=session(spark, memory=memory, folder=spill))
        return
    if memory is None or spill is not None:
        yield open_workspace(folder, memory=memory, spill=spill)
        return
    with tempfile.TemporaryDirectory(prefix=".spill-", dir=_standing(into)) as room:
        yield open_workspace(folder, memory=memory, spill=room)


def _standing(place: Path) -> Path:
    """The nearest folder above a place that is there already."""
    return next(one for one in place.absolute().parents if one.is_dir())
