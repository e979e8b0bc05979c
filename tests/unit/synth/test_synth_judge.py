"""The judge: copied children are caught, clean sets are not accused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synth.judge import FAIL, exact_histories, judge, verdict, wilson
from synth.like import split
from synth.plan import Plan
from synth.tell import tell
from synth.world import invent
from tre_toolkit.returns import Return

NAME = "s251_placement_costs"
CHILD = "Child ID"


def a_return(seed: int, code: str, children: int = 3000) -> Return:
    return replace(
        tell(invent(Plan((code,), children, (2025,), seed=seed)), 0, NAME, 2025, None), synthetic=False
    )


def outside_the_ranges(one: Return) -> Return:
    """The return with numbers and postcodes that no invented set has, as real ones are."""
    frame = one.tables["placement_costs"].copy()
    for column in frame.columns[:-1]:
        frame[column] = frame[column].str.replace("SYN", "R").str.replace("QZ", "NR")
    return replace(one, tables={**one.tables, "placement_costs": frame})


@pytest.fixture(scope="module")
def real() -> tuple[Return, Return]:
    return split(outside_the_ranges(a_return(1, "990", 1500)), 1)


def copied(
    made: Return, source: Return, share: float, *, seed: int, numbers: bool
) -> Mapping[str, pd.DataFrame]:
    """The set with a share of its children replaced by children of the source; under their numbers, or new ones."""
    tables = dict(made.tables)
    luck = np.random.default_rng(seed)
    ids = source.tables["placement_costs"][CHILD].dropna().unique()
    chosen = luck.choice(ids, max(int(len(ids) * share), 1), replace=False)
    rows = source.tables["placement_costs"]
    rows = rows[rows[CHILD].isin(chosen)]
    if not numbers:
        rows = rows.assign(**{CHILD: rows[CHILD].str.replace("R", "NEW")})
    tables["placement_costs"] = pd.concat([tables["placement_costs"], rows], ignore_index=True)
    return tables


def measures(real: tuple[Return, Return], tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    return {one.name: one.verdict for one in judge(real[0].tables, real[1].tables, tables, real[0].schema)}


def test_one_copied_child_with_its_number_is_caught(real: tuple[Return, Return]) -> None:
    made = a_return(50, "991", 800)
    assert measures(real, copied(made, real[0], 0.0001, seed=1, numbers=True))["identifiers"] == FAIL


def test_one_child_in_a_hundred_copied_without_its_number_is_caught_in_twenty_of_twenty(
    real: tuple[Return, Return],
) -> None:
    made = a_return(51, "991", 800)
    for seed in range(20):
        tables = copied(made, real[0], 0.01, seed=seed, numbers=False)
        assert exact_histories(real[0].tables, real[1].tables, tables, real[0].schema).verdict == FAIL


def test_clean_sets_are_not_accused(real: tuple[Return, Return]) -> None:
    accused = [
        seed
        for seed in range(20)
        if verdict(
            judge(real[0].tables, real[1].tables, a_return(100 + seed, "991", 800).tables, real[0].schema)
        )
        == FAIL
    ]
    assert len(accused) <= 1


def test_a_wilson_interval_holds_the_share() -> None:
    low, high = wilson(5, 100)
    assert low == pytest.approx(0.0215, abs=0.001)
    assert high == pytest.approx(0.1118, abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)
