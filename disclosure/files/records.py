"""JSON and notebooks: tables written as records or columns, and the outputs a notebook has kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from disclosure.files.delimited import Grid, grid_of
from disclosure.files.opening import Opened, hidden, look
from disclosure.findings import Finding
from tre_toolkit.errors import TreError


def _loaded(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise TreError("the file isn't JSON", where=name) from None


def open_json(content: bytes, name: str) -> Opened:
    """The tables in a JSON file, in the shapes pandas writes; anything else is for a person."""
    told = _loaded(content, name)
    grids = [grid_of(lines, where) for lines, where in _tables(told, name) if len(lines) > 1]
    left = (
        ()
        if grids and _is_table(told)
        else (look(name, "JSON that isn't one table: a person has to read it"),)
    )
    return Opened(tuple(grids), left)


def _is_table(told: Any) -> bool:
    return isinstance(told, list) or {"columns", "data"} <= set(told)


def _tables(told: Any, where: str) -> Iterator[tuple[list[list[str]], str]]:
    if isinstance(told, list) and told and all(isinstance(row, dict) for row in told):
        keys = list(dict.fromkeys(key for row in told for key in row))
        yield [list(map(str, keys)), *[[_text(row.get(key)) for key in keys] for row in told]], where
    elif (
        isinstance(told, dict)
        and isinstance(told.get("columns"), list)
        and isinstance(told.get("data"), list)
    ):
        index = told.get("index") or list(range(len(told["data"])))
        header = ["", *map(str, told["columns"])]
        body = [[_text(label), *map(_text, row)] for label, row in zip(index, told["data"], strict=False)]
        yield [header, *body], where
    elif isinstance(told, dict) and told and all(isinstance(column, dict) for column in told.values()):
        rows = list(dict.fromkeys(key for column in told.values() for key in column))
        body = [[row, *[_text(column.get(row)) for column in told.values()]] for row in rows]
        yield [["", *map(str, told)], *body], where
    elif isinstance(told, dict):
        for key, inner in told.items():
            if isinstance(inner, dict | list):
                yield from _tables(inner, f"{where}, {key}")


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def open_notebook(content: bytes, name: str) -> Opened:
    """A notebook: its kept outputs are what leaves with it."""
    from disclosure.files.images import open_image
    from disclosure.files.markup import open_html

    told = _loaded(content, name)
    cells = told.get("cells") if isinstance(told, dict) else None
    if not isinstance(cells, list):
        raise TreError("not a notebook", where=name)
    grids: list[Grid] = []
    findings: list[Finding] = []
    for number, cell in enumerate(cells):
        where = f"{name}, cell {number + 1}"
        if cell.get("attachments"):
            findings.append(hidden(name, "an attachment", where=f"cell {number + 1}"))
        for output in cell.get("outputs") or ():
            data = output.get("data") or {}
            if "text/html" in data:
                opened = open_html("".join(data["text/html"]).encode(), where)
                grids, findings = [*grids, *opened.grids], [*findings, *opened.findings]
            elif kinds := [kind for kind in data if kind.startswith("image/")]:
                findings += open_image(b"", where).findings if kinds else ()
            elif "text/plain" in data or output.get("text"):
                findings.append(look(name, "printed text kept in the notebook", where=f"cell {number + 1}"))
            elif output.get("output_type") == "error":
                findings.append(
                    hidden(name, "a kept traceback: it may print values", where=f"cell {number + 1}")
                )
    if not findings and not grids:
        findings.append(look(name, "code only: a person has to read it"))
    return Opened(tuple(grids), tuple(findings))
