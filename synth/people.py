"""Who there is: children with their families, names, homes, schools and identifiers.

Children stand in households of one to eight, so a household is always inside one block of eight indices
and any chunk that begins at a multiple of eight holds whole households. Siblings share a home, mostly a
surname and mostly an ethnic group; twins share the birth date.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from synth import names
from synth.days import Days, birthday
from synth.draw import Draws, Flags, Index, Ints
from synth.plan import WARM_UP, Plan, published

BLOCK = 8  # the largest household; chunks begin at its multiples
OLDEST = (
    6540  # days: the age above which nobody is drawn at the opening of the first year (17 years 11 months)
)
UNBORN = 150  # days before birth from which a child can be referred

# The broad groups' shares are published; how they split into the 18 is this project's own assumption.
ETHNICITIES: dict[str, tuple[str, float]] = {
    "WBRI": ("White", 0.86),
    "WIRI": ("White", 0.01),
    "WOTH": ("White", 0.10),
    "WIRT": ("White", 0.01),
    "WROM": ("White", 0.02),
    "MWBC": ("Mixed", 0.35),
    "MWBA": ("Mixed", 0.15),
    "MWAS": ("Mixed", 0.20),
    "MOTH": ("Mixed", 0.30),
    "AIND": ("Asian", 0.15),
    "APKN": ("Asian", 0.35),
    "ABAN": ("Asian", 0.20),
    "AOTH": ("Asian", 0.25),
    "CHNE": ("Asian", 0.05),
    "BCRB": ("Black", 0.25),
    "BAFR": ("Black", 0.55),
    "BOTH": ("Black", 0.20),
    "OOTH": ("Other", 1.0),
    "REFU": ("Unknown", 0.4),
    "NOBT": ("Unknown", 0.6),
}
ETHNIC_CODES = tuple(ETHNICITIES)
NAMES_OF = {
    "White": 0,
    "Mixed": 0,
    "Asian": 1,
    "Black": 2,
    "Other": 3,
    "Unknown": 0,
}  # group of the name pool
ABROAD = ("OOTH", "BAFR", "AOTH", "BOTH")  # ethnic groups of unaccompanied children
NO_UPN = ("", "UN2", "UN3", "UN5")  # why a child of school age has no UPN; the first: has one


@dataclass(frozen=True, slots=True)
class People:
    """Arrays of equal length, one place a child."""

    who: Index
    """The child's own number: authority in the upper half, place in the authority in the lower."""
    place: Index
    """Place in the authority, from 0."""
    home: Ints
    """Place of the authority in the plan."""
    household: Index
    born: Days
    turns_18: Days
    female: Flags
    ethnic: Ints
    given: Ints
    middle: Ints
    surname: Ints
    former_surname: Ints
    """-1 for most."""
    house: Index
    known: Flags
    uasc: Flags
    no_upn: Ints
    """Place in NO_UPN."""
    mover: Flags
    """Leaves for the plan's next authority when the first episode closes."""

    def __len__(self) -> int:
        return len(self.who)

    def take(self, rows: Ints | Flags) -> People:
        """The people at these places."""
        return People(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def people(plan: Plan, first: int = 0, last: int | None = None) -> People:
    """The children `first` to `last` (not included) of every authority; `first` is a multiple of BLOCK."""
    end = plan.children if last is None else min(last, plan.children)
    padded = -(-max(end - first, 0) // BLOCK) * BLOCK
    places = np.arange(first, first + padded, dtype=np.uint64)
    homes = np.repeat(np.arange(len(plan.authorities)), padded)
    codes = np.array([int(code) for code in plan.authorities], dtype=np.uint64)
    place = np.tile(places, len(plan.authorities))
    who = (codes[homes] << np.uint64(32)) | place
    return _drawn(plan, who, place, homes).take(place < np.uint64(end))


def _drawn(plan: Plan, who: Index, place: Index, homes: Ints) -> People:
    draws = plan.draws
    starts = _households(draws, who)
    household = who[starts]
    twin = draws.chance("twin", who, 0.03) & (starts != np.arange(len(who)))
    uasc = draws.chance("uasc", who, _uasc_rate(plan)) & (household == who) & _alone(starts)
    born = np.where(uasc, _arrivals(plan, draws, who), _births(plan, draws, who, starts, twin))
    female = draws.uniform("sex", who) < np.where(
        uasc, 0.04, 1 - published("care")["male_percent_without_uasc"] / 100
    )
    ethnic = _ethnic(draws, who, household, uasc=uasc)
    group = np.array([NAMES_OF[broad] for broad, _ in ETHNICITIES.values()])[ethnic]
    given, middle = (
        names.pool().pick_given(draws, stream, who, female=female, group=group)
        for stream in ("given", "middle")
    )
    shares = draws.chance("half sibling", who, 0.9)
    surname = names.pool().pick(
        draws, "surname", np.where(shares, household, who), kind="surname", group=group
    )
    changed = names.pool().pick(draws, "former surname", who, kind="surname", group=group)
    known = draws.chance(
        "known", np.where(draws.chance("known with siblings", who, 0.5), household, who), plan.known
    )
    without = draws.pick("no upn", who, [0.96, 0.01, 0.01, 0.02])
    return People(
        who=who,
        place=place,
        home=homes,
        household=household,
        born=born,
        turns_18=birthday(born, 18),
        female=female,
        ethnic=ethnic,
        given=given,
        middle=np.where(draws.chance("has middle", who, 0.6), middle, -1),
        surname=surname,
        former_surname=np.where(draws.chance("changed surname", who, 0.05), changed, -1),
        house=draws.words("house", household),
        known=(known & (plan.known > 0)) | uasc,
        uasc=uasc,
        no_upn=np.where(uasc, 1, without),
        mover=draws.chance("mover", who, 0.05) & ~uasc & (len(plan.authorities) > 1),
    )


def _households(draws: Draws, who: Index) -> Ints:
    """Where each child's household begins. Half of the children follow the one before into its household."""
    begins = ~draws.chance("sibling of the one before", who, 0.5)
    begins[::BLOCK] = True
    return np.maximum.accumulate(np.where(begins, np.arange(len(who)), 0))


def _alone(starts: Ints) -> Flags:
    """Whether a child's household has nobody else."""
    own = starts == np.arange(len(starts))
    followed = np.append(starts[1:] != np.arange(1, len(starts)), False) if len(starts) else own
    alone: Flags = own & ~followed
    return alone


def _births(plan: Plan, draws: Draws, who: Index, starts: Ints, twin: Flags) -> Days:
    """The eldest or the youngest is drawn over eighteen years; siblings follow 11 to 50 months apart, twins at once."""
    if not len(who):
        return np.zeros(0, dtype=np.int64)
    low, high = plan.opens - OLDEST, plan.closes + UNBORN
    head = draws.between("born", who[starts], low, high)
    gap = np.where(twin, 0, draws.between("gap", who, 330, 1500))
    gap[starts == np.arange(len(who))] = 0
    running = np.cumsum(gap)
    apart = running - running[starts]
    upwards = head < (low + high) // 2
    born: Days = np.clip(np.where(upwards, head + apart, head - apart), low, high)
    return born


def _arrivals(plan: Plan, draws: Draws, who: Index) -> Days:
    """Birth dates of unaccompanied children, who arrive in the years asked for at 15 to 17."""
    arrival = draws.between("arrival", who, plan.opens - WARM_UP // 3, plan.closes - 30)
    return arrival - draws.between("age at arrival", who, 5480, 6390)


def _uasc_rate(plan: Plan) -> float:
    """So that unaccompanied children are about the published share of those looked after."""
    care, everyone = published("care"), published("cumulative_before_18")
    entering = published("ever_looked_after")["percent"] / everyone["referred"]
    alone = 0.25  # share of the children who live without a sibling of the set, by the household draw
    return float(plan.known * entering * care["uasc"] / care["looked_after"] / alone)


def _ethnic(draws: Draws, who: Index, household: Index, *, uasc: Flags) -> Ints:
    """The published broad groups are those of all looked-after children, so the unaccompanied are taken out of them."""
    broad, care = published("ethnicity"), published("care")
    alone = 100 * care["uasc"] / care["looked_after"] / len(ABROAD)
    less = {
        group: broad[group] - alone * sum(ETHNICITIES[code][0] == group for code in ABROAD)
        for group in NAMES_OF
    }
    weights = [less[group] * share for group, share in ETHNICITIES.values()]
    shared = draws.chance("own ethnic group", who, 0.92)
    family = draws.pick("ethnic", np.where(shared, household, who), weights)
    abroad = [float(code in ABROAD) for code in ETHNIC_CODES]
    return np.where(uasc, draws.pick("ethnic abroad", who, abroad), family)
