"""Dates as days from the child's own first one: durations are all that leaves."""

import pytest

from pseudonymise import plan
from tre_toolkit.errors import Problems

COUNTED = {"dates": {"cin_census": "days"}, "anchors": {"cin_census": "cin_details.CINreferralDate"}}
DETAILS = {
    "LAchildID": ["A1", "A1", "B2"],
    "CINdetailsID": ["1", "2", "1"],
    "CINreferralDate": ["2024-06-03", "2024-09-02", "2024-06-10"],
    "CINclosureDate": ["2024-06-28", None, "2024-07-01"],
}


def rows(parcel, period="2025"):
    frame = parcel.part(f"payload/cin_census/{period}/cin_details").to_pandas()
    return sorted(
        (
            int(one.CINreferralDate),
            None if one.CINclosureDate != one.CINclosureDate else int(one.CINclosureDate),
        )
        for one in frame.itertuples()
    )


def test_days_are_counted_from_each_childs_first_date(run, draw):
    _, parcel = run([draw.cin(cin_details=DETAILS)], draw.declared(**COUNTED))
    assert rows(parcel) == [(0, 21), (0, 25), (91, None)]
    assert str(parcel.part("payload/cin_census/2025/cin_details")["CINreferralDate"].type) == "int64"


def test_all_years_of_a_run_count_from_the_same_day(run, draw):
    earlier = {
        "LAchildID": ["a1 "],
        "CINdetailsID": ["1"],
        "CINreferralDate": ["2023-06-03"],
        "CINclosureDate": ["2023-06-04"],
    }
    last = draw.cin(year=2024, cin_details=earlier)
    _, parcel = run([draw.cin(cin_details=DETAILS), last], draw.declared(**COUNTED))
    assert rows(parcel, "2024") == [(0, 1)]
    assert rows(parcel) == [(0, 21), (366, 391), (457, None)]


def test_a_child_without_a_first_date_has_no_days(run, draw):
    _, parcel = run(
        [draw.cin(cin_details={**DETAILS, "CINreferralDate": [None, None, "2024-06-10"]})],
        draw.declared(**COUNTED),
    )
    frame = parcel.part("payload/cin_census/2025/cin_details").to_pandas()
    assert sorted(frame.CINclosureDate.dropna()) == [21]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"anchors": {}}, "the declaration names none"),
        ({"anchors": {"cin_census": "cin_details.Invented"}}, "the declaration names none"),
        ({"anchors": {"cin_census": "cin_details.ReferralSource"}}, "the declaration names none"),
        ({"anchors": {"cin_census": "child_identifiers.PersonBirthDate"}}, "the declaration names none"),
        ({"fates": {"cin_census.cin_details.CINclosureDate": "keep"}}, "would give the dates back"),
        ({"fates": {"cin_census.cin_details.CINclosureDate": "shifted"}}, "would give the dates back"),
    ],
)
def test_days_that_would_mean_nothing_or_give_dates_back_are_refused(draw, more, said):
    made = plan([draw.cin()], draw.declared(**{**COUNTED, **more}))
    assert [said in problem.what for problem in made.problems] == [True]
    with pytest.raises(Problems):
        made.check()


def test_a_declared_fate_of_all_event_dates_touches_neither_births_nor_the_header(draw):
    made = plan([draw.cin()], draw.declared(dates={"cin_census": "shifted"}))
    assert made.problems == ()
    fates = {f"{one.table}.{one.column}": one.fate for one in made.columns}
    assert fates["cin_details.CINreferralDate"] == fates["section47.S47ActualStartDate"] == "shifted"
    assert fates["child_identifiers.PersonBirthDate"] == "token+month"
    assert fates["child_identifiers.PersonDeathDate"] == "month"
    assert fates["header.ReferenceDate"] == "keep"
