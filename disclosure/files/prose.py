"""Tables in LaTeX and Markdown."""

from __future__ import annotations

import re

from disclosure.files.delimited import Grid, decode, grid_of
from disclosure.files.opening import Opened, hidden, look
from disclosure.files.words import identifiers
from disclosure.findings import Finding

_TABULAR = re.compile(
    r"\\begin\{(tabular|tabularx|tabulary|longtable|tblr|longtblr|tabu|array|NiceTabular)(\*?)\}(.*?)\\end\{\1\2\}",
    re.DOTALL,
)
_COMMENT = re.compile(r"(?<!\\)%(.*)")
_PLOTTED = re.compile(r"\\addplot|\\pgfplotstable|coordinates\s*\{|\\datavisualization|\\begin\{filecontents")
_ELSEWHERE = re.compile(
    r"\\(?:input|include|includegraphics|lstinputlisting|verbatiminput|includepdf|write18)\b"
)
_FIGURES = re.compile(r"\d+(?:\.\d+)?")
MOST_SPAN = 1_000
MANY = 3  # figures in a comment from which it is taken to carry data
_MULTI = re.compile(r"\\multi(?:column|row)\{(\d+)\}\{[^}]*\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_COMMAND = re.compile(
    r"\\(?:textbf|textit|emph|text|mathrm|num|multirowcell|makecell|textsc|underline)\{([^{}]*)\}"
)
_RULE = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot)|\\c(?:line|midrule)\S*"
)
_DASHES = re.compile(r"\s*:?-{2,}:?\s*")


def open_latex(content: bytes, name: str) -> Opened:
    """Every tabular of a LaTeX file."""
    written = decode(content, name)
    text = _COMMENT.sub("", written)
    grids = []
    for number, found in enumerate(_TABULAR.finditer(text)):
        body = _without_settings(found[3])
        lines = [_latex_line(line) for line in re.split(r"\\\\\*?(?:\[[^\]]*\])?|\\tabularnewline", body)]
        lines = [line for line in lines if len(line) > 1]
        if len(lines) > 1:
            grids.append(grid_of(lines, f"{name}, table {number + 1}"))
    return _with_prose(grids, name, text, _about_latex(written, text, name))


def _about_latex(written: str, text: str, name: str) -> list[Finding]:
    """What the source of a document carries beside what it prints."""
    found = []
    if any(len(_FIGURES.findall(comment)) >= MANY for comment in _COMMENT.findall(written)):
        found.append(hidden(name, "figures in a comment"))
    if _PLOTTED.search(text):
        found.append(
            hidden(
                name, "data that a figure is drawn from", fix="give the table of them as a file of its own"
            )
        )
    if _ELSEWHERE.search(text):
        found.append(look(name, "parts that stand in other files", fix="give those files with it"))
    return found


def _without_settings(body: str) -> str:
    """A table without what says how its columns are set: arguments in brackets and braces at its start."""
    at = 0
    while at < len(body):
        if body[at].isspace():
            at += 1
        elif body[at] in "[{":
            at = _closed(body, at)
        else:
            break
    return body[at:]


def _closed(text: str, at: int) -> int:
    """The place after the bracket that closes the one at `at`."""
    start, end = text[at], {"[": "]", "{": "}"}[text[at]]
    deep = 0
    for place in range(at, len(text)):
        deep += (text[place] == start) - (text[place] == end)
        if not deep:
            return place + 1
    return len(text)


def _latex_line(line: str) -> list[str]:
    line = _RULE.sub("", line)
    cells = []
    for cell in re.split(r"(?<!\\)&", line):
        spans = _MULTI.search(cell)
        text = (
            _COMMAND.sub(r"\1", _MULTI.sub(r"\2", cell))
            .replace(r"\%", "%")
            .replace("$", "")
            .replace(r"\,", "")
            .replace("{,}", ",")
            .replace(r"\&", "&")
            .replace(r"\_", "_")
        )
        wide = int(spans[1]) if spans and spans[0].startswith(r"\multicolumn") else 1
        cells += [text.strip()] * min(wide, MOST_SPAN)
    return cells


def open_markdown(content: bytes, name: str) -> Opened:
    """Every pipe table of a Markdown file."""
    grids: list[Grid] = []
    block: list[list[str]] = []
    text = decode(content, name)
    for line in [*text.splitlines(), ""]:
        if line.strip().startswith("|") or (block and "|" in line):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not all(_DASHES.fullmatch(cell) for cell in cells):
                block.append(cells)
        elif block:
            if len(block) > 1 and len(block[0]) > 1:
                grids.append(grid_of(block, f"{name}, table {len(grids) + 1}"))
            block = []
    found = (
        [hidden(name, "figures in a comment")]
        if any(
            len(_FIGURES.findall(comment)) >= MANY for comment in re.findall(r"<!--(.*?)-->", text, re.DOTALL)
        )
        else []
    )
    return _with_prose(grids, name, text, found)


def _with_prose(grids: list[Grid], name: str, text: str, found: list[Finding]) -> Opened:
    """The tables; and that the words around them (or all of it) are for a person to read."""
    read = look(name, "text around the tables: a person has to read it", fix="read it")
    return Opened(tuple(grids), (*found, *identifiers(text, name), read))
