"""Named rule sets: ordered tables of steps, each a set of tokens that must agree.

`exact` is ours. `npd-hes` follows the eight steps by which the National Pupil Database was linked to the
Personal Demographics Service (Libuy and others, IJPDS 6:1:1671, table 2), `hes-id` the three steps of the
patient index of Hospital Episode Statistics, `match-keys` the way of the census office's match-keys: each key
counts only where no file holds it twice. `strict` tokens have no date-free sex and no two-letter names, so a
step that asks for those is made of the nearest tokens there are; the reference page says which.
"""

from __future__ import annotations

from dataclasses import dataclass

from tre_toolkit.errors import TreError

Comparison = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `within` keeps it inside one authority; `alone` asks that no return carry the token twice."""

    name: str
    agree: tuple[Comparison, ...]
    band: str
    within: bool = False
    alone: bool = False


def _step(name: str, band: str, *agree: str, within: bool = False, alone: bool = False) -> Step:
    return Step(name, tuple(tuple(kinds.split()) for kinds in agree), band, within, alone)


def _keys(*steps: tuple[str, str]) -> tuple[Step, ...]:
    """Match-keys in order: name, and the kinds of token that must all agree; each must be alone in its file."""
    return tuple(
        _step(f"key {at}: {name}", "strong" if at <= 3 else "fair", *kinds.split(), alone=True)
        for at, (name, kinds) in enumerate(steps, start=1)
    )


DAY = "birth_date"
_UPN = "upn former_upn upn_temp"
_GIVEN, _SURNAME, _SEX = f"given+{DAY}", f"surname+{DAY}", f"sex+{DAY}"
_POST, _DISTRICT = f"{DAY}+postcode", f"{DAY}+postcode_district"
_INITIAL, _THREE = f"given_initial+{DAY}", f"surname_first3+{DAY}"
_SOUNDS = f"given_sound+{DAY}", f"surname_sound+{DAY}"
NUMBERS = "number alias alias2 alias3 alias4 alias5 alias6"
"""A person's own number and its numbers in other numberings (a crosswalk's): any may be any of another record's."""
_OWN = _step("same authority, own number", "certain", "local_id", within=True)
BRIDGE = _step("number, or crosswalk", "certain", NUMBERS, alone=True)
RULES: dict[str, tuple[Step, ...]] = {
    "exact": (
        _OWN,
        BRIDGE,
        _step("UPN", "certain", _UPN),
        _step("NHS number", "certain", "nhs"),
        _step("ULN", "certain", "uln"),
        _step("names, birth date, UPRN", "strong", _GIVEN, _SURNAME, f"{DAY}+uprn"),
        _step("names, birth date, postcode", "strong", _GIVEN, _SURNAME, _POST),
        _step("names exchanged, birth date, postcode", "strong", f"names_sorted+{DAY}", _POST),
        _step("names, birth date, sex, district", "strong", _GIVEN, _SURNAME, _SEX, _DISTRICT),
        _step("given name, birth date, postcode, sex", "strong", f"{_GIVEN} middle+{DAY}", _POST, _SEX),
        _step("names by sound, birth date, postcode, sex", "strong", *_SOUNDS, _POST, _SEX),
        _step("names, birth date, sex", "fair", _GIVEN, _SURNAME, _SEX, alone=True),
        _step("names, postcode, day or month", "fair", "given+surname+postcode", "given+surname+birth_ym given+surname+birth_md given+surname+birth_yd", alone=True),
        _step("birth date, sex, postcode", "fair", _POST, _SEX, alone=True),
    ),
    "npd-hes": (
        _OWN,
        BRIDGE,
        _step("1: names, birth date, sex, postcode", "certain", _GIVEN, _SURNAME, _SEX, _POST),
        _step("2: names by sound, birth date, sex, postcode", "strong", *_SOUNDS, _SEX, _POST),
        _step("3: initial, three letters, birth date, sex, postcode", "strong", _INITIAL, _THREE, _SEX, _POST),
        _step("4: initial, three letters, birth date, sex", "fair", _INITIAL, _THREE, _SEX, alone=True),
        _step("5: names, birth date", "fair", _GIVEN, _SURNAME, alone=True),
        _step("6: names, month and year, postcode", "fair", "given+surname+birth_ym", "given+birth_ym+postcode"),
        _step("7: birth date, sex, postcode", "fair", _SEX, _POST, alone=True),
        _step("8: initial, three letters, birth date, postcode", "fair", _INITIAL, _THREE, _POST),
    ),
    "hes-id": (
        _OWN,
        BRIDGE,
        _step("1: NHS number, birth date, sex", "certain", "nhs", _SEX),
        _step("2: own number, birth date, sex, postcode", "certain", "local_id", _SEX, _POST, within=True),
        _step("3: birth date, sex, postcode", "fair", _SEX, _POST, alone=True),
    ),
    "match-keys": (
        _OWN,
        BRIDGE,
        *_keys(
            ("names, birth date, sex, postcode", f"{_GIVEN} {_SURNAME} {_SEX} {_POST}"),
            ("initial, three letters, birth date, sex, district", f"{_INITIAL} {_THREE} {_SEX} {_DISTRICT}"),
            ("names by sound, birth date, sex, sector", f"{' '.join(_SOUNDS)} {_SEX} {DAY}+postcode_sector"),
            ("initial, birth date, sex, postcode", f"{_INITIAL} {_SEX} {_POST}"),
            ("surname's three letters, birth date, sex, postcode", f"{_THREE} {_SEX} {_POST}"),
            ("names, year, postcode", "given+surname+birth_year given+surname+postcode"),
            ("names, birth date, sex", f"{_GIVEN} {_SURNAME} {_SEX}"),
            ("names, birth date, postcode", f"{_GIVEN} {_SURNAME} {_POST}"),
            ("names exchanged, birth date, sex, postcode", f"names_sorted+{DAY} {_SEX} {_POST}"),
            ("middle name for given, surname, birth date, sex, postcode", f"middle+{DAY} {_SURNAME} {_SEX} {_POST}"),
            ("names, month and year, postcode", "given+surname+birth_ym given+birth_ym+postcode"),
        ),
    ),
}  # fmt: skip


def rule_set(name: str) -> tuple[Step, ...]:
    """A rule set by name. Raises TreError when there is none."""
    if name not in RULES:
        raise TreError("there is no such rule set", where=name, hint=f"there are {', '.join(RULES)}")
    return RULES[name]
