"""Run the rules of a return's year over its frames.

A rule is asked when everything it reads is there: otherwise it is *skipped*, and the report says for want
of what. A rule whose SQL fails is our bug and is reported as crashed, under its number, never as passed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tre_toolkit.engine import Engine
from tre_toolkit.errors import Problem, TreError
from tre_toolkit.returns.form_checks import cell_findings, unreadable
from tre_toolkit.returns.lookups import load_lookups
from tre_toolkit.returns.model import ROW_NO, Return
from tre_toolkit.returns.one_pass import ask_together, forgiving, split
from tre_toolkit.returns.report import Finding, Report, Unasked
from tre_toolkit.returns.room import MEMORY, engine_within
from tre_toolkit.returns.views import LAST, WORD, prepare
from tre_toolkit.schema import Dataset
from tre_toolkit.schema.model import Rule

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from tre_toolkit.spark import SparkSession

CROSS_YEAR = {"cross-year", "needs-lookup"}  # scopes in which last year's tables are not optional
INVENTED = "the children are invented: their numbers were never issued"


def validate(
    return_: Return,
    last: Return | None = None,
    lookups: Mapping[str, Path] | None = None,
    *,
    only: Collection[str] | None = None,
    memory: str = MEMORY,
    spark: SparkSession | None = None,
    found: str = "",
    done: Callable[[int], None] | None = None,
) -> Report:
    """Which rules the return breaks, and which could not be asked.

    `last` is last year's return of the same authority, `lookups` names CSV files by lookup, `only` the numbers
    of the rules to ask (all of them when not given). The process stays within about `memory`: what the engine can't
    hold goes to a folder of its own, removed at the end. With a `spark` session the rules are asked there. Raises TreError when
    `last` is of another dataset, authority or year. `done` is called with the number of rules just asked.
    """
    _check_last(return_, last)
    known = return_.schema.dataset
    lists = load_lookups(lookups or {}, known)
    asked, skipped, waived = _sort_out(return_, last, lists, only)
    with _engine(spark, memory) as engine:
        prepare(engine, return_, last, lists, asked if only is not None else None)
        findings, crashed = _ask_all(engine, asked, done or (lambda _: None))
        problems: list[Problem] = []
        twice = 0
        if only is None:
            findings.extend(cell_findings(engine, return_))
            problems, twice = unreadable(engine, return_, findings)
    return Report(
        dataset=return_.dataset,
        period=return_.period,
        authority=return_.authority,
        found=found or return_.name,
        findings=tuple(findings),
        asked=len(asked),
        skipped=tuple(skipped),
        waived=tuple(waived),
        crashed=tuple(crashed),
        problems=(*return_.problems, *problems),
        rows_read=return_.rows_read,
        rows_refused=return_.rows_refused,
        synthetic=return_.synthetic,
        told_twice=twice,
    )


@contextmanager
def _engine(spark: SparkSession | None, memory: str) -> Iterator[Engine]:
    if spark is None:
        with engine_within(memory) as engine:
            yield engine
    else:
        from tre_toolkit.spark import SparkEngine

        with SparkEngine(spark) as engine:
            yield engine


def _check_last(return_: Return, last: Return | None) -> None:
    if last is None:
        return
    same = (last.dataset, last.year, last.term) == (return_.dataset, return_.year - 1, return_.term)
    authority = None in {last.authority, return_.authority} or last.authority == return_.authority
    if not same or not authority:
        raise TreError(
            f"{last.name} is not last year's return of {return_.name}",
            hint="--last names the folder of the same return, one year earlier",
        )


def _sort_out(
    return_: Return, last: Return | None, lists: Mapping[str, pa.Table], only: Collection[str] | None
) -> tuple[list[Rule], list[Unasked], list[Unasked]]:
    """The rules to ask, those skipped and those waived."""
    asked: list[Rule] = []
    skipped: list[Unasked] = []
    waived: list[Unasked] = []
    schema = return_.schema
    for rule in schema.rules:
        if only is not None and rule.id not in only:
            continue
        reason = _why_skipped(rule, return_, last, lists, schema.dataset)
        if return_.synthetic and rule.waived:
            waived.append(Unasked(rule.id, INVENTED))
        elif reason is not None:
            skipped.append(Unasked(rule.id, reason))
        else:
            asked.append(rule)
    return asked, skipped, waived


def _ask_all(
    engine: Engine, rules: list[Rule], done: Callable[[int], None]
) -> tuple[list[Finding], list[Unasked]]:
    """What the rules find, in the order of the rules, and which of them failed."""
    findings: list[Finding] = []
    crashed: list[Unasked] = []
    together, alone = split(rules)
    for source, tests in together.items():
        try:
            found = ask_together(engine, source, tests)
            findings.extend(_finding(rule, rule.flags[0], rows) for rule, rows in found)
        except Exception:  # one of them failed: ask each alone, to know which
            alone.extend(tests.values())
            continue
        done(len(tests))
    for rule in alone:
        try:
            findings.extend(_ask(engine, rule))
        except Exception as error:  # every kind is our bug, and its text may hold cells
            crashed.append(Unasked(rule.id, type(error).__name__))
        done(1)
    order = {rule.id: place for place, rule in enumerate(rules)}
    return sorted(findings, key=lambda one: order[one.rule]), crashed


def _why_skipped(
    rule: Rule, return_: Return, last: Return | None, lists: Mapping[str, pa.Table], known: Dataset
) -> str | None:
    """For want of what a rule can't be asked; None when nothing is wanting."""
    if rule.sql is None:
        return "it isn't settled what it asks"
    words = set(WORD.findall(rule.sql))
    wanted = {one.name for one in known.lookups if one.name in words}
    wanted |= {one.lookup for one in known.derived if one.lookup and one.name in words}
    missing = sorted(wanted - set(lists))
    if missing:
        return "it needs a list: " + " ".join(f"--lookup {name}={name}.csv" for name in missing)
    if last is None and rule.scope in CROSS_YEAR and any(word.endswith(LAST) for word in words):
        return "it needs last year's return: --last FOLDER"
    if return_.authority is None and re.search(r"\bp\.la\b", rule.sql):
        return "it needs the authority: --authority, its three digits"
    absent = [table for table in rule.tables if table in return_.absent]
    if absent:
        return f"no file of {', '.join(absent)} was given"
    return None


def _ask(engine: Engine, rule: Rule) -> list[Finding]:
    """The rows that break one rule, by table."""
    import numpy as np

    answer = engine.arrow(forgiving(rule.sql or ""))
    rows = answer.column(ROW_NO).to_numpy()
    if not len(rows):
        return []
    if "tbl" in answer.column_names:
        names = answer.column("tbl").to_numpy()
        by_table = {str(name): rows[names == name] for name in dict.fromkeys(names.tolist())}
    else:
        by_table = {rule.flags[0]: rows}
    return [_finding(rule, table, np.unique(places).astype("int64")) for table, places in by_table.items()]


def _finding(rule: Rule, table: str, rows: NDArray[Any]) -> Finding:
    return Finding(rule.id, rule.kind, table, rule.breaks_when, rows, rule.fields, rule.unsettled)
