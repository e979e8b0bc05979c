"""Tables in LaTeX and Markdown."""

from __future__ import annotations

import re

from disclosure.files.delimited import Grid, decode, grid_of
from disclosure.files.opening import Opened, look

_TABULAR = re.compile(r"\\begin\{(tabular|tabularx|longtable)\*?\}(.*?)\\end\{\1\*?\}", re.DOTALL)
_MULTI = re.compile(r"\\multi(?:column|row)\{(\d+)\}\{[^}]*\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_COMMAND = re.compile(r"\\(?:textbf|textit|emph|text|mathrm)\{([^{}]*)\}")
_RULE = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot)|\\c(?:line|midrule)\S*"
)
_DASHES = re.compile(r"\s*:?-{2,}:?\s*")


def open_latex(content: bytes, name: str) -> Opened:
    """Every tabular of a LaTeX file."""
    text = re.sub(r"(?<!\\)%.*", "", decode(content, name))
    grids = []
    for number, found in enumerate(_TABULAR.finditer(text)):
        lines = [_latex_line(line) for line in re.split(r"\\\\(?:\[[^\]]*\])?", found[2])]
        lines = [line for line in lines if len(line) > 1]
        if len(lines) > 1:
            grids.append(grid_of(lines, f"{name}, table {number + 1}"))
    return _with_prose(grids, name)


def _latex_line(line: str) -> list[str]:
    line = _RULE.sub("", line)
    line = re.sub(r"^\s*(?:\[[^\]]*\])?\{[^{}]*\}", "", line, count=1) if "&" in line else line
    cells = []
    for cell in re.split(r"(?<!\\)&", line):
        spans = _MULTI.search(cell)
        text = (
            _COMMAND.sub(r"\1", _MULTI.sub(r"\2", cell))
            .replace(r"\%", "%")
            .replace("$", "")
            .replace(r"\_", "_")
        )
        cells += [text.strip()] * (int(spans[1]) if spans else 1)
    return cells


def open_markdown(content: bytes, name: str) -> Opened:
    """Every pipe table of a Markdown file."""
    grids: list[Grid] = []
    block: list[list[str]] = []
    for line in [*decode(content, name).splitlines(), ""]:
        if line.strip().startswith("|") or (block and "|" in line):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not all(_DASHES.fullmatch(cell) for cell in cells):
                block.append(cells)
        elif block:
            if len(block) > 1 and len(block[0]) > 1:
                grids.append(grid_of(block, f"{name}, table {len(grids) + 1}"))
            block = []
    return _with_prose(grids, name)


def _with_prose(grids: list[Grid], name: str) -> Opened:
    """The tables; and that the words around them (or all of it) are for a person to read."""
    return Opened(
        tuple(grids), (look(name, "text around the tables: a person has to read it", fix="read it"),)
    )
