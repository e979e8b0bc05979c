"""Plain files as pages: tables with numbered rows, text with everything invisible made visible."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from html import escape

ROWS = 5_000
CELLS = 200_000
LONGEST = 2_000  # characters of one cell that are shown
FORMULA = re.compile(r"^\s*[=+\-@\t\r＝＋－＠]")
NUMBER = re.compile(r"^\s*[+-]?[\d,]*\.?\d+(e[+-]?\d+)?%?\s*$", re.IGNORECASE)
SECRET = {
    "what looks like an NHS number": re.compile(r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b"),
    "what looks like a UPN": re.compile(r"\b[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z]\b"),
    "a token": re.compile(r"\bt1_[a-z_]+_[a-z2-7]{10,}", re.IGNORECASE),
    "a long run of letters that may be a file in disguise": re.compile(r"[A-Za-z0-9+/=]{200,}"),
}


def csv_table(raw: bytes) -> tuple[str, list[str]]:
    return _table(raw, ",")


def tsv_table(raw: bytes) -> tuple[str, list[str]]:
    return _table(raw, "\t")


def plain(raw: bytes) -> tuple[str, list[str]]:
    text = raw.decode("utf-8", errors="replace")
    return f"<pre>{visible(text)}</pre>", notes_on(text)


def json_tree(raw: bytes) -> tuple[str, list[str]]:
    text = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    return f"<pre>{visible(text)}</pre>", notes_on(text)


def visible(text: str) -> str:
    """Escaped for HTML, with what no eye sees spelt out."""
    return re.sub(r"[^\n\t\x20-\x7e£€’‘“”–—…\xa1-\u024f]", _spell, escape(text))


def _spell(found: re.Match[str]) -> str:
    c = found.group()
    if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp", "Mn", "Me"}:
        return f"<mark>U+{ord(c):04X}</mark>"
    return c


def notes_on(text: str) -> list[str]:
    """What a reader should know of the text."""
    notes = [f"it holds {what}" for what, pattern in SECRET.items() if pattern.search(text)]
    if "\x1b" in text:
        notes.append("it holds terminal escapes (shown as U+001B)")
    odd = {c for c in text if unicodedata.category(c) in {"Cf", "Co", "Cn"}}
    if odd:
        notes.append("it holds invisible or direction-changing characters (shown as U+…)")
    if re.search(r"[\u0370-\u052f]", text):
        notes.append("it holds Greek or Cyrillic letters, which may pass for Latin ones")
    return notes


def table_html(rows: list[list[str]]) -> str:
    """Rows as an HTML table; the first is the head, the others are numbered from 1 as the checker counts them."""
    out = ["<table><thead><tr><th scope='col'>row</th>"]
    out += [f"<th scope='col'>{visible(cell)}</th>" for cell in rows[0]] if rows else []
    out.append("</tr></thead><tbody>")
    for number, row in enumerate(rows[1:], start=1):
        out.append(f"<tr id='r{number}'><th scope='row'>{number}</th>")
        for cell in row:
            kind = " class='n'" if NUMBER.match(cell) else " class='f'" if FORMULA.match(cell) else ""
            out.append(f"<td{kind}>{visible(cell[:LONGEST])}</td>")
        out.append("</tr>")
    return "".join([*out, "</tbody></table>"])


def _table(raw: bytes, delimiter: str) -> tuple[str, list[str]]:
    csv.field_size_limit(10_000_000)
    text = raw.decode("utf-8", errors="replace")
    notes = notes_on(text)
    if text.startswith("\ufeff"):
        text = text[1:]
    rows, cells, total = [], 0, 0
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        total += 1
        cells += len(row)
        if total <= ROWS and cells <= CELLS:
            rows.append(row)
    if len(rows) < total:
        notes.append(f"only the first {len(rows):,} of {total:,} rows are shown")
    if any(FORMULA.match(cell) and not NUMBER.match(cell) for row in rows for cell in row):
        notes.append("some cells begin like a formula and may run in a spreadsheet (marked)")
    if len({len(row) for row in rows if row}) > 1:
        notes.append("its rows are not of one length")
    return table_html(rows), notes
