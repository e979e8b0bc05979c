"""The kernel against an oracle that writes down every child-day, and the laws every flattening keeps."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tre_toolkit.engine import Engine
from tre_toolkit.research.spells import spells_sql

STATES, DAYS, CHILDREN = 6, 40, 3
EPISODES = st.lists(
    st.tuples(
        st.integers(1, CHILDREN), st.integers(1, STATES), st.integers(-5, DAYS + 5), st.integers(-5, DAYS + 5)
    ),
    max_size=25,
)
Spans = list[tuple[int, int, int, int]]


def flatten(engine: Engine, episodes: Spans, bridge: dict[int, int] | None = None) -> Spans:
    rows = pd.DataFrame(episodes, columns=["child", "state", "d0", "d1"], dtype="int64")
    engine.table("e", rows)
    sql = spells_sql("e", states=STATES, since=0, until=DAYS, bridge=bridge)
    found = engine.rows(f"{sql} ORDER BY child, began")
    return list(found.itertuples(index=False, name=None))


def oracle(episodes: Spans, bridge: dict[int, int]) -> Spans:
    """One entry a child-day, no sweep: the highest state that covers the day."""
    days: dict[tuple[int, int, int], bool] = {}
    for child, state, d0, d1 in episodes:
        for day in range(d0, d1):
            days[child, state, day] = True
    for child in range(1, CHILDREN + 1):
        for state, longest in bridge.items():
            covered = sorted(day for one, other, day in days if (one, other) == (child, state))
            for before, after in pairwise(covered):
                if after - before - 1 <= longest:
                    days |= {(child, state, day): True for day in range(before, after)}
    spells: Spans = []
    for child in sorted({child for child, _, _ in days}):
        line = [
            max((state for state in range(1, STATES + 1) if (child, state, day) in days), default=0)
            for day in range(DAYS)
        ]
        first = next((day for day, state in enumerate(line) if state), None)
        if first is None:
            continue
        for day in range(first, DAYS):
            if spells and spells[-1][0] == child and spells[-1][1] == line[day]:
                spells[-1] = (*spells[-1][:3], day + 1)
            else:
                spells.append((child, line[day], day, day + 1))
    return spells


@settings(max_examples=150, deadline=None)
@given(EPISODES, st.dictionaries(st.integers(1, STATES), st.integers(0, 6), max_size=3))
def test_the_kernel_agrees_with_one_entry_a_child_day(episodes: Spans, bridge: dict[int, int]) -> None:
    with Engine(threads=1) as engine:
        assert flatten(engine, episodes, bridge) == oracle(episodes, bridge)


@settings(max_examples=60, deadline=None)
@given(EPISODES, st.randoms(use_true_random=False))
def test_days_are_conserved_spells_abut_order_is_nothing_and_twice_is_once(
    episodes: Spans, chance: object
) -> None:
    shuffled = list(episodes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    with Engine(threads=1) as engine:
        once = flatten(engine, episodes)
        assert flatten(engine, shuffled) == once
        assert flatten(engine, [one for one in once if one[1]]) == once
    for child in {one[0] for one in once}:
        own = [one for one in once if one[0] == child]
        assert all(before[3] == after[2] for before, after in pairwise(own))
        assert all(before[1] != after[1] for before, after in pairwise(own))
        assert own[-1][3] == DAYS
        assert sum(one[3] - one[2] for one in own) == DAYS - own[0][2]
