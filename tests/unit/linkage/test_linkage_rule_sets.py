"""The named rule sets: every step can be met by tokens that exist, and finds what it says."""

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.linkage.model import levels, pairs
from tre_toolkit.linkage.model.bare import with_bare
from tre_toolkit.linkage.quality import score
from tre_toolkit.linkage.records import PARTS, kind
from tre_toolkit.linkage.rule_sets import BRIDGE, RULES
from tre_toolkit.linkage.rules import candidates
from tre_toolkit.linkage.run import link_records


@pytest.mark.parametrize("name", RULES)
def test_steps_ask_for_tokens_by_their_right_names(name):
    for step in RULES[name]:
        for kinds in step.agree:
            for one in kinds:
                parts = one.split("+")
                assert kind(parts) == one
                assert set(parts) <= set(PARTS)


def test_the_model_asks_for_tokens_by_their_right_names(monkeypatch, population, two_files):
    a, b, _ = two_files
    records = with_bare(population.records(population.parts(a), population.parts(b), profile="standard"))
    asked = set()

    class Watched(pairs._View):
        def left(self, kind):
            asked.add(kind)
            return super().left(kind)

    monkeypatch.setattr(pairs, "_View", Watched)
    pairs.patterns(pairs.with_dated(records), records.source, inside=False)
    asked |= {one for kinds in levels.CANDIDATES for one in kinds} | set(levels.NEAR)
    for one in asked - {"dated"}:
        assert kind(one.split("+")) == one
        assert one in records.tokens, one


@pytest.mark.parametrize("name", RULES)
def test_every_step_of_every_set_is_met_by_somebody(two_files, name):
    _, _, records = two_files
    for step in RULES[name]:
        if not step.within and step != BRIDGE:  # the population has no number of anybody's own
            assert len(candidates(records, [step])[0]) > 0, step.name


@pytest.mark.parametrize(
    ("name", "precision", "recall"),
    [("exact", 0.98, 0.93), ("npd-hes", 0.97, 0.85), ("match-keys", 0.98, 0.75)],
)
def test_rule_sets_find_most_children_and_few_wrong_ones(two_files, name, precision, recall):
    a, b, records = two_files
    found = link_records(records, key=b"k", engine="rules", rules=name)
    told = score(found.spine["person_id"], pd.Series(np.concatenate([a["person"], b["person"]])))
    assert told["precision"] >= precision, told
    assert told["recall"] >= recall, told


def test_bands_fall_from_the_surest_step_to_the_last():
    order = {"certain": 0, "strong": 1, "fair": 2}
    for steps in RULES.values():
        bands = [order[step.band] for step in steps]
        assert bands == sorted(bands)
