"""The model: what it finds among invented children, and what must never move it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.engines import ENOUGH, join
from tre_toolkit.linkage.model import levels
from tre_toolkit.linkage.model.candidates import bring_up, near_values, slices
from tre_toolkit.linkage.model.classes import (
    CLASSES,
    FIXED,
    NUMBERS,
    SAME,
    TWIN,
    expectations,
    null_levels,
)
from tre_toolkit.linkage.model.em import fit, score, universe
from tre_toolkit.linkage.model.engine import NAMED, THRESHOLDS, WANTED, find
from tre_toolkit.linkage.model.files import units
from tre_toolkit.linkage.model.pairs import LABELS, RADIX, patterns, with_dated
from tre_toolkit.linkage.records import Lists, Records, mix, stack


def pairs_across(cluster, source, true):
    """Of pairs across the two files: how many were linked, how many belong together, how many are both."""
    frame = pd.DataFrame({"cluster": cluster, "source": source, "true": true})

    def count(columns):
        sizes = frame.groupby([*columns, "source"]).size().unstack(fill_value=0)
        return int((sizes[0] * sizes[1]).sum())

    return count(["cluster"]), count(["true"]), count(["cluster", "true"])


@pytest.fixture(scope="module")
def found(two_files):
    _, _, records = two_files
    return find(records, records.source)


def test_most_children_are_found_and_few_are_confused(two_files, found):
    a, b, records = two_files
    true = np.concatenate([a["person"], b["person"]])
    linked, meant, right = pairs_across(found.persons.cluster, records.source, true)
    assert right / linked >= 0.99
    assert right / meant >= 0.975


def test_twins_are_told_apart(two_files, found):
    a, b, _ = two_files
    true = np.concatenate([a["person"], b["person"]])
    home = np.concatenate([a["household"], b["household"]])
    accepted = found.across.over(found.threshold)
    twins = (true[accepted.left] != true[accepted.right]) & (home[accepted.left] == home[accepted.right])
    assert twins.sum() <= 0.005 * len(accepted.left)
    assert found.fit.sizes[TWIN] > 10  # the class that keeps them apart is not empty


def test_probabilities_mean_what_they_say(two_files, found):
    a, b, _ = two_files
    true = np.concatenate([a["person"], b["person"]])
    hit = true[found.across.left] == true[found.across.right]
    frame = pd.DataFrame({"p": found.across.probability, "hit": hit})
    groups = frame.groupby(pd.cut(frame["p"], np.linspace(0, 1, 11)), observed=True)
    gap = (groups["p"].mean() - groups["hit"].mean()).abs()
    assert float((gap * groups.size()).sum() / len(frame)) <= 0.05


def test_the_threshold_is_the_first_whose_estimated_precision_is_enough(found):
    assert found.threshold in THRESHOLDS
    assert found.tried[found.threshold] >= WANTED
    assert all(found.tried[one] < WANTED for one in found.tried if one < found.threshold)


def test_a_named_threshold_is_taken_as_asked(two_files):
    _, _, records = two_files
    assert find(records, records.source, threshold="precise").threshold == NAMED["precise"]
    with pytest.raises(TreError, match="a threshold is a probability"):
        find(records, records.source, threshold="certain")
    with pytest.raises(TreError, match="a threshold is a probability"):
        find(records, records.source, threshold=1.5)


def same_groups(one, other):
    return (
        pd.Series(one).groupby(other).nunique().max() == 1
        and pd.Series(other).groupby(one).nunique().max() == 1
    )


def test_the_order_of_rows_moves_nothing(two_files, found):
    _, _, records = two_files
    order = np.random.default_rng(3).permutation(len(records))
    shuffled = records.take(order)
    again = find(shuffled, shuffled.source)
    assert again.threshold == found.threshold
    assert np.isclose(np.sort(again.across.probability), np.sort(found.across.probability), atol=1e-9).all()
    assert same_groups(again.persons.cluster, found.persons.cluster[order])


def test_left_and_right_can_be_exchanged(two_files, found):
    _, _, records = two_files
    order = np.argsort(-records.source, kind="stable")
    turned = records.take(order)
    again = find(turned, 1 - turned.source)
    assert np.isclose(np.sort(again.across.probability), np.sort(found.across.probability), atol=1e-9).all()
    assert same_groups(again.persons.cluster, found.persons.cluster[order])


def test_files_with_no_child_in_common_give_no_link(population):
    a, b = population.invent(3000, 22, overlap=0.0)
    records = population.records(population.parts(a), population.parts(b))
    with pytest.raises(TreError, match="too few children"):
        find(records, records.source)
    joined = join(records, engine="auto")
    assert joined.settings["engine"] == "rules"
    assert "too few children" in joined.settings["because"]


def test_a_file_and_its_own_copy_find_every_row(population):
    a, _ = population.invent(2000, 23)
    parts = population.parts(a)
    records = population.records(parts, parts)
    found = find(records, records.source)
    half = len(a)
    # a record without names, date and number has nothing to be found by
    told = (records.of("given+birth_date") != 0)[:half]
    assert (found.persons.cluster[:half] == found.persons.cluster[half:])[told].mean() > 0.999


def test_rows_typed_twice_become_one_person(population):
    a, b = population.invent(2000, 24)
    one, two = population.parts(a), population.parts(b)
    records = population.records(pd.concat([one, one.iloc[:50]], ignore_index=True), two)
    found = find(records, records.source)
    told = (records.of("given+birth_date") != 0)[:50]
    assert (found.persons.cluster[:50] == found.persons.cluster[len(one) : len(one) + 50])[told].all()


@pytest.fixture(scope="module")
def small(population):
    a, b = population.invent(600, 25, overlap=0.5)
    return population.records(population.parts(a), population.parts(b))


@pytest.mark.parametrize(
    "part", ["given", "surname", "sex", "birth_date", "postcode", "uprn", "upn", "nhs", "middle", "birth_ym"]
)
def test_any_part_may_be_absent(small, part):
    tokens = {name: codes for name, codes in small.tokens.items() if part not in name.split("+")}
    lists = {name: found for name, found in small.lists.items() if part not in name.split("+")}
    found = find(Records(small.about, tokens, lists, small.sources), small.source, threshold=0.9)
    assert len(found.across.left) > 60


def test_any_column_of_the_model_may_be_absent(small):
    dated = with_dated(small)
    for kind in (
        "names_sorted+birth_date",
        "surname_part1+birth_date",
        "given+uprn",
        "given+middle+birth_year",
        "former_upn",
        "upn_any",
    ):
        tokens = {name: codes for name, codes in dated.tokens.items() if name != kind}
        lists = {name: found for name, found in dated.lists.items() if name != kind}
        assert (
            len(patterns(Records(dated.about, tokens, lists, dated.sources), small.source, inside=False).code)
            > 50
        )


def test_slices_of_pairs_come_to_the_same(small):
    dated = with_dated(small)
    whole = patterns(dated, small.source, inside=False)
    brought = replace(bring_up(dated, small.source), slice=50)
    assert len(list(slices(brought, inside=False))) > 3
    sliced = patterns(dated, small.source, inside=False, brought=brought)
    assert whole.code.tolist() == sliced.code.tolist()
    assert whole.count.tolist() == sliced.count.tolist()
    assert sorted(zip(whole.left, whole.right, strict=True)) == sorted(
        zip(sliced.left, sliced.right, strict=True)
    )


@pytest.mark.parametrize("inside", [False, True])
def test_pairs_that_are_counted_and_never_made_have_the_patterns_they_would_have(population, inside):
    a, b = population.invent(3000, 27, mess=2.0)
    records = with_dated(population.records(population.parts(a), population.parts(b)))
    counted = patterns(records, records.source, inside=inside)
    made = patterns(records, records.source, inside=inside, keep_all=True)
    assert counted.code.tolist() == made.code.tolist()
    assert counted.count.tolist() == made.count.tolist()
    assert len(counted.left) < len(made.left)


def test_classes_take_all_pairs_between_them_and_never_learn_numbers_of_twins(small):
    dated = with_dated(small)
    every = universe(dated, small.source, inside=False)
    sizes = np.bincount(small.source)
    assert every.pairs == sizes[0] * sizes[1]
    fitted = fit(patterns(dated, small.source, inside=False), every)
    assert np.isclose(sum(fitted.sizes.values()), every.pairs)
    before = expectations(same_day=0.1, largest=max(every.files))
    assert all(np.allclose(fitted.model[name][number], before[name][number]) for name, number in FIXED)
    assert {number for _, number in FIXED} == set(NUMBERS)


def test_expectations_are_shares_and_null_levels_have_none():
    for shares in expectations(same_day=1e-4, largest=1000).values():
        for comparison, share in shares.items():
            assert np.isclose(share.sum(), 1)
            assert (share[null_levels(comparison)] == 0).all()
            assert len(share) == len(LABELS[comparison])
    assert np.prod([len(labels) for labels in LABELS.values()], dtype=float) < 2**62
    assert len(RADIX) == len(LABELS)


def test_a_pattern_of_nothing_but_nulls_says_nothing_either_way(small):
    dated = with_dated(small)
    found = patterns(dated, small.source, inside=False)
    fitted = fit(found, universe(dated, small.source, inside=False))
    probability, weight = score(fitted, found)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert (np.argsort(probability, kind="stable") == np.argsort(weight, kind="stable"))[
        probability < 1
    ].mean() > 0.5
    assert fitted.sizes[SAME] > 100
    assert tuple(fitted.sizes) == CLASSES


@pytest.fixture(scope="module")
def standard(population):
    """Two invented files under both profiles."""
    a, b = population.invent(4000, 26, mess=2.0)
    parts = population.parts(a), population.parts(b)
    true = np.concatenate([a["person"], b["person"]])
    return true, population.records(*parts), population.records(*parts, profile="standard")


def pairs_right(found, true, source):
    cluster = pd.DataFrame(
        {"c": found.persons.cluster, "true": true, "file": source, "row": np.arange(len(true))}
    )
    met = cluster[cluster["file"] == 0].merge(cluster[cluster["file"] == 1], on="c")
    return int((met["true_x"] == met["true_y"]).sum()), int((met["true_x"] != met["true_y"]).sum())


def test_single_fields_open_routes_to_children_whose_date_and_number_are_both_wrong(standard):
    true, strict, bare = standard
    few, more = (find(one, one.source) for one in (strict, bare))
    right, wrong = pairs_right(few, true, strict.source)
    right_bare, wrong_bare = pairs_right(more, true, bare.source)
    assert right_bare >= right  # on so few children a gain is chance; a loss is not
    assert wrong_bare <= wrong + 3
    routes = LABELS["route"]
    opened = {routes[at] for at in more.patterns.level("route")} - {
        routes[at] for at in few.patterns.level("route")
    }
    assert opened == {levels.ALIKE_DATE, levels.ALIKE_PLACE, levels.HOME}


def test_single_fields_obey_order_and_side_as_composites_do(standard):
    _, _, bare = standard
    one = find(bare, bare.source)
    order = np.random.default_rng(4).permutation(len(bare))
    turned = bare.take(order)
    other = find(turned, 1 - turned.source)
    assert np.isclose(np.sort(one.across.probability), np.sort(other.across.probability), atol=1e-9).all()


def test_numbers_one_slip_apart_bring_a_pair_up(drawn):
    about = pd.DataFrame({"source": [0, 1, 1]})
    value = np.array([11, 12, 13])
    lists = Lists(np.array([0, 2, 4, 6]), np.array([1, 2, 2, 3, 8, 9]))
    records = Records(about, {"nhs_any": value}, {"nhs_any": lists}, ("one", "two"))
    found = patterns(with_dated(records), records.source, inside=False)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(0, 1)]


def level_of(comparison, tables):
    records = with_dated(stack(tables))
    found = patterns(records, records.source, inside=False)
    assert len(found.code) == 1
    return LABELS[comparison][int(found.level(comparison)[0])]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("upn | U1", "upn | U1", "exact"),
        ("upn | U1", "upn | U2", levels.ELSE),
        ("upn | U1", "upn_temp | T1", levels.NULL),
        ("upn | U1", "former_upn | U1", "exact"),
        ("upn_temp | T1", "upn_temp | T1", "exact"),
    ],
)
def test_what_two_upns_say(drawn, one, other, level):
    rows = "sex | birth_date | {} | record_id\nF | 2015-03-02 | {} | {}"
    tables = [
        drawn(rows.format(*drawing.split(" | "), at), place)
        for at, (drawing, place) in enumerate(((one, "990 a 2025"), (other, "991 a 2025")))
    ]
    assert level_of("upn", tables) == level


def test_a_swapped_date_and_a_wrong_month_have_routes_of_their_own(drawn):
    rows = "given | surname | birth_date | record_id\nANN | LEE | {} | {}"

    def route(one, other):
        return level_of(
            "route", [drawn(rows.format(one, 1), "990 a 2025"), drawn(rows.format(other, 2), "991 a 2025")]
        )

    assert route("2015-03-02", "2015-03-02") == "day"
    assert route("2015-03-02", "2015-02-03") == "swap"
    assert route("2015-03-02", "2015-07-02") == "year-day"
    assert route("2015-03-02", "2014-03-02") == "month-day"


def test_near_values_are_those_that_share_a_deletion():
    draw = np.random.default_rng(5)
    words = sorted({"".join(draw.choice(list("ABC"), draw.integers(2, 6))) for _ in range(60)})
    value = np.arange(1, len(words) + 1)
    cuts = [sorted({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}) for word in words]
    number = {cut: at + 1 for at, cut in enumerate(sorted({cut for some in cuts for cut in some}))}
    starts = np.concatenate([[0], np.cumsum([len(some) for some in cuts])])
    lists = Lists(starts, np.array([number[cut] for some in cuts for cut in some]))
    records = Records(
        pd.DataFrame({"source": np.zeros(len(words), int)}), {"x": value}, {"x": lists}, ("one",)
    )
    pairs = {(one, two) for one in range(len(words)) for two in range(one) if set(cuts[one]) & set(cuts[two])}
    expected = {int(mix(np.array([two + 1]), np.array([one + 1]))[0]) for one, two in pairs}
    assert set(near_values(records, "x").tolist()) == expected
    assert len(near_values(Records(records.about, {"x": value}, {}, ("one",)), "x")) == 0


def test_a_crowded_token_is_left_out_and_told(drawn, monkeypatch):
    monkeypatch.setattr("tre_toolkit.linkage.model.candidates.CROWD", 3)
    rows = "sex | birth_date | record_id\n" + "\n".join(f"F | 2015-03-02 | {at}" for at in range(5))
    records = with_dated(stack([drawn(rows, "990 a 2025"), drawn(rows, "991 a 2025", first=9)]))
    found = patterns(records, records.source, inside=False)
    assert len(found.left) == 0
    assert found.crowded == {"sex+birth_date": 10}


def test_a_childs_returns_of_all_years_are_one_unit_with_the_newest_values(drawn):
    old = drawn(
        "local_id | given | surname | birth_date | record_id\nA | ANN | LEE | 2015-03-02 | 1",
        "990 cin_census 2024",
    )
    new = drawn(
        "local_id | given | surname | birth_date | upn | record_id\nA | ANN | DAY | 2015-03-02 | U1 | 2",
        "990 cin_census 2025",
    )
    other = drawn("upn | record_id\nU1 | 3", "990 school_census 2025-spring")
    far = drawn("upn | record_id\nU1 | 4", "991 school_census 2025-spring")
    records = stack([old, new, other, far])
    made = units(records)
    unit = dict(zip(records.about["record_id"], made.unit, strict=True))
    assert unit[1] == unit[2] == unit[3] != unit[4]
    assert made.names == ("990", "991")
    row = list(records.about["record_id"]).index(2)
    assert made.records.of("surname+birth_date")[unit[1]] == records.of("surname+birth_date")[row]


def test_one_authority_alone_has_a_file_for_each_numbering(drawn):
    cin = drawn("local_id | record_id\nA | 1\nB | 2", "990 cin_census 2025")
    cla = drawn("local_id | record_id\nA | 3", "990 ssda903 2025")
    school = drawn("upn | record_id\nU1 | 4", "990 school_census 2025-spring")
    made = units(stack([cin, cla, school]))
    assert made.names == ("cin_census and ssda903", "school_census")
    assert len(made.records) == 3


def test_auto_takes_the_model_where_there_is_enough_and_tells_its_settings(two_files):
    _, _, records = two_files
    joined = join(records)
    assert joined.settings["engine"] == "model"
    assert sum(joined.settings["files"].values()) == len(np.unique(joined.units.unit))
    assert set(joined.band) <= {"certain", "strong", "fair", "alone"}
    assert np.isfinite(joined.weight[joined.step == "model"]).all()
    assert ENOUGH > 100


def test_an_unknown_engine_is_refused(small):
    with pytest.raises(TreError, match="no such engine"):
        join(small, engine="magic")
