"""The catalogue itself: it loads in every year, says what every column reveals, and equals the facts it is made from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.engine import Engine
from tre_toolkit.schema import CATALOGUE, Dataset, Field, dataset, datasets, describe, schema

Facts = Callable[[str], dict[str, Any]]
Stage = Callable[[Engine, Dataset], None]
ALL = datasets()
DOMAINS = {
    "upn", "local_id", "given", "middle", "surname", "birth_date", "sex", "postcode", "nhs", "uln", "uprn",
    "delivery_date", "birth_day", "mother_birth_date", "provider", "gestation", "weight_band", "baby_sex",
}  # fmt: skip
NAMED = {
    "cin_census", "ssda903", "school_census", "npd_attainment", "npd_absence_exclusions", "npd_census", "npd_cla", "annex_a",
    "social_work_workforce", "s251_placement_costs", "echild", "echild_mb", "residence", "moj_dfe", "leo",
    "census2021_household", "cns_register", "crosswalk", "hes_births", "hes_deliveries",
    "early_help", "programme",
}  # fmt: skip


def fields(known: Dataset) -> list[tuple[str, Field]]:
    return [(table.name, field) for table in known.tables for field in table.fields]


def test_every_dataset_the_project_names_is_there() -> None:
    assert set(ALL) == NAMED


@pytest.mark.parametrize("name", ALL)
def test_every_year_and_term_of_a_dataset_loads(name: str) -> None:
    known = dataset(name)
    for year in known.years:
        for term in known.terms or (None,):
            at = known.at(year, term)
            assert at.tables
            for table in at.tables:
                assert table.columns
                for column in table.columns:
                    field = at.column(table.name, column)
                    assert field.role
                    if field.type == "code":
                        assert at.codes(field), f"{table.name}.{column} has no code in {year}"


@pytest.mark.parametrize("name", ALL)
def test_every_code_list_is_used_and_says_each_value_once_a_year(name: str) -> None:
    known = dataset(name)
    used = {field.codes for _, field in fields(known)}
    own = {path.stem for path in (CATALOGUE / name / "codes").glob("*.csv")}
    assert own <= used, f"never used: {sorted(own - used)}"
    for listed in known.code_lists.values():
        for year in known.years:
            counted = Counter(code.value for code in listed.codes if code.exists_in(year))
            assert not [value for value, times in counted.items() if times > 1]


def test_every_common_list_is_used_somewhere() -> None:
    used = {field.codes for name in ALL for _, field in fields(dataset(name))}
    own = {f"common:{path.stem}" for path in (CATALOGUE / "common" / "codes").glob("*.csv")}
    assert own <= used, f"never used: {sorted(own - used)}"


@pytest.mark.parametrize("name", ALL)
def test_tokens_are_of_known_domains_and_identifiers_never_stay(name: str) -> None:
    for table, field in fields(dataset(name)):
        place = f"{name}.{table}.{field.name}"
        assert field.token is None or field.token in DOMAINS, place
        if field.token == "birth_date":
            assert field.coarsen in {"month", "drop"}, place
        if field.token == "postcode":
            assert field.coarsen == "district", place
        if "direct_id" in field.role:
            assert field.coarsen in {None, "drop", "district"}, place
        if len(field.role) > 1:
            assert "none" not in field.role, place


@pytest.mark.parametrize("name", ["cin_census", "ssda903", "school_census", "cns_register"])
def test_a_return_about_children_says_where_its_children_stand(name: str) -> None:
    known = dataset(name)
    assert known.person_tables
    for table in known.tables:
        if table.name in known.person_tables:
            assert table.person in table.key
        if table.parent in known.person_tables:
            assert table.person


def test_the_return_of_a_year_has_the_columns_of_that_year() -> None:
    before, after = (schema("cin_census", year).table("child_identifiers").columns for year in (2024, 2025))
    assert "GenderCurrent" in before
    assert "Sex" not in before
    assert "Sex" in after
    assert "GenderCurrent" not in after
    assert not any(table.name == "social_worker" for table in schema("ssda903", 2023).tables)
    assert any(table.name == "social_worker" for table in schema("ssda903", 2024).tables)
    assert not any(table.name == "cin_plans" for table in schema("cin_census", 2021).tables)


@pytest.mark.parametrize(
    ("name", "table", "column", "code", "first", "last"),
    [
        ("ssda903", "episodes", "PLACE", "H5", 2017, 2024),
        ("ssda903", "episodes", "PLACE", "P2", 2017, 2024),
        ("ssda903", "episodes", "PLACE", "K3", 2025, 2027),
        ("ssda903", "episodes", "PLACE", "Z11", 2026, 2027),
        ("ssda903", "episodes", "REC", "E43", 2017, 2018),
        ("ssda903", "episodes", "REC", "E45", 2019, 2027),
        ("ssda903", "oc3", "ACTIV", "F3", 2017, 2021),
        ("ssda903", "oc3", "ACTIV", "P5", 2022, 2027),
        ("ssda903", "header", "SEX", "1", 2017, 2024),
        ("ssda903", "header", "SEX", "U", 2025, 2027),
        ("cin_census", "assessment_factors", "AssessmentFactors", "24A", 2022, 2027),
        ("cin_census", "assessment_factors", "AssessmentFactors", "18A", 2017, 2020),
        ("cin_census", "cin_details", "ReferralSource", "5D", 2023, 2027),
        ("cin_census", "cin_details", "ReasonForClosure", "RC9", 2023, 2027),
    ],
)
def test_a_code_is_known_in_its_years_and_in_no_other(
    name: str, table: str, column: str, code: str, first: int, last: int
) -> None:
    for year in dataset(name).years:
        at = schema(name, year)
        known = code in at.codes(at.table(table).field(column))
        assert known == (first <= year <= last), year


def test_a_term_has_its_own_tables_and_columns() -> None:
    autumn, spring = (schema("school_census", 2025, term) for term in ("autumn", "spring"))
    assert not any(table.name == "senneeds" for table in autumn.tables)
    assert spring.table("senneeds").person == "pupilonrolltableid"
    assert "ethnicity" in spring.table("pupilonroll").columns
    assert "ethnicity" not in autumn.table("pupilonroll").columns
    assert "gender" in schema("school_census", 2023, "spring").table("pupilonroll").columns
    assert "sex" in schema("school_census", 2024, "spring").table("pupilonroll").columns


@pytest.mark.shared
@pytest.mark.parametrize("name", ["cin_census", "ssda903"])
def test_tables_and_columns_equal_the_facts(facts: Facts, name: str) -> None:
    told = facts(name)
    known = dataset(name)
    assert [table.name for table in known.tables] == [table["name"] for table in told["tables"]]
    for table, fact in zip(known.tables, told["tables"], strict=True):
        assert [field.name for field in table.fields] == [field["name"] for field in fact["fields"]]
        assert table.since == fact.get("from")
        for field, one in zip(table.fields, fact["fields"], strict=True):
            role = one["role"] if isinstance(one["role"], list) else [one["role"]]
            assert list(field.role) == role
            assert field.required == (not one["nullable"])
            assert (field.since, field.until) == (one.get("from"), one.get("to"))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["cin_census", "ssda903"])
def test_code_lists_equal_the_facts(facts: Facts, name: str) -> None:
    known = dataset(name)
    for listed, codes in facts(name)["code_sets"].items():
        if isinstance(codes, dict) and listed in known.code_lists and listed != "accommodation":
            assert {code.value for code in known.code_lists[listed].codes} == set(map(str, codes)), listed


# queries that differ from the facts on purpose: 202 maps SEX 1 and 2 to M and F before it compares two years
OURS = {("ssda903", ("202", 2023))}


@pytest.mark.shared
@pytest.mark.parametrize(("name", "file"), [("cin_census", "rules_cin"), ("ssda903", "rules_ssda903")])
def test_every_rule_of_the_facts_is_in_the_catalogue_with_the_same_query(
    facts: Facts, name: str, file: str
) -> None:
    told = {(rule["id"], rule["from"]): rule for rule in facts(file)["rules"]}
    known = {(rule.id, rule.since or 2023): rule for rule in dataset(name).rules}
    split = {("132", 2023): ("132", 2022), ("149", 2023): ("149", 2019)}  # older code lists stand apart
    for key, fact in told.items():
        rule = known[split.get(key, key) if name == "ssda903" else key]
        if (name, key) not in OURS:
            assert (rule.sql or "").split() == (fact.get("sql") or "").split(), key
        assert (rule.kind, list(rule.flags), rule.scope) == (fact["kind"], fact["flags"], fact["scope"])
        assert rule.until == fact.get("to")
    assert {number for number, _ in told} == {rule.id for rule in dataset(name).rules}


@pytest.mark.parametrize(("name", "numbers"), [("cin_census", 109), ("ssda903", 344)])
def test_the_rules_are_all_there(name: str, numbers: int) -> None:
    assert len({rule.id for rule in dataset(name).rules}) == numbers


@pytest.mark.parametrize("name", [name for name in ALL if dataset(name).rules])
def test_rules_of_one_number_share_no_year_and_name_what_is_there(name: str) -> None:
    known = dataset(name)
    tables = {table.name: set(table.columns) for table in known.tables}
    derived = {one.name for one in known.derived}
    for year in known.years:
        counted = Counter(rule.id for rule in known.at(year).rules)
        assert not [number for number, times in counted.items() if times > 1], year
    for rule in known.rules:
        assert rule.flags[0].removesuffix("_last") in tables
        read = [table.removesuffix("_last") for table in rule.tables]
        assert set(read) <= set(tables), rule.id
        columns = set().union(*(tables[table] for table in read)) | derived
        assert {column.removesuffix("_last") for column in rule.fields} <= columns, rule.id


@pytest.mark.parametrize("name", [name for name in ALL if dataset(name).rules])
def test_every_rule_binds_to_the_tables_of_the_schema(name: str, stage: Stage) -> None:
    known = dataset(name)
    with Engine() as engine:
        stage(engine, known)
        for rule in known.rules:
            if rule.sql is None:
                assert rule.unsettled, f"{rule.id} has no query and isn't marked unsettled"
                continue
            engine.rows(f"EXPLAIN {rule.sql}")
            answer = engine.arrow(rule.sql)
            assert "row_no" in answer.column_names, rule.id
            assert ("tbl" in answer.column_names) or len(rule.flags) >= 1, rule.id


def test_binding_is_falsifiable(stage: Stage) -> None:
    known = dataset("ssda903")
    with Engine() as engine:
        stage(engine, known)
        with pytest.raises(Exception, match="DECOMM"):
            engine.rows("EXPLAIN SELECT row_no FROM episodes WHERE DECOMM IS NULL")


def test_no_rule_speaks_of_a_value_list_its_year_does_not_know() -> None:
    """A rule `X NOT IN (...)` over one coded column lists exactly the year's codes."""
    known = dataset("ssda903")
    apart = {
        ("133", 0): {"S1", "X1"},  # accommodation that is always unsuitable has no suitable code
        ("146", 2025): {"H5", "P2"},  # still taken in 2025 for episodes carried over
    }
    seen = 0
    for rule in known.rules:
        found = re.fullmatch(
            r"SELECT row_no, CHILD FROM (\w+) WHERE \(?(?:(\w+) IS NULL OR )?(\w+) NOT IN \(([^()]*)\)\)?",
            " ".join((rule.sql or "").split()),
        )
        if not found or len(rule.fields) != 1:
            continue
        listed = set(re.findall(r"'([^']*)'", found[4]))
        field = next(table for table in known.tables if table.name == found[1]).field(found[3])
        if not field.codes or field.type != "code":
            continue
        for year in known.years:
            if rule.exists_in(year) and year >= 2023:
                codes = set(known.code_lists[field.codes].at(year))
                known_difference = apart.get((rule.id, year)) or apart.get((rule.id, 0), set())
                assert listed ^ codes == known_difference, (rule.id, year, listed ^ codes)
                seen += 1
    assert seen > 50


def test_the_catalogue_holds_no_stray_file() -> None:
    for name in ALL:
        folder = CATALOGUE / name
        tables = {path.stem for path in (folder / "tables").iterdir()}
        assert tables == {table.name for table in dataset(name).tables}
        assert {path.name for path in folder.iterdir()} <= {
            "dataset.toml", "tables", "codes", "rules.toml", "derived.toml", "harmonise.toml",
        }  # fmt: skip


def test_project_text_of_the_catalogue_names_no_place_of_its_making() -> None:
    for path in Path(CATALOGUE).rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert "/work" not in text
        assert "../shared" not in text
        assert not re.search(r"\bpeer\b", text), path


@pytest.mark.parametrize("name", ALL)
def test_the_pages_say_of_a_column_what_the_plan_proposes(name: str) -> None:
    fates = pytest.importorskip("pseudonymise.fates")
    words = {"keep": None}
    for table in dataset(name).tables:
        for field in table.fields:
            proposed, _ = fates.proposed(table, field)
            assert describe._kept(table, field) == words.get(proposed, proposed), f"{table.name}.{field.name}"
