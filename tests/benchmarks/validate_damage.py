"""Defects planted in our own synthetic returns: a few cells of every column blanked, swapped, moved or spoilt.

Seeded, so that the same children are hurt in every run. Keys that hold a document together are left alone.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tre_toolkit.returns import Return, find, read, write
from tre_toolkit.schema import Field

LEAST = 3  # cells of a column that are hurt, whatever its length
SHARE = 0.01


def synthetic(work: Path, children: int = 1000) -> dict[str, tuple[Path, Path]]:
    """A damaged return of 2025 of each dataset the peers know, and last year's, sound: dataset to both places."""
    invented = work / "invented"
    words = ["synth", "cin_census", "ssda903", "--authority", "990", "--years", "2024-2025", "--seed", "1"]
    tre = Path(sys.executable).with_name("tre")
    more = ["--children", str(children), "--into", str(invented)]
    subprocess.run([str(tre), *words, *more], check=True, capture_output=True)
    places = {}
    for name in ("cin_census", "ssda903"):
        folder = work / f"damaged_{name}"
        [found] = find([invented / "990" / name / "2025"])
        hurt = replace(damaged(read(found), seed=1), synthetic=False)
        written = write(hurt, folder)
        place = folder if name == "ssda903" else written[0]
        places[name] = (place, invented / "990" / name / "2024")
    return places


def damaged(return_: Return, *, seed: int) -> Return:
    """The return with defects in every column that isn't a key."""
    draws = np.random.default_rng(seed)
    schema = return_.schema
    formats = schema.dataset.form.date_formats
    is_document = schema.dataset.form.kind == "xml"
    tables = {}
    for table in schema.tables:
        frame = return_.tables[table.name].copy()
        keys = {*table.inherits, table.counter, table.person, *(table.key if is_document else ())}
        for field in table.fields:
            if field.name not in keys and not (is_document and table.name == "header"):
                frame[field.name] = _hurt(frame[field.name], field, formats[0], draws)
        tables[table.name] = frame
    return replace(return_, tables=tables)


def _hurt(cells: pd.Series, field: Field, form: str, draws: np.random.Generator) -> pd.Series:
    """Some cells blank, some of another row, some spoilt; of dates some a year off, too."""
    if not len(cells):
        return cells
    hurt = cells.to_numpy(dtype=object, na_value=None).copy()
    number = min(len(hurt), max(LEAST, int(SHARE * len(hurt))))
    for kind in ("blank", "other", "spoilt", "moved"):
        rows = draws.choice(len(hurt), number, replace=False)
        if kind == "blank":
            hurt[rows] = None
        elif kind == "other":
            hurt[rows] = hurt[draws.choice(len(hurt), number)]
        elif kind == "spoilt" and field.type == "code":
            hurt[rows] = "ZZ9"
        elif kind == "moved" and field.type == "date":
            days = pd.to_datetime(pd.Series(hurt[rows]), format=form, errors="coerce")
            moved = days + pd.to_timedelta(draws.integers(-400, 400, number), unit="D")
            hurt[rows] = [None if pd.isna(day) else day.strftime(form) for day in moved]
    return pd.Series(hurt, index=cells.index, dtype="str")
