"""The peer's side: run every rule of the Data to Insight validators over one return.

Runs in the peers' own environment (peers/validators.txt), never in the project's:

    python validators.py ssda903 FOLDER YEAR OUT.json [LAST_FOLDER] [--shared]
    python validators.py cin_census FILE.xml YEAR OUT.json
    python validators.py many LIST.json - OUT.json      [[dataset, place, year, last or null, rule], …], one rule each

Writes {"rules": {rule: {table: [rows]} | "crashed: Kind" | "skipped"}, "cpu": seconds of the whole process}.
Each rule gets a deep copy, because some change what they are given; `--shared` gives all of them the same
data, as the peer ships (quicker, and wrong).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

TABLES_903 = {
    "Header": "header",
    "Episodes": "episodes",
    "UASC": "uasc",
    "Reviews": "reviews",
    "OC2": "oc2",
    "OC3": "oc3",
    "AD1": "ad1",
    "PlacedAdoption": "placed_adoption",
    "PrevPerm": "prev_perm",
    "Missing": "missing",
    "SWEpisodes": "social_worker",
    "DoLo": "dolo",
}
TABLES_CIN = {
    "Header": "header",
    "ChildIdentifiers": "child_identifiers",
    "ChildCharacteristics": "child_characteristics",
    "Disabilities": "disabilities",
    "CINdetails": "cin_details",
    "Assessments": "assessments",
    "CINplanDates": "cin_plans",
    "Section47": "section47",
    "ChildProtectionPlans": "child_protection_plans",
    "Reviews": "cpp_reviews",
    "AssessmentFactorsList": "assessment_factors",
    "la": "return",
}


def ssda903(folder: str, year: int, last: str | None, shared: bool, only: str | None = None) -> dict:
    from lac_validator.datastore import copy_datastore, create_datastore
    from lac_validator.ingress import read_from_text

    files = [
        {"name": path.name, "description": told, "file_content": path.read_bytes()}
        for place, told in ((folder, "This year"), (last, "Prev year"))
        if place
        for path in sorted(Path(place).glob("*.csv"))
    ]
    frames, extra = read_from_text(raw_files=files)
    store = create_datastore(frames, {"collectionYear": str(year), "localAuthority": "E10000020", **extra})
    store["metadata"].setdefault("file_format", "csv")
    registry = importlib.import_module(f"lac_validator.rules.lac{year - 1}_{str(year)[2:]}").registry
    answers = {}
    for number, rule in registry.items():
        if only not in {None, number}:
            continue
        given = copy_datastore(store) if shared else deep(store)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = rule.func(given)
        except Exception as error:
            answers[number] = f"crashed: {type(error).__name__}"
            continue
        answers[number] = (
            {TABLES_903[t]: sorted({int(i) for i in rows if i == i}) for t, rows in found.items()}
            if found
            else "skipped"
        )
    return answers


def deep(store: dict) -> dict:
    return {
        name: {key: value.copy() if hasattr(value, "copy") else value for key, value in part.items()}
        if name == "metadata"
        else part.copy(deep=True)
        for name, part in store.items()
    }


def cin_census(file: str, year: int, only: str | None = None) -> dict:
    import xml.etree.ElementTree as etree

    import pandas as pd
    from cin_validator import cin_validator
    from cin_validator.rule_engine import RuleContext

    pd.options.mode.chained_assignment = None
    tables = cin_validator.process_data(cin_validator.convert_data(etree.parse(file).getroot()))
    registry = importlib.import_module(f"cin_validator.rules.cin{year - 1}_{str(year)[2:]}").registry
    answers = {}
    for number, rule in registry.items():
        if only not in {None, str(number)}:
            continue
        try:
            context = RuleContext(rule)
            given = cin_validator.enum_keys({name: table.copy(deep=True) for name, table in tables.items()})
            with contextlib.redirect_stdout(io.StringIO()):
                rule.func(given, context)
            found: dict[str, set[int]] = {}
            for issues in (
                context.type_zero_issues,
                context.type_one_issues,
                context.type_two_issues,
                context.type_three_issues,
            ):
                if len(issues):
                    for table, row in zip(issues["tables_affected"], issues["ROW_ID"], strict=False):
                        found.setdefault(TABLES_CIN.get(table, table), set()).add(int(row))
            if len(context.la_level_issues):
                found["return"] = {0}
            answers[str(number)] = {table: sorted(rows) for table, rows in found.items()}
        except Exception as error:
            answers[str(number)] = f"crashed: {type(error).__name__}"
    return answers


def one_rule(name: str, place: str, year: int, last: str | None, rule: str) -> object:
    """What one rule says of one return; None where the peer has no such rule that year."""
    try:
        if name == "ssda903":
            return ssda903(place, year, last, False, rule).get(rule)
        return cin_census(place, year, rule).get(rule)
    except Exception as error:
        return f"crashed: {type(error).__name__}"


def main(words: list[str]) -> None:
    shared = "--shared" in words
    name, place, year, out, *last = [word for word in words if word != "--shared"]
    if name == "many":
        rules = []
        for one in json.loads(Path(place).read_text()):
            rules.append(one_rule(*one))
            print(json.dumps([one, rules[-1]]), file=sys.stderr, flush=True)
    elif name == "ssda903":
        rules = ssda903(place, int(year), last[0] if last else None, shared)
    else:
        rules = cin_census(place, int(year))
    Path(out).write_text(json.dumps({"rules": rules, "cpu": time.process_time()}))


if __name__ == "__main__":
    main(sys.argv[1:])
