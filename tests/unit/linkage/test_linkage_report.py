"""The report adds up, hides small counts, and holds nothing of a child."""

import json

import pandas as pd
import pytest

from tre_toolkit.linkage import page
from tre_toolkit.linkage.quality import score
from tre_toolkit.linkage.records import stack
from tre_toolkit.linkage.report import HIDDEN, _groups, _rate, _safe, _split, report_on
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


def test_groups_add_up(told):
    sex = {one["group"]: one for one in told["groups"]["sex"]}
    assert sex["F"]["records"] + sex["M"]["records"] + sex["not known"]["records"] == 100


def test_a_small_group_is_hidden_and_can_not_be_had_from_the_totals(told):
    ethnicity = {one["group"]: one for one in told["groups"]["ethnicity"]}
    assert ethnicity["Mixed"] == {
        "group": "Mixed",
        "records": HIDDEN,
        "linked": HIDDEN,
        "unlinked": HIDDEN,
        "rate": HIDDEN,
    }
    assert ethnicity["White"]["records"] == 55
    assert ethnicity["not known"]["records"] == HIDDEN  # else 100 - 55 - 40 would tell
    # six boys were not linked: of twenty unlinked that is what the girls' fourteen would leave
    sex = {one["group"]: (one["linked"], one["rate"]) for one in told["groups"]["sex"]}
    assert sex == {"F": (HIDDEN, HIDDEN), "M": (HIDDEN, "> 50.0%"), "not known": (40, 1.0)}


def test_groups_without_small_counts_are_told_whole():
    joined = pd.Series([True] * 60 + [False] * 40)
    sex = pd.Series((["F"] * 30 + ["M"] * 30) + (["F"] * 20 + ["M"] * 20))
    (one, other) = _groups(joined, {"sex": sex})["sex"]
    assert one == {"group": "F", "records": 50, "linked": 30, "unlinked": 20, "rate": 0.6}
    assert other["linked"] == 30


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
