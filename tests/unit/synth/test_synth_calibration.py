"""The careers come out as the published figures say, within the tolerance stated here."""

from __future__ import annotations

import numpy as np
import pytest

from synth.careers import SOURCES
from synth.days import NEVER, birthday
from synth.people import ETHNICITIES
from synth.plan import Plan, published
from synth.world import World, invent


@pytest.fixture(scope="module")
def made() -> World:
    return invent(Plan(("990",), 40_000, (2021, 2022, 2023, 2024, 2025), seed=5))


def share(part: np.ndarray, whole: np.ndarray) -> float:
    return len(np.unique(part)) / len(np.unique(whole))


def test_of_the_referred_as_many_are_assessed_in_need_protected_and_looked_after(made: World) -> None:
    some, everyone = made.episodes, published("cumulative_before_18")
    referred = some.child
    steps = {
        "assessed": some.child[some.assessed < NEVER],
        "child_in_need": some.child[~some.nfa & ~np.isin(some.reason, (7, 8))],
        "child_protection_plan": some.child[some.protected < NEVER],
    }
    for name, children in steps.items():
        assert share(children, referred) == pytest.approx(everyone[name] / everyone["referred"], abs=0.06), (
            name
        )
    care = published("ever_looked_after")["percent"] / everyone["referred"]
    assert share(made.stays.child, referred) == pytest.approx(care, abs=0.03)


def test_about_a_fifth_are_referred_again_within_twelve_months(made: World) -> None:
    some = made.episodes
    order = np.lexsort((some.referred, some.child))
    child, start = some.child[order], some.referred[order]
    again = (child[1:] == child[:-1]) & (start[1:] - start[:-1] <= 365)
    measured = again.sum() / len(child)
    assert measured == pytest.approx(published("re_referral")["within_12_months"] / 100, abs=0.05)


def test_almost_half_of_the_episodes_that_end_last_three_months_or_less(made: World) -> None:
    some = made.episodes
    ended = (some.closed < made.plan.closes) & ~some.nfa
    brief = (some.closed - some.referred)[ended] <= 92
    assert brief.mean() == pytest.approx(published("episodes")["ended_within_three_months"] / 100, abs=0.06)


def test_police_and_schools_refer_as_often_as_published(made: World) -> None:
    source = np.array(SOURCES)[made.episodes.source]
    assert np.isin(source, ["6"]).mean() == pytest.approx(
        published("referral_source")["police"] / 100, abs=0.02
    )
    assert np.isin(source, ["2A", "2B"]).mean() == pytest.approx(
        published("referral_source")["schools"] / 100, abs=0.02
    )


def test_ethnic_groups_of_looked_after_children_are_as_published(made: World) -> None:
    broad = np.array([group for group, _ in ETHNICITIES.values()])[made.people.ethnic[made.stays.child]]
    for group, percent in published("ethnicity").items():
        if group != "source":
            assert (broad == group).mean() * 100 == pytest.approx(percent, abs=3), group


def test_care_starts_at_the_published_ages(made: World) -> None:
    age = (made.stays.start - made.people.born[made.stays.child]) / 365.25
    care = published("care")
    told = [
        care[name]
        for name in (
            "started_under_1",
            "started_1_to_4",
            "started_5_to_9",
            "started_10_to_15",
            "started_16_and_over",
        )
    ]
    measured = np.histogram(age, bins=[-1, 1, 5, 10, 16, 19])[0] / len(age)
    assert measured == pytest.approx(np.array(told) / sum(told), abs=0.05)


def test_unaccompanied_children_are_the_published_share_of_those_looked_after(made: World) -> None:
    day = made.plan.closes
    now = made.stays.child[(made.stays.start <= day) & (made.stays.end > day)]
    care = published("care")
    assert made.people.uasc[now].mean() == pytest.approx(care["uasc"] / care["looked_after"], abs=0.05)


def test_nobody_is_in_care_after_the_eighteenth_birthday(made: World) -> None:
    assert (made.stays.end <= birthday(made.people.born[made.stays.child], 18)).all()
    assert (made.stays.start < made.stays.end).all()
