"""The kernel, on cases drawn so that the answer can be seen."""

from __future__ import annotations

import pandas as pd
import pytest

from tre_toolkit.engine import Engine
from tre_toolkit.research.spells import spells_sql

CLA, CPP, CIN, REF = 4, 3, 2, 1


def spells(*episodes: tuple[int, int, int], **choices: object) -> list[tuple[int, int, int]]:
    """(state, began, ended) of one child from (state, d0, d1), observed on days 0 to 99."""
    rows = pd.DataFrame([(1, *one) for one in episodes], columns=["child", "state", "d0", "d1"])
    with Engine(threads=1) as engine:
        engine.table("episodes", rows)
        sql = spells_sql("episodes", **{"states": 4, "since": 0, "until": 100, **choices})
        found = engine.rows(f"SELECT state, began, ended FROM ({sql}) AS s ORDER BY began")
    return list(found.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("case", "given", "expected"),
    [
        ("a lone stay", [(CIN, 10, 20)], [(CIN, 10, 20), (0, 20, 100)]),
        ("care inside a plan", [(CIN, 10, 40), (CLA, 20, 30)], [(CIN, 10, 20), (CLA, 20, 30), (CIN, 30, 40), (0, 40, 100)]),
        ("a plan inside care is not seen", [(CLA, 10, 40), (CIN, 20, 30)], [(CLA, 10, 40), (0, 40, 100)]),
        ("same-day re-entry is one stay", [(CLA, 10, 20), (CLA, 20, 30)], [(CLA, 10, 30), (0, 30, 100)]),
        ("the same twice", [(CPP, 10, 20), (CPP, 10, 20)], [(CPP, 10, 20), (0, 20, 100)]),
        ("a gap", [(CLA, 10, 20), (CLA, 21, 30)], [(CLA, 10, 20), (0, 20, 21), (CLA, 21, 30), (0, 30, 100)]),
        ("open to the end", [(CLA, 90, 100)], [(CLA, 90, 100)]),
        ("before the window", [(CLA, -50, 5)], [(CLA, 0, 5), (0, 5, 100)]),
        ("wholly outside", [(CLA, -50, 0), (CLA, 100, 120)], []),
        ("reversed and empty rows", [(CLA, 30, 20), (CIN, 5, 5), (CIN, 1, 3)], [(CIN, 1, 3), (0, 3, 100)]),
        ("all four at once", [(REF, 0, 100), (CIN, 10, 90), (CPP, 20, 80), (CLA, 30, 70)],
         [(REF, 0, 10), (CIN, 10, 20), (CPP, 20, 30), (CLA, 30, 70), (CPP, 70, 80), (CIN, 80, 90), (REF, 90, 100)]),
    ],
)  # fmt: skip
def test_one_state_a_day_by_precedence(
    case: str, given: list[tuple[int, int, int]], expected: list[tuple[int, int, int]]
) -> None:
    assert spells(*given) == expected
    assert spells(*reversed(given)) == expected, f"{case}: the order of rows matters"


def test_a_gap_is_bridged_only_for_its_state_and_only_up_to_its_length() -> None:
    given = [(CLA, 0, 10), (CLA, 13, 20), (CIN, 40, 50), (CIN, 53, 60), (CLA, 80, 85), (CLA, 89, 95)]
    assert spells(*given, bridge={CLA: 3}) == [
        (CLA, 0, 20), (0, 20, 40), (CIN, 40, 50), (0, 50, 53), (CIN, 53, 60), (0, 60, 80), (CLA, 80, 85),
        (0, 85, 89), (CLA, 89, 95), (0, 95, 100),
    ]  # fmt: skip


def test_without_a_far_side_the_last_stay_in_no_state_is_left_open_and_not_told() -> None:
    assert spells((CLA, 10, 20), since=None, until=None) == [(CLA, 10, 20)]


def test_each_child_has_a_window_of_its_own() -> None:
    with Engine(threads=1) as engine:
        engine.table("e", pd.DataFrame({"child": [1, 2, 3], "state": 1, "d0": 0, "d1": 100}))
        engine.table("w", pd.DataFrame({"child": [1, 2], "since": [10, 20], "until": [30, 120]}))
        found = engine.rows(f"{spells_sql('e', states=1, windows='w')} ORDER BY child, began")
    assert list(found.itertuples(index=False, name=None)) == [
        (1, 1, 10, 30),
        (2, 1, 20, 100),
        (2, 0, 100, 120),
    ]
