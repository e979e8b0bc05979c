"""Tables that share cells, protected as one: safe together, and hidden alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import disclosure
from disclosure.check import printed
from disclosure.compare import compare, entry_of
from disclosure.ledger import Ledger
from disclosure.packs import chain
from disclosure.protection import Protected


def margins(counts: pd.DataFrame) -> pd.DataFrame:
    found = counts.copy()
    found.columns = list(found.columns)
    found["Total"] = found.sum(axis=1)
    found.loc["Total"] = found.sum()
    return found


def pair(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same children by area and need, and by area and school."""
    rng = np.random.default_rng(seed)
    size = 900
    area = rng.choice([f"area {at}" for at in range(8)], size, p=rng.dirichlet(np.ones(8) * 2))
    need = rng.choice(["abuse", "disability", "family", "other"], size, p=[0.6, 0.2, 0.15, 0.05])
    school = rng.choice(["primary", "secondary", "special", "none"], size, p=[0.5, 0.35, 0.1, 0.05])
    both = [pd.crosstab(area, other) for other in (need, school)]
    for table in both:
        table.index.name = "area"
    return margins(both[0]), margins(both[1])


def leaks_together(done: list[Protected]) -> int:
    rules, ledger = chain("dfe-cin"), Ledger(Path("x"), b"")
    found = 0
    for number, one in enumerate(done):
        cells = printed(one.table, rules)
        found += sum(f.verdict is disclosure.Level.FAIL for f in compare(one.table, cells, rules, ledger))
        ledger.entries.append(entry_of(one.table, cells, number=number, digest=str(number), scope={}))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_tables_protected_as_one_hide_shared_cells_alike_and_leak_nothing_together(seed: int) -> None:
    one, two = pair(seed)
    done = disclosure.protect_together([one, two], packs="dfe-cin", unit="child")
    assert all(protected.verdict.passed for protected in done)
    first, second = (protected.frame() for protected in done)
    assert (first["Total"] == second["Total"]).all()
    assert leaks_together(done) == 0


def test_tables_protected_one_by_one_can_leak_together() -> None:
    leaking = 0
    for seed in range(4):
        done = [disclosure.protect(table, packs="dfe-cin", unit="child") for table in pair(seed)]
        leaking += leaks_together(done) > 0
    assert leaking > 0
