"""What validation says: which rules were broken where, and which could not be asked.

A report holds rule numbers, names of tables, row numbers and counts: never what stands in a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tre_toolkit.errors import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 3  # row numbers told in a summary line


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that some rows of one table break."""

    rule: str
    kind: str
    """error or query."""
    table: str
    message: str
    rows: NDArray[Any]
    """`row_no` of every row that breaks it, in order."""
    fields: tuple[str, ...] = ()
    unsettled: bool = False

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def where(self) -> str:
        """The first rows, counted from 1 as people count."""
        first = ", ".join(f"{int(row) + 1:,}" for row in self.rows[:SHOWN])
        rows = "row" if self.count == 1 else "rows"
        return f"{self.table}, {rows} {first}" + (", …" if self.count > SHOWN else "")


@dataclass(frozen=True, slots=True)
class Unasked:
    """A rule that was not asked, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of `validate` for one return."""

    dataset: str
    period: str
    authority: str | None
    found: str
    """Which return this is and how its year was told, in words."""
    findings: tuple[Finding, ...]
    asked: int
    """Rules that were asked."""
    skipped: tuple[Unasked, ...]
    """For want of last year's return, of a lookup or of a file: not passed, not failed."""
    waived: tuple[Unasked, ...]
    """Not asked because the children are invented."""
    crashed: tuple[Unasked, ...]
    """Rules whose SQL failed: our bug, never the return's."""
    problems: tuple[Problem, ...]
    rows_read: int
    rows_refused: int
    synthetic: bool
    told_twice: int = 0
    """Cells that can't be read and that a rule names too: an error each, not two."""

    @property
    def errors(self) -> int:
        """Rows that break a rule of kind error, and problems of the files themselves; what is both counts once."""
        broken = sum(finding.count for finding in self.findings if finding.kind == "error")
        return broken + sum(problem.count for problem in self.problems) - self.told_twice

    @property
    def queries(self) -> int:
        return sum(finding.count for finding in self.findings if finding.kind == "query")

    @property
    def is_clean(self) -> bool:
        return self.errors == 0 and not self.crashed

    def as_json(self, *, rows: bool = False) -> dict[str, Any]:
        """The report as plain values; row numbers (from 0, as `row_no`) only when asked for."""
        return {
            "dataset": self.dataset,
            "period": self.period,
            "authority": self.authority,
            "found": self.found,
            "synthetic": self.synthetic,
            "rows_read": self.rows_read,
            "rows_refused": self.rows_refused,
            "rules_asked": self.asked,
            "errors": self.errors,
            "queries": self.queries,
            "findings": [_finding(finding, rows=rows) for finding in self.findings],
            "problems": [_problem(problem) for problem in self.problems],
            "skipped": [{"rule": one.rule, "reason": one.reason} for one in self.skipped],
            "waived": [{"rule": one.rule, "reason": one.reason} for one in self.waived],
            "crashed": [{"rule": one.rule, "reason": one.reason} for one in self.crashed],
        }


def _finding(finding: Finding, *, rows: bool) -> dict[str, Any]:
    told = {
        "rule": finding.rule,
        "kind": finding.kind,
        "table": finding.table,
        "fields": list(finding.fields),
        "message": finding.message,
        "count": finding.count,
        "unsettled": finding.unsettled,
    }
    return {**told, "rows": finding.rows.tolist()} if rows else told


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "what": problem.what,
        "where": str(problem.where),
        "hint": problem.hint,
        "count": problem.count,
    }
