"""The second engine: Splink over the same tokens, beside ours on the same children."""

import builtins

import numpy as np
import pandas as pd
import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.engines import join
from tre_toolkit.linkage.quality import score
from tre_toolkit.linkage.records import kind
from tre_toolkit.linkage.room import room
from tre_toolkit.linkage.splink_engine import BLOCKING, COMPARISONS, TRAINING, database, find_pairs


def test_splink_asks_for_tokens_by_their_right_names(two_files):
    asked = {one for levels, _ in COMPARISONS.values() for _, kinds in levels for one in kinds}
    asked |= {one for kinds in (*TRAINING, *BLOCKING) for one in kinds} | {
        needed for _, needed in COMPARISONS.values() if needed
    }
    assert all(kind(one.split("+")) == one and one in two_files[2].tokens for one in asked)


def test_splink_finds_the_children_and_our_model_no_fewer(two_files):
    pytest.importorskip("splink")
    a, b, records = two_files
    true = pd.Series(np.concatenate([a["person"], b["person"]]))
    theirs = join(records, engine="splink")
    ours = join(records, engine="model")
    told = {name: score(pd.Series(one.cluster), true) for name, one in (("splink", theirs), ("ours", ours))}
    assert told["splink"]["f1"] > 0.93
    assert told["ours"]["f1"] >= told["splink"]["f1"]
    assert theirs.settings == {"engine": "splink", "threshold": 0.9}
    assert set(theirs.band) <= {"strong", "certain", "alone"}


def test_threads_and_a_limit_of_memory_move_no_pair(population, tmp_path):
    pytest.importorskip("splink")
    a, b = population.invent(900, 27, overlap=0.5)
    records = population.records(population.parts(a), population.parts(b))
    with room("200MB", beside=tmp_path) as limited:
        one, two = (
            find_pairs(records, records.source, api=database(room=limited, threads=threads), least=0.9)
            for threads in (1, 2)
        )
    assert len(one) > 100
    assert one[["left", "right"]].equals(two[["left", "right"]])
    assert np.abs(one["probability"] - two["probability"]).max() < 1e-6


def test_without_splink_it_says_which_extra_is_missing(two_files, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **more):
        if name == "splink":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(TreError, match=r"tre-toolkit\[splink\]"):
        find_pairs(two_files[2], two_files[2].source)
