"""What is compared, as a table: comparisons, each with its levels in order; the first true one counts.

A comparison that can't be made (a value is missing, or the pair isn't of its kind) is at the level
"null" and speaks for nothing. "Same day" pairs agree on some token made with the whole birth date;
most comparisons are only made of them, since a composite token can't agree without its date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tre_toolkit.linkage.model import bare
from tre_toolkit.linkage.records import NONE, Codes, kind

Mask = npt.NDArray[np.bool_]
ELSE, NULL, SEX_DIFFERS = "else", "null", "|sex differs"
D = "birth_date"


class View(Protocol):
    """Pairs to be looked at: the two records' codes of a kind of token, and what is known of the pairs so far."""

    def left(self, kind: str) -> Codes: ...
    def right(self, kind: str) -> Codes: ...
    def near(self, kind: str) -> Mask: ...
    @property
    def same_day(self) -> Mask: ...
    @property
    def route(self) -> Codes: ...


Test = Callable[[View], Mask]


def equal(one: str, other: str | None = None) -> Test:
    """The left record's token of one kind is the right record's of the other (or the same) kind."""

    def test(view: View) -> Mask:
        left = view.left(one)
        found: Mask = (left != NONE) & (left == view.right(other or one))
        return found

    return test


def any_of(*tests: Test) -> Test:
    return lambda view: np.logical_or.reduce([test(view) for test in tests])


def all_of(*tests: Test) -> Test:
    return lambda view: np.logical_and.reduce([test(view) for test in tests])


def crossed(*kinds: str) -> Test:
    """Any token of these kinds on the left is any on the right."""
    return any_of(*(equal(one, other) for one in kinds for other in kinds))


def missing(*kinds: str) -> Test:
    """Either record lacks one of these tokens."""
    return lambda view: np.logical_or.reduce(
        [(view.left(kind) == NONE) | (view.right(kind) == NONE) for kind in kinds]
    )


def neighbour(kind: str) -> Test:
    """The two values differ, and by one character at most (they share a deletion token)."""
    return lambda view: view.near(kind)


def not_(test: Test) -> Test:
    return lambda view: ~test(view)


def same_day(view: View) -> Mask:
    return view.same_day


def by_route(*names: str) -> Test:
    """The pair's route is one of these."""
    return lambda view: np.isin(view.route, [ROUTES.index(name) for name in names])


def sexes_differ(view: View) -> Mask:
    left, right = view.left(f"sex+{D}"), view.right(f"sex+{D}")
    found: Mask = (left != NONE) & (right != NONE) & (left != right)
    return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """Levels in order, (name, test); what none fits is at `ELSE`."""

    name: str
    levels: tuple[tuple[str, Test], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return (*(label for label, _ in self.levels), ELSE)


def _by_sex(levels: Mapping[str, Test], split: tuple[str, ...]) -> list[tuple[str, Test]]:
    """Given names carry sex, so the two are compared as one: before each split level comes its twin "sex differs"."""
    found: list[tuple[str, Test]] = []
    for name, test in levels.items():
        if name in split:
            found.append((name + SEX_DIFFERS, all_of(test, sexes_differ)))
        found.append((name, test))
    return [*found, (ELSE + SEX_DIFFERS, sexes_differ)]


DATED = (
    f"sex+{D}",
    f"given+{D}",
    f"surname+{D}",
    f"surname_part1+{D}",
    f"surname_part2+{D}",
    f"given_sound+{D}",
    f"surname_sound+{D}",
    f"given_first3+{D}",
    f"surname_first3+{D}",
    f"given_initial+{D}",
    f"{D}+postcode_district",
    f"{D}+postcode_sector",
    f"{D}+postcode",
    f"{D}+uprn",
    f"middle+{D}",
    f"names_sorted+{D}",
)
"""Tokens made with the whole birth date: pairs that share one are of the same day."""
PARTIAL = ("birth_ym", "birth_md", "birth_yd")
HOUSE = tuple(f"given+{date}+{place}" for place in ("uprn", "postcode") for date in PARTIAL)
"""Given name and address with part of the date."""
ALIKE_DATE, ALIKE_PLACE, HOME = "alike, part of the date", "alike, postcode", "given name's start, address"
_BARE = (ALIKE_DATE, ALIKE_PLACE, HOME)  # routes that only single fields open
ROUTES = (NULL, "day", "swap", "year-month", "month-day", "year-day", "house", "year", "place", *_BARE, ELSE)
NUMBERS = ("upn", "nhs", "uln")
_NAMES = f"given+{D}", f"surname+{D}", f"middle+{D}"


def _made(composites: tuple[tuple[str, ...], ...]) -> Test:
    """Any of these composites is equal."""
    return any_of(*(equal(kind(parts)) for parts in composites))


_other_day = all_of(not_(same_day), not_(by_route(NULL, *_BARE, ELSE)))
_shared_number = any_of(
    equal("upn"), equal("former_upn", "upn"), equal("upn", "former_upn"), equal("nhs"), equal("uln")
)
_number_and_date = any_of(
    *(equal(f"{number}+{date}") for number in NUMBERS for date in ("birth_year", "birth_md")),
    *(equal(f"former_upn+{date}", f"upn+{date}") for date in ("birth_year", "birth_md")),
    *(equal(f"upn+{date}", f"former_upn+{date}") for date in ("birth_year", "birth_md")),
)
_number_and_given = any_of(
    *(equal(f"{number}+given") for number in NUMBERS),
    equal("former_upn+given", "upn+given"),
    equal("upn+given", "former_upn+given"),
)


def undated(view: View) -> Mask:
    """Either record has no birth date at all."""
    found: Mask = (view.left("dated") == NONE) | (view.right("dated") == NONE)
    return found


ROUTE = Comparison(
    "route",
    (
        (NULL, undated),
        ("day", same_day),
        ("swap", equal("given+surname+birth_swap")),
        ("year-month", equal("given+surname+birth_ym")),
        ("month-day", equal("given+surname+birth_md")),
        ("year-day", equal("given+surname+birth_yd")),
        ("house", any_of(*map(equal, HOUSE))),
        ("year", equal("given+surname+birth_year")),
        ("place", equal("given+surname+postcode")),
        (ALIKE_DATE, _made(bare.ALIKE_DATE)),
        (ALIKE_PLACE, _made(bare.ALIKE_PLACE)),
        (HOME, _made(bare.HOME)),
    ),
)
GIVEN = Comparison(
    "given",
    (
        (NULL, any_of(not_(same_day), missing(_NAMES[0]))),
        *_by_sex(
            {
                "exact": equal(_NAMES[0]),
                "part": any_of(
                    equal(f"given_joined+{D}"), equal(_NAMES[0], _NAMES[2]), equal(_NAMES[2], _NAMES[0])
                ),
                "neighbour": neighbour(_NAMES[0]),
                "swap": equal(f"names_sorted+{D}"),
                "sound": equal(f"given_sound+{D}"),
                "first three": equal(f"given_first3+{D}"),
                "initial": equal(f"given_initial+{D}"),
            },
            ("exact", "part", "neighbour", "sound", "initial"),
        ),
    ),
)
SURNAME = Comparison(
    "surname",
    (
        (NULL, any_of(not_(same_day), missing(_NAMES[1]))),
        ("exact", equal(_NAMES[1])),
        ("part", crossed(f"surname_part1+{D}", f"surname_part2+{D}")),
        ("neighbour", neighbour(_NAMES[1])),
        ("swap", equal(f"names_sorted+{D}")),
        ("sound", equal(f"surname_sound+{D}")),
        ("first three", equal(f"surname_first3+{D}")),
    ),
)
UPN = Comparison(
    "upn",
    (
        (
            "exact",
            any_of(
                equal("upn"),
                equal("former_upn", "upn"),
                equal("upn", "former_upn"),
                equal("former_upn"),
                equal("upn_temp"),
            ),
        ),
        ("neighbour", neighbour("upn_any")),
        (NULL, missing("upn")),  # a temporary number against a permanent one says nothing
    ),
)
NHS = Comparison(
    "nhs", (("exact", equal("nhs")), ("neighbour", neighbour("nhs_any")), (NULL, missing("nhs")))
)
ULN = Comparison("uln", ((NULL, missing("uln")), ("exact", equal("uln"))))
ADDRESS = Comparison(
    "address",
    (
        (NULL, not_(same_day)),
        ("uprn", equal(f"{D}+uprn")),
        ("house", equal(f"{D}+house")),
        ("postcode", equal(f"{D}+postcode")),
        ("neighbour", neighbour(f"{D}+postcode")),
        ("sector", equal(f"{D}+postcode_sector")),
        ("district", equal(f"{D}+postcode_district")),
        (NULL, missing(f"{D}+postcode_district")),
    ),
)
ADDRESS_OTHER_DAY = Comparison(
    "address, other day",
    (
        (NULL, not_(_other_day)),
        ("uprn", equal("given+uprn")),
        (
            "postcode",
            any_of(*(equal(f"given+{date}+postcode") for date in PARTIAL), equal("given+surname+postcode")),
        ),
        (NULL, all_of(missing("given+uprn"), missing("given+birth_md+postcode"))),
    ),
)
SURNAME_OTHER = Comparison(
    "surname, other day",
    (
        (NULL, any_of(same_day, not_(by_route(NULL, "house")), missing("surname+uprn"))),
        ("exact", equal("surname+uprn")),
    ),
)
UNDATED = Comparison(
    "undated",
    (
        (NULL, not_(undated)),
        ("given and uprn", equal("given+uprn")),
        ("names and postcode", equal("given+surname+postcode")),
        ("alike and postcode", _made(bare.ALIKE_PLACE)),
        ("given name's start and address", _made(bare.HOME)),
    ),
)
MIDDLE = Comparison(
    "middle", ((NULL, any_of(not_(same_day), missing(_NAMES[2]))), ("exact", equal(_NAMES[2])))
)
MIDDLE_OTHER_DAY = Comparison(
    "middle, other day",
    (
        (NULL, any_of(not_(_other_day), missing("given+middle+birth_year"))),
        ("exact", any_of(equal("given+middle+birth_year"), equal("given+middle+birth_md"))),
    ),
)
ANCHORED = Comparison(
    "number anchored",
    (
        (NULL, any_of(same_day, not_(by_route(NULL, "house", ELSE)), not_(_shared_number))),
        ("partial date", _number_and_date),
        ("given", _number_and_given),
    ),
)

_told_bare = by_route(*_BARE)
GIVEN_BARE = Comparison(
    "given, alone",
    (
        (NULL, any_of(not_(_told_bare), missing("given"))),
        ("exact", any_of(equal("given"), equal("given_joined"))),
        ("neighbour", neighbour("given")),
    ),
)
SURNAME_BARE = Comparison(
    "surname, alone",
    (
        (NULL, any_of(not_(_told_bare), missing("surname"))),
        ("exact", equal("surname")),
        ("part", crossed("surname_part1", "surname_part2")),
        ("neighbour", neighbour("surname")),
        ("sound", equal("surname_sound")),
    ),
)
DATE_BARE = Comparison(
    "date, alone",
    (
        (NULL, any_of(not_(by_route("place", ALIKE_PLACE, HOME)), missing(D))),
        ("neighbour", neighbour(D)),
        ("swap", equal("birth_swap")),
        ("two of three parts", any_of(*map(equal, PARTIAL))),
        ("year", equal("birth_year")),
    ),
)
ADDRESS_BARE = Comparison(
    "address, alone",
    (
        (NULL, not_(by_route(ALIKE_DATE))),
        *((place, equal(place)) for place in ("uprn", "house", "postcode")),
        ("district", equal("postcode_district")),
        (NULL, missing("postcode_district")),
    ),
)
_one_postcode = any_of(
    by_route("place", ALIKE_PLACE),
    all_of(
        by_route(NULL),
        any_of(equal("given+surname+postcode"), _made(bare.ALIKE_PLACE)),
        not_(equal("given+uprn")),
    ),
)
HOUSE_BARE = Comparison(
    "house, alone",
    (
        (NULL, any_of(not_(_one_postcode), all_of(missing("uprn"), missing("house")), missing("given"))),
        ("same", any_of(equal("uprn"), equal("house"))),
    ),
)
COMPARISONS = (
    ROUTE,
    GIVEN,
    SURNAME,
    UPN,
    NHS,
    ULN,
    ADDRESS,
    ADDRESS_OTHER_DAY,
    SURNAME_OTHER,
    UNDATED,
    MIDDLE,
    MIDDLE_OTHER_DAY,
    ANCHORED,
    GIVEN_BARE,
    SURNAME_BARE,
    DATE_BARE,
    ADDRESS_BARE,
    HOUSE_BARE,
)
NEAR = (f"given+{D}", f"surname+{D}", f"{D}+postcode", "upn_any", "nhs_any", "given", "surname", D)
"""Kinds whose deletion lists are used."""

CANDIDATES: tuple[tuple[str, ...], ...] = (
    # kinds that bring a pair up when any of the left record's is any of the right record's
    ("upn", "former_upn"),
    ("nhs",),
    ("uln",),
    ("upn_temp",),
    *((kind,) for kind in (f"given_first3+{D}", f"surname_first3+{D}", f"given_initial+{D}")),
    *(
        (kind,)
        for kind in (f"given_sound+{D}", f"surname_sound+{D}", f"given_joined+{D}", f"names_sorted+{D}")
    ),
    (f"given+{D}", f"middle+{D}"),
    (f"surname_part1+{D}", f"surname_part2+{D}"),
    *((kind,) for kind in (f"{D}+postcode_district", f"{D}+postcode_sector", f"{D}+uprn", f"{D}+house")),
    *((f"given+surname+{date}",) for date in (*PARTIAL, "birth_swap", "birth_year")),
    *((kind,) for kind in HOUSE),
    ("given+surname+postcode",),
    *((kind(parts),) for parts in bare.MADE),
)
NEAR_CANDIDATES = ("upn_any", "nhs_any", f"given+{D}", f"surname+{D}", f"{D}+postcode")
"""Values that differ by one character bring a pair up as well: a slip of the pen that another slip goes with."""
COUNTED = f"sex+{D}"
"""Pairs of one day and sex that nothing else brings up agree on nothing that is compared: they are counted, not made."""
LACKS = (f"given+{D}", f"surname+{D}", f"middle+{D}", f"{D}+postcode_district", *NUMBERS)
"""What such a pair's pattern depends on: which of these either record lacks."""
UNDATED_CANDIDATE = "given+uprn"
"""Brings a pair up only when either record has no birth date."""
