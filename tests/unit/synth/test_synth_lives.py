"""What seldom happens and matters to linkage: a child dies, an adopted child has another name and number."""

from __future__ import annotations

import numpy as np
import pytest

from synth import careers
from synth.days import NEVER, day
from synth.ids import UPN_LETTERS
from synth.plan import Plan
from synth.tell import tell
from synth.world import World, invent


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990",), 40_000, (2023, 2024, 2025), seed=5, known=0.9))


def test_somebody_dies_and_nothing_is_told_of_the_child_afterwards(made: World) -> None:
    children = np.flatnonzero((made.died <= made.plan.closes) & (made.died >= day("2022-04-01")))
    assert len(children)
    for child in children:
        year = next(at for at in (2023, 2024, 2025, 2026) if made.died[child] <= day(f"{at}-03-31"))
        number = made.local_ids(np.array([child]), 0)[0].decode()
        if year in made.plan.years:
            episodes = tell(made, 0, "ssda903", year, None).tables["episodes"]
            assert "E2" in set(episodes.loc[episodes["CHILD"] == number, "REC"])
            tables = tell(made, 0, "cin_census", year, None).tables
            person = tables["child_identifiers"].set_index("LAchildID").loc[number]
            assert isinstance(person["PersonDeathDate"], str)
            closed = tables["cin_details"].set_index("LAchildID").loc[[number], "ReasonForClosure"]
            assert closed.iloc[-1] == "RC2"
        for after in made.plan.years:
            if after > year:
                assert number not in set(tell(made, 0, "ssda903", after, None).tables["header"]["CHILD"])
                pnc = tell(made, 0, "moj_dfe", after, None)
                ours = made.national_ids(np.array([child]), str(pnc.schema.dataset.numbering))[0].decode()
                assert ours not in set(pnc.tables["pnc"]["mojuid"])
    assert (made.episodes.referred[np.isin(made.episodes.child, children)] <= made.died[children].max()).all()


def test_an_adopted_child_has_another_surname_and_number_at_school_and_is_one_person(made: World) -> None:
    on = day("2025-01-16")
    children = np.flatnonzero((made.renamed <= on) & (made.school_from <= on) & (made.school_to >= on))
    assert len(children) > 5
    pupils = tell(made, 0, "school_census", 2025, "spring").tables["pupilonroll"].set_index("upn")
    new, old = ([upn.decode() for upn in some[children]] for some in (made.new_upn, made.upn))
    told = pupils.index.intersection(new)
    assert len(told) > 3
    assert not set(old) & set(pupils.index)
    assert pupils.loc[told, "formersurname"].isna().all()
    assert all(upn[0] in UPN_LETTERS and upn[1:4] == "999" for upn in new)
    assert len({*new, *old}) == 2 * len(children)


def test_the_adopted_are_called_what_they_were_before(made: World) -> None:
    from synth import names

    pool = np.array(names.pool().all, dtype=object)
    before = tell(made, 0, "school_census", 2023, "spring").tables["pupilonroll"].set_index("upn")
    children = np.flatnonzero(made.renamed < NEVER)
    upns = [upn.decode() for upn in made.upn[children]]
    surname = dict(zip(upns, pool[made.people.surname[children]], strict=True))
    told = before.index.intersection(upns)
    renamed = dict(zip(upns, made.renamed[children], strict=True))
    for upn in told:
        if renamed[upn] > day("2023-01-16"):
            assert before.loc[upn, "surname"] == surname[upn]


def test_no_protection_plan_outlives_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        careers, "HOME_SHARES", [float(code == careers.DIED) for code in range(len(careers.EXITS))]
    )
    told = invent(Plan(("990",), 4_000, (2024,), seed=1)).episodes
    died = (told.in_care < NEVER) & (told.exit == careers.DIED)
    protected = died & (told.protected < NEVER)
    assert protected.sum() > 20
    assert (told.unprotected[protected] <= told.out_of_care[protected]).all()
    assert (told.unprotected[protected] == told.out_of_care[protected]).any()
    assert (told.unprotected[protected] > told.protected[protected]).all()
