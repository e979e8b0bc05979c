"""A limit of memory is kept or refused, and moves nothing of what leaves."""

import pytest

from pseudonymise import payload, people, room
from pseudonymise.planning import person_tables
from pseudonymise.room import check, held
from pseudonymise.rows import count
from tre_toolkit.errors import MisuseError


def test_without_a_limit_nothing_is_asked_and_with_one_little_is_held(draw):
    check(None, [draw.cin()], jobs=8)
    assert held(None) is None
    assert held("1GB") == 10**9 // room.SHARE
    with pytest.raises(MisuseError, match="not an amount of memory"):
        held("plenty")


def test_a_limit_that_cannot_be_kept_is_refused_and_the_refusal_says_what_can(draw):
    check("1GB", [draw.cin()], jobs=1)
    with pytest.raises(MisuseError, match=r"need [\d,]+ MB at least") as refused:
        check("300MB", [draw.cin()], jobs=1)
    told = str(refused.value).split("--memory ")[1].split(",")[0]
    check(told, [draw.cin()], jobs=1)
    with pytest.raises(MisuseError):
        check(told, [draw.cin()], jobs=4)


def test_what_is_needed_grows_with_rows_and_children(draw, monkeypatch):
    small = draw.cin()
    names = [table.name for table in person_tables(small.schema)]
    assert names
    assert count(small, "cin_details") == 3
    monkeypatch.setattr(room, "ROW", 10**9)
    with pytest.raises(MisuseError):
        check("5GB", [small], jobs=1)
    check("50GB", [small], jobs=1)


def test_what_leaves_is_the_same_with_and_without_a_limit(run, draw, monkeypatch):
    """All but what is drawn by chance: with the same draws, the same rows in the same order."""
    import numpy as np

    def ids(number):
        return np.arange(1, number + 1)

    def order(number):
        return np.arange(number)[::-1]

    monkeypatch.setattr(payload, "fresh_ids", ids)
    monkeypatch.setattr("pseudonymise.batch.fresh_ids", ids)
    monkeypatch.setattr(people, "shuffled", order)
    monkeypatch.setattr("pseudonymise.spill.shuffled", order)
    _, whole = run([draw.cin()], draw.declared())
    _, spilled = run([draw.cin()], draw.declared(), held=0, log="other.log")
    assert whole.manifest.names == spilled.manifest.names
    assert whole.manifest.counts == spilled.manifest.counts
    for name in whole.manifest.names:
        one, other = whole.part(name), spilled.part(name)
        singles = [column for column in one.column_names if not column.startswith("n_")]  # lists hold chance
        assert one.select(singles).equals(other.select(singles)), name
