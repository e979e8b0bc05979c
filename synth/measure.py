"""A measure of the report, read against its control, and the intervals it comes with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

PASS, REVIEW, FAIL, INFORMATION = "PASS", "REVIEW", "FAIL", "information"
WORST = 0.05  # largest excess of repU, of DiSCO and of the attacks over the hold-out
SURE = 3.5  # deviations from which an excess is no chance: one alarm in some 4,000 clean attacks


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: the fitted children against the hold-out, and the verdict.

    `low` and `high` bound the excess of the value over its control (95 %), where it was measured on a sample.
    """

    name: str
    value: float
    control: float
    verdict: str
    note: str = ""
    low: float | None = None
    high: float | None = None


def verdict(measures: Sequence[Measure]) -> str:
    """The worst verdict of all; what is there for information has none."""
    for word in (FAIL, REVIEW):
        if any(one.verdict == word for one in measures):
            return word
    return PASS


def attack(
    name: str, hits: int, tries: int, control_hits: int, control_tries: int, note: str = ""
) -> Measure:
    """An attack's success on fitted children against its success on the hold-out, with the interval of the excess.

    It fails when the excess is no chance and larger than WORST, and is looked at when it is larger than WORST alone.
    """
    value, control = hits / max(tries, 1), control_hits / max(control_tries, 1)
    low, high = difference(hits, tries, control_hits, control_tries)
    sure, _ = difference(hits, tries, control_hits, control_tries, z=SURE)
    excess = value - control
    broken = sure > 0 and excess > WORST
    word = FAIL if broken else REVIEW if low > 0 and excess > WORST / 2 else PASS
    return Measure(name, value, control, word, note, low, high)


def wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson interval of a share."""
    if not tries:
        return 0.0, 1.0
    share, part = hits / tries, z * z / tries
    middle = (share + part / 2) / (1 + part)
    wide = z * math.sqrt(share * (1 - share) / tries + part / (4 * tries)) / (1 + part)
    return middle - wide, middle + wide


def difference(one: int, of_one: int, other: int, of_other: int, z: float = 1.96) -> tuple[float, float]:
    """Newcombe's interval of the difference of two shares."""
    first, second = one / max(of_one, 1), other / max(of_other, 1)
    (low_1, high_1), (low_2, high_2) = wilson(one, of_one, z), wilson(other, of_other, z)
    middle = float(first - second)
    return (
        middle - math.hypot(first - low_1, high_2 - second),
        middle + math.hypot(high_1 - first, second - low_2),
    )


def at_least(hits: int, tries: int, share: float) -> float:
    """The chance of `hits` or more of `tries` when each has the chance `share`."""
    if hits <= 0:
        return 1.0
    log = math.lgamma
    terms = [
        log(tries + 1) - log(k + 1) - log(tries - k + 1)
        + k * math.log(max(share, 1e-300)) + (tries - k) * math.log(max(1 - share, 1e-300))
        for k in range(hits, tries + 1)
    ]  # fmt: skip
    top = max(terms)
    return min(math.exp(top) * sum(math.exp(one - top) for one in terms), 1.0)
