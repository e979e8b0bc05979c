"""The cleaning rules that tokens depend on: same rules, same tokens, for ever.

Each rule takes a column of text as a return holds it and gives the *parts* of the token contract:
canonical text, or null where there is nothing to make a token of (missing, a placeholder, a number
with a wrong check digit). Rules work on a column's distinct values at once, never row by row.

The rules are frozen: `VERSION` names them together with the digest of the published vectors
(`tests/vectors/standardise.json`), goes into every token's key, and must change with any rule, so
that tokens of two rule sets can't half match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pseudonymise.cleaning import (
    alphanumeric,
    captured,
    clean_name,
    digits_of,
    first_letters,
    glued,
    mapped,
    only_where,
    over_distinct,
    skeleton,
    upn_checks,
    upper,
    weights,
    word_of,
)

if TYPE_CHECKING:
    import pyarrow as pa

VECTORS = "591056b1f5c11e6a"  # first 16 hex digits of the SHA-256 of the published vectors
VERSION = f"1-{VECTORS}"

_GLUED = """
    DE DEL DELLA DELA DI DA DOS DAS DO DU LA LE LES VAN VON VANDER DER DEN TER TEN ZU AL EL UL BIN BINT
    BEN IBN ABU ABD ABDUL UM UMM MC MAC O ST SAN SANTA
"""
PARTICLES = tuple(_GLUED.split())
"""Words that are glued to the one behind them when a surname is split into its parts."""

OLDEST = 30  # years before the end of a return's year beyond which a birth date is a slip or a placeholder


def names(raw: pa.Array) -> pa.Array:
    """A name in plain capitals with single spaces, apostrophes gone; null when there is none."""
    return over_distinct(raw, clean_name)


def given_parts(forename: pa.Array, middle: pa.Array | None = None) -> dict[str, pa.Array]:
    """The parts that come of given names: given, given_joined, middle and the coarser forms of given."""
    import pyarrow.compute as pc

    clean = names(forename)
    first, second = word_of(clean, 0), word_of(clean, 1)
    other = second if middle is None else pc.coalesce(word_of(names(middle), 0), second)
    return {
        "given": first,
        "given_joined": glued(clean),
        "middle": other,
        "given_sound": sound(first),
        "given_first3": first_letters(first, 3),
        "given_initial": first_letters(first, 1),
    }


def surname_parts(surname: pa.Array) -> dict[str, pa.Array]:
    """The parts that come of a surname: whole, first and last part, and the coarser forms of the whole."""
    clean = names(surname)
    whole = glued(clean)
    particles = "|".join(PARTICLES)
    return {
        "surname": whole,
        "surname_part1": over_distinct(clean, captured(rf"^(?P<part>(?:(?:{particles}) )*[A-Z]+)")),
        "surname_part2": over_distinct(
            clean, captured(rf"(?:^|[^A-Z])(?P<part>(?:(?:{particles}) )*[A-Z]+)$")
        ),
        "surname_sound": sound(whole),
        "surname_first3": first_letters(whole, 3),
    }


def names_sorted(given: pa.Array, surname: pa.Array) -> pa.Array:
    """Both names in alphabetical order as one value, so that swapped ones meet."""
    import pyarrow.compute as pc

    low = pc.if_else(pc.less_equal(given, surname), given, surname)
    high = pc.if_else(pc.less_equal(given, surname), surname, given)
    return pc.binary_join_element_wise(low, high, " ")


def sound(plain: pa.Array) -> pa.Array:
    """The consonant skeleton of a cleaned name: Mohammed and Muhammad, Yusuf and Yousef become one."""
    return over_distinct(plain, skeleton)


def birth_parts(days: pa.Array, *, year: int) -> dict[str, pa.Array]:
    """The parts of a birth date. `days` is date32; `year` the return's, which bounds what is plausible."""
    import datetime

    import pyarrow as pa
    import pyarrow.compute as pc

    oldest, newest = datetime.date(year - OLDEST, 1, 1), datetime.date(year, 12, 31)
    plausible = pc.and_(pc.greater_equal(days, pa.scalar(oldest)), pc.less_equal(days, pa.scalar(newest)))
    kept = pc.if_else(pc.fill_null(plausible, fill_value=False), days, pa.scalar(None, pa.date32()))
    iso = pc.cast(kept, pa.string())
    y, m, d = (pc.utf8_slice_codeunits(iso, at, to) for at, to in ((0, 4), (5, 7), (8, 10)))
    low = pc.if_else(pc.less_equal(m, d), m, d)
    high = pc.if_else(pc.less_equal(m, d), d, m)

    def join(*pieces: pa.Array) -> pa.Array:
        return pc.binary_join_element_wise(*pieces, "-")

    return {
        "birth_date": iso,
        "birth_ym": join(y, m),
        "birth_md": join(m, d),
        "birth_yd": join(y, d),
        "birth_swap": join(y, low, high),
        "birth_year": y,
    }


def sex(raw: pa.Array) -> dict[str, pa.Array]:
    """M or F from either way of coding it (1/2 to 2024, M/F from 2025); everything else null."""
    return {
        "sex": over_distinct(
            raw, lambda values: mapped(upper(values), {"1": "M", "2": "F", "M": "M", "F": "F"})
        )
    }


def upn_parts(raw: pa.Array) -> dict[str, pa.Array]:
    """upn (permanent), upn_temp (its last character a letter) and upn_any (whatever looks like one).

    UN1 to UN7, blanks and wrong check letters give neither of the first two.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = over_distinct(raw, alphanumeric)
    shaped = pc.match_substring_regex(tidy, "^[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]$")
    right = pa.array(upn_checks(tidy, shaped))
    temporary = pc.match_substring_regex(tidy, "[A-Z]$")
    like = pc.and_(
        pc.match_substring_regex(tidy, "^[A-Z]?[0-9]{9,13}[A-Z]?$"),
        pc.invert(pc.match_substring_regex(tidy, "^[A-Z]?0+[A-Z]?$")),
    )
    return {
        "upn": only_where(tidy, pc.and_(right, pc.invert(temporary))),
        "upn_temp": only_where(tidy, pc.and_(right, temporary)),
        "upn_any": only_where(tidy, like),
    }


def nhs_parts(raw: pa.Array) -> dict[str, pa.Array]:
    """nhs (ten digits, modulus 11 right) and nhs_any (ten digits that aren't all the same)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = over_distinct(raw, alphanumeric)
    ten = pc.match_substring_regex(tidy, "^[0-9]{10}$")
    alike = pc.match_substring_regex(tidy, "^(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$")
    usable = pc.and_(ten, pc.invert(alike))
    digits = digits_of(tidy, ten, 10)
    check = 11 - (digits[:, :9] * weights(10, 2)).sum(axis=1) % 11
    right = pa.array((check % 11 == digits[:, 9]) & (check != 10))
    return {"nhs": only_where(tidy, pc.and_(usable, right)), "nhs_any": only_where(tidy, usable)}


def uln(raw: pa.Array) -> dict[str, pa.Array]:
    """Ten digits of a unique learner number whose check digit is right."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = over_distinct(raw, alphanumeric)
    ten = pc.and_(pc.match_substring_regex(tidy, "^[1-9][0-9]{9}$"), pc.not_equal(tidy, "9999999999"))
    digits = digits_of(tidy, ten, 10)
    rest = (digits[:, :9] * weights(10, 2)).sum(axis=1) % 11
    return {"uln": only_where(tidy, pc.and_(ten, pa.array((rest != 0) & (10 - rest == digits[:, 9]))))}


def postcode_parts(raw: pa.Array) -> dict[str, pa.Array]:
    """postcode, its sector and its district; pseudo-postcodes (ZZ99...) give none, a bare district only itself."""
    import pyarrow.compute as pc

    tidy = over_distinct(raw, alphanumeric)
    real = pc.invert(pc.match_substring_regex(tidy, "^(ZZ|XX|NF1|NFA|NPC|ZZ99)"))
    full = pc.and_(real, pc.match_substring_regex(tidy, "^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$"))
    bare = pc.and_(real, pc.match_substring_regex(tidy, "^[A-Z]{1,2}[0-9][A-Z0-9]?$"))
    whole = only_where(tidy, full)
    return {
        "postcode": whole,
        "postcode_sector": pc.utf8_slice_codeunits(whole, 0, -2),
        "postcode_district": pc.coalesce(pc.utf8_slice_codeunits(whole, 0, -3), only_where(tidy, bare)),
    }


def uprn(raw: pa.Array) -> dict[str, pa.Array]:
    """Twelve digits, zeros in front; none when all are zero."""
    import pyarrow.compute as pc

    tidy = over_distinct(raw, alphanumeric)
    right = pc.and_(
        pc.match_substring_regex(tidy, "^[0-9]{1,12}$"), pc.invert(pc.match_substring_regex(tidy, "^0+$"))
    )
    return {"uprn": pc.utf8_lpad(only_where(tidy, right), 12, "0")}


def local_ids(raw: pa.Array, namespace: str) -> pa.Array:
    """An authority's own number for a child, inside that authority's namespace."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = over_distinct(raw, upper)
    filled = only_where(tidy, pc.not_equal(tidy, ""))
    length = pc.cast(pc.binary_length(filled), pa.string())
    return pc.binary_join_element_wise(f"{len(namespace)}:{namespace}", length, filled, ":")
