"""Mothers and their babies: deliveries in one table, births in another, joined by what both wrote down.

Every token is made with the delivery date; since one of the two is often a day off, the deliveries carry
each token three times (the day, the day before, the day after), all in one domain, and the births once. Steps
go from the surest down; a step counts only where it leaves one mother for a baby. A mother has several
babies only when they are of one delivery (twins), and a baby has one mother.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tre_toolkit.linkage.records import NONE, Codes, kind, mix

SHIFTS = ("delivery_date", "delivery_before", "delivery_after")
SAME_DELIVERY = ("delivery_date+provider", "delivery_date+mother_birth_date")
"""What twins share, by the first of these that the table has."""
MOST_BABIES = 3  # of one delivery: beyond it the token names no mother
Tokens = dict[str, Codes]
"""Kind of token ("delivery_date+provider") to the codes of the table's rows; deliveries have the shifted kinds too."""


@dataclass(frozen=True, slots=True)
class Step:
    """What must agree beside the (perhaps shifted) delivery date. `multiple` lets twins share the mother."""

    name: str
    agree: tuple[str, ...]


STEPS = (
    Step("mother's birth date, provider, postcode", ("mother_birth_date", "provider", "postcode")),
    Step("mother's birth date, provider, gestation", ("mother_birth_date", "provider", "gestation")),
    Step("mother's birth date, postcode", ("mother_birth_date", "postcode")),
    Step("provider, postcode, gestation", ("provider", "postcode", "gestation")),
    Step("provider, postcode, sex, weight", ("provider", "postcode", "sex", "weight_band")),
    Step(
        "provider, gestation, sex, weight, district",
        ("provider", "gestation", "sex", "weight_band", "postcode_district"),
    ),
    Step("mother's birth date, sex, weight", ("mother_birth_date", "sex", "weight_band")),
    Step("provider, gestation, sex, weight", ("provider", "gestation", "sex", "weight_band")),
)


def composite(step: Step, shift: str) -> str:
    """The kind of token that is made of all that a step compares, as parcels hold it."""
    return kind((shift, *("baby_sex" if part == "sex" else part for part in step.agree)))


def mothers_of(babies: Tokens, deliveries: Tokens) -> pd.DataFrame:
    """The delivery of each baby that has one: columns baby, delivery (row numbers) and step."""
    count = _rows(babies)
    mother = np.full(count, -1, dtype=np.int64)
    by = np.full(count, None, dtype=object)
    for step in STEPS:
        open_babies = np.flatnonzero(mother < 0)
        pairs = _agreeing(babies, deliveries, step, open_babies)
        pairs = pairs[pairs.groupby("baby")["delivery"].transform("nunique") == 1].drop_duplicates(
            ["baby", "delivery"]
        )
        pairs = pairs[_free(pairs, mother, babies)]
        mother[pairs["baby"]] = pairs["delivery"]
        by[pairs["baby"]] = step.name
    found = np.flatnonzero(mother >= 0)
    return pd.DataFrame({"baby": found, "delivery": mother[found], "step": by[found]})


def _agreeing(babies: Tokens, deliveries: Tokens, step: Step, open_babies: Codes) -> pd.DataFrame:
    """Pairs of an open baby and a delivery that agree on all of the step, the exact day before shifted ones."""
    exact = SHIFTS[0]
    own = _key(babies, step, exact)[open_babies]
    left = pd.DataFrame({"baby": open_babies[own != NONE], "key": own[own != NONE]})
    found = []
    for shift in SHIFTS:
        other = _key(deliveries, step, shift)
        rows = np.flatnonzero(other != NONE)
        met = left.merge(pd.DataFrame({"delivery": rows, "key": other[rows]}), on="key")
        found.append(met[["baby", "delivery"]])
        left = left[~left["baby"].isin(met["baby"])]
    return pd.concat(found, ignore_index=True)


def _free(pairs: pd.DataFrame, mother: Codes, babies: Tokens) -> np.ndarray:
    """Whether the delivery may have this baby: it is free, or its babies are all of one delivery (twins)."""
    nothing = np.zeros(_rows(babies), dtype=np.int64)
    day = next((babies[one] for one in SAME_DELIVERY if one in babies), nothing)
    taken = pd.DataFrame({"delivery": mother[mother >= 0], "baby": np.flatnonzero(mother >= 0)})
    both = pd.concat([taken, pairs[["delivery", "baby"]]], ignore_index=True)
    both["day"] = day[both["baby"]]
    size = both.groupby("delivery")["baby"].transform("size").to_numpy()
    days = both.groupby("delivery")["day"].transform("nunique").to_numpy()
    fits: np.ndarray = (size == 1) | ((size <= MOST_BABIES) & (days == 1))
    free: np.ndarray = fits[len(taken) :]
    return free


def _key(tokens: Tokens, step: Step, shift: str) -> Codes:
    """One code for all that the step compares, under one reading of the date."""
    if (whole := tokens.get(composite(step, shift))) is not None:
        return whole
    parts = [tokens.get(f"{shift}+{part}") for part in step.agree]
    held = [part for part in parts if part is not None]
    if len(held) < len(parts):
        return np.zeros(_rows(tokens), dtype=np.int64)
    return mix(*held)


def _rows(tokens: Tokens) -> int:
    return len(next(iter(tokens.values()))) if tokens else 0
