"""The cleaning rules give what the published vectors say, and placeholders give nothing."""

import hashlib
import itertools
import json
import random
from pathlib import Path

import nhs_number
import pyarrow as pa
import pytest
from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn

from pseudonymise import births, cleaning, standardise

FILE = Path(__file__).parents[2] / "vectors" / "standardise.json"
RULES = {
    "given": standardise.given_parts,
    "surname": standardise.surname_parts,
    "upn": standardise.upn_parts,
    "nhs": standardise.nhs_parts,
    "uln": standardise.uln,
    "postcode": standardise.postcode_parts,
    "uprn": standardise.uprn,
    "sex": standardise.sex,
    "birth_date": lambda days: standardise.birth_parts(days.cast(pa.date32()), year=2025),
    "local_id": lambda ids: {"local_id": standardise.local_ids(ids, "990")},
}
PUBLISHED = {rule["rule"]: rule["cases"] for rule in json.loads(FILE.read_text())["rules"]}


def test_the_version_names_the_published_vectors():
    assert f"1-{hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]}" == standardise.VERSION


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_gives_what_its_vectors_say(rule):
    cases = PUBLISHED[rule]
    made = RULES[rule](pa.array([case["written"] for case in cases]))
    for at, case in enumerate(cases):
        assert {name: column[at].as_py() for name, column in made.items()} == case["parts"], case["written"]


BIRTHS = FILE.with_name("births.json")


def test_the_rules_of_births_are_frozen_by_vectors_of_their_own():
    assert hashlib.sha256(BIRTHS.read_bytes()).hexdigest()[:16] == births.VECTORS
    published = {rule["rule"]: rule["cases"] for rule in json.loads(BIRTHS.read_text())["rules"]}
    assert set(published) == set(births.RULES)
    for rule, cases in published.items():
        written = pa.array([case["written"] for case in cases], pa.string())
        made = births.RULES[rule](written.cast(pa.date32()) if rule in births.DATES else written)
        for at, case in enumerate(cases):
            assert {name: column[at].as_py() for name, column in made.items()} == case["parts"], case


def test_swapped_names_become_one_value():
    cases = PUBLISHED["names_sorted"]
    given, surname = (pa.array([case["written"][at] for case in cases]) for at in (0, 1))
    made = standardise.names_sorted(given, surname).to_pylist()
    assert made == [case["parts"]["names_sorted"] for case in cases]


def test_rules_do_not_mind_order_repeats_nulls_or_chunks():
    raw = ["Zoë", None, "baby", "Zoë", "Anne-Marie"]
    whole = standardise.given_parts(pa.array(raw))
    alone = [standardise.given_parts(pa.array([one], pa.string()))["given"][0].as_py() for one in raw]
    assert whole["given"].to_pylist() == alone
    chunked = pa.chunked_array([raw[:2], raw[2:]], pa.string())
    assert standardise.given_parts(chunked)["given"].to_pylist() == alone


def test_cleaning_a_clean_name_changes_nothing():
    for case in PUBLISHED["given"] + PUBLISHED["surname"]:
        once = standardise.names(pa.array([case["written"]]))
        assert standardise.names(once).equals(once)


def test_no_rule_stumbles_over_an_empty_or_all_missing_column():
    for rule in RULES.values():
        for column in (pa.array([], pa.string()), pa.array([None, None], pa.string())):
            for part in rule(column).values():
                assert len(part) == len(column)
                assert part.null_count == len(column)


def upn_with(body):
    """A UPN with the right check letter, written out from the DfE's formula."""
    worth = [cleaning.CHECK_LETTERS.index(c) if c.isalpha() else int(c) for c in body]
    return cleaning.CHECK_LETTERS[sum((at + 2) * one for at, one in enumerate(worth)) % 23] + body


def test_upns_agree_with_python_stdnum():
    rng = random.Random(1)
    for _ in range(300):
        body = "801" + "".join(rng.choice("0123456789") for _ in range(8)) + rng.choice("0123456789ABCXYZ")
        upn = upn_with(body)
        assert stdnum_upn.is_valid(upn)
        parts = standardise.upn_parts(pa.array([upn]))
        assert parts["upn_temp" if upn[-1].isalpha() else "upn"][0].as_py() == upn


def test_every_wrong_character_and_every_swap_of_neighbours_is_found():
    upn = "N999199900001"
    wrong = [
        upn[:at] + other + upn[at + 1 :]
        for at, other in itertools.product(range(1, 13), "0123456789")
        if upn[at] != other
    ]
    wrong += [
        upn[:at] + upn[at + 1] + upn[at] + upn[at + 2 :] for at in range(1, 12) if upn[at] != upn[at + 1]
    ]
    parts = standardise.upn_parts(pa.array(wrong))
    assert parts["upn"].null_count == len(wrong)
    assert parts["upn_any"].null_count == 0  # kept for the deletion list alone


def test_nhs_numbers_agree_with_python_stdnum():
    rng = random.Random(2)
    numbers = ["".join(rng.choice("0123456789") for _ in range(10)) for _ in range(3000)]
    made = standardise.nhs_parts(pa.array(numbers))["nhs"].to_pylist()
    assert [one is not None for one in made] == [stdnum_nhs.is_valid(number) for number in numbers]
    assert any(made)


def test_nhs_numbers_agree_with_the_nhs_number_package_as_they_are_written():
    rng = random.Random(3)
    forms = ("{0}{1}{2}", "{0} {1} {2}", "{0}-{1}-{2}", " {0}{1}{2} ")
    digits = ["".join(rng.choice("0123456789") for _ in range(10)) for _ in range(4000)]
    # Scotland's numbers begin with a birth date there, which isn't a rule of the NHS number itself
    digits = [one for one in digits if not nhs_number.REGION_SCOTLAND.contains_number(one)]
    written = [rng.choice(forms).format(one[:3], one[3:6], one[6:]) for one in digits]
    made = standardise.nhs_parts(pa.array(written))["nhs"].to_pylist()
    assert [one is not None for one in made] == [nhs_number.is_valid(number) for number in digits]
    right = [nhs_number.standardise_format(number) for number in written]
    assert [one for one in made if one] == [there for one, there in zip(made, right, strict=True) if one]
    assert any(made)


def test_the_sound_key_brings_spellings_together_and_keeps_others_apart():
    def key(*names):
        return set(standardise.sound(pa.array(names)).to_pylist())

    assert len(key("MOHAMMED", "MUHAMMAD", "MOHAMED")) == 1
    assert len(key("YUSUF", "YOUSEF")) == 1
    assert len(key("HUSSAIN", "HOSSAIN")) == 1
    assert len(key("STEPHEN", "STEFAN")) == 1
    assert len(key("OLIVER", "AMELIA", "HARRY", "ISLA")) == 4


def test_a_birth_date_outside_a_child_s_life_gives_nothing():
    days = pa.array(["1994-12-31", "1995-01-01", "2025-12-31", "2026-01-01"]).cast(pa.date32())
    assert standardise.birth_parts(days, year=2025)["birth_date"].to_pylist() == [
        None,
        "1995-01-01",
        "2025-12-31",
        None,
    ]
