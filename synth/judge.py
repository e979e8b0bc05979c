"""What an output checker wants to know of a fitted set: is anybody in it, and what can be learnt from it.

Every measure is read against a hold-out: real children the fit never saw. What holds for them as well is the
world, not the fit. Distances to the closest record are told for information and left out of the verdict: sets that
pass them have been shown to leak (arXiv 2505.01524).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import flat as fl
from synth.attacks import attacks
from synth.draw import Index
from synth.flat import IDENTIFYING, Tables
from synth.measure import FAIL, PASS, REVIEW, Measure, at_least, attack, verdict, wilson
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 6  # filled cells from which a history speaks of one child
HIGHEST = 0.005  # largest excess of exact histories over the hold-out
CHANCE = 0.05  # an excess that chance alone brings more often than this is looked at, not failed


def judge(real: Tables, held: Tables, made: Tables, shape: Schema, *, seed: int = 0) -> list[Measure]:
    """All measures of a set `made` from `real`, with the hold-out `held`. `seed` chooses whom the attacks go for."""
    found = [_identifiers(real, made, shape), _identifiers(held, made, shape, "identifiers of the hold-out")]
    found += [exact_histories(real, held, made, shape)]
    if any(table.person and table.name not in fl.own_tables(shape) for table in shape.tables):
        found += [exact_histories(real, held, made, shape, whole=False)]
    if not shape.dataset.person_tables and not any(table.person for table in shape.tables):
        return found
    flats = [fl.flat(one, shape) for one in (real, held, made)]
    keys, secrets = fl.key_columns(shape), fl.secret_columns(shape)
    found += [_replicated(flats, keys)]
    found += [_disclosed(flats, keys, secret) for secret in secrets[:5] if secret in flats[0].columns]
    return found + attacks(flats, shape, keys, secrets, seed=seed)


def _identifiers(real: Tables, made: Tables, shape: Schema, name: str = "identifiers") -> Measure:
    """Cells of identifying columns that stand in both, whatever the table and column: none may."""
    known, told = set[str](), set[str]()
    for table in shape.tables:
        for field in table.fields:
            if any(role in IDENTIFYING for role in field.role) and field.type not in ("code", "date", "bool"):
                known.update(real[table.name][field.name].dropna().unique().tolist())
                told.update(made[table.name][field.name].dropna().unique().tolist())
    common = {one for one in known & told if len(one) > 4 and any(letter.isdigit() for letter in one)}
    return Measure(
        name, float(len(common)), 0.0, FAIL if common else PASS, "cells found in both; 0 is allowed"
    )


def exact_histories(
    real: Tables, held: Tables, made: Tables, shape: Schema, *, whole: bool = True
) -> Measure:
    """Invented children whose history is that of one fitted child alone, more than chance and the hold-out would have it.

    Only histories that one real child has count. Were nobody copied, an invented child would meet a fitted one as
    seldom as it meets a held-out one, and as a held-out child meets a fitted one: that is the control.
    With `whole` False the child's own table is left out: copies given to other children are found.
    """
    name = "exact histories" if whole else "exact histories without the child's own table"
    told = [fl.histories(one, shape, whole=whole) for one in (real, held, made)]
    known, other, full = (numbers[filled >= ENOUGH] for numbers, filled in told)
    if not len(full) or not len(known):
        return Measure(name, 0.0, 0.0, PASS, "no history is long enough to tell of one child")
    single, count = np.unique(known, return_counts=True)
    single = single[count == 1]
    hits = int(np.isin(np.unique(full), single).sum())
    others = int(np.isin(np.unique(full), _alone(other, single)).sum()), int(np.isin(other, single).sum())
    pairs = len(full) * len(known), len(full) * len(other), len(other) * len(known)
    share = pairs[0] / max(sum(pairs), 1)
    control = sum(others) * share / max(1 - share, 1e-9) / len(full)
    chance = at_least(hits, hits + sum(others), share)
    low, high = wilson(hits, len(full))
    excess = hits / len(full) - control
    broken = excess > HIGHEST and chance < CHANCE
    word = FAIL if broken else REVIEW if excess > HIGHEST else PASS
    note = f"{len(full):,} histories; by chance alone {chance:.2g}"
    return Measure(name, hits / len(full), control, word, note, low - control, high - control)


def _alone(numbers: Index, others: Index) -> Index:
    """The numbers that stand once, and not among `others`."""
    single, count = np.unique(numbers, return_counts=True)
    return np.setdiff1d(single[count == 1], others)


def _keys(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series[Any]:
    told = [name for name in columns if name in frame.columns]
    if not told:
        return frame.index.to_series().astype("str") * 0
    joined = frame[told[0]].astype("str").fillna("")
    for name in told[1:]:
        joined = joined + "|" + frame[name].astype("str").fillna("")
    return joined


def _replicated(flats: Sequence[pd.DataFrame], columns: Sequence[str]) -> Measure:
    """repU: the share of children alone with their keys in the real data who are alone with them in the invented, too.

    Alone is alone among the fitted and the held-out together, so that a smaller hold-out is no advantage.
    """
    import pandas as pd

    real, held, made = (_keys(one, columns) for one in flats)
    told = made.value_counts()
    alone = pd.Index(told[told == 1].index)
    counts = pd.concat([real, held]).value_counts()
    unique = pd.Index(counts[counts == 1].index)
    hits = [int((keys.isin(unique) & keys.isin(alone)).sum()) for keys in (real, held)]
    return attack("repU", hits[0], len(real), hits[1], len(held))


def _disclosed(flats: Sequence[pd.DataFrame], columns: Sequence[str], secret: str) -> Measure:
    """DiSCO: children whose keys say one secret in the invented data, and that secret is theirs."""
    real, held, made = flats
    told = made.assign(key=_keys(made, columns)).groupby("key")[secret].agg(["nunique", "first"])
    sure = told[told["nunique"] == 1]["first"].to_dict()
    hits = []
    for frame in (real, held):
        guesses = _keys(frame, columns).map(sure)
        hits.append(int(((guesses == frame[secret]) & guesses.notna()).sum()))
    return attack(f"DiSCO {secret}", hits[0], len(real), hits[1], len(held))


__all__ = ["ENOUGH", "FAIL", "PASS", "REVIEW", "Measure", "exact_histories", "judge", "verdict", "wilson"]
