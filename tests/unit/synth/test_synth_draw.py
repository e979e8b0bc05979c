"""Randomness by counter: a child's draws depend on the child alone."""

from __future__ import annotations

import numpy as np

from synth.draw import Draws, feistel


def test_a_draw_depends_on_the_child_and_not_on_its_company() -> None:
    draws = Draws(7)
    everyone = np.arange(1000, dtype=np.uint64)
    together = draws.uniform("sex", everyone)
    alone = np.concatenate([draws.uniform("sex", everyone[at : at + 1]) for at in range(1000)])
    assert (together == alone).all()


def test_streams_and_seeds_give_other_numbers() -> None:
    who = np.arange(1000, dtype=np.uint64)
    first = Draws(1).uniform("sex", who)
    assert abs(np.corrcoef(first, Draws(1).uniform("ethnic", who))[0, 1]) < 0.1
    assert abs(np.corrcoef(first, Draws(2).uniform("sex", who))[0, 1]) < 0.1
    assert abs(np.corrcoef(first, Draws(1).uniform("sex", who, 1))[0, 1]) < 0.1


def test_uniform_draws_fill_the_unit_interval_evenly() -> None:
    found = np.histogram(Draws(3).uniform("any", np.arange(200_000, dtype=np.uint64)), bins=20, range=(0, 1))[
        0
    ]
    assert np.abs(found - 10_000).max() < 500


def test_weights_decide_how_often_a_place_is_picked() -> None:
    picked = Draws(3).pick("any", np.arange(100_000, dtype=np.uint64), [1, 0, 3])
    assert np.allclose(np.bincount(picked, minlength=3) / 100_000, [0.25, 0, 0.75], atol=0.01)


def test_the_seed_fixes_the_numbers_for_ever() -> None:
    words = Draws(20261124).words("vector", np.array([0, 1, 2**63], dtype=np.uint64))
    assert [f"{int(word):016x}" for word in words] == [
        "90ea06ba20abefba",
        "7c58a08484248528",
        "a0d3ff2ed4be9c53",
    ]


def test_a_permutation_gives_every_number_once() -> None:
    for size in (1, 2, 7, 100, 1000, 4097):
        counters = np.arange(size, dtype=np.uint64)
        found = feistel(counters, size=size, key=99)
        assert sorted(found.tolist()) == list(range(size))
    assert not (feistel(np.arange(1000, dtype=np.uint64), size=1000, key=1) == np.arange(1000)).all()
