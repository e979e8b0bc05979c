"""Identifiers: right in form, and in ranges that nobody is ever given a number from."""

from __future__ import annotations

import re

import numpy as np
import pytest
import stdnum.gb.nhs
import stdnum.gb.upn

from synth import ids
from tre_toolkit.errors import TreError

MANY = np.arange(5000, dtype=np.uint64)


def test_every_upn_has_a_right_check_letter_and_the_authority_nobody_has() -> None:
    made = [upn.decode() for upn in ids.upns(MANY, key=5)]
    assert len(set(made)) == len(made)
    for upn in made:
        assert stdnum.gb.upn.calc_check_digit(upn[1:]) == upn[0]
        assert upn[1:4] == "999"
        assert upn[4:8] != "1999"


@pytest.mark.parametrize(
    "upn", ["N999199900001", "C999199900002", "B801200005001", "M99900002500A", "Y99900002500Z"]
)
def test_the_check_letter_agrees_with_published_upns(upn: str) -> None:
    characters = np.frombuffer(upn[1:].encode(), dtype=np.uint8)[None, :]
    assert ids.upn_text(characters)[0].decode() == upn


def test_every_nhs_number_is_valid_and_in_the_test_block() -> None:
    made = [number.decode() for number in ids.nhs_numbers(MANY, key=5)]
    assert len(set(made)) == len(made)
    assert all(stdnum.gb.nhs.is_valid(number) and number.startswith("999") for number in made)
    assert not set(made) & set(ids.NHS_EXCLUDED)


def test_every_postcode_breaks_the_rule_for_a_first_letter() -> None:
    made = {post.decode() for post in ids.postcodes(np.arange(ids.POSTCODES, dtype=np.uint64))}
    assert len(made) == ids.POSTCODES
    assert all(re.fullmatch(r"QZ[1-9] [0-9][ABD-HJLNP-UW-Z]{2}", post) for post in made)


def test_local_ids_are_unique_and_say_that_they_are_invented() -> None:
    made = {one.decode() for one in ids.local_ids(MANY, key=5)}
    assert len(made) == len(MANY)
    assert all(re.fullmatch(r"SYN[0-9]{8}", one) for one in made)


def test_more_children_than_numbers_are_refused() -> None:
    with pytest.raises(TreError, match="ask for fewer"):
        ids.local_ids(np.array([10**8], dtype=np.uint64), key=1)
