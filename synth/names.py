"""Names for invented people: a pool drawn once from Faker and packaged, so that a seed means the same names
for ever, whichever Faker is installed (or none). `redraw` is the one door to Faker; it made `data/names.csv`.

A name belongs to one of four groups of the pool (white, asian, black, other), from Faker's languages. Common
names are much commoner than rare ones, as in life: linkage is tested by that.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from synth.draw import Draws, Flags, Floats, Index, Ints

POOL = Path(__file__).parent / "data" / "names.csv"
GROUPS = ("white", "asian", "black", "other")
KINDS = ("girl", "boy", "surname")
LANGUAGES = {
    "white": ("en_GB", "en_IE", "pl_PL", "ro_RO", "pt_PT"),
    "asian": ("en_IN", "en_PK"),
    "black": ("yo_NG", "tw_GH", "en_KE", "zu_ZA"),
    "other": ("tr_TR", "es_ES", "az_AZ"),
}
SIZES = {"girl": 1000, "boy": 1000, "surname": 2000}
SHARES = {"white": 0.52, "asian": 0.2, "black": 0.16, "other": 0.12}
SKEW = 2.0  # a name's place in its list is n * u**SKEW: the first tenth of the list serves a third of the children


@dataclass(frozen=True, slots=True)
class Names:
    """The pool: all names, and where each (kind, group) stands in it."""

    all: tuple[str, ...]
    spans: dict[tuple[str, str], tuple[int, int]]

    def pick(self, draws: Draws, stream: str, who: Index, *, kind: str, group: Ints, which: int = 0) -> Ints:
        """Places in `all`, one for each of `who`; `group` holds places in GROUPS."""
        return self._picked(draws.uniform(stream, who, which), (kind,), group)

    def pick_given(self, draws: Draws, stream: str, who: Index, *, female: Flags, group: Ints) -> Ints:
        """Places in `all` of given names: girls' or boys'."""
        return self._picked(draws.uniform(stream, who), ("boy", "girl"), group + female * len(GROUPS))

    def _picked(self, luck: Floats, kinds: tuple[str, ...], which: Ints) -> Ints:
        spans: Ints = np.array([self.spans[kind, name] for kind in kinds for name in GROUPS], dtype=np.int64)
        luck = luck**SKEW
        luck *= spans[which, 1]
        found: Ints = spans[which, 0] + luck.astype(np.int64)
        return found


@cache
def pool() -> Names:
    """The packaged pool."""
    with POOL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    spans: dict[tuple[str, str], tuple[int, int]] = {}
    for place, row in enumerate(rows):
        start, size = spans.get((row["kind"], row["group"]), (place, 0))
        spans[row["kind"], row["group"]] = (start, size + 1)
    return Names(tuple(row["name"] for row in rows), spans)


def redraw(path: Path, *, seed: int = 20261124) -> None:
    """Draw the pool anew from Faker and write it; only when a new release wants new names."""
    from faker import Faker

    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["name", "kind", "group"])
        for kind in KINDS:
            for group in GROUPS:
                wanted, found = round(SIZES[kind] * SHARES[group]), dict[str, None]()
                makers = [Faker(language) for language in LANGUAGES[group]]
                for at, maker in enumerate(makers):
                    maker.seed_instance(seed + at)
                for turn in range(200_000):
                    maker = makers[0 if group == "white" and turn % 2 else turn % len(makers)]
                    name = _draw(maker, kind)
                    if "," not in name and name.lower() not in ("null", "none", "nan", "na"):
                        found[name] = None
                    if len(found) == wanted:
                        break
                out.writerows([name, kind, group] for name in found)


def _draw(maker: object, kind: str) -> str:
    verb = {"girl": "first_name_female", "boy": "first_name_male", "surname": "last_name"}[kind]
    return str(getattr(maker, verb)()).strip()
