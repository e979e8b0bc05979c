"""JSON: tables written as records, columns, arrays of arrays or named figures, however deep they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from disclosure.files.delimited import Grid, grid_of
from disclosure.files.opening import Opened, look
from disclosure.files.words import identifiers
from tre_toolkit.errors import TreError

DEEP = 40
MOST_TABLES = 200
Lines = list[list[str]]


def loaded(content: bytes, name: str) -> Any:
    """What a JSON file says. Raises TreError when it isn't JSON, or a key stands twice: readers see the last only."""
    try:
        return json.loads(content, object_pairs_hook=_once)
    except _Twice:
        raise TreError(
            "a key stands in it twice, and readers see one of the two", where=name, hint="write it anew"
        ) from None
    except (ValueError, RecursionError):
        raise TreError("the file isn't JSON", where=name) from None


class _Twice(Exception):
    """A key stands twice in an object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice
    return found


def open_json(content: bytes, name: str) -> Opened:
    """The tables in a JSON file; words and figures that stand in none are for a person."""
    told = loaded(content, name)
    grids = grids_of(told, name)
    findings = [*identifiers(_words(told), name)]
    if not (len(grids) == 1 and _is_table(told)):
        message = f"JSON with {len(grids)} tables in it" if grids else "JSON without a table"
        findings.append(look(name, message + ": a person has to read the rest"))
    return Opened(tuple(grids), tuple(findings))


def grids_of(told: Any, name: str) -> list[Grid]:
    """The tables in what a JSON file says. Raises TreError when there are too many, or they are nested too deep."""
    grids = []
    for lines, where in _tables(told, name, 0):
        if len(lines) > 1 and max(map(len, lines)) > 1:
            grids.append(grid_of(lines, where))
        if len(grids) > MOST_TABLES:
            raise TreError("too many tables in one file", where=name, hint="release a smaller one")
    return grids


def _is_table(told: Any) -> bool:
    """Whether nothing stands beside the table."""
    if isinstance(told, list):
        return not any(isinstance(value, dict | list) for row in told for value in _values(row))
    return {"columns", "data"} <= {*told} <= {"columns", "data", "index"} or all(
        isinstance(column, dict) for column in told.values()
    )


def _values(row: Any) -> Sequence[Any]:
    return list(row.values()) if isinstance(row, dict) else row if isinstance(row, list) else [row]


def _tables(told: Any, where: str, depth: int) -> Iterator[tuple[Lines, str]]:
    """Every table in it: the row of labels first."""
    if depth > DEEP:
        raise TreError("the file is nested too deep", where=where)
    if isinstance(told, dict):
        yield from _of_object(told, where, depth)
    elif isinstance(told, list) and told and all(isinstance(row, dict) for row in told):
        flat = [_flat(row) for row in told]
        keys = list(dict.fromkeys(key for row in flat for key in row))
        yield [keys, *[[_text(row.get(key)) for key in keys] for row in flat]], where
        yield from _inside(told, where, depth)
    elif isinstance(told, list) and told and all(isinstance(row, list) for row in told):
        if any(isinstance(value, dict | list) for row in told for value in row):
            yield from _inside(told, where, depth)
        else:
            yield _rows(told), where
    elif isinstance(told, list):
        yield from _inside([told], where, depth)


def _of_object(told: dict[str, Any], where: str, depth: int) -> Iterator[tuple[Lines, str]]:
    if isinstance(told.get("columns"), list) and isinstance(told.get("data"), list):
        index = told.get("index") or list(range(len(told["data"])))
        body = [
            [_text(label), *map(_text, row if isinstance(row, list) else [row])]
            for label, row in zip(index, told["data"], strict=False)
        ]
        yield [["", *map(str, told["columns"])], *body], where
        return
    if (
        told
        and all(isinstance(column, dict) for column in told.values())
        and not any(isinstance(value, dict | list) for column in told.values() for value in column.values())
    ):
        rows = list(dict.fromkeys(key for column in told.values() for key in column))
        body = [[row, *[_text(column.get(row)) for column in told.values()]] for row in rows]
        yield [["", *map(str, told)], *body], where
        return
    columns = {key: value for key, value in told.items() if isinstance(value, list) and _scalars(value)}
    figures = {key: value for key, value in told.items() if _is_number(value)}
    if len(columns) > 1 and len({len(column) for column in columns.values()}) == 1:  # columns side by side
        yield [list(columns), *[list(map(_text, row)) for row in zip(*columns.values(), strict=True)]], where
    elif len(figures) > 1:  # named figures
        yield [["", "figure"], *[[key, _text(value)] for key, value in figures.items()]], where
    for key, inner in told.items():
        if isinstance(inner, dict | list) and not (key in columns and len(columns) > 1):
            yield from _tables(inner, f"{where}, {key}", depth + 1)


def _inside(rows: Sequence[Any], where: str, depth: int) -> Iterator[tuple[Lines, str]]:
    """Tables inside the rows of another: lists, and objects with lists or objects of their own."""
    for row in rows:
        for key, value in row.items() if isinstance(row, dict) else enumerate(row):
            if isinstance(value, list) or (isinstance(value, dict) and not _scalars(list(value.values()))):
                yield from _tables(value, f"{where}, {key}", depth + 1)


def _rows(told: list[list[Any]]) -> Lines:
    """Arrays of one width as a table: the first is the header where it is all words."""
    if not any(map(_is_number, told[0])) and any(_is_number(value) for row in told[1:] for value in row):
        return [list(map(_text, row)) for row in told]
    width = max(map(len, told))
    label = all(isinstance(row[0], str) for row in told if row)
    titles = [f"column {at + 1}" for at in range(width)]
    if label:
        return [titles, *[list(map(_text, row)) for row in told]]
    return [["row", *titles], *[[f"row {at + 1}", *map(_text, row)] for at, row in enumerate(told)]]


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    """A record's own figures, those of the records in it under `outer.inner`."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and _scalars(list(value.values())):
            found.update(_flat(value, f"{before}{key}."))
        elif not isinstance(value, dict | list):
            found[f"{before}{key}"] = value
    return found


def _scalars(values: Sequence[Any]) -> bool:
    return bool(values) and not any(isinstance(value, dict | list) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _words(told: Any) -> str:
    """All words in it, for a look at identifiers."""
    if isinstance(told, dict):
        return "\n".join(f"{key}\n{_words(value)}" for key, value in told.items())
    if isinstance(told, list):
        return "\n".join(map(_words, told))
    return _text(told)
