"""`tre check`: one output, its evidence and the rules give one verdict.

A file is opened by what it is; every table in it goes through the same checks and the same attack. What can't be
read, or has no evidence, is never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from disclosure.atomic import sha256
from disclosure.checks.counts import check_counts, contradictions
from disclosure.checks.repeats import repeated_totals
from disclosure.checks.rowlevel import row_level, small_areas
from disclosure.checks.shares import undone
from disclosure.checks.solved import attack_table
from disclosure.claims import claimed, find_evidence, labels_told, other_packs, with_evidence, word_of_author
from disclosure.compare import compare, entry_of
from disclosure.evidence import Evidence
from disclosure.files import open_file
from disclosure.files.delimited import Grid
from disclosure.findings import Finding, Level, Verdict, verdict_of
from disclosure.ledger import Entry, Ledger
from disclosure.packs import HOUSE, Pack, Rules, chain
from disclosure.shown import Cells, common_base, read_cells
from disclosure.table import Table
from disclosure.totals import with_totals
from tre_toolkit.errors import TreError

Packs = Sequence[str | Pack | Path] | str | Pack | Rules | None
TOLD = ("/attack", "/differencing")


def check_file(
    path: Path | str,
    packs: Packs = None,
    *,
    evidence: Literal["auto"] | Path | None = "auto",
    against: Ledger | None = None,
) -> Verdict:
    """The verdict on a file. Evidence beside it is used when it speaks of exactly these bytes.

    With `against` it is also compared with everything in that ledger. Raises TreError when there is no such file
    or a pack can't be read.
    """
    return _examine(Path(path), chain(packs), evidence, [against] if against else []).verdict


def check_files(
    paths: Sequence[Path | str],
    packs: Packs = None,
    *,
    against: Ledger | None = None,
    record: bool = False,
    workspace: Path | None = None,
    memory: str | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> dict[Path, Verdict]:
    """The verdicts on several files that leave together: each is also compared with those before it.

    Tables whose evidence tells which cells hold the same children are attacked as one. With `record` the tables
    that pass are added to the ledger. With `workspace` every evidence is derived again from its recipe: what differs
    fails, what can't be derived is its author's word and for review; `memory` is what each may take, such as 2GB.
    Each verdict's `standing` says how its evidence stands: without a workspace at most *claimed*. `done` is called with
    1 after each file, and once more when they were attacked together.
    """
    from disclosure.linked import attack_together
    from disclosure.rederive import said_of, standing

    rules = chain(packs)
    beside = Ledger(Path("this request"), b"")
    examined: dict[Path, Examined] = {}
    for path in map(Path, paths):
        one = _examine(path, rules, "auto", [*([against] if against else []), beside])
        if workspace is not None and one.verdict.standing == "claimed":
            told = standing(path, workspace, memory=memory)
            again = verdict_of(said_of(told, path), packs=rules.named())
            one = replace(one, verdict=replace(one.verdict.and_(again), standing=told))
        examined[path] = one
        beside.entries += [
            replace(
                entry, number=len(beside.entries) + at + 1, sets=None
            )  # by sets they are attacked as one below
            for at, entry in enumerate(one.entries)
        ]
        done(1)
    verdicts = {path: one.verdict for path, one in examined.items()}
    past = [
        entry for entry in (against.entries if against else ())
        if entry.digest.partition("#")[0] not in {one.digest for one in examined.values()}
    ]  # fmt: skip
    joint = attack_together([table for one in examined.values() for table in one.tables], rules, past)
    done(1)
    for path, one in examined.items():
        # what a table gives away by itself, or with a release already named, isn't told again
        known = {found.where for found in one.verdict.findings if found.rule.endswith(TOLD)}
        mine = {table.name for table in one.tables}
        own = [found for found in joint if found.file in mine and found.where not in known]
        verdicts[path] = verdicts[path].and_(verdict_of(own, packs=rules.named()))
    if record and against is not None:
        for path, one in examined.items():
            for entry in one.entries if verdicts[path].passed else ():
                if not against.has(entry.digest):
                    against.add(replace(entry, number=len(against.entries) + 1))
    return verdicts


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found of one file: its verdict, its tables for the ledger, and the tables themselves."""

    verdict: Verdict
    entries: list[Entry]
    tables: list[Table]
    digest: str


def _examine(
    path: Path, rules: Rules, evidence: Literal["auto"] | Path | None, ledgers: Sequence[Ledger]
) -> Examined:
    content = _content(path)
    told, findings = find_evidence(path, content, evidence)
    try:
        tables, more = tables_in(path, content, rules, told)
        findings += more
    except TreError as refusal:
        hint = refusal.problem.hint or "make it a table of its own, saved as CSV"
        findings.append(
            Finding(Level.REVIEW, f"{HOUSE}/file", str(path), "whole file", refusal.problem.what, hint)
        )
        tables = []
    if told:
        findings += [
            *claimed(told, path),
            *word_of_author(told, str(path)),
            *other_packs(told, str(path), rules),
        ]
    verdict, entries, digest = verdict_of(findings, packs=rules.named()), [], sha256(content)
    verdict = replace(verdict, standing="claimed" if told else "none")
    for number, table in enumerate(tables):
        cells = printed(table, rules)
        mark = digest if not number else f"{digest}#{number}"
        found = [item for ledger in ledgers for item in compare(table, cells, rules, ledger, digest=mark)]
        verdict = verdict.and_(check_table(table, rules)).and_(verdict_of(found, packs=rules.named()))
        scope = dict(told.told.get("recipe") or {}) if told else {}
        entries.append(entry_of(replace(table, name=path.name), cells, number=0, digest=mark, scope=scope))
    return Examined(verdict, entries, tables, digest)


def check_table(table: Table, packs: Packs = None, *, prove: bool = False) -> Verdict:
    """The verdict on one table: thresholds, zeros, groups, rounding, totals, then the attack.

    With `prove` the certificate also counts the attack's witnesses in whole numbers.
    """
    rules = chain(packs)
    cells = read_cells(table.shown, [pack.symbol for pack in rules.all])
    findings = [*contradictions(table, cells), *check_counts(table, cells, rules)]
    if table.kind == "count" and not cells.whole:
        findings.append(
            Finding(
                Level.REVIEW,
                f"{HOUSE}/figures",
                table.name,
                "whole table",
                "figures that aren't whole numbers: nothing says which counts they stand on",
                "make the table with evidence, or add the counts",
            )
        )
    attacked = attack_table(table, cells, rules, prove=prove)
    findings += attacked.findings
    return verdict_of(findings, packs=rules.named(), certificate=attacked.certificate)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TreError("there is no such file", where=str(path)) from None
    except IsADirectoryError:
        raise TreError("this is a folder, not an output", where=str(path), hint="name its files") from None


def tables_in(
    path: Path, content: bytes, rules: Rules, told: Evidence | None
) -> tuple[list[Table], list[Finding]]:
    """The tables in a file, with their totals and what evidence says of them; and what else is found in it."""
    opened = open_file(path, content)
    findings = list(opened.findings)
    tables = []
    for grid in opened.grids:
        findings += [replace(found, file=str(path)) for found in (*row_level(grid), *small_areas(grid))]
        mine = told if len(opened.grids) == 1 else None
        if mine is None or mine.units is None:
            grid, given = undone(grid, [pack.symbol for pack in rules.all], rules)
            findings += [replace(found, file=str(path)) for found in given]
        table = read_table(grid, grid.name, rules, mine)
        twice = repeated_totals(grid, len(grid.header) - table.size[1])
        findings += [replace(found, file=str(path)) for found in twice]
        findings += labels_told(grid, str(path), mine) if mine is not None else []
        tables.append(replace(table, name=str(path)) if grid.name == str(path) else table)
    return tables, findings


def read_table(grid: Grid, name: str, rules: Rules, told: Evidence | None) -> Table:
    """A printed grid as a table: labels and figures told apart, evidence laid beside, totals found.

    Raises TreError when the evidence is of a table of another shape.
    """
    symbols = [pack.symbol for pack in rules.all]
    labels = len(grid.header) - len(told.columns) if told and told.columns else grid.labels(symbols)
    if told is not None and told.units is not None and (labels < 1 or told.rows != len(grid.rows)):
        raise TreError("the evidence is of a table of another shape", where=name, hint="make it again")
    table = grid.table(labels, name)
    cells = read_cells(table.shown, symbols)
    if told is not None:
        table = with_evidence(table, told)
    elif cells.whole and cells.numbers.any():
        table = replace(table, base=common_base(cells.low[cells.numbers]))
    across = str(told.told.get("cells", {}).get("across") or "") if told else ""
    totals = dict(told.totals) if told else {}
    if across and table.dimensions[-1] == "column":
        table = replace(table, dimensions=(*table.dimensions[:-1], across))
        totals.setdefault(across, totals.get("column", ()))
    return with_totals(table, cells, totals)


def printed(table: Table, rules: Rules) -> Cells:
    """The cells of a table as its readers see them."""
    return read_cells(table.shown, [pack.symbol for pack in rules.all])
