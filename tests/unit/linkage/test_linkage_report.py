"""The report adds up, hides small counts, and holds nothing of a child."""

import json

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.linkage import page, tables
from tre_toolkit.linkage.quality import score
from tre_toolkit.linkage.records import stack
from tre_toolkit.linkage.report import HIDDEN, LINKED, _group, _rate, _rough, _safe, _split, report_on
from tre_toolkit.linkage.run import link_records

FACTS = {"project": "norfolk", "synthetic": True, "standardiser": "1", "profile": "strict"}


@pytest.fixture
def told(drawn):
    """Sixty children in one return, the first forty of them in another; every third is a boy."""
    rows = [(f"U{at}", "M" if at % 3 == 0 else "F", at) for at in range(60)]
    head = "upn | sex | record_id\n"
    one = drawn(head + "\n".join(f"{upn} | {sex} | {at}" for upn, sex, at in rows), "990 cin_census 2025")
    two = drawn(
        head + "\n".join(f"{upn} | {sex} | {at + 100}" for upn, sex, at in rows[:40]), "991 cin_census 2025"
    )
    about = pd.DataFrame(
        {
            "parcel": ["parcel of 990"] * 60,
            "record_id": range(60),
            "sex": ["M" if at % 3 == 0 else "F" for at in range(60)],
            "birth_year": [2010 + at % 12 for at in range(60)],
            "ethnicity": ["White"] * 55 + ["Mixed"] * 5,
        }
    )
    linked = link_records(stack([one, two]), key=b"k")
    return report_on(linked, about, FACTS)


def test_records_in_are_linked_plus_unlinked(told):
    assert told["records"] == {"in": 100, "linked": 80, "unlinked": 20}
    assert told["persons"]["all"] == 60
    assert told["persons"]["by records"] == {"1": 20, "2": 40}


def test_the_match_rate_of_each_two_returns(told):
    (pair,) = told["pairs of returns"]
    assert (pair["persons"], pair["both"], pair["rate"]) == ([60, 40], 40, 1.0)
    assert [one["linked"] for one in told["returns"]] == [0.6667, 1.0]


def test_steps_add_up_to_the_linked_records(told):
    assert sum(one["records"] for one in told["steps"]) == told["records"]["linked"]


def test_a_small_group_is_hidden_and_can_not_be_had_from_the_totals(told):
    ethnicity = {one["group"]: one for one in told["groups"]["ethnicity"]}
    assert ethnicity["Mixed"] == {
        "group": "Mixed",
        "records": HIDDEN,
        "linked": HIDDEN,
        "unlinked": HIDDEN,
        "rate": HIDDEN,
    }
    # those not known are the forty of the second return: hidden here they would be told there
    assert ethnicity["not known"]["records"] == 40
    assert ethnicity["White"]["records"] == HIDDEN  # else 100 - 55 - 40 would tell
    # six boys were not linked: of twenty unlinked that is what the girls' fourteen would leave
    sex = {one["group"]: (one["linked"], one["rate"]) for one in told["groups"]["sex"]}
    assert sex == {"F": (HIDDEN, HIDDEN), "M": (HIDDEN, HIDDEN), "not known": (40, 1.0)}


def test_groups_without_small_counts_are_told_whole():
    marks = {LINKED: np.array([True] * 60 + [False] * 40)}
    sex = pd.Series((["F"] * 30 + ["M"] * 30) + (["F"] * 20 + ["M"] * 20))
    (one, other) = _group(tables.axes({"sex": sex}, marks)["sex"], marks)
    assert one == {"group": "F", "records": 50, "linked": 30, "unlinked": 20, "rate": 0.6}
    assert other["linked"] == 30
    assert one["records"] + other["records"] == 100


def test_the_age_bands_are_those_of_the_children(told):
    assert {one["group"] for one in told["groups"]["age band"]} == {
        "1 to 4",
        "5 to 9",
        "10 to 15",
        "not known",
    }


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, HIDDEN), (9, HIDDEN), (10, 10)])
def test_counts_under_ten_are_hidden(count, shown):
    assert _safe(count) == shown


def test_a_rate_is_only_bounded_when_it_or_its_complement_is_small():
    assert _rate(1, 100) == _rate(9, 100) == "< 10.0%"
    assert _rate(91, 100) == _rate(99, 100) == "> 90.0%"
    assert _rate(50, 100) == 0.5
    assert _rate(100, 100) == 1.0
    assert _rate(3, 5) == HIDDEN
    assert _rate(0, 0) is None
    assert _split(95, 100) == {"linked": HIDDEN, "unlinked": HIDDEN}


def test_a_rough_rate_tells_no_small_count_from_its_neighbours():
    assert _rough(500, 1000) == _rough(509, 1000) == 0.5
    assert _rough(3, 19) == HIDDEN
    assert _rough(0, 0) is None
    for whole in (20, 57, 999, 20_000):
        rates = np.array([_rough(part, whole) for part in range(whole + 1)])
        assert np.diff(np.flatnonzero(np.diff(rates))).min(initial=whole) >= 2 * tables.SMALL - 1


def drawn_axes(sizes, marked):
    """An axis of rows of these sizes, so many of each marked."""
    row = np.repeat(np.arange(len(sizes)), sizes)
    within = np.concatenate([np.arange(size) for size in sizes])
    marks = {LINKED: within < np.repeat(marked, sizes)}
    return pd.Series(row.astype(str)), marks


def rows_hidden(axis):
    """Of each row, whether its records are hidden; its links are with them."""
    assert axis.hidden[:, 0, 0].tolist() == axis.hidden[:, 0, 1].tolist() == axis.hidden[:, 0, 2].tolist()
    return axis.hidden[:, 0, 2].tolist()


def test_rows_are_hidden_until_what_is_hidden_is_no_small_count():
    column, marks = drawn_axes([50, 3, 30, 60], [25, 1, 15, 30])
    axis = tables.axes({"group": column}, marks)["group"]
    assert rows_hidden(axis) == [False, True, True, False]  # the three, and the thirty that cover them
    column, marks = drawn_axes([50, 3, 30, 60], [25, 0, 30, 30])
    axis = tables.axes({"group": column}, marks)["group"]
    assert axis.hidden[:, 0, 2].tolist() == [False, True, True, False]
    assert axis.hidden[:, 0, 0].tolist() == [
        True,
        True,
        True,
        False,
    ]  # the thirty cover no one of the three unmarked
    column, marks = drawn_axes([50, 30], [25, 15])
    assert not tables.axes({"group": column}, marks)["group"].hidden.any()


def test_what_covers_stands_in_no_other_table_if_it_can_and_else_is_hidden_in_all():
    column, marks = drawn_axes([50, 3, 30, 60], [25, 1, 15, 30])
    again = column.map({"0": "a", "1": "b", "2": "c", "3": "b"})
    (one, other) = tables.axes({"group": column, "other": again}, marks).values()
    assert rows_hidden(one) == [False, True, False, True]  # the thirty are told by the other column
    assert not other.hidden.any()
    again = column.map({"0": "a", "1": "d", "2": "c", "3": "b"})
    (one, other) = tables.axes({"group": column, "other": again}, marks).values()
    assert rows_hidden(one) == [False, True, True, False]
    assert dict(zip(other.labels, rows_hidden(other), strict=True)) == {
        "a": False,
        "b": False,
        "c": True,
        "d": True,
    }


def test_what_is_hidden_is_covered_within_the_row_of_a_coarser_column():
    column, marks = drawn_axes([50, 3, 30, 60, 40], [25, 1, 15, 30, 20])
    coarse = column.map({"0": "a", "1": "b", "2": "a", "3": "b", "4": "a"})
    (fine, above) = tables.axes({"fine": column, "coarse": coarse}, marks).values()
    assert not above.hidden.any()
    assert rows_hidden(fine) == [False, True, False, True, False]  # the three are the sixty's to cover


def test_a_mark_that_nearly_all_or_nearly_none_have_is_not_told():
    few, all_but_few, fit = (np.arange(100) < many for many in (5, 95, 50))
    assert list(tables.told({"few": few, "most": all_but_few, "fit": fit, "all": np.ones(100, bool)})) == [
        "fit",
        "all",
    ]


def test_the_page_opens_without_a_network_and_marks_invented_children(told, tmp_path):
    page.write(told, tmp_path)
    shown = (tmp_path / "report.html").read_text()
    assert page.MARK in shown
    assert "http" not in shown
    assert "<script" not in shown
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(told))
    assert page.MARK not in page.render(told | {"synthetic": False})


def test_scores_equal_a_count_of_all_pairs():
    found, true = pd.Series(list("aabbc")), pd.Series(list("xxxyy"))
    pairs = [(one, two) for one in range(5) for two in range(one)]
    linked = {pair for pair in pairs if found[pair[0]] == found[pair[1]]}
    meant = {pair for pair in pairs if true[pair[0]] == true[pair[1]]}
    told = score(found, true)
    assert told["pairs_right"] == len(linked & meant)
    assert told["precision"] == round(len(linked & meant) / len(linked), 5)
    assert told["recall"] == round(len(linked & meant) / len(meant), 5)
