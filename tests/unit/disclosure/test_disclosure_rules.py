"""Packs and the checks that need no session: each figure tested at its edge, from both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import disclosure
from disclosure.checks import models, shapes, shares, survival
from disclosure.counting import Amounts
from disclosure.packs import chain, load, names
from disclosure.rounding import least_base, round_counts
from disclosure.shown import Kind, common_base, read_cells
from disclosure.table import Table, build
from disclosure.totals import find_totals, with_totals
from tre_toolkit.errors import MisuseError, TreError

GOOD = 'name="p"\ntitle="t"\nversion="1"\nsource="s"\nunit="child"\nsymbol="c"\n'


def table(text: str, **more: object) -> Table:
    """A table from lines of `label a b`, the first line the titles."""
    lines = [line.split() for line in text.strip().splitlines()]
    built = build(
        "t",
        [(line[0],) for line in lines[1:]],
        lines[0][1:],
        [line[1:] for line in lines[1:]],
        dimensions=["area"],
    )
    built = with_totals(built, read_cells(built.shown))
    return replace(built, **more)  # type: ignore[arg-type]


def found(made: Table, *packs: str) -> set[tuple[str, str]]:
    return {
        (finding.rule, finding.verdict.value)
        for finding in disclosure.check_table(made, list(packs)).findings
    }


# ---------------------------------------------------------------- packs


def test_every_shipped_pack_reads_and_says_where_it_was_read() -> None:
    for name in [*names(), "house"]:
        pack = load(name)
        assert pack.name == name
        assert pack.source
        assert pack.version


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        GOOD.replace('source="s"\n', ""),
        GOOD + "[count]\nhidden=[1,5]\n",
        GOOD + '[count]\nhidden=[5,1]\nconfidence="verified"\n',
        GOOD + '[count]\nhidden="few"\nconfidence="verified"\n',
        GOOD + '[count]\nhidden=[1]\nconfidence="verified"\n',
        GOOD + '[nonsense]\nx=1\nconfidence="verified"\n',
        GOOD + '[count]\nmore=1\nconfidence="verified"\n',
        GOOD + '[zero]\nrule="sometimes"\nconfidence="verified"\n',
        GOOD + '[means]\nleast=true\nconfidence="verified"\n',
    ],
)
def test_a_pack_that_does_not_parse_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(TreError):
        load(tmp_path / "p.toml")


def test_what_is_only_believed_is_told_and_not_enforced(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(GOOD + '[count]\nhidden=[1,4]\nconfidence="believed"\n')
    pack = load(tmp_path / "p.toml")
    assert pack.hidden is None
    assert "believed" in pack.unknown[0]


def test_the_strictest_clause_of_a_chain_wins() -> None:
    rules = chain(["dfe-cin", "ukllc", "nhs-hes"])
    assert rules.least == 10
    assert rules.zero == ("hidden", "ukllc")
    assert rules.largest("means", "least") == (10, "ukllc")
    assert rules.largest("rounding", "base") == (5, "nhs-hes")
    assert rules.symbol == "c"
    assert chain("dfe-cin").difference == (6, "dfe-cin")
    assert chain(["dfe-cin", "abs-datalab"]).difference == (10, "abs-datalab")
    assert chain("dfe-cla").difference == (10, "house")


@pytest.mark.parametrize(("pack", "count", "fails"), [
    ("dfe-cin", 5, True), ("dfe-cin", 6, False), ("dfe-cin", 1, True), ("ons-srs", 9, True), ("ons-srs", 10, False),
    ("opensafely", 7, True), ("datashield", 2, True), ("datashield", 3, False), ("ukllc", 9, True), ("ukllc", 10, False),
])  # fmt: skip
def test_the_threshold_of_a_pack_at_its_edge(pack: str, count: int, fails: bool) -> None:
    made = table(f"x a b\nNorwich {count} 40\nLuton 30 50")
    assert ((f"{pack}/count", "FAIL") in found(made, pack)) == fails


@pytest.mark.parametrize(("pack", "level"), [("dfe-cin", None), ("ons-srs", "REVIEW"), ("ukllc", "FAIL")])
def test_a_zero_is_shown_looked_at_or_hidden_by_the_pack(pack: str, level: str | None) -> None:
    made = table("x a b\nNorwich 0 40\nLuton 30 50")
    levels = [verdict for rule, verdict in found(made, pack) if rule.endswith("/zero")]
    assert levels == ([level] if level else [])
    structural = replace(made, structural=np.array([True, False, False, False]))
    assert not [rule for rule, _ in found(structural, pack) if rule.endswith("/zero")]


def test_counts_must_be_multiples_of_the_packs_base() -> None:
    assert ("nhs-hes/rounding", "FAIL") in found(table("x a b\nNorwich 12 40\nLuton 30 50"), "nhs-hes")
    assert ("nhs-hes/rounding", "FAIL") not in found(table("x a b\nNorwich 10 40\nLuton 30 50"), "nhs-hes")


def test_a_pack_without_a_threshold_says_so() -> None:
    assert ("dfe-cla/count", "REVIEW") in found(table("x a b\nNorwich 2 40\nLuton 30 50"), "dfe-cla")


@pytest.mark.parametrize(("count", "fires"), [(89, False), (90, True), (100, True)])
def test_a_group_in_one_category_is_told_from_ninety_per_cent(count: int, fires: bool) -> None:
    made = table(
        f"x a b Total\nNorwich {count} {100 - count} 100\nLuton 500 500 1000\nTotal {500 + count} {600 - count} 1100"
    )
    found_there = [
        f
        for f in disclosure.check_table(made, "ons-srs").findings
        if f.rule in ("house/group", "ons-srs/zero")
    ]
    assert any("Norwich" in f.where and "'a'" in f.where for f in found_there) == fires


def test_totals_that_do_not_add_up_are_told() -> None:
    good = "x a b c Total\nNorwich 20 30 40 90\nLuton 25 35 45 105\nPoole 50 60 70 180\nTotal 95 125 155 375"
    assert ("house/totals", "REVIEW") not in found(table(good), "dfe-cin")
    assert ("house/totals", "REVIEW") in found(table(good.replace("40 90", "40 96")), "dfe-cin")


def test_evidence_that_disagrees_with_the_print_fails() -> None:
    made = table("x a b\nNorwich 12 40\nLuton 30 50", units=np.array([12, 40, 30, 50]))
    assert ("house/evidence", "FAIL") not in found(made, "dfe-cin")
    assert ("house/evidence", "FAIL") in found(replace(made, units=np.array([12, 40, 30, 51])), "dfe-cin")


def test_units_decide_and_not_the_figure_printed() -> None:
    made = table(
        "x a b\nNorwich 30 40\nLuton 30 50",
        units=np.array([2, 40, 30, 50]),
        values=np.array([30, 40, 30, 50]),
        unit="child",
    )
    assert found(made, "dfe-cin") == {("dfe-cin/count", "FAIL")}


# ---------------------------------------------------------------- the print


@pytest.mark.parametrize(
    ("text", "kind", "low", "high"),
    [
        ("12", Kind.NUMBER, 12, 12), ("1,234", Kind.NUMBER, 1234, 1234), ("12.5%", Kind.NUMBER, 12.5, 12.5),
        ("c", Kind.HIDDEN, 0, np.inf), ("", Kind.HIDDEN, 0, np.inf), ("*", Kind.HIDDEN, 0, np.inf),
        ("[REDACTED]", Kind.HIDDEN, 0, np.inf), ("NaN", Kind.HIDDEN, 0, np.inf), ("<10", Kind.RANGE, 0, 9),
        ("<=10", Kind.RANGE, 0, 10), ("1-5", Kind.RANGE, 1, 5), ("low", Kind.RANGE, 1, 4), ("z", Kind.NOTHING, 0, 0),
        (":", Kind.NOTHING, 0, 0), ("twelve", Kind.TEXT, 0, np.inf), ("1e999", Kind.TEXT, 0, np.inf),
        ("12,34", Kind.TEXT, 0, np.inf), ("-3", Kind.NUMBER, -3, -3),
    ],
)  # fmt: skip
def test_what_a_printed_cell_tells(text: str, kind: Kind, low: float, high: float) -> None:
    cells = read_cells([text])
    assert (cells.kind[0], cells.low[0], cells.high[0]) == (kind, low, high)


def test_a_common_base_is_seen_only_where_there_is_enough_to_tell() -> None:
    assert common_base(np.array([5.0, 10, 15, 20, 25, 30, 35, 45])) == 5
    assert common_base(np.array([10.0, 20, 30, 40, 50, 60, 70, 80])) == 10
    assert common_base(np.array([10.0, 20, 30])) is None
    assert common_base(np.array([5.0, 10, 15, 20, 25, 30, 35, 46])) is None


def test_totals_are_found_because_they_add_up_whatever_they_are_called() -> None:
    wards = np.array([[3.0, 9], [4, 11], [5, 2]])
    more = np.array([[8.0, 1], [6, 6]])
    grid = np.vstack([wards.sum(0), wards, more.sum(0), more, wards.sum(0) + more.sum(0)])
    members = ["Region A", "A1", "A2", "A3", "Region B", "B1", "B2", "Country"]
    assert find_totals(members, grid) == {1: 0, 2: 0, 3: 0, 5: 4, 6: 4, 0: 7, 4: 7}
    holes = grid.copy()
    holes[1, 0] = np.nan
    holes[2, 0] = np.nan
    with_third = np.hstack([holes, grid[:, :1]])
    assert find_totals(members, with_third) == {1: 0, 2: 0, 3: 0, 5: 4, 6: 4, 0: 7, 4: 7}
    assert find_totals(["a", "b", "c"], np.array([[3.0, 9], [4, 11], [5, 2]])) == {}


def test_a_label_that_could_name_a_child_is_not_told() -> None:
    made = table("x a b\nA1234567890123 3 40\nB1234567890123 30 50")
    (finding,) = [f for f in disclosure.check_table(made, "dfe-cin").findings if f.rule == "dfe-cin/count"]
    assert finding.where == "row 1, column 1"


# ---------------------------------------------------------------- figures


def amounts_of(values: list[float]) -> Amounts:
    given = np.sort(np.abs(values))[::-1]
    top = np.array([[given[0]], [given[1] if len(given) > 1 else 0.0]])
    return Amounts(
        np.array([len(given)]),
        np.array([len(given)]),
        np.array([given.sum()]),
        top,
        np.array([sum(values)]),
        False,
    )


@pytest.mark.parametrize(("part", "whole", "small"), [
    (10, 100, []), (9, 100, ["numerator"]), (91, 100, ["complement"]), (0, 100, []), (100, 100, []), (4, 9, ["numerator", "denominator", "complement"]),
])  # fmt: skip
def test_a_percentage_gives_three_counts(part: int, whole: int, small: list[str]) -> None:
    made = table("x a\nNorwich 10")
    told = list(shares.percentages(made, np.array([part]), np.array([whole]), chain("ons-srs")))
    assert bool(told) == bool(small)
    assert all(word in told[0].message for word in small)


def test_a_percentage_is_turned_back_into_its_counts() -> None:
    assert (1, 3) in shares.possible_counts(33.3, 1, 10)
    assert shares.possible_counts(14.3, 1, 13) == [(1, 7)]


def test_the_two_by_two_table_under_a_ratio_is_held_to_the_threshold() -> None:
    assert list(shares.odds(np.array([10, 20, 30, 40]), chain("ons-srs"), name="n", where="w")) == []
    assert len(list(shares.odds(np.array([9, 20, 30, 40]), chain("ons-srs"), name="n", where="w"))) == 1
    assert list(shares.odds(np.array([0, 20, 30, 40]), chain("ons-srs"), name="n", where="w")) == []


def test_correlations_need_ten_children_and_may_not_be_exact() -> None:
    def told(value: float, children: int) -> int:
        return len(
            list(shapes.correlation(np.array([value]), children, chain("dfe-cin"), name="n", where="w"))
        )

    assert (told(0.5, 10), told(0.5, 9), told(1.0, 10), told(-1.0, 10), told(0.999, 10)) == (0, 1, 1, 1, 0)


def test_an_index_of_concentration_needs_children_none_of_whom_is_half() -> None:
    def told(values: list[float]) -> int:
        return len(list(shapes.concentration(amounts_of(values), chain("dfe-cin"), name="n", where="w")))

    assert (told([1.0] * 10), told([1.0] * 9), told([10.0] + [1.0] * 10), told([9.0] + [1.0] * 10)) == (
        0,
        1,
        1,
        0,
    )


@pytest.mark.parametrize(("at_risk", "events", "censored", "stopped"), [
    ([50, 30], [10, 10], [10, 10], False), ([50, 30], [9, 10], [10, 10], True), ([50, 9], [10, 0], [0, 0], True),
    ([50, 30], [10, 0], [9, 0], True), ([50, 10], [10, 10], [0, 0], False),
])  # fmt: skip
def test_each_step_of_a_curve_at_its_edge(
    at_risk: list[int], events: list[int], censored: list[int], stopped: bool
) -> None:
    told = survival.steps(
        np.array(at_risk),
        np.array(events),
        chain("ons-srs"),
        name="n",
        where="w",
        censored=np.array(censored),
    )
    assert bool(list(told)) == stopped


@pytest.mark.parametrize(("children", "stopped"), [(12, False), (11, True)])
def test_ten_degrees_of_freedom_counted_in_children(children: int, stopped: bool) -> None:
    rng = np.random.default_rng(1)
    design = np.c_[np.ones(children * 2), rng.normal(size=children * 2)]
    who = np.repeat(np.arange(children), 2)
    rules = {f.rule for f in models.model(design, ["one", "x"], who, chain("dfe-cin"), name="m")}
    assert ("house/models" in rules) == stopped


def test_datashields_share_of_parameters() -> None:
    rng = np.random.default_rng(1)
    for terms, stopped in ((9, False), (11, True)):
        design = rng.normal(size=(30, terms))
        told = models.model(
            design, [f"x{at}" for at in range(terms)], np.arange(30), chain("datashield"), name="m"
        )
        assert ("datashield/models" in {f.rule for f in told}) == stopped


def test_leverage_below_one_is_no_finding_and_one_is() -> None:
    rng = np.random.default_rng(1)
    design = np.c_[np.ones(100), rng.normal(size=100)]
    rules = {f.rule for f in models.model(design, ["one", "x"], np.arange(100), chain("dfe-cin"), name="m")}
    assert rules == set()
    alone = np.c_[design, np.arange(100) == 7].astype(float)
    rules = {
        f.rule for f in models.model(alone, ["one", "x", "dummy"], np.arange(100), chain("dfe-cin"), name="m")
    }
    assert {"house/leverage", "house/isolating-term"} == rules


# ---------------------------------------------------------------- rounding


def test_rounding_to_the_nearest_and_by_chance() -> None:
    truth = np.array([0, 2, 3, 7, 8, 12])
    assert round_counts(truth, 5, how="nearest").figures.tolist() == [0, 0, 5, 5, 10, 10]
    labels = [f"cell {at}" for at in range(2000)]
    drawn = round_counts(np.full(2000, 3), 5, how="random", key=bytes(16), labels=labels)
    assert set(drawn.figures.tolist()) == {0, 5}
    assert abs(drawn.figures.mean() - 3) < 0.2
    assert (
        drawn.figures == round_counts(np.full(2000, 3), 5, how="random", key=bytes(16), labels=labels).figures
    ).all()
    with pytest.raises(MisuseError):
        round_counts(truth, 5, how="random")
    with pytest.raises(MisuseError):
        round_counts(truth, 1)


def test_the_base_that_leaves_no_small_count_certain() -> None:
    assert [least_base(least) for least in (6, 8, 10, 11, 20)] == [5, 5, 10, 10, 15]
