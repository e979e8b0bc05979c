"""The files: marks, truth, project, and the same bytes whatever the chunk."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyarrow import parquet

from synth.documents import write_document
from synth.files import Sink, with_a_place
from synth.plan import Plan
from synth.tell import draft_of, returns_of
from synth.world import invent
from synth.write import synthesise
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.project import Project
from tre_toolkit.returns import find, read, validate, write

NAMES = ("cin_census", "ssda903", "school_census", "npd_attainment")
PLAN = Plan(("990", "991"), 300, (2024, 2025), seed=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("made") / "invented"
    synthesise(NAMES, into, plan=PLAN)
    return into


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_return_is_found_read_and_known_for_invented(made: Path) -> None:
    found = find([made / "990"])
    assert {(one.dataset, one.period) for one in found} == {
        (name, f"{year}-spring" if name == "school_census" else str(year))
        for name in NAMES
        for year in (2024, 2025)
    }
    for one in found:
        got = read(one)
        assert got.synthetic
        assert not got.problems
        assert got.authority == "990"


def test_every_folder_with_a_return_says_that_it_is_synthetic(made: Path) -> None:
    for place in (made, *(path.parent for path in made.rglob("header.csv"))):
        said = json.loads((place / "SYNTHETIC.json").read_text())
        assert said["synthetic"] is True
        assert said["seed"] == 3


def test_the_project_declaration_is_one(made: Path) -> None:
    project = Project.read(made / "tre.toml")
    assert set(project.authorities) == {"990", "991"}
    assert project.datasets == NAMES


def test_the_truth_names_a_person_for_every_number_of_every_return(made: Path) -> None:
    truth = {
        (row["authority"], row["dataset"], row["period"], row["local_id"]): row["person"]
        for row in rows(made / "truth.csv")
    }
    for one in find([made]):
        got = read(one)
        for name in got.schema.dataset.person_tables:
            ids = got.tables[name][got.schema.table(name).person].dropna()
            assert all((got.authority, got.dataset, got.period, number) in truth for number in ids)


def test_a_child_has_one_local_number_in_both_returns_and_is_one_person(made: Path) -> None:
    truth = rows(made / "truth.csv")
    of_cin = {
        (row["authority"], row["local_id"]): row["person"] for row in truth if row["dataset"] == "cin_census"
    }
    of_care = {
        (row["authority"], row["local_id"]): row["person"] for row in truth if row["dataset"] == "ssda903"
    }
    assert of_care.keys() & of_cin.keys()
    assert all(of_cin[key] == person for key, person in of_care.items() if key in of_cin)


def test_a_mover_has_two_numbers_and_is_one_person(made: Path) -> None:
    truth = [row for row in rows(made / "truth.csv") if row["dataset"] == "cin_census"]
    places: dict[str, set[tuple[str, str]]] = {}
    for row in truth:
        places.setdefault(row["person"], set()).add((row["authority"], row["local_id"]))
    movers = [ids for ids in places.values() if len({authority for authority, _ in ids}) == 2]
    assert movers
    assert all(len({number for _, number in ids}) == 2 for ids in movers)


def test_the_bytes_are_the_same_whatever_the_chunk(tmp_path: Path) -> None:
    names = ("cin_census", "ssda903", "residence", "annex_a")  # XML, CSV, Parquet and a workbook
    plan = Plan(("990",), 100, (2025,), seed=3, known=1)
    for chunk in (10_000, 40):
        synthesise(names, tmp_path / str(chunk), plan=plan, chunk=chunk, profile="records")
    assert digests(tmp_path / "10000") == digests(tmp_path / "40")


def test_another_seed_gives_other_children(made: Path, tmp_path: Path) -> None:
    synthesise(("ssda903",), tmp_path / "other", plan=Plan(("990",), 300, (2025,), seed=4))
    assert (tmp_path / "other/990/ssda903/2025/header.csv").read_bytes() != (
        made / "990/ssda903/2025/header.csv"
    ).read_bytes()


def test_nothing_is_left_behind_when_it_fails(tmp_path: Path) -> None:
    with pytest.raises(TreError):
        synthesise(("cin_census",), tmp_path / "x", plan=Plan(("990",), 8, (1999,)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"authorities": ("926",)}, "no authority has"),
        ({"children": -1}, "below 0"),
        ({"years": (2025, 2023)}, "follow one another"),
        ({"known": 1.5}, "between 0 and 1"),
        ({"authorities": ("990", "990")}, "named once"),
    ],
)
def test_what_cannot_be_invented_is_refused(plan: dict[str, object], says: str) -> None:
    with pytest.raises(MisuseError, match=says):
        Plan(**plan)  # type: ignore[arg-type]


def test_an_unknown_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="no dataset nonsense"):
        synthesise(("nonsense",), tmp_path / "x", plan=PLAN)


@pytest.mark.parametrize("children", [0, 1, 2, 9])
def test_as_many_children_are_made_as_were_asked_for(tmp_path: Path, children: int) -> None:
    said = synthesise(
        ("cin_census", "ssda903", "school_census"), tmp_path / "few", plan=Plan(("990",), children, (2025,))
    )
    assert said["children"] == children
    for one in find([tmp_path / "few"], year=2025, authority="990"):
        assert not read(one).problems


def test_a_pupil_s_sex_stands_in_every_year_under_that_year_s_name(tmp_path: Path) -> None:
    plan = Plan(("990",), 60, (2023, 2024), seed=3)
    synthesise(["school_census"], tmp_path / "made", plan=plan)
    for period, name in (("2023-spring", "gender"), ("2024-spring", "sex")):
        (file,) = (tmp_path / "made/990/school_census" / period).glob("*pupilonroll.csv")
        header, *lines = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
        assert {line[header.index(name)] for line in lines} == {"M", "F"}


@pytest.mark.parametrize(
    "name", ["cns_register", "s251_placement_costs", "ssda903", "residence", "school_census"]
)
def test_a_chunk_s_files_are_those_of_the_returns_own_writer(tmp_path: Path, name: str) -> None:
    (one,) = list(returns_of(invent(Plan(("990",), 120, (2025,), seed=3)), (name,)))
    first = {table: frame.assign() for table, frame in one.tables.items()}
    table = one.schema.tables[0].name
    text = next(field.name for field in one.schema.tables[0].fields if field.type == "string")
    first[table][text] = first[table][text].str.replace("S", 'a, "b"\n', regex=False)
    awkward = replace(one, tables=first)
    sink = Sink(tmp_path / "ours")
    sink.put(draft_of(awkward))
    sink.close()
    for path in write(awkward, tmp_path / "theirs"):
        ours = tmp_path / "ours" / path.name
        if path.suffix == ".csv":
            assert ours.read_bytes() == path.read_bytes(), path.name
        else:
            assert parquet.read_table(ours).equals(parquet.read_table(path)), path.name


def test_ssda903_is_written_as_xml_where_that_is_asked_for(tmp_path: Path) -> None:
    plan = Plan(("990",), 300, (2025,), seed=3)
    synthesise(("ssda903",), tmp_path / "xml", plan=plan, forms={"ssda903": "xml"}, chunk=80)
    synthesise(("ssda903",), tmp_path / "csv", plan=plan)
    (found,) = find([tmp_path / "xml/990"])
    got, same = read(found), read(find([tmp_path / "csv/990"])[0])
    assert found.files
    assert not got.problems
    assert {one.rule for one in validate(got).findings if one.kind == "error"} == set()
    for table in ("episodes", "missing"):
        assert len(got.tables[table]) == len(same.tables[table]) > 0


def test_a_form_that_a_dataset_doesn_t_come_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="doesn't come as xml"):
        synthesise(("school_census",), tmp_path / "x", plan=PLAN, forms={"school_census": "xml"})
    with pytest.raises(MisuseError, match="isn't among"):
        synthesise(("school_census",), tmp_path / "x", plan=PLAN, forms={"ssda903": "xml"})


@pytest.mark.parametrize("name", ["cin_census", "ssda903", "social_work_workforce"])
def test_a_document_is_byte_for_byte_that_of_the_returns_own_writer(tmp_path: Path, name: str) -> None:
    for at, children in enumerate((0, 200)):
        for one in returns_of(invent(Plan(("990",), children, (2022, 2023, 2024, 2025), seed=3)), (name,)):
            told = with_a_place(draft_of(one))
            one = told.finished()
            (ours,) = write_document(told, tmp_path / f"ours {at} {one.year}")
            (theirs,) = write(one, tmp_path / f"theirs {at} {one.year}", form="xml")
            assert ours.read_bytes() == theirs.read_bytes()


def test_a_document_of_awkward_rows_is_left_to_the_returns_own_writer(tmp_path: Path) -> None:
    (one,) = list(returns_of(invent(Plan(("990",), 200, (2025,), seed=3)), ("cin_census",)))
    twice = pd.concat([one.tables["child_identifiers"]] * 2, ignore_index=True)
    twice["row_no"] = range(len(twice))
    twice["UPNunknown"] = "a & <b>"
    awkward = replace(one, tables={**one.tables, "child_identifiers": twice})
    (ours,), (theirs, *_) = (
        write_document(draft_of(awkward), tmp_path / "ours")[:1],
        write(awkward, tmp_path / "theirs"),
    )
    assert ours.read_bytes() == theirs.read_bytes()
    orphan = one.tables["assessments"].assign(LAchildID="SYN00000000")
    with pytest.raises(TreError, match="hang below no row"):
        write_document(draft_of(replace(one, tables={**one.tables, "assessments": orphan})), tmp_path / "x")
    signs = one.tables["cin_details"].assign(ReferralSource="<&>")
    signed = replace(one, tables={**one.tables, "cin_details": signs})
    assert (
        write_document(draft_of(signed), tmp_path / "s")[0].read_bytes()
        == write(signed, tmp_path / "t")[0].read_bytes()
    )
