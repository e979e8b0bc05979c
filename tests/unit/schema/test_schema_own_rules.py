"""The rules this catalogue adds itself, from both sides: a row that breaks each, and one that nearly does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tre_toolkit.engine import Engine, quote
from tre_toolkit.schema import Dataset, dataset

Stage = Callable[[Engine, Dataset], None]
Row = dict[str, str]
GOOD_UPN = "P207000016049"
TEMPORARY = "M20700001604A"

SCHOOL: list[tuple[str, dict[str, list[Row]], dict[str, list[Row]]]] = [
    ("1510", {"pupilonroll": [{"upn": "Q207000016049"}]}, {"pupilonroll": [{"upn": GOOD_UPN}]}),
    ("1510", {"pupilonroll": [{"upn": "A20700001604A"}]}, {"pupilonroll": [{"upn": TEMPORARY}]}),
    (
        "1510L",
        {"pupilnolongeronroll": [{"upn": "Q207000016049"}]},
        {"pupilnolongeronroll": [{"upn": GOOD_UPN}]},
    ),
    ("1530", {"pupilonroll": [{"upn": "A999000016049"}]}, {"pupilonroll": [{"upn": GOOD_UPN}]}),
    (
        "1530L",
        {"pupilnolongeronroll": [{"upn": "A999000016049"}]},
        {"pupilnolongeronroll": [{"upn": GOOD_UPN}]},
    ),
    ("1540", {"pupilonroll": [{"upn": "P2070000X6049"}]}, {"pupilonroll": [{"upn": GOOD_UPN}, {}]}),
    (
        "1540L",
        {"pupilnolongeronroll": [{"upn": "P2070000X6049"}]},
        {"pupilnolongeronroll": [{"upn": GOOD_UPN}]},
    ),
    ("1550", {"pupilonroll": [{"upn": "P20700001604I"}]}, {"pupilonroll": [{"upn": TEMPORARY}]}),
    (
        "1550L",
        {"pupilnolongeronroll": [{"upn": "P20700001604S"}]},
        {"pupilnolongeronroll": [{"upn": GOOD_UPN}]},
    ),
    (
        "SC-dates",
        {"pupilonroll": [{"dob": "2015-01-02", "entrydate": "2015-01-01"}]},
        {"pupilonroll": [{"dob": "2015-01-01", "entrydate": "2015-01-01"}, {"dob": "2015-01-01"}]},
    ),
    (
        "SC-dates-L",
        {
            "pupilnolongeronroll": [
                {"dob": "2015-01-02", "entrydate": "2020-09-01", "leavingdate": "2020-08-31"}
            ]
        },
        {
            "pupilnolongeronroll": [
                {"dob": "2015-01-02", "entrydate": "2020-09-01", "leavingdate": "2020-09-01"}
            ]
        },
    ),
    (
        "SC-fsm",
        {"fsmperiod": [{"fsmstartdate": "2025-01-02", "fsmenddate": "2025-01-01"}]},
        {
            "fsmperiod": [
                {"fsmstartdate": "2025-01-02"},
                {"fsmstartdate": "2025-01-02", "fsmenddate": "2025-01-02"},
            ]
        },
    ),
    (
        "SC-fsm-A",
        {"fsmperiodsonroll": [{"fsmstartdate": "2025-01-02", "fsmenddate": "2025-01-01"}]},
        {"fsmperiodsonroll": [{"fsmstartdate": "2025-01-02"}]},
    ),
    ("SC-sen-rank", {"senneeds": [{"sentyperank": "3"}]}, {"senneeds": [{"sentyperank": "2.0"}, {}]}),
    (
        "SC-sen",
        {
            "senneeds": [{"pupilonrolltableid": "A"}],
            "pupilonroll": [{"pupilonrolltableid": "A", "senprovision": "N"}],
        },
        {
            "senneeds": [{"pupilonrolltableid": "A"}],
            "pupilonroll": [{"pupilonrolltableid": "A", "senprovision": "K"}],
        },
    ),
    (
        "SC-sessions",
        {
            "pupilonroll": [{"pupilonrolltableid": "A", "termlysessionspossible": "120"}],
            "termlysessiondetailsonroll": [
                {"pupilonrolltableid": "A", "attendancereason": "/", "sessions": "119"},
                {"pupilonrolltableid": "A", "attendancereason": "I", "sessions": "2"},
            ],
        },
        {
            "pupilonroll": [{"pupilonrolltableid": "A", "termlysessionspossible": "121.0"}],
            "termlysessiondetailsonroll": [
                {"pupilonrolltableid": "A", "attendancereason": "/", "sessions": "119"},
                {"pupilonrolltableid": "A", "attendancereason": "I", "sessions": "2"},
            ],
        },
    ),
    (
        "SC-exclusions",
        {
            "termlyexclusionsonroll": [
                {"pupilonrolltableid": "A", "category": "SUSP", "sessions": "80"},
                {"pupilonrolltableid": "A", "category": "FIXD", "sessions": "11"},
            ]
        },
        {
            "termlyexclusionsonroll": [
                {"pupilonrolltableid": "A", "category": "SUSP", "sessions": "90"},
                {"pupilonrolltableid": "B", "category": "SUSP", "sessions": "11"},
                {"pupilonrolltableid": "A", "category": "PERM", "sessions": "100"},
            ]
        },
    ),
    (
        "SC-dual",
        {"pupilonroll": [{"upn": GOOD_UPN, "enrolstatus": "C"}, {"upn": GOOD_UPN, "enrolstatus": "M"}]},
        {
            "pupilonroll": [
                {"upn": GOOD_UPN, "enrolstatus": "M"},
                {"upn": GOOD_UPN, "enrolstatus": "S"},
                {"enrolstatus": "C"},
                {"enrolstatus": "C"},
            ]
        },
    ),
]
KS2 = {"READOUTCOME": "AS", "MATOUTCOME": "AS"}
ATTAINMENT: list[tuple[str, dict[str, list[Row]], dict[str, list[Row]]]] = [
    (
        "KS2-read",
        {"ks2": [KS2 | {"READEXP": "1", "READSCORE": "99"}]},
        {"ks2": [KS2 | {"READEXP": "1", "READSCORE": "100"}, {"READEXP": "1", "READSCORE": "99"}]},
    ),
    (
        "KS2-maths",
        {"ks2": [KS2 | {"MATEXP": "0", "MATSCORE": "100"}]},
        {"ks2": [KS2 | {"MATEXP": "0", "MATSCORE": "99"}]},
    ),
    (
        "KS2-rwm",
        {"ks2": [{"RWMEXP": "1", "READEXP": "1", "MATEXP": "0", "WRITTAEXP": "1"}]},
        {
            "ks2": [
                {"RWMEXP": "1", "READEXP": "1", "MATEXP": "1", "WRITTAEXP": "1"},
                {"RWMEXP": "1", "READEXP": "0"},
            ]
        },
    ),
    (
        "KS4-basics",
        {"ks4": [{"KS4_L2BASICS_95": "1", "KS4_L2BASICS_94": "0"}]},
        {"ks4": [{"KS4_L2BASICS_95": "0", "KS4_L2BASICS_94": "1"}]},
    ),
]
TERMS = ("Autumn", "Spring", "Summer")


def absence(possible: int, absent: int, annual: int) -> Row:
    """A pupil who could come and was absent as often in every term."""
    row = {f"SessionsPossible_{term}": str(possible) for term in TERMS} | {
        "SessionsPossible_Annual": str(3 * possible)
    }
    row |= {f"AuthorisedAbsence_{term}": str(absent) for term in TERMS} | {
        "AuthorisedAbsence_Annual": str(annual)
    }
    return row | {f"UnauthorisedAbsence_{term}": "0" for term in TERMS} | {"UnauthorisedAbsence_Annual": "0"}


ABSENCE: list[tuple[str, dict[str, list[Row]], dict[str, list[Row]]]] = [
    ("ABS-bound", {"absence": [absence(100, 101, 303)]}, {"absence": [absence(100, 100, 300)]}),
    (
        "ABS-annual",
        {"absence": [absence(100, 10, 31)]},
        {"absence": [absence(100, 10, 30), {"SessionsPossible_Annual": "9"}]},
    ),
]
CASES = [
    *(("school_census", *case) for case in SCHOOL),
    *(("npd_attainment", *case) for case in ATTAINMENT),
    *(("npd_absence_exclusions", *case) for case in ABSENCE),
]


def broken(known: Dataset, number: str, tables: dict[str, list[Row]], stage: Stage) -> int:
    """How many rows break one rule."""
    rule = next(rule for rule in known.rules if rule.id == number)
    with Engine() as engine:
        stage(engine, known)
        for table, rows in tables.items():
            for at, row in enumerate(rows):
                names = ", ".join(["row_no", *map(quote, row)])
                marks = ", ".join("?" * (len(row) + 1))
                engine.run(f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})", [at, *row.values()])
        return len(engine.rows(rule.sql or ""))


@pytest.mark.parametrize(
    ("name", "number", "bad", "good"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES]
)
def test_a_rule_finds_what_breaks_it_and_nothing_else(
    name: str, number: str, bad: dict[str, list[Row]], good: dict[str, list[Row]], stage: Stage
) -> None:
    known = dataset(name)
    assert broken(known, number, bad, stage) >= 1
    assert broken(known, number, good, stage) == 0


def test_every_rule_of_our_own_has_both_sides() -> None:
    for name in ("school_census", "npd_attainment", "npd_absence_exclusions"):
        tried = {number for dataset_, number, *_ in CASES if dataset_ == name}
        assert tried == {rule.id for rule in dataset(name).rules}
