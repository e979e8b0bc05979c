"""Whose mother is whose: from a number that names her, or from what two hospitals' records say of a birth.

A set of mothers and babies names two numbers of one numbering. The baby's is its record's own; the mother's has a
token of the same domain as her own rows' number, so that she is the person of those rows. Where she has no
row of her own she still gets an id, the one her rows would have, so that brothers and sisters share a mother.

Records of deliveries and of births name nobody: the mothers' side is known by its shifted days, and each birth is
brought to a delivery by `mother_baby`. What a set names goes before what was found so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.linkage.mother_baby import SAME_DELIVERY, SHIFTS, STEPS, Tokens, composite, mothers_of
from tre_toolkit.linkage.people import named_by
from tre_toolkit.linkage.records import NONE, Codes, Records
from tre_toolkit.linkage.spine import MOTHER


@dataclass(frozen=True, slots=True)
class Mothers:
    """For each record the mother's person id, or None; and what was counted on the way."""

    of: np.ndarray
    counts: Mapping[str, Any]


def mothers(records: Records, ids: np.ndarray, key: bytes) -> Mothers | None:
    """The mothers of the records whose person ids are `ids`; None where no record says anything of one."""
    named, found = by_number(records, ids, key), by_births(records, ids)
    if named is None and found is None:
        return None
    of = np.full(len(records), None, dtype=object)
    counts: dict[str, Any] = {}
    if found is not None:
        of, counts = found.of, dict(found.counts)
    if named is not None:
        told = pd.notna(named)
        of = np.where(told, named, of)
        counts["named by number"] = int(told.sum())
    return Mothers(of, counts)


def by_number(records: Records, ids: np.ndarray, key: bytes) -> np.ndarray | None:
    """The mother's person id of each record that names her by number, None elsewhere."""
    told = records.of(MOTHER)
    if not told.any():
        return None
    number = records.of("number")
    own = pd.Series(ids[number != NONE], index=number[number != NONE])
    own = own[~own.index.duplicated()]
    codes = pd.Index(np.unique(told[told != NONE]))
    known = own.reindex(codes).astype(object)
    unseen = known.index[known.isna()]
    known[unseen] = [named_by(code, key) for code in unseen.tolist()]
    return pd.Series(told).map(known).astype(object).where(told != NONE, None).to_numpy(object)


def by_births(records: Records, ids: np.ndarray) -> Mothers | None:
    """The mother's person id of each baby's record that was brought to a delivery."""
    kinds = [composite(step, shift) for step in STEPS for shift in SHIFTS]
    shifted = [composite(step, shift) for step in STEPS for shift in SHIFTS[1:]]
    delivered = _any(records, shifted)
    born = _any(records, kinds) & ~delivered
    babies, deliveries = np.flatnonzero(born), np.flatnonzero(delivered)
    if not len(babies) and not len(deliveries):
        return None
    wanted = (*kinds, *SAME_DELIVERY)
    found = mothers_of(_tokens(records, wanted, babies), _tokens(records, wanted, deliveries))
    of = np.full(len(records), None, dtype=object)
    of[babies[found["baby"]]] = ids[deliveries[found["delivery"]]]
    steps = found["step"].value_counts()
    return Mothers(
        of,
        {
            "births": len(babies),
            "deliveries": len(deliveries),
            "births with a delivery": len(found),
            "by step": {step.name: int(steps.get(step.name, 0)) for step in STEPS},
        },
    )


def _any(records: Records, kinds: list[str]) -> np.ndarray:
    """Whether each record has a token of any of these kinds."""
    found = np.zeros(len(records), dtype=bool)
    for kind in kinds:
        found |= records.of(kind) != NONE
    return found


def _tokens(records: Records, kinds: tuple[str, ...], rows: Codes) -> Tokens:
    return {kind: records.tokens[kind][rows] for kind in kinds if kind in records.tokens}
