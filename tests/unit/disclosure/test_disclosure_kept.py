"""Witnesses kept beside the ledger: they save time, and never change a verdict, spoilt or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.joint import Released, attack_releases, classes_of
from disclosure.joint.kept import SUFFIX, read_kept, starts, write_kept
from disclosure.ledger import open_ledger


def tables(seed: int, *, people: int = 1500, count: int = 4) -> list[Released]:
    rng = np.random.default_rng(seed)
    return [Released(f"table {at}", rng.integers(1, 6, people), 5) for at in range(count)]


def test_witnesses_of_an_earlier_attack_prove_the_same_tables_again_without_new_ones() -> None:
    made = tables(1)
    first = attack_releases(made, remember=True)
    again = attack_releases(made, kept=first.kept, remember=True)
    assert first.safe
    assert again.safe
    assert first.kept is not None
    assert again.worlds == first.kept.worlds.shape[1]


@pytest.mark.parametrize("later", [0, 200])
def test_a_new_table_is_proved_from_kept_witnesses_as_from_none(later: int) -> None:
    made = tables(2, people=1500)
    kept = attack_releases(made, remember=True).kept
    grown = [replace(of, member=np.pad(of.member, (0, later))) for of in made]  # children who came later
    new = Released("new", np.random.default_rng(9).integers(1, 4, 1500 + later), 3)
    with_them, without = attack_releases([*grown, new], kept=kept), attack_releases([*grown, new])
    assert (with_them.safe, with_them.classes, with_them.small) == (True, without.classes, without.small)


@pytest.mark.parametrize("few", [1, 9, 10])
def test_a_leak_is_found_whatever_is_kept(few: int) -> None:
    made = tables(3)
    kept = attack_releases(made, remember=True).kept
    dropped = made[0].member.copy()
    dropped[np.flatnonzero(dropped == 1)[:few]] = 0
    found = attack_releases([*made, Released("again", dropped, 5)], kept=kept)
    assert {leak.children for leak in found.leaks} == ({few} if few < 10 else set())


@pytest.mark.parametrize("harm", ["worlds", "independent", "shared", "classes"])
def test_forged_witnesses_prove_nothing(harm: str) -> None:
    made = tables(4)
    dropped = made[0].member.copy()
    dropped[np.flatnonzero(dropped == 1)[:3]] = 0
    unsafe = [*made, Released("again", dropped, 5)]
    kept = attack_releases(unsafe, remember=True).kept
    assert kept is not None
    forged = {
        "worlds": replace(kept, worlds=np.full((len(kept.size), 3), 1e6, np.float32)),
        "independent": replace(kept, table=kept.table[:2], cell=kept.cell[:2], shared=kept.shared[:2, :2]),
        "shared": replace(kept, shared=np.eye(len(kept.table))),
        "classes": replace(kept, of=np.zeros_like(kept.of)),
    }[harm]
    assert {leak.children for leak in attack_releases(unsafe, kept=forged).leaks} == {3}


def test_a_class_that_is_split_shares_its_children_out() -> None:
    made = tables(5, people=300, count=2)
    kept = attack_releases(made, remember=True).kept
    assert kept is not None
    classes = classes_of([*made, Released("new", np.arange(300) % 2 + 1, 2)])
    old = classes_of(made)
    begun = starts(kept, classes)
    back = np.zeros((len(old.size), begun.shape[1]))
    np.add.at(back, old.of[np.unique(classes.of, return_index=True)[1]], begun)
    assert np.allclose(back, kept.worlds, rtol=1e-5)


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"PK\x03\x04 cut off"])
def test_what_can_not_be_read_is_not_used(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "kept"
    if content is not None:
        path.write_bytes(content)
    assert read_kept(path) is None


def test_a_session_keeps_its_witnesses_closed_beside_the_ledger(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(
        {"child": range(900), "area": rng.choice(list("abc"), 900), "need": rng.choice(list("xyz"), 900)}
    )
    ledger = open_ledger(tmp_path / "ledger")
    with disclosure.session(pack=["ons-srs"], unit="child", data=frame, ledger=ledger.path) as s:
        s.crosstab(frame.area, frame.need)
        s.groupby(frame, "area").size()
        assert s.together().passed
    beside = tmp_path / ("ledger" + SUFFIX)
    assert beside.stat().st_mode & 0o777 == 0o600
    kept = read_kept(beside)
    assert kept is not None
    assert len(kept.marks) == 2
    write_kept(beside, kept)
    assert read_kept(beside) is not None
    with disclosure.session(pack=["ons-srs"], unit="child", data=frame, ledger=ledger.path) as s:
        s.crosstab(frame.area, frame.need)
        s.groupby(frame, "need").size()
        assert s.together().passed
