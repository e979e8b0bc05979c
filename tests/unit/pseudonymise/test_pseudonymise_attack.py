"""The attack with lists of names names whom it can, and above the limit nothing leaves."""

import random

import numpy as np
import pyarrow as pa
import pytest
from faker.providers.person.en_GB import Provider

from pseudonymise.attack import Names, name_part, name_parts, of_names, problems
from pseudonymise.exposure import of_groups
from pseudonymise.exposure import problems as group_problems
from pseudonymise.planning import ColumnPlan
from pseudonymise.profiles import STRICT, Column
from pseudonymise.tokens import compose, heads, tokenise
from tre_toolkit.errors import TreError
from tre_toolkit.project import Limits

FIRST = {name: 1 / (at + 2) for at, name in enumerate(dict.fromkeys(Provider.first_names_female))}
LAST = dict(Provider.last_names)
SECRET = bytes(32)


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """Faker's lists as a controller's file."""
    path = tmp_path_factory.mktemp("names") / "names.csv"
    rows = [("given", name, part) for name, part in FIRST.items()]
    rows += [("surname", name, part) for name, part in LAST.items()]
    path.write_text(
        "kind,name,count\n" + "".join(f"{kind},{name},{round(part * 1e6)}\n" for kind, name, part in rows)
    )
    return Names.read(path)


def children(count=6000, seed=1):
    rng = random.Random(seed)
    day = np.datetime64("2008-01-01") + np.random.default_rng(seed).integers(0, 5000, count)
    return {
        "given": pa.array([one.upper() for one in rng.choices(list(FIRST), list(FIRST.values()), k=count)]),
        "surname": pa.array([one.upper() for one in rng.choices(list(LAST), list(LAST.values()), k=count)]),
        "birth_date": pa.array([str(one) for one in day]),
    }


def attacked(parts, columns, who):
    """The attack on each of the columns made of parts; names and tokens are told apart under two keys."""
    found = []
    for column in columns:
        part = name_part(column)
        tokens = heads(tokenise(compose([parts[one] for one in column.parts]), b"t" * 32))
        names = heads(tokenise(parts[part], SECRET))
        there = tokens != 0
        whole = [(tokens[there], names[there])]
        odd = tokens[there] % 2 == 1
        apart = [tuple(one[here] for one in whole[0]) for here in (odd, ~odd)]
        known = who.told_apart(part, SECRET)
        told = of_names("s/2025", column, lambda pieces=whole: pieces, known)
        in_pieces = of_names("s/2025", column, lambda pieces=apart: pieces, known)
        assert (told.records, told.blind) == (in_pieces.records, in_pieces.blind)
        assert told.right == pytest.approx(in_pieces.right)
        found.append(told)
    return found


def test_bare_names_are_read_off_and_composites_are_not(public):
    columns = [
        Column(parts)
        for parts in (("given",), ("surname",), ("given", "birth_date"), ("surname", "birth_date"))
    ]
    found = {one.column: one for one in attacked(children(), columns, public)}
    assert found["t_surname"].learnt > 0.03
    assert found["t_given_birth_date"].learnt < 0.01
    assert found["t_surname_birth_date"].learnt < 0.01
    refused = {problem.where.column for problem in problems(list(found.values()), Limits())}
    assert "t_surname" in refused
    assert not refused & {"t_given_birth_date", "t_surname_birth_date"}
    assert problems(list(found.values()), Limits(named=1)) == []


def test_who_knows_the_very_frequencies_names_more_than_who_has_a_public_list(public):
    columns = [Column(("surname",))]
    (outside,), (inside,) = (attacked(children(), columns, who) for who in (public, Names()))
    assert inside.learnt > outside.learnt


def test_the_attack_agrees_with_doing_it_by_hand():
    values = ["ANN"] * 5 + ["BEA"] * 4 + ["CLEO"] * 4 + ["DORA"] * 2
    (found,) = attacked({"given": pa.array(values)}, [Column(("given",))], Names())
    # ANN and DORA stand alone in their counts; BEA and CLEO are told apart half the time
    assert found.right == pytest.approx(5 + (4 + 4) / 2 + 2)
    assert found.blind == 5
    assert found.records == 15


def test_tokens_that_are_all_different_tell_nothing(public):
    parts = children(3000)
    parts["upn"] = pa.array([f"N{number:012d}" for number in range(3000)])
    (found,) = attacked(parts, [Column(("upn", "given"))], public)
    assert found.learnt < 0.01


def test_a_column_without_a_name_isn_t_attacked_and_one_without_records_tells_nothing(public):
    parts = {"upn": pa.array(["A"]), "given": pa.nulls(3, pa.string())}
    columns = [Column(("upn",)), Column(("sex", "given")), Column(("given",), deletions=True)]
    assert (name_part(columns[0]), name_parts(columns)) == (None, ("given",))
    (found,) = attacked(parts, [Column(("given",))], public)
    assert found.learnt == 0


def test_no_strict_column_is_a_bare_name():
    for column in STRICT:
        assert len(column.parts) > 1 or not column.parts[0].startswith(
            ("given", "surname", "middle", "names")
        )


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "kind,name,count\ntown,Leeds,3\n", "kind,name,count\ngiven,Ann,many\n"]
)
def test_what_isn_t_a_list_of_names_is_refused(tmp_path, text):
    (tmp_path / "names.csv").write_text(text)
    with pytest.raises(TreError):
        Names.read(tmp_path / "names.csv")


def group(limit):
    table = pa.table(
        {
            "record_id": range(8),
            "sex": list("FFFFMMMM"),
            "need": ["N1"] * 4 + ["N1", "N2", "N3", "N1"],
            "sen": list("abcdabcd"),
        }
    )
    roles = {"sex": "quasi_id", "need": "sensitive", "sen": "sensitive"}
    plans = [
        ColumnPlan("d", "people", name, "code", role, None, "keep", "test") for name, role in roles.items()
    ]
    limits = Limits(smallest_group=2, most_alike=limit)
    found = of_groups("d/2025", {"people": table}, plans, ["people"], limits)
    return found, group_problems([], [found], limits)


def test_a_sensitive_value_that_all_of_a_group_share_is_measured_refused_and_its_column_named():
    found, refused = group(0.4)
    assert (found.alike, found.by, found.smallest, found.values) == (4, "people.need", 4, 1)
    assert refused[0].where.column == "people.need"
    assert "coarsen or drop people.need" in refused[0].hint
    assert group(0.5)[1] == []
