"""A refusal says what, where and what to do."""

from __future__ import annotations

import pytest

from tre_toolkit.errors import MisuseError, Problem, Problems, TreError, Where


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (Where(), ""),
        (Where("episodes.csv"), "episodes.csv"),
        (Where("episodes.csv", column="DECOM", row=214), "episodes.csv, column DECOM, row 214"),
        (Where(table="header", column="UPN"), "table header, column UPN"),
        (
            Where("a.xml", "assessments", "AssessmentFactors", 1),
            "a.xml, table assessments, column AssessmentFactors, row 1",
        ),
    ],
)
def test_a_place_is_said_in_order(where: Where, said: str) -> None:
    assert str(where) == said
    assert bool(where) == bool(said)


def test_a_refusal_is_one_message_with_its_hint() -> None:
    error = TreError(
        "not a date written as dd/mm/yyyy", where=Where("episodes.csv", column="DECOM", row=3), hint="mend it"
    )
    assert str(error) == "episodes.csv, column DECOM, row 3: not a date written as dd/mm/yyyy\nhint: mend it"


def test_a_plain_name_is_taken_as_the_file() -> None:
    assert str(TreError("there is no such file", where="x.csv")) == "x.csv: there is no such file"


def test_several_problems_are_told_together_in_order() -> None:
    told = str(
        Problems(
            "the return is not right",
            [Problem("one", count=1200), Problem("two", Where(row=2))],
            hint="mend both",
        )
    )
    assert told.splitlines() == [
        "the return is not right",
        "one (1,200 times)",
        "row 2: two",
        "hint: mend both",
    ]


def test_misuse_has_a_status_of_its_own() -> None:
    assert (TreError.status, Problems.status, MisuseError.status) == (1, 1, 2)
