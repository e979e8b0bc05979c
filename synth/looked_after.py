"""The modules of SSDA903 about children who are looked after in the year: reviews, health, adoption, going
missing, social workers, previous permanence and the unaccompanied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth import columns as col
from synth.care import CareEpisodes
from synth.careers import ADOPTED, ADOPTED_BY_CARER
from synth.days import NEVER, Days, before_last_days, birthday, closing, year_end, year_start
from synth.draw import Flags, Index, Ints
from synth.providers import REGISTER
from synth.world import World

DAYS = "%d/%m/%Y"
REVIEWS = 12
MISSING = 4
WORKERS = 6  # social workers a stay may see
SW_REASONS = ("FCONTA", "MANAGE", "LEFTRL", "ORGRST", "TSPROC", "ABSENC", "OTHERS")
Module = tuple[dict[str, col.Column], int]


@dataclass(frozen=True, slots=True)
class Told:
    """The episodes of one authority and year, and the children they are about."""

    authority: int
    year: int
    episodes: CareEpisodes
    children: Ints


def told(world: World, authority: int, year: int) -> Told:
    """The episodes that lasted for a day of the year."""
    some = world.care
    rows = np.flatnonzero(
        (some.authority == authority) & (some.started <= year_end(year)) & (some.ended >= year_start(year))
    )
    return Told(authority, year, some.take(rows), np.unique(some.child[rows]))


def home_places(world: World, told: Told, children: Ints) -> Ints:
    """Postcodes of the homes the children came from."""
    return world.home_places(children, told.authority)


def urns(authority: str) -> tuple[str, ...]:
    """The invented register's numbers: SC, 9, the authority, and two digits."""
    return tuple(f"SC9{authority}{number:02d}" for number in range(len(REGISTER)))


def first_child(world: World, children: Ints) -> Days:
    """The birth date of a looked-after girl's own child, born in her first stay; NEVER for most.

    Those who leave care as adults are left out: the rules 612, 624 and 628 can't all be kept for a mother who
    is a care leaver.
    """
    who, stays = world.people, world.stays
    found = np.full(len(who), NEVER)
    born = stays.start + 20 + np.floor(world.draws.uniform("motherhood", stays.key) * 300).astype(np.int64)
    able = who.female[stays.child] & (born > birthday(who.born[stays.child], 14)) & (born < stays.end - 10)
    able &= (stays.end < birthday(who.born[stays.child], 16)) | (stays.end >= NEVER)
    able &= ~_after_a_change(world, born)
    able &= world.draws.chance("mother", stays.key, 0.15) & (np.bincount(stays.child)[stays.child] == 1)
    found[stays.child[able]] = born[able]
    return found[children]


def _after_a_change(world: World, born: Days) -> Flags:
    """Births after the last change of a year at whose end the stay goes on: rule 625 takes them for later than care."""
    stays, some = world.stays, world.care
    end = closing(born)
    changed = np.where(
        (some.started > stays.start[some.stay]) & (some.started <= end[some.stay]), some.started, 0
    )
    last = np.zeros(len(stays), dtype=np.int64)
    np.maximum.at(last, some.stay, changed)
    found: Flags = (stays.end > end) & (last > end - 365) & (last < born)
    return found


def modules(world: World, told: Told) -> dict[str, Module]:
    """All modules about the children of `told`."""
    return {
        "uasc": _uasc(world, told),
        "reviews": _reviews(world, told),
        "oc2": _health(world, told),
        **_adoption(world, told),
        "prev_perm": _previous(world, told),
        "missing": _missing(world, told),
        **({"social_worker": _workers(world, told)} if told.year >= 2024 else {}),
    }


def _stays(world: World, told: Told) -> Ints:
    """Places of the stays that touch the year, in order of child."""
    return np.unique(told.episodes.stay)


def _about(world: World, told: Told, children: Ints) -> dict[str, col.Column]:
    return {
        "CHILD": col.text(world.local_ids(children, told.authority)),
        "DOB": col.dates(world.people.born[children], DAYS),
    }


def _uasc(world: World, told: Told) -> Module:
    children = told.children[world.people.uasc[told.children]]
    sexes = ("M", "F") if told.year >= 2025 else ("1", "2")
    return _about(world, told, children) | {
        "SEX": col.coded(sexes, world.people.female[children].astype(np.int64)),
        "DUC": col.dates(world.people.turns_18[children], DAYS),
    }, len(children)


def _reviews(world: World, told: Told) -> Module:
    """A review within twenty working days, one within three months, then every six."""
    stays = _stays(world, told)
    apart = np.array([24, *(24 + 85 + 170 * turn for turn in range(REVIEWS))])
    start, end = world.stays.start[stays], world.stays.end[stays]
    held = start[:, None] + apart
    first, last = year_start(told.year), year_end(told.year)
    row, turn = np.nonzero((held >= first) & (held <= last) & (held < end[:, None]))
    child, day = world.stays.child[stays][row], held[row, turn]
    key = world.stays.key[stays][row] * np.uint64(64) + turn.astype(np.uint64)
    fourth = birthday(world.people.born[child], 4)
    code = np.where(day < fourth, 0, 1 + world.draws.pick("review", key, (46, 5, 2, 8, 14, 14, 11)))
    return _about(world, told, child) | {
        "REVIEW": col.dates(day, DAYS),
        "REVIEW_CODE": col.coded(tuple(f"PN{at}" for at in range(8)), code),
    }, len(child)


def continuous(world: World, told: Told) -> Ints:
    """Stays that lasted the whole year: these children have a health and offending record."""
    stays = _stays(world, told)
    start, end = world.stays.start[stays], world.stays.end[stays]
    return stays[(start <= year_start(told.year)) & (end >= year_end(told.year))]


def _health(world: World, told: Told) -> Module:
    stays = continuous(world, told)
    child = world.stays.child[stays]
    key = world.stays.key[stays] * np.uint64(128) + np.uint64(told.year % 128)
    born, opens, closes = world.people.born[child], year_start(told.year), year_end(told.year)
    draws = world.draws
    scored_age = (birthday(born, 4) <= closes) & (birthday(born, 17) >= opens)
    asked = scored_age & draws.chance("sdq", key, 0.77)
    score = np.clip(draws.around("sdq score", key, 13.0, 0.5), 0, 40)
    # SDQ1 (outside the ages) is for those who turn 4 or 17 in the year
    inside = (birthday(born, 4) <= opens) & (birthday(born, 17) > closes)
    why = np.where(inside, 1 + draws.pick("sdq reason", key, (30, 10, 40, 20)), 0)
    misuse = draws.chance("misuse", key, 0.03) & (birthday(born, 10) <= closes)
    received = misuse & draws.chance("received", key, 0.5)
    everyone = np.ones(len(child), dtype=bool)
    return _about(world, told, child) | {
        "SDQ_SCORE": col.counts(np.where(asked, score, -1)),
        "SDQ_REASON": col.coded(
            tuple(f"SDQ{at}" for at in range(1, 6)), np.where(scored_age & ~asked, why, -1)
        ),
        "CONVICTED": _flag(draws.chance("convicted", key, 0.04), birthday(born, 10) <= closes),
        "HEALTH_CHECK": _flag(draws.chance("check", key, 0.9), birthday(born, 5) > closes),
        "IMMUNISATIONS": _flag(draws.chance("immunised", key, 0.82), everyone),
        "TEETH_CHECK": _flag(draws.chance("teeth", key, 0.79), everyone),
        "HEALTH_ASSESSMENT": _flag(draws.chance("health assessed", key, 0.89), everyone),
        "SUBSTANCE_MISUSE": _flag(misuse, everyone),
        "INTERVENTION_RECEIVED": _flag(received, misuse),
        "INTERVENTION_OFFERED": _flag(draws.chance("offered", key, 0.6), misuse & ~received),
    }, len(child)


def _flag(value: Flags, shown: Flags) -> col.Column:
    """0 or 1 where it is asked for, missing elsewhere."""
    return col.coded(("0", "1"), np.where(shown, value.astype(np.int64), -1))


def _adoption(world: World, told: Told) -> dict[str, Module]:
    """The decision that a child should be placed for adoption, and the adoption."""
    stays = _stays(world, told)
    opens, closes = year_start(told.year), year_end(told.year)
    decided = stays[world.stays.decided[stays] <= closes]
    placed = _about(world, told, world.stays.child[decided]) | {
        "DATE_PLACED": col.dates(world.stays.decided[decided], DAYS),
    }
    adopted = decided[np.isin(world.stays.exit[decided], (ADOPTED, ADOPTED_BY_CARER))]
    adopted = adopted[(world.stays.end[adopted] <= closes) & (world.stays.end[adopted] >= opens)]
    key = world.stays.key[adopted]
    pair = world.draws.pick("adopters", key, (58, 8, 7, 9, 7, 5, 3, 3))
    couples = (("2", "MF", "L11"), ("1", "F1", "L0"), ("2", "MF", "L3"), ("2", "MM", "L12"),
               ("2", "FF", "L12"), ("2", "FF", "L4"), ("1", "M1", "L0"), ("2", "MM", "L2"))  # fmt: skip
    number, sex, status = (col.coded([one[at] for one in couples], pair) for at in range(3))
    by_carer = world.stays.exit[adopted] == ADOPTED_BY_CARER
    ad1 = _about(world, told, world.stays.child[adopted]) | {
        "DATE_INT": col.dates(world.stays.decided[adopted], DAYS),
        "DATE_MATCH": col.dates(world.stays.matched[adopted], DAYS),
        "FOSTER_CARE": col.coded(("0", "1"), by_carer.astype(np.int64)),
        "NB_ADOPTR": number,
        "SEX_ADOPTR": sex,
        "LS_ADOPTR": status,
    }
    return {"placed_adoption": (placed, len(decided)), "ad1": (ad1, len(adopted))}


def _previous(world: World, told: Told) -> Module:
    """What came before care, for children who start in the year: hardly ever an earlier order or adoption."""
    stays = _stays(world, told)
    stays = stays[world.stays.start[stays] >= year_start(told.year)]
    child, first = np.unique(world.stays.child[stays], return_index=True)
    start, key = world.stays.start[stays][first], world.stays.key[stays][first]
    born = world.people.born[child]
    had = world.draws.chance("previous", key, 0.04) & (start - born > 1500)
    kind = np.where(had, world.draws.pick("previous kind", key, (30, 45, 25)), 3)
    ended = born + 400 + np.floor(world.draws.uniform("previous end", key) * 600).astype(np.int64)
    return _about(world, told, child) | {
        "PREV_PERM": col.coded(("P1", "P2", "P3", "Z1"), kind),
        "LA_PERM": col.coded(("999",), np.where(had, 0, -1)),
        "DATE_PERM": col.dates(np.where(had, ended, NEVER), DAYS),
    }, len(child)


def _missing(world: World, told: Told) -> Module:
    """Going missing: a few of those over ten, a few times, for up to four days, never across a year's end."""
    some = told.episodes
    opens, closes = (
        np.maximum(some.started, year_start(told.year)),
        np.minimum(some.ended, year_end(told.year)),
    )
    old = some.started - world.people.born[some.child] > 3700
    key = some_key(world, some) * np.uint64(256) + np.uint64(told.year % 256)
    room = (closes - opens) // MISSING
    goes = old & (room > 12) & world.draws.chance("goes missing", key, 0.16)
    times = np.column_stack(
        [opens + 2 + room * at + np.floor(world.draws.uniform("missing", key, at) * 4).astype(np.int64)
         for at in range(MISSING)]
    ) if len(some) else np.zeros((0, MISSING), dtype=np.int64)  # fmt: skip
    happens = np.column_stack([world.draws.chance("missing again", key, 0.5, at) for at in range(MISSING)])
    row, at = np.nonzero(happens & goes[:, None])
    begun = times[row, at]
    again = key[row] * np.uint64(4) + at.astype(np.uint64)
    back = begun + world.draws.between("missing days", again, 0, 4)
    away = world.draws.chance("away", again, 0.2)
    return _about(world, told, some.child[row]) | {
        "MISSING": col.coded(("M", "A"), away.astype(np.int64)),
        "MIS_START": col.dates(begun, DAYS),
        "MIS_END": col.dates(back, DAYS),
    }, len(row)


def some_key(world: World, some: CareEpisodes) -> Index:
    """A number of its own for each episode of care."""
    return world.stays.key[some.stay] * np.uint64(65_536) + (some.started % 65_536).astype(np.uint64)


def _workers(world: World, told: Told) -> Module:
    """One social worker after another from the first day of care; the last one stays on."""
    ever = np.isin(world.stays.child, told.children) & (world.stays.place == told.authority)
    stays = np.flatnonzero(ever)  # an earlier stay's worker stays on until the next one's takes over
    key, child = world.stays.key[stays], world.stays.child[stays]
    start, end = world.stays.start[stays], world.stays.end[stays]
    waits = [60 + world.draws.waiting("worker", key, 420, at) for at in range(WORKERS)]
    changes = start[:, None] + np.cumsum(
        np.column_stack([np.zeros(len(stays), dtype=np.int64), *waits]), axis=1
    )
    # no hand-over in the last six days of a year: the analysts' validator takes any for a worker who left (SW11b)
    changes = np.where(
        (np.arange(WORKERS + 1) > 0) & (changes < end[:, None]), before_last_days(changes), changes
    )
    changes = np.where(changes < end[:, None], changes, NEVER)
    following = np.column_stack([changes[:, 1:], np.full(len(stays), NEVER)])
    again = np.append(child[1:] == child[:-1], False) if len(child) else np.zeros(0, dtype=bool)
    # another stay of the same child follows: its worker takes over on its first day
    last = np.where(again, np.append(start[1:], NEVER), NEVER)
    following = np.where(following < NEVER, following, last[:, None])
    opens, closes = year_start(told.year), year_end(told.year)
    row, at = np.nonzero((changes <= closes) & (following >= opens))
    ended = following[row, at]
    each = key[row] * np.uint64(8) + at.astype(np.uint64)
    worker = world.draws.between("which worker", each, 0, 399)
    change = 1 + world.draws.pick("worker change", each, (25, 25, 10, 25, 8, 7))
    first = np.concatenate([[True], child[1:] != child[:-1]]) if len(child) else again
    reason = np.where((at == 0) & first[row], 0, np.where(at == 0, 1, change))
    code = world.plan.authorities[told.authority]
    return _about(world, told, child[row]) | {
        "SW_ID": col.coded(tuple(f"XX9{code}{number:03d}" for number in range(400)), worker),
        "SW_DECOM": col.dates(changes[row, at], DAYS),
        "SW_DEC": col.dates(np.where(ended > closes, NEVER, ended), DAYS),
        "SW_REASON": col.coded(SW_REASONS, reason),
    }, len(row)
