"""The linkage report as one page that opens without a network, and as JSON beside it."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}p.note{color:#57606a;margin:.2rem 0 .8rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{padding:.3rem .6rem;border-bottom:1px solid #d8dee4;text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{display:inline-block;height:.7rem;background:#1f6f8b;vertical-align:middle;margin-right:.4rem}
.mark{background:#fff4ce;border:1px solid #e0c200;padding:.5rem .8rem;border-radius:.3rem}
"""
MARK = "These children are invented. Nothing here is about a real person."


def write(told: Mapping[str, Any], folder: Path) -> None:
    """Write `report.json` and `report.html` into `folder`."""
    (folder / "report.json").write_text(
        json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "report.html").write_text(render(told), encoding="utf-8")


def render(told: Mapping[str, Any]) -> str:
    """The page, complete in itself."""
    parts = [
        f"<h1>Linkage report: {html.escape(told['project'])}</h1>",
        f"<p class='mark'>{MARK}</p>" if told["synthetic"] else "",
        _summary(told),
        *_tables(told),
    ]
    return (
        "<!doctype html><html lang='en-GB'><head><meta charset='utf-8'>"
        f"<title>Linkage report</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _summary(told: Mapping[str, Any]) -> str:
    records, persons = told["records"], told["persons"]
    rows = [
        ("records in", records["in"]),
        ("linked to another record", records["linked"]),
        ("linked to none", records["unlinked"]),
        ("persons", persons["all"]),
        ("households", told["households"]["all"]),
        ("token profile", told["profile"]),
        ("standardiser", told["standardiser"]),
    ]
    return table(("", ""), rows, note="Counts under ten are not shown, nor any rate over them.")


def _tables(told: Mapping[str, Any]) -> Iterable[str]:
    if truth := told.get("truth"):
        yield "<h2>Against the truth</h2>" + table(
            ("pairs of records", ""),
            [
                (name.replace("_", " "), value)
                for name, value in truth.items()
                if not isinstance(value, dict | list)
            ],
            note="Only for invented children: the truth of who is who is known.",
        )
    if "estimated" in told:
        yield from _estimates(told)
    yield "<h2>How records came to their person</h2>" + table(
        ("step", "band", "records"), [(one["step"], one["band"], one["records"]) for one in told["steps"]]
    )
    yield "<h2>Each return</h2>" + table(
        ("authority", "return", "period", "records", "persons", "linked"),
        [
            (
                *(one[name] for name in ("authority", "dataset", "period", "records", "persons")),
                Share(one["linked"]),
            )
            for one in told["returns"]
        ],
    )
    yield "<h2>Between returns</h2>" + table(
        ("one", "other", "persons in both", "share of the smaller"),
        [(one["one"], one["other"], one["both"], Share(one["rate"])) for one in told["pairs of returns"]],
    )
    for name, groups in told["groups"].items():
        yield f"<h2>Linked, by {html.escape(name.replace('_', ' '))}</h2>" + table(
            ("group", "records", "linked", "rate"),
            [(one["group"], one["records"], one["linked"], Share(one["rate"])) for one in groups],
        )
    places = sorted({place for one in told["identifiers"] for place in one["share"]})
    yield "<h2>Identifiers, as share of records</h2>" + table(
        ("token", *places),
        [(one["token"], *(one["share"].get(place) for place in places)) for one in told["identifiers"]],
        note="A token is missing where its value was missing, a placeholder or invalid.",
    )
    yield "<h2>Refused</h2>" + table(
        ("why two records were kept apart", "times"), list(told["conflicts"].items())
    )
    if told["left out"]:
        yield table(
            ("step left out for crowded tokens", "tokens", "records"),
            [(one["step"], one["tokens"], one["records"]) for one in told["left out"]],
        )


def _estimates(told: Mapping[str, Any]) -> Iterable[str]:
    """The parts that only the model can give."""
    overall = told["estimated"]
    yield "<h2>How good the links are, as estimated</h2>" + table(
        ("pairs across files", "precision", "recall", "threshold"),
        [(overall["pairs"], overall["precision"], overall["recall"], told["settings"]["threshold"])],
        note="The model's own estimate. Precision: how many links are right. Recall: how many children in two files were linked.",
    )
    for one in told["held out"]:
        if "precision" in one:
            yield f"<h3>Linked again without the {html.escape(one['number'])}, scored on it</h3>" + table(
                ("links scored", "precision", "95%", "recall", "95%"),
                [
                    (
                        one["links scored"], one["precision"], _span(one["precision, 95%"]), one["recall"], _span(one["recall, 95%"]),
                    )
                ],
                note="Worse than the linkage itself, which has the number: a lower bound from data, not from the model.",
            ) + _curve(one["calibration"])  # fmt: skip
    yield "<h3>At other thresholds</h3>" + table(
        ("threshold", "pairs", "precision", "recall", ""),
        [
            (one["threshold"], one["pairs"], one["precision"], one["recall"], "taken" if one["taken"] else "")
            for one in told["threshold"]
        ],
    )
    yield "<h3>Weights of pairs</h3>" + _bars(told["weights"])
    for name, groups in told["estimated by group"].items():
        yield f"<h3>By {html.escape(name.replace('_', ' '))}</h3>" + table(
            ("group", "pairs", "precision", "recall"),
            [(one["group"], one["pairs"], one["precision"], one["recall"]) for one in groups],
        )
    if told["standardised differences"]:
        yield "<h2>Linked against unlinked</h2>" + table(
            ("column", "group", "share of linked", "share of unlinked", "standardised difference"),
            [tuple(one.values()) for one in told["standardised differences"]],
            note="Over 0.1 is worth a word; over 0.2 is a bias to be dealt with.",
        )


def _span(pair: Any) -> str:
    return f"{pair[0]:.4f} to {pair[1]:.4f}" if pair else ""


def _bars(weights: Sequence[Mapping[str, Any]]) -> str:
    """Pairs by weight as bars on a log scale; a hidden count has no bar."""
    height, width = 120, 40
    shown = [one["pairs"] if isinstance(one["pairs"], int) else 0 for one in weights]
    top = math.log10(max([*shown, 10]))
    drawn = []
    for at, (one, many) in enumerate(zip(weights, shown, strict=True)):
        tall = height * math.log10(many) / top if many > 1 else 0
        drawn.append(
            f"<rect x='{at * width + 4}' y='{height - tall:.1f}' width='{width - 8}' height='{tall:.1f}' fill='#1f6f8b'/>"
            f"<text x='{at * width + width / 2}' y='{height + 14}' font-size='11' text-anchor='middle'>{one['from']}</text>"
        )
    return (
        f"<svg viewBox='0 0 {width * len(weights)} {height + 20}' role='img' aria-label='pairs by weight in bits, log scale'>"
        f"{''.join(drawn)}</svg>"
    )


def _curve(points: Sequence[Mapping[str, Any]]) -> str:
    """Predicted against observed, with the line of perfect calibration."""
    if len(points) < 2:
        return ""
    side = 160
    dots = "".join(
        f"<circle cx='{one['predicted'] * side:.1f}' cy='{side - one['observed'] * side:.1f}' r='4' fill='#1f6f8b'/>"
        for one in points
    )
    return (
        f"<svg viewBox='-10 -10 {side + 20} {side + 20}' style='max-width:16rem' role='img' aria-label='predicted against observed'>"
        f"<path d='M0 {side} L{side} 0' stroke='#8b949e' stroke-dasharray='4'/><path d='M0 0 V{side} H{side}' fill='none' stroke='#57606a'/>"
        f"{dots}</svg>"
    )


class Share(float):
    """A rate drawn with a bar; what is hidden stays text."""

    def __new__(cls, value: Any) -> Any:
        return super().__new__(cls, value) if isinstance(value, int | float) else value


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, note: str = "") -> str:
    """An HTML table; numbers stand right."""
    numbers = [
        any(isinstance(row[at], int | float) and not isinstance(row[at], Share) for row in rows)
        for at in range(len(columns))
    ]
    head = "".join(
        f"<th{_right(number)}>{html.escape(name)}</th>" for name, number in zip(columns, numbers, strict=True)
    )
    body = (
        "".join(
            "<tr>"
            + "".join(
                f"<td{_right(number)}>{_cell(cell)}</td>" for cell, number in zip(row, numbers, strict=True)
            )
            + "</tr>"
            for row in rows
        )
        or f"<tr><td colspan='{len(columns)}'>none</td></tr>"
    )
    said = f"<p class='note'>{html.escape(note)}</p>" if note else ""
    return f"{said}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _right(number: bool) -> str:  # noqa: FBT001
    return " class='n'" if number else ""


def _cell(value: Any) -> str:
    if isinstance(value, Share):
        return f"<span class='bar' style='width:{float(value) * 8:.2f}rem'></span>{float(value):.1%}"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int):
        return f"{value:,}"
    return html.escape("" if value is None else str(value))
