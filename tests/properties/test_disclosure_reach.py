"""What `protect` can be asked for, each looked at by an attacker with another solver: kept, or refused.

Three dimensions, trees of areas, and cells that must be published, through the public call alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import disclosure
from tre_toolkit.errors import TreError

LEAST = 6
Line = tuple[int, list[int]]  # a total and its parts, as flat cells


def with_totals(counts: np.ndarray) -> np.ndarray:
    """Counts with a total at the end of every axis."""
    for axis in range(counts.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return counts


def lines_of(shape: tuple[int, ...]) -> Iterator[Line]:
    """The equations of a table with totals at the end of every axis."""
    number = np.arange(int(np.prod(shape))).reshape(shape)
    for axis in range(len(shape)):
        for line in np.moveaxis(number, axis, -1).reshape(-1, shape[axis]):
            yield int(line[-1]), line[:-1].tolist()


def intervals(printed: np.ndarray, lines: list[Line]) -> dict[int, tuple[float, float]]:
    """For every hidden cell its lowest and highest figure, by scipy, from the print alone."""
    flat = printed.ravel()
    hidden = np.flatnonzero(flat == "c")
    place = {int(cell): at for at, cell in enumerate(hidden)}
    rows, right = [], []
    for total, parts in lines:
        row, known = np.zeros(len(hidden)), 0.0
        for cell, sign in [(total, 1.0), *((part, -1.0) for part in parts)]:
            if cell in place:
                row[place[cell]] = sign
            else:
                known += sign * float(flat[cell])
        rows.append(row)
        right.append(-known)
    found = {}
    for cell, at in place.items():
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(len(hidden))
            cost[at] = sign
            answer = linprog(cost, A_eq=np.array(rows), b_eq=right, bounds=(0, None), method="highs-ds")
            ends.append(float(answer.x[at]) if answer.status == 0 else np.inf)
        found[cell] = (ends[0], ends[1])
    return found


def hold(printed: np.ndarray, counts: np.ndarray, lines: list[Line]) -> None:
    """Small cells are hidden and stay wide open; what is shown is the truth."""
    flat, true = printed.ravel(), counts.ravel()
    small = (true > 0) & (true < LEAST)
    assert small.any()
    assert (flat[small] == "c").all()
    assert (flat[flat != "c"].astype(int) == true[flat != "c"]).all()
    for cell, (low, high) in intervals(printed, lines).items():
        if small[cell]:
            assert high >= LEAST - 1e-6
            assert low <= true[cell] - 1 + 1e-6


def three_way(counts: np.ndarray) -> pd.DataFrame:
    names = [[*(f"{word} {at}" for at in range(size - 1)), "Total"]
             for word, size in zip(("area", "need", "sex"), counts.shape, strict=True)]  # fmt: skip
    index = pd.MultiIndex.from_tuples(list(itertools.product(names[0], names[1])), names=["area", "need"])
    return pd.DataFrame(counts.reshape(-1, counts.shape[2]), index=index, columns=names[2])


@pytest.mark.parametrize("seed", range(4))
def test_a_table_of_three_dimensions_is_protected_along_each(seed: int) -> None:
    inner = np.random.default_rng(seed).integers(3, 40, (3, 3, 3))
    inner[0, 0, 0] = 3
    counts = with_totals(inner)
    done = disclosure.protect(three_way(counts), packs=["dfe-cin"], unit="child")
    hold(done.frame().to_numpy().reshape(counts.shape), counts, list(lines_of(counts.shape)))


@pytest.mark.parametrize("seed", range(4))
def test_a_tree_of_areas_is_protected_through_its_levels(seed: int) -> None:
    inner = np.random.default_rng(seed).integers(7, 60, (6, 3))
    inner[0, 0] = 3
    north, south = inner[:3], inner[3:]
    counts = with_totals(inner.sum(axis=0, keepdims=True))[:1]
    body = [*north, north.sum(axis=0), *south, south.sum(axis=0), inner.sum(axis=0)]
    counts = np.array([[*row, row.sum()] for row in body])
    rows = ["n1", "n2", "n3", "North total", "s1", "s2", "s3", "South total", "Total"]
    frame = pd.DataFrame(counts, index=pd.Index(rows, name="area"), columns=["a", "b", "c", "Total"])
    done = disclosure.protect(frame, packs=["dfe-cin"], unit="child")
    width, lines = 4, []
    for column in range(width):
        for total, parts in ((3, (0, 1, 2)), (7, (4, 5, 6)), (8, (3, 7))):
            lines.append((total * width + column, [part * width + column for part in parts]))
    lines += [(row * width + 3, [row * width + at for at in range(3)]) for row in range(len(rows))]
    hold(done.frame().to_numpy(), counts, lines)


@pytest.mark.parametrize("row", [1, 2, 3])
def test_what_must_be_published_is_and_the_rest_is_hidden_around_it(row: int) -> None:
    inner = np.array([[3, 40, 50], [60, 45, 70], [80, 30, 90], [35, 65, 75]])
    counts = with_totals(inner)
    names = [*(f"area {at}" for at in range(4)), "Total"]
    frame = pd.DataFrame(counts, index=pd.Index(names, name="area"), columns=["a", "b", "d", "Total"])
    done = disclosure.protect(frame, packs=["dfe-cin"], unit="child", must_publish=[names[row], "Total"])
    printed = done.frame().to_numpy()
    assert not (printed[row] == "c").any()
    assert not (printed[-1] == "c").any()
    assert not (printed[:, -1] == "c").any()
    hold(printed, counts, list(lines_of(counts.shape)))


def test_where_too_much_must_be_published_nothing_is_made() -> None:
    counts = with_totals(np.array([[3, 40], [60, 45], [80, 30]]))
    names = ["area 0", "area 1", "area 2", "Total"]
    frame = pd.DataFrame(counts, index=pd.Index(names, name="area"), columns=["a", "b", "Total"])
    with pytest.raises(TreError, match="no pattern"):
        disclosure.protect(frame, packs=["dfe-cin"], unit="child", must_publish=["area 1", "area 2", "Total"])
