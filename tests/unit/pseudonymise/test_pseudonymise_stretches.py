"""Tokens are made a stretch at a time, in one process or several, and always the same ones."""

import numpy as np
import pyarrow as pa
import pytest

from pseudonymise.profiles import Column
from pseudonymise.tokens import STRETCH, token_batches, token_columns
from pseudonymise.workers import side_by_side

COLUMNS = [Column(("upn",)), Column(("given", "birth_date")), Column(("given", "birth_date"), deletions=True)]


@pytest.fixture(scope="module")
def parts():
    rows = 2 * STRETCH + 17
    return {
        "upn": pa.array([None if n % 7 == 0 else f"N{n:012d}" for n in range(rows)]),
        "given": pa.array([f"NAME{chr(65 + n % 23)}" for n in range(rows)]),
        "birth_date": pa.array([f"2012-05-{1 + n % 28:02}" for n in range(rows)]),
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_stretches_and_processes_make_no_difference(parts, key, jobs):
    rows = len(parts["upn"])
    order = np.random.default_rng(1).permutation(rows)
    ids = np.arange(rows) * 10
    made = token_batches(COLUMNS, parts, key, "1", ids, order, jobs=jobs).read_all()
    whole = token_columns(COLUMNS[:2], parts, key, "1")
    assert made["record_id"].to_pylist() == (order * 10).tolist()
    for name, tokens in whole.items():
        assert made[name].combine_chunks().equals(tokens.take(pa.array(order)))
    assert made["n_given_birth_date"].null_count == 0
    single = whole["t_given_birth_date"][int(order[0])].as_py()
    assert single not in made["n_given_birth_date"][0].as_py()  # a list has a domain of its own


def test_only_a_few_stretches_are_held_at_a_time(parts, key):
    """Nothing is made before it is read."""
    rows = len(parts["upn"])
    reader = token_batches(COLUMNS[:1], parts, key, "1", np.arange(rows), np.arange(rows))
    assert reader.read_next_batch().num_rows == STRETCH


def test_no_rows_make_an_empty_part(key):
    none = {"upn": pa.array([], pa.string())}
    made = token_batches(COLUMNS[:1], none, key, "1", np.arange(0), np.arange(0)).read_all()
    assert made.num_rows == 0
    assert made.column_names == ["record_id", "t_upn"]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_work_side_by_side_comes_back_in_order(jobs):
    secret = object()  # can't be pickled with its identity: it is inherited, never sent
    assert list(side_by_side(lambda number: (number, secret is not None), 20, jobs)) == [
        (number, True) for number in range(20)
    ]


def test_an_error_in_one_process_comes_back():
    def work(number):
        if number == 3:
            raise ValueError("our own bug")
        return number

    with pytest.raises(ValueError, match="our own bug"):
        list(side_by_side(work, 8, 2))
