"""`tre schema`: what the catalogue knows, on the screen, in files and on the reference pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tre_toolkit import console
from tre_toolkit.errors import MisuseError, Problem, Problems, TreError

if TYPE_CHECKING:
    from tre_toolkit.schema import Schema

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="What every dataset looks like in every year: columns, codes, rules, and what each column reveals.",
)

Named = Annotated[
    str, typer.Argument(help="Name of a dataset, as `tre schema list` gives it.", metavar="DATASET")
]
Year = Annotated[
    int | None, typer.Option(help="The collection year; the latest fully known one when not given.")
]
Term = Annotated[str | None, typer.Option(help="The term, where a dataset has terms.")]
Catalogue = Annotated[
    list[Path] | None, typer.Option(help="A further catalogue folder, with a project's own datasets.")
]
AsJson = Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")]


@app.command("list")
def list_(catalogue: Catalogue = None, as_json: AsJson = False) -> None:
    """List the datasets of the catalogue. Example: `tre schema list`"""
    from tre_toolkit.schema import dataset, datasets, describe

    more = catalogue or []
    known = [dataset(name, *more) for name in datasets(*more)]
    rows = [
        (
            one.name,
            one.title,
            describe.years(one) or "all",
            len(one.tables),
            len({rule.id for rule in one.rules}),
            one.confidence,
        )
        for one in known
    ]
    heads = ("dataset", "title", "years", "tables", "rules", "confidence")
    if as_json:
        console.answer_json([dict(zip(heads, row, strict=True)) for row in rows])
    else:
        console.answer_table(heads, rows)


@app.command()
def show(
    name: Named,
    table: Annotated[str | None, typer.Argument(help="One table of it.", metavar="[TABLE]")] = None,
    column: Annotated[
        str | None, typer.Argument(help="One column of that table.", metavar="[COLUMN]")
    ] = None,
    year: Year = None,
    term: Term = None,
    catalogue: Catalogue = None,
    as_json: AsJson = False,
) -> None:
    """Show a dataset, one of its tables, or the codes of a column.

    Example: `tre schema show ssda903 episodes PLACE --year 2025`
    """
    from tre_toolkit.schema import describe, export

    schema = _schema(name, year, term, catalogue)
    if as_json:
        told = [schema.table(table)] if table else list(schema.tables)
        console.answer_json({one.name: export.table_schema(schema, one) for one in told})
    elif table is None:
        _show_dataset(schema)
    elif column is None:
        found = schema.table(table)
        console.answer(f"{found.title or found.name}: {found.grain}")
        console.answer_table(
            ("column", "values", "required", "reveals", "stays"), describe.fields(schema, found)
        )
    else:
        field = schema.column(table, column)
        told_of = {
            "column": field.name,
            "values": describe.values(field),
            "reveals": describe.reveals(field),
            "stays": describe.stays(schema.table(table), field),
        }
        console.answer(console.lines_of(told_of | ({"note": field.note} if field.note else {})))
        if field.codes:
            rows = describe.codes(schema.dataset.code_lists[field.codes], schema.year)
            console.answer_table(("value", "meaning", "group", "years"), rows)


@app.command()
def rules(
    name: Named,
    number: Annotated[str | None, typer.Argument(help="The number of one rule.", metavar="[RULE]")] = None,
    year: Year = None,
    catalogue: Catalogue = None,
) -> None:
    """List the rules of a year, or show what one of them asks. Example: `tre schema rules ssda903 388`"""
    schema = _schema(name, year, None, catalogue)
    if number is None:
        console.answer_table(
            ("rule", "kind", "scope", "breaks when"),
            [(rule.id, rule.kind, rule.scope, rule.breaks_when) for rule in schema.rules],
        )
        return
    found = next((rule for rule in schema.rules if rule.id == number), None)
    if found is None:
        raise TreError(f"the {schema.dataset.title} of {schema.year} has no rule of that number")
    facts = {
        "rule": found.id,
        "kind": found.kind,
        "scope": found.scope,
        "reports": ", ".join(found.flags),
        "breaks when": found.breaks_when,
        "note": found.note or "",
        "unsettled": "yes" if found.unsettled else "",
    }
    console.answer(console.lines_of({key: value for key, value in facts.items() if value}))
    console.answer(f"\n{(found.sql or 'no query: what it asks is not settled').strip()}")


@app.command()
def export(
    name: Named,
    into: Annotated[Path, typer.Option(help="The new folder to write into.")],
    form: Annotated[str, typer.Option("--as", help="frictionless, json-schema or csv.")] = "frictionless",
    year: Year = None,
    term: Term = None,
    catalogue: Catalogue = None,
) -> None:
    """Write a dataset of one year in another format: Frictionless, JSON Schema, or a code book in CSV.

    Example: `tre schema export ssda903 --year 2025 --as csv --into codebook`
    """
    from tre_toolkit.schema import export as exporting

    for path in exporting.export(_schema(name, year, term, catalogue), form, into):
        console.answer(str(path))


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(help="The folder of one dataset: it holds dataset.toml.", metavar="FOLDER")
    ],
) -> None:
    """Load a dataset of one's own in every year it knows, and tell everything that is wrong with it.

    Example: `tre schema check our-catalogue/family_support`
    """
    from tre_toolkit.schema.load import load_dataset

    loaded = load_dataset(folder)
    if loaded.name != folder.resolve().name:
        raise Problems(
            "the dataset is not right",
            [
                Problem(
                    "its name is not the name of its folder", hint="datasets are found by their folder's name"
                )
            ],
        )
    for year in loaded.years:
        loaded.at(year)
    fields = sum(len(table.fields) for table in loaded.tables)
    console.answer(
        f"{loaded.name}: {len(loaded.tables)} tables, {fields} columns, {len(loaded.rules)} rules: all right"
    )


@app.command()
def harmonise(
    workspace: Annotated[
        Path, typer.Argument(help="The workspace `tre workspace` made.", metavar="WORKSPACE")
    ],
    name: Named,
    into: Annotated[Path, typer.Option(help="The new folder for the comparable tables and their report.")],
    comparable: Annotated[
        bool, typer.Option("--comparable", help="Roll today's finer codes up, so that all years compare.")
    ] = False,
    ethnicity: Annotated[
        str | None, typer.Option(help="Make ethnic groups 18, 5 or those of the census2021.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the years of a dataset in a workspace comparable, and report what was mapped and what could not be.

    Example: `tre schema harmonise workspace ssda903 --comparable --into comparable-ssda903`
    """
    from dataclasses import asdict

    from tre_toolkit.schema.harmony import GROUPS
    from tre_toolkit.schema.harmony_files import harmonise_workspace

    groups = {str(one): one for one in GROUPS}
    if ethnicity is not None and ethnicity not in groups:
        raise MisuseError(f"ethnic groups come by {', '.join(groups)}")
    report = harmonise_workspace(
        workspace,
        name,
        into,
        years="comparable" if comparable else "latest",
        ethnicity=groups[ethnicity] if ethnicity else None,  # type: ignore[arg-type]  # a key of GROUPS
    )
    if as_json:
        console.answer_json([asdict(line) for line in report])
        return
    heads = ("table", "column", "what", "rows", "note")
    console.answer_table(
        heads, [(line.table, line.column, line.what, line.rows, line.note) for line in report]
    )


@app.command()
def docs(
    into: Annotated[Path, typer.Option(help="The folder of the pages.")] = Path("docs/reference/catalogue"),
    check_only: Annotated[
        bool, typer.Option("--check", help="Write nothing; say which pages are out of date.")
    ] = False,
    catalogue: Catalogue = None,
) -> None:
    """Make the reference pages of the catalogue, one a table. Example: `tre schema docs --check`"""
    from tre_toolkit.schema import pages

    more = catalogue or []
    if not check_only:
        console.answer(f"{pages.write_pages(into, *more)} pages in {into}")
        return
    late = pages.stale(into, *more)
    if late:
        raise Problems(
            "pages are out of date",
            [Problem(name) for name in late],
            hint=f"run `tre schema docs --into {into}`",
        )
    console.answer("all pages are up to date")


def _show_dataset(schema: Schema) -> None:
    from tre_toolkit.schema import describe

    console.answer(console.lines_of(describe.facts(schema.dataset)))
    rows = [
        (table.name, table.title or "", table.grain, len(table.columns), describe.when(table))
        for table in schema.tables
    ]
    console.answer_table(
        ("table", "title", "one row for", "columns", "collected"), rows, title=f"Tables of {schema.year}"
    )


def _schema(name: str, year: int | None, term: str | None, catalogue: list[Path] | None) -> Schema:
    from tre_toolkit.schema import dataset

    known = dataset(name, *(catalogue or []))
    if term and not known.terms:
        raise MisuseError(f"the {known.title} has no terms")
    return known.at(year or known.latest, term)
