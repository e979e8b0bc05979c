"""What a check says: a verdict for the output, and a finding for each cell or place that is not clear.

Every finding names the clause that fired and a fix that would pass. Where it stands is told by labels
and places, never by the figure that stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from html import escape
from typing import Any


class Level(StrEnum):
    """How sure the checker is: clear, a person has to look, or it may not leave."""

    PASS = "PASS"  # noqa: S105  (a verdict, not a password)
    REVIEW = "REVIEW"
    FAIL = "FAIL"


_ORDER = {Level.PASS: 0, Level.REVIEW: 1, Level.FAIL: 2}


def worst(levels: Iterable[Level]) -> Level:
    """The strictest of several levels; PASS when there is none."""
    return max(levels, key=_ORDER.__getitem__, default=Level.PASS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader of the output has to know: what, by which clause, where, and what would mend it."""

    verdict: Level
    rule: str  # "<pack>/<clause>", such as "dfe-cin/count"
    file: str
    where: str
    message: str
    fix: str

    def _repr_html_(self) -> str:
        return html_table(
            ("", "where", "what", "fix"), [(self.verdict.value, self.where, self.message, self.fix)]
        )

    def as_dict(self) -> dict[str, str]:
        """The finding as it stands in `tre check --json`."""
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one output, its findings, the packs that were asked, and the attack's certificate."""

    level: Level
    findings: tuple[Finding, ...] = ()
    packs: tuple[Mapping[str, str], ...] = ()
    certificate: Mapping[str, Any] = field(default_factory=dict)
    standing: str = "none"  # of the evidence: none, claimed, verified or differs

    @property
    def verdict(self) -> str:
        """PASS, REVIEW or FAIL."""
        return self.level.value

    @property
    def passed(self) -> bool:
        """Whether nothing stands against it."""
        return self.level is Level.PASS

    def as_dict(self) -> dict[str, Any]:
        """The verdict as `tre check --json` prints it."""
        return {
            "verdict": self.verdict,
            "evidence": self.standing,
            "findings": [found.as_dict() for found in self.findings],
        }

    def _repr_html_(self) -> str:
        rows = [(found.verdict.value, found.where, found.message, found.rule) for found in self.findings]
        return f"<p><b>{self.verdict}</b></p>" + (
            html_table(("", "where", "what", "rule"), rows) if rows else ""
        )

    def and_(self, other: Verdict) -> Verdict:
        """Both verdicts as one: the strictest level, all findings."""
        return replace(
            self,
            level=worst([self.level, other.level]),
            findings=self.findings + other.findings,
            packs=self.packs or other.packs,
            certificate=self.certificate or other.certificate,
        )


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A small table for a notebook: words only, all of them escaped."""
    lines = [f"<tr>{''.join(f'<th>{escape(title)}</th>' for title in header)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"


def verdict_of(
    findings: Iterable[Finding],
    *,
    packs: Iterable[Mapping[str, str]] = (),
    certificate: Mapping[str, Any] | None = None,
) -> Verdict:
    """The verdict that follows from these findings: the level of the worst of them."""
    kept = tuple(dict.fromkeys(findings))
    return Verdict(worst(found.verdict for found in kept), kept, tuple(packs), certificate or {})
