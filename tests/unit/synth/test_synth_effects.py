"""What a child's history says in other datasets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from synth.draw import Ints
from synth.plan import Plan
from synth.tell import tell
from synth.truth import whose
from synth.world import World, invent
from tre_toolkit.returns import Return


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990",), 60_000, (2025,), seed=4))


def standing(made: World, one: Return, table: str) -> Ints:
    shape = one.schema
    from synth.days import day

    told = pa.array(one.tables[table][shape.table(table).person])
    children = whose(made, "990", shape.table(table), told)
    return made.ever(day(f"2025-{shape.dataset.year_ends}"))[children]


def test_attainment_is_as_published_for_children_in_need_and_for_all(made: World) -> None:
    one = tell(made, 0, "npd_attainment", 2025, None)
    score = pd.to_numeric(one.tables["ks4"]["KS4_ATT8"])
    where = standing(made, one, "ks4")
    assert score[where == 1].mean() == pytest.approx(18.5, abs=2)
    assert score[where == 0].mean() == pytest.approx(48.5, abs=1)
    expected = one.tables["ks2"]["RWMEXP"] == "1"
    assert expected[standing(made, one, "ks2") == 1].mean() == pytest.approx(0.35, abs=0.08)


def test_a_key_stage_is_of_its_own_school_year_alone(made: World) -> None:
    from synth.days import day, school_year

    one = tell(made, 0, "npd_attainment", 2025, None)
    on = day(f"2025-{one.schema.dataset.year_ends}")
    for table, number in (("ks2", 6), ("ks4", 11), ("phonics", 1)):
        told = pa.array(one.tables[table][one.schema.table(table).person])
        children = whose(made, "990", one.schema.table(table), told)
        assert set(school_year(made.people.born[children], on)) == {number}


def test_a_third_of_those_with_care_have_been_cautioned_or_convicted(made: World) -> None:
    one = tell(made, 0, "moj_dfe", 2025, None)
    told = pd.Index(one.tables["pnc"]["mojuid"].unique())
    from synth.days import day, school_year

    on = day(f"2025-{one.schema.dataset.year_ends}")
    old = np.flatnonzero(school_year(made.people.born, on) >= 6)
    ids = pd.Index(made.national_ids(old, str(one.schema.dataset.numbering)).astype(str))
    known = ids.isin(told)
    ever = made.ever(on)[old]
    assert known[ever == 3].mean() == pytest.approx(
        0.33 * (1 - 0.3), abs=0.12
    )  # the walk draws no row for some
    assert known[ever == 3].mean() > 4 * known[ever == 0].mean()


def test_sums_of_columns_are_sums(made: World) -> None:
    rows = (
        tell(made, 0, "npd_absence_exclusions", 2025, None)
        .tables["absence"]
        .apply(pd.to_numeric, errors="coerce")
    )
    assert (
        rows["OverallAbsence_Annual"] == rows["AuthorisedAbsence_Annual"] + rows["UnauthorisedAbsence_Annual"]
    ).all()
    assert (rows["OverallAbsence_Annual"] <= rows["SessionsPossible_Annual"]).mean() > 0.999


def test_the_tier_without_figures_asks_for_none() -> None:
    flat = invent(Plan(("990",), 3000, (2025,), seed=4, tier=0))
    table = tell(flat, 0, "npd_attainment", 2025, None).tables["ks4"]
    assert len(table) > 600  # pupils of all years, not of year 11 alone
