"""One page for a study: its question, its limits, and each table that passed with its figure. No network, no script.

A table that doesn't pass is named with the verdict and shows nothing. The page holds the same figures as
the tables it is made from, and is checked at the gate like them.
"""

from __future__ import annotations

import base64
import csv
import json
from html import escape
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.files import write_text
from tre_toolkit.research.evidence import SUFFIX, read_evidence
from tre_toolkit.research.figures import figure
from tre_toolkit.research.figures.shown import read_shown
from tre_toolkit.research.recipes import About, names, recipe

STYLE = """
:root{--ink:#1d2733;--soft:#5b6775;--line:#dde2e8;--ground:#f6f7f9}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.55 Inter,'Source Sans 3','Helvetica Neue',Arial,'Liberation Sans',sans-serif}
main{max-width:1080px;margin:0 auto;padding:48px 24px 80px}h1{font-size:2rem;margin:0 0 .3em;line-height:1.2}
h2{font-size:1.25rem;margin:0 0 .8em}section{background:#fff;border:1px solid var(--line);border-radius:10px;
padding:28px;margin:28px 0}p.asks{font-size:1.1rem;color:var(--soft);max-width:46em}
img{max-width:100%;height:auto;display:block}ul{padding-left:1.2em}.mark{display:inline-block;margin-bottom:.6em;background:#fff3d6;color:#7a5a00;
border-radius:99px;padding:2px 14px;font-weight:600;font-size:.85rem}table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{padding:5px 10px;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
th{font-weight:600;vertical-align:bottom}th:first-child,td:first-child,td.name{text-align:left}details{margin-top:18px}
summary{cursor:pointer;color:var(--soft)}pre{overflow:auto;background:var(--ground);padding:14px;border-radius:6px;
font-size:.82rem}.wide{overflow-x:auto}.refused{color:var(--soft)}
"""


def write_report(folder: Path, into: Path, *, packs: tuple[str, ...] = ()) -> Path:
    """Write the report of a recipe's outputs in `folder` as one HTML file. Raises TreError when there are none."""
    outputs = sorted(folder.glob(f"*{SUFFIX}"))
    tables = [one.with_name(one.name.removesuffix(SUFFIX)) for one in outputs]
    if not tables:
        raise TreError("no outputs stand here", where=str(folder), hint="make some with `tre recipe run`")
    told = [read_evidence(table) for table in tables]
    made = {str(one.get("made_by", "")).rpartition(" ")[2] for one in told}
    about = next((recipe(name).ABOUT for name in names() if name in made), None)
    synthetic = any(one.get("synthetic") for one in told)
    parts = [
        _head(about, folder, synthetic=synthetic),
        *(_section(table, packs) for table in tables),
        _foot(told),
    ]
    title = escape(about.title if about else folder.name)
    page = (
        f'<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )
    return write_text(into, page)


def _head(about: About | None, folder: Path, *, synthetic: bool) -> str:
    mark = '<span class="mark">invented children</span>' if synthetic else ""
    if about is None:
        return f"<header>{mark}<h1>{escape(folder.name)}</h1></header>"
    limits = "".join(f"<li>{escape(one)}</li>" for one in about.limits)
    return (
        f'<header>{mark}<h1>{escape(about.title)}</h1><p class="asks">{escape(about.asks)}</p></header>'
        f"<section><h2>What it can't say</h2><ul>{limits}</ul><p>{escape(about.disclosure)}</p></section>"
    )


def _section(table: Path, packs: tuple[str, ...]) -> str:
    """A table with its figure and declaration; only its name and the reason where it doesn't pass."""
    told = read_evidence(table)
    title = escape(str(told.get("recipe", {}).get("title") or table.stem))
    try:
        shown = read_shown(table, packs)
    except TreError as refusal:
        return f'<section><h2>{title}</h2><p class="refused">Not shown: {escape(refusal.problem.what)}.</p></section>'
    drawn = base64.b64encode(figure(shown).encode()).decode()
    with table.open(encoding="utf-8-sig", newline="") as file:
        header, *lines = list(csv.reader(file))
    labels = len(header) - len(told.get("cells", {}).get("columns", header[1:]))
    head = "".join(f"<th scope=col>{escape(one)}</th>" for one in header)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=name' if at < labels else ''}>{escape(cell)}</td>" for at, cell in enumerate(line)
        )
        + "</tr>"
        for line in lines
    )
    declared = escape(json.dumps(told.get("recipe", {}), indent=2, ensure_ascii=False))
    return (
        f'<section><img src="data:image/svg+xml;base64,{drawn}" alt="{escape(shown.told)}">'
        f"<details><summary>The table: {escape(table.name)}</summary><div class=wide><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div></details>"
        f"<details><summary>How it was made</summary><pre>{declared}</pre></details></section>"
    )


def _foot(told: list[dict[str, object]]) -> str:
    digests = {str(one["recipe"]["dataset_digest"]) for one in told if isinstance(one.get("recipe"), dict)}  # type: ignore[index]
    return f"<p class=refused>Data: {escape(', '.join(sorted(digests)))}</p>"
