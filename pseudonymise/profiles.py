"""Which token columns leave, as a table: the one list of what a linkage engine may ever compare.

A token column is made of *parts*; the parts' names are the fixed words of the parcel's contract. A
column exists for a return when the return has every one of its parts. `strict` holds composites
only: two fields of which one is (part of) the birth date or a number, so that no column's
frequencies give a name away. Lists are keyed deletion neighbourhoods: the tokens of a value with
each one of its characters left out, so that a slip of the pen still meets.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pseudonymise.births import DAYS, TOGETHER

# Parts that may be compared with one another share a domain, and so a key.
SHARED = {
    "upn_temp": "upn",
    "former_upn": "upn",
    "middle": "given",
    "surname_part1": "surname",
    "surname_part2": "surname",
    **dict.fromkeys(DAYS[1:], DAYS[0]),
    **dict.fromkeys(("alias", "alias2", "alias3", "alias4", "alias5", "alias6", "mother_id"), "number"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One token column: `parts` in order; `deletions` makes it a list over the first part."""

    parts: tuple[str, ...]
    deletions: bool = False

    @property
    def name(self) -> str:
        return ("n_" if self.deletions else "t_") + "_".join(self.parts)

    @property
    def domain(self) -> str:
        """What its key is derived for; equal domains can be compared."""
        joined = "+".join(SHARED.get(part, part) for part in self.parts)
        return f"deletions:{joined}" if self.deletions else joined


PARTIAL_DATES = ("birth_ym", "birth_md", "birth_yd")
DAY = (
    "sex",
    "given",
    "middle",
    "given_joined",
    "given_sound",
    "given_first3",
    "given_initial",
    "surname",
    "surname_part1",
    "surname_part2",
    "surname_sound",
    "surname_first3",
    "names_sorted",
    "postcode",
    "postcode_sector",
    "postcode_district",
    "uprn",
    "house",
)

NUMBERS = ("local_id", "number", "alias", "alias2", "alias3", "alias4", "alias5", "alias6", "mother_id")
"""A person's numbers, and the mother's: each names one person, so that a token of it stands alone."""

STRICT: tuple[Column, ...] = (
    *(Column((number,)) for number in NUMBERS),
    # a field with the whole birth date
    *(Column((part, "birth_date")) for part in DAY),
    # both names with part of the date, for a date written wrongly
    *(Column(("given", "surname", date)) for date in (*PARTIAL_DATES, "birth_swap", "birth_year")),
    # given name and address with part of the date, for a changed surname as well
    *(Column(("given", place, date)) for place in ("uprn", "postcode") for date in PARTIAL_DATES),
    # no date: for records that have none
    Column(("given", "uprn")),
    Column(("surname", "uprn")),
    Column(("given", "surname", "postcode")),
    Column(("given", "middle", "birth_year")),
    Column(("given", "middle", "birth_md")),
    # numbers
    *(Column((number,)) for number in ("upn", "upn_temp", "former_upn", "nhs", "uln", "upn_any", "nhs_any")),
    *(
        Column((number, part))
        for number in ("upn", "former_upn", "nhs", "uln")
        for part in ("birth_year", "birth_md", "given")
    ),
    # mothers and babies: what both sides wrote of a birth, with its day
    *(Column((day, *parts)) for day in DAYS for parts in TOGETHER if len(parts) > 1 or day == DAYS[0]),
    # deletion neighbourhoods
    *(Column((part, "birth_date"), deletions=True) for part in ("given", "surname", "postcode")),
    *(Column((number,), deletions=True) for number in ("upn_any", "nhs_any")),
)

# Bare fields as well: for the linkage zone only, never beside payload.
STANDARD: tuple[Column, ...] = (
    *STRICT,
    *(
        Column((part,))
        for part in (
            "given",
            "given_joined",
            "middle",
            "given_sound",
            "given_first3",
            "given_initial",
            "surname",
            "surname_part1",
            "surname_part2",
            "surname_sound",
            "surname_first3",
            "birth_date",
            *PARTIAL_DATES,
            "birth_swap",
            "birth_year",
            "sex",
            "postcode",
            "postcode_sector",
            "postcode_district",
            "uprn",
            "house",
        )
    ),
    *(Column((part,), deletions=True) for part in ("given", "surname", "birth_date", "postcode")),
)

PROFILES: dict[str, tuple[Column, ...]] = {"strict": STRICT, "standard": STANDARD, "research": ()}


def columns(profile: str, parts: Collection[str]) -> tuple[Column, ...]:
    """The token columns of a profile that can be made from `parts`, in the table's order."""
    return tuple(column for column in PROFILES[profile] if set(column.parts) <= set(parts))
