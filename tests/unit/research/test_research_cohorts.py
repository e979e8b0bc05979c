"""Cohorts: who is in, from which day, for how long, and whom each step lost."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import tre_toolkit as tre
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.research.episodes import date
from tre_toolkit.research.workspace import Workspace

PEOPLE = """
    person_id | ethnicity | sex | birth_month | authority
    A         | WBRI      | F   | 2010-06-01  | 990
    B         | ABAN      | M   | 2018-01-01  | 990
    C         | WBRI      | F   | 2015-01-01  | 991
    D         | WBRI      | M   |             | 990
"""
REFERRALS = """
    person_id | authority | period | CINreferralDate | CINclosureDate | ReferralNFA
    A         | 990       | 2023   | 2022-05-01      | 2022-06-01     | false
    A         | 990       | 2025   | 2024-05-01      | 2024-12-01     | false
    B         | 990       | 2024   | 2023-07-01      |                | true
    C         | 991       | 2023   | 2022-04-02      | 2022-05-01     | false
    C         | 991       | 2025   | 2024-05-01      |                | false
    D         | 990       | 2025   | 2024-05-01      | 2024-06-01     | false
"""
CARE = """
    person_id | authority | period | DECOM      | DEC        | LS
    A         | 990       | 2025   | 2024-06-01 | 2024-08-01 | C2
    A         | 990       | 2025   | 2024-08-01 | 2024-10-01 | C2
    A         | 990       | 2025   | 2024-10-03 |            | C2
    D         | 990       | 2023   | 2022-10-03 | 2022-10-04 | C2
    C         | 991       | 2023   | 2022-10-03 | 2022-10-04 | C2
    C         | 991       | 2025   | 2024-10-03 | 2024-10-04 | C2
"""
ORDER = ("cla", "referral")


@pytest.fixture
def ws(frames: ModuleType, tmp_path: Path) -> Workspace:
    return tre.open(
        frames.make_workspace(
            tmp_path / "w", PEOPLE, cin_census__cin_details=REFERRALS, ssda903__episodes=CARE
        )
    )


def windows(cohort: object) -> dict[str, tuple[str, str]]:
    paths = cohort.pathways()  # type: ignore[attr-defined]
    found = paths.workspace.engine.rows(
        f'SELECT c.person_id, w.since, w.until FROM "{paths.windows}" AS w INNER JOIN children AS c USING (child) ORDER BY 1'
    )
    return {row.person_id: (str(date(row.since)), str(date(row.until))) for row in found.itertuples()}


def test_first_entry_is_the_index_and_children_are_followed_to_the_window_or_the_length(
    ws: Workspace,
) -> None:
    assert windows(ws.first("referral", order=ORDER, follow="1y")) == {
        "A": ("2022-05-01", "2023-05-01"),
        "B": ("2023-07-01", "2024-06-30"),
        "C": ("2022-04-02", "2023-04-02"),
        "D": ("2024-05-01", "2025-04-01"),
    }


def test_a_washout_leaves_only_those_seen_to_have_been_without_before(ws: Workspace) -> None:
    assert set(windows(ws.first("referral", order=ORDER, washout="1y"))) == {"B", "D"}


def test_leaving_care_is_the_end_of_the_whole_stay_bridged_as_declared(ws: Workspace) -> None:
    assert windows(ws.left("cla", order=ORDER))["A"][0] == "2024-10-01"
    assert "A" not in windows(ws.left("cla", order=ORDER, bridge={"cla": 2}))


def test_a_birth_cohort_starts_at_the_age_asked_and_holds_children_nobody_knows_yet(ws: Workspace) -> None:
    found = windows(ws.born("2010-01-01", "2015-12-31", start_age=8, order=ORDER))
    assert found == {"A": ("2022-04-01", "2025-04-01"), "C": ("2023-01-01", "2025-04-01")}


def test_ages_dates_columns_and_linkage_narrow_and_each_step_is_counted(ws: Workspace) -> None:
    cohort = ws.first(
        "referral", order=ORDER, entered_from="2022-04-01", entered_to="2023-12-31", age_from=5, age_to=12,
        where={"ethnicity": ("WBRI",)}, linked=("ssda903",),
    )  # fmt: skip
    assert set(windows(cohort)) == {"A", "C"}
    table = cohort.attrition()
    assert dict(zip(table.rows, table.units[:, 0].tolist(), strict=True)) == {
        "linked people": 4,
        "first seen in state referral": 4,
        "entered on an observed day": 4,
        "entered 2022-04-01 to 2023-12-31": 3,
        "aged 5 to 12": 2 + 1 - 1,  # B is five, D has no birth month
        "ethnicity as asked": 2,
        "found in ssda903": 2,
        "observed for a day or more": 2,
    } | {"aged 5 to 12": 3}


def test_a_definition_is_asserted_on_invented_children_and_never_on_real_ones(ws: Workspace) -> None:
    cohort = ws.first("referral", order=ORDER, washout="1y", age_to=10)
    assert cohort.why("B").startswith("in: first seen in state referral")
    assert cohort.why("A") == "out: not observed for 1y before"
    assert cohort.why("nobody") == "out: not first seen in state referral"
    real = Workspace(ws.folder, {"synthetic": False})
    with pytest.raises(TreError, match="synthetic data only"):
        real.first("referral", order=ORDER).why("A")


def test_the_same_words_over_the_same_data_have_the_same_digest(ws: Workspace) -> None:
    one = ws.first("referral", order=ORDER, follow="1y")
    assert one.digest == ws.first("referral", order=ORDER, follow="1y").digest
    assert one.digest != ws.first("referral", order=ORDER, follow="2y").digest
    assert tre.cohort("narrower", one, age_to=5).definition.follow == "1y"


@pytest.mark.parametrize(
    "choices",
    [{"start": "first"}, {"start": "born"}, {"follow": "five years"}, {"wash": "1y"}, {"start": "whenever"}],
)
def test_a_cohort_that_is_not_right_is_refused(ws: Workspace, choices: dict[str, str]) -> None:
    with pytest.raises(MisuseError):
        ws.cohort("x", **choices)


def test_an_area_follows_a_child_over_a_change_of_boundaries(frames: ModuleType, tmp_path: Path) -> None:
    care = """
        person_id | authority | period | DECOM      | DEC        | LS
        A         | 928       | 2021   | 2020-10-01 |            | C2
        A         | 940       | 2022   | 2020-10-01 | 2021-06-01 | C2
        B         | 941       | 2022   | 2021-05-01 | 2021-06-01 | C2
    """
    opened = tre.open(frames.make_workspace(tmp_path / "w", PEOPLE, ssda903__episodes=care))
    areas = {"Northamptonshire": ("928", "940", "941")}
    apart = opened.cohort(
        "x", order=("cla",), observed_from="2020-04-01", observed_to="2022-03-31"
    ).pathways()
    joined = opened.cohort("x", order=("cla",), areas=areas).pathways()
    assert len(opened.engine.rows(f'SELECT * FROM "{apart.episodes}"')) == 3
    assert len(opened.engine.rows(f'SELECT * FROM "{joined.episodes}"')) == 2
    assert joined.defects()["repeated in a later return"] == 1
