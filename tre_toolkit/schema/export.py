"""The catalogue of one year in other people's formats: Frictionless Table Schema, JSON Schema, a code book.

All three say the same: names, types, codes and what a column reveals. They are made from the catalogue
alone, so two runs give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tre_toolkit.errors import MisuseError
from tre_toolkit.files import new_folder
from tre_toolkit.schema import describe
from tre_toolkit.schema.model import Field, Schema, Table

FORMATS = ("frictionless", "json-schema", "csv")
FRICTIONLESS = {"decimal": "number", "bool": "boolean", "code": "string"}
JSON_TYPES = {"integer": "integer", "decimal": "number", "bool": "boolean"}
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def export(schema: Schema, form: str, into: Path) -> list[Path]:
    """Write a dataset of one year into a new folder. Raises MisuseError for a form that isn't in FORMATS."""
    if form not in FORMATS:
        raise MisuseError(f"there is no format {form}", hint=f"choose {', '.join(FORMATS)}")
    files = {
        "frictionless": lambda: {"datapackage.json": _json(data_package(schema))},
        "json-schema": lambda: {
            f"{table.name}.schema.json": _json(json_schema(schema, table)) for table in schema.tables
        },
        "csv": lambda: {"columns.csv": columns_csv(schema), "codes.csv": codes_csv(schema)},
    }[form]()
    with new_folder(into) as part:
        for name, text in files.items():
            (part / name).write_text(text, encoding="utf-8", newline="")
    return [into / name for name in files]


def data_package(schema: Schema) -> dict[str, Any]:
    """The year as a Frictionless Data Package: one resource a table, each with its Table Schema."""
    return {
        "profile": "tabular-data-package",
        "name": _slug(schema),
        "title": f"{schema.dataset.title} {_period(schema)}",
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": table.name,
                "title": table.title or table.name,
                "path": f"{table.file or table.name}.csv",
                "schema": table_schema(schema, table),
            }
            for table in schema.tables
        ],
    }


def table_schema(schema: Schema, table: Table) -> dict[str, Any]:
    """A table as a Frictionless Table Schema."""
    told: dict[str, Any] = {
        "fields": [_frictionless(schema, schema.column(table.name, name)) for name in table.columns],
        "missingValues": [""],
    }
    if table.key:
        told["primaryKey"] = list(table.key)
    parent = next((other for other in schema.tables if other.name == table.parent), None)
    shared = [name for name in parent.key if name in table.columns] if parent else []
    if parent and shared and len(shared) == len(parent.key):
        told["foreignKeys"] = [{"fields": shared, "reference": {"resource": parent.name, "fields": shared}}]
    return told


def json_schema(schema: Schema, table: Table) -> dict[str, Any]:
    """A row of a table as a JSON Schema; a column that may be blank may be null."""
    told = [schema.column(table.name, name) for name in table.columns]
    return {
        "$schema": DRAFT,
        "title": f"{table.title or table.name}, {schema.dataset.title} {_period(schema)}",
        "type": "object",
        "properties": {field.name: _json_property(schema, field) for field in told},
        "required": [field.name for field in told if field.required],
        "additionalProperties": False,
    }


def columns_csv(schema: Schema) -> str:
    """The code book's columns: a line for each column of each table."""
    lines = [("table", "column", "type", "codes", "format", "required", "reveals", "stays", "note")]
    for table in schema.tables:
        for name in table.columns:
            field = schema.column(table.name, name)
            lines.append(
                (
                    table.name,
                    name,
                    field.type,
                    field.codes or "",
                    field.format or "",
                    "yes" if field.required else "no",
                    describe.reveals(field),
                    describe.stays(table, field),
                    field.note or "",
                )
            )
    return _csv(lines)


def codes_csv(schema: Schema) -> str:
    """The code book's codes: a line for each value of each list that a column of this year takes."""
    used = dict.fromkeys(field.codes for table in schema.tables for field in table.fields if field.codes)
    lines = [("list", "value", "label", "group")]
    for name in used:
        rows = describe.codes(schema.dataset.code_lists[name], schema.year)
        lines += [(name, value, label, group) for value, label, group, _ in rows]
    return _csv(lines)


def _frictionless(schema: Schema, field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"name": field.name, "type": FRICTIONLESS.get(field.type, field.type)}
    form = schema.dataset.form
    if field.type == "date":
        told["format"] = form.date_formats[0].split(" ")[0]
    if field.type == "bool":
        told |= {"trueValues": [form.booleans[1]], "falseValues": [form.booleans[0]]}
    if field.note:
        told["description"] = field.note
    limits = {
        "required": True if field.required else None,
        "enum": list(schema.codes(field)) or None,
        "minimum": field.minimum,
        "maximum": field.maximum,
    }
    constraints = {name: limit for name, limit in limits.items() if limit is not None}
    return told | ({"constraints": constraints} if constraints else {}) | {"tre:role": list(field.role)}


def _json_property(schema: Schema, field: Field) -> dict[str, Any]:
    kind = JSON_TYPES.get(field.type, "string")
    told: dict[str, Any] = {"type": kind if field.required else [kind, "null"]}
    if field.type == "date":
        told["format"] = "date"
    if field.type == "datetime":
        told["format"] = "date-time"
    listed: list[str | None] = [*schema.codes(field)]
    if listed:
        told["enum"] = listed if field.required else [*listed, None]
    limits = {"minimum": field.minimum, "maximum": field.maximum, "description": field.note}
    return told | {name: limit for name, limit in limits.items() if limit is not None}


def _period(schema: Schema) -> str:
    return f"{schema.year} {schema.term}" if schema.term else str(schema.year)


def _slug(schema: Schema) -> str:
    return f"{schema.name}-{_period(schema)}".replace("_", "-").replace(" ", "-")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _csv(lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
