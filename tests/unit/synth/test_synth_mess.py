"""Messiness: the rates are kept, and the truth gives the clean tables back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synth import mess
from synth.plan import Plan
from synth.tell import tell
from synth.truth import whose_number
from synth.world import World, invent
from tre_toolkit.errors import MisuseError

RETURNS = [
    ("cin_census", 2024, None),
    ("ssda903", 2025, None),
    ("school_census", 2025, "spring"),
    ("npd_attainment", 2025, None),
]


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990",), 4000, (2024, 2025), seed=2, known=1.0))


def dirty(
    made: World, name: str, year: int, term: str | None, profile: dict[str, float]
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame], pd.DataFrame]:
    one = tell(made, 0, name, year, term)
    shape = one.schema
    tables, changes = mess.messy(
        one.tables,
        shape,
        lambda table, told: whose_number(made, "990", shape.table(table), told),
        draws=made.draws,
        rates=profile,
    )
    return dict(one.tables), tables, changes


@pytest.mark.parametrize("profile", ["ons", "light", "records"])
@pytest.mark.parametrize(("name", "year", "term"), RETURNS)
def test_the_truth_restores_the_clean_tables_cell_for_cell(
    made: World, name: str, year: int, term: str | None, profile: str
) -> None:
    clean, messy, changes = dirty(made, name, year, term, mess.profile(profile))
    assert len(changes)
    assert any(not messy[table].equals(clean[table]) for table in clean)
    restored = mess.undo(messy, changes)
    for table, frame in clean.items():
        pd.testing.assert_frame_equal(restored[table], frame, check_dtype=False)


def test_rates_are_kept_within_chance(made: World) -> None:
    rates = mess.profile("ons")
    _, messy, changes = dirty(made, "school_census", 2025, "spring", rates)
    pupils = len(messy["pupilonroll"]) - (changes["kind"] == mess.TWICE).sum()
    for kind in ("given_typo", "postcode_changed", "sex_flipped", mess.TWICE):
        table = {"postcode_changed": "addresses"}.get(kind, "pupilonroll")
        column = {"given_typo": "forename"}.get(kind)
        found = changes[(changes["kind"] == kind) & (changes["table"] == table)]
        found = found[found["column"] == column] if column else found
        share = len(found) / pupils
        spread = 3.3 * np.sqrt(rates[kind] * (1 - rates[kind]) / pupils)  # 99.9 %
        assert abs(share - rates[kind]) < spread + 0.03 * rates[kind], kind  # a slip may give the same word


def test_one_child_has_one_error_in_all_tables_of_a_return(made: World) -> None:
    _, messy, _ = dirty(made, "ssda903", 2025, None, {"birth_day": 0.5})
    header = messy["header"].set_index("CHILD")["DOB"]
    for table in ("reviews", "oc2", "social_worker"):
        frame = messy[table]
        assert (frame["DOB"].to_numpy() == header[frame["CHILD"]].to_numpy()).all()


def test_a_clean_profile_changes_nothing_and_an_unknown_one_is_refused(made: World) -> None:
    clean, messy, changes = dirty(made, "ssda903", 2025, None, {})
    assert not len(changes)
    assert all(messy[table] is clean[table] for table in clean)
    with pytest.raises(MisuseError, match="no profile"):
        mess.profile("nonsense")


def test_no_change_touches_the_number_that_hangs_the_tables_together(made: World) -> None:
    clean, messy, changes = dirty(made, "cin_census", 2024, None, mess.profile("records"))
    twice = (changes["kind"] == mess.TWICE).sum()
    assert set(clean["child_identifiers"]["LAchildID"]) <= set(messy["child_identifiers"]["LAchildID"])
    assert len(messy["child_identifiers"]) == len(clean["child_identifiers"]) + twice
    for table in ("cin_details", "assessments", "disabilities"):
        assert messy[table]["LAchildID"].equals(clean[table]["LAchildID"])


def test_a_variant_is_another_form_of_the_same_name_and_a_placeholder_the_first_of_1900(made: World) -> None:
    from synth.mess import KINDS, variants

    known = variants()
    names = np.array(["Muhammad", "Sophie", "Xyzzy"], dtype=object)
    field = tell(made, 0, "school_census", 2025, "spring").schema.table("pupilonroll").field("forename")
    who = np.arange(3, dtype=np.uint64)
    other = KINDS["given_variant"].change(made.draws, "variant", who, names, field)
    assert other[0] in known["Muhammad"]
    assert other[0] != "Muhammad"
    assert other[2] == "Xyzzy"
    dates = np.array(["2012-05-03"] * 3, dtype=object)
    assert set(KINDS["birth_placeholder"].change(made.draws, "x", who, dates, field)) == {"1900-01-01"}
