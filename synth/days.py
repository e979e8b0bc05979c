"""Days as whole numbers since 1970-01-01, and the calendar arithmetic of the returns.

Birthdays are the rules' own: the nth birthday of somebody born on 29 February is 28 February in a common
year. `NEVER` stands for a date that doesn't come; it is later than every date, so that comparisons read well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]
NEVER = 1 << 30
DAY, MONTH, YEAR = "M8[D]", "M8[M]", "M8[Y]"


def day(text: str) -> int:
    """A date written yyyy-mm-dd as a day number."""
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


FIRST_DAY, LAST_DAY = day("1940-01-01"), day("2049-12-31")  # the calendar that is kept


def year_start(year: int) -> int:
    """1 April that opens the collection year which ends in `year`."""
    return day(f"{year - 1}-04-01")


def year_end(year: int) -> int:
    """31 March that closes the collection year."""
    return day(f"{year}-03-31")


def is_year_end(days: Days) -> NDArray[np.bool_]:
    """Whether a day is 31 March."""
    dates = days.astype(DAY)
    months = dates.astype(MONTH)
    last: NDArray[np.bool_] = (months.astype(np.int64) % 12 == 2) & (
        (dates - months.astype(DAY)).astype(np.int64) == 30
    )
    return last


def closing(days: Days) -> Days:
    """31 March of the collection year that each day lies in."""
    years = days.astype(DAY).astype(YEAR)
    ends = [
        ((years + np.timedelta64(at, "Y")).astype(MONTH) + np.timedelta64(2, "M")).astype(DAY)
        for at in (0, 1)
    ]
    this, following = (end.astype(np.int64) + 30 for end in ends)
    return np.where(days <= this, this, following)


def before_last_days(days: Days) -> Days:
    """The same day, or 25 March when it falls on one of the last six days of a collection year."""
    dates = days.astype(DAY)
    months = dates.astype(MONTH)
    place = (dates - months.astype(DAY)).astype(np.int64)
    late = (months.astype(np.int64) % 12 == 2) & (place >= 25)
    return np.where(late, days - place + 24, days)


def month_start(days: Days) -> Days:
    """The first day of the month of each."""
    found: Days = days.astype(DAY).astype(MONTH).astype(DAY).astype(np.int64)
    return found


def birthday(born: Days, nth: int) -> Days:
    """The nth birthday of each."""
    return _looked_up(born, _birthdays(nth), partial(_birthday, nth=nth))


def _looked_up(days: Days, told: Days, work: Callable[[Days], Days]) -> Days:
    """What a list says of each day of the calendar; reckoned where a day lies outside."""
    if not len(days) or (days.min() >= FIRST_DAY and days.max() <= LAST_DAY):
        return told[days - FIRST_DAY]
    return work(days)


@cache
def _birthdays(nth: int) -> Days:
    return _birthday(np.arange(FIRST_DAY, LAST_DAY + 1), nth)


@cache
def _school_starts() -> Days:
    return _school_start(np.arange(FIRST_DAY, LAST_DAY + 1))


@cache
def _school_leavings() -> Days:
    return _school_leaving(np.arange(FIRST_DAY, LAST_DAY + 1))


def _birthday(born: Days, nth: int) -> Days:
    dates = born.astype(DAY)
    months = dates.astype(MONTH)
    place = (dates - months.astype(DAY)).astype(np.int64)
    there = months + np.timedelta64(12 * nth, "M")
    last = ((there + np.timedelta64(1, "M")).astype(DAY) - there.astype(DAY)).astype(np.int64) - 1
    found: Days = there.astype(DAY).astype(np.int64) + np.minimum(place, last)
    return found


def weekday(days: Days) -> Days:
    """0 for Monday to 6 for Sunday (1 January 1970 was a Thursday)."""
    return (days + 3) % 7


def working(days: Days) -> Days:
    """The same day, or the Friday before when it falls on a weekend."""
    return days - np.maximum(weekday(days) - 4, 0)


def after_working(days: Days, count: int) -> Days:
    """The day `count` working days (weekends left out) after each."""
    held = np.where(days >= NEVER, 0, days)
    moved = np.busday_offset(held.astype(DAY), count, roll="backward").astype(np.int64)
    return np.where(days >= NEVER, NEVER, moved)


def school_start(born: Days) -> Days:
    """1 September after the fourth birthday: when most children in England start school."""
    return _looked_up(born, _school_starts(), _school_start)


def _school_start(born: Days) -> Days:
    return _september(_birthday(born, 4))


def school_leaving(born: Days) -> Days:
    """31 August after the sixteenth birthday: the end of year 11."""
    return _looked_up(born, _school_leavings(), _school_leaving)


def _school_leaving(born: Days) -> Days:
    return _september(_birthday(born, 16)) - 1


def school_year(born: Days, on: int) -> Days:
    """The national curriculum year on a day: 0 is reception, 11 the last; below 0 before school."""
    first = school_start(born).astype(DAY).astype(YEAR).astype(np.int64)
    now = (
        np.array(on - 243).astype(DAY).astype(YEAR).astype(np.int64)
    )  # 243 days: 1 September becomes 1 January
    return now - first


def _september(days: Days) -> Days:
    """The next 1 September on or after each day."""
    years = days.astype(DAY).astype(YEAR)
    september = (years.astype(MONTH) + np.timedelta64(8, "M")).astype(DAY).astype(np.int64)
    later = (
        ((years + np.timedelta64(1, "Y")).astype(MONTH) + np.timedelta64(8, "M")).astype(DAY).astype(np.int64)
    )
    return np.where(days <= september, september, later)
