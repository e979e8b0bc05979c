"""Between files: parcels in, spine and workspace out, and everything that is refused on the way."""

import datetime
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tre_toolkit.audit import events
from tre_toolkit.cli import run
from tre_toolkit.errors import Problems, TreError
from tre_toolkit.keyfile import Cost
from tre_toolkit.linkage.run import link
from tre_toolkit.linkage.spine import COLUMNS, Spine, read_spine
from tre_toolkit.linkage.workspace import make_workspace, one_under_other
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.parcel.receipts import TAKEN
from tre_toolkit.signing import Signer

TRE, SIGNER = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))  # as the parcels are made with
CIN = """
    upn | local_id | given | surname | birth_date | sex | postcode | record_id
    U1  | A        | ANN   | LEE     | 2015-03-02 | F   | QZ11AA   | 11
    U2  | B        | BEA   | LEE     | 2015-03-02 | F   | QZ11AA   | 12
        | C        | CAL   | LEE     | 2020-07-09 | M   | QZ11AA   | 13"""
CLA = "upn | local_id | record_id\nU1 | A | 21"
OTHER = "upn | local_id | given | surname | birth_date | sex | postcode | record_id\nU1 | X | ANN | LEE | 2015-03-02 | F | QZ22BB | 31"


def payload(ids, **columns):
    rows = len(ids)
    return pa.table(
        {"record_id": pa.array(ids, pa.int64()), "row_id": pa.array(range(rows), pa.int64()), **columns}
    )


def month(*texts):
    return pa.array([text and datetime.date.fromisoformat(f"{text}-01") for text in texts], pa.date32())


@pytest.fixture
def two(parcel):
    characteristics = payload([11, 12, 13], Ethnicity=pa.array(["WBRI", "WBRI", None]))
    identifiers = payload(
        [11, 12, 13], PersonBirthDate=month("2015-03", "2015-03", "2020-07"), Sex=pa.array(["F", "F", "U"])
    )
    header = payload([21], SEX=pa.array(["2"]), DOB=month("2015-03"), ETHNIC=pa.array(["MWBC"]))
    referrals = payload([11, 11, None], NFA=pa.array([True, False, None]))
    one = parcel(
        "990",
        {"cin_census 2025": CIN, "ssda903 2025": CLA},
        payload={
            "payload/cin_census/2025/child_characteristics": characteristics,
            "payload/cin_census/2025/child_identifiers": identifiers,
            "payload/cin_census/2025/cin_details": referrals,
            "payload/ssda903/2025/header": header,
        },
    )
    older = payload([31], GenderCurrent=pa.array([2], pa.int64()), PersonBirthDate=month("2015-03"))
    other = parcel(
        "991", {"cin_census 2024": OTHER}, payload={"payload/cin_census/2024/child_identifiers": older}
    )
    return [one, other]


def linked(paths, tmp_path, **more):
    return link(paths, key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "spine", **more)


def test_a_child_in_two_authorities_keeps_one_person_id(two, tmp_path):
    spine = linked(two, tmp_path)
    person = spine.frame.set_index("record_id")["person_id"]
    assert person[11] == person[21] == person[31]
    assert len({person[11], person[12], person[13]}) == 3
    read = read_spine(tmp_path / "spine")
    assert tuple(read.frame.columns) == COLUMNS
    assert read.synthetic
    assert read.persons == 3
    assert {one["authority"] for one in read.facts["parcels"]} == {"990", "991"}


def test_a_spine_holds_no_token(two, tmp_path, drawn):
    linked(two, tmp_path)
    written = b"".join(path.read_bytes() for path in sorted((tmp_path / "spine").iterdir()))
    tokens = drawn(CIN).tokens.column("t_upn").to_pylist()
    assert not any(token and (token in written or token.hex().encode() in written) for token in tokens)


def test_a_workspace_has_people_and_tables_under_person_ids(two, tmp_path):
    spine = linked(two, tmp_path)
    facts = make_workspace(
        read_spine(tmp_path / "spine"), two, key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "ws"
    )
    people = pd.read_parquet(tmp_path / "ws" / "people.parquet")
    person = spine.frame.set_index("record_id")["person_id"]
    assert list(people.columns) == [
        "person_id", "authority", "birth_month", "sex", "ethnicity", "household_id", "match_weight", "band",
    ]  # fmt: skip
    ann = people.set_index("person_id").loc[person[11]]
    assert (ann["sex"], ann["authority"], str(ann["birth_month"])[:10]) == ("F", "991", "2015-03-01")
    assert ann["ethnicity"] == "MWBC"  # one vote each: the first in order
    assert pd.isna(people.set_index("person_id").loc[person[13], "sex"])
    details = pq.read_table(tmp_path / "ws" / "tables" / "cin_census" / "cin_details.parquet")
    assert details.column_names == ["person_id", "authority", "period", "row_id", "NFA"]
    assert details.column("person_id").to_pylist() == [person[11], person[11], None]
    identifiers = pd.read_parquet(tmp_path / "ws" / "tables" / "cin_census" / "child_identifiers.parquet")
    assert identifiers["period"].tolist() == ["2025"] * 3 + ["2024"]
    assert json.loads((tmp_path / "ws" / "workspace.json").read_text()) == facts
    assert facts["synthetic"] is True
    assert facts["datasets"] == {"cin_census": ["2024", "2025"], "ssda903": ["2025"]}
    assert facts["files"]["people.parquet"]["rows"] == 3


def test_a_person_of_the_workspace_has_the_newest_household_and_is_as_sure_as_its_weakest_record(
    two, tmp_path
):
    spine = linked(two, tmp_path)
    frame = spine.frame.set_index("record_id")
    frame.loc[[31, 11, 21, 12], "household_id"] = ["H1", "H2", None, "H3"]
    frame.loc[[31, 11, 21, 12, 13], "band"] = ["certain", "fair", "strong", "alone", "alone"]
    frame.loc[[31, 11, 21], "weight"] = [30.5, 2.25, float("nan")]
    told = Spine(frame.reset_index(), read_spine(tmp_path / "spine").facts)
    make_workspace(told, two, key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "ws")
    people = pd.read_parquet(tmp_path / "ws" / "people.parquet").set_index("person_id")
    ann, bea, cal = (people.loc[frame.loc[one, "person_id"]] for one in (11, 12, 13))
    assert (ann["household_id"], ann["match_weight"], ann["band"]) == ("H2", 2.25, "fair")
    assert (bea["household_id"], bea["band"]) == ("H3", "alone")
    assert pd.isna(bea["match_weight"])
    assert pd.isna(cal["household_id"])


def test_a_workspace_is_only_made_of_the_spines_own_parcels(two, parcel, tmp_path):
    linked(two, tmp_path)
    stranger = parcel("992", {"cin_census 2025": OTHER})
    spine = read_spine(tmp_path / "spine")
    with pytest.raises(Problems, match="not made of this parcel"):
        make_workspace(spine, [*two, stranger], key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "ws")
    assert not (tmp_path / "ws").exists()


def test_payload_of_a_record_the_spine_doesnt_know_is_refused(parcel, tmp_path):
    one = parcel("990", {"ssda903 2025": CLA}, payload={"payload/ssda903/2025/header": payload([999])})
    linked([one], tmp_path)
    with pytest.raises(TreError, match="1 rows are of records that the spine doesn't know"):
        make_workspace(
            read_spine(tmp_path / "spine"), [one], key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "ws"
        )
    assert not (tmp_path / "ws").exists()


def test_an_altered_spine_is_refused(two, tmp_path):
    linked(two, tmp_path)
    table = tmp_path / "spine" / "spine.parquet"
    frame = pd.read_parquet(table)
    frame.assign(person_id=frame["person_id"].iloc[0]).to_parquet(table)
    with pytest.raises(TreError, match="altered"):
        read_spine(tmp_path / "spine")


@pytest.mark.parametrize(
    ("fact", "value", "told"),
    [
        ("project", "other-project", "of different projects"),
        ("project_digest", "f" * 64, "different declarations"),
        ("standardiser", "2-xyz", "1-abc.*2-xyz|2-xyz.*1-abc"),
        ("key_commitment", "9" * 64, "c{32}.*9{32}"),
        ("profile", "standard", "different token profiles"),
        ("synthetic", False, "real and synthetic children are mixed"),
    ],
)
def test_parcels_that_dont_belong_together_are_refused(parcel, tmp_path, fact, value, told):
    paths = [
        parcel("990", {"ssda903 2025": CLA}),
        parcel("991", {"ssda903 2025": CLA.replace("21", "41")}, **{fact: value}),
    ]
    with pytest.raises(Problems, match=told):
        linked(paths, tmp_path)
    assert not (tmp_path / "spine").exists()


def test_a_parcel_named_twice_and_a_return_sent_twice_are_refused(parcel, tmp_path):
    one = parcel("990", {"ssda903 2025": CLA})
    with pytest.raises(Problems, match="named twice"):
        linked([one, one], tmp_path)
    again = parcel("990", {"ssda903 2025": CLA}, name="again", counter=2)
    with pytest.raises(Problems, match="990 sent ssda903/2025 twice"):
        linked([one, again], tmp_path)
    replayed = parcel("990", {"cin_census 2025": CIN}, name="replayed", counter=1)
    with pytest.raises(Problems, match="same counter"):
        linked([one, replayed], tmp_path)


def test_an_altered_parcel_and_one_of_a_stranger_are_refused(two, tmp_path):
    raw = bytearray(two[0].read_bytes())
    raw[len(raw) // 3] ^= 1
    two[0].write_bytes(raw)
    with pytest.raises(TreError):
        linked(two, tmp_path)
    with pytest.raises(TreError, match="trust"):
        link(two[1:], key=TRE, trusted=[Signer.new().verifier], into=tmp_path / "spine")
    assert not (tmp_path / "spine").exists()


def test_a_parcel_without_tokens_is_refused(parcel, tmp_path):
    with pytest.raises(TreError, match="no parcel here holds tokens"):
        linked([parcel("990", {}, payload={"payload/ssda903/2025/header": payload([1])})], tmp_path)


def test_the_truth_scores_a_synthetic_run_and_is_refused_for_real_children(two, parcel, tmp_path):
    known = [("990", "cin_census", "2025", name, f"p{name}") for name in "ABC"]
    known += [("990", "ssda903", "2025", "A", "pA"), ("991", "cin_census", "2024", "X", "pB")]
    pd.DataFrame(known, columns=["authority", "dataset", "period", "local_id", "person"]).to_csv(
        tmp_path / "truth.csv", index=False
    )
    maps = [
        (11, "cin_census", "2025", "A"),
        (12, "cin_census", "2025", "B"),
        (13, "cin_census", "2025", "C"),
        (21, "ssda903", "2025", "A"),
    ]
    for name, rows in (("one.csv", maps), ("two.csv", [(31, "cin_census", "2024", "X")])):
        pd.DataFrame(rows, columns=["record_id", "dataset", "period", "local_id"]).to_csv(
            tmp_path / name, index=False
        )
    truth = {"truth": tmp_path / "truth.csv", "truth_maps": [tmp_path / "one.csv", tmp_path / "two.csv"]}
    linked(two, tmp_path, **truth)
    told = json.loads((tmp_path / "spine" / "report.json").read_text())["truth"]
    # linked: 11-21, 11-31, 21-31; meant: 11-21 and, as the truth here has it, 12-31
    assert (told["pairs_linked"], told["pairs_true"], told["pairs_right"]) == (3, 2, 1)
    assert (told["precision"], told["recall"], told["f1"]) == (0.33333, 0.5, 0.4)
    real = [parcel("990", {"ssda903 2025": CLA}, name="real", synthetic=False)]
    with pytest.raises(TreError, match="only be had for synthetic"):
        link(real, key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "other", **truth)


def test_tables_of_different_years_come_to_one_type():
    one = pa.table({"a": pa.array([1]), "b": pa.array(["x"])})
    two = pa.table({"a": pa.array(["K"]), "c": pa.array([True])})
    whole = one_under_other([one, two])
    assert whole.to_pydict() == {"a": ["1", "K"], "b": ["x", None], "c": [None, True]}


def test_link_and_workspace_from_the_command_line(two, tmp_path, capsys):
    cheap = Cost(memory=8 * 1024, passes=1, lanes=1)
    TRE.write(tmp_path / "tre.key", b"four random words here", cost=cheap)
    SIGNER.write(tmp_path / "signer.key", b"four random words here", cost=cheap)
    (tmp_path / "pass").write_bytes(b"four random words here\n")
    (tmp_path / "pass").chmod(0o600)
    keys = ["--key", str(tmp_path / "tre.key"), "--trust", str(tmp_path / "signer.key.pub"), "--passphrase-file", str(tmp_path / "pass")]  # fmt: skip
    paths = [str(path) for path in two]
    assert run(["link", *paths, *keys, "--into", str(tmp_path / "s"), "--report", str(tmp_path / "r")]) == 0
    said = capsys.readouterr().out
    assert "persons" in said
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [
        "report.html",
        "report.json",
        "spine.json",
        "spine.parquet",
    ]
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [
        "report.html",
        "report.json",
        "tables",
    ]
    assert run(["workspace", str(tmp_path / "s"), *paths, *keys, "--into", str(tmp_path / "w")]) == 0
    assert (tmp_path / "w" / "people.parquet").is_file()
    assert (tmp_path / "parcels.log").is_file()  # the book, beside the spine
    assert run(["link", *paths, *keys, "--into", str(tmp_path / "s")]) == 1
    assert "something stands here already" in capsys.readouterr().err


def test_an_older_parcel_sent_again_is_refused_by_the_book_and_the_same_ones_may_be_linked_again(
    parcel, tmp_path
):
    book = tmp_path / "parcels.log"
    old = parcel("990", {"ssda903 2025": CLA}, name="old", counter=1)
    new = parcel("990", {"ssda903 2025": CLA}, name="new", counter=2)
    told = {"key": TRE, "trusted": [SIGNER.verifier], "book": book}
    link([new], into=tmp_path / "one", **told)
    link([new], into=tmp_path / "two", **told)
    assert sum(event.name == TAKEN for event in events(book)) == 1
    before = book.read_bytes()
    with pytest.raises(Problems, match="number 1 of its sender, number 2 was taken in before it"):
        link([old], into=tmp_path / "three", **told)
    assert not (tmp_path / "three").exists()
    assert book.read_bytes() == before


def test_a_run_that_fails_enters_nothing_in_the_book(parcel, tmp_path):
    book = tmp_path / "parcels.log"
    one = parcel("990", {"ssda903 2025": CLA})
    (tmp_path / "spine").mkdir()
    (tmp_path / "spine" / "mine").touch()
    with pytest.raises(TreError):
        link([one], key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "spine", book=book)
    assert not book.exists()


def test_the_report_tells_by_the_groups_the_payload_holds(two):
    from tre_toolkit.linkage.groups import groups_of
    from tre_toolkit.parcel import open_parcel

    opened = [open_parcel(path, key=TRE, trusted=[SIGNER.verifier]) for path in two]
    told = groups_of(opened).set_index("record_id")
    assert told.loc[11, "ethnic group of 18"] == "White British"
    assert 13 not in told.index  # nothing stands there of this child
    assert "looked after" not in told.columns


def test_the_payloads_groups_are_read_by_their_meaning(parcel):
    from tre_toolkit.linkage.groups import groups_of
    from tre_toolkit.parcel import open_parcel

    ids = [21, 21, 22]
    path = parcel(
        "990",
        {"ssda903 2025": CLA},
        payload={
            "payload/ssda903/2025/episodes": payload(ids, LS=pa.array(["C2", "V2", None])),
            "payload/ssda903/2025/header": payload([21, 22], UASC=pa.array([1, 0], pa.int64())),
            "payload/own_table/2025/anything": payload([21], LS=pa.array(["x"])),
        },
    )
    told = groups_of([open_parcel(path, key=TRE, trusted=[SIGNER.verifier])]).set_index("record_id")
    assert told["UASC"].to_dict() == {21: "yes", 22: "no"}
    assert told.loc[21, "looked after"] == "yes"
    assert pd.isna(told.loc[22, "looked after"])
