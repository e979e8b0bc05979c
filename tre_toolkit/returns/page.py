"""The report as one HTML page an analyst can send to a colleague: no scripts, nothing fetched, no value."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from tre_toolkit.errors import Problem
from tre_toolkit.files import write_text
from tre_toolkit.returns.report import Finding, Report, Unasked

ROWS = 200  # row numbers listed for one rule
STYLE = """
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7a; --line: #d8dee5; --paper: #fff; --bad: #b3261e;
  --query: #8a5a00; --good: #1b6e3c; --tint: #f4f6f8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9fb0bf; --line: #34414d; --paper: #12181e;
  --bad: #ff8a80; --query: #ffc46b; --good: #7fd6a2; --tint: #1a222a } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; max-width: 70rem; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem } p { margin: .25rem 0 } .soft { color: var(--soft) }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0 }
.tile { background: var(--tint); border-radius: .5rem; padding: .6rem 1rem; min-width: 8rem }
.tile b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
.bad { color: var(--bad) } .query { color: var(--query) } .good { color: var(--good) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .93rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600; white-space: nowrap } td.n { text-align: right; font-variant-numeric: tabular-nums }
td.rule { font-weight: 600; white-space: nowrap } details summary { cursor: pointer; color: var(--soft) }
details p { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
@media print { details { display: block } body { padding: 0 } }
"""


def write_page(reports: Sequence[Report], refused: Sequence[Problem], path: Path) -> Path:
    """Write the page, whole or not at all; a page of the same name is replaced."""
    return write_text(path, page(reports, refused), replace=True)


def page(reports: Sequence[Report], refused: Sequence[Problem] = ()) -> str:
    """The page's text."""
    body = "".join(_return(report) for report in reports)
    if refused:
        body += "<h2>Refused</h2>" + _problems(refused)
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Validation of returns</title><style>{STYLE}</style></head><body>"
        "<h1>Validation of returns</h1>"
        '<p class="soft">Rule numbers, row numbers and counts. Row 1 is the first row of data.</p>'
        f"{body}</body></html>\n"
    )


def _return(report: Report) -> str:
    whose = f" of authority {escape(report.authority)}" if report.authority else ""
    marked = " (invented children)" if report.synthetic else ""
    verdict = "good" if report.is_clean else "bad"
    parts = [
        f"<section><h2>{escape(report.dataset)} {escape(report.period)}{whose}{marked}</h2>",
        f'<p class="soft">{escape(report.found)}</p><div class="tiles">',
        _tile("errors", report.errors, verdict),
        _tile("queries", report.queries, "query" if report.queries else "good"),
        _tile("rows read", report.rows_read, ""),
        _tile("rows refused", report.rows_refused, "bad" if report.rows_refused else ""),
        _tile("rules asked", report.asked, ""),
        _tile("rules not asked", len(report.skipped) + len(report.waived), ""),
        "</div>",
    ]
    if report.problems:
        parts += ["<h3>The files themselves</h3>", _problems(report.problems)]
    for kind, title in (("error", "Errors"), ("query", "Queries")):
        chosen = [one for one in report.findings if one.kind == kind]
        if chosen:
            parts += [f"<h3>{title}</h3>", _findings(chosen)]
    for title, unasked in (
        ("Skipped", report.skipped),
        ("Waived", report.waived),
        ("Crashed: our bug, please tell us", report.crashed),
    ):
        parts.append(_unasked(title, unasked))
    return "".join([*parts, "</section>"])


def _tile(name: str, number: int, shade: str) -> str:
    return f'<div class="tile"><b class="{shade}">{number:,}</b>{name}</div>'


def _problems(problems: Sequence[Problem]) -> str:
    rows = "".join(
        f'<tr><td>{escape(str(one.where))}</td><td>{escape(one.what)}</td><td class="n">{one.count:,}</td>'
        f"<td>{escape(one.hint or '')}</td></tr>"
        for one in problems
    )
    return _table(("where", "what", "times", "what to do"), rows)


def _findings(findings: Sequence[Finding]) -> str:
    ordered = sorted(findings, key=lambda one: (-one.count, one.rule))
    return _table(("rule", "rows", "table", "breaks when"), "".join(map(_finding, ordered)))


def _finding(one: Finding) -> str:
    numbers = ", ".join(f"{int(row) + 1:,}" for row in one.rows[:ROWS])
    more = f" and {one.count - ROWS:,} more" if one.count > ROWS else ""
    unsettled = ' <span class="soft">(what the DfE means here is not settled)</span>' if one.unsettled else ""
    return (
        f'<tr><td class="rule">{escape(one.rule)}</td><td class="n">{one.count:,}</td><td>{escape(one.table)}</td>'
        f"<td>{escape(one.message)}{unsettled}<details><summary>rows</summary><p>{numbers}{more}</p></details>"
        "</td></tr>"
    )


def _unasked(title: str, unasked: Sequence[Unasked]) -> str:
    if not unasked:
        return ""
    reasons: dict[str, list[str]] = {}
    for one in unasked:
        reasons.setdefault(one.reason, []).append(one.rule)
    rows = "".join(
        f'<tr><td class="n">{len(rules):,}</td><td>{escape(reason)}</td><td>{escape(", ".join(rules))}</td></tr>'
        for reason, rules in sorted(reasons.items(), key=lambda one: -len(one[1]))
    )
    return f"<h3>{title}</h3>" + _table(("rules", "why", "numbers"), rows)


def _table(columns: Sequence[str], rows: str) -> str:
    head = "".join(f"<th>{name}</th>" for name in columns)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
