"""The report that goes with a set to the output checker: labelling, disclosure, structure kept, documentation.

The four headings are those of Raab, McCall and Cavin's four checks (IJPDS 2972). It holds rates and counts
of the invented set and of comparisons, never a real cell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.measure import PASS, Measure, verdict
from tre_toolkit.files import write_text

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

FORMAT = "tre-synth-report-v1"


def broken_rules(made: Sequence[Return]) -> dict[str, dict[str, int]]:
    """For each return the rules it breaks and how often; the return of the year before, where it is there, counts."""
    from tre_toolkit.returns import validate

    told: dict[str, dict[str, int]] = {}
    last: dict[tuple[str, str | None, str | None], Return] = {}
    for one in made:
        place = (one.dataset, one.authority, one.term)
        before = last.get(place)
        report = validate(one, before if before and before.year == one.year - 1 else None)
        found: dict[str, int] = {}
        for finding in report.findings:
            if finding.kind == "error":
                found[finding.rule] = found.get(finding.rule, 0) + finding.count
        told[one.name], last[place] = found, one
    return told


def report(
    said: Mapping[str, Any],
    rules: Mapping[str, Mapping[str, int]],
    measures: Mapping[str, Sequence[Measure]],
    kept: Mapping[str, Any],
    distances: Mapping[str, Mapping[str, float]],
    ledger: Mapping[str, Any] | None = None,
    figures: Sequence[str] = (),
) -> dict[str, Any]:
    """The whole report as plain values."""
    every = [one for some in measures.values() for one in some]
    word = verdict(every)
    if any(found for found in rules.values()):
        word = "FAIL"
    return {
        "format": FORMAT,
        "verdict": word,
        "labelling": {"marks": ["identifier ranges", "constants", "SYNTHETIC.json", "manifest.json"], **said},
        "disclosure": {
            "measures": {name: [asdict(one) for one in some] for name, some in measures.items()},
            "ledger": ledger,
            "note": "read every measure against its control: children the fit never saw",
        },
        "structure": {
            "rules_broken": dict(rules),
            "margins_kept": dict(kept),
            "distances": dict(distances),
            "figures": list(figures),
        },
        "documentation": {
            "tier": said.get("tier"),
            "not_kept": "every relation that is not listed under margins_kept",
            "release": "an output: only the gate releases it"
            if word == PASS or every
            else "free of real data",
        },
    }


def write_report(folder: Path, told: Mapping[str, Any]) -> None:
    """Write `report.json` and a page to read, `report.md`."""
    write_text(folder / "report.json", json.dumps(told, indent=2, default=str) + "\n", replace=True)
    lines = [f"# Report on a synthetic set: {told['verdict']}", "", "## Labelling", ""]
    lines += [f"* {name}: {value}" for name, value in told["labelling"].items() if name != "identifiers"]
    lines += [
        "",
        "## Disclosure",
        "",
        "| return | measure | invented | control | excess, 95 % | verdict | note |",
        "|---|---|---:|---:|---|---|---|",
    ]
    for name, some in told["disclosure"]["measures"].items():
        lines += [
            f"| {name} | {one['name']} | {one['value']:.4f} | {one['control']:.4f} | {_interval(one)} | {one['verdict']} | {one['note']} |"
            for one in some
        ]
    for name, value in (told["disclosure"]["ledger"] or {}).items():
        lines += [f"* ledger, {name}: {value if name != 'spent' else f'{len(value)} tables'}"]
    lines += [f"\n![{name}]({name})" for name in told["structure"]["figures"] if name.endswith(".svg")]
    lines += ["", "## Structure kept", ""]
    for name, found in told["structure"]["rules_broken"].items():
        lines.append(
            f"* {name}: {'no rule broken' if not found else f'{sum(found.values()):,} rows break {len(found)} rules'}"
        )
    for name, pairs in told["structure"]["margins_kept"].items():
        lines.append(
            f"* {name} keeps {len(pairs)} tables: {'; '.join(' x '.join(pair) for pair in pairs[:40])}"
        )
    for name, one in told["structure"]["distances"].items():
        lines.append(f"* {name}: " + ", ".join(f"{what} {value:.4f}" for what, value in one.items()))
    lines += ["", "## Documentation", ""]
    lines += [f"* {name}: {value}" for name, value in told["documentation"].items()]
    write_text(folder / "report.md", "\n".join(lines) + "\n", replace=True)


def _interval(one: Mapping[str, Any]) -> str:
    return "" if one["low"] is None else f"{one['low']:.4f} to {one['high']:.4f}"
