"""What each class of pairs is expected to look like before anything is learnt: start values and prior centres.

SAME is one person. TWIN is another child of the same day in the same household: all agrees but the given
name and the numbers, and only a class of its own keeps twins from being taken for one person. CHANCE is
everybody else. Levels that a table doesn't name share a small rest.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tre_toolkit.linkage.model.levels import ALIKE_DATE, ALIKE_PLACE, ELSE, HOME, NULL, NUMBERS, SEX_DIFFERS
from tre_toolkit.linkage.model.pairs import LABELS

Shares = npt.NDArray[np.float64]
Model = dict[str, dict[str, Shares]]
SAME, TWIN, CHANCE = "same", "twin", "chance"
CLASSES = (SAME, TWIN, CHANCE)
REST = 0.002
PRIOR = {SAME: 100.0, TWIN: 20.0, CHANCE: 100.0}  # how many pairs the expectation weighs as much as
FIRM = {(TWIN, "route"): 200.0}  # twins are of one day: few pairs of another don't unsay it
FIXED = {(name, number) for name in (TWIN, CHANCE) for number in NUMBERS}
"""Never learnt: that twins have different numbers is what tells them from one person."""

_GIVEN_SAME = {"exact": 0.88, "part": 0.003, "neighbour": 0.04, "swap": 0.012, "sound": 0.012, "first three": 0.012, "initial": 0.012, ELSE: 0.02}  # fmt: skip
_GIVEN_OTHER = {"exact": 0.008, "part": 0.003, "neighbour": 0.0012, "swap": 0.0007, "sound": 0.0012, "first three": 0.0012, "initial": 0.05, ELSE: 0.93}  # fmt: skip
_SEX_SAME: Mapping[str, float] = {}
_SEX_OTHER = {"exact": 0.05, "neighbour": 0.1, "sound": 0.1, "part": 0.1}
_NUMBERS = {
    SAME: {"exact": 0.98, "neighbour": 0.01, ELSE: 0.01},
    TWIN: {"exact": 0.002, "neighbour": 0.002, ELSE: 0.996},
}
_EXPECTED: dict[str, dict[str, tuple[Mapping[str, float], float]]] = {
    # comparison: class: (shares of the levels that are named, share of each other level)
    "route": {
        SAME: ({"day": 0.953, "swap": 0.006, "year-month": 0.012, "month-day": 0.005, "year-day": 0.006, "year": 0.003, "house": 0.006, "place": 0.002, ALIKE_DATE: 0.002, ALIKE_PLACE: 0.001, HOME: 0.001, ELSE: 0.005}, REST),
        TWIN: ({"day": 0.98, "year-month": 0.0002, "house": 0.0002, "place": 0.00005, ALIKE_DATE: 0.00005, ALIKE_PLACE: 0.00005, HOME: 0.0005, ELSE: 0.015}, 0.0001),
        CHANCE: ({"swap": 1e-8, "year-month": 1e-7, "month-day": 1e-7, "year-day": 1e-7, "year": 1e-6, "house": 1e-7, "place": 1e-7, ALIKE_DATE: 1e-6, ALIKE_PLACE: 1e-7, HOME: 1e-6, ELSE: 1.0}, 1e-9),
    },
    "surname": {
        SAME: ({"exact": 0.82, "part": 0.04, "neighbour": 0.04, ELSE: 0.08}, 0.008),
        TWIN: ({"exact": 0.8, "part": 0.02, "neighbour": 0.01, ELSE: 0.15}, REST),
        CHANCE: ({"exact": 0.0105, "part": 0.0025, "neighbour": 0.0014, ELSE: 0.98}, 0.0008),
    },
    "address": {
        SAME: ({"uprn": 0.55, "house": 0.15, "postcode": 0.05, ELSE: 0.2}, 0.01),
        TWIN: ({"uprn": 0.6, "house": 0.2, "postcode": 0.06, ELSE: 0.1}, 0.01),
        CHANCE: ({"uprn": 1e-5, "house": 1e-5, "postcode": 2e-4, "neighbour": 4e-4, "sector": 0.001, "district": 0.012, ELSE: 0.98}, REST),
    },
    "address, other day": {
        SAME: ({"uprn": 0.6, "postcode": 0.2, ELSE: 0.2}, REST),
        TWIN: ({"uprn": 0.6, "postcode": 0.25, ELSE: 0.15}, REST),
        CHANCE: ({"uprn": 1e-4, "postcode": 1e-3, ELSE: 0.9989}, REST),
    },
    "surname, other day": {
        SAME: ({"exact": 0.85, ELSE: 0.15}, REST),
        TWIN: ({"exact": 0.8, ELSE: 0.2}, REST),
        CHANCE: ({"exact": 0.02, ELSE: 0.98}, REST),
    },
    "undated": {
        SAME: ({"given and uprn": 0.75, "names and postcode": 0.1, "alike and postcode": 0.02, "given name's start and address": 0.03, ELSE: 0.1}, 1e-9),
        TWIN: ({"given and uprn": 0.02, "names and postcode": 0.01, "alike and postcode": 0.005, "given name's start and address": 0.03, ELSE: 0.935}, 1e-9),
        CHANCE: ({"given and uprn": 1e-7, "names and postcode": 1e-6, "alike and postcode": 1e-6, "given name's start and address": 1e-6, ELSE: 1.0}, 1e-9),
    },
    "middle": {
        SAME: ({"exact": 0.95, ELSE: 0.05}, REST),
        TWIN: ({"exact": 0.03, ELSE: 0.97}, REST),
        CHANCE: ({"exact": 0.01, ELSE: 0.97}, REST),
    },
    "middle, other day": {
        SAME: ({"exact": 0.95, ELSE: 0.05}, REST),
        TWIN: ({"exact": 0.03, ELSE: 0.97}, REST),
        CHANCE: ({"exact": 0.02, ELSE: 0.98}, REST),
    },
    "given, alone": {
        SAME: ({"exact": 0.7, "neighbour": 0.2, ELSE: 0.1}, REST),
        TWIN: ({"exact": 0.05, "neighbour": 0.1, ELSE: 0.85}, REST),
        CHANCE: ({"exact": 0.3, "neighbour": 0.1, ELSE: 0.6}, REST),
    },
    "surname, alone": {
        SAME: ({"exact": 0.7, "part": 0.05, "neighbour": 0.15, "sound": 0.02, ELSE: 0.08}, REST),
        TWIN: ({"exact": 0.8, "part": 0.02, "neighbour": 0.01, "sound": 0.01, ELSE: 0.16}, REST),
        CHANCE: ({"exact": 0.3, "part": 0.02, "neighbour": 0.1, "sound": 0.3, ELSE: 0.28}, REST),
    },
    "date, alone": {
        SAME: ({"neighbour": 0.5, "swap": 0.1, "two of three parts": 0.2, "year": 0.1, ELSE: 0.1}, REST),
        TWIN: ({"neighbour": 0.05, "swap": 0.002, "two of three parts": 0.02, "year": 0.05, ELSE: 0.878}, REST),
        CHANCE: ({"neighbour": 0.005, "swap": 0.001, "two of three parts": 0.007, "year": 0.06, ELSE: 0.927}, REST),
    },
    "address, alone": {
        SAME: ({"uprn": 0.55, "house": 0.15, "postcode": 0.05, "district": 0.02, ELSE: 0.2}, 0.01),
        TWIN: ({"uprn": 0.6, "house": 0.2, "postcode": 0.06, ELSE: 0.1}, 0.01),
        CHANCE: ({"uprn": 1e-4, "house": 1e-4, "postcode": 1e-3, "district": 0.02, ELSE: 0.98}, REST),
    },
    "house, alone": {
        SAME: ({"same": 0.7, ELSE: 0.3}, REST),
        TWIN: ({"same": 0.9, ELSE: 0.1}, REST),
        CHANCE: ({"same": 0.05, ELSE: 0.95}, REST),
    },
    "number anchored": {
        SAME: ({"partial date": 0.9, "given": 0.05, ELSE: 0.05}, 1e-9),
        TWIN: ({"partial date": 0.03, "given": 0.02, ELSE: 0.95}, 1e-9),
        CHANCE: ({"partial date": 0.01, "given": 0.008, ELSE: 0.982}, 1e-9),
    },
}  # fmt: skip


def expectations(*, same_day: float, largest: int, slips: Mapping[str, float] | None = None) -> Model:
    """Shares of the levels for each class. `same_day`: share of all pairs that are of one day; `largest`: records of the
    largest file; `slips`: for a number, the share of pairs that it brings together by one character and nothing else."""
    by_chance = 1e-4 / largest  # two children's numbers agreeing: a wrong number typed that is another's
    model: Model = {}
    for name in CLASSES:
        shares = {
            comparison: _shares(comparison, *classes[name]) for comparison, classes in _EXPECTED.items()
        }
        for number in NUMBERS:
            near = max(10 * by_chance, (slips or {}).get(number, 0.0))
            chance = {"exact": by_chance, "neighbour": near, ELSE: 1.0}
            shares[number] = _shares(
                number,
                chance if name == CHANCE else _NUMBERS[name],
                1e-12 if name == CHANCE else REST,
            )
        shares["given"] = _given(
            _GIVEN_SAME if name == SAME else _GIVEN_OTHER,
            _SEX_SAME if name == SAME else _SEX_OTHER,
            0.01 if name == SAME else 0.5,
        )
        model[name] = shares
    model[CHANCE]["route"] = _shares("route", {**_EXPECTED["route"][CHANCE][0], "day": same_day}, 1e-9)
    return model


def _shares(comparison: str, named: Mapping[str, float], rest: float) -> Shares:
    labels = LABELS[comparison]
    return normal(comparison, np.array([named.get(label, rest) for label in labels]))


def _given(base: Mapping[str, float], differ: Mapping[str, float], otherwise: float) -> Shares:
    """Each level's share, divided between sexes that differ and sexes that don't (or aren't known)."""
    labels = LABELS["given"]
    found = []
    for label in labels:
        name = label.removesuffix(SEX_DIFFERS)
        share, apart = base.get(name, 0.0), differ.get(name, otherwise)
        if label != name:
            share *= apart
        elif name + SEX_DIFFERS in labels:
            share *= 1 - apart
        found.append(share)
    return normal("given", np.array(found))


def normal(comparison: str, shares: Shares) -> Shares:
    """The shares without the null levels, adding up to one."""
    speaking: Shares = np.where(null_levels(comparison), 0.0, shares)
    return np.asarray(speaking / speaking.sum(), dtype=np.float64)


def null_levels(comparison: str) -> npt.NDArray[np.bool_]:
    return np.array([label == NULL for label in LABELS[comparison]])


def as_lists(model: Model) -> dict[str, dict[str, list[float]]]:
    """A model as `spine.json` holds it; it says nothing of any child."""
    return {
        name: {comparison: share.tolist() for comparison, share in shares.items()}
        for name, shares in model.items()
    }


def as_model(told: object) -> Model | None:
    """A model of `spine.json`; None when there is none, or it is of other comparisons than today's."""
    if not isinstance(told, dict) or set(told) != set(CLASSES):
        return None
    fits = all(
        set(shares) == set(LABELS) and all(len(shares[one]) == len(LABELS[one]) for one in LABELS)
        for shares in told.values()
    )
    if not fits:
        return None
    return {name: {one: np.array(shares[one]) for one in LABELS} for name, shares in told.items()}
