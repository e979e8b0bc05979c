"""Careers told as the Children in Need census of one authority and year.

An episode stands in every year in which it was open for a day; a referral with no further action in its own
year only. Below an episode, what ended in an earlier year is no longer told (the rules want ends inside the
year), what is still open at 31 March is told without an end.
"""

from __future__ import annotations

import numpy as np

from synth import columns as col
from synth.careers import CATEGORIES, CLOSURES, NEEDS, SOURCES, Episodes
from synth.days import NEVER, Days, year_end, year_start
from synth.draw import Draws, Ints
from synth.factors import DISABILITIES, FACTORS, disabilities, factors
from synth.people import ETHNIC_CODES, NO_UPN
from synth.world import World
from tre_toolkit.schema import Schema

DAYS = "%Y-%m-%d"
REVIEWS = 9  # a first review within three months, then every six


def cin_census(world: World, authority: int, shape: Schema) -> dict[str, col.Sheet]:
    """The tables of the return, children in the order of their places."""
    year = shape.year
    told = _told(world, authority, year)
    children, numbered = np.unique(told.child, return_inverse=True)
    ids = world.local_ids(children, authority)
    tables = {
        "header": _header(world, authority, year),
        **_children(world, authority, year, children, told),
        **_episodes(world, year, told, ids[numbered] if len(children) else ids),
    }
    about = {shape.dataset.person_table: children}
    return {
        table.name: col.sheet(table, *tables.get(table.name, ({}, 0)), about=about.get(table.name))
        for table in shape.tables
    }


def _told(world: World, authority: int, year: int) -> Episodes:
    start, end = year_start(year), year_end(year)
    some = world.episodes
    open_in_year = (some.referred <= end) & (some.closed >= start)
    kept = (some.place == authority) & np.where(
        some.nfa, open_in_year & (some.referred >= start), open_in_year
    )
    rows = np.flatnonzero(kept)
    return some.take(rows[np.lexsort((some.referred[rows], some.child[rows]))])


def _header(world: World, authority: int, year: int) -> tuple[dict[str, col.Column], int]:
    facts = {
        "Collection": "CIN",
        "Year": str(year),
        "ReferenceDate": f"{year}-03-31",
        "SourceLevel": "L",
        "LEA": world.plan.authorities[authority],
        "SoftwareCode": "tre-toolkit",
        "Release": "SYNTHETIC",
        "SerialNo": "001",
        "DateTime": f"{year}-04-30T09:00:00",
    }
    rows = int(world.first == 0)  # once in the document, whatever the chunks
    return {name: col.constant(value, rows) for name, value in facts.items()}, rows


def _children(
    world: World, authority: int, year: int, children: Ints, told: Episodes
) -> dict[str, tuple[dict[str, col.Column], int]]:
    who, end = world.people.take(children), year_end(year)
    ids = col.text(world.local_ids(children, authority))
    unborn = who.born > end
    due = np.clip(who.born + world.draws.between("due", who.who, -8, 8), end + 1, end + 260)
    schooled = (world.school_from[children] <= end) & (who.no_upn == 0)
    all_nfa = np.ones(len(children), dtype=bool)
    all_nfa[np.searchsorted(children, told.child[~told.nfa])] = False
    young = world.school_from[children] > end
    reasons = (*NO_UPN, "UN1", "UN7")
    unknown = np.where(young, reasons.index("UN1"), who.no_upn)
    unknown = np.where(all_nfa & ~schooled & ~young, reasons.index("UN7"), unknown)
    sexes = ("M", "F", "U") if year >= 2025 else ("1", "2", "0")
    sex = col.coded(sexes, np.where(unborn, 2, who.female.astype(np.int64)))
    identifiers = {
        "LAchildID": ids,
        "UPN": col.text(world.upn[children], ~schooled),
        "UPNunknown": col.coded(reasons, np.where(schooled, -1, unknown)),
        "PersonBirthDate": col.dates(np.where(unborn, NEVER, who.born), DAYS),
        "ExpectedPersonBirthDate": col.dates(np.where(unborn, due, NEVER), DAYS),
        "PersonDeathDate": col.dates(_by(world.died[children], end), DAYS),
        "Sex" if year >= 2025 else "GenderCurrent": sex,
    }
    rows, codes = disabilities(world.draws, who.who, unborn=unborn)
    return {
        "child_identifiers": (identifiers, len(children)),
        "child_characteristics": (
            {"LAchildID": ids, "Ethnicity": col.coded(ETHNIC_CODES, who.ethnic)},
            len(children),
        ),
        "disabilities": (
            {"LAchildID": ids.take(rows), "Disability": col.coded(DISABILITIES, codes)},
            len(rows),
        ),
    }


def _episodes(
    world: World, year: int, told: Episodes, ids: np.ndarray
) -> dict[str, tuple[dict[str, col.Column], int]]:
    start, end = year_start(year), year_end(year)
    closed = _by(told.closed, end)
    number = _numbered(told.child)
    keys = {"LAchildID": col.text(ids), "CINdetailsID": col.counts(number)}
    details = {
        **keys,
        "CINreferralDate": col.dates(told.referred, DAYS),
        "ReferralSource": col.coded(_sources(year), told.source),
        "PrimaryNeedCode": col.coded(NEEDS, np.where(told.nfa, -1, told.need)),
        "CINclosureDate": col.dates(closed, DAYS),
        "ReasonForClosure": col.coded(CLOSURES, np.where(closed < NEVER, told.reason, -1)),
        "ReferralNFA": col.coded(("0", "1"), told.nfa.astype(np.int64)),
    }
    tables = {"cin_details": (details, len(told))}
    tables |= _assessments(world.draws, told, keys, start, end)
    tables |= _enquiries(told, keys, start, end)
    tables |= _plans(told, keys, start, end, year=year)
    return tables


def _assessments(
    draws: Draws, told: Episodes, keys: dict[str, col.Column], start: int, end: int
) -> dict[str, tuple[dict[str, col.Column], int]]:
    row, began, ended = _two(
        (told.assessed, told.authorised), (told.reassessed, told.reauthorised), start=start, end=end
    )
    second = began != told.assessed[row]
    number = _numbered(row)
    finished = ended <= end
    own = {name: column.take(row) for name, column in keys.items()} | {"AssessmentID": col.counts(number)}
    light = np.isin(told.reason[row], (7, 8)) & ~second
    at, factor = factors(
        draws, told.key[row] * np.uint64(2) + second.astype(np.uint64), wanted=finished, light=light,
        alone=told.need[row] == NEEDS.index("N8"),
    )  # fmt: skip
    assessments = own | {
        "AssessmentActualStartDate": col.dates(began, DAYS),
        "AssessmentInternalReviewDate": col.dates(
            np.where(began + 10 <= np.minimum(ended, end), began + 10, NEVER), DAYS
        ),
        "AssessmentAuthorisationDate": col.dates(_by(ended, end), DAYS),
    }
    found = {name: column.take(at) for name, column in own.items()}
    return {
        "assessments": (assessments, len(row)),
        "assessment_factors": (found | {"AssessmentFactors": col.coded(FACTORS, factor)}, len(at)),
    }


def _enquiries(
    told: Episodes, keys: dict[str, col.Column], start: int, end: int
) -> dict[str, tuple[dict[str, col.Column], int]]:
    """The first enquiry stands in its own year and, when its conference came later, in the conference's too."""
    never = np.full(len(told), NEVER)
    first_end = np.where(told.conference < NEVER, told.conference, told.enquiry)
    row, began, ended = _two(
        (told.enquiry, first_end), (told.second_enquiry, told.second_enquiry), start=start, end=end
    )
    first = began == told.enquiry[row]
    conference = np.where(first, told.conference[row], never[row])
    target = np.where(first, told.enquiry_target[row], NEVER)
    enquiries = {name: column.take(row) for name, column in keys.items()} | {
        "S47ActualStartDate": col.dates(began, DAYS),
        "InitialCPCtarget": col.dates(np.where(conference < NEVER, target, NEVER), DAYS),
        "DateOfInitialCPC": col.dates(_by(conference, end), DAYS),
        "ICPCnotRequired": col.coded(("0", "1"), (conference == NEVER).astype(np.int64)),
    }
    del ended
    return {"section47": (enquiries, len(row))}


def _plans(
    told: Episodes, keys: dict[str, col.Column], start: int, end: int, *, year: int
) -> dict[str, tuple[dict[str, col.Column], int]]:
    row = np.flatnonzero((told.protected <= end) & (told.unprotected >= start))
    own = {name: column.take(row) for name, column in keys.items()}
    protection = own | {
        "CPPID": col.constant("1", len(row)),
        "CPPstartDate": col.dates(told.protected[row], DAYS),
        "CPPendDate": col.dates(_by(told.unprotected[row], end), DAYS),
        "InitialCategoryOfAbuse": col.coded(CATEGORIES, told.category[row]),
        "LatestCategoryOfAbuse": col.coded(CATEGORIES, told.later_category[row]),
        "NumberOfPreviousCPP": col.counts(told.plans_before[row]),
    }
    at, review = _reviews(told, row, start, end)
    reviews = {name: protection[name].take(at) for name in (*own, "CPPID")}
    tables = {
        "child_protection_plans": (protection, len(row)),
        "cpp_reviews": (reviews | {"CPPreviewDate": col.dates(review, DAYS)}, len(at)),
    }
    if year >= 2022:
        row = np.flatnonzero((told.plan <= end) & (told.plan_ended >= start))
        tables["cin_plans"] = (
            {name: column.take(row) for name, column in keys.items()}
            | {
                "CINPlanStartDate": col.dates(told.plan[row], DAYS),
                "CINPlanEndDate": col.dates(_by(told.plan_ended[row], end), DAYS),
            },
            len(row),
        )
    return tables


def _reviews(told: Episodes, row: Ints, start: int, end: int) -> tuple[Ints, Days]:
    """Reviews held in the year: one within three months of the start, then one every six."""
    apart = np.array([80, *(80 + 175 * turn for turn in range(1, REVIEWS))])
    held = told.protected[row][:, None] + apart
    inside = (held >= start) & (held <= end) & (held < told.unprotected[row][:, None])
    at, turn = np.nonzero(inside)
    return at, held[at, turn]


def _two(
    first: tuple[Days, Days], second: tuple[Days, Days], *, start: int, end: int
) -> tuple[Ints, Days, Days]:
    """The up to two things of each episode that were open in the year, in order: row, beginning, end."""
    began, ended = np.column_stack([first[0], second[0]]), np.column_stack([first[1], second[1]])
    row, at = np.nonzero((began <= end) & (ended >= start))
    return row, began[row, at], ended[row, at]


def _by(days: Days, end: int) -> Days:
    """What hasn't come by the end of the year hasn't come."""
    return np.where(days > end, NEVER, days)


def _numbered(parents: Ints) -> Ints:
    """1, 2, ... within runs of equal parents."""
    if not len(parents):
        return parents
    opens = np.concatenate([[True], parents[1:] != parents[:-1]])
    place = np.arange(len(parents))
    return place - np.maximum.accumulate(np.where(opens, place, 0)) + 1


def _sources(year: int) -> tuple[str, ...]:
    return tuple("5B" if code == "5D" and year < 2023 else code for code in SOURCES)
