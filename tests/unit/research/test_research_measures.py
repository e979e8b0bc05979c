"""Distribution, transitions, rates, curves and variables, on children drawn one by one."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import tre_toolkit as tre
from tre_toolkit.research.curves import Curve
from tre_toolkit.research.declared import Crosstab, Table, Variable
from tre_toolkit.research.lifetable import cumulative, merged_steps
from tre_toolkit.research.measures import tabulate
from tre_toolkit.research.moves import Rates, Transitions
from tre_toolkit.research.overtime import Distribution
from tre_toolkit.research.workspace import Workspace

PEOPLE = """
    person_id | ethnicity | sex | birth_month | authority
    A         | WBRI      | F   | 2014-04-01  | 990
    B         | ABAN      | M   | 2020-04-01  | 990
    C         | WBRI      | F   | 2010-04-01  | 990
"""
REFERRALS = """
    person_id | authority | period | CINreferralDate | CINclosureDate | ReferralNFA | PrimaryNeedCode
    A         | 990       | 2025   | 2024-04-01      | 2024-10-01     | false       | N1
    B         | 990       | 2025   | 2024-04-01      | 2024-04-11     | false       | N2
    B         | 990       | 2025   | 2024-04-21      | 2024-05-01     | false       | N4
    C         | 990       | 2025   | 2024-04-01      |                | false       | Q9
"""
CARE = """
    person_id | authority | period | DECOM      | DEC        | LS
    A         | 990       | 2025   | 2024-05-01 | 2024-05-11 | C2
    C         | 990       | 2025   | 2024-06-01 |            | C2
"""
ORDER = {"order": ("cla", "referral")}


@pytest.fixture
def ws(frames: ModuleType, tmp_path: Path) -> Workspace:
    return tre.open(
        frames.make_workspace(
            tmp_path / "w", PEOPLE, cin_census__cin_details=REFERRALS, ssda903__episodes=CARE
        )
    )


def told(table: Table) -> dict[str, dict[str, str]]:
    """What a table shows by row and column, without zeros and gaps."""
    return {
        row: {name: cell for name, cell in zip(table.columns, cells, strict=True) if cell not in ("0", "")}
        for row, cells in zip(table.rows, table.shown, strict=True)
    }


def test_transitions_count_moves_and_behind_each_stand_its_children(ws: Workspace) -> None:
    table = tabulate(ws, Transitions(title="moves", pathways=ORDER, least=1))
    assert told(table) == {
        "In none": {"Referral": "1"},
        "Referral": {"In none": "3", "Looked after": "2"},
        "Looked after": {"Referral": "1"},
    }
    assert table.units[1].tolist() == [2, 0, 2]  # B closed twice, and is one child


def test_a_move_few_children_made_is_hidden_and_has_no_margin_to_work_it_out_from(ws: Workspace) -> None:
    for kind in (Transitions, Rates):
        table = tabulate(ws, kind(title="moves", pathways=ORDER))
        assert {cell for cells in table.shown for cell in cells} <= {"c", "0", ""}
        assert "Total" not in (*table.rows, *table.columns)


def test_a_rate_is_moves_over_time_spent_where_they_start(ws: Workspace) -> None:
    table = tabulate(ws, Rates(title="rates", pathways=ORDER, least=1))
    days = 30 + 143 + 10 + 10 + 61  # in referral: A before and after care, B twice, C before care
    assert told(table)["Referral"]["Looked after"] == f"{100 * 2 / (days / 365.25):.1f}"


def test_the_distribution_counts_each_child_once_at_every_point(ws: Workspace) -> None:
    table = tabulate(ws, Distribution(title="d", pathways=ORDER, step="1m", steps=2))
    assert told(table) == {
        "0 months": {"Referral": "3", "Total": "3"},
        "1 month": {"Looked after": "1", "Referral": "1", "In none": "1", "Total": "3"},
        "2 months": {"Referral": "1", "In none": "1", "Looked after": "1", "Total": "3"},
    }


def test_by_age_children_are_not_yet_known_before_they_come(ws: Workspace) -> None:
    born = {"start": "born", "born_from": "2010-01-01", "born_to": "2015-01-01", "start_age": 10}
    table = tabulate(
        ws, Distribution(title="d", pathways=ORDER, cohort=born, axis="age", step="6m", steps=40)
    )
    assert told(table)["168 months"] == {"Referral": "1", "Total": "1"}  # C, at the first observed day
    assert told(table)["126 months"] == {"Referral": "1", "Total": "1"}  # A


def test_a_curve_has_time_to_the_first_of_competing_entries(ws: Workspace) -> None:
    first = {"start": "first", "state": "referral"}
    table = tabulate(ws, Curve(title="c", pathways=ORDER, cohort=first, events=("cla",), step="1m", least=1))
    assert told(table) == {
        "0 months to 1 month": {"At risk": "3", "Looked after": "1"},
        "1 month to 3 months": {"At risk": "2", "Looked after": "1"},
        "3 months to 12 months": {"At risk": "1", "No longer observed": "1"},
    }


def test_no_step_of_a_curve_stands_on_fewer_than_asked() -> None:
    rng = np.random.default_rng(7)
    time, cause = rng.integers(0, 2_000, 3_000), rng.integers(0, 3, 3_000)
    steps, body = merged_steps(time, cause, np.ones(3_000), causes=2, length=30.4, least=10)
    assert ((body == 0) | (body >= 10)).all()
    assert body[:, 1:].sum() == 3_000
    assert (body[1:, 0] == body[:-1, 0] - body[:-1, 1:].sum(axis=1)).all()
    assert [first for first, _ in steps[1:]] == [last for _, last in steps[:-1]]
    tail = merged_steps(
        np.array([1, 1, 400]), np.array([1, 1, 2]), np.array([50, 50, 3]), causes=2, length=30.4, least=10
    )
    assert tail[0] == []  # three children can't have a figure of their own, not even in one step for all
    assert merged_steps(np.array([1]), np.array([1]), np.array([9]), causes=1, length=30, least=10)[0] == []


def test_the_life_tables_incidence_is_the_share_of_entries_when_nobody_leaves() -> None:
    share = cumulative(np.array([100, 70]), np.array([[20, 10], [7, 0]]), np.array([0, 0]))
    assert np.allclose(share, [[0.2, 0.1], [0.27, 0.1]])


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (Variable(age=True, bands=(1, 5, 10)), {"1 to 4": 1, "10 or more": 2}),
        (Variable(column="cin_census.cin_details.PrimaryNeedCode"), None),
        (Variable(has="cin_census.cin_details.PrimaryNeedCode", codes=("N1", "N2"), on="CINreferralDate"), {"Yes": 2, "No": 1}),
        (Variable(has="ssda903.episodes", yes="In care", none="Not"), {"In care": 2, "Not": 1}),
        (Variable(furthest=("cla",), none="Never"), {"Looked after": 2, "Never": 1}),
        (Variable(column="sex"), {"Female": 2, "Male": 1}),
        (Variable(furthest=("cla", "referral"), told_as={"cla": "referral"}, none="Never"), {"Referral": 3}),
    ],
)  # fmt: skip
def test_a_variable_has_one_value_a_child(
    ws: Workspace, variable: Variable, expected: dict[str, int]
) -> None:
    table = tabulate(
        ws, Crosstab(title="x", rows=(variable,), columns=(Variable(column="authority"),), pathways=ORDER)
    )
    found = {row: int(units[-1]) for row, units in zip(table.rows, table.units, strict=True) if units[-1]}
    assert found.pop("Total") == 3
    if expected is not None:
        assert found == expected
    else:  # the last of a child's rows speaks, by the code book of the year; a code it lacks is told, not dropped
        assert found["Not in the code book"] == 1
        assert len(found) == 3
        assert not any(code in found for code in ("N1", "N2", "N4", "Q9"))


def test_a_state_is_told_as_another_of_the_same_variable_only() -> None:
    with pytest.raises(ValueError, match="told_as"):
        Variable(furthest=("cla",), told_as={"cla": "referral"})
