"""The page on the catalogue's own format: every key a catalogue file may have, read from the model itself."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from tre_toolkit.schema.harmony import Change, Merge
from tre_toolkit.schema.model import Code, Dataset, Derived, Field, FileForm, Helper, Lookup, Rule, Table

NOT_WRITTEN = {"tables", "code_lists", "fields", "form", "rules", "helpers", "derived", "lookups"}
"""Parts of the model that stand in blocks or files of their own."""

PARTS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("dataset.toml", "the dataset; `table_order` lists its tables, in order", Dataset),
    ("dataset.toml, `[form]`", "how it stands in files", FileForm),
    ("tables/TABLE.toml", "one table", Table),
    ("tables/TABLE.toml, `[[field]]`", "one column, in the order of the file", Field),
    ("codes/LIST.csv", "one code a line; these are the columns", Code),
    ("rules.toml, `[[rule]]`", "one rule, or one period of its logic", Rule),
    ("rules.toml, `[[helper]]`", "a query several rules read", Helper),
    ("derived.toml, `[[derived]]`", "a column the rules read that stands in no file", Derived),
    ("derived.toml, `[[lookup]]`", "a list that some rules need", Lookup),
    ("harmonise.toml, `[[carry]]` and `[[fold]]`", "codes made comparable", Change),
    ("harmonise.toml, `[[merge]]`", "rows that later returns send again", Merge),
)


def keys(part: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    """A row for each key of a part: its name in the file, its values, what it is when left out, what it means."""
    told = dict(_meanings(part))
    own = [name for name in part.model_fields if name in part.__annotations__]
    rows = []
    for name in [*own, *(name for name in part.model_fields if name not in own)]:
        field = part.model_fields[name]
        if name in NOT_WRITTEN:
            continue
        default = "required" if field.is_required() else _default(field.default)
        rows.append((field.alias or name, _values(field.annotation), default, told.get(name, "")))
    return rows


def _meanings(part: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """The text under each attribute of a class and of the classes it is made from."""
    for one in reversed(part.__mro__):
        if not issubclass(one, BaseModel) or one is BaseModel:
            continue
        tree = ast.parse(inspect.getsource(sys.modules[one.__module__]))
        body = next(
            node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == one.__name__
        )
        for line, text in pairwise(body):
            target = line.target if isinstance(line, ast.AnnAssign) else None
            told = text.value if isinstance(text, ast.Expr) else None
            if isinstance(target, ast.Name) and isinstance(told, ast.Constant):
                yield target.id, " ".join(str(told.value).split())


def _default(value: object) -> str:
    if value is None or value in ((), "", False):
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _values(annotation: Any) -> str:
    """A type as a person says it: text, number, yes or no, one of a few words, a list."""
    simple = {str: "text", int: "whole number", bool: "true or false"}
    if annotation in simple:
        return simple[annotation]
    text = str(annotation).replace("typing.", "").replace(" | None", "").removeprefix("Optional[")
    words = [part.strip("'\" ]") for part in text.split("Literal[")[-1].split(",")]
    if "Literal[" in text:
        listed = ", ".join(f"`{word}`" for word in words if word not in {"...", ")"})
        return f"list of {listed}" if text.startswith("tuple") else listed
    if text.startswith("tuple"):
        return "list of text"
    return {"str": "text", "int": "whole number", "<class 'bool'>": "true or false"}.get(
        text, "table of text"
    )
