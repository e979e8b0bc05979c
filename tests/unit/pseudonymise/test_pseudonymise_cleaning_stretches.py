"""Cleaning a stretch at a time makes the parts that cleaning all at once makes."""

import datetime
from functools import partial

import pyarrow as pa
import pytest

from pseudonymise import standardise
from pseudonymise.stretches import by_stretch
from pseudonymise.tokens import plain

WORDS = ["Anne-Marie", "O'Neill", None, "van der Berg", "Zoë", "", "UNKNOWN", "Bo"]
DAYS = pa.array([datetime.date(2010, 1, 1 + n) if n % 3 else None for n in range(8)], pa.date32())
RULES = {
    "given": (standardise.given_parts, [WORDS]),
    "given and middle": (standardise.given_parts, [WORDS, WORDS[::-1]]),
    "surname": (standardise.surname_parts, [WORDS]),
    "upn": (standardise.upn_parts, [["N999199900001", "x", None, "C999199900002", "UN1", "", "A12", "B"]]),
    "nhs": (standardise.nhs_parts, [["9434765919", "9434765918", None, "1111111111", "", "a", "1", "2"]]),
    "uln": (standardise.uln, [["1000000000", None, "9999999999", "1234567890", "", "a", "1", "2"]]),
    "sex": (standardise.sex, [["1", "F", None, "9", "M", "2", "", "x"]]),
    "postcode": (standardise.postcode_parts, [["LS1 1AB", "ls11ab", None, "ZZ99 1AA", "LS1", "", "x", "N1"]]),
    "uprn": (standardise.uprn, [["1", "000", None, "123456789012", "", "a", "12", "3"]]),
    "birth_date": (partial(standardise.birth_parts, year=2025), [DAYS]),
}


@pytest.mark.parametrize("times", [0, 1, 3])
@pytest.mark.parametrize("name", RULES)
def test_stretches_make_no_difference_to_the_parts(monkeypatch, name, times):
    rule, cells = RULES[name]
    columns = [pa.concat_arrays([pa.array(one)] * 3).slice(0, 8 * times) for one in cells]
    monkeypatch.setattr("pseudonymise.stretches.ROWS", 5)
    whole = rule(*columns)
    made = by_stretch(rule, *columns)
    assert list(made) == list(whole)
    for part, values in made.items():
        assert plain(values).equals(whole[part]), part


def test_a_part_is_packed_when_its_first_stretch_repeats(monkeypatch):
    monkeypatch.setattr("pseudonymise.stretches.ROWS", 4)
    same = by_stretch(lambda cells: {"a": cells}, pa.array(["x", "x", "x", "x", "y", "z", None]))["a"]
    assert pa.types.is_dictionary(same.type)
    assert plain(same).to_pylist() == ["x", "x", "x", "x", "y", "z", None]
    other = by_stretch(lambda cells: {"a": cells}, pa.array(["p", "q", "r", "s", "s", "s", "s"]))["a"]
    assert other.to_pylist() == ["p", "q", "r", "s", "s", "s", "s"]
    assert not pa.types.is_dictionary(other.type)


def test_a_rule_never_sees_more_than_a_stretch(monkeypatch):
    monkeypatch.setattr("pseudonymise.stretches.ROWS", 4)
    seen = []

    def rule(cells):
        seen.append(len(cells))
        return {"a": cells}

    by_stretch(rule, pa.array(["x"] * 10))
    assert seen == [4, 4, 2]
