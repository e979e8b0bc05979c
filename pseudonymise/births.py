"""What a delivery and a birth are told by, standardised: the parts that mothers and babies are linked on.

A hospital writes a birth twice, in the mother's record and in the baby's. The delivery's day is often a day off in
one of the two, so the mothers' side carries the day itself, the day before and the day after, and the babies' side
the day alone. Composites of these parts are compared by linkage, step by step; no part is ever a token by itself
in the `strict` profile. Values that stand for "not known" in these records (a day before 1930, such as 1 January 1900;
99 weeks, 9999 grams, nought) give nothing. Frozen by published vectors (`tests/vectors/births.json`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pseudonymise import standardise
from pseudonymise.cleaning import alphanumeric, only_where, over_distinct

if TYPE_CHECKING:
    import pyarrow as pa

VECTORS = "57b2b444f9e5bcfd"  # first 16 hex digits of the SHA-256 of the vectors; rules that change are a new `standardise.VERSION`
DATES = ("delivery_date", "birth_day", "mother_birth_date")
"""Domains whose rule wants the date as a date."""
FIRST_DAY = -14_610  # 1 January 1930, from which on a day in these records is one
WEEKS = (10, 49)  # a gestation in whole weeks; 99 is not known
GRAMS = (10, 9998)  # a weight at birth; 9999 is not known
BAND = 100  # grams of a band of weight
TOGETHER = (
    ("mother_birth_date", "provider", "postcode"),
    ("mother_birth_date", "provider", "gestation"),
    ("mother_birth_date", "postcode"),
    ("provider", "postcode", "gestation"),
    ("provider", "postcode", "baby_sex", "weight_band"),
    ("provider", "gestation", "baby_sex", "weight_band", "postcode_district"),
    ("mother_birth_date", "baby_sex", "weight_band"),
    ("provider", "gestation", "baby_sex", "weight_band"),
    ("mother_birth_date",),
)
"""What is hashed together with the delivery's day: the steps of linkage, and the mother's birth date alone, which tells
whether babies are of one delivery."""
DAYS = ("delivery_date", "delivery_before", "delivery_after")


def delivery_days(days: pa.Array) -> dict[str, pa.Array]:
    """The mothers' side: the day (a date), the day before and the day after, as text; nothing of a placeholder."""
    import pyarrow as pa
    import pyarrow.compute as pc

    number = pc.cast(days, pa.date32()).cast(pa.int32())
    number = only_where(number, pc.greater_equal(number, FIRST_DAY))
    return {
        name: pc.add(number, pa.scalar(shift, pa.int32())).cast(pa.date32()).cast(pa.string())
        for name, shift in zip(DAYS, (0, -1, 1), strict=True)
    }


def birth_day(days: pa.Array) -> dict[str, pa.Array]:
    """The babies' side: the day alone."""
    return {"delivery_date": delivery_days(days)["delivery_date"]}


def mother_birth_date(days: pa.Array) -> dict[str, pa.Array]:
    """The mother's date of birth as text."""
    return {"mother_birth_date": delivery_days(days)["delivery_date"]}


def provider(raw: pa.Array) -> dict[str, pa.Array]:
    """A provider's code: letters and digits, in capitals."""
    import pyarrow.compute as pc

    tidy = over_distinct(raw, alphanumeric)
    return {"provider": only_where(tidy, pc.not_equal(tidy, ""))}


def gestation(raw: pa.Array) -> dict[str, pa.Array]:
    """Whole weeks."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return {"gestation": pc.cast(_number(raw, *WEEKS), pa.string())}


def weight_band(raw: pa.Array) -> dict[str, pa.Array]:
    """Grams in bands of a hundred."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return {"weight_band": pc.cast(pc.divide(_number(raw, *GRAMS), BAND), pa.string())}


def baby_sex(raw: pa.Array) -> dict[str, pa.Array]:
    """M or F."""
    return {"baby_sex": standardise.sex(raw)["sex"]}


def _number(raw: pa.Array, least: int, most: int) -> pa.Array:
    """Whole numbers from `least` to `most`, missing where something else stands."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(pc.cast(raw, pa.string()))
    number = pc.cast(only_where(text, pc.match_substring_regex(text, r"^\d{1,5}$")), pa.int64())
    return only_where(number, pc.and_(pc.greater_equal(number, least), pc.less_equal(number, most)))


RULES: dict[str, Callable[[pa.Array], dict[str, pa.Array]]] = {
    "delivery_date": delivery_days,
    "birth_day": birth_day,
    "mother_birth_date": mother_birth_date,
    "provider": provider,
    "gestation": gestation,
    "weight_band": weight_band,
    "baby_sex": baby_sex,
}
GIVES: dict[str, tuple[str, ...]] = {
    "delivery_date": DAYS,
    "birth_day": DAYS[:1],
    **{
        domain: (domain,)
        for domain in ("mother_birth_date", "provider", "gestation", "weight_band", "baby_sex")
    },
}
