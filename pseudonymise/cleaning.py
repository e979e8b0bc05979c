"""What the cleaning rules are made of: a rule over a column's distinct values, names made plain, check digits.

`standardise` is the list of the rules; nothing here may change without its version changing too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # DfE: 23 letters, no I, O or S

_NO_NAMES = """
    BABY UNBORN INFANT UNKNOWN UNKNOW UNK NOTKNOWN NONE NULL NONAME NOTGIVEN NOTAVAILABLE NAME
    MALE FEMALE GIRL TWIN TRIPLET TEST TESTER DUMMY TBC TBA ANON ANONYMOUS REFUSED XX XXX XXXX
"""
PLACEHOLDERS = frozenset(_NO_NAMES.split())
"""Cleaned names, or first words of names, that stand for no name."""

LETTERS = {  # letters that don't come apart into a plain one and an accent
    "Ł": "L", "Ø": "O", "ẞ": "SS", "ß": "SS", "Æ": "AE", "Œ": "OE", "Đ": "D", "Ð": "D", "Þ": "TH", "Ħ": "H",
    "ı": "I", "Ŋ": "N", "Ŧ": "T", "Ə": "A",
}  # fmt: skip
APOSTROPHES = "['’‘‛`´ʼʻʹʽʾʿ′＇]"

SOUNDS = (  # digraphs first, then single letters; the vowels go last
    ("PH", "F"), ("KH", "K"), ("GH", "G"), ("CH", "C"), ("SH", "S"), ("DH", "D"), ("TH", "T"), ("CK", "K"),
    ("Q", "K"), ("X", "KS"), ("Z", "S"), ("V", "F"),
)  # fmt: skip


def over_distinct(values: pa.Array, rule: Callable[[pa.Array], pa.Array]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    encoded = pc.dictionary_encode(pc.cast(values, pa.string()))
    return rule(encoded.dictionary).take(encoded.indices)


def clean_name(values: pa.Array) -> pa.Array:
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
    return only_where(plain, pc.and_(pc.not_equal(plain, ""), pc.invert(dummy)))


def skeleton(values: pa.Array) -> pa.Array:
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


def upper(values: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.utf8_upper(pc.utf8_trim_whitespace(pc.utf8_normalize(values, form="NFKC")))


def alphanumeric(values: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.replace_substring_regex(upper(values), "[^A-Z0-9]+", "")


def captured(pattern: str) -> Callable[[pa.Array], pa.Array]:
    def rule(values: pa.Array) -> pa.Array:
        import pyarrow.compute as pc

        found = pc.struct_field(pc.extract_regex(values, pattern), "part")
        return pc.replace_substring(found, " ", "")

    return rule


def mapped(values: pa.Array, table: dict[str, str]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(values, pa.array(list(table)))
    return pa.array(list(table.values())).take(place)


def word_of(names_: pa.Array, number: int) -> pa.Array:
    """The word at `number` of a cleaned name; null when it has fewer."""
    pattern = rf"^(?:[A-Z]+ ){{{number}}}(?P<part>[A-Z]+)"
    return over_distinct(names_, captured(pattern))


def glued(clean: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return over_distinct(clean, lambda values: pc.replace_substring(values, " ", ""))


def first_letters(values: pa.Array, letters: int) -> pa.Array:
    import pyarrow.compute as pc

    return pc.utf8_slice_codeunits(values, 0, letters)


def only_where(values: pa.Array, keep: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.fill_null(keep, fill_value=False), values, pa.scalar(None, values.type))


# check digits


def upn_checks(tidy: pa.Array, shaped: pa.Array) -> np.ndarray:
    """Whether the check letter is right: positions 2 to 13 weighted by position, modulus 23."""
    import numpy as np

    codes = characters_of(tidy, shaped, 13)
    value = np.full(256, -1, np.int64)
    value[ord("0") : ord("9") + 1] = range(10)
    for index, letter in enumerate(CHECK_LETTERS):
        value[ord(letter)] = index
    worth = value[codes]
    weights = np.arange(2, 14)
    wanted = (worth[:, 1:] * weights).sum(axis=1) % 23
    right: np.ndarray = (wanted == worth[:, 0]) & shaped.fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return right


def digits_of(tidy: pa.Array, shaped: pa.Array, width: int) -> np.ndarray:
    import numpy as np

    return characters_of(tidy, shaped, width).astype(np.int64) - ord("0")


def characters_of(tidy: pa.Array, shaped: pa.Array, width: int) -> np.ndarray:
    """The characters of each value as a row of codes; zeros where it hasn't the shape."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    blank = "0" * width
    fixed = pc.if_else(pc.fill_null(shaped, fill_value=False), tidy, pa.scalar(blank))
    fixed = pc.cast(pc.fill_null(fixed, blank), pa.binary(width))
    held = np.frombuffer(fixed.buffers()[1], np.uint8) if len(fixed) else np.empty(0, np.uint8)
    return held[: len(fixed) * width].reshape(-1, width)


def weights(high: int, low: int) -> np.ndarray:
    import numpy as np

    return np.arange(high, low - 1, -1)
