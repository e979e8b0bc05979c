"""SSDA903 as one XML document: modules without an element of their own, the receivers' order, nothing lost."""

from pathlib import Path

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.returns import find, read, write

CHILD = (
    "<CHILD><HEADER><CHILDID>A1</CHILDID><UPN>UN1</UPN><SEX>1</SEX><DOB>01/02/2004</DOB><ETHNIC>WBRI</ETHNIC>"
    "{inside}</HEADER><EPISODE><DECOM>01/05/2020</DECOM><RNE>S</RNE><LS>C2</LS><CIN>N1</CIN><PL>U4</PL></EPISODE></CHILD>"
)


def got(folder: Path, inside: str):
    path = folder / "ssda903_990_2021.xml"
    path.write_text(f"<EXPSSDA903>{CHILD.format(inside=inside)}</EXPSSDA903>")
    [found] = find([path])
    return read(found)


def test_a_module_of_the_header_element_is_a_table_of_its_own(tmp_path):
    inside = "<UASC>0</UASC><DATE_INT>01/01/2020</DATE_INT><IN_TOUCH>YES</IN_TOUCH><ACTIV>F1</ACTIV>"
    return_ = got(tmp_path, inside)
    assert return_.problems == ()
    assert return_.tables["oc3"][["CHILD", "DOB", "IN_TOUCH", "ACTIV"]].values.tolist() == [
        ["A1", "01/02/2004", "YES", "F1"]
    ]
    assert return_.tables["ad1"].DATE_INT.tolist() == ["01/01/2020"]
    assert return_.tables["header"].columns.tolist()[-2:] == ["UASC", "row_no"]
    assert return_.tables["episodes"][["CHILD", "PLACE"]].values.tolist() == [["A1", "U4"]]


@pytest.mark.parametrize(
    ("inside", "rows"),
    [
        ("", 0),
        ("<UASC>0</UASC>", 0),
        ("<UASC>1</UASC>", 1),
        ("<UASC>0</UASC><DUC>01/02/2021</DUC>", 1),
        ("<UASC>1</UASC><DUC>01/02/2021</DUC>", 1),
        ("<UASC> </UASC><DUC> </DUC>", 0),
    ],
)
def test_a_child_is_unaccompanied_by_its_mark_or_by_the_day_that_ended_it(tmp_path, inside, rows):
    assert len(got(tmp_path, inside).tables["uasc"]) == rows


def test_a_module_is_there_when_any_of_its_cells_is_filled(tmp_path):
    assert len(got(tmp_path, "<ACCOM>B1</ACCOM>").tables["oc3"]) == 1
    assert len(got(tmp_path, "<ACCOM></ACCOM>").tables["oc3"]) == 0


@pytest.mark.parametrize("year", [2018, 2021, 2023])
def test_what_is_written_as_xml_reads_the_same(tmp_path, make_return, year):
    before = make_return("ssda903", year)
    [found] = find(write(before, tmp_path, form="xml"))
    after = read(found)
    assert after.problems == ()
    for name, frame in before.tables.items():
        columns = [column for column in frame.columns if column not in {"row_no", "UASC"}]
        wanted, rows = (
            sorted(one[columns].fillna("").values.tolist()) for one in (frame, after.tables[name])
        )
        assert rows == wanted, name


def test_elements_are_written_in_the_order_of_the_receivers(tmp_path, make_return):
    [path] = write(make_return("ssda903", 2021), tmp_path, form="xml")
    text = path.read_text()
    for element in ("AREVIEW", "AMISSING", "OC2", "PERMANENCE", "AD_PLACED", "EPISODE"):
        start = text.index(f"<{element}>")
        inside = text[start : text.index(f"</{element}>", start)]
        assert "<CHILD>" not in inside
        assert "<CHILDID>" not in inside
        assert "<DOB>" not in inside
    places = [text.index(f"<{name}>") for name in ("CHILDID", "UPN", "SEX", "DOB", "ETHNIC", "UASC")]
    assert places == sorted(places)
    places = [text.index(f"<{name}>") for name in ("DECOM", "PL", "PL_POST", "HOME_POST", "PLACE_PROVIDER")]
    assert places == sorted(places)


def test_the_mark_of_an_unaccompanied_child_is_written_though_no_csv_set_has_it(tmp_path, make_return):
    before = make_return("ssda903", 2021)
    [path] = write(before, tmp_path, form="xml")
    assert path.read_text().count("<UASC>1</UASC>") == len(before.tables["uasc"])


def test_a_module_without_a_place_in_xml_is_never_lost_silently(tmp_path, make_return):
    before = make_return("ssda903", 2025)
    assert len(before.tables["social_worker"])
    with pytest.raises(TreError, match="no place for its"):
        write(before, tmp_path, form="xml")
    assert not list(tmp_path.iterdir())


def test_an_open_episode_has_an_empty_end(tmp_path, make_return):
    before = make_return("ssda903", 2021)
    [path] = write(before, tmp_path, form="xml")
    assert path.read_text().count("<DEC></DEC><REC></REC>") == int(before.tables["episodes"].DEC.isna().sum())
