"""The plan as JSON, and as one offline page that an information governance lead signs."""

from __future__ import annotations

import html
from typing import Any

from pseudonymise import standardise
from pseudonymise.planning import Plan

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; color: #1b1b1b; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ccc; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.drop { color: #6b6b6b; } .token { font-weight: 600; } .problem { border-left: 4px solid #b00020; padding: .3rem .8rem; }
.sign { display: grid; grid-template-columns: 1fr 1fr 12rem; gap: 2.5rem; margin-top: 3rem; }
.sign div { border-top: 1px solid #1b1b1b; padding-top: .3rem; } code { font-size: .9em; overflow-wrap: anywhere; }
"""
MEANING = {
    "token": "becomes part of keyed tokens; the value itself doesn't leave",
    "keep": "leaves as it is; a date in the month of birth, up to the birth, leaves as the month's first day; one in the month of an 18th, 21st or 25th birthday, from the day before it, as the month's last day",
    "month": "leaves as the first day of its month",
    "year": "leaves as the year",
    "district": "leaves as the postcode district (SW1A 1AA becomes SW1A)",
    "shifted": "leaves moved by a number of weeks that is the child's own and known to nobody",
    "days": "leaves as the number of days since the child's own first date in the column the declaration names",
    "area": "leaves as the area your own lookup names for the postcode",
    "drop": "doesn't leave",
}


def as_value(plan: Plan) -> dict[str, Any]:
    """The plan as plain values, for `--json`."""
    return {
        "project": plan.project.id,
        "project_digest": plan.project.digest,
        "profile": plan.project.profile,
        "standardiser": standardise.VERSION,
        "plan_digest": plan.digest,
        "columns": [
            {
                "dataset": one.dataset,
                "table": one.table,
                "column": one.column,
                "type": one.type,
                "role": one.role,
                "token": one.token,
                "stays": one.stays,
                "fate": one.fate,
                "by": one.why,
            }
            for one in plan.columns
        ],
        "tokens": {place: list(names) for place, names in plan.tokens.items()},
        "problems": [
            {"what": problem.what, "where": str(problem.where), "fix": problem.hint}
            for problem in plan.problems
        ],
    }


def as_page(plan: Plan) -> str:
    """The plan as one HTML page without scripts, pictures or links, ready to print and sign."""
    project = plan.project
    body = [
        f"<h1>What leaves the authority: {_(project.title)}</h1>",
        f"<p>{_(project.purpose)}</p>",
        "<table><tbody>",
        *_facts(plan),
        "</tbody></table>",
        *(f'<p class="problem">{_(str(problem))}</p>' for problem in plan.problems),
        "<h2>What the fates mean</h2><table><tbody>",
        *(f"<tr><th>{fate}</th><td>{meaning}</td></tr>" for fate, meaning in MEANING.items()),
        "</tbody></table>",
        *_tables(plan),
        *_tokens(plan),
        '<div class="sign"><div>Information governance lead</div><div>Signature</div><div>Date</div></div>',
    ]
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        f"<title>Plan: {_(project.title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _facts(plan: Plan) -> list[str]:
    project = plan.project
    facts = {
        "Project": project.id,
        "Authorities": ", ".join(f"{code} {name}" for code, name in sorted(project.authorities.items())),
        "Datasets": ", ".join(sorted({one.dataset for one in plan.columns})),
        "Token profile": project.profile,
        "Cleaning rules": standardise.VERSION,
        "Declaration": project.digest,
        "This plan": plan.digest,
    }
    return [f"<tr><th>{name}</th><td><code>{_(value)}</code></td></tr>" for name, value in facts.items()]


def _tables(plan: Plan) -> list[str]:
    lines = []
    for dataset, table in dict.fromkeys((one.dataset, one.table) for one in plan.columns):
        lines.append(f"<h2>{_(dataset)}: {_(table)}</h2><table><thead><tr><th>column</th><th>type</th>")
        lines.append("<th>what it says of a person</th><th>fate</th><th>decided by</th></tr></thead><tbody>")
        for one in plan.of(dataset, table):
            kind = "drop" if one.fate == "drop" else "token" if one.token else "stays"
            lines.append(
                f'<tr class="{kind}"><td>{_(one.column)}</td><td>{_(one.type)}</td><td>{_(one.role)}</td>'
                f"<td>{_(one.fate.replace('+', ', '))}</td><td>{_(one.why)}</td></tr>"
            )
        lines.append("</tbody></table>")
    return lines


def _tokens(plan: Plan) -> list[str]:
    lines = ["<h2>Tokens made</h2><table><tbody>"]
    for place, names in plan.tokens.items():
        lines.append(f"<tr><th>{_(place)}</th><td>{_(', '.join(names)) or 'none'}</td></tr>")
    return [*lines, "</tbody></table>"]


def _(text: str) -> str:
    return html.escape(text)
