"""A date that is a birthday in disguise never tells the day of birth: it moves within its month, or the run refuses."""

import numpy as np
import pytest

from pseudonymise.birthdays import Tally, problems, softened
from pseudonymise.fates import proposed
from tre_toolkit.errors import Problems
from tre_toolkit.project import Limits
from tre_toolkit.returns import Return
from tre_toolkit.schema import schema

COUNT = 40


def measured(place, column, there, born, pieces=1):
    """The dates counted in so many pieces."""
    tally = Tally()
    for some, theirs in zip(np.array_split(there, pieces), np.array_split(born, pieces), strict=True):
        tally.add(some, theirs)
    return tally.exposure(place, column)


def days(*texts):
    return np.array(texts, "datetime64[D]")


def told(texts):
    return [str(one) for one in texts]


@pytest.mark.parametrize(
    ("born", "there", "leaves"),
    [
        ("2007-05-13", "2025-05-13", "2025-05-31"),  # the eighteenth birthday
        ("2007-05-13", "2025-05-12", "2025-05-31"),  # the day before it
        ("2007-05-13", "2025-05-14", "2025-05-31"),
        ("2007-05-13", "2025-05-11", "2025-05-11"),
        (
            "2007-05-13",
            "2025-05-30",
            "2025-05-31",
        ),  # and what follows it in that month, or it would begin before
        ("2007-05-13", "2025-06-01", "2025-06-01"),
        ("2007-05-13", "2024-05-13", "2024-05-13"),  # a seventeenth birthday ends nothing
        ("2007-05-13", "2023-05-13", "2023-05-13"),
        ("2007-05-13", "2028-05-13", "2028-05-31"),
        ("2007-05-13", "2032-05-13", "2032-05-31"),
        ("2007-05-13", "2007-05-13", "2007-05-01"),  # the day of birth
        ("2007-05-13", "2007-05-02", "2007-05-01"),  # of a child not born yet
        ("2007-05-13", "2007-05-14", "2007-05-14"),
        (
            "2007-05-01",
            "2025-04-30",
            "2025-05-31",
        ),  # the day before is in another month, the month is the birthday's
        ("2008-02-29", "2026-03-01", "2026-03-31"),
        ("2008-02-29", "2024-02-29", "2024-02-29"),
        ("NaT", "2025-05-13", "2025-05-13"),
        ("2007-05-13", "NaT", "NaT"),
    ],
)
def test_a_date_on_a_day_that_birth_decides_leaves_at_the_edge_of_its_month(born, there, leaves):
    assert told(softened(days(there), days(born))) == [leaves]


def test_dates_stay_in_order_and_in_their_month_or_the_birthdays():
    rng = np.random.default_rng(1)
    born = np.datetime64("2005-01-01") + rng.integers(0, 2000, 20_000)
    age = rng.choice([0, 12 * 18, 12 * 21, 12 * 25], 20_000)
    middle = (born.astype("datetime64[M]") + age).astype("datetime64[D]")
    began = middle + rng.integers(-40, 40, 20_000)
    ended = began + rng.integers(0, 40, 20_000)
    assert (softened(began, born) <= softened(ended, born)).all()
    leapling = born - born.astype("datetime64[M]").astype("datetime64[D]") == np.timedelta64(28, "D")
    moved = (softened(ended, born) != ended) & ~leapling
    assert 0.1 < moved.mean() < 0.8
    assert (
        softened(ended, born).astype("datetime64[M]")[moved] == middle.astype("datetime64[M]")[moved]
    ).all()


def test_birthdays_and_fixed_distances_are_counted_as_by_hand():
    born = days("2010-03-04", "2011-07-30", "2012-01-01", "2013-01-01", "NaT")
    there = days("2020-03-04", "2020-07-29", "2012-02-11", "2013-02-11", "2020-01-01")
    found = measured("d/2025", "t.c", there, born)
    assert found == measured("d/2025", "t.c", there, born, pieces=3)
    assert (found.rows, found.birthday, found.fixed) == (4, 1, 2)


@pytest.mark.parametrize(("birthday", "refused"), [(4, False), (5, True)])
def test_fewer_birthdays_than_a_smallest_group_are_chance(birthday, refused):
    born = np.datetime64("2010-01-01") + np.arange(60) * 3
    there = np.datetime64("2020-06-01") + np.arange(60) * 4
    there[:birthday] = (born[:birthday].astype("datetime64[M]") + 120).astype("datetime64[D]") + (
        born[:birthday] - born[:birthday].astype("datetime64[M]").astype("datetime64[D]")
    )
    found = list(problems([measured("d/2025", "t.c", there, born)], Limits()))
    assert bool(found) is refused
    assert list(problems([measured("d/2025", "t.c", there, born)], Limits(birthdays=1))) == []


def test_a_fixed_distance_from_birth_is_found_though_no_date_is_a_birthday():
    born = np.datetime64("2010-01-01") + np.arange(COUNT) * 13
    (found,) = problems([measured("d/2025", "t.c", born + 10, born)], Limits())
    assert "fixed distance" in found.what
    assert found.where.column == "t.c"


def care_leavers(draw, *, ends="birthday"):
    """Looked-after children of whom all come of age in May 2024; their last episode ends on the day."""
    rng = np.random.default_rng(2)
    numbers = [f"C{at}" for at in range(COUNT)]
    of_birth, otherwise, began = (rng.integers(1, 28, COUNT) for _ in range(3))
    born = [f"{day:02}/05/2006" for day in of_birth]
    ended = [f"{day:02}/05/2024" for day in of_birth]
    if ends != "birthday":
        ended = [f"{day:02}/{1 + at % 12:02}/2023" for at, day in enumerate(otherwise)]
    known = schema("ssda903", 2025)
    drawn = {
        "header": {"CHILD": numbers, "SEX": ["F"] * COUNT, "DOB": born},
        "episodes": {
            "CHILD": numbers,
            "DECOM": [f"{day:02}/{1 + at % 12:02}/2022" for at, day in enumerate(began)],
            "DEC": ended,
        },
    }
    tables = {table.name: draw.frame(table, **drawn.get(table.name, {})) for table in known.tables}
    return Return(dataset="ssda903", year=2025, term=None, authority="990", tables=tables, synthetic=True)


def test_the_end_of_care_at_eighteen_leaves_as_the_end_of_its_month_and_is_counted(run, draw):
    made, parcel = run([care_leavers(draw)], draw.declared())
    left = parcel.part("payload/ssda903/2025/episodes")["DEC"].unique().to_pylist()
    assert told(left) == ["2024-05-31"]
    assert made.counts["dates about a birth or a coming of age, without their day"] == COUNT


def test_ends_that_are_no_birthday_leave_as_they_are(run, draw):
    made, parcel = run([care_leavers(draw, ends="otherwise")], draw.declared())
    left = parcel.part("payload/ssda903/2025/episodes")["DEC"].to_pylist()
    assert len(set(left)) > 20
    assert "dates about a birth or a coming of age, without their day" not in made.manifests[0].counts


def test_shifting_a_column_of_birthdays_is_refused_and_says_what_to_declare(run, draw, tmp_path):
    shifted = {"ssda903.episodes.DEC": "shifted"}
    with pytest.raises(Problems, match="birthdays of their child") as refused:
        run([care_leavers(draw)], draw.declared(fates=shifted))
    assert "episodes.DEC" in str(refused.value)
    assert "declare it month" in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    run([care_leavers(draw, ends="otherwise")], draw.declared(fates=shifted))


def test_as_months_birthdays_may_leave(run, draw):
    _, parcel = run([care_leavers(draw)], draw.declared(fates={"ssda903.episodes.DEC": "month"}))
    assert told(parcel.part("payload/ssda903/2025/episodes")["DEC"].unique().to_pylist()) == ["2024-05-01"]


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_the_day_an_unaccompanied_childs_status_ended_is_proposed_as_a_month(year):
    held = schema("ssda903", year)
    assert proposed(held.table("uasc"), held.column("uasc", "DUC"))[0] == "month"
    assert proposed(held.table("episodes"), held.column("episodes", "DECOM"))[0] == "keep"
