"""Every rule of the catalogue from both sides: a clean return it passes, and the smallest change that breaks it.

`tests/vectors/returns/witnesses.json` holds one witness for each rule and period of unchanged logic: changes to
the clean base of that year, and the rows the rule must then name. `find_witnesses.py` beside it finds new ones.
"""

import dataclasses
import json
import runpy
from functools import cache
from pathlib import Path

import pytest

from tre_toolkit.returns import validate
from tre_toolkit.schema import dataset

VECTORS = Path(__file__).parents[1] / "vectors" / "returns"
FOUND = runpy.run_path(str(VECTORS / "find_witnesses.py"), run_name="witnesses")
WITNESSES = json.loads((VECTORS / "witnesses.json").read_text())
NAMES = ("cin_census", "ssda903")
# Rules that have no witness, and why none can be drawn
WITHOUT = {
    ("ssda903", "1001"): "what it asks isn't settled: it has no SQL",
    ("ssda903", "SW12STG2"): "what it asks isn't settled: it has no SQL",
    ("ssda903", "411"): "both sides are derived from one postcode: it can't fail",
    ("ssda903", "706"): "reads last year's orders, first collected in 2027; tested by itself below",
}


def first_year(rule):
    return max(rule.since or 2023, 2023)


@cache
def broken_on_the_base(name, year):
    return set(FOUND["reported"](name, year, FOUND["drawn"](name, year), None))


@pytest.mark.parametrize("one", WITNESSES, ids=lambda one: f"{one['dataset']}-{one['rule']}-{one['year']}")
def test_a_rule_passes_the_clean_return_and_stops_the_changed_one(one):
    if "before" in one:
        assert FOUND["broken"]({**one, "changes": []}) is None
    else:
        assert one["rule"] not in broken_on_the_base(one["dataset"], one["year"])
    assert FOUND["broken"](one) == one["rows"]


def test_every_rule_has_a_witness_or_a_reason():
    have = {(one["dataset"], one["rule"], one["year"]) for one in WITNESSES}
    wanting = {
        (name, rule.id)
        for name in NAMES
        for rule in dataset(name).rules
        if (name, rule.id, first_year(rule)) not in have
    }
    assert wanting == set(WITHOUT)


def test_an_order_that_is_open_last_year_and_gone_this_year_breaks_rule_706():
    make = FOUND["BASE"]["as_return"]
    now, last = make("ssda903", 2027), make("ssda903", 2026, last=True)
    order = now.tables["dolo"].copy()
    order["DOLO_END"] = None
    order["DOLO_START"] = "01/02/2026"
    last = dataclasses.replace(last, tables={**last.tables, "dolo": order})
    report = validate(now, last, only={"706"})
    assert [(one.rule, one.table, one.rows.tolist()) for one in report.findings] == [
        ("706", "dolo_last", [0])
    ]
    kept = dataclasses.replace(now, tables={**now.tables, "dolo": order})
    assert validate(kept, last, only={"706"}).findings == ()
