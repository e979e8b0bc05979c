"""Rules that planted faults showed nobody held: what the checks and the attack promise, each at the place it can break."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import disclosure
from disclosure import compare as comparing
from disclosure.attack import System, audit
from disclosure.checks import models, shares
from disclosure.checks.counts import contradictions
from disclosure.checks.rowlevel import small_areas
from disclosure.checks.solved import attack_table, consistent
from disclosure.compare import Face, shared_dimensions
from disclosure.explain import explain
from disclosure.files.delimited import Grid
from disclosure.findings import Level
from disclosure.joint import Released, attack_releases
from disclosure.ledger import Entry, Ledger
from disclosure.linear import FREE
from disclosure.packs import chain, load
from disclosure.shown import Cells, Kind, read_cells
from disclosure.table import Table, build
from disclosure.totals import with_totals


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
    made = with_totals(built, read_cells(built.shown, ["c"]))
    return replace(made, **more)  # type: ignore[arg-type]


def told(made: Table, *packs: str) -> set[tuple[str, str]]:
    found = disclosure.check_table(made, list(packs)).findings
    return {(finding.rule.partition("/")[2], finding.where) for finding in found}


def cells_of(made: Table) -> Cells:
    return read_cells(made.shown, ["c"])


# ---------------------------------------------------------------- the attack on one table


def test_the_certificate_says_when_there_was_nothing_to_attack() -> None:
    made = table("x a b Total\nNorwich 12 40 52\nLuton 30 50 80\nTotal 42 90 132")
    assert (
        "every figure is printed" in attack_table(made, cells_of(made), chain("dfe-cin")).certificate["why"]
    )
    hidden = table("x a b\nNorwich c c\nLuton c c")
    assert "no totals" in attack_table(hidden, cells_of(hidden), chain("dfe-cin")).certificate["why"]
    rounded = replace(table("x a b\nNorwich 10 40\nLuton 30 50"), base=5, units=np.array([11, 40, 30, 50]))
    assert attack_table(rounded, cells_of(rounded), chain("dfe-cin")).certificate["attacked"] == 0
    assert "why" not in attack_table(rounded, cells_of(rounded), chain("dfe-cin")).certificate


def test_a_hidden_count_that_can_not_fall_is_told_although_it_can_rise() -> None:
    # the other hidden figure is known to be 40 at most, and is 40: the small one can't be less than 3
    made = table("x a b Total\nNorwich c <=40 43", units=np.array([3, 40, 43]), unit="child")
    made = replace(made, parents=({}, {0: 2, 1: 2}))
    assert ("attack", "area 'Norwich', column 'a'") in told(made, "dfe-cin")
    free = table("x a b Total\nNorwich c c 43", units=np.array([3, 40, 43]), unit="child")
    assert not told(replace(free, parents=({}, {0: 2, 1: 2})), "dfe-cin")


def test_a_count_that_can_not_reach_the_threshold_is_told_from_the_print_alone() -> None:
    made = table("x a b Total\nNorwich c c 4\nLuton 30 50 80")
    made = replace(made, parents=({}, {0: 2, 1: 2}))
    found = disclosure.check_table(made, "dfe-cin").findings
    assert {f.where for f in found if f.rule == "dfe-cin/attack" and "below 6" in f.message} == {
        "area 'Norwich', column 'a'",
        "area 'Norwich', column 'b'",
    }
    more = replace(table("x a b Total\nNorwich c c 6\nLuton 30 50 80"), parents=({}, {0: 2, 1: 2}))
    assert not [f for f in disclosure.check_table(more, "dfe-cin").findings if f.rule == "dfe-cin/attack"]


def test_a_total_that_contradicts_its_parts_is_left_out_and_the_others_are_still_attacked() -> None:
    made = table("x a b Total\nNorwich 20 30 10\nLuton c 50 53\nPoole 20 30 90")
    made = replace(made, parents=({}, {0: 2, 1: 2}))
    rows, low, high = consistent(made, cells_of(made))
    assert rows.shape[0] == 1
    assert (low[3], high[3]) == (0.0, FREE)
    assert ("attack", "area 'Luton', column 'a'") in told(made, "dfe-cin")


def test_a_target_that_its_piece_freezes_is_told_at_both_sides() -> None:
    rows = sp.csr_matrix([[1.0, -1, 0, 0], [0, 0, 1, -1]])
    system = System(rows, np.full(4, 4.0), np.array([4.0, 0, 4, 4]), np.array([FREE, 0, FREE, FREE]))
    leaks = audit(system, np.array([0, 2]), np.array([2.0, 2]), np.array([1.0, 1]))
    assert [(leak.cell, leak.side) for leak in leaks] == [(0, 1), (0, -1)]


def test_a_small_group_that_rounding_leaves_between_one_and_nine_is_told() -> None:
    area = np.repeat([1, 2], 400)
    fewer = area.copy()
    fewer[:5] = 0

    def rounded(name: str, cell: np.ndarray, off: float) -> Released:
        counts = np.bincount(cell, minlength=3)[1:].astype(float)
        return Released(name, cell, 2, low=counts - off, high=counts + off)

    found = attack_releases([rounded("all", area, 2), rounded("fewer", fewer, 2)], k=10)
    assert [leak.children for leak in found.leaks] == [5]  # surely 1, surely not more than 9
    assert not attack_releases([rounded("all", area, 2.5), rounded("fewer", fewer, 2.5)], k=10).leaks


# ---------------------------------------------------------------- counts


def test_a_total_one_child_off_is_told_and_rounding_excuses_half_a_base_a_figure() -> None:
    right = "x a b c Total\nNorwich 20 30 40 90\nLuton 25 35 45 105\nPoole 50 60 70 180"
    made = replace(table(right), parents=({}, {0: 3, 1: 3, 2: 3}))
    assert not list(contradictions(made, cells_of(made)))
    off = replace(made, shown=tuple("91" if text == "90" else text for text in made.shown))
    assert [finding.rule for finding in contradictions(off, cells_of(off))] == ["house/totals"]
    for total, wrong in (("95", False), ("100", False), ("105", True)):  # four figures, each 2.5 off at most
        rough = replace(made, shown=tuple(total if text == "90" else text for text in made.shown), base=5)
        assert bool(list(contradictions(rough, cells_of(rough)))) == wrong


def test_a_group_with_one_category_only_has_nothing_to_be_told_by() -> None:
    made = table("x a Total\nNorwich 50 50\nLuton 60 60\nTotal 110 110")
    made = replace(made, parents=({0: 2, 1: 2}, {0: 1}))
    assert not [rule for rule, _ in told(made, "ons-srs") if rule in ("group", "zero")]


# ---------------------------------------------------------------- models, shares, areas


def test_a_group_mean_over_many_rows_of_two_children_is_over_two_children() -> None:
    groups = np.repeat([0.0, 1.0], [40, 40])
    design = np.c_[np.ones(80), groups]
    who = np.r_[np.arange(40), np.tile([100, 101], 20)]
    found = list(models.model(design, ["one", "g"], who, chain("ons-srs"), name="m"))
    assert [f.verdict for f in found if f.rule == "house/saturated"] == [Level.FAIL]
    many = np.arange(80)
    found = list(models.model(design, ["one", "g"], many, chain("ons-srs"), name="m"))
    assert [f.verdict for f in found if f.rule == "house/saturated"] == [Level.REVIEW]


@pytest.mark.parametrize(
    ("share", "decimals"), [(33.3, 1), (14.3, 1), (50.0, 0), (100.0, 0), (0.0, 1), (12.5, 1)]
)
def test_a_percentage_is_turned_back_into_every_count_that_prints_so(share: float, decimals: int) -> None:
    half = 0.5 * 10.0**-decimals
    every = [
        (part, whole)
        for whole in range(1, 251)
        for part in range(whole + 1)
        if abs(100 * part / whole - share) <= half + 1e-9
    ]
    assert shares.possible_counts(share, decimals, 250) == every


@pytest.mark.parametrize(
    ("percent", "whole", "ends", "fails"),
    [
        ("1", 400, (2, 6), False),
        ("1", 300, (2, 4), True),
        ("1.0", 300, (3, 3), True),
        ("0", 100, (0, 0), False),
    ],
)
def test_a_percentage_beside_a_hidden_count_narrows_it_and_fails_when_it_can_only_be_small(
    percent: str, whole: int, ends: tuple[int, int], fails: bool
) -> None:
    grid = Grid("t", ("area", "care", "care %", "Total"), (("Norwich", "c", percent, str(whole)),))
    kept, found = shares.undone(grid, ["c"], chain("dfe-cin"))
    assert kept.header == ("area", "care", "Total")
    assert kept.rows == (("Norwich", f"{ends[0]}-{ends[1]}", str(whole)),)
    assert bool(found) == fails


@pytest.mark.parametrize(
    ("codes", "rows", "fires"), [(3, 4, True), (2, 4, False), (0, 4, False), (1, 1, True)]
)
def test_small_areas_are_told_where_they_are_most_of_a_column(codes: int, rows: int, fires: bool) -> None:
    body = tuple((f"E0100{at:04d}" if at < codes else f"ward {at}", "40") for at in range(rows))
    assert bool(list(small_areas(Grid("t", ("area", "n"), body)))) == fires


def test_a_figure_of_the_house_without_a_source_says_so_and_a_pack_replaces_it(tmp_path: Path) -> None:
    for rule in ("house/predictor", "house/dominance"):
        assert "house rule, no published source" in explain(rule)
    assert "no published source" not in explain("dfe-cin/count")
    own = tmp_path / "own.toml"
    own.write_text(
        'name="own"\ntitle="t"\nversion="1"\nsource="s"\nunit="child"\nsymbol="c"\n'
        '[predictor]\nauc=0.8\nconfidence="house"\n'
    )
    for pack, auc, level in (("dfe-cin", 0.6, Level.FAIL), (own, 0.79, Level.REVIEW), (own, 0.8, Level.FAIL)):
        (finding,) = models.predictor(object(), auc, chain([pack]), name="m")
        assert finding.verdict is level
    assert finding.rule == "own/predictor"


# ---------------------------------------------------------------- beside an earlier release


def entry(labels: dict[str, int], *, name: str = "area", **more: object) -> Entry:
    """A one-way release: what each label printed."""
    counts = np.array(list(labels.values()), float)
    base: dict[str, object] = {
        "number": 1, "name": "earlier.csv", "digest": "d", "at": "", "unit": "child", "scope": {},
        "dimensions": (name,), "members": (tuple(labels),), "codes": np.arange(len(labels))[:, None],
        "totals": (None,), "low": counts, "high": counts,
    }  # fmt: skip
    return Entry(**{**base, **more})  # type: ignore[arg-type]


def one_way(labels: dict[str, str], *, name: str = "area") -> Table:
    return build(
        "new", [(label,) for label in labels], ["n"], [[text] for text in labels.values()], dimensions=[name]
    )


def differing(mine: dict[str, int], theirs: dict[str, int], *, k: str = "ons-srs") -> bool:
    made = one_way({label: str(count) for label, count in mine.items()})
    ledger = Ledger(Path("none"), b"", entries=[entry(theirs)])
    found = list(comparing.compare(made, cells_of(made), chain(k), ledger))
    return any(finding.rule.endswith("/differencing") for finding in found)


BASE = {"a": 100, "b": 200, "c": 300, "d": 400, "e": 500}


@pytest.mark.parametrize(
    ("change", "caught"),
    [
        ({}, False),
        ({"a": -3}, True),  # the others alike
        ({"a": 3}, True),
        ({"a": -3, "b": -50, "d": -60}, True),  # never more than before: part of it
        ({"a": 3, "b": 50, "d": 60}, True),  # never less
        ({"a": -3, "b": 50, "d": -60}, False),  # neither, and fewer than half alike
        ({"a": -1, "b": -50, "c": -50, "d": -50, "e": -50}, True),
        ({"a": -10, "b": -50, "c": -50, "d": -50, "e": -50}, False),
        ({"a": -9, "b": -50, "c": -50, "d": -50, "e": -50}, True),
    ],
)
def test_figures_that_differ_by_few_are_told_where_one_table_is_part_of_the_other(
    change: dict[str, int], caught: bool
) -> None:
    assert differing({label: count + change.get(label, 0) for label, count in BASE.items()}, BASE) == caught


def test_half_the_cells_alike_is_not_most_of_them() -> None:
    theirs = {"a": 100, "b": 200, "c": 300, "d": 400}
    assert not differing({"a": 100, "b": 200, "c": 303, "d": 360}, theirs)
    assert differing({"a": 100, "b": 200, "c": 303, "d": 400}, theirs)
    assert not differing({"a": 103, "b": 160, "c": 350}, {"a": 100, "b": 200, "c": 300})


def test_named_dimensions_are_the_same_by_their_name_and_unnamed_ones_by_their_labels() -> None:
    def faced(name: str, labels: list[str]) -> Face:
        made = build("f", [(label,) for label in labels], ["n"], [["1"] for _ in labels], dimensions=[name])
        return comparing.face(made, read_cells(made.shown))

    labels = ["yes", "no", "unknown", "refused"]
    assert shared_dimensions(faced("care", labels), faced("care", labels)) == [(0, 0)]
    assert shared_dimensions(faced("CARE", labels), faced("care", labels)) == [(0, 0)]
    assert shared_dimensions(faced("care", labels), faced("plan", labels)) == []
    assert shared_dimensions(faced("label 1", labels), faced("plan", labels)) == [(0, 0)]
    assert shared_dimensions(faced("column", labels), faced("plan", labels)) == [(0, 0)]
    assert shared_dimensions(faced("row", labels), faced("plan", ["yes", "no", "other", "none"])) == [(0, 0)]
    assert shared_dimensions(faced("row", labels), faced("plan", ["yes", "x", "other", "none"])) == []


def test_what_an_earlier_release_tells_of_the_same_children_narrows_hidden_figures_only() -> None:
    made = replace(one_way({"p": "c", "q": "40", "r": "c", "s": "c"}), sets=np.array([5, 6, 7, 0]))
    cells = cells_of(made)
    low, high = cells.low.copy(), cells.high.copy()
    earlier = entry({"x": 4, "y": 41, "z": 9}, sets=np.array([5, 6, 0]), low=np.array([2.0, 41, 9]),
                    high=np.array([4.0, 41, 9]))  # fmt: skip
    assert comparing._learn_by_sets(made, earlier, low, high, cells)
    assert low.tolist() == [2, 40, 0, 0]
    assert high.tolist() == [4, 40, np.inf, np.inf]
    assert not comparing._learn_by_sets(made, earlier, low, high, cells)  # nothing new the second time
    hidden = entry({"x": 0}, sets=np.array([7]), high=np.array([np.inf]))
    assert not comparing._learn_by_sets(made, hidden, low, high, cells)


def test_a_pack_that_asks_only_that_nothing_comes_out_exactly_lets_a_small_sum_stand(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'name="own"\ntitle="t"\nversion="1"\nsource="s"\nunit="child"\nsymbol="c"\n'
        '[count]\nhidden=[1,5]\nconfidence="house"\n[secondary]\nrequired=false\nconfidence="house"\n'
        '[zero]\nrule="shown"\nconfidence="house"\n'
    )
    made = table("x a b Total\nNorwich c c 4", units=np.array([2, 2, 4]), unit="child")
    made = replace(made, parents=({}, {0: 2, 1: 2}))

    def attacked(pack: object) -> list[str]:
        found = disclosure.check_table(made, pack).findings  # type: ignore[arg-type]
        return [f.where for f in found if f.rule.endswith("/attack")]

    assert attacked(load(own)) == []
    assert len(attacked("dfe-cin")) == 2
    assert cells_of(made).kind[0] == Kind.HIDDEN


def test_a_hidden_nought_is_told_and_no_contradiction_is() -> None:
    made = replace(table("x a b Total\nNorwich c 40 40\nLuton 0 50 50"), parents=({}, {0: 2, 1: 2}))
    found = disclosure.check_table(made, "dfe-cin").findings
    assert "dfe-cin/attack" in {f.rule for f in found}
    assert not [f for f in found if "contradict" in f.message]


@pytest.mark.parametrize(("decimals", "whole"), [(0, 1000), (1, 37), (1, 999), (2, 350), (0, 7)])
def test_the_numerators_of_a_percentage_are_all_that_print_so(decimals: int, whole: int) -> None:
    half = 0.5 * 10.0**-decimals
    for part in range(0, whole + 1, max(1, whole // 11)):
        share = round(100 * part / whole, decimals)
        fits = [of for of in range(whole + 1) if abs(100 * of / whole - share) <= half + 1e-9]
        assert shares.numerators(share, decimals, whole) == (fits[0], fits[-1])
    assert shares.numerators(0.4, 1, 100) is None


def test_a_percentage_that_gives_one_child_back_fails_and_one_of_nobody_does_not() -> None:
    rows = (
        ("Norwich", "c", "0.3", "300"),
        ("Luton", "c", "0", "0"),
        ("Poole", "c", "0.0", "300"),
        ("Bath", "c", "0", "300"),
    )
    kept, found = shares.undone(Grid("t", ("area", "care", "care %", "Total"), rows), ["c"], chain("dfe-cin"))
    assert [row[1] for row in kept.rows] == ["1-1", "0-0", "0-0", "0-1"]
    assert [finding.where for finding in found] == ["row 1, column 2"]


def test_evidence_that_names_a_method_and_nothing_else_is_told_of_the_whole_table() -> None:
    made = table("x a b\nNorwich 10 40\nLuton 30 50", units=np.array([11, 40, 30, 50]), method="round")
    (finding,) = [f for f in contradictions(made, cells_of(made)) if f.rule == "house/evidence"]
    assert finding.where == "area 'Norwich', column 'a'"


def test_how_many_more_cells_differ_is_told() -> None:
    for fewer, words in (({"a": 3}, "area 'a'"), ({"a": 3, "b": 2}, "area 'a' and 1 more")):
        made = one_way({label: str(count - fewer.get(label, 0)) for label, count in BASE.items()})
        ledger = Ledger(Path("none"), b"", entries=[entry(BASE)])
        (finding,) = comparing.compare(made, cells_of(made), chain("ons-srs"), ledger)
        assert finding.where == words


def test_only_the_releases_that_told_something_are_named() -> None:
    made = one_way({"a": "c", "b": "200", "c": "300", "Total": "504"})
    shown = {"a": 4, "b": 200, "c": 300}
    silent = entry({"b": 200, "c": 300}, number=2, name="silent.csv", digest="e")
    ledger = Ledger(Path("none"), b"", entries=[entry(shown), silent])
    found = list(comparing.compare(made, cells_of(made), chain("dfe-cin"), ledger))
    assert [finding.where for finding in found] == ["area 'a'"]
    assert found[0].message.endswith("together with release 1 (earlier.csv)")


def test_a_release_without_totals_is_added_up_before_it_is_compared() -> None:
    members = (("a", "b", "c", "d"), ("girl", "boy"))
    counts = np.array([40, 60, 90, 110, 150, 150, 190, 210], float)  # by area: 100, 200, 300, 400
    codes = np.array([(area, sex) for area in range(4) for sex in range(2)])
    two_way = entry({"a": 0}, dimensions=("area", "sex"), members=members, codes=codes, totals=(None, None),
                    low=counts, high=counts)  # fmt: skip
    for count, caught in ((100, False), (97, True), (103, True)):
        made = one_way({"a": str(count), "b": "200", "c": "300", "d": "400"})
        found = list(
            comparing.compare(made, cells_of(made), chain("ons-srs"), Ledger(Path("n"), b"", [two_way]))
        )
        assert bool(found) == caught
    folded = comparing.project(two_way, [0])
    assert folded[("a",)] == (100.0, 100.0, -1)
    assert comparing.project(two_way, [0, 1])[("b", "boy")] == (110.0, 110.0, 3)
    with_total = replace(two_way, members=(members[0], ("girl", "boy", "all")), totals=(None, 2))
    assert comparing.project(with_total, [0])[("a",)] == (100.0, 100.0, -1)


# ---------------------------------------------------------------- everything released together


def test_with_a_new_table_named_only_what_it_touches_is_attacked() -> None:
    area = np.repeat([1, 2, 0, 0], 100)
    dropped = area.copy()
    dropped[:3] = 0  # three children come out of the first two tables, whoever comes third
    beside = np.repeat([0, 0, 1, 2], 100)
    old = [Released("all", area, 2), Released("fewer", dropped, 2)]
    assert len(attack_releases([*old, Released("beside", beside, 2)]).leaks) == 1
    assert not attack_releases([*old, Released("beside", beside, 2)], new=2).leaks
    across = np.where(np.arange(400) % 2, 1, 0)
    assert attack_releases([*old, Released("across", across, 1)], new=2).leaks
    assert attack_releases(old, new=1).leaks
    inside = np.zeros(400, np.int64)
    inside[:3] = 1  # the new table prints the three themselves
    assert attack_releases([Released("all", area, 2), Released("three", inside, 1)], new=1).leaks
    far = np.repeat([0, 0, 0, 1], 100)
    assert not attack_releases([*old, Released("far", far, 1)], new=2).leaks


def test_what_is_not_settled_in_time_is_named_by_the_last_cell_it_lies_in() -> None:
    area = np.repeat([1, 2], 50)
    other = np.repeat([1, 2, 1], [5, 90, 5])
    found = attack_releases([Released("one", area, 2), Released("two", other, 2)], seconds=-1.0)
    assert not found.safe
    assert set(found.unsettled) == {(1, 0)}
    few = attack_releases([Released("one", np.repeat([1, 2], [5, 90]), 2)], seconds=-1.0)
    assert few.unsettled == ((0, 0),)


def test_a_leak_outside_the_new_table_is_attacked_where_their_cells_meet() -> None:
    area = np.repeat([1, 2], 100)
    dropped = area.copy()
    dropped[150:153] = 0
    new = np.zeros(200, np.int64)
    new[100:140] = 1  # of the second area only, and of none of the three
    old = [Released("all", area, 2), Released("fewer", dropped, 2)]
    assert attack_releases([*old, Released("new", new, 1)], new=2).leaks
