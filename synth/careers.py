"""What happens to children: referral, assessment, enquiry, plan, protection, care, closure, and back again.

Each known child has up to ROUNDS referral episodes, one after the other; a round is drawn for all children at
once. Dates are built forwards (start, then a length of at least nothing), so no date needs mending afterwards.
The shares come from `data/figures.toml`; the conditional ones below are chosen so that the published ones
are met, which `tests/unit/synth/test_synth_calibration.py` measures.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from synth.days import NEVER, Days, after_working, is_year_end, working
from synth.draw import Draws, Flags, Index, Ints
from synth.people import UNBORN, People
from synth.plan import WARM_UP, Plan

ROUNDS = 4
LAST_REFERRAL = 120  # days before the 18th birthday after which nobody is referred

# Conditional chances of the steps, chosen to meet the published cumulative shares.
NFA = 0.09  # referral -> no further action
CLOSED_AFTER_ASSESSMENT = 0.38
ENQUIRY = 0.47  # child in need -> section 47
CONFERENCE = 0.52  # section 47 -> initial child protection conference
PROTECTION = 0.90  # conference -> plan
CARE_AFTER_PROTECTION = 0.32
CARE_OTHERWISE = 0.052
RE_REFERRAL = 0.60  # closed -> referred again, some day
RE_REFERRAL_MEAN = 380  # days
# Care starts by age, published counts over the person-years of each age band (under 1, 1-4, 5-9, 10-15, 16-17)
CARE_BY_AGE = ((365, 2.7), (1826, 0.85), (3652, 0.55), (5844, 0.7), (7000, 2.5))

SOURCES = ("6", "2A", "2B", "1A", "1B", "1C", "1D", "3A", "3B", "3C", "3D", "3E", "3F", "4", "5A", "5B", "5C",
           "5D", "7", "8", "9", "10")  # fmt: skip
SOURCE_SHARES = (28, 20, 1, 8, 1, 1, 1, 2, 3, 1, 2, 5, 3, 2, 6, 3, 3, 3, 2, 3, 1, 1)
FROM_OTHER_AUTHORITY = SOURCES.index("5C")
NEEDS = ("N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9")
NEED_SHARES = (50.6, 9.5, 3.0, 8.5, 18.6, 3.0, 0.8, 5.0, 1.0)
ABSENT_PARENTS = NEEDS.index("N8")
CATEGORIES = ("NEG", "EMO", "PHY", "SAB", "MUL")
CATEGORY_SHARES = (46.0, 36.0, 9.0, 5.0, 4.0)
CLOSURES = ("RC1", "RC2", "RC3", "RC4", "RC5", "RC6", "RC7", "RC8", "RC9")


@dataclass(frozen=True, slots=True)
class Episodes:
    """Referral episodes, one place an episode; dates are day numbers, NEVER where there is none."""

    child: Ints
    """Place of the child in the people it was drawn for."""
    key: Index
    """The episode's own number, for further draws."""
    round: Ints
    place: Ints
    """Place of the authority in the plan."""
    referred: Days
    source: Ints
    nfa: Flags
    need: Ints
    closed: Days
    reason: Ints
    """Place in CLOSURES, once closed."""
    assessed: Days
    authorised: Days
    reassessed: Days
    reauthorised: Days
    enquiry: Days
    enquiry_target: Days
    conference: Days
    """NEVER when none was required."""
    second_enquiry: Days
    protected: Days
    unprotected: Days
    category: Ints
    later_category: Ints
    plans_before: Ints
    plan: Days
    plan_ended: Days
    in_care: Days
    out_of_care: Days
    exit: Ints
    """Place in EXITS, for those who go into care."""

    def __len__(self) -> int:
        return len(self.child)

    def take(self, rows: Ints | Flags) -> Episodes:
        """The episodes at these places."""
        return Episodes(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


EXITS = ("home planned", "home unplanned", "kin without order", "child arrangements", "guardianship, carer kin",
         "guardianship, carer", "guardianship, kin", "adopted", "adopted by carer", "adult", "moved abroad",
         "other", "died")  # fmt: skip
# deaths: about 1 in 600 of those whose care ends (DfE tells of some 50 a year among 34,000; rounded, assumed)
HOME_SHARES = (52, 9, 8, 8, 5, 1, 10, 0, 0, 0, 1, 6, 0.25)
ADOPTED, ADOPTED_BY_CARER, ADULT, DIED = (
    EXITS.index("adopted"),
    EXITS.index("adopted by carer"),
    EXITS.index("adult"),
    EXITS.index("died"),
)
REASON_OF_EXIT = {DIED: 1, ADOPTED: 0, ADOPTED_BY_CARER: 0, EXITS.index("child arrangements"): 2,
                  EXITS.index("guardianship, carer kin"): 3, EXITS.index("guardianship, carer"): 3,
                  EXITS.index("guardianship, kin"): 3}  # fmt: skip


def careers(plan: Plan, people: People) -> Episodes:
    """All referral episodes of these people, in order of round and child."""
    draws, rounds = plan.draws, []
    due = _first_referral(plan, draws, people)
    before = np.zeros(len(people), dtype=np.int64)
    place = people.home
    for number in range(ROUNDS):
        rows = np.flatnonzero(due < NEVER)
        made = _episode(draws, people, rows, number, due[rows], place[rows], before[rows])
        rounds.append(made)
        before[rows] += made.protected < NEVER
        leaving = people.mover[rows] & (made.closed < NEVER) & (number == 0)
        place = place.copy()
        place[rows] = np.where(leaving, (place[rows] + 1) % len(plan.authorities), place[rows])
        due = np.full(len(people), NEVER)
        due[rows] = _next_referral(draws, people, rows, made, leaving=leaving)
    return Episodes(
        **{
            field.name: np.concatenate([getattr(one, field.name) for one in rounds])
            for field in fields(Episodes)
        }
    )


def _first_referral(plan: Plan, draws: Draws, people: People) -> Days:
    """A day in the years asked for or in the warm-up before, when the child is unborn or under 18."""
    who = people.who
    early = draws.chance("early", who, 0.25)
    low = np.maximum(np.where(early, plan.opens - WARM_UP, plan.opens), people.born - UNBORN)
    high = np.minimum(plan.closes, people.turns_18 - LAST_REFERRAL)
    low = np.where(low > high, np.maximum(plan.opens - WARM_UP, people.born - UNBORN), low)
    found = draws.between("first referral", who, low, np.maximum(low, high))
    found = np.where(people.uasc, np.clip(found, people.born + 5400, people.turns_18 - 200), found)
    return np.where(people.known & (low <= high), found, NEVER)


def _episode(
    draws: Draws, people: People, rows: Ints, number: int, referred: Days, place: Ints, before: Ints
) -> Episodes:
    key = people.who[rows] * np.uint64(8) + np.uint64(number)
    uasc, came = people.uasc[rows], (number == 1) & people.mover[rows]
    adult = people.turns_18[rows]
    nfa = draws.chance("nfa", key, NFA) & ~uasc & ~came
    assessed = referred + draws.between("to assessment", key, 0, 2)
    light = draws.chance("closed after assessment", key, CLOSED_AFTER_ASSESSMENT) & ~nfa & ~uasc & ~came
    need_met = ~nfa & ~light
    enquiry, target, conference = _enquiry(draws, key, assessed, wanted=need_met & ~uasc)
    held = conference < NEVER
    authorised = assessed + np.minimum(draws.around("assessment", key, 34, 0.5), 60)
    authorised = np.maximum(authorised, np.where(held, conference, np.where(enquiry < NEVER, enquiry, 0)))
    protected = np.where(held & draws.chance("protection", key, PROTECTION), conference, NEVER)
    unprotected = np.minimum(protected + 60 + draws.waiting("protection lasts", key, 260), adult)
    in_care, out_of_care, exit_ = _care(
        draws, people, rows, key, authorised, protected, unprotected, wanted=need_met
    )
    cared = in_care < NEVER
    unprotected = np.where(
        cared, np.minimum(unprotected, np.maximum(in_care + 20, protected + 30)), unprotected
    )
    died = cared & (exit_ == DIED)  # a plan does not outlive the child
    unprotected = np.where(died, np.minimum(unprotected, out_of_care), unprotected)
    unprotected = np.where(protected < NEVER, unprotected, NEVER)
    closed = _closure(
        draws, key, adult, authorised, unprotected, out_of_care, exit_, light=light, cared=cared
    )
    plan, plan_ended = _plan(
        draws, key, authorised, unprotected, in_care, closed, protected=protected < NEVER
    )
    reassessed, reauthorised, second = _second_look(
        draws, key, authorised, np.minimum(closed, adult), wanted=need_met
    )
    reason = np.where(light, np.where(draws.chance("early help", key, 0.2), 8, 7), 6)
    for code, closing in REASON_OF_EXIT.items():
        reason = np.where(cared & (exit_ == code), closing, reason)
    leaving = people.mover[rows] & (number == 0) & (reason == 6)
    never = np.full(len(rows), NEVER)
    bare = nfa[:, None]
    dates = np.column_stack([assessed, authorised, reassessed, reauthorised, enquiry, target, conference, second,
                             protected, unprotected, plan, plan_ended, in_care, out_of_care])  # fmt: skip
    dates = np.where(bare, NEVER, dates)
    assessed, authorised, reassessed, reauthorised, enquiry, target, conference, second = dates[:, :8].T
    protected, unprotected, plan, plan_ended, in_care, out_of_care = dates[:, 8:].T
    return Episodes(
        child=rows,
        key=key,
        round=np.full(len(rows), number),
        place=place,
        referred=referred,
        source=np.where(came, FROM_OTHER_AUTHORITY, draws.pick("source", key, SOURCE_SHARES)),
        nfa=nfa,
        need=np.where(uasc, ABSENT_PARENTS, draws.pick("need", key, NEED_SHARES)),
        closed=np.where(nfa, never, closed),
        reason=np.where(leaving, 4, reason),
        assessed=assessed,
        authorised=authorised,
        reassessed=reassessed,
        reauthorised=reauthorised,
        enquiry=enquiry,
        enquiry_target=target,
        conference=conference,
        second_enquiry=second,
        protected=protected,
        unprotected=unprotected,
        category=draws.pick("category", key, CATEGORY_SHARES),
        later_category=np.where(
            draws.chance("category changed", key, 0.12),
            draws.pick("later category", key, CATEGORY_SHARES),
            draws.pick("category", key, CATEGORY_SHARES),
        ),
        plans_before=before,
        plan=plan,
        plan_ended=plan_ended,
        in_care=in_care,
        out_of_care=out_of_care,
        exit=exit_,
    )


def _enquiry(draws: Draws, key: Index, assessed: Days, *, wanted: Flags) -> tuple[Days, Days, Days]:
    """Section 47 in the first days of the assessment; the conference within eleven working days, never at a weekend."""
    made = wanted & draws.chance("enquiry", key, ENQUIRY)
    start = working(assessed + draws.between("to enquiry", key, 0, 10))
    start = np.where(start < assessed, start + 3, start)  # the Friday before would lie before the assessment
    conference = working(start + draws.between("to conference", key, 7, 15))
    held = made & draws.chance("conference", key, CONFERENCE)
    start = np.where(made, start, NEVER)
    return start, after_working(start, 15), np.where(held, conference, NEVER)


def _care(
    draws: Draws,
    people: People,
    rows: Ints,
    key: Index,
    authorised: Days,
    protected: Days,
    unprotected: Days,
    *,
    wanted: Flags,
) -> tuple[Days, Days, Ints]:
    """When the child is looked after, until when, and how it ends."""
    born, adult, uasc = people.born[rows], people.turns_18[rows], people.uasc[rows]
    plans = protected < NEVER
    start = np.where(
        plans,
        np.minimum(protected + 1 + draws.waiting("protection to care", key, 120), unprotected),
        authorised + 1 + draws.waiting("assessment to care", key, 45),
    )
    start = np.where(uasc, authorised - draws.between("care of the alone", key, 0, 10), start)
    start = np.maximum(start, born + 1)
    age = start - born
    factor = np.select([age < limit for limit, _ in CARE_BY_AGE], [weight for _, weight in CARE_BY_AGE], 0.0)
    chance = np.where(plans, CARE_AFTER_PROTECTION, CARE_OTHERWISE) * factor
    cared = wanted & (uasc | draws.chance("care", key, chance)) & (start < adult - 40)
    brief = draws.chance("brief care", key, 0.35) & ~uasc
    length = np.where(
        brief, 3 + draws.waiting("brief stay", key, 70), 150 + draws.waiting("long stay", key, 900)
    )
    adopted = ~brief & (age < 1460) & draws.chance("adopted", key, 0.35)
    length = np.where(adopted, 420 + draws.waiting("to adoption", key, 260), length)
    grown = (start + length >= adult) | uasc
    end = np.where(grown, adult, start + length)
    # an exit on 31 March would be a full year of care and its end at once
    end = np.where(is_year_end(end) & ~grown, end - 1, end)
    exits = np.where(grown, ADULT, draws.pick("exit", key, HOME_SHARES))
    by_carer = draws.chance("adopted by carer", key, 0.12)
    exits = np.where(adopted & ~grown, np.where(by_carer, ADOPTED_BY_CARER, ADOPTED), exits)
    return np.where(cared, start, NEVER), np.where(cared, end, NEVER), exits


def _closure(
    draws: Draws,
    key: Index,
    adult: Days,
    authorised: Days,
    unprotected: Days,
    out_of_care: Days,
    exits: Ints,
    *,
    light: Flags,
    cared: Flags,
) -> Days:
    """When the episode closes: after all that happened in it."""
    last = np.where(unprotected < NEVER, np.maximum(unprotected, authorised), authorised)
    last = np.where(cared, np.maximum(last, out_of_care), last)
    after = np.where(unprotected < NEVER, draws.waiting("after protection", key, 70),
                     10 + draws.waiting("child in need", key, 190))  # fmt: skip
    after = np.where(cared, np.where(exits <= 2, 30 + draws.waiting("after care", key, 60), 0), after)
    open_ended = last + after
    closed = np.maximum(np.minimum(open_ended, adult), last)
    return np.where(light, authorised, closed)


def _plan(
    draws: Draws,
    key: Index,
    authorised: Days,
    unprotected: Days,
    in_care: Days,
    closed: Days,
    *,
    protected: Flags,
) -> tuple[Days, Days]:
    """A child in need plan: from the assessment (or the end of protection) to care or closure."""
    start = np.where(protected, unprotected, authorised + draws.between("to plan", key, 1, 14))
    cared = in_care < NEVER
    end = np.where(cared & ~protected, np.minimum(closed, in_care), closed)
    made = draws.chance("plan", key, 0.75) & (end > start) & (start < NEVER) & ~(protected & cared)
    return np.where(made, start, NEVER), np.where(made, end, NEVER)


def _second_look(
    draws: Draws, key: Index, authorised: Days, closed: Days, *, wanted: Flags
) -> tuple[Days, Days, Days]:
    """A second assessment in a long episode, sometimes with an enquiry that needs no conference."""
    start = authorised + draws.between("to second assessment", key, 90, 300)
    end = start + np.minimum(draws.around("second assessment lasts", key, 30, 0.4), 55)
    made = wanted & (end <= closed) & draws.chance("second assessment", key, 0.5)
    enquiry = start + draws.between("to second enquiry", key, 0, 3)
    enquired = made & (enquiry <= end) & draws.chance("second enquiry", key, 0.3)
    return np.where(made, start, NEVER), np.where(made, end, NEVER), np.where(enquired, enquiry, NEVER)


def _next_referral(draws: Draws, people: People, rows: Ints, made: Episodes, *, leaving: Flags) -> Days:
    """The next referral, for those who come back: never after adoption, nor shortly before the 18th birthday."""
    key = made.key
    over = np.where(made.nfa, made.referred, made.closed)
    again = draws.chance("re-referral", key, RE_REFERRAL) | leaving
    wait = 5 + draws.waiting("until re-referral", key, RE_REFERRAL_MEAN)
    wait = np.where(leaving, draws.between("move", key, 3, 40), wait)
    gone = (made.in_care < NEVER) & (
        np.isin(made.reason, (0, 1)) | (made.exit == ADULT) | (made.exit == EXITS.index("moved abroad"))
    )
    due = over + wait
    late = due > people.turns_18[rows] - LAST_REFERRAL
    return np.where(again & ~gone & ~late & (over < NEVER), due, NEVER)
