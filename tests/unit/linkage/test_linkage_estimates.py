"""What the report says of the links' quality, beside the truth."""

import json

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.linkage import estimates, page
from tre_toolkit.linkage.engines import join
from tre_toolkit.linkage.report import _safe, report_on
from tre_toolkit.linkage.run import link_records

FACTS = {"project": "norfolk", "synthetic": True, "standardiser": "1", "profile": "strict"}


@pytest.fixture(scope="module")
def linked(two_files):
    return link_records(two_files[2], key=b"k")


@pytest.fixture(scope="module")
def about(two_files):
    a, b, records = two_files
    return pd.DataFrame(
        {
            "parcel": records.about["parcel"],
            "record_id": records.about["record_id"],
            "sex": pd.concat([a["sex"], b["sex"]], ignore_index=True),
            "birth_year": pd.to_numeric(
                pd.concat([a["birth_date"], b["birth_date"]], ignore_index=True).str[:4]
            ),
            "ethnicity": pd.concat([a["group"], b["group"]], ignore_index=True),
        }
    )


def test_the_estimates_are_near_the_truth(two_files, linked):
    a, b, _ = two_files
    made, found = linked.joined.units, linked.joined.found
    first = np.unique(made.unit, return_index=True)[1]
    true = np.concatenate([a["person"], b["person"]])[first]
    accepted = estimates._accepted(found)
    right = true[found.across.left] == true[found.across.right]
    sizes = pd.DataFrame({"true": true, "file": made.file}).value_counts().unstack(fill_value=0)
    matches = int((sizes[0] * sizes[1]).sum())
    told = estimates.overall(linked.joined)
    assert told["precision"] == pytest.approx(right[accepted].mean(), abs=0.01)
    assert told["recall"] == pytest.approx(right[accepted].sum() / matches, abs=0.02)
    assert told["pairs"] == accepted.sum()


def test_groups_add_up_to_the_whole(two_files, linked):
    a, b, _ = two_files
    unit = linked.joined.units.unit
    first = np.unique(unit, return_index=True)[1]
    group = pd.concat([a["group"], b["group"]], ignore_index=True).iloc[first].reset_index(drop=True)
    rows = estimates.by_group(linked.joined, group)
    assert sum(row["pairs"] for row in rows) == estimates.overall(linked.joined)["pairs"]
    assert {row["group"] for row in rows} <= set(group)
    assert all(row["precision"] is None or 0.8 < row["precision"] <= 1 for row in rows)


def test_a_held_out_number_scores_the_links_that_were_made_without_it(two_files, linked):
    told = {one["number"]: one for one in estimates.held_out(linked.joined)}
    assert "UPN" in told
    upn = told["UPN"]
    assert upn["precision"] > 0.95  # one UPN in seventy is changed there without a word
    assert 0.85 < upn["recall"] <= 1
    low, high = upn["recall, 95%"]
    assert low <= upn["recall"] <= high
    assert upn["links scored"] <= upn["children with the number in two files"] * 1.05


def test_more_pairs_and_less_precision_at_lower_thresholds(linked):
    rows = estimates.by_threshold(linked.joined)
    pairs = [row["pairs"] for row in rows if row["pairs"] is not None]
    overall = estimates.overall(linked.joined)["pairs"]
    assert all(abs(one - other) >= 10 for one in pairs for other in (*pairs, overall) if one != other)
    assert pairs == sorted(pairs, reverse=True)
    assert [row["threshold"] for row in rows if row["taken"]] == [linked.joined.found.threshold]
    assert rows[0]["precision"] <= rows[-1]["precision"]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(50, 100, 0.4038, 0.5962), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_intervals_are_wilsons(part, whole, low, high):
    assert estimates.interval(part, whole) == pytest.approx((low, high), abs=1e-4)
    assert estimates.interval(0, 0) is None


def test_standardised_differences_are_nought_where_nothing_differs_and_large_where_all_does():
    linked = pd.Series([True] * 200 + [False] * 200)
    same = pd.Series((["a"] * 100 + ["b"] * 100) * 2)
    rows = estimates.standardised_differences(linked, {"x": same})
    assert [row["difference"] for row in rows] == [0.0, 0.0]
    apart = pd.Series(["a"] * 160 + ["b"] * 40 + ["a"] * 40 + ["b"] * 160)
    rows = estimates.standardised_differences(linked, {"x": apart})
    assert rows[0]["difference"] == pytest.approx((0.8 - 0.2) / np.sqrt(0.16), abs=1e-3)
    assert estimates.standardised_differences(linked[:50], {"x": same[:50]}) == []
    rare = pd.Series(["rare"] * 5 + ["b"] * 395)
    assert {row["group"] for row in estimates.standardised_differences(linked, {"x": rare})} <= {"b"}


def test_the_whole_report_is_made_and_drawn(linked, about, tmp_path):
    told = report_on(linked, about, FACTS)
    page.write(told, tmp_path)
    shown = (tmp_path / "report.html").read_text()
    assert shown.count("<svg") >= 2
    assert "At other thresholds" in shown
    assert "http" not in shown
    assert {one["column"] for one in told["completeness by group"]} == {"sex", "ethnicity", "age band"}
    assert json.loads((tmp_path / "report.json").read_text())["estimated"] == told["estimated"]
    for one in told["weights"]:
        assert one["pairs"] == _safe(one["pairs"]) if isinstance(one["pairs"], int) else one["pairs"] == "<10"


def test_rules_estimate_nothing(two_files, about):
    joined = join(two_files[2], engine="rules")
    with pytest.raises(TreError, match="only the model"):
        estimates.overall(joined)
    told = report_on(link_records(two_files[2], key=b"k", engine="rules"), about, FACTS)
    assert "estimated" not in told
    page.render(told)
