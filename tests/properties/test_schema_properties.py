"""What holds of any catalogue and any UPN: years never overlap, and the check letter is the one others compute."""

from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.gb import upn

from tre_toolkit.engine import Engine
from tre_toolkit.schema import dataset
from tre_toolkit.schema.model import Code, CodeList

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
LAST = st.sampled_from(string.digits + LETTERS)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.from_regex(r"[0-9]{11}", fullmatch=True), LAST), min_size=1, max_size=40))
def test_the_check_letter_of_a_upn_is_the_one_stdnum_computes(bodies: list[tuple[str, str]]) -> None:
    rule = next(rule for rule in dataset("school_census").rules if rule.id == "1510")
    right = [upn.calc_check_digit(body + last) + body + last for body, last in bodies]
    wrong = [LETTERS[(LETTERS.index(one[0]) + 1) % len(LETTERS)] + one[1:] for one in right]
    with Engine() as engine:
        engine.run("CREATE TABLE pupilonroll (row_no BIGINT, pupilonrolltableid VARCHAR, upn VARCHAR)")
        for at, one in enumerate([*right, *wrong]):
            engine.run("INSERT INTO pupilonroll VALUES (?, 'A', ?)", [at, one])
        found = sorted(engine.rows(rule.sql or "").row_no.tolist())
    assert found == list(range(len(right), 2 * len(right)))


YEARS = st.one_of(st.none(), st.integers(2017, 2027))


@given(st.lists(st.tuples(YEARS, YEARS), max_size=8), st.integers(2015, 2030))
def test_a_code_is_listed_in_exactly_the_years_it_names(
    spans: list[tuple[int | None, int | None]], year: int
) -> None:
    codes = tuple(
        Code.model_validate({"value": str(at), "label": "x", "from": since, "to": until})
        for at, (since, until) in enumerate(spans)
    )
    listed = CodeList(name="any", codes=codes).at(year)
    expected = {
        str(at)
        for at, (since, until) in enumerate(spans)
        if (since is None or year >= since) and (until is None or year <= until)
    }
    assert set(listed) == expected


def test_the_years_of_a_dataset_change_only_where_the_catalogue_says_so() -> None:
    for name in ("cin_census", "ssda903", "school_census"):
        known = dataset(name)
        parts = [part for table in known.tables for part in (table, *table.fields)]
        moves = {part.since for part in parts} | {part.until + 1 for part in parts if part.until}
        columns = {
            year: {(table.name, column) for table in known.at(year).tables for column in table.columns}
            for year in known.years
        }
        for year in known.years[1:]:
            assert (columns[year] != columns[year - 1]) <= (year in moves), (name, year)
