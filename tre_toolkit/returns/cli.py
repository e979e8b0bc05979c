"""`tre validate`: the rules of the DfE on real returns, before anybody else sees them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tre_toolkit import console
from tre_toolkit.errors import FINDINGS, MisuseError, Problem, Problems, TreError

if TYPE_CHECKING:
    from tre_toolkit.returns import Found, Report
    from tre_toolkit.spark import SparkSession

LISTED = 20  # row numbers on a line of --rows
REASONS = 4  # reasons for skipping told in the summary


def validate(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders with returns.", metavar="RETURN…")],
    year: Annotated[
        int | None,
        typer.Option(help="The collection year (the year of its 31 March), where names don't say."),
    ] = None,
    authority: Annotated[
        str | None, typer.Option(help="The authority's three digits, where the return doesn't say.")
    ] = None,
    last: Annotated[
        Path | None,
        typer.Option(
            help="Folder with last year's returns, for the rules across two years; not needed where they stand beside this year's."
        ),
    ] = None,
    lookup: Annotated[
        list[str] | None, typer.Option(help="A list that some rules need, as NAME=FILE.csv; may be repeated.")
    ] = None,
    memory: Annotated[
        str, typer.Option(help="What the command may take of the machine's memory; the rest goes to disk.")
    ] = "2GB",
    spark: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Ask the rules on Spark: local[2], spark://host:7077."),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="List the rows that break each rule.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML page, too.")] = None,
) -> None:
    """Check returns against the rules of their collection year, by DfE rule number.

    Finds out by itself which returns stand in a folder. Tells rule numbers, row numbers and counts, never a
    value. Ends with 0 when no error was found, 1 when one was, 2 when the command was put wrongly.

    Example: `tre validate extracts/2025 --last extracts/2024 --html report.html`
    """
    from tre_toolkit.returns.finder import search

    files = _lookup_files(lookup or [])
    found = search(paths, year=year, authority=authority)
    reports, refused = _validate(list(found.found), last, files, memory, spark)
    if html is not None:
        from tre_toolkit.returns.page import write_page

        write_page(reports, refused, html)
    if as_json:
        console.answer_json(
            {
                "returns": [report.as_json(rows=rows) for report in reports],
                "refused": [str(problem) for problem in refused],
                "left_out": [path.name for path in found.left_out],
            }
        )
    else:
        for report in reports:
            _tell(report, rows=rows)
        for problem in refused:
            console.answer(f"refused: {problem}\n")
        for path in found.left_out:
            console.say(f"left out: {path.name} belongs to no return the catalogue knows")
        if html is not None:
            console.say(f"the report stands in {html}")
    if refused or not all(report.is_clean for report in reports):
        raise typer.Exit(FINDINGS)


def _lookup_files(given: list[str]) -> dict[str, Path]:
    files = {}
    for word in given:
        name, equals, file = word.partition("=")
        if not equals or not name:
            raise MisuseError("a lookup is given as NAME=FILE", hint="--lookup ofsted_provider=register.csv")
        if not Path(file).is_file():
            raise MisuseError("there is no such file", where=file)
        files[name] = Path(file)
    return files


def _validate(
    found: list[Found], last: Path | None, files: dict[str, Path], memory: str, spark: str | None
) -> tuple[list[Report], list[Problem]]:
    """One report a return; a return that can't be read is refused, and the others go on."""
    from tre_toolkit.returns import read, validate
    from tre_toolkit.returns.lookups import check_names

    check_names(files, [one.schema.dataset for one in found])
    asked_on = _session(spark, memory)
    earlier_ones = _found_in(last, found)
    _check_last_year(last, earlier_ones, found)
    before = (*found, *earlier_ones)
    reports: list[Report] = []
    refused: list[Problem] = []
    with console.progress(
        "reading and asking the rules", sum(len(one.schema.rules) for one in found)
    ) as done:
        for one in found:
            try:
                earlier = _last(one, before)
                year_ago = read(earlier) if earlier and _crosses_years(one) else None
                reports.append(
                    validate(
                        read(one), year_ago, files, memory=memory, spark=asked_on, found=str(one), done=done
                    )
                )
            except MisuseError:
                raise
            except Problems as several:
                refused.extend(several.problems)
            except TreError as error:
                refused.append(error.problem)
    return reports, refused


def _session(url: str | None, memory: str) -> SparkSession | None:
    if url is None:
        return None
    from tre_toolkit.spark import session

    return session(url, memory=memory)


def _found_in(folder: Path | None, found: list[Found]) -> tuple[Found, ...]:
    """The returns in the folder of last year; where nothing there says a year, it is the year before."""
    from tre_toolkit.returns.finder import search

    if folder is None:
        return ()
    try:
        return search([folder]).found
    except TreError:
        years = {one.year - 1 for one in found}
        if len(years) != 1:
            raise
        return search([folder], year=years.pop()).found


def _check_last_year(folder: Path | None, earlier: tuple[Found, ...], found: list[Found]) -> None:
    """Raise TreError where the folder of last year's returns holds none of the year before any of these."""
    if folder is None or any(_last(one, earlier) for one in found):
        return
    held = ", ".join(sorted({f"{one.dataset} {one.period}" for one in earlier}))
    wanted = ", ".join(sorted({f"{one.dataset} {one.year - 1}" for one in found}))
    raise TreError(
        f"it holds {held}, and not last year's return of any that are to be checked: {wanted}",
        where=str(folder),
        hint="name the folder after its year, for a name goes before what the dates inside say",
    )


def _last(one: Found, before: tuple[Found, ...]) -> Found | None:
    """Last year's return of the same dataset, term and authority; None when it isn't there."""
    named = [
        other
        for other in before
        if (other.dataset, other.year, other.term) == (one.dataset, one.year - 1, one.term)
        and (None in {other.authority, one.authority} or other.authority == one.authority)
    ]
    if len({tuple(other.files.values()) for other in named}) > 1:
        raise TreError(f"several returns could be last year's of {one.dataset} {one.period}")
    return named[0] if named else None


def _crosses_years(one: Found) -> bool:
    return any(rule.scope == "cross-year" for rule in one.schema.rules)


def _tell(report: Report, *, rows: bool) -> None:
    """The summary of one return, rule by rule, most rows first within errors and queries."""
    synthetic = ", invented children" if report.synthetic else ""
    console.answer(f"{report.found}{synthetic}")
    console.answer(
        f"  {report.rows_read:,} rows read, {report.rows_refused:,} refused; {report.asked} rules asked"
    )
    for problem in report.problems:
        console.answer("  " + str(problem).replace("\n", "\n    "))
    findings = sorted(report.findings, key=lambda one: (one.kind, -one.count, one.rule))
    if findings:
        console.answer_table(
            ["rule", "kind", "rows", "where", "breaks when"],
            [[one.rule, one.kind, one.count, one.where, _short(one.message)] for one in findings],
        )
    if rows:
        for one in findings:
            for at in range(0, one.count, LISTED):
                numbers = " ".join(str(int(row) + 1) for row in one.rows[at : at + LISTED])
                console.answer(f"  {one.rule} {one.table}: {numbers}")
    _tell_unasked(report)
    errors = "error" if report.errors == 1 else "errors"
    queries = "query" if report.queries == 1 else "queries"
    console.answer(f"  {report.errors:,} {errors}, {report.queries:,} {queries}\n")


def _tell_unasked(report: Report) -> None:
    for word, unasked in (
        ("skipped", report.skipped),
        ("waived", report.waived),
        ("crashed", report.crashed),
    ):
        reasons: dict[str, list[str]] = {}
        for one in unasked:
            reasons.setdefault(one.reason, []).append(one.rule)
        for reason, rules in sorted(reasons.items(), key=lambda one: -len(one[1]))[:REASONS]:
            told = ", ".join(rules[:5]) + (", …" if len(rules) > 5 else "")
            many = "rule" if len(rules) == 1 else "rules"
            console.answer(f"  {word}: {len(rules)} {many} ({told}): {reason}")
        rest = sum(len(rules) for rules in reasons.values()) - sum(
            len(rules) for _, rules in sorted(reasons.items(), key=lambda one: -len(one[1]))[:REASONS]
        )
        if rest:
            many = "rule" if rest == 1 else "rules"
            console.answer(f"  {word}: {rest} more {many} for other reasons; --json lists them")


def _short(message: str, width: int = 96) -> str:
    return message if len(message) <= width else message[: width - 1].rsplit(" ", 1)[0] + " …"
