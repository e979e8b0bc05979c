"""Levels of protection for sums, children who know their own cell, and merged categories: other ways to make a table safe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

import disclosure
from disclosure.findings import Level
from disclosure.shown import read_cells
from disclosure.suppress import solve
from disclosure.suppress.problem import problem
from disclosure.suppress.singletons import exposed, guarded
from disclosure.table import build
from disclosure.totals import with_totals
from tre_toolkit.cli import run
from tre_toolkit.errors import TreError


def with_margins(inner: np.ndarray) -> np.ndarray:
    wide = np.hstack([inner, inner.sum(axis=1, keepdims=True)])
    return np.vstack([wide, wide.sum(axis=0)])


def equations(counts: np.ndarray) -> object:
    rows = [(f"r{at}",) for at in range(len(counts) - 1)] + [("Total",)]
    columns = [f"c{at}" for at in range(counts.shape[1] - 1)] + ["Total"]
    table = build("t", rows, columns, [[str(x) for x in row] for row in counts.tolist()], dimensions=["r"])
    return with_totals(table, read_cells(table.shown), {"r": ["Total"], "column": ["Total"]}).equations()


def interval(rows: object, point: np.ndarray, hidden: frozenset[int], cell: int) -> tuple[float, float]:
    """Between which ends a hidden figure lies, by scipy."""
    place = sorted(hidden)
    part = rows[:, place].toarray()  # type: ignore[index]
    kept = np.abs(part).sum(axis=1) > 0
    right = part[kept] @ point[place]
    ends = []
    for sign in (1, -1):
        cost = np.zeros(len(place))
        cost[place.index(cell)] = sign
        found = linprog(cost, A_eq=part[kept], b_eq=right, bounds=(0, None), method="highs-ds")
        ends.append(np.inf if found.status == 3 else float(found.x[place.index(cell)]))
    return ends[0], ends[1]


@pytest.mark.parametrize("seed", range(6))
def test_each_cell_can_be_as_far_above_and_below_as_asked_and_its_interval_as_wide(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = with_margins(rng.gamma(2, 400, (5, 4)).round(2))
    point, rows = counts.reshape(-1), equations(counts)
    small = rng.choice(np.arange(18), 3, replace=False)
    small = np.unique(small[small % 5 < 4])
    upper, lower, sliding = (np.full(len(point), level) for level in (60.0, 20.0, 200.0))
    pattern = solve(problem(rows, point, small, least=0, upper=upper, lower=lower, sliding=sliding))  # type: ignore[arg-type]
    assert pattern is not None
    for cell in small:
        low, high = interval(rows, point, pattern.hidden, int(cell))
        assert high >= point[cell] + 60 - 1e-6
        assert low <= point[cell] - min(20, point[cell]) + 1e-6
        assert high - low >= 200 - 1e-6


def costs(big: float) -> pd.DataFrame:
    """Costs of children in three areas by need; in one cell one child makes up nearly all."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "child": range(900),
            "area": np.repeat(["North", "South", "West"], 300),
            "need": np.tile(["plan", "care", "other"], 300),
            "cost": rng.uniform(50, 150, 900).round(2),
        }
    )
    frame.loc[0, "cost"] = big
    return frame


def test_a_dominated_sum_is_hidden_with_enough_others_and_then_passes() -> None:
    frame = costs(500_000.0)
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        s.crosstab(frame.area, frame.need, frame.cost, aggfunc="sum", margins=True, name="costs")
        assert s.outputs["costs"].verdict.level is Level.FAIL
        done = s.protect("costs")
        assert done.verdict.level is Level.PASS
        assert s.verdict.level is Level.PASS
    text = done.frame().to_numpy()
    assert text[0, 0] == text[-1, -1] or (text == "c").sum() >= 4 or (text == "").sum() >= 4
    sums = with_margins(
        frame.pivot_table(values="cost", index="area", columns="need", aggfunc="sum").to_numpy()
    )
    hidden = frozenset(
        np.flatnonzero(done.frame().to_numpy().reshape(-1) == done.settings["symbol"]).tolist()
    )
    order = [list(done.frame().columns).index(name) for name in ("care", "other", "plan", "Total")]
    cell = next(iter(sorted(hidden)))
    low, high = interval(equations(sums), sums[:, np.argsort(np.argsort(order))].reshape(-1), hidden, cell)
    assert high - low > 10_000


def test_sums_that_nobody_dominates_lose_nothing() -> None:
    frame = costs(100.0)
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        s.crosstab(frame.area, frame.need, frame.cost, aggfunc="sum", margins=True, name="costs")
        assert s.protect("costs").lost["cells"] == 0


def test_negative_parts_are_refused() -> None:
    frame = costs(-500.0)
    with disclosure.session(pack="ons-srs", unit="child", data=frame) as s:
        s.crosstab(frame.area, frame.need, frame.cost, aggfunc="sum", margins=True, name="costs")
        with pytest.raises(TreError, match="negative"):
            s.protect("costs")


def test_a_hidden_sum_that_its_totals_give_back_fails(tmp_path: Path) -> None:
    from dataclasses import replace

    rows = [("North",), ("South",), ("Total",)]
    table = build("t", rows, ["plan", "care", "Total"],
                  [["", "20.50", "61.00"], ["30.00", "44.25", "74.25"], ["70.50", "64.75", "135.25"]], dimensions=["area"])  # fmt: skip
    table = replace(table, kind="sum", unit="child", units=np.full(9, 50))
    table = with_totals(table, read_cells(table.shown), {"area": ["Total"], "column": ["Total"]})
    verdict = disclosure.check_table(table, ["ons-srs"])
    assert any(finding.rule.endswith("/attack") for finding in verdict.findings)


# ---------------------------------------------------------------- singletons


@pytest.mark.parametrize("seed", range(8))
def test_a_child_who_knows_its_own_cell_can_not_work_another_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inner = rng.poisson(30, (5, 5)) + 10
    at = rng.integers(0, 5)
    inner[at, 0], inner[at, 1] = 1, 5
    counts = with_margins(inner)
    point, rows = counts.reshape(-1).astype(float), equations(counts)
    asked = problem(rows, point, np.flatnonzero(point < 6), least=6)  # type: ignore[arg-type]
    pattern = guarded(asked)
    assert pattern is not None
    assert not exposed(asked, pattern)
    assert not asked.audit(pattern.hidden)
    knower, other = int(at * 6), int(at * 6 + 1)
    low, high = interval(rows, point, pattern.hidden - {knower}, other)
    assert high - low >= 1 - 1e-6


def test_strangers_alone_need_fewer_cells_than_a_child_who_knows_its_own() -> None:
    inner = np.array([[1, 5, 60, 70], [5, 1, 50, 40], [55, 45, 35, 65], [60, 75, 80, 90]])
    counts = with_margins(inner)
    asked = problem(equations(counts), counts.reshape(-1).astype(float), np.array([0, 1, 5, 6]), least=6)  # type: ignore[arg-type]
    plain, guard = solve(asked), guarded(asked)
    assert plain is not None
    assert guard is not None
    assert exposed(asked, plain)
    assert guard.cost > plain.cost


def test_singletons_are_an_option_of_the_command(tmp_path: Path) -> None:
    source = tmp_path / "t.csv"
    source.write_text(
        "area,a,b,c,d,Total\nN,1,5,60,70,136\nS,5,1,50,40,96\nW,55,45,35,65,200\nE,60,75,80,90,305\nTotal,121,126,225,265,737\n"
    )
    for extra in ([], ["--singletons"]):
        into = tmp_path / f"{len(extra)}.csv"
        run(["protect", str(source), "--pack", "dfe-cin", "--into", str(into), *extra])
    fewer, more = ((tmp_path / f"{n}.csv").read_text().split(",") for n in (0, 1))
    assert sum(c.strip().startswith("c") for c in more) > sum(c.strip().startswith("c") for c in fewer)


# ---------------------------------------------------------------- merging


def ages() -> pd.DataFrame:
    inner = np.array([[30, 40], [3, 20], [25, 28], [50, 60]])
    return pd.DataFrame(
        with_margins(inner),
        index=pd.Index(["0 to 3", "4 to 7", "8 to 11", "12 to 15", "Total"], name="age"),
        columns=["plan", "care", "Total"],
    )


def test_a_small_category_joins_its_smaller_neighbour_and_the_table_passes() -> None:
    done = disclosure.protect(ages(), method="merge", packs=["dfe-cin"], unit="child")
    assert done.verdict.level is Level.PASS
    assert list(done.frame().index) == ["0 to 3", "4 to 7 + 8 to 11", "12 to 15", "Total"]
    assert done.frame().loc["4 to 7 + 8 to 11"].tolist() == ["28", "48", "76"]
    assert done.lost == {"categories": 1}


def test_merged_columns_can_be_asked_for_and_what_can_not_be_merged_is_refused() -> None:
    wide = ages().T
    done = disclosure.protect(wide, method="merge", packs=["dfe-cin"], unit="child", how="columns")
    assert "4 to 7 + 8 to 11" in done.frame().columns
    with pytest.raises(TreError, match="merging"):
        disclosure.protect(ages(), method="merge", packs=["dfe-cin"], unit="child", how="columns")


def test_a_merged_table_is_written_with_evidence_of_its_own_shape(tmp_path: Path) -> None:
    done = disclosure.protect(ages(), method="merge", packs=["dfe-cin"], unit="child")
    assert disclosure.check_file(done.write(tmp_path / "t.csv"), ["dfe-cin"]).passed
