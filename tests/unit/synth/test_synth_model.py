"""Approved tables, fitted trees and the private tier: what is kept, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synth import tree
from synth.draw import Draws
from synth.like import learn, split
from synth.margins import Joint, Margin, fit, read_margin, weights
from synth.model import Model, coded, fit_return
from synth.plan import Plan
from synth.private import Ledger, rho_of
from synth.tell import tell
from synth.world import invent
from tre_toolkit.errors import MisuseError, Problems, TreError
from tre_toolkit.returns import Return

WHO = np.arange(100_000, dtype=np.uint64)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_margin_with_suppressed_cells_is_read(tmp_path: Path) -> None:
    one = read_margin(
        write(tmp_path / "m.csv", "sex,need,count\nM,N1,50\nM,N2,c\nF,N1,40\nF,N2,<5\ntotal,total,100\n")
    )
    assert one.columns == ("sex", "need")
    assert one.total == 100
    assert np.isnan(one.counts).tolist() == [[False, True], [False, True]]


def test_what_is_no_count_is_told_by_row_and_without_the_cell(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        read_margin(write(tmp_path / "m.csv", "sex,count\nM,secret-word\nF,12\nF,13\n"))
    assert "row 2" in str(caught.value)
    assert "twice" in str(caught.value)
    assert "secret-word" not in str(caught.value)


def test_unknown_cells_take_what_is_left_and_no_more() -> None:
    nan = float("nan")
    joint = fit(
        [
            Margin(
                ("sex", "group"),
                (("M", "F"), ("W", "B", "A")),
                np.array([[50, nan, 5.0], [40, 3, nan]]),
                total=105,
            ),
            Margin(("group",), (("W", "B", "A"),), np.array([90.0, 7, 8])),
        ]
    )
    assert joint.margin(["group"]) * 105 == pytest.approx([90, 7, 8], abs=0.01)
    assert joint.shares * 105 == pytest.approx(np.array([[50, 4, 5], [40, 3, 3]]), abs=0.01)


def test_given_margins_come_out_again_within_half_a_point_of_a_hundred() -> None:
    wanted = np.array([[0.30, 0.10], [0.05, 0.25], [0.20, 0.10]])
    joint = fit([Margin(("a", "b"), (("x", "y", "z"), ("p", "q")), wanted * 1000)])
    drawn = joint.draw(Draws(1), "margin", WHO)
    got = np.bincount(drawn["a"] * 2 + drawn["b"], minlength=6) / len(WHO)
    assert np.abs(got - wanted.ravel()).max() < 0.005


def test_tables_that_contradict_one_another_are_refused_and_not_looped() -> None:
    with pytest.raises(TreError, match="contradict"):
        fit(
            [
                Margin(("a",), (("x", "y"),), np.array([90.0, 10])),
                Margin(("a", "b"), (("x", "y"), ("p",)), np.array([[10.0], [90.0]])),
            ]
        )


def test_suppressed_cells_get_what_the_table_leaves_evenly_and_no_more_is_told(tmp_path: Path) -> None:
    """Of two hidden cells only their sum can be known; the fit gives each half of it, whatever stood there."""
    made = fit(
        [
            read_margin(
                write(tmp_path / "m.csv", "a,b,count\nx,p,40\nx,q,c\ny,p,<10\ny,q,50\ntotal,total,100\n")
            )
        ]
    )
    assert made.shares[0, 1] == pytest.approx(made.shares[1, 0]) == pytest.approx(0.05)
    assert made.shares[0, 0] == pytest.approx(0.4)


def test_approved_figures_decide_the_careers_codes_and_every_rule_stays_kept() -> None:
    joint = fit([Margin(("PrimaryNeedCode",), (("N1", "N4"),), np.array([20.0, 80.0]))])
    plan = Plan(("990",), 3000, (2025,), seed=1, given=Model(joint=joint).streams())
    need = tell(invent(plan), 0, "cin_census", 2025, None).tables["cin_details"]["PrimaryNeedCode"].dropna()
    assert set(need) <= {"N1", "N4", "N8"}  # N8: unaccompanied children
    assert (need == "N4").mean() == pytest.approx(0.8, abs=0.04)
    assert weights(joint, "PrimaryNeedCode", ("N2", "N4")) == pytest.approx((0, 0.8))


def chain(rows: int, seed: int) -> np.ndarray:
    luck = np.random.default_rng(seed)
    first = luck.integers(0, 3, rows)
    second = np.where(luck.random(rows) < 0.8, first, luck.integers(0, 3, rows))
    third = np.where(luck.random(rows) < 0.7, second, luck.integers(0, 3, rows))
    return np.column_stack([first, luck.integers(0, 4, rows), second, third])


def two_way(first: np.ndarray, second: np.ndarray, one: int, other: int) -> float:
    shares = [
        np.bincount(codes[:, one] * 4 + codes[:, other], minlength=16) / len(codes)
        for codes in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def test_a_tree_finds_and_keeps_what_columns_tell_of_one_another() -> None:
    real = chain(20_000, 1)
    fitted = tree.learn(real, "abcd", [3, 4, 3, 3])
    made = fitted.draw(Draws(1), "tree", WHO[:20_000])
    assert {frozenset(pair) for pair in fitted.kept if len(pair) == 2} >= {frozenset("ac"), frozenset("cd")}
    floor = max(two_way(real, chain(20_000, 2), one, other) for one in range(4) for other in range(one))
    assert max(two_way(real, made, one, other) for one in range(4) for other in range(one)) < 2 * floor + 0.01


def test_cells_of_few_children_are_not_told_by_a_fitted_tree() -> None:
    codes = np.column_stack([np.repeat([0, 1], [500, 500]), np.repeat([0, 1, 2], [498, 499, 3])])
    fitted = tree.learn(codes, "ab", [2, 3], smallest=10)
    assert 2 not in fitted.draw(Draws(1), "t", WHO[:10_000])[:, 1]


def real_return() -> Return:
    """A return that isn't marked: invented numbers, but taken for real ones by the fit."""
    return replace(
        tell(invent(Plan(("990",), 4000, (2025,), seed=9)), 0, "s251_placement_costs", 2025, None),
        synthetic=False,
    )


def test_a_set_in_the_likeness_of_a_return_keeps_its_margins_and_none_of_its_numbers() -> None:
    one = real_return()
    likeness = learn([one], tier=2, seed=1)
    made = tell(
        invent(Plan(("991",), 4000, (2025,), seed=2, tier=2)),
        0,
        "s251_placement_costs",
        2025,
        None,
        likeness.model,
    )
    told = likeness.model.tables["s251_placement_costs.placement_costs"]
    first, second = (coded(r.tables["placement_costs"], told.levels, r.schema) for r in (one, made))
    for at, level in enumerate(told.levels):
        shares = [np.bincount(codes[:, at], minlength=level.size) / len(codes) for codes in (first, second)]
        assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.05, level.field.name
    assert not set(one.tables["placement_costs"]["Child ID"]) & set(
        made.tables["placement_costs"]["Child ID"]
    )


def test_held_out_children_are_in_no_fitted_table() -> None:
    one = tell(invent(Plan(("990",), 800, (2025,), seed=9)), 0, "ssda903", 2025, None)
    fitted, held = split(one, 3)
    out = set(held.tables["header"]["CHILD"])
    assert out
    for table, frame in fitted.tables.items():
        assert not out & set(frame["CHILD"]), table
        assert len(frame) + len(held.tables[table]) == len(one.tables[table])


def test_the_private_tier_is_refused_without_a_budget_and_when_it_is_spent() -> None:
    with pytest.raises(MisuseError, match="budget"):
        learn([real_return()], tier=3, seed=1)
    with pytest.raises(MisuseError, match="budget"):
        Ledger(0, 1e-6)
    ledger = Ledger(1.0, 1e-6)
    ledger.spend("first", ledger.rho / 2)
    with pytest.raises(TreError, match="spent"):
        ledger.spend("second", ledger.rho)


def test_delta_must_be_small_for_so_many_children() -> None:
    with pytest.raises(TreError, match="delta is too large"):
        learn([real_return()], tier=3, seed=1, ledger=Ledger(1.0, 1e-3))


def test_a_budget_is_converted_as_published() -> None:
    rho = rho_of(1.0, 1e-6)
    assert rho + 2 * np.sqrt(rho * np.log(1e6)) == pytest.approx(1.0)


def test_private_trees_need_opendp_and_say_so() -> None:
    import importlib.util

    if importlib.util.find_spec("opendp"):
        ledger = Ledger(3.0, 1e-6)
        likeness = learn([real_return()], tier=3, seed=1, ledger=ledger)
        assert sum(one.rho for one in ledger.spent) <= ledger.rho * (1 + 1e-6)
        assert all((table >= 0).all() for one in likeness.model.tables.values() for table in one.tree.tables)
    else:
        with pytest.raises(TreError, match=r"tre-toolkit\[dp\]"):
            learn([real_return()], tier=3, seed=1, ledger=Ledger(1.0, 1e-6))


def test_a_fit_of_an_empty_return_gives_an_empty_set() -> None:
    one = real_return()
    empty = replace(one, tables={name: frame.iloc[:0] for name, frame in one.tables.items()})
    fitted = fit_return(empty, smallest=10)
    assert set(fitted) == {f"s251_placement_costs.{name}" for name in one.tables}
    assert isinstance(fit([Margin(("a",), (("x",),), np.array([1.0]))]), Joint)
