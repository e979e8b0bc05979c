"""Pupils told as the school census of one authority, year and term.

A child is on a roll from the September after the fourth birthday to the August after the sixteenth, unless
not enrolled at the time; the roll is in the authority where the child lives on the census day. Names,
birth date, sex, UPN and home address are the child's own, so that linkage has what it needs.
"""

from __future__ import annotations

import numpy as np

from synth import columns as col
from synth import names
from synth.days import NEVER, day, school_year
from synth.draw import Flags, Index, Ints
from synth.ids import Text, numbered
from synth.people import ETHNIC_CODES
from synth.world import World
from tre_toolkit.schema import Schema

CENSUS_DAY = {"spring": "01-16", "summer": "05-15", "autumn": "10-02"}
ROLL = {"autumn": "addressesonroll", "spring": "addresses", "summer": "addresses"}
MEALS = {"autumn": "fsmperiodsonroll", "spring": "fsmperiod", "summer": "fsmperiod"}
TERM_DAYS = 110  # days that a term's absences and exclusions are told of
SESSIONS = 120
NC_YEARS = ("R", *(str(number) for number in range(1, 15)))
SEN_TYPES = ("SPLD", "MLD", "SLD", "SEMH", "SLCN", "HI", "VI", "PD", "ASD", "OTH")
SEN_SHARES = (10, 12, 3, 32, 20, 2, 1, 3, 14, 3)
EXCLUSION_REASONS = ("PP", "PA", "VP", "VA", "OW", "BU", "DA", "DM", "TH", "DB")
EXCLUSION_SHARES = (16, 6, 5, 18, 2, 2, 4, 4, 1, 42)
ABSENCES = ("I", "M", "O", "G", "U", "C")
# status of the child on the day: none, in need, on a protection plan, looked after (assumed, in the order research finds)
SEN_SUPPORT = np.array([0.13, 0.28, 0.30, 0.28])
SEN_PLAN = np.array([0.045, 0.19, 0.12, 0.28])
FREE_MEALS = np.array([0.24, 0.52, 0.64, 0.30])
NOT_ENROLLED = np.array([0.02, 0.045, 0.05, 0.055])
ABSENT = np.array([0.06, 0.13, 0.17, 0.09])
SUSPENDED = np.array([0.015, 0.06, 0.07, 0.07])
Module = tuple[dict[str, col.Column], int]


def school_census(world: World, authority: int, shape: Schema) -> dict[str, col.Sheet]:
    """The tables of the return, pupils in the order of their places."""
    term = shape.term or "spring"
    on = day(f"{shape.year}-{CENSUS_DAY[term]}")
    style = shape.dataset.form.date_formats[0]
    children = _on_roll(world, authority, on)
    told = {
        "pupilonroll": _pupils(world, authority, children, on, style),
        ROLL[term]: _addresses(world, authority, children, ROLL[term]),
        "senneeds": _needs(world, authority, children, on),
        MEALS[term]: _meals(world, authority, children, on, style, MEALS[term]),
        "termlyexclusionsonroll": _exclusions(world, authority, children, on, style),
        "termlysessiondetailsonroll": _sessions(world, authority, children, on),
        "pupilnolongeronroll": _gone(world, authority, on, style),
    }
    made = {}
    for table in shape.tables:
        columns, rows = told.get(table.name, ({}, 0))
        there = {name: one for name, one in columns.items() if name in table.columns}
        about = children if table.name == shape.dataset.person_table else None
        made[table.name] = col.sheet(table, there, rows, about=about)
    return made


def _on_roll(world: World, authority: int, on: int) -> Ints:
    here = np.where(
        world.moved <= on, (world.people.home + 1) % len(world.plan.authorities), world.people.home
    )
    pupil = (
        (world.school_from <= on) & (on <= world.school_to) & (world.people.no_upn == 0) & (here == authority)
    )
    key = world.people.who * np.uint64(4096) + np.uint64(on % 4096)
    enrolled = ~world.draws.chance("not enrolled", key, NOT_ENROLLED[world.status(on)])
    return np.flatnonzero(pupil & enrolled)


def pupil_ids(world: World, authority: int, children: Ints) -> Text:
    """The numbers of these children's rows on the roll."""
    guest = (world.people.home != authority).astype(np.uint64)
    every = world.kept(
        f"roll {authority}", lambda: numbered("POR", world.people.place * np.uint64(2) + guest, 9)
    )
    return every[children]


def leaver_ids(world: World, authority: int, children: Ints) -> Text:
    """The numbers of these children's rows among those who left."""
    return numbered("PNR", world.people.place[children], 9)


def _keys(world: World, authority: int, children: Ints) -> dict[str, col.Column]:
    return {
        "pupilonrolltableid": col.text(pupil_ids(world, authority, children)),
        "NativeId": col.text(numbered("SCH", schools(world, children), 4)),
    }


def schools(world: World, children: Ints, *, secondary: Flags | None = None) -> Index:
    """Number of the school in the authority: brothers and sisters go to the same."""
    primaries, secondaries = max(4, world.plan.children // 150), max(2, world.plan.children // 500)
    household = world.people.household[children]
    first = world.draws.words("primary", household) % np.uint64(primaries)
    second = world.draws.words("secondary", household) % np.uint64(secondaries) + np.uint64(primaries)
    grown = np.zeros(len(children), dtype=bool) if secondary is None else secondary
    return np.where(grown, second, first) + np.uint64(1)


def _child_key(world: World, children: Ints, on: int) -> Index:
    return world.people.who[children] * np.uint64(4096) + np.uint64(on % 4096)


def _pupils(world: World, authority: int, children: Ints, on: int, style: str) -> Module:
    who = world.people.take(children)
    number = school_year(who.born, on)
    pool = names.pool().all
    key, status = _child_key(world, children, on), world.status(on)[children]
    keys = _keys(world, authority, children)
    secondary = number >= 7
    native = numbered("SCH", schools(world, children, secondary=secondary), 4)
    began = np.where(secondary, world.school_from[children] + 2557, world.school_from[children])
    return keys | {
        "NativeId": col.text(native),
        "pupilonrollorderseqcolumn": col.constant("1", len(children)),
        "sourceid": col.constant("SYN", len(children)),
        "schoolcensustableid": col.text(native),
        **_names(world, children, on),
        "middlenames": col.coded(pool, who.middle),
        "dob": col.dates(who.born, style),
        **dict.fromkeys(
            ("sex", "gender"), col.coded(("M", "F"), who.female.astype(np.int64))
        ),  # its name by year
        "entrydate": col.dates(began, style),
        "ethnicity": col.coded(ETHNIC_CODES, who.ethnic),
        "language": col.coded(("ENG", "OTH"), world.draws.chance("language", who.who, 0.12).astype(np.int64)),
        "enrolstatus": col.constant("C", len(children)),
        "boarder": col.constant("N", len(children)),
        "parttime": col.constant("False", len(children)),
        "termlysessionspossible": col.constant(str(SESSIONS), len(children)),
        "senprovision": col.coded(("N", "K", "E"), sen(world, children, status)),
        "ncyearactual": col.coded(NC_YEARS, np.clip(number, 0, 14)),
        "plaa": col.coded(("N", "A", "G"), _after_care(world, children, on)),
        "youngcarer": col.coded(("N", "P", "S"), world.draws.pick("young carer", key, (96, 2, 2))),
    }, len(children)


def _names(world: World, children: Ints, on: int) -> dict[str, col.Column]:
    """UPN and names on a day: after an adoption they are new, and what went before isn't told."""
    who, pool = world.people.take(children), names.pool().all
    new = world.renamed[children] <= on
    group = np.zeros(len(children), dtype=np.int64)
    other = names.pool().pick(world.draws, "adopters' surname", who.who, kind="surname", group=group)
    surname = np.where(new, other, who.surname)
    kind = {
        sex: names.pool().pick(world.draws, "adopted name", who.who, kind=sex, group=group)
        for sex in ("girl", "boy")
    }
    renamed = new & world.draws.chance("another given name", who.who, 0.15)
    given = np.where(renamed, np.where(who.female, kind["girl"], kind["boy"]), who.given)
    return {
        "upn": col.text(np.where(new, world.new_upn[children], world.upn[children])),
        "surname": col.coded(pool, surname),
        "forename": col.coded(pool, given),
        "preferredsurname": col.coded(pool, surname),
        "formersurname": col.coded(pool, np.where(new, -1, who.former_surname)),
    }


def sen(world: World, children: Ints, status: Ints) -> Ints:
    """Special educational need: none, support, plan; the same child keeps the same draw over the years."""
    luck = world.draws.uniform("sen", world.people.who[children])
    return np.where(luck < SEN_PLAN[status], 2, np.where(luck < SEN_PLAN[status] + SEN_SUPPORT[status], 1, 0))


def _after_care(world: World, children: Ints, on: int) -> Ints:
    """Whether the school knows of an earlier adoption or guardianship."""
    from synth.careers import ADOPTED, ADOPTED_BY_CARER, EXITS

    found = np.zeros(len(world.people), dtype=np.int64)
    past = world.stays.end < on
    adopted = past & np.isin(world.stays.exit, (ADOPTED, ADOPTED_BY_CARER))
    guarded = past & np.isin(
        world.stays.exit, [at for at, name in enumerate(EXITS) if name.startswith("guardian")]
    )
    found[world.stays.child[guarded]] = 2
    found[world.stays.child[adopted]] = 1
    return found[children]


def _addresses(world: World, authority: int, children: Ints, table: str) -> Module:
    post = world.postcodes(world.home_places(children, authority))
    house = (world.people.house[children] % np.uint64(97)).astype(np.int64) + 1
    keys = _keys(world, authority, children)
    return keys | {
        f"{table}tableid": keys["pupilonrolltableid"],
        f"{table}orderseqcolumn": col.constant("1", len(children)),
        "sourceid": col.constant("SYN", len(children)),
        "postcode": col.text(post),
        "paon": col.counts(house),
        "street": col.coded(
            STREETS, (world.people.house[children] % np.uint64(len(STREETS))).astype(np.int64)
        ),
        "town": col.constant("Invented", len(children)),
    }, len(children)


STREETS = ("Sample Street", "Model Road", "Example Lane", "Pattern Close", "Fiction Way", "Draft Avenue",
           "Sketch Hill", "Outline Row")  # fmt: skip


def _needs(world: World, authority: int, children: Ints, on: int) -> Module:
    some = children[sen(world, children, world.status(on)[children]) > 0]
    key = world.people.who[some]
    twice = world.draws.chance("second need", key, 0.25)
    kind = world.draws.pick("kind of sen", key, SEN_SHARES)
    row = np.concatenate([np.arange(len(some)), np.flatnonzero(twice)])
    rank = np.concatenate([np.ones(len(some), dtype=np.int64), np.full(int(twice.sum()), 2)])
    kinds = np.where(rank == 1, kind[row], (kind[row] + 3) % len(SEN_TYPES))
    order = np.lexsort((rank, row))
    row, rank, kinds = row[order], rank[order], kinds[order]
    keys = _keys(world, authority, some[row])
    number = world.people.place[some[row]] * np.uint64(4) + rank.astype(np.uint64)
    return keys | {
        "senneedstableid": col.text(numbered("SEN", number, 9)),
        "senneedsorderseqcolumn": col.counts(rank),
        "sourceid": col.constant("SYN", len(row)),
        "sentyperank": col.counts(rank),
        "sentype": col.coded(SEN_TYPES, kinds),
    }, len(row)


def _meals(world: World, authority: int, children: Ints, on: int, style: str, table: str) -> Module:
    luck = world.draws.uniform("free meals", world.people.household[children])
    some = children[luck < FREE_MEALS[world.status(on)[children]]]
    start = world.school_from[some] + world.draws.between("free meals from", world.people.who[some], 0, 400)
    some, start = some[start <= on], start[start <= on]
    keys = _keys(world, authority, some)
    return keys | {
        f"{table}tableid": keys["pupilonrolltableid"],
        f"{table}orderseqcolumn": col.constant("1", len(some)),
        "sourceid": col.constant("SYN", len(some)),
        "fsmstartdate": col.dates(start, style),
        "fsmenddate": col.dates(np.full(len(some), NEVER), style),
        "ukcountry": col.constant("ENG", len(some)),
    }, len(some)


def _exclusions(world: World, authority: int, children: Ints, on: int, style: str) -> Module:
    key = _child_key(world, children, on)
    older = school_year(world.people.born[children], on) >= 3
    chance = SUSPENDED[world.status(on)[children]]
    many = np.where(
        older & world.draws.chance("excluded", key, chance), 1 + world.draws.waiting("again", key, 0.8), 0
    )
    row = np.repeat(np.arange(len(children)), np.minimum(many, 6))
    turn = np.arange(len(row)) - np.searchsorted(row, row)
    each = key[row] * np.uint64(8) + turn.astype(np.uint64)
    keys = _keys(world, authority, children[row])
    permanent = world.draws.chance("permanent", each, 0.012)
    number = world.people.place[children[row]] * np.uint64(16) + turn.astype(np.uint64)
    return keys | {
        "termlyexclusionsonrolltableid": col.text(numbered("EXC", number, 10)),
        "termlyexclusionsonrollorderseqcolumn": col.counts(turn + 1),
        "sourceid": col.constant("SYN", len(row)),
        "startdate": col.dates(on - world.draws.between("excluded on", each, 1, TERM_DAYS), style),
        "sessions": col.counts(np.where(permanent, -1, world.draws.between("sessions", each, 1, 10))),
        "category": col.coded(("SUSP", "PERM"), permanent.astype(np.int64)),
        "reason1": col.coded(EXCLUSION_REASONS, world.draws.pick("excluded for", each, EXCLUSION_SHARES)),
        "senprovision": col.coded(("N", "K", "E"), sen(world, children, world.status(on)[children])[row]),
    }, len(row)


def _sessions(world: World, authority: int, children: Ints, on: int) -> Module:
    """Sessions missed in the term, by reason: the share missed rises with the child's troubles."""
    key, status = _child_key(world, children, on), world.status(on)[children]
    share = -np.log(world.draws.uniform("absence", key)) * ABSENT[status]
    missed = np.minimum(np.floor(share * SESSIONS), SESSIONS).astype(np.int64)
    cuts = np.column_stack(
        [world.draws.uniform("reason", key, at) * weight for at, weight in enumerate((50, 8, 25, 6, 5, 6))]
    ) if len(children) else np.zeros((0, len(ABSENCES)))  # fmt: skip
    each = np.floor(missed[:, None] * cuts / np.maximum(cuts.sum(axis=1, keepdims=True), 1e-9)).astype(
        np.int64
    )
    row, at = np.nonzero(each)
    keys = _keys(world, authority, children[row])
    number = world.people.place[children[row]] * np.uint64(8) + at.astype(np.uint64)
    return keys | {
        "termlysessiondetailsonrolltableid": col.text(numbered("TSD", number, 10)),
        "termlysessiondetailsonrollorderseqcolumn": col.counts(at + 1),
        "sourceid": col.constant("SYN", len(row)),
        "attendancereason": col.coded(ABSENCES, at),
        "sessions": col.counts(each[row, at]),
    }, len(row)


def _gone(world: World, authority: int, on: int, style: str) -> Module:
    """Pupils who left for the other authority since the last census."""
    left = (world.people.home == authority) & (world.moved <= on) & (world.moved > on - TERM_DAYS)
    pupil = (world.school_from <= world.moved) & (on <= world.school_to) & (world.people.no_upn == 0)
    children = np.flatnonzero(left & pupil)
    who = world.people.take(children)
    pool = names.pool().all
    native = numbered("SCH", schools(world, children, secondary=school_year(who.born, on) >= 7), 4)
    return {
        "pupilnolongeronrolltableid": col.text(leaver_ids(world, authority, children)),
        "NativeId": col.text(native),
        "pupilnolongeronrollorderseqcolumn": col.constant("1", len(children)),
        "sourceid": col.constant("SYN", len(children)),
        "schoolcensustableid": col.text(native),
        "upn": col.text(world.upn[children]),
        "surname": col.coded(pool, who.surname),
        "forename": col.coded(pool, who.given),
        "middlenames": col.coded(pool, who.middle),
        "formersurname": col.coded(pool, who.former_surname),
        "dob": col.dates(who.born, style),
        **dict.fromkeys(
            ("sex", "gender"), col.coded(("M", "F"), who.female.astype(np.int64))
        ),  # its name by year
        "entrydate": col.dates(world.school_from[children], style),
        "leavingdate": col.dates(world.moved[children], style),
        "ethnicity": col.coded(ETHNIC_CODES, who.ethnic),
        "boarder": col.constant("N", len(children)),
        "language": col.coded(("ENG", "OTH"), world.draws.chance("language", who.who, 0.12).astype(np.int64)),
    }, len(children)
