"""Edges that planted faults walked over: each test here kills one that the other tests let live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import disclosure
from disclosure.checks.rowlevel import LONG, MANY, row_level
from disclosure.files.delimited import Grid


def grid(header: list[str], rows: list[list[str]]) -> Grid:
    return Grid("t", tuple(header), tuple(map(tuple, rows)))


def nhs(start: str) -> str:
    """A nine-digit start with its check digit, reckoned the long way round."""
    total = 0
    for weight, mark in zip(range(10, 1, -1), start, strict=True):
        total += weight * int(mark)
    check = 11 - total % 11
    assert check != 10
    return start + str(0 if check == 11 else check)


STARTS = ["943476591", "400000000", "999123457"]


@pytest.mark.parametrize("off", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_three_nhs_numbers_are_told_and_three_others_are_not(off: int) -> None:
    valid = [nhs(start) for start in STARTS[:3]]
    rows = [[number, "41"] for number in valid]
    assert any(finding.rule == "house/identifier" for finding in row_level(grid(["a", "b"], rows)))
    wrong = [number[:off] + str((int(number[off]) + 1) % 10) + number[off + 1 :] for number in valid]
    told = list(row_level(grid(["a", "b"], [[number, "41"] for number in wrong])))
    assert not any(finding.rule == "house/identifier" for finding in told)


def test_two_numbers_that_look_like_nhs_numbers_are_chance() -> None:
    rows = [[nhs(start), "41"] for start in STARTS[:2]]
    assert not list(row_level(grid(["a", "b"], rows)))


def people(rows: int, *, kinds: int, texts: int) -> Grid:
    """Rows with a label of so many kinds and so many columns of words."""
    body = [[f"label {at % kinds}", *["word"] * (texts - 1), str(at)] for at in range(rows)]
    return grid([f"column {at}" for at in range(texts + 1)], body)


@pytest.mark.parametrize(
    ("rows", "kinds", "texts", "told"),
    [
        (MANY, MANY, 2, True),
        (MANY - 1, MANY, 2, False),
        (MANY, MANY, 1, False),
        (MANY, int(0.9 * MANY), 2, False),
        (MANY, int(0.9 * MANY) + 1, 2, True),
    ],
)
def test_many_rows_each_of_its_own_kind_are_for_review(rows: int, kinds: int, texts: int, told: bool) -> None:
    found = [finding.rule for finding in row_level(people(rows, kinds=kinds, texts=texts))]
    assert found == (["house/row-level"] if told else [])


@pytest.mark.parametrize(("days", "rows", "told"), [(13, 21, True), (12, 21, False), (13, 20, False)])
def test_a_column_of_days_is_told_from_enough_rows_and_days(days: int, rows: int, told: bool) -> None:
    body = [[f"a {at % 5}", f"2020-01-{1 + at % days:02d}", "4"] for at in range(rows)]
    found = [finding.rule for finding in row_level(grid(["a", "day", "n"], body))]
    assert ("house/row-level" in found) == told


def test_half_the_column_in_days_is_not_most_of_it() -> None:
    body = [["a", f"2020-01-{1 + at:02d}" if at % 2 else f"word {at}", "4"] for at in range(28)]
    assert "house/row-level" not in [finding.rule for finding in row_level(grid(["a", "day", "n"], body))]


@pytest.mark.parametrize(
    ("letters", "column", "told"), [(LONG, 1, False), (LONG + 1, 1, True), (LONG + 1, 0, False)]
)
def test_free_text_is_longer_than_a_label_and_no_label(letters: int, column: int, told: bool) -> None:
    body = [["a", "b"], ["c", "d"]]
    body[0][column] = "x" * letters
    assert bool(list(row_level(grid(["a", "b"], body)))) == told


@pytest.mark.parametrize("seed", range(4))
def test_splitting_a_large_category_leaves_the_verdict(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(20, 90, (3, 2))
    counts[0, 0] = [3, 6][seed % 2]
    half = counts[2] // 2
    levels = []
    for number, rows in enumerate([counts, np.vstack([counts[:2], half, counts[2] - half])]):
        path = tmp_path / f"{number}.csv"
        lines = [f"area {at},{row[0]},{row[1]}" for at, row in enumerate(rows.tolist())]
        path.write_text("area,plan,care\n" + "\n".join(lines) + "\n")
        levels.append(disclosure.check_file(path, ["dfe-cin"]).level)
    assert levels[0] is levels[1]
