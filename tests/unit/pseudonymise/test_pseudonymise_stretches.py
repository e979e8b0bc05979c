"""Tokens are made a stretch at a time, in memory or in a file, in one process or several, and always the same ones."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from pseudonymise import making, standardise
from pseudonymise.making import Recipe, make, stretches_of
from pseudonymise.parts import clean
from pseudonymise.profiles import Column
from pseudonymise.spill import Place, Spill
from pseudonymise.tokens import heads, token_columns
from pseudonymise.workers import side_by_side

COLUMNS = (Column(("upn",)), Column(("given", "birth_date")), Column(("given", "birth_date"), deletions=True))
ROWS = 2 * 64 + 17
WORDS = ["Anne-Marie", "O'Neill", None, "van der Berg", "Zoë", "", "UNKNOWN", "Bo"]
RAW = {
    "upn": ["N999199900001", "x", None, "C999199900002", "UN1", "", "A12", "B"],
    "former_upn": ["C999199900002", None, "N999199900001", "x", "", "UN1", "B", "A12"],
    "given": WORDS,
    "middle": WORDS[::-1],
    "surname": WORDS,
    "nhs": ["9434765919", "9434765918", None, "1111111111", "", "a", "1", "2"],
    "uln": ["1000000000", None, "9999999999", "1234567890", "", "a", "1", "2"],
    "sex": ["1", "F", None, "9", "M", "2", "", "x"],
    "postcode": ["LS1 1AB", "ls11ab", None, "ZZ99 1AA", "LS1", "", "x", "N1"],
    "uprn": ["1", "000", None, "123456789012", "", "a", "12", "3"],
    "local_id": ["A1", " a1 ", None, "B", "", "C", "D", "E"],
}
DAYS = [datetime.date(2010, 1, 1 + n) if n % 3 else None for n in range(8)]


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(making, "STRETCH", 64)


@pytest.fixture(scope="module")
def raw():
    return {
        "upn": pa.array([None if n % 7 == 0 else f"N{n:012d}" for n in range(ROWS)]),
        "given": pa.array([f"Name{chr(65 + n % 23)}" for n in range(ROWS)]),
        "birth_date": pa.array([datetime.date(2012, 5, 1 + n % 28) for n in range(ROWS)], pa.date32()),
    }


def recipe(key, columns=COLUMNS, **more):
    keys = {column.name: key.domain_key(column.domain, "1") for column in columns}
    return Recipe(columns, 2025, secrets=keys, naming=key.derive("names told apart"), **more)


def made(raw, key, spill, *, jobs=1, columns=COLUMNS, **more):
    rows = len(next(iter(raw.values())))
    order = np.random.default_rng(1).permutation(rows)
    stretched = {name: list(stretches_of(column.take(pa.array(order)))) for name, column in raw.items()}
    ask = recipe(key, columns, about=True, words=True)

    def cells(number):
        return {name: some[number] for name, some in stretched.items()}

    return order, make(ask, cells, order, np.arange(rows) * 10, spill, jobs=jobs, **more)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("jobs", "held", "pieces"), [(1, 0, 1), (1, 10**9, 2), (2, 0, 2), (2, 10**9, 1)])
def test_stretches_processes_and_files_make_no_difference(raw, key, jobs, held, pieces, monkeypatch):
    monkeypatch.setattr(making, "PIECES", pieces)
    columns = (Column(("upn_any",)), *COLUMNS[1:])
    parts = clean(raw, year=2025, numberings={})
    whole = token_columns(columns[:2], parts, key, "1")
    with Spill(held=held) as spill:
        order, tokens = made(raw, key, spill, jobs=jobs, columns=columns)
        assert isinstance(tokens.stretches[0], Place) is (held == 0)
        table = tokens.batches().read_all()
        read = {name: [heads for heads, _ in tokens.heads_of(name)] for name in tokens.heads}
        pairs = list(tokens.heads_of("t_given_birth_date", "given"))
    assert table["record_id"].to_pylist() == (order * 10).tolist()
    for name, column in whole.items():
        there = column.take(pa.array(order))
        assert table[name].combine_chunks().equals(there)
        told = heads(there)
        assert sorted(np.concatenate(read[name])) == sorted(told[told != 0])
        assert len({head for piece in read[name] for head in set(piece.tolist())}) == sum(
            len(set(piece.tolist())) for piece in read[name]
        )  # equal ones in one piece
    assert set(read) == set(whole)  # a list has no head
    assert len(pairs) == pieces
    tokens_of = dict(zip(heads(whole["t_given_birth_date"]), parts["given"].to_pylist(), strict=True))
    found = {(tokens_of[head], name) for some, names in pairs for head, name in zip(some, names, strict=True)}
    assert len(found) == 23  # each name is one number, whatever token it stands beside
    assert table["n_given_birth_date"].null_count == 0
    single = whole["t_given_birth_date"][int(order[0])].as_py()
    assert single not in table["n_given_birth_date"][0].as_py()  # a list has a domain of its own
    assert tokens.born.tolist() == raw["birth_date"].to_pylist()
    assert tokens.missing["upn"] == parts["upn"].null_count
    assert tokens.words == set(parts["given"].to_pylist())
    assert pa.concat_arrays([some["birth_year"] for some in tokens.about]).to_pylist() == ["2012"] * ROWS


@pytest.mark.usefixtures("short")
def test_who_is_cut_has_no_token_but_those_that_are_kept(raw, key):
    columns = (Column(("upn_any",)), Column(("given", "birth_date")))
    cut = np.arange(ROWS) % 2 == 0
    with Spill() as spill:
        order, tokens = made(raw, key, spill, columns=columns, cut=cut, kept=frozenset({"upn_any"}))
        table = tokens.batches().read_all()
    gone = table["t_given_birth_date"].is_null().to_numpy()
    assert (gone == cut[order]).all()
    assert table["t_upn_any"].null_count == raw["upn"].null_count
    assert tokens.missing["given"] == 0  # what is counted is what the return holds


def test_no_rows_make_an_empty_part(key):
    with Spill() as spill:
        _, tokens = made({"upn": pa.array([], pa.string())}, key, spill, columns=COLUMNS[:1])
        table = tokens.batches().read_all()
        assert [len(heads) for heads, _ in tokens.heads_of("t_upn")] == [0]
    assert table.num_rows == 0
    assert table.column_names == ["record_id", "t_upn"]


def test_no_key_stands_in_what_a_recipe_shows(key):
    ask = recipe(key)
    for secret in (*ask.secrets.values(), ask.naming):
        assert repr(secret) not in repr(ask)
        assert secret.hex() not in repr(ask)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_cleaning_some_records_makes_the_parts_that_cleaning_all_of_them_makes(size):
    cells = {name: pa.array(values) for name, values in RAW.items()} | {
        "birth_date": pa.array(DAYS, pa.date32())
    }
    numberings = {"local_id": "990"}
    whole = clean(cells, year=2025, numberings=numberings)
    some = [
        clean({name: one.slice(at, size) for name, one in cells.items()}, year=2025, numberings=numberings)
        for at in range(0, 8, size)
    ]
    assert {"upn", "former_upn", "names_sorted", "postcode_district", "birth_swap", "local_id"} <= set(whole)
    for part, values in whole.items():
        assert pa.concat_arrays([one[part] for one in some]).equals(values), part
    assert whole["upn"].equals(standardise.upn_parts(cells["upn"])["upn"])


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
