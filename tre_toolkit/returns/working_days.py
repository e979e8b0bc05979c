"""Working days of England: Monday to Friday without bank holidays.

The rules count them back from the ends of the census year. The holidays follow from the law's own pattern
(Banking and Financial Dealings Act 1971) and from the days proclaimed once, which are listed.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

DAY = timedelta(days=1)
# Proclaimed once, and the usual day moved to make room for it
EXTRA = {
    2002: (date(2002, 6, 3), date(2002, 6, 4)),  # Golden Jubilee
    2011: (date(2011, 4, 29),),  # royal wedding
    2012: (date(2012, 6, 4), date(2012, 6, 5)),  # Diamond Jubilee
    2020: (date(2020, 5, 8),),  # early May moved to VE Day
    2022: (date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)),  # Platinum Jubilee, state funeral
    2023: (date(2023, 5, 8),),  # coronation
}
MOVED = {
    2002: (date(2002, 5, 27),),
    2012: (date(2012, 5, 28),),
    2020: (date(2020, 5, 4),),
    2022: (date(2022, 5, 30),),
}


def working_days_before(day: date, number: int) -> date:
    """The day that lies `number` working days before `day`."""
    while number:
        day -= DAY
        number -= is_working_day(day)
    return day


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in bank_holidays(day.year)


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of England in a year."""
    easter = _easter(year)
    days = {
        _next_weekday(date(year, 1, 1)),
        easter - 2 * DAY,
        easter + DAY,
        _first_monday(year, 5),
        _last_monday(year, 5),
        _last_monday(year, 8),
        *_christmas(year),
    }
    return frozenset((days - set(MOVED.get(year, ()))) | set(EXTRA.get(year, ())))


def _next_weekday(day: date) -> date:
    while day.weekday() > 4:
        day += DAY
    return day


def _christmas(year: int) -> set[date]:
    """25 and 26 December, each moved past the weekend and past the other."""
    christmas, boxing = date(year, 12, 25), date(year, 12, 26)
    if boxing.weekday() == 5:  # Friday, Saturday
        return {christmas, boxing + 2 * DAY}
    if christmas.weekday() == 5:  # Saturday, Sunday
        return {christmas + 2 * DAY, boxing + 2 * DAY}
    if christmas.weekday() == 6:  # Sunday, Monday
        return {boxing, christmas + 2 * DAY}
    return {christmas, boxing}


def _first_monday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + (7 - first.weekday()) % 7 * DAY


def _last_monday(year: int, month: int) -> date:
    last = date(year + month // 12, month % 12 + 1, 1) - DAY
    return last - last.weekday() * DAY


def _easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)
