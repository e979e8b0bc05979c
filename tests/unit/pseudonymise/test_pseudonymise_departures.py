"""Children who stay behind, adopted children kept apart, dates that move, areas, and the series of parcels."""

import datetime

import pandas as pd
import pytest

from pseudonymise import Key, standardise
from pseudonymise.checks import read_list
from pseudonymise.coarsen import Areas, shifts
from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.returns import Return
from tre_toolkit.schema import schema


def looked_after(draw, *, year=2025, **tables):
    known = schema("ssda903", year)
    return Return(
        dataset="ssda903",
        year=year,
        term=None,
        authority="990",
        tables={table.name: draw.frame(table, **tables.get(table.name, {})) for table in known.tables},
        synthetic=True,
    )


def test_a_child_on_the_list_leaves_no_trace(run, draw, tmp_path):
    listed = tmp_path / "stay-behind.txt"
    listed.write_text("\ufeffb2 \n\nnobody\n", encoding="utf-8")
    made, parcel = run([draw.cin()], draw.declared(), without=read_list(listed))
    assert made.counts["children left out by the list"] == 1
    assert made.counts["rows that name no child"] == 0
    assert parcel.part("tokens/cin_census/2025").num_rows == 1
    for name in parcel.manifest.names:
        if name.startswith(("payload", "about")) and not name.endswith("header"):
            table = parcel.part(name)
            assert table.num_rows in (0, 1), name
    assert parcel.part("payload/cin_census/2025/child_identifiers")["Sex"].to_pylist() == ["F"]


def test_a_list_that_isn_t_there_stops_the_run(tmp_path):
    with pytest.raises(TreError, match="no such file"):
        read_list(tmp_path / "none.txt")


def adopted_batch(draw):
    header = {
        "CHILD": ["7001", "7002"],
        "SEX": ["F", "M"],
        "DOB": ["13/05/2019", "02/11/2015"],
        "UPN": ["N999199900001", "C999199900002"],
    }
    episodes = {"CHILD": ["7001", "7002"], "DECOM": ["01/06/2024"] * 2, "REC": ["E12", None]}
    earlier = looked_after(draw, year=2024, header=header)
    return [earlier, looked_after(draw, header=header, episodes=episodes)]


def test_an_adopted_child_keeps_only_the_token_of_its_own_number_in_every_year(run, draw):
    made, parcel = run(adopted_batch(draw), draw.declared())
    for year in (2024, 2025):
        tokens = parcel.part(f"tokens/ssda903/{year}")
        assert tokens["t_local_id"].null_count == 0
        for column in tokens.column_names[2:]:
            assert tokens[column].null_count >= 1, column
        assert tokens["t_upn"].null_count == tokens["t_sex_birth_date"].null_count == 1
    assert made.counts["adopted children kept apart"] == 2


def test_a_project_may_agree_to_keep_adopted_children_together(run, draw):
    made, parcel = run(adopted_batch(draw), draw.declared(adoption="together"))
    assert parcel.part("tokens/ssda903/2025")["t_upn"].null_count == 0
    assert made.counts["adopted children kept apart"] == 0


SHIFTED = {
    "cin_census.cin_details.CINreferralDate": "shifted",
    "cin_census.cin_details.CINclosureDate": "shifted",
}


def test_shifted_dates_keep_durations_weekdays_and_the_child_s_own_shift(run, draw):
    details = {
        "LAchildID": ["A1", "A1", "B2"],
        "CINdetailsID": ["1", "2", "1"],
        "CINreferralDate": ["2024-06-03", "2024-09-02", "2024-06-03"],
        "CINclosureDate": ["2024-06-28", None, "2024-07-01"],
    }
    moved = []
    for year in (2025, 2026):
        _, parcel = run([draw.cin(year=year, cin_details=details)], draw.declared(fates=SHIFTED))
        frame = parcel.part(f"payload/cin_census/{year}/cin_details").to_pandas()
        frame["start"], frame["end"] = (
            pd.to_datetime(frame.CINreferralDate),
            pd.to_datetime(frame.CINclosureDate),
        )
        frame["days"] = (frame.end - frame.start).dt.days
        assert sorted(frame.days.dropna()) == [25, 28]
        assert (frame.start.dt.day_of_week == 0).all()
        assert not frame.start.isin(pd.to_datetime(["2024-06-03", "2024-09-02"])).all()
        first = frame[frame.days == 25].start.iloc[0]
        second = frame[frame.end.isna()].start.iloc[0]
        assert (second - first).days == 91
        moved.append(first - pd.Timestamp("2024-06-03"))
    assert moved[0] == moved[1]
    assert datetime.timedelta(0) < abs(moved[0]) <= datetime.timedelta(weeks=26)


def test_shifts_are_spread_over_all_weeks_but_none(key):
    import numpy as np
    import pyarrow as pa

    days = shifts(pa.array([f"C{number}" for number in range(5000)]), key, "990", 3)
    assert set(np.unique(days)) == {-21, -14, -7, 7, 14, 21}
    counts = np.unique(days, return_counts=True)[1]
    assert counts.min() > 700  # of 833 expected in each


def test_postcodes_become_the_areas_of_the_controller_s_lookup(run, draw, tmp_path):
    lookup = tmp_path / "areas.csv"
    lookup.write_text("postcode,area\nSW1A 1AA,E01000001\nM1 1AE,E01000002\n")
    episodes = {"CHILD": ["7001"] * 3, "HOME_POST": ["sw1a1aa", "M11AE", "LS1 4AP"]}
    return_ = looked_after(draw, header={"CHILD": ["7001"]}, episodes=episodes)
    declared = draw.declared(fates={"ssda903.episodes.HOME_POST": "area"})
    with pytest.raises(TreError, match="there is no lookup"):
        run([return_], declared)
    _, parcel = run([return_], declared, areas=Areas.read(lookup))
    left = parcel.part("payload/ssda903/2025/episodes")["HOME_POST"].to_pylist()
    assert sorted(left, key=str) == ["E01000001", "E01000002", None]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_what_isn_t_a_lookup_of_areas_is_refused(tmp_path, text):
    (tmp_path / "areas.csv").write_text(text)
    with pytest.raises(TreError, match="not a lookup"):
        Areas.read(tmp_path / "areas.csv")


def test_changed_cleaning_rules_or_another_key_refuse_loudly_unless_a_new_series_is_meant(
    run, draw, monkeypatch
):
    run([draw.cin()], draw.declared())
    with pytest.raises(TreError, match="under another key"):
        run([draw.cin(year=2026)], draw.declared(), key=Key.new("invented"))
    monkeypatch.setattr(standardise, "VERSION", "2-ffffffffffffffff")
    with pytest.raises(TreError, match="cleaning rules have changed"):
        run([draw.cin(year=2026)], draw.declared())
    made, _ = run([draw.cin(year=2026)], draw.declared(), new_series=True)
    assert made.manifests[0].counter == 2


def test_a_counter_is_used_up_even_when_sealing_fails(run, draw, tmp_path, monkeypatch):
    import pseudonymise.batch as batch

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(batch, "seal", full)
        with pytest.raises(OSError, match="No space"):
            run([draw.cin()], draw.declared())
    made, _ = run([draw.cin()], draw.declared())
    assert made.manifests[0].counter == 2
    names = [event.name for event in audit.events(tmp_path / "audit.log")]
    assert names == ["parcel begun", "parcel begun", "parcel sealed"]
