"""The release ledger: what was released before stands beside every new table, and nobody edits the past."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import disclosure
from disclosure.findings import Level
from disclosure.ledger import new_ledger, open_ledger, read_ledger
from tre_toolkit.errors import TreError

NEEDS = """
area,plan,looked after,neither,Total
Norwich,41,23,60,124
Ipswich,50,37,71,158
Luton,33,29,48,110
Total,124,89,179,392
"""
HIDDEN = NEEDS.replace("Norwich,41,23,60,124", "Norwich,41,c,60,c").replace(
    "Total,124,89,179,392", "Total,124,c,179,c"
)
ONE_WAY = """
area,children
Norwich,124
Ipswich,158
Luton,110
Total,392
"""


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text.strip() + "\n")
    return path


def recorded(folder: Path, text: str) -> disclosure.ledger.Ledger:  # type: ignore[name-defined]
    """A ledger in which this table was released."""
    from disclosure.check import _examine
    from disclosure.packs import chain

    ledger = open_ledger(folder / "releases.ledger")
    for entry in _examine(put(folder, "earlier.csv", text), chain(["dfe-cin"]), None, []).entries:
        ledger.add(entry)
    return read_ledger(folder / "releases.ledger")


def differencing(verdict: disclosure.Verdict) -> list[str]:
    return [finding.where for finding in verdict.findings if finding.rule.endswith("/differencing")]


def test_the_same_table_with_one_child_dropped_is_caught_and_the_earlier_release_named(
    tmp_path: Path,
) -> None:
    ledger = recorded(tmp_path, NEEDS)
    one_less = NEEDS.replace("Norwich,41,23,60,124", "Norwich,41,22,60,123").replace(
        "89,179,392", "88,179,391"
    )
    verdict = disclosure.check_file(put(tmp_path, "new.csv", one_less), ["dfe-cin"], against=ledger)
    assert verdict.level is Level.FAIL
    assert differencing(verdict)
    assert "earlier.csv" in next(f.message for f in verdict.findings if f.rule.endswith("/differencing"))


@pytest.mark.parametrize(("fewer", "caught"), [(0, False), (1, True), (9, True), (10, False)])
def test_differences_of_1_to_9_children_are_caught_and_none_and_10_are_not(
    tmp_path: Path, fewer: int, caught: bool
) -> None:
    ledger = recorded(tmp_path, NEEDS)
    new = NEEDS.replace("Norwich,41,23,60,124", f"Norwich,41,23,{60 - fewer},{124 - fewer}")
    new = new.replace("179,392", f"{179 - fewer},{392 - fewer}")
    verdict = disclosure.check_file(put(tmp_path, "new.csv", new), ["ons-srs"], against=ledger)
    assert bool(differencing(verdict)) == caught


def test_a_total_released_earlier_gives_a_hidden_cell_away(tmp_path: Path) -> None:
    small = HIDDEN.replace("41,c,60,c", "41,c,60,c")
    assert not differencing(disclosure.check_file(put(tmp_path, "alone.csv", small), ["dfe-cin"]))
    ledger = recorded(tmp_path, ONE_WAY.replace("Norwich,124", "Norwich,104").replace("392", "372"))
    verdict = disclosure.check_file(put(tmp_path, "new.csv", small), ["dfe-cin"], against=ledger)
    assert "area 'Norwich', column 'looked after'" in differencing(verdict)


def test_two_files_that_leave_together_are_compared_with_each_other(tmp_path: Path) -> None:
    under = put(tmp_path, "under16.csv", "area,children\nNorwich,97\nIpswich,158\nLuton,110\nTotal,365\n")
    every = put(tmp_path, "all.csv", "area,children\nNorwich,100\nIpswich,158\nLuton,110\nTotal,368\n")
    verdicts = disclosure.check_files([under, every], ["ons-srs"])
    assert not differencing(verdicts[under])
    assert differencing(verdicts[every])


def test_another_population_with_the_same_labels_raises_no_alarm(tmp_path: Path) -> None:
    ledger = recorded(tmp_path, NEEDS)
    other = """
area,plan,looked after,neither,Total
Norwich,45,20,77,142
Ipswich,31,40,65,136
Luton,38,22,90,150
Total,114,82,232,428
"""
    verdict = disclosure.check_file(put(tmp_path, "new.csv", other), ["ons-srs"], against=ledger)
    assert not differencing(verdict)


@pytest.mark.parametrize("harm", ["changed", "cut", "dropped", "head gone", "not a ledger"])
def test_a_ledger_somebody_touched_refuses_to_serve(tmp_path: Path, harm: str) -> None:
    recorded(tmp_path, NEEDS)
    path = tmp_path / "releases.ledger"
    lines = path.read_bytes().splitlines(keepends=True)
    if harm == "changed":
        path.write_bytes(path.read_bytes().replace(b"earlier", b"changed"))
    if harm == "cut":
        path.write_bytes(b"".join(lines[:-1]))
    if harm == "dropped":
        path.write_bytes(b"".join(lines[1:]))
    if harm == "head gone":
        (tmp_path / "releases.ledger.head").unlink()
    if harm == "not a ledger":
        path.write_bytes(b"\x00\xff not json\n")
    with pytest.raises(TreError, match="ledger"):
        read_ledger(path)


def test_a_ledger_keeps_what_it_is_told(tmp_path: Path) -> None:
    ledger = recorded(tmp_path, NEEDS)
    (entry,) = ledger.entries
    assert entry.members[0] == ("Norwich", "Ipswich", "Luton", "Total")
    assert entry.low.tolist() == [41, 23, 60, 124, 50, 37, 71, 158, 33, 29, 48, 110, 124, 89, 179, 392]
    assert (tmp_path / "releases.ledger").stat().st_mode & 0o077 == 0
    numbers = ledger.numbers_of([ledger.mark("a"), ledger.mark("b"), ledger.mark("a")])
    assert numbers.tolist() == [0, 1, 0]
    ledger.add(entry)
    assert len(read_ledger(ledger.path).people) == 2


def test_a_ledger_is_not_begun_where_something_stands(tmp_path: Path) -> None:
    recorded(tmp_path, NEEDS)
    with pytest.raises(TreError, match="stands here already"):
        new_ledger(tmp_path / "releases.ledger")


def test_adding_a_release_never_clears_an_earlier_finding(tmp_path: Path) -> None:
    ledger = recorded(tmp_path, NEEDS)
    new = put(tmp_path, "new.csv", NEEDS.replace("60,124", "59,123").replace("179,392", "178,391"))
    before = set(differencing(disclosure.check_file(new, ["ons-srs"], against=ledger)))
    ledger.add(ledger.entries[0])
    after = set(differencing(disclosure.check_file(new, ["ons-srs"], against=ledger)))
    assert before
    assert before <= after
    assert np.isfinite(ledger.entries[0].low).all()
