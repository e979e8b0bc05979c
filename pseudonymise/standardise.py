"""The cleaning rules that tokens depend on: same rules, same tokens, for ever.

Each rule takes a column of text as a return holds it and gives the *parts* of the token contract:
canonical text, or null where there is nothing to make a token of (missing, a placeholder, a number
with a wrong check digit). Rules work on a column's distinct values at once, never row by row.

The rules are frozen: `VERSION` names them together with the digest of the published vectors
(`tests/vectors/standardise.json`), goes into every token's key, and must change with any rule, so
that tokens of two rule sets can't half match.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

VECTORS = "591056b1f5c11e6a"  # first 16 hex digits of the SHA-256 of the published vectors
VERSION = f"1-{VECTORS}"
CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # DfE: 23 letters, no I, O or S

_NO_NAMES = """
    BABY UNBORN INFANT UNKNOWN UNKNOW UNK NOTKNOWN NONE NULL NONAME NOTGIVEN NOTAVAILABLE NAME
    MALE FEMALE GIRL TWIN TRIPLET TEST TESTER DUMMY TBC TBA ANON ANONYMOUS REFUSED XX XXX XXXX
"""
PLACEHOLDERS = frozenset(_NO_NAMES.split())
"""Cleaned names, or first words of names, that stand for no name."""

_GLUED = """
    DE DEL DELLA DELA DI DA DOS DAS DO DU LA LE LES VAN VON VANDER DER DEN TER TEN ZU AL EL UL BIN BINT
    BEN IBN ABU ABD ABDUL UM UMM MC MAC O ST SAN SANTA
"""
PARTICLES = tuple(_GLUED.split())
"""Words that are glued to the one behind them when a surname is split into its parts."""

LETTERS = {  # letters that don't come apart into a plain one and an accent
    "Ł": "L", "Ø": "O", "ẞ": "SS", "ß": "SS", "Æ": "AE", "Œ": "OE", "Đ": "D", "Ð": "D", "Þ": "TH", "Ħ": "H",
    "ı": "I", "Ŋ": "N", "Ŧ": "T", "Ə": "A",
}  # fmt: skip
APOSTROPHES = "['’‘‛`´ʼʻʹʽʾʿ′＇]"

SOUNDS = (  # digraphs first, then single letters; the vowels go last
    ("PH", "F"), ("KH", "K"), ("GH", "G"), ("CH", "C"), ("SH", "S"), ("DH", "D"), ("TH", "T"), ("CK", "K"),
    ("Q", "K"), ("X", "KS"), ("Z", "S"), ("V", "F"),
)  # fmt: skip

OLDEST = 30  # years before the end of a return's year beyond which a birth date is a slip or a placeholder


def names(raw: pa.Array) -> pa.Array:
    """A name in plain capitals with single spaces, apostrophes gone; null when there is none."""
    return _over_distinct(raw, _clean_name)


def given_parts(forename: pa.Array, middle: pa.Array | None = None) -> dict[str, pa.Array]:
    """The parts that come of given names: given, given_joined, middle and the coarser forms of given."""
    import pyarrow.compute as pc

    clean = names(forename)
    first, second = _word(clean, 0), _word(clean, 1)
    other = second if middle is None else pc.coalesce(_word(names(middle), 0), second)
    return {
        "given": first,
        "given_joined": _joined(clean),
        "middle": other,
        "given_sound": sound(first),
        "given_first3": _first(first, 3),
        "given_initial": _first(first, 1),
    }


def surname_parts(surname: pa.Array) -> dict[str, pa.Array]:
    """The parts that come of a surname: whole, first and last part, and the coarser forms of the whole."""
    clean = names(surname)
    whole = _joined(clean)
    particles = "|".join(PARTICLES)
    return {
        "surname": whole,
        "surname_part1": _over_distinct(clean, _captured(rf"^(?P<part>(?:(?:{particles}) )*[A-Z]+)")),
        "surname_part2": _over_distinct(
            clean, _captured(rf"(?:^|[^A-Z])(?P<part>(?:(?:{particles}) )*[A-Z]+)$")
        ),
        "surname_sound": sound(whole),
        "surname_first3": _first(whole, 3),
    }


def names_sorted(given: pa.Array, surname: pa.Array) -> pa.Array:
    """Both names in alphabetical order as one value, so that swapped ones meet."""
    import pyarrow.compute as pc

    low = pc.if_else(pc.less_equal(given, surname), given, surname)
    high = pc.if_else(pc.less_equal(given, surname), surname, given)
    return pc.binary_join_element_wise(low, high, " ")


def sound(plain: pa.Array) -> pa.Array:
    """The consonant skeleton of a cleaned name: Mohammed and Muhammad, Yusuf and Yousef become one."""
    return _over_distinct(plain, _skeleton)


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
        "sex": _over_distinct(
            raw, lambda values: _mapped(_upper(values), {"1": "M", "2": "F", "M": "M", "F": "F"})
        )
    }


def upn_parts(raw: pa.Array) -> dict[str, pa.Array]:
    """upn (permanent), upn_temp (its last character a letter) and upn_any (whatever looks like one).

    UN1 to UN7, blanks and wrong check letters give neither of the first two.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = _over_distinct(raw, _alphanumeric)
    shaped = pc.match_substring_regex(tidy, "^[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]$")
    right = pa.array(_upn_checks(tidy, shaped))
    temporary = pc.match_substring_regex(tidy, "[A-Z]$")
    like = pc.and_(
        pc.match_substring_regex(tidy, "^[A-Z]?[0-9]{9,13}[A-Z]?$"),
        pc.invert(pc.match_substring_regex(tidy, "^[A-Z]?0+[A-Z]?$")),
    )
    return {
        "upn": _where(tidy, pc.and_(right, pc.invert(temporary))),
        "upn_temp": _where(tidy, pc.and_(right, temporary)),
        "upn_any": _where(tidy, like),
    }


def nhs_parts(raw: pa.Array) -> dict[str, pa.Array]:
    """nhs (ten digits, modulus 11 right) and nhs_any (ten digits that aren't all the same)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = _over_distinct(raw, _alphanumeric)
    ten = pc.match_substring_regex(tidy, "^[0-9]{10}$")
    alike = pc.match_substring_regex(tidy, "^(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$")
    usable = pc.and_(ten, pc.invert(alike))
    digits = _digits(tidy, ten, 10)
    check = 11 - (digits[:, :9] * _weights(10, 2)).sum(axis=1) % 11
    right = pa.array((check % 11 == digits[:, 9]) & (check != 10))
    return {"nhs": _where(tidy, pc.and_(usable, right)), "nhs_any": _where(tidy, usable)}


def uln(raw: pa.Array) -> dict[str, pa.Array]:
    """Ten digits of a unique learner number whose check digit is right."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = _over_distinct(raw, _alphanumeric)
    ten = pc.and_(pc.match_substring_regex(tidy, "^[1-9][0-9]{9}$"), pc.not_equal(tidy, "9999999999"))
    digits = _digits(tidy, ten, 10)
    rest = (digits[:, :9] * _weights(10, 2)).sum(axis=1) % 11
    return {"uln": _where(tidy, pc.and_(ten, pa.array((rest != 0) & (10 - rest == digits[:, 9]))))}


def postcode_parts(raw: pa.Array) -> dict[str, pa.Array]:
    """postcode, its sector and its district; pseudo-postcodes (ZZ99...) give none, a bare district only itself."""
    import pyarrow.compute as pc

    tidy = _over_distinct(raw, _alphanumeric)
    real = pc.invert(pc.match_substring_regex(tidy, "^(ZZ|XX|NF1|NFA|NPC|ZZ99)"))
    full = pc.and_(real, pc.match_substring_regex(tidy, "^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$"))
    bare = pc.and_(real, pc.match_substring_regex(tidy, "^[A-Z]{1,2}[0-9][A-Z0-9]?$"))
    whole = _where(tidy, full)
    return {
        "postcode": whole,
        "postcode_sector": pc.utf8_slice_codeunits(whole, 0, -2),
        "postcode_district": pc.coalesce(pc.utf8_slice_codeunits(whole, 0, -3), _where(tidy, bare)),
    }


def uprn(raw: pa.Array) -> dict[str, pa.Array]:
    """Twelve digits, zeros in front; none when all are zero."""
    import pyarrow.compute as pc

    tidy = _over_distinct(raw, _alphanumeric)
    right = pc.and_(
        pc.match_substring_regex(tidy, "^[0-9]{1,12}$"), pc.invert(pc.match_substring_regex(tidy, "^0+$"))
    )
    return {"uprn": pc.utf8_lpad(_where(tidy, right), 12, "0")}


def local_ids(raw: pa.Array, namespace: str) -> pa.Array:
    """An authority's own number for a child, inside that authority's namespace."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tidy = _over_distinct(raw, _upper)
    filled = _where(tidy, pc.not_equal(tidy, ""))
    length = pc.cast(pc.binary_length(filled), pa.string())
    return pc.binary_join_element_wise(f"{len(namespace)}:{namespace}", length, filled, ":")


# rules over distinct values


def _over_distinct(values: pa.Array, rule: Callable[[pa.Array], pa.Array]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    encoded = pc.dictionary_encode(pc.cast(values, pa.string()))
    return rule(encoded.dictionary).take(encoded.indices)


def _clean_name(values: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.replace_substring_regex(values, APOSTROPHES, "")
    plain = pc.utf8_upper(pc.utf8_normalize(plain, form="NFKD"))
    plain = pc.replace_substring_regex(plain, r"\p{M}+", "")
    for letter, latin in LETTERS.items():
        plain = pc.replace_substring(plain, letter, latin)
    plain = pc.utf8_trim(pc.replace_substring_regex(plain, "[^A-Z]+", " "), " ")
    first = pc.replace_substring_regex(plain, " .*$", "")
    dummies = pa.array(sorted(PLACEHOLDERS))
    dummy = pc.or_(pc.is_in(first, dummies), pc.is_in(pc.replace_substring(plain, " ", ""), dummies))
    return _where(plain, pc.and_(pc.not_equal(plain, ""), pc.invert(dummy)))


def _skeleton(values: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    coded = values
    for written, sounded in SOUNDS:
        coded = pc.replace_substring(coded, written, sounded)
    first = pc.replace_substring_regex(pc.utf8_slice_codeunits(coded, 0, 1), "[AEIOUY]", "A")
    rest = pc.replace_substring_regex(pc.utf8_slice_codeunits(coded, 1), "[AEIOUYWH]+", "")
    whole = pc.binary_join_element_wise(first, rest, "")
    whole = pc.replace_substring(pc.replace_substring(whole, "C", "K"), "J", "G")
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        whole = pc.replace_substring_regex(whole, f"{letter}{letter}+", letter)
    return whole


def _upper(values: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.utf8_upper(pc.utf8_trim_whitespace(pc.utf8_normalize(values, form="NFKC")))


def _alphanumeric(values: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(_upper(values), "[^A-Z0-9]+", "")


def _captured(pattern: str) -> Callable[[pa.Array], pa.Array]:
    def rule(values: pa.Array) -> pa.Array:
        import pyarrow.compute as pc

        found = pc.struct_field(pc.extract_regex(values, pattern), "part")
        return pc.replace_substring(found, " ", "")

    return rule


def _mapped(values: pa.Array, table: dict[str, str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(values, pa.array(list(table)))
    return pa.array(list(table.values())).take(place)


def _word(names_: pa.Array, number: int) -> pa.Array:
    """The word at `number` of a cleaned name; null when it has fewer."""
    pattern = rf"^(?:[A-Z]+ ){{{number}}}(?P<part>[A-Z]+)"
    return _over_distinct(names_, _captured(pattern))


def _joined(clean: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return _over_distinct(clean, lambda values: pc.replace_substring(values, " ", ""))


def _first(values: pa.Array, letters: int) -> pa.Array:
    import pyarrow.compute as pc

    return pc.utf8_slice_codeunits(values, 0, letters)


def _where(values: pa.Array, keep: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.fill_null(keep, fill_value=False), values, pa.scalar(None, pa.string()))


# check digits


def _upn_checks(tidy: pa.Array, shaped: pa.Array) -> np.ndarray:
    """Whether the check letter is right: positions 2 to 13 weighted by position, modulus 23."""
    import numpy as np

    codes = _characters(tidy, shaped, 13)
    value = np.full(256, -1, np.int64)
    value[ord("0") : ord("9") + 1] = range(10)
    for index, letter in enumerate(CHECK_LETTERS):
        value[ord(letter)] = index
    worth = value[codes]
    weights = np.arange(2, 14)
    wanted = (worth[:, 1:] * weights).sum(axis=1) % 23
    right: np.ndarray = (wanted == worth[:, 0]) & shaped.fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return right


def _digits(tidy: pa.Array, shaped: pa.Array, width: int) -> np.ndarray:
    import numpy as np

    return _characters(tidy, shaped, width).astype(np.int64) - ord("0")


def _characters(tidy: pa.Array, shaped: pa.Array, width: int) -> np.ndarray:
    """The characters of each value as a row of codes; zeros where it hasn't the shape."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    blank = "0" * width
    fixed = pc.if_else(pc.fill_null(shaped, fill_value=False), tidy, pa.scalar(blank))
    fixed = pc.cast(pc.fill_null(fixed, blank), pa.binary(width))
    held = np.frombuffer(fixed.buffers()[1], np.uint8) if len(fixed) else np.empty(0, np.uint8)
    return held[: len(fixed) * width].reshape(-1, width)


def _weights(high: int, low: int) -> np.ndarray:
    import numpy as np

    return np.arange(high, low - 1, -1)
