"""Identifiers and names are found where none may be, and innocent columns are let be."""

import pyarrow as pa
import pytest

from pseudonymise import scan
from pseudonymise.scan import identifiers
from tre_toolkit.errors import Where

HERE = Where("d", "t", "c")
NONE = pa.array([], pa.string())


def names(values, known, where):
    return scan.names(*scan.named(values, scan.dictionary(known.to_pylist())), where)


def kinds(*values):
    return [problem.what.split("looks like ")[1] for problem in identifiers(pa.array(values), HERE)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("N999199900001", "a UPN"),
        ("n999 1999 00001", "a UPN"),
        ("M99900002500A", "a UPN"),
        ("943 476 5919", "an NHS number"),
        ("SW1A 1AA", "a full postcode"),
        ("m11ae", "a full postcode"),
        ("100012345678", "a UPRN"),
    ],
)
def test_an_identifier_is_found_in_any_writing(value, kind):
    assert kinds("1A", None, value) == [kind]


def test_codes_dates_and_short_numbers_are_innocent():
    assert kinds("1A", "N1", "2024-06-01", "201", "SW1A", "A999199900001", "1234", "E01000001", None) == []


def test_no_value_stands_in_the_problem():
    (problem,) = identifiers(pa.array(["N999199900001"]), HERE)
    assert "N9991" not in str(problem)


def test_one_row_in_a_hundred_with_a_name_is_found_and_fewer_are_not():
    rows = ["spoke to worker"] * 99
    assert len(list(names(pa.array([*rows, "saw Zanthorpe"]), pa.array(["ZANTHORPE", None]), HERE))) == 1
    assert list(names(pa.array([*rows, *rows, "saw Zanthorpe"]), pa.array(["ZANTHORPE"]), HERE)) == []
    assert list(names(pa.array([*rows, "saw Zanthorpe"]), NONE, HERE)) == []


def test_the_commonest_names_are_known_without_being_told():
    assert len(list(names(pa.array(["Olivia Smith", "Amelia"]), NONE, HERE))) == 1
    assert list(names(pa.array(["AB", "N1", None, "2024"]), NONE, HERE)) == []
    assert list(names(NONE, NONE, HERE)) == []


def test_an_accent_or_letters_case_hides_no_name():
    assert len(list(names(pa.array(["met ZÖRAN"]), pa.array(["ZORAN"]), HERE))) == 1
