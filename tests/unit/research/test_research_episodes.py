"""Yearly returns into episodes: what is merged, closed, left out and counted."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tre_toolkit as tre
from tre_toolkit.errors import TreError
from tre_toolkit.research.episodes import date

PEOPLE = """
    person_id | ethnicity
    A         | WBRI
    B         | ABAN
"""
# another child's rows give the authority its returns of 2023 to 2025, so that the window is known
YEARS = """
    Z | 990 | 2023 | 2022-04-01 | 2022-04-02 | false
    Z | 990 | 2025 | 2025-03-01 | 2025-03-02 | false
"""
REFERRALS = "person_id | authority | period | CINreferralDate | CINclosureDate | ReferralNFA"


def episodes(
    frames: ModuleType, tmp_path: Path, rows: str, **rules: object
) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """First and last-but-one day of A's and B's referral episodes, and the defects."""
    drawn = "\n".join([REFERRALS, rows.strip(), YEARS.strip()])
    folder = frames.make_workspace(tmp_path / "w", PEOPLE, cin_census__cin_details=drawn)
    pathways = tre.open(folder).cohort().pathways(order=("referral",), **rules)
    found = pathways.workspace.engine.rows(
        f'SELECT d0, d1 FROM "{pathways.episodes}" WHERE d1 > 19083 ORDER BY child, d0, d1'
    )
    spans = [(str(date(one.d0)), str(date(one.d1))) for one in found.itertuples()]
    return spans, pathways.defects()


def test_an_open_episode_that_comes_again_each_year_is_one_and_the_later_return_closes_it(
    frames: ModuleType,
    tmp_path: Path,
) -> None:
    rows = """
        A | 990 | 2023 | 2023-01-10 |            | false
        A | 990 | 2024 | 2023-01-10 |            | false
        A | 990 | 2025 | 2023-01-10 | 2024-09-01 | false
    """
    spans, defects = episodes(frames, tmp_path, rows)
    assert spans == [("2023-01-10", "2024-09-01")]
    assert defects["repeated in a later return"] == 2


def test_a_corrected_end_date_wins_over_the_earlier_one(frames: ModuleType, tmp_path: Path) -> None:
    rows = """
        A | 990 | 2023 | 2023-01-10 | 2023-03-30 | false
        A | 990 | 2024 | 2023-01-10 | 2023-05-02 | false
    """
    assert episodes(frames, tmp_path, rows)[0] == [("2023-01-10", "2023-05-02")]


def test_the_same_key_in_two_authorities_is_two_episodes(frames: ModuleType, tmp_path: Path) -> None:
    rows = """
        A | 990 | 2023 | 2023-01-10 | 2023-02-01 | false
        A | 991 | 2025 | 2023-01-10 | 2023-03-01 | false
    """
    spans, defects = episodes(frames, tmp_path, rows, observed_from="2022-04-01")
    assert spans == [("2023-01-10", "2023-02-01"), ("2023-01-10", "2023-03-01")]
    assert defects["repeated in a later return"] == 0


@pytest.mark.parametrize(
    ("policy", "ended"),
    [("close_at_next", "2024-01-05"), ("last_seen", "2023-04-01"), ("censor", "2025-04-01")],
)
def test_an_episode_left_open_and_never_returned_again_ends_as_the_policy_says(
    frames: ModuleType, tmp_path: Path, policy: str, ended: str
) -> None:
    rows = """
        A | 990 | 2023 | 2023-01-10 |            | false
        A | 990 | 2024 | 2024-01-05 | 2024-02-01 | false
    """
    spans, defects = episodes(frames, tmp_path, rows, open_end=policy)
    assert spans == [("2023-01-10", ended), ("2024-01-05", "2024-02-01")]
    assert defects["open, gone from later returns"] == 1
    assert defects["open, though a later one started"] == 1


def test_an_episode_open_in_the_last_return_runs_to_the_end_of_the_window(
    frames: ModuleType, tmp_path: Path
) -> None:
    spans, defects = episodes(frames, tmp_path, "A | 990 | 2025 | 2025-01-10 | | false")
    assert spans == [("2025-01-10", "2025-04-01")]
    assert defects["open, still in the last return"] == 1


def test_a_referral_with_no_further_action_lasts_its_one_day(frames: ModuleType, tmp_path: Path) -> None:
    assert episodes(frames, tmp_path, "A | 990 | 2025 | 2025-01-10 | | true")[0] == [
        ("2025-01-10", "2025-01-11")
    ]


@pytest.mark.parametrize(("rule", "spans"), [("one_day", [("2025-03-31", "2025-04-01")]), ("drop", [])])
def test_a_stay_of_one_day_on_31_march_is_kept_or_dropped_as_declared(
    frames: ModuleType, tmp_path: Path, rule: str, spans: list[tuple[str, str]]
) -> None:
    found, defects = episodes(
        frames, tmp_path, "A | 990 | 2025 | 2025-03-31 | 2025-03-31 | false", same_day=rule
    )
    assert found == spans
    assert defects["starts and ends on one day"] == 1


def test_what_is_wrong_is_counted_by_kind_and_never_silently_dropped(
    frames: ModuleType, tmp_path: Path
) -> None:
    rows = """
        A |  990 | 2025 | 2024-06-10 | 2024-06-01 | false
        A |  990 | 2025 |            | 2024-06-01 | false
          |  990 | 2025 | 2024-06-10 | 2024-07-01 | false
        A |  990 | 2025 | 2019-06-10 | 2019-07-01 | false
        B |  990 | 2025 | 2024-06-10 | 2024-07-01 | false
        B |  990 | 2025 | 2024-06-10 | 2024-07-01 | false
        B |  990 | 2025 | 2024-06-20 | 2024-08-01 | false
    """
    spans, defects = episodes(frames, tmp_path, rows)
    assert spans == [("2024-06-10", "2024-07-01")] * 2 + [("2024-06-20", "2024-08-01")]
    found = {kind: count for kind, count in defects.items() if count}
    assert found == {
        "not linked to a person": 1 + 2,  # Z isn't in people.parquet
        "no first day": 1,
        "ends before it starts": 1,
        "outside the window": 1,
        "the same row twice": 1,
        "overlaps another of the same state": 2,
    }


def test_a_person_whom_one_return_has_under_two_numbers_is_counted(
    frames: ModuleType, tmp_path: Path
) -> None:
    referrals = """
        person_id | authority | period | CINreferralDate | CINclosureDate | ReferralNFA
        A         | 990       | 2025   | 2024-06-01      | 2024-07-01     | false
    """
    listed = """
        person_id | authority | period
        A         | 990       | 2024
        A         | 990       | 2025
        A         | 990       | 2025
        A         | 991       | 2025
    """
    tables = {"cin_census__cin_details": referrals, "cin_census__child_identifiers": listed}
    workspace = tre.open(frames.make_workspace(tmp_path / "w", "person_id | authority\nA | 990", **tables))
    defects = workspace.cohort(order=("referral",)).pathways().defects()
    assert defects["one person under two numbers in one return"] == 1


def test_series_of_short_breaks_are_no_care_and_are_counted(frames: ModuleType, tmp_path: Path) -> None:
    care = """
        person_id | authority | period | DECOM      | DEC        | LS
        A         | 990       | 2025   | 2024-05-01 | 2024-06-01 | C2
        A         | 990       | 2025   | 2024-07-01 | 2024-07-03 | V4
    """
    folder = frames.make_workspace(tmp_path / "w", PEOPLE, ssda903__episodes=care)
    pathways = tre.open(folder).cohort().pathways(order=("cla",))
    found = pathways.workspace.engine.rows(f'SELECT * FROM "{pathways.episodes}"')
    assert len(found) == 1
    assert pathways.defects()["left out by the state's own conditions"] == 1


def test_a_state_whose_dataset_the_workspace_lacks_is_refused_by_the_datasets_name(
    frames: ModuleType, tmp_path: Path
) -> None:
    folder = frames.make_workspace(tmp_path / "w", PEOPLE, cin_census__cin_details=REFERRALS)
    with pytest.raises(TreError, match="lacks the dataset ssda903"):
        tre.open(folder).cohort().pathways(order=("cla", "referral")).states  # noqa: B018


def test_descriptions_show_no_rows_and_no_person(frames: ModuleType, tmp_path: Path) -> None:
    rows = "\n".join([REFERRALS, "A | 990 | 2025 | 2024-06-10 | 2024-07-01 | false"])
    workspace = tre.open(frames.make_workspace(tmp_path / "w", PEOPLE, cin_census__cin_details=rows))
    pathways = workspace.cohort().pathways(order=("referral",))
    assert pathways.spells
    for told in map(repr, (workspace, workspace.cohort(), pathways)):
        assert "WBRI" not in told
        assert "2024-06" not in told
        assert not isinstance(told, pd.DataFrame)


def test_dates_of_which_only_the_year_was_kept_are_refused_not_read_as_missing(
    frames: ModuleType, tmp_path: Path
) -> None:
    folder = frames.make_workspace(tmp_path / "w", PEOPLE, cin_census__cin_details=REFERRALS)
    place = folder / "tables/cin_census/cin_details.parquet"
    table = pq.read_table(place)
    at = table.column_names.index("CINreferralDate")
    pq.write_table(table.set_column(at, "CINreferralDate", pa.nulls(len(table), pa.int64())), place)
    with pytest.raises(TreError, match="too coarse for spells"):
        tre.open(folder).cohort().pathways(order=("referral",)).states  # noqa: B018
