"""What an output checker wants to know of a fitted set: is anybody in it, and what can be learnt from it.

Every measure is read against a hold-out: real children the fit never saw. What holds for them as well is the
world, not the fit. Distances to the closest record are left out of the verdict: sets that pass them have been
shown to leak (arXiv 2505.01524).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from synth.draw import Index
from tre_toolkit.schema import Schema, Table

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
IDENTIFYING = ("direct_id", "linkage_id")
ENOUGH = 6  # filled cells from which a history speaks of one child
HIGHEST = 0.005  # largest excess of exact histories over the hold-out: upper bound of the 95 % interval
WORST = 0.05  # largest excess of repU, of DiSCO and of the attacks over the hold-out
PASS, REVIEW, FAIL = "PASS", "REVIEW", "FAIL"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: the fitted children against the hold-out, and the verdict."""

    name: str
    value: float
    control: float
    verdict: str
    note: str = ""


def judge(real: Tables, held: Tables, made: Tables, shape: Schema) -> list[Measure]:
    """All measures of a set `made` from `real`, with the hold-out `held`."""
    found = [_identifiers(real, made, shape), _identifiers(held, made, shape, "identifiers of the hold-out")]
    found += [exact_histories(real, held, made, shape)]
    flats = [flat(one, shape) for one in (real, held, made)]
    keys, secrets = key_columns(shape), secret_columns(shape)
    found += [_replicated(flats, keys)]
    found += [_disclosed(flats, keys, secret) for secret in secrets[:5] if secret in flats[0].columns]
    return found


def verdict(measures: Sequence[Measure]) -> str:
    """The worst verdict of all."""
    for word in (FAIL, REVIEW):
        if any(one.verdict == word for one in measures):
            return word
    return PASS


def _identifiers(real: Tables, made: Tables, shape: Schema, name: str = "identifiers") -> Measure:
    """Cells of identifying columns that stand in both, whatever the table and column: none may."""
    known, told = set[str](), set[str]()
    for table in shape.tables:
        for field in table.fields:
            if any(role in IDENTIFYING for role in field.role) and field.type not in ("code", "date", "bool"):
                known.update(real[table.name][field.name].dropna().tolist())
                told.update(made[table.name][field.name].dropna().tolist())
    common = {one for one in known & told if len(one) > 4 and any(letter.isdigit() for letter in one)}
    return Measure(
        name, float(len(common)), 0.0, FAIL if common else PASS, "cells found in both; 0 is allowed"
    )


def histories(tables: Tables, shape: Schema) -> tuple[Index, NDArray[np.int64]]:
    """For each child a number that stands for all cells of all its rows but the identifiers, and how many are filled."""
    import pandas as pd

    parts = []
    for at, table in enumerate(shape.tables):
        frame = tables[table.name]
        if not table.person or table.person not in frame.columns or not len(frame):
            continue
        told = [name for name in _telling(table) if name in frame.columns]
        if not told:
            continue
        text = frame[told].astype("str").fillna("")
        number = pd.util.hash_pandas_object(text, index=False).to_numpy(dtype=np.uint64)
        salt = np.uint64((at + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1)
        filled = frame[told].notna().sum(axis=1).to_numpy()
        parts.append(
            pd.DataFrame({"child": frame[table.person], "number": (number ^ salt), "filled": filled})
        )
    if not parts:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    rows = pd.concat(parts, ignore_index=True).dropna(subset=["child"])
    rows["number"] = (
        rows["number"].to_numpy(dtype=np.uint64).astype(np.int64)
    )  # sums wrap, whatever the order
    grouped = rows.groupby("child")
    return grouped["number"].sum().to_numpy().astype(np.uint64), grouped["filled"].sum().to_numpy(
        dtype=np.int64
    )


def _telling(table: Table) -> list[str]:
    """Columns that tell of the child: no identifiers, no counters."""
    return [
        one.name
        for one in table.fields
        if not any(role in IDENTIFYING for role in one.role) and one.token is None
    ]


def exact_histories(real: Tables, held: Tables, made: Tables, shape: Schema) -> Measure:
    """The share of invented children whose whole history is that of a fitted child, less that of the hold-out."""
    (known, _), (other, _), (told, filled) = (histories(one, shape) for one in (real, held, made))
    full = told[filled >= ENOUGH]
    if not len(full):
        return Measure("exact histories", 0.0, 0.0, PASS, "no history is long enough to tell of one child")
    inside = np.isin(full, known).mean()
    fair = len(known) / max(len(other), 1)
    outside = min(float(np.isin(full, other).mean()) * fair, 1.0)
    high = wilson(round(float(inside) * len(full)), len(full))[1] - outside
    broken = inside - outside > HIGHEST or (high > 2 * HIGHEST and len(full) > 1000)
    return Measure(
        "exact histories", float(inside), outside, FAIL if broken else PASS, f"{len(full):,} histories"
    )


def flat(tables: Tables, shape: Schema) -> pd.DataFrame:
    """One row a child: the columns where the identifiers stand, the first row of every other table, and row counts."""
    import pandas as pd

    about = shape.dataset.person_tables or tuple(table.name for table in shape.tables if table.person)[:1]
    first = shape.table(about[0])
    base = tables[first.name].drop_duplicates(first.person).set_index(first.person)
    made = base[[name for name in _telling(first) if name in base.columns]].add_prefix(f"{first.name}.")
    for table in shape.tables:
        frame = tables[table.name]
        if table.name == first.name or not table.person or table.person not in frame.columns:
            continue
        told = [name for name in _telling(table) if name in frame.columns]
        grouped = frame.groupby(table.person)
        made = made.join(grouped[told].first().add_prefix(f"{table.name}.")) if told else made
        made[f"{table.name} rows"] = grouped.size().reindex(made.index, fill_value=0).clip(upper=5)
    return made if isinstance(made, pd.DataFrame) else pd.DataFrame(made)


def key_columns(shape: Schema) -> list[str]:
    """What somebody may know of a child: the quasi-identifying codes."""
    return [f"{t.name}.{f.name}" for t in shape.tables for f in t.fields
            if "quasi_id" in f.role and f.type in ("code", "bool", "integer") and not any(r in IDENTIFYING for r in f.role)]  # fmt: skip


def secret_columns(shape: Schema) -> list[str]:
    """What somebody would like to know: the sensitive codes that aren't keys."""
    return [f"{t.name}.{f.name}" for t in shape.tables for f in t.fields
            if "sensitive" in f.role and "quasi_id" not in f.role and f.type in ("code", "bool")]  # fmt: skip


def _keys(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series[Any]:
    told = [name for name in columns if name in frame.columns]
    return frame[told].astype("str").fillna("").agg("|".join, axis=1) if told else frame.index.to_series() * 0


def _replicated(flats: Sequence[pd.DataFrame], columns: Sequence[str]) -> Measure:
    """repU: the share of children alone with their keys in the real data who are alone with them in the invented, too."""
    real, held, made = flats
    told = _keys(made, columns).value_counts()
    alone = set(told[told == 1].index)
    shares = []
    for frame in (real, held):
        keys = _keys(frame, columns)
        counts = keys.value_counts()
        unique = counts[counts == 1].index
        shares.append(sum(key in alone for key in unique) / max(len(frame), 1))
    return _against_control("repU", shares[0], shares[1])


def _disclosed(flats: Sequence[pd.DataFrame], columns: Sequence[str], secret: str) -> Measure:
    """DiSCO: children whose keys say one secret in the invented data, and that secret is theirs."""
    real, held, made = flats
    told = made.assign(key=_keys(made, columns)).groupby("key")[secret].agg(["nunique", "first"])
    sure = told[told["nunique"] == 1]["first"].to_dict()
    shares = []
    for frame in (real, held):
        guesses = _keys(frame, columns).map(sure)
        shares.append(float(((guesses == frame[secret]) & guesses.notna()).mean()) if len(frame) else 0.0)
    return _against_control(f"DiSCO {secret}", shares[0], shares[1])


def _against_control(name: str, value: float, control: float) -> Measure:
    excess = value - control
    return Measure(name, value, control, FAIL if excess > WORST else REVIEW if excess > WORST / 2 else PASS)


def wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson interval of a share."""
    if not tries:
        return 0.0, 1.0
    share, part = hits / tries, z * z / tries
    middle = (share + part / 2) / (1 + part)
    wide = z * math.sqrt(share * (1 - share) / tries + part / (4 * tries)) / (1 + part)
    return middle - wide, middle + wide
