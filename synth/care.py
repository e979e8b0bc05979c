"""Being looked after, as SSDA903 tells it: stays cut into episodes by legal status and placement.

A stay is one period of care. Its changes are drawn as days after the start (a legal status follows one of the
PATHS, placements follow one another at random), sorted, and spread so that no two fall on one day. Each
change opens an episode; the last one ends with the reason care ended.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from synth.careers import ADOPTED, ADOPTED_BY_CARER, ADULT, EXITS, Episodes
from synth.days import NEVER, Days, day
from synth.draw import Draws, Flags, Index, Ints
from synth.people import People
from synth.plan import Plan, published
from synth.providers import PLACES, place_group, providers_of

SUPPORTED_SINCE = day("2023-10-28")  # supported accommodation had to register with Ofsted from then on
PLACEMENTS = 6
LEGAL = ("V2", "C1", "C2", "E1", "L1", "L2", "J1")
RNES = ("S", "L", "P", "T")
REASONS = tuple(code for code in published("placement_change_reason") if code != "source")

# path: legal statuses in order, and the days (least, mean of what is added, most) from one to the next
PATHS: tuple[tuple[tuple[str, ...], tuple[tuple[int, int, int], ...]], ...] = (
    (("V2",), ()),
    (("V2", "C1", "C2"), ((20, 110, 500), (150, 60, 330))),
    (("C1", "C2"), ((140, 70, 330),)),
    (("L1", "C1", "C2"), ((1, 1, 3), (140, 70, 330))),
    (("L1", "V2"), ((1, 1, 3),)),
    (("C2",), ()),
    (("L2", "C1", "C2"), ((3, 2, 8), (140, 70, 330))),
    (("J1",), ()),
    (("C1", "C2", "E1"), ((100, 30, 170), (60, 30, 130))),
)
PATH_SHARES = (30, 20, 26, 6, 6, 5, 4, 3, 0)
ALONE, ADOPTION, REMAND = 0, 8, 7
BRIEF = 120  # days: shorter stays go by the short paths
BRIEF_SHARES = (62, 0, 16, 0, 16, 2, 0, 4, 0)
RECS: dict[str, str] = {
    "home planned": "E4A",
    "home unplanned": "E4B",
    "kin without order": "E13",
    "child arrangements": "E41",
    "guardianship, carer kin": "E45",
    "guardianship, carer": "E46",
    "guardianship, kin": "E47",
    "adopted": "E12",
    "adopted by carer": "E11",
    "adult": "E17",
    "moved abroad": "E16",
    "other": "E8",
    "died": "E2",
}
GROWN_RECS, GROWN_SHARES = ("E17", "E5", "E6", "E8"), (35, 40, 12, 13)


@dataclass(frozen=True, slots=True)
class Stays:
    """Periods of care, one place a period."""

    child: Ints
    key: Index
    place: Ints
    """Place of the authority in the plan."""
    start: Days
    end: Days
    exit: Ints
    need: Ints
    decided: Days
    """When it was decided that the child should be placed for adoption; NEVER for most."""
    matched: Days

    def __len__(self) -> int:
        return len(self.child)


@dataclass(frozen=True, slots=True)
class CareEpisodes:
    """Episodes of care, in order of child and date."""

    stay: Ints
    child: Ints
    authority: Ints
    started: Days
    ended: Days
    rne: Ints
    legal: Ints
    place: Ints
    """Place in providers.PLACES."""
    provider: Ints
    """Place in the authority's providers; -1 for none."""
    post: Ints
    """Place of the placement's postcode in the authority; -1 for the home's own."""
    rec: tuple[str, ...]
    ending: Ints
    """Place in `rec`: 0 is X1."""
    reason: Ints
    """Place in REASONS; -1 for none."""

    def __len__(self) -> int:
        return len(self.stay)

    def take(self, rows: Ints | Flags) -> CareEpisodes:
        """The episodes at these places."""
        return CareEpisodes(
            **{
                field.name: getattr(self, field.name)
                if field.name == "rec"
                else getattr(self, field.name)[rows]
                for field in fields(self)
            }
        )


def care(plan: Plan, people: People, episodes: Episodes) -> tuple[Stays, CareEpisodes]:
    """All periods of care of these people and the episodes they are told in."""
    draws = plan.draws
    rows = np.flatnonzero(episodes.in_care < NEVER)
    rows = rows[np.lexsort((episodes.in_care[rows], episodes.child[rows]))]
    some = episodes.take(rows)
    path = _path(draws, people, some)
    legal_days = _legal_days(draws, some.key, path)
    length = some.out_of_care - some.in_care
    adopted = path == ADOPTION
    order = np.where(adopted, legal_days[:, 1], 0)
    decided = np.where(adopted, some.in_care + order - draws.between("decided", some.key, 0, 20), NEVER)
    to_placed = np.minimum(draws.between("to adopter", some.key, 60, 140), np.maximum(length - order - 30, 2))
    placed = np.where(adopted, order + to_placed, NEVER)
    matched = np.where(adopted, some.in_care + placed - draws.between("match", some.key, 0, 20), NEVER)
    matched = np.where(adopted, np.maximum(matched, decided), NEVER)
    stays = Stays(some.child, some.key, some.place, some.in_care, some.out_of_care, some.exit,
                  np.minimum(some.need, 7), decided, matched)  # fmt: skip
    return stays, _told(draws, people, stays, path, legal_days, placed)


def _path(draws: Draws, people: People, some: Episodes) -> Ints:
    age = some.in_care - people.born[some.child]
    brief = some.out_of_care - some.in_care < BRIEF
    path = np.where(
        brief, draws.pick("brief path", some.key, BRIEF_SHARES), draws.pick("path", some.key, PATH_SHARES)
    )
    path = np.where((path == REMAND) & (age < 12 * 366), 2, path)
    path = np.where((some.exit == ADOPTED) | (some.exit == ADOPTED_BY_CARER), ADOPTION, path)
    return np.where(people.uasc[some.child], ALONE, path)


def _legal_days(draws: Draws, key: Index, path: Ints) -> Days:
    """Days after the start at which the first and the second change of legal status fall (stays by 2)."""
    days = np.full((len(key), 2), NEVER)
    for number, (_, steps) in enumerate(PATHS):
        chosen, before = path == number, np.zeros(len(key), dtype=np.int64)
        for at, (least, more, most) in enumerate(steps):
            wait = np.minimum(least + draws.waiting("legal change", key, more, at), most)
            before = before + wait
            days[chosen, at] = before[chosen]
    return days


def _told(
    draws: Draws, people: People, stays: Stays, path: Ints, legal_days: Days, placed: Days
) -> CareEpisodes:
    """Sort the changes of every stay and open an episode at each."""
    length = stays.end - stays.start
    gaps = np.column_stack(
        [15 + draws.waiting("placement", stays.key, 480, at) for at in range(PLACEMENTS)]
    ) if len(stays) else np.zeros((0, PLACEMENTS), dtype=np.int64)  # fmt: skip
    moves = np.cumsum(gaps, axis=1)
    moves = np.where(moves < np.minimum(placed - 10, length - 10)[:, None], moves, NEVER)
    days = np.column_stack([np.zeros(len(stays), dtype=np.int64), legal_days, moves, placed])
    kinds = np.array([0, 1, 1] + [2] * PLACEMENTS + [3])
    order = np.argsort(days, axis=1, kind="stable")
    days = np.take_along_axis(days, order, axis=1)
    kinds = kinds[order]
    days = _spread(days)
    days = np.where(days < length[:, None], days, NEVER)
    row, at = np.nonzero(days < NEVER)
    kind = kinds[row, at]
    begins = np.concatenate([row[1:] != row[:-1], [True]]) if len(row) else np.zeros(0, dtype=bool)
    started = stays.start[row] + days[row, at]
    ended = np.where(begins, stays.end[row], np.append(started[1:], 0))
    legal_step = np.cumsum(kinds == 1, axis=1)[row, at]
    move = np.cumsum(kinds >= 2, axis=1)[row, at]
    legal = _legal_codes()[path[row], legal_step]
    adopting = (np.cumsum(kinds == 3, axis=1)[row, at] > 0) & (path[row] == ADOPTION)
    by_carer = stays.exit[row] == ADOPTED_BY_CARER
    moved = _at_move(started, kind)
    kept = np.where(adopting & by_carer, move - 1, move)
    code, provider, post = _placements(
        draws, people, stays, row, kept, moved, _at_move(legal, kind), adopting=adopting
    )
    rec, ending = _endings(draws, stays, row, last=begins, code=code)
    opened = np.where(kind == 3, np.where(by_carer, 3, 2), kind)
    following = np.append(opened[1:], 0)
    changes = ~begins & np.isin(following, (2, 3))
    reason = draws.pick(
        "change reason", stays.key[row], [published("placement_change_reason")[c] for c in REASONS]
    )
    varied = draws.words("change reason", stays.key[row] + move.astype(np.uint64)) % np.uint64(97)
    reason = (reason + (varied > 60) * (varied.astype(np.int64) % 3)) % len(REASONS)
    return CareEpisodes(
        stay=row,
        child=stays.child[row],
        authority=stays.place[row],
        started=started,
        ended=ended,
        rne=opened,
        legal=legal,
        place=code,
        provider=provider,
        post=post,
        rec=rec,
        ending=ending,
        reason=np.where(changes, reason, -1),
    )


def _spread(days: Days) -> Days:
    """Sorted days made strictly increasing, by as little as is needed."""
    step = np.arange(days.shape[1])
    return np.where(
        days < NEVER, np.maximum.accumulate(np.where(days < NEVER, days - step, -1), axis=1) + step, NEVER
    )


def _legal_codes() -> Ints:
    codes = np.zeros((len(PATHS), 3), dtype=np.int64)
    for number, (statuses, _) in enumerate(PATHS):
        for at in range(3):
            codes[number, at] = LEGAL.index(statuses[min(at, len(statuses) - 1)])
    return codes


def _at_move(values: Ints, kind: Ints) -> Ints:
    """Of each episode, the value when its placement began: a change of legal status keeps the placement.

    A stay opens with kind 0, so the running maximum never crosses from one stay into another.
    """
    return values[np.maximum.accumulate(np.where(kind != 1, np.arange(len(values)), 0))]


def _placements(
    draws: Draws,
    people: People,
    stays: Stays,
    row: Ints,
    move: Ints,
    moved: Days,
    legal: Ints,
    *,
    adopting: Flags,
) -> tuple[Ints, Ints, Ints]:
    """Kind of placement, provider and postcode of each episode; neighbours in one stay always differ."""
    key = stays.key[row] * np.uint64(16) + move.astype(np.uint64)
    age = (moved - people.born[stays.child[row]]) / 365.25
    group = place_group(draws, key, age=age, supported=moved >= SUPPORTED_SINCE,
                        home_allowed=np.isin(legal, (LEGAL.index("C1"), LEGAL.index("C2"))) & (move % 2 == 1))  # fmt: skip
    before_adopter = stays.exit[row] == ADOPTED_BY_CARER
    group = np.where(before_adopter | adopting, PLACES.index("U5"), group)
    code = np.where(adopting, np.where(before_adopter, PLACES.index("A5"), PLACES.index("A6")), group)
    provider, post = providers_of(
        draws, key, stays.key[row], move, code=group, adopting=adopting & ~before_adopter
    )
    return code, provider, post


def _endings(
    draws: Draws, stays: Stays, row: Ints, *, last: Flags, code: Ints
) -> tuple[tuple[str, ...], Ints]:
    """X1 while care goes on, else the reason it ended."""
    recs = ("X1", *dict.fromkeys([*RECS.values(), *GROWN_RECS, "E48"]))
    of_exit = np.array([recs.index(RECS[name]) for name in EXITS])
    ending = of_exit[stays.exit[row]]
    grown = np.array([recs.index(name) for name in GROWN_RECS])[draws.pick("grown", stays.key, GROWN_SHARES)]
    ending = np.where(stays.exit[row] == ADULT, grown[row], ending)
    fostered = np.isin(code, [PLACES.index(name) for name in PLACES if name.startswith("U")])
    to_carer = np.isin(ending, [recs.index("E45"), recs.index("E46")])
    ending = np.where(to_carer & ~fostered, recs.index("E48"), ending)
    return recs, np.where(last, ending, 0)
