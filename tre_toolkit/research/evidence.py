"""An output: a table as CSV and, beside it, the evidence of how it was made.

The evidence holds the declaration that re-derives the table, the workspace's digest and, for every cell,
how many children stand behind it. The gate doesn't trust it: it runs the declaration again.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from tre_toolkit.errors import TreError
from tre_toolkit.files import digest, write_text
from tre_toolkit.research.declared import ARROW, Declared, Table, plain
from tre_toolkit.research.workspace import Workspace

FORMAT = "tre-evidence-v1"
SUFFIX = ".evidence.json"


def evidence_path(output: Path) -> Path:
    """Where an output's evidence stands."""
    return output.with_name(output.name + SUFFIX)


def as_csv(table: Table) -> str:
    """The table as CSV text: labels in the first row and the first column (one for each of several stages)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*table.corner.split(ARROW), *table.columns])
    writer.writerows(
        [*label.split(ARROW), *cells] for label, cells in zip(table.rows, table.shown, strict=True)
    )
    return text.getvalue()


def write_output(path: Path, table: Table, wanted: Declared, workspace: Workspace, *, made_by: str) -> Path:
    """Write a table and its evidence, not yet checked. Raises TreError when something stands there already."""
    write_text(path, as_csv(table))
    try:
        told = describe(path, table, wanted, workspace, made_by=made_by)
        write_text(
            evidence_path(path), json.dumps(told, indent=2, ensure_ascii=False) + "\n", mode=0o600
        )  # it holds true counts
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def describe(
    path: Path, table: Table, wanted: Declared, workspace: Workspace, *, made_by: str
) -> dict[str, Any]:
    """The evidence of a table that stands at `path`."""
    return {
        "format": FORMAT,
        "file": {"name": path.name, "sha256": digest(path)},
        "made_by": made_by,
        "unit": wanted.unit,
        "synthetic": workspace.synthetic,
        "recipe": {"dataset_digest": workspace.digest, **plain(wanted)},
        "cells": {
            "rows": [label.split(ARROW) for label in table.rows]
            if ARROW in table.corner
            else list(table.rows),
            "columns": list(table.columns),
            "units": table.units.tolist(),
            "shown": table.shown,
            **_more(table),
        },
        "packs": [],
        "verdict": "UNCHECKED",
        "findings": [],
    }


def _more(table: Table) -> dict[str, Any]:
    """What else is told of the cells: which members are totals, what the figures are if not numbers of children."""
    told: dict[str, Any] = {"totals": table.totals} if table.totals else {}
    if table.across:
        told["across"] = table.across
    if table.sets is not None:
        told["sets"] = table.sets.tolist()
    if table.kind != "count":
        told["kind"] = table.kind
    if table.values is not None and (table.kind == "count" or table.sets is not None):
        told["values"] = table.values.tolist()
    return told


def read_evidence(output: Path) -> dict[str, Any]:
    """The evidence beside an output, which must be of exactly these bytes. Raises TreError otherwise."""
    beside = evidence_path(output)
    if not output.is_file():
        raise TreError("there is no such file", where=str(output))
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TreError(
            "no evidence stands beside this file", where=str(output), hint="make it with `tre recipe run`"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise TreError("not JSON", where=str(beside)) from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise TreError(f"not {FORMAT}", where=str(beside))
    file = told.get("file")
    if not isinstance(file, dict) or file.get("sha256") != digest(output):
        raise TreError(
            "the file isn't the one its evidence speaks of", where=str(output), hint="make it again"
        )
    return told


def read_declaration(path: Path) -> tuple[Declared, str | None]:
    """The declared table of a .toml or of an output's evidence, and the digest of the data it was run over.

    A .toml may hold the recipe block of an evidence file as it is. Raises TreError when it is neither.
    """
    from tre_toolkit.research.measures import declared, read_toml

    if path.suffix != ".json":
        raw = read_toml(path)
    else:
        try:
            raw = dict(json.loads(path.read_text(encoding="utf-8"))["recipe"])
        except FileNotFoundError:
            raise TreError("there is no such recipe", where=str(path)) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise TreError("not the evidence of an output", where=str(path)) from None
    digest_told = raw.get("dataset_digest")
    return declared(raw, where=str(path)), str(digest_told) if digest_told else None
