"""Tokens: 16 bytes of HMAC-SHA-256, the same on every path and for ever."""

import hashlib
import hmac
import json
import random
from pathlib import Path

import pyarrow as pa
import pytest

from pseudonymise.profiles import NUMBERS, PROFILES, STRICT, Column, columns
from pseudonymise.tokens import compose, from_text, text_form, token_columns, tokenise

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tokens.json").read_text())
KEY = bytes(range(32))


def expected(values, key=KEY):
    return [value and hmac.digest(key, value.encode(), "sha256")[:16] for value in values]


@pytest.mark.parametrize("case", VECTORS["rfc4231"], ids=lambda case: f"case {case['case']}")
def test_rfc_4231_vectors_hold_on_every_path(case):
    key, data = bytes.fromhex(case["key"]), bytes.fromhex(case["data"])
    wanted = bytes.fromhex(case["hmac_sha256"])[:16]
    plain = pa.array([data], pa.binary())
    repeated = pa.array([data] * 10_000, pa.binary())
    for values in (plain, repeated, plain.dictionary_encode(), pa.chunked_array([plain, plain])):
        assert set(tokenise(values, key).to_pylist()) == {wanted}


@pytest.mark.parametrize("length", [0, 1, 54, 55, 56, 63, 64, 65, 118, 119, 120, 200])
def test_every_length_across_the_block_borders_agrees_with_hmac(length):
    data = random.Random(length).randbytes(length)
    assert tokenise(pa.array([data], pa.binary()), KEY)[0].as_py() == hmac.digest(KEY, data, "sha256")[:16]


def test_nulls_slices_chunks_dictionaries_and_large_text_all_agree():
    values = ["a", None, "bb", "a", "", "c" * 100] * 2000
    wanted = [hmac.digest(KEY, v.encode(), "sha256")[:16] if v is not None else None for v in values]
    array = pa.array(values)
    assert tokenise(array, KEY).to_pylist() == wanted
    assert tokenise(array.slice(5, 9000), KEY).to_pylist() == wanted[5:9005]
    assert tokenise(pa.chunked_array([array.slice(0, 7), array.slice(7)]), KEY).to_pylist() == wanted
    assert tokenise(array.dictionary_encode(), KEY).to_pylist() == wanted
    assert tokenise(array.cast(pa.large_string()), KEY).to_pylist() == wanted
    assert tokenise(array.cast(pa.large_binary()), KEY).to_pylist() == wanted


def test_a_composite_knows_where_its_parts_end():
    left = compose([pa.array(["ab", "a", "1:a", None, "x"]), pa.array(["c", "bc", "", "c", None])])
    assert len(set(left.to_pylist()[:3])) == 3
    assert left.to_pylist()[3:] == [None, None]
    assert compose([pa.array(["é"]), pa.array(["b"])]).to_pylist() == ["2:é1:b"]


def test_published_tokens_are_still_the_same(key):
    for case in VECTORS["tokens"]:
        parts = {name: pa.array([value]) for name, value in case["parts"].items()}
        column = Column(tuple(case["parts"]))
        made = token_columns([column], parts, key, case["standardiser"])
        assert made[column.name][0].as_py().hex() == case["token"], case
        assert text_form(column.domain, made[column.name][0].as_py()) == case["text"]


def test_a_domain_s_key_comes_from_hkdf_over_project_domain_and_standardiser(key):
    """Written out once more from the specification, with the standard library alone."""
    words = [b"token", b"invented", b"upn", b"1"]
    info = b"tre-toolkit/v1/" + b"".join(len(w).to_bytes(4, "big") + w for w in words)
    extracted = hmac.digest(bytes(32), KEY, hashlib.sha256)
    derived = hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    assert key.domain_key("upn", "1") == derived


def test_the_text_form_goes_there_and_back():
    token = bytes(range(16))
    assert text_form("upn", token) == "t1_upn_aaaqeayeaudaocajbifqydiob4"
    assert from_text(text_form("surname_part1", token)) == ("surname_part1", token)
    for wrong in ("t2_upn_aaaqeayeaudaocajbifqydiob4", "t1_upn_aaa", "t1__aaaqeayeaudaocajbifqydiob4", "x"):
        with pytest.raises(ValueError, match="text form"):
            from_text(wrong)


def test_upn_and_former_upn_share_their_domain_so_old_and_new_meet(key):
    parts = {"upn": pa.array(["N999199900001"]), "former_upn": pa.array(["N999199900001"])}
    made = token_columns(columns("strict", parts), parts, key, "1")
    assert made["t_upn"].equals(made["t_former_upn"])


def test_strict_has_53_single_columns_five_lists_the_numbers_of_persons_and_25_of_births():
    assert sum(not column.deletions for column in STRICT) == 53 + len(NUMBERS) + 3 * 8 + 1
    assert sum(column.deletions for column in STRICT) == 5


def test_no_strict_column_is_a_bare_field():
    numbers = {*NUMBERS, "upn", "upn_temp", "former_upn", "upn_any", "nhs", "nhs_any", "uln"}
    dates = {"birth_date", "birth_ym", "birth_md", "birth_yd", "birth_swap", "birth_year"}
    for column in STRICT:
        assert len(column.parts) > 1 or column.parts[0] in numbers, column.name
        assert not set(column.parts) <= dates


def test_names_of_columns_are_unique_in_every_profile():
    for profile in PROFILES.values():
        assert len({column.name for column in profile}) == len(profile)


def lists(values, key):
    parts = {"given": pa.array(values), "birth_date": pa.array(["2012-05-13"] * len(values))}
    return token_columns([Column(("given", "birth_date"), deletions=True)], parts, key, "1")[
        "n_given_birth_date"
    ]


@pytest.mark.parametrize("other", ["MARA", "ARIA", "MARIAN", "MAIRA", "MARTA", "MARIA"])
def test_one_slip_of_the_pen_still_meets(key, other):
    left, right = lists(["MARIA", other], key).to_pylist()
    assert set(left) & set(right)


@pytest.mark.parametrize("other", ["MARKUS", "ANNA", "AIRAM", "MOLLY"])
def test_two_slips_do_not_meet(key, other):
    left, right = lists(["MARIA", other], key).to_pylist()
    assert not set(left) & set(right)


def test_a_list_s_length_and_order_tell_nothing_of_the_name(key):
    made = lists(["JO", "ANNA", "MAXIMILIAN", None], key).to_pylist()
    assert {len(tokens) for tokens in made[:3]} == {16}
    assert all(len(set(tokens)) == 16 for tokens in made[:3])
    assert made[3] is None
    again = lists(["JO"], key).to_pylist()[0]
    assert len(set(made[0]) & set(again)) == 3  # JO, J and O; the fill is new each time
