"""Life tables are safe whatever the children: no figure but zero on fewer than asked, and nobody is lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tre_toolkit.research.lifetable import cumulative, merged_steps
from tre_toolkit.research.survival import aalen_johansen

CHILDREN = st.lists(st.tuples(st.integers(0, 700), st.integers(0, 3), st.integers(1, 12)), max_size=60)


@settings(max_examples=300, deadline=None)
@given(CHILDREN, st.integers(1, 30), st.sampled_from([7.0, 30.4375, 91.3125]))
def test_every_figure_is_zero_or_enough_and_every_child_is_in_one_step(
    children: list[tuple[int, int, int]], least: int, length: float
) -> None:
    time, cause, n = (np.array([one[at] for one in children], dtype=np.int64) for at in range(3))
    steps, body = merged_steps(time, cause, n, causes=3, length=length, least=least)
    assert ((body == 0) | (body >= least)).all()
    if not steps:
        totals = np.bincount(cause, weights=n, minlength=4) if len(n) else np.zeros(4)
        assert n.sum() < max(least, 1) or ((totals > 0) & (totals < least)).any()
        return
    assert body[0, 0] == n.sum()
    assert body[:, 1:].sum() == n.sum()
    assert (body[1:, 0] == body[:-1, 0] - body[:-1, 1:].sum(axis=1)).all()
    assert all(before[1] == after[0] for before, after in pairwise(steps))
    share = cumulative(body[:, 0], body[:, 1:-1], body[:, -1])
    assert (np.diff(share, axis=0) >= -1e-12).all()
    assert share[-1].sum() <= 1 + 1e-9


@settings(max_examples=100, deadline=None)
@given(CHILDREN.filter(bool))
def test_a_life_table_of_days_is_the_estimate_itself_when_nobody_leaves(
    children: list[tuple[int, int, int]],
) -> None:
    time, cause, n = (np.array([one[at] for one in children], dtype=np.int64) for at in range(3))
    cause = cause.clip(min=1)
    steps, body = merged_steps(time, cause, n, causes=3, length=1.0, least=1)
    share = cumulative(body[:, 0], body[:, 1:-1], body[:, -1])
    exact = aalen_johansen(np.repeat(time, n), np.repeat(cause, n)).incidence
    last = [min(end - 1, len(exact) - 1) for _, end in steps]
    assert np.allclose(share[:, : exact.shape[1]], exact[last])
