"""Dates that are a birthday in disguise: an episode that ends because its child came of age, a referral on the day of birth.

Month and year of birth are in the payload, so such a date would add the day. Two things are done about it.
A date that stays whole loses its day where birth decides it: from the day before an age at which care or
support ends by law to the end of that month it becomes the month's last day, and from the first of the month of
birth to the birth its first. So whatever follows another date still does. What no rule foresees is measured: a
column with more dates on birthdays, or at one fixed distance from the birth date, than the project allows is
refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, Where
from tre_toolkit.project import Limits

if TYPE_CHECKING:
    import numpy as np

AGES = (18, 21, 25)  # the end of care, and of support to care leavers (Children Act 1989, sections 22 to 24D)
BEFORE = 1  # days: authorities end an episode on the birthday, or on the day before it


@dataclass(frozen=True, slots=True)
class DateExposure:
    """One date column: of `rows` with a birth date, `birthday` stand on a birthday, `fixed` at the commonest distance."""

    place: str
    column: str
    rows: int
    birthday: int
    fixed: int

    @property
    def share(self) -> float:
        return max(self.birthday, self.fixed) / self.rows if self.rows else 0.0


def softened(days: np.ndarray, born: np.ndarray) -> np.ndarray:
    """The dates (datetime64[D], missing as NaT), without the day where a birth or coming of age decides it; never out of order."""
    import numpy as np

    made: np.ndarray = np.where((days >= _first(born)) & (days <= born), _first(born), days)
    for age in AGES:
        birthday = _birthday(born, age)
        since = (days >= birthday - np.timedelta64(BEFORE, "D")) & (days <= _last(birthday))
        made = np.where(since, _last(birthday), made)
    return made


@dataclass(slots=True)
class Tally:
    """What a column's dates tell of birthdays, added up a chunk of rows at a time."""

    rows: int = 0
    birthday: int = 0
    distances: Counter[int] = field(default_factory=Counter)

    def add(self, days: np.ndarray, born: np.ndarray) -> None:
        """Count dates (datetime64[D], missing as NaT) that are birthdays of their child, and their distances from its birth."""
        import numpy as np

        known = ~(np.isnat(days) | np.isnat(born))
        here, then = days[known], born[known]
        months = here.astype("datetime64[M]").astype(np.int64) - then.astype("datetime64[M]").astype(np.int64)
        same_day = (here - _first(here)) == (then - _first(then))
        apart, times = np.unique((here - then).astype(np.int64), return_counts=True)
        self.rows += len(here)
        self.birthday += int(((months % 12 == 0) & same_day).sum())
        self.distances.update(dict(zip(apart.tolist(), times.tolist(), strict=True)))

    def exposure(self, place: str, column: str) -> DateExposure:
        """What was counted, of a column of a return."""
        return DateExposure(place, column, self.rows, self.birthday, max(self.distances.values(), default=0))


def problems(found: Iterable[DateExposure], limits: Limits) -> Iterator[Problem]:
    """The columns above the project's limit, and what to declare. Fewer rows than a smallest group are chance."""
    for one in found:
        if one.share <= limits.birthdays or max(one.birthday, one.fixed) < limits.smallest_group:
            continue
        what = (
            "are birthdays of their child"
            if one.birthday >= one.fixed
            else "stand at one fixed distance from their child's birth date"
        )
        yield Problem(
            f"{one.share:.1%} of its dates {what}, the limit is {limits.birthdays:.1%}: they would tell the day of birth",
            Where(one.place, column=one.column),
            "declare it month, year or drop",
        )


def _birthday(born: np.ndarray, age: int) -> np.ndarray:
    """The birthday at `age`; of a child born on 29 February, 1 March where there is no such day."""

    there: np.ndarray = (born.astype("datetime64[M]") + 12 * age).astype("datetime64[D]") + (
        born - _first(born)
    )
    return there


def _first(days: np.ndarray) -> np.ndarray:
    first: np.ndarray = days.astype("datetime64[M]").astype("datetime64[D]")
    return first


def _last(days: np.ndarray) -> np.ndarray:
    last: np.ndarray = (days.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    return last
