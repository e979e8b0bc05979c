"""Token tables as arrays, and the ids that persons get."""

import pyarrow as pa
import pytest

from tre_toolkit.errors import Problems
from tre_toolkit.linkage.people import project_key
from tre_toolkit.linkage.records import NONE, codes, kind, mix, stack

CIN, CLA, OTHER = "990 cin_census 2025", "990 ssda903 2025", "991 cin_census 2025"
FAMILY = """
    upn | local_id | given | surname | birth_date | sex | postcode | record_id
    U1  | A        | ANN   | LEE     | 2015-03-02 | F   | QZ11AA   | 11
    U2  | B        | BEA   | LEE     | 2015-03-02 | F   | QZ11AA   | 12
        | C        | CAL   | LEE     | 2020-07-09 | M   | QZ11AA   | 13"""


def test_codes_are_equal_when_tokens_are_and_none_where_there_is_none():
    cells = [b"a" * 16, None, b"b" * 16, b"a" * 16, bytes(16)]
    found = codes(pa.array(cells, pa.binary(16)))
    assert found[0] == found[3] != found[2]
    assert found[1] == NONE != found[4]


def test_codes_read_slices_and_chunks_as_whole_columns_do():
    cells = [bytes([at]) * 16 if at % 3 else None for at in range(1, 30)]
    whole = codes(pa.array(cells, pa.binary(16)))
    assert codes(pa.array(cells, pa.binary(16)).slice(5, 9)).tolist() == whole[5:14].tolist()
    chunked = pa.chunked_array([cells[:7], cells[7:]], pa.binary(16))
    assert codes(chunked).tolist() == whole.tolist()
    assert codes(pa.chunked_array([], pa.binary(16))).tolist() == []


def test_a_kind_of_token_doesnt_depend_on_the_order_of_its_parts():
    assert kind(["birth_date", "given"]) == kind(["given", "birth_date"]) == "given+birth_date"


def test_mixing_is_none_where_any_part_is_and_depends_on_order():
    import numpy as np

    one, two = np.array([1, 2, NONE]), np.array([2, 1, 5])
    mixed = mix(one, two)
    assert mixed[0] != mixed[1]
    assert mixed[2] == NONE


def test_empty_tables_and_repeated_row_ids_are_refused_together(drawn):
    twice = drawn("upn | record_id\nU1 | 7\nU2 | 7", CIN)
    empty = drawn("upn | record_id\nU1 | 1", CLA)
    empty = type(empty)(empty.parcel, "990", "ssda903", "2025", empty.tokens.slice(0, 0), empty.columns)
    with pytest.raises(Problems) as refused:
        stack([twice, empty])
    told = str(refused.value)
    assert "tokens/cin_census/2025: two rows carry the same record_id" in told
    assert "tokens/ssda903/2025: the table is empty" in told


def test_the_same_tokens_give_the_same_ids_whatever_the_order_of_rows_and_tables(drawn, linked):
    tables = [drawn(FAMILY, CIN), drawn("upn | local_id | record_id\nU1 | A | 21", CLA)]
    people = linked(*tables)
    turned = [type(one)(one.parcel, one.authority, one.dataset, one.period, one.tokens.take(list(range(len(one.tokens)))[::-1]), one.columns) for one in reversed(tables)]  # fmt: skip
    assert linked(*turned) == people


def test_fresh_row_ids_dont_change_the_persons_ids(drawn, linked):
    before = linked(drawn(FAMILY, CIN))
    after = linked(drawn(FAMILY.replace(" 11", " 91").replace(" 12", " 92").replace(" 13", " 93"), CIN))
    assert {after[91]: 1, after[92]: 2, after[93]: 3} == {before[11]: 1, before[12]: 2, before[13]: 3}


def test_another_return_of_a_known_child_keeps_the_childs_id(drawn, linked):
    before = linked(drawn(FAMILY, CIN))
    after = linked(
        drawn(FAMILY, CIN), drawn("local_id | upn | record_id\nA | U1 | 21", "990 cin_census 2026")
    )
    assert after[21] == after[11] == before[11]
    assert after[12] == before[12]


def test_ids_are_p_and_twelve_signs_and_nothing_alike_between_projects(drawn, linked):
    keys = [project_key("one", "d", "c"), project_key("two", "d", "c")]
    one, two = (linked(drawn(FAMILY, CIN), key=key) for key in keys)
    assert all(len(found) == 13 and found[0] == "P" and found[1:].isalnum() for found in one.values())
    assert not set(one.values()) & set(two.values())


def test_rows_alike_in_every_token_still_get_ids_of_their_own(drawn, linked):
    people = linked(drawn("sex | birth_date | record_id\nF | 2015-03-02 | 1\nF | 2015-03-02 | 2", CIN))
    assert len(set(people.values())) == 2
