"""The plan: what each column becomes, and what stops a run before it starts."""

import dataclasses

import pytest

from pseudonymise import plan
from pseudonymise.paper import as_page, as_value
from pseudonymise.planning import GIVES, _fate, _of_schema, looked_at, other_numbers, parts_of, token_fields
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.returns import Return
from tre_toolkit.schema import Field, dataset, datasets, schema


def fates(made, table="child_identifiers"):
    return {one.column: one.fate for one in made.of("cin_census", table)}


def test_identifiers_become_tokens_and_birth_dates_months(draw, project):
    made = plan([draw.cin()], project)
    assert fates(made) == {
        "LAchildID": "token",
        "UPN": "token",
        "FormerUPN": "token",
        "UPNunknown": "keep",
        "PersonBirthDate": "token+month",
        "ExpectedPersonBirthDate": "month",
        "Sex": "token+keep",
        "PersonDeathDate": "month",
    }
    assert fates(made, "cin_details")["LAchildID"] == "drop"
    assert made.problems == ()
    assert "t_sex_birth_date" in made.tokens["cin_census/2025"]


def test_token_columns_follow_from_what_the_return_holds():
    cin, looked_after = parts_of(schema("cin_census", 2025)), parts_of(schema("ssda903", 2025))
    assert {"local_id", "upn", "upn_temp", "former_upn", "birth_date", "sex"} <= cin
    assert "given" not in cin | looked_after
    assert "postcode" in looked_after - cin
    assert "former_upn" not in looked_after


def test_the_declaration_s_word_replaces_the_catalogue_s(draw):
    declared = draw.declared(
        fates={
            "cin_census.cin_details.CINreferralDate": "month",
            "cin_census.child_identifiers.PersonDeathDate": "drop",
            "cin_census.child_identifiers.PersonBirthDate": "year",
            "cin_census.child_identifiers.Sex": "token",
        }
    )
    made = plan([draw.cin()], declared)
    assert fates(made)["PersonDeathDate"] == "drop"
    assert fates(made)["PersonBirthDate"] == "token+year"
    assert fates(made)["Sex"] == "token"
    assert fates(made, "cin_details")["CINreferralDate"] == "month"
    assert made.problems == ()


@pytest.mark.parametrize(
    ("column", "fate", "said"),
    [
        ("child_identifiers.UPN", "keep", "can't be kept"),
        ("child_identifiers.LAchildID", "keep", "can't be kept"),
        ("child_identifiers.PersonBirthDate", "keep", "a whole birth date can't stay"),
        ("child_identifiers.PersonBirthDate", "shifted", "a whole birth date can't stay"),
        ("child_identifiers.Sex", "month", "no date"),
        ("cin_details.CINreferralDate", "district", "no postcode"),
        ("cin_details.CINreferralDate", "token", "no token domain"),
        ("cin_details.PrimaryNeedCode", "area", "no postcode"),
        ("cin_details.PrimaryNeedCode", "days", "no date"),
        ("child_identifiers.ExpectedPersonBirthDate", "keep", "can't stay whole"),
        ("child_identifiers.PersonDeathDate", "shifted", "can't stay whole"),
        ("child_identifiers.UPN", "area", "no postcode"),
        ("cin_details.Invented", "keep", "no return has"),
    ],
)
def test_a_fate_that_can_t_be_is_refused(draw, column, fate, said):
    made = plan([draw.cin()], draw.declared(fates={f"cin_census.{column}": fate}))
    assert [said in problem.what for problem in made.problems] == [True]
    with pytest.raises(Problems):
        made.check()


def other(draw, name, **tables):
    known = schema(name, 2025)
    return Return(
        dataset=name,
        year=2025,
        term=known.term,
        authority="990",
        tables={table.name: draw.frame(table) for table in known.tables},
    )


@pytest.mark.parametrize(
    ("column", "fate", "said"),
    [
        ("ssda903.ad1.DOB", "keep", "can't stay whole"),
        ("ssda903.ad1.DOB", "days", "can't stay whole"),
        ("ssda903.ad1.DOB", "month", None),
        ("ssda903.header.MC_DOB", "keep", "can't stay whole"),
        ("ssda903.uasc.DUC", "shifted", "can't stay whole"),
        ("ssda903.uasc.DUC", "year", None),
        ("ssda903.prev_perm.DATE_PERM", "keep", "written as text"),
        ("ssda903.prev_perm.LA_PERM", "keep", None),
        ("ssda903.episodes.URN", "keep", None),
        ("ssda903.episodes.PL_POST", "district", None),
        ("ssda903.episodes.HOME_POST", "area", None),
    ],
)
def test_dates_of_birth_without_a_token_and_text_without_a_form_are_held_to_the_same_rules(
    draw, column, fate, said
):
    name = column.split(".")[0]
    declared = draw.declared(datasets=("ssda903", "annex_a"), fates={column: fate})
    found = [problem.what for problem in plan([other(draw, name)], declared).problems]
    assert (said is None and found == []) or (len(found) == 1 and said in found[0])


def test_free_text_and_names_can_be_declared_neither_kept_nor_postcodes(draw):
    known = schema("annex_a", 2025)
    texts = [
        f"annex_a.{table.name}.{field.name}"
        for table in known.tables
        for field in table.fields
        if field.type == "string" and not field.format and field.coarsen != "district"
    ]
    assert len(texts) > 10
    for fate in ("keep", "district", "area"):
        declared = draw.declared(datasets=("annex_a",), fates=dict.fromkeys(texts, fate))
        made = plan([other(draw, "annex_a")], declared)
        assert len(made.problems) == len(texts), fate
        assert made.tokens


def test_a_column_nobody_declared_stops_the_run_until_it_is_declared(draw):
    return_ = draw.cin()
    extra = return_.tables["cin_details"].assign(Notes="x")
    return_ = dataclasses.replace(return_, tables={**return_.tables, "cin_details": extra})
    made = plan([return_], draw.declared())
    assert ["a column nobody declared" in problem.what for problem in made.problems] == [True]
    assert "Notes" in str(made.problems[0])
    made = plan([return_], draw.declared(fates={"cin_census.cin_details.Notes": "drop"}))
    assert made.problems == ()


@pytest.mark.parametrize(
    "where",
    [
        Where("a.csv", "cin_details", "Notes"),
        Where("a.xml at Message/Children/Child/CINdetails/Notes"),
    ],
)
def test_a_column_the_reader_left_out_stops_the_run_too(draw, where):
    read = dataclasses.replace(
        draw.cin(), problems=(Problem("a column the catalogue doesn't know: left out", where),)
    )
    assert len(plan([read], draw.declared()).problems) == 1
    assert plan([read], draw.declared(fates={"cin_census.cin_details.Notes": "drop"})).problems == ()


def test_a_dataset_or_authority_the_project_doesn_t_name_is_refused(draw):
    made = plan([draw.cin("201")], draw.declared(datasets=("ssda903",)))
    assert len(made.problems) == 2


def test_the_same_plan_has_the_same_digest_and_another_fate_another(draw):
    one, again = plan([draw.cin()], draw.declared()), plan([draw.cin()], draw.declared())
    other = plan([draw.cin()], draw.declared(fates={"cin_census.child_identifiers.Sex": "token"}))
    assert one.digest == again.digest != other.digest


def test_free_text_and_numbers_of_workers_never_stay(draw):
    known = schema("ssda903", 2025)
    table = known.table("social_worker")
    assert _fate(known, table, table.field("SW_ID"), draw.declared(), gives=None).fate == "drop"
    remarks = Field(name="Remarks", type="string", role=("none",))
    assert _fate(known, table, remarks, draw.declared(), gives=None).fate == "drop"


def test_the_page_to_sign_holds_every_column_and_no_link_or_script(draw, project):
    page = as_page(plan([draw.cin()], project))
    for one in as_value(plan([draw.cin()], project))["columns"]:
        assert f"<td>{one['column']}</td>" in page
    assert "Signature" in page
    assert not any(word in page for word in ("<script", "http:", "https:", "src=", "@import", "url("))


def test_of_a_column_that_is_declared_dropped_nothing_leaves_not_even_a_token(draw, run):
    gone = {"UPN": "drop", "PersonBirthDate": "drop"}
    declared = draw.declared(
        fates={f"cin_census.child_identifiers.{name}": fate for name, fate in gone.items()}
    )
    agreed = plan([draw.cin()], declared)
    assert fates(agreed)["UPN"] == fates(agreed)["PersonBirthDate"] == "drop"
    _, parcel = run([draw.cin()], declared)
    tokens = parcel.part("tokens/cin_census/2025")
    assert agreed.tokens["cin_census/2025"] == tuple(tokens.column_names[1:])
    assert "t_local_id" in tokens.column_names
    assert not [
        name
        for name in tokens.column_names
        if "birth" in name or name in ("t_upn", "t_upn_temp", "t_upn_any")
    ]
    assert "birth_year" not in parcel.part("about/cin_census/2025").column_names
    _, whole = run([draw.cin()], draw.declared(), log="other.log")
    assert {"t_upn", "t_sex_birth_date"} <= set(whole.part("tokens/cin_census/2025").column_names)
    assert "birth_year" in whole.part("about/cin_census/2025").column_names


def test_a_dropped_birth_date_still_moves_dates_off_birthdays(draw):
    declared = draw.declared(fates={"cin_census.child_identifiers.PersonBirthDate": "drop"})
    known = draw.cin().schema
    assert "birth_date" in looked_at(known, declared)
    assert "birth_date" not in token_fields(known, declared)


def test_more_numberings_than_words_are_refused_and_not_passed_over(draw):
    known = schema("crosswalk", 2025)
    table = known.tables[0]
    assert len(other_numbers(known)) == 6
    seventh = Field(name="more", type="string", role=("linkage_id",), numbering="seventh")
    wider = table.model_copy(update={"fields": (*table.fields, seventh)})
    with pytest.raises(TreError, match="further numberings"):
        other_numbers(known.model_copy(update={"tables": (wider,)}))


def test_the_research_profile_makes_no_tokens(draw):
    made = plan([draw.cin()], draw.declared(profile="research"))
    assert made.tokens == {"cin_census/2025": ()}
    assert not any(one.token for one in made.columns)


def test_in_no_dataset_year_or_term_does_an_identifier_stay_or_a_token_domain_lack_its_rule(draw):
    for name in datasets():
        known = dataset(name)
        for year in {known.since or 2025, 2025, known.until or 2025}:
            for term in known.terms or (None,):
                if not known.exists_in(year):
                    continue
                form = known.at(year, term)
                assert set(token_fields(form)) <= set(GIVES), name
                for one in _of_schema(form, draw.declared()):
                    if {"direct_id", "linkage_id"} & set(one.role.split(", ")):
                        assert one.stays in ("drop", "district", "month", "year"), one.name
