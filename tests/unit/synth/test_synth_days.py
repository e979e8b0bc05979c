"""The calendar of the returns."""

from __future__ import annotations

import numpy as np

from synth import days
from synth.days import day


def test_a_birthday_on_29_february_is_the_28th_in_common_years() -> None:
    born = np.array([day("2008-02-29"), day("2007-01-31")])
    assert days.birthday(born, 4).tolist() == [day("2012-02-29"), day("2011-01-31")]
    assert days.birthday(born, 17).tolist() == [day("2025-02-28"), day("2024-01-31")]


def test_school_starts_in_the_september_after_the_fourth_birthday() -> None:
    born = np.array([day("2019-09-01"), day("2019-09-02"), day("2020-08-31")])
    assert days.school_start(born).tolist() == [day("2023-09-01"), day("2024-09-01"), day("2024-09-01")]
    assert days.school_year(born, day("2025-01-16")).tolist() == [1, 0, 0]
    assert days.school_leaving(np.array([day("2008-10-05")])).tolist() == [day("2025-08-31")]


def test_weekends_move_to_the_friday_before() -> None:
    some = np.array([day("2025-03-28"), day("2025-03-29"), day("2025-03-30"), day("2025-03-31")])
    assert days.working(some).tolist() == [day("2025-03-28")] * 3 + [day("2025-03-31")]
    assert days.is_year_end(some).tolist() == [False, False, False, True]


def test_fifteen_working_days_are_three_weeks() -> None:
    assert days.after_working(np.array([day("2025-03-03"), days.NEVER]), 15).tolist() == [
        day("2025-03-24"),
        days.NEVER,
    ]
