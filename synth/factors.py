"""What assessments find, and children's disabilities: several codes a row, drawn independently."""

from __future__ import annotations

import numpy as np

from synth.draw import Draws, Flags, Index, Ints
from synth.plan import published

# figure -> codes it is told in and their weights. The first twelve figures are published; the rest is assumed.
TOLD: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "domestic_violence": (("3A", "3B", "3C"), (20, 70, 10)),
    "mental_health": (("4A", "4B", "4C"), (35, 55, 10)),
    "drug_misuse": (("2A", "2B", "2C"), (25, 65, 10)),
    "alcohol_misuse": (("1A", "1B", "1C"), (12, 76, 12)),
    "emotional_abuse": (("17A",), (1,)),
    "neglect": (("16A",), (1,)),
    "physical_abuse": (("18B", "18C"), (20, 80)),
    "sexual_abuse": (("19B", "19C"), (40, 60)),
    "self_harm": (("15A",), (1,)),
    "cse": (("11A",), (1,)),
    "missing": (("10A",), (1,)),
    "gangs": (("13A",), (1,)),
    "learning_disability": (("5A", "5B", "5C"), (60, 35, 5)),
    "physical_disability": (("6A", "6B", "6C"), (50, 45, 5)),
    "young_carer": (("7A",), (1,)),
    "unacceptable_behaviour": (("14A",), (1,)),
    "trafficking": (("12A",), (1,)),
    "criminal_exploitation": (("24A",), (1,)),
    "female_genital_mutilation": (("22A",), (1,)),
    "faith_or_belief": (("23A",), (1,)),
    "private_fostering": (("8E", "8F"), (70, 30)),
}
ASSUMED = {
    "learning_disability": 9,
    "physical_disability": 8,
    "young_carer": 4,
    "unacceptable_behaviour": 9,
    "trafficking": 1,
    "criminal_exploitation": 4,
    "female_genital_mutilation": 0.3,
    "faith_or_belief": 0.4,
    "private_fostering": 0.4,
}
FACTORS = (*(code for codes, _ in TOLD.values() for code in codes), "9A", "20", "21")
ALONE, OTHER, NOTHING = (FACTORS.index(code) for code in ("9A", "20", "21"))

DISABILITIES = ("MOB", "HAND", "PC", "INC", "COMM", "LD", "HEAR", "VIS", "BEH", "CON", "AUT", "DDA", "NONE")
DISABLED = 0.13  # assumed: about one child in need in eight has a recorded disability
ALSO = (0.14, 0.08, 0.15, 0.1, 0.22, 0.45, 0.09, 0.09, 0.28, 0.06, 0.42, 0.14)


def factors(draws: Draws, key: Index, *, wanted: Flags, light: Flags, alone: Flags) -> tuple[Ints, Ints]:
    """Row and place in FACTORS of each factor found: at least one for every wanted row, 21 always by itself."""
    found = np.zeros((len(key), len(FACTORS)), dtype=bool)
    share, first = published("factors") | ASSUMED, 0
    for turn, (name, (codes, weights)) in enumerate(TOLD.items()):
        present = draws.chance("factor", key, share[name] / 100, turn)
        which = draws.pick("factor code", key, weights, turn)
        found[np.arange(len(key)), first + which] = present
        first += len(codes)
    found[:, ALONE] = alone & draws.chance("alone", key, 0.3)
    nothing = light & draws.chance("nothing found", key, 0.35)
    found[nothing] = False
    found[:, NOTHING] = nothing
    found[:, OTHER] = ~found.any(axis=1) | (draws.chance("other factor", key, 0.05) & ~nothing)
    found[~wanted] = False
    row, factor = np.nonzero(found)
    return row, factor


def disabilities(draws: Draws, who: Index, *, unborn: Flags) -> tuple[Ints, Ints]:
    """Row and place in DISABILITIES: NONE by itself for most, nothing for the unborn."""
    disabled = draws.chance("disabled", who, DISABLED)
    found = np.column_stack(
        [draws.chance("disability", who, chance, at) & disabled for at, chance in enumerate(ALSO)]
    )
    lost = disabled & ~found.any(axis=1)
    found[lost, DISABILITIES.index("LD")] = True
    found = np.column_stack([found, ~disabled])
    found[unborn] = False
    row, code = np.nonzero(found)
    return row, code
