"""Where looked-after children live, and who runs the place: an invented register for each authority.

The register stands beside the returns (`lookups/`), so that the rules which ask Ofsted's register and the
postcode directory can be checked as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.draw import Draws, Flags, Floats, Index, Ints

PLACES = ("U6", "U4", "U1", "U3", "U5", "K2", "K3", "P1", "R3", "S1", "K1", "A5", "A6", "U2")
PROVIDERS = ("PR0", "PR1", "PR4", "PR5")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider: which placements it offers, under which provider code, and how many there are."""

    places: tuple[str, ...]
    provider: str
    count: int


KINDS = (
    Kind(("U1", "U2", "U3", "U4", "U5", "U6", "A3", "A4", "A5", "A6"), "PR1", 1),
    Kind(("U1", "U2", "U3", "U4", "U5", "U6", "A3", "A4", "A5", "A6"), "PR4", 9),
    Kind(("U1", "U2", "U3", "U4", "U5", "U6", "A3", "A4", "A5", "A6"), "PR5", 2),
    Kind(("K2",), "PR1", 3),
    Kind(("K2",), "PR4", 12),
    Kind(("H5", "K3"), "PR4", 8),
    Kind(("R3",), "PR4", 3),
    Kind(("S1",), "PR4", 3),
    Kind(("K1",), "PR1", 2),
)
REGISTER = tuple(kind for kind in KINDS for _ in range(kind.count))
FIRST = dict(zip(KINDS, np.cumsum([0, *(kind.count for kind in KINDS)]).tolist(), strict=False))
NONE = -1
REGISTERED_HOMES = ("K1", "K2", "K3", "R3", "S1")  # these stand at the provider's own address

# by age: weights over PLACES. Three in four children are fostered (DfE 2013, 2015); the rest is assumed.
AGES = (4.0, 10.0, 16.0, 99.0)
SHARES = (
    (52, 12, 6, 18, 2, 0, 0, 5, 4, 0, 0, 0, 0, 1),
    (48, 20, 8, 14, 0, 2, 0, 7, 0, 0.5, 0, 0, 0, 0),
    (42, 20, 6, 8, 0, 16, 0, 6, 0, 1.5, 0.5, 0, 0, 0),
    (34, 12, 3, 5, 0, 14, 24, 5, 0, 1, 0.7, 0, 0, 0),
)


def place_group(draws: Draws, key: Index, *, age: Floats, supported: Flags, home_allowed: Flags) -> Ints:
    """The kind of each placement, as a place in PLACES."""
    band = np.searchsorted(AGES, age, side="right")
    found = np.zeros(len(key), dtype=np.int64)
    for number, weights in enumerate(SHARES):
        found = np.where(band == number, draws.pick("placement kind", key, weights), found)
    found = np.where((found == PLACES.index("K3")) & ~(supported & (age >= 16.01)), PLACES.index("K2"), found)
    return np.where((found == PLACES.index("P1")) & ~home_allowed, PLACES.index("U6"), found)


def providers_of(
    draws: Draws, key: Index, stay: Index, move: Ints, *, code: Ints, adopting: Flags
) -> tuple[Ints, Ints]:
    """Provider (place in REGISTER, NONE at home) and postcode (a number; NONE for the home) of each placement.

    From one placement of a stay to the next the number steps on, so that neighbours are never the same.
    """
    provider, post = np.full(len(key), NONE), np.full(len(key), NONE)
    base = (draws.words("provider", stay) % np.uint64(1 << 20)).astype(np.int64) + move
    for name in PLACES:
        offers = np.array([at for at, kind in enumerate(REGISTER) if name in kind.places])
        if not len(offers):
            continue
        chosen = code == PLACES.index(name)
        own = draws.chance("own provision", key, 0.5)
        own_offers = np.array([at for at in offers if REGISTER[at].provider == "PR1"])
        several = len(own_offers) > 1
        pick = offers[base % len(offers)]
        if len(own_offers) and not several:
            pick = np.where(own, own_offers[0], pick)
        provider = np.where(chosen, pick, provider)
        fixed = name in REGISTERED_HOMES
        free = 1000 + (draws.words("placement home", stay) % np.uint64(1 << 20)).astype(np.int64) * 8 + move
        post = np.where(chosen, pick if fixed else free, post)
    # an adopter's home is a new one, whoever looked after the child before
    post = np.where(adopting & (post >= 0), post + 1, post)
    return provider, post
