"""The children in need census as XML: dirt is told, damage is refused, order is kept."""

import codecs
from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.returns import find, read, write

HEAD = (
    "<Header><CollectionDetails><Collection>CIN</Collection><Year>2025</Year>"
    "<ReferenceDate>2025-03-31</ReferenceDate></CollectionDetails>"
    "<Source><LEA>990</LEA></Source></Header>"
)
CHILD = (
    "<Child><ChildIdentifiers><LAchildID>A1</LAchildID><Sex>F</Sex></ChildIdentifiers>"
    "<ChildCharacteristics><Ethnicity>WBRI</Ethnicity><Disabilities><Disability>MOB</Disability>"
    "<Disability>LD</Disability></Disabilities></ChildCharacteristics>"
    "<CINdetails><CINreferralDate>2024-06-01</CINreferralDate>"
    "<Assessments><AssessmentActualStartDate>2024-06-02</AssessmentActualStartDate>"
    "<FactorsIdentifiedAtAssessment><AssessmentFactors>3B</AssessmentFactors><AssessmentFactors>4A</AssessmentFactors>"
    "</FactorsIdentifiedAtAssessment></Assessments>"
    "<Assessments><AssessmentActualStartDate>2024-07-02</AssessmentActualStartDate></Assessments>"
    "<ReferralNFA>0</ReferralNFA></CINdetails>"
    "<CINdetails><CINreferralDate>2024-09-01</CINreferralDate>"
    "<Assessments><AssessmentActualStartDate>2024-09-02</AssessmentActualStartDate></Assessments>"
    "<ReferralNFA>false</ReferralNFA></CINdetails></Child>"
)


def document(
    inside: str = CHILD, head: str = HEAD, root: str = "Message", before: str = "", after: str = ""
) -> str:
    return f"{before}<{root}>{head}<Children>{inside}</Children>{after}</{root}>"


def saved(folder: Path, text: str | bytes, name: str = "cin_census_2025.xml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def got(folder: Path, text: str | bytes):
    [found] = find([saved(folder, text)])
    return read(found)


def test_each_element_becomes_a_row_under_the_keys_of_its_parents(tmp_path):
    tables = got(tmp_path, document()).tables
    assert tables["cin_details"][["LAchildID", "CINdetailsID"]].values.tolist() == [["A1", "1"], ["A1", "2"]]
    assert tables["assessments"][["CINdetailsID", "AssessmentID"]].values.tolist() == [
        ["1", "1"],
        ["1", "2"],
        ["2", "1"],
    ]
    assert tables["assessment_factors"].AssessmentFactors.tolist() == ["3B", "4A"]
    assert tables["assessment_factors"].AssessmentID.tolist() == ["1", "1"]
    assert tables["disabilities"].Disability.tolist() == ["MOB", "LD"]
    assert tables["disabilities"].row_no.tolist() == [0, 1]


def test_year_and_authority_come_from_the_header(tmp_path):
    [found] = find([saved(tmp_path, document(), "anything_2019.xml")])
    assert (found.year, found.authority, found.dataset) == (2025, "990", "cin_census")
    assert "header" in found.how


@pytest.mark.parametrize(
    "text",
    [
        codecs.BOM_UTF8 + document().encode(),
        document(before="<?xml version='1.0' encoding='UTF-16'?>").encode("utf-16"),
        document(before="<!-- made by hand -->").encode(),
        document().replace("<Message>", '<Message xmlns="http://example.org/cin">').encode(),
        document()
        .replace("<Message>", '<c:Message xmlns:c="http://example.org/cin">')
        .replace("</Message>", "</c:Message>")
        .encode(),
    ],
)
def test_marks_comments_and_namespaces_change_nothing(tmp_path, text):
    back = got(tmp_path, text)
    assert back.rows_read == got(tmp_path, document()).rows_read
    assert not back.problems


def test_blanks_around_a_value_are_no_part_of_it(tmp_path):
    back = got(tmp_path, document().replace("<LAchildID>A1<", "<LAchildID>\n  A1 <"))
    assert back.tables["cin_details"].LAchildID.tolist() == ["A1", "A1"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("<Sex>", "loose<Sex>"), "text that stands in no element"),
        (("</CINdetails></Child>", "</CINdetails><Later><X>1</X></Later></Child>"), "doesn't know"),
        (("<Sex>F</Sex>", "<Sex>F</Sex><Sex>M</Sex>"), "stands twice"),
        (("</Children>", "</Children><Trailer><N>1</N></Trailer>"), "doesn't know"),
        (("<Children>", "<Extra>1</Extra><Children>"), "doesn't know"),
        (("<Child>", "<Odd/><Child>"), "doesn't know"),
        (("<Sex>F", "<Sex>F<b>x</b>"), "doesn't know"),
    ],
)
def test_what_the_catalogue_does_not_know_is_told_and_never_fatal(tmp_path, change, told):
    back = got(tmp_path, document().replace(*change))
    assert any(told in problem.what for problem in back.problems)
    assert back.tables["child_identifiers"].Sex.tolist() == ["F"]
    assert len(back.tables["assessments"]) == 3


def test_a_key_that_stands_behind_what_inherits_it_still_reaches_it(tmp_path):
    swapped = CHILD.replace(CHILD[7 : CHILD.index("<ChildCharacteristics>")], "")
    identifiers = CHILD[7 : CHILD.index("<ChildCharacteristics>")]
    back = got(tmp_path, document(swapped.replace("</Child>", identifiers + "</Child>")))
    assert back.tables["cin_details"].LAchildID.tolist() == ["A1", "A1"]


def test_a_child_without_identifiers_keeps_its_rows(tmp_path):
    inside = CHILD.replace(CHILD[7 : CHILD.index("<ChildCharacteristics>")], "")
    back = got(tmp_path, document(CHILD + inside))
    assert back.tables["cin_details"].LAchildID.isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_document_that_breaks_off_is_refused_with_its_line(tmp_path, share):
    text = document(CHILD * 50).encode()
    [found] = find([saved(tmp_path, text[: int(len(text) * share)])])
    with pytest.raises(TreError, match="breaks off") as refused:
        read(found)
    assert "2024-06-01" not in str(refused.value)
    assert refused.value.problem.where.row


def test_another_root_is_no_return(tmp_path):
    with pytest.raises(TreError, match="no return that the catalogue knows"):
        find([saved(tmp_path, document(root="Sitemap"), "x.xml")])


def test_binary_junk_called_xml_is_no_return(tmp_path):
    with pytest.raises(TreError, match="no return that the catalogue knows"):
        find([saved(tmp_path, bytes(range(256)) * 50, "x.xml")])


def test_binary_junk_called_by_the_returns_name_says_what_is_wrong(tmp_path):
    [found] = find([saved(tmp_path, bytes(range(256)) * 50, "cin_census_990_2025.xml")])
    with pytest.raises(TreError, match="not well-formed"):
        read(found)


def test_a_document_type_is_refused_and_nothing_is_pulled_in(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    attack = (
        f'<!DOCTYPE Message [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">'
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    )
    text = document(before=attack).replace("WBRI", "&x;")
    [found] = find([saved(tmp_path, text)])
    with pytest.raises(TreError, match="document type"):
        read(found)


def test_a_document_deeper_than_any_return_is_refused(tmp_path):
    deep = "<a>" * 400 + "</a>" * 400
    [found] = find([saved(tmp_path, document(CHILD.replace("</Child>", deep + "</Child>")))])
    with pytest.raises(TreError):
        read(found)


def test_what_is_written_reads_the_same_in_every_year(tmp_path, make_return):
    for year in (2018, 2022, 2024, 2025, 2027):
        before = make_return("cin_census", year)
        [path] = write(before, tmp_path / str(year))
        assert path.name == f"cin_census_990_{year}.xml"
        after = read(find([path])[0])
        assert after.year == year
        assert not after.problems
        for name, frame in before.tables.items():
            assert frame.equals(after.tables[name])


def test_elements_are_written_in_the_order_of_the_schema(tmp_path, make_return):
    [path] = write(make_return("cin_census", 2025), tmp_path)
    text = path.read_text()
    start = text.index("<LAchildID>A5<")
    places = [
        text.index(f"<{name}>", start)
        for name in (
            "Ethnicity",
            "CINreferralDate",
            "Assessments",
            "Section47",
            "ReferralNFA",
            "ChildProtectionPlans",
            "Reviews",
        )
    ]
    assert places == sorted(places)


def test_characters_with_a_meaning_in_xml_survive(tmp_path, make_return):
    import dataclasses

    before = make_return("cin_census", 2025)
    frame = before.tables["child_characteristics"].copy()
    frame.loc[:1, "Ethnicity"] = ["<a>&amp;", "]]>é"]
    before = dataclasses.replace(before, tables={**before.tables, "child_characteristics": frame})
    [path] = write(before, tmp_path)
    after = read(find([path])[0])
    assert after.tables["child_characteristics"].Ethnicity.tolist()[:2] == ["<a>&amp;", "]]>é"]


def test_a_row_below_no_row_cannot_be_written(tmp_path, make_return):
    import dataclasses

    before = make_return("cin_census", 2025)
    frame = before.tables["assessments"].copy()
    frame.loc[0, "CINdetailsID"] = "9"
    before = dataclasses.replace(before, tables={**before.tables, "assessments": frame})
    with pytest.raises(TreError, match="hang below no row"):
        write(before, tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_children_of_one_number_lose_no_row(tmp_path):
    before = got(tmp_path, document(CHILD + CHILD))
    [path] = write(before, tmp_path / "again")
    after = read(find([path])[0])
    assert after.rows_read == before.rows_read
