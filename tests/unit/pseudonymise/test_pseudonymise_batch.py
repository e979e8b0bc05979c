"""A run: what the parcel holds, what it never holds, and what is refused."""

import csv
import dataclasses

import pytest

from pseudonymise import pseudonymise
from pseudonymise.batch import Options
from pseudonymise.tokens import token_columns
from tre_toolkit import audit
from tre_toolkit.errors import Problems, TreError
from tre_toolkit.parcel import open_parcel
from tre_toolkit.returns import Return
from tre_toolkit.schema import schema


@pytest.fixture
def run(tmp_path, project, key, receiver, signer):
    def run(returns, *, declared=project, name="990.parcel", **more):
        made = pseudonymise(
            returns,
            declared,
            key,
            to=receiver.recipient,
            signer=signer,
            into=tmp_path / name,
            log=tmp_path / "audit.log",
            **more,
        )
        return made, open_parcel(tmp_path / name, key=receiver, trusted=[signer.verifier])

    return run


def test_tokens_and_payload_meet_on_record_id(run, draw):
    _, parcel = run([draw.cin()])
    tokens = parcel.part("tokens/cin_census/2025", columns=["record_id"]).to_pandas()
    episodes = parcel.part("payload/cin_census/2025/cin_details").to_pandas()
    people = parcel.part("payload/cin_census/2025/child_identifiers").to_pandas()
    assert len(tokens) == 2
    assert len(episodes) == 3
    assert set(episodes.record_id) == set(tokens.record_id) == set(people.record_id)
    assert episodes.row_id.is_unique
    owner = people.set_index("record_id").Sex
    assert episodes[owner[episodes.record_id].to_numpy() == "M"].PrimaryNeedCode.tolist() == ["N2", "N2"]


def test_a_token_is_the_one_the_key_gives(run, draw, key):
    import pyarrow as pa

    from pseudonymise.profiles import Column
    from pseudonymise.standardise import VERSION

    _, parcel = run([draw.cin()])
    made = parcel.part("tokens/cin_census/2025")["t_upn"].to_pylist()
    parts = {"upn": pa.array(["N999199900001", "C999199900002"])}
    wanted = token_columns([Column(("upn",))], parts, key, VERSION)["t_upn"].to_pylist()
    assert sorted(made) == sorted(wanted)


def test_the_same_child_has_the_same_token_next_year_and_a_new_record_number(run, draw):
    _, first = run([draw.cin()])
    _, second = run([draw.cin(year=2026)], name="2026.parcel")
    old, new = first.part("tokens/cin_census/2025"), second.part("tokens/cin_census/2026")
    for column in ("t_local_id", "t_upn", "t_sex_birth_date"):
        assert set(old[column].to_pylist()) == set(new[column].to_pylist())
    assert not set(old["record_id"].to_pylist()) & set(new["record_id"].to_pylist())


def test_two_authorities_local_numbers_never_meet_but_their_upns_do(run, draw):
    _, north = run([draw.cin("990")])
    _, south = run([draw.cin("991")], name="991.parcel")
    here, there = (parcel.part("tokens/cin_census/2025") for parcel in (north, south))
    assert not set(here["t_local_id"].to_pylist()) & set(there["t_local_id"].to_pylist())
    assert set(here["t_upn"].to_pylist()) == set(there["t_upn"].to_pylist())


def test_birth_dates_leave_as_months_and_typed_columns_as_types(run, draw):
    import datetime

    _, parcel = run([draw.cin()])
    born = parcel.part("payload/cin_census/2025/child_identifiers")["PersonBirthDate"].to_pylist()
    assert sorted(born) == [datetime.date(2012, 5, 1), datetime.date(2015, 11, 1)]
    assert str(parcel.part("payload/cin_census/2025/cin_details")["CINdetailsID"].type) == "int64"


def test_about_holds_what_the_declaration_names_and_no_more(run, draw):
    _, parcel = run([draw.cin()])
    told = parcel.part("about/cin_census/2025").to_pandas()
    assert sorted(told.birth_year) == [2012, 2015]
    assert sorted(told.sex) == ["F", "M"]
    assert told.ethnicity.notna().all()
    assert not told.ethnicity.isin(["WBRI", "BCRB"]).any()
    _, bare = run([draw.cin()], declared=draw.declared(about=()), name="bare.parcel")
    assert not any(name.startswith("about/") for name in bare.manifest.names)


def test_placeholders_and_wrong_numbers_give_no_token_and_are_counted(run, draw):
    rows = {
        "LAchildID": ["A1", "B2", "C3", "D4"],
        "UPN": ["UN1", "UN1", "A999199900001", None],
        "PersonBirthDate": ["1900-01-01", None, "31/31/2012", "2012-05-13"],
        "Sex": ["U", None, "F", "M"],
    }
    made, parcel = run([draw.cin(child_identifiers=rows)])
    tokens = parcel.part("tokens/cin_census/2025")
    assert tokens["t_upn"].null_count == 4
    assert tokens["t_sex_birth_date"].null_count == 3
    assert made.counts["children without upn"] == 4
    assert made.counts["children without birth_date"] == 3


def test_a_child_in_another_table_only_and_a_row_that_names_nobody(run, draw):
    details = {"LAchildID": ["A1", "Z9", None], "CINreferralDate": ["2024-06-01"] * 3}
    made, parcel = run([draw.cin(cin_details=details)])
    assert parcel.part("tokens/cin_census/2025").num_rows == 3
    assert parcel.part("payload/cin_census/2025/cin_details").num_rows == 2
    assert made.counts["children not in the person table"] == 1
    assert made.counts["rows that name no child"] == 1


def test_a_child_written_twice_is_one_record(run, draw):
    rows = {"LAchildID": ["A1", "A1"], "UPN": [None, "N999199900001"], "Sex": ["F", "F"]}
    made, parcel = run([draw.cin(child_identifiers=rows, cin_details={}, child_characteristics={})])
    tokens = parcel.part("tokens/cin_census/2025")
    assert tokens.num_rows == 1
    assert tokens["t_upn"].null_count == 0
    assert made.counts["rows that repeat a child"] == 1


def test_an_unknown_code_becomes_missing_and_is_counted(run, draw):
    rows = {"LAchildID": ["A1"], "ReferralSource": ["Amelia"], "CINreferralDate": ["2024-06-01"]}
    made, parcel = run([draw.cin(cin_details=rows)])
    assert parcel.part("payload/cin_census/2025/cin_details")["ReferralSource"].to_pylist() == [None]
    assert made.counts["codes no list knows"] == 1


@pytest.mark.parametrize("value", ["N999199900001", "943 476 5919", "SW1A 1AA", "100012345678"])
def test_an_identifier_in_a_column_that_stays_stops_the_run_and_leaves_no_file(run, draw, tmp_path, value):
    rows = {"LAchildID": ["A1"], "ReferralSource": [value], "CINreferralDate": ["2024-06-01"]}
    with pytest.raises(Problems, match="looks like") as refused:
        run([draw.cin(cin_details=rows)])
    assert "ReferralSource" in str(refused.value)
    assert value not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_an_undeclared_column_stops_the_run_and_leaves_no_file(run, draw, tmp_path):
    return_ = draw.cin()
    tables = {**return_.tables, "cin_details": return_.tables["cin_details"].assign(Notes="x")}
    with pytest.raises(Problems, match="nobody declared"):
        run([dataclasses.replace(return_, tables=tables)])
    assert list(tmp_path.iterdir()) == []


def test_synthetic_and_real_never_mix(run, draw):
    with pytest.raises(TreError, match="synthetic and real"):
        run([draw.cin(), draw.cin(year=2024, synthetic=False)])


def test_invented_upns_in_a_real_return_and_real_ones_in_a_synthetic_return_are_refused(run, draw):
    with pytest.raises(TreError, match="mark invented children"):
        run([draw.cin(synthetic=False)])
    real = {"LAchildID": ["A1"], "UPN": ["B801200005001"], "Sex": ["F"]}
    with pytest.raises(TreError, match="issued to real children"):
        run([draw.cin(child_identifiers=real)])
    made, _ = run([draw.cin(child_identifiers=real, synthetic=False)])
    assert made.manifests[0].synthetic is False


def test_a_return_without_a_child_stops_neither_the_parcel_nor_the_truth_map(run, draw, tmp_path):
    truth = tmp_path / "truth.csv"
    last = draw.cin(year=2024, child_identifiers={}, child_characteristics={}, cin_details={})
    _, parcel = run([draw.cin(), last], options=Options(truth_map=truth))
    assert len(list(csv.DictReader(truth.read_text().splitlines()))) == 2
    assert parcel.part("payload/cin_census/2024/child_identifiers").num_rows == 0


def test_a_truth_map_names_each_record_and_is_refused_for_real_returns(run, draw, tmp_path):
    truth = tmp_path / "truth.csv"
    _, parcel = run([draw.cin()], options=Options(truth_map=truth))
    rows = list(csv.DictReader(truth.read_text().splitlines()))
    assert {row["local_id"] for row in rows} == {"A1", "B2"}
    ids = set(parcel.part("tokens/cin_census/2025")["record_id"].to_pylist())
    assert {int(row["record_id"]) for row in rows} == ids
    real = draw.cin(synthetic=False, child_identifiers={"LAchildID": ["A1"], "Sex": ["F"]})
    with pytest.raises(TreError, match="synthetic returns only"):
        run([real], options=Options(truth_map=tmp_path / "t2.csv"), name="x.parcel")
    assert not (tmp_path / "x.parcel").exists()


@pytest.fixture
def real(draw):
    """A return that says it is of real children."""
    one = {"LAchildID": ["A1"], "Sex": ["F"]}
    return draw.cin(synthetic=False, child_identifiers=one, child_characteristics={}, cin_details={})


def test_an_own_map_may_be_made_of_real_returns_and_is_its_owners_alone(run, real, tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "leaving").mkdir()
    own = tmp_path / "ours" / "own.csv"
    _, parcel = run([real], name="leaving/990.parcel", options=Options(own_map=own))
    (row,) = csv.DictReader(own.read_text().splitlines())
    assert row["local_id"] == "A1"
    assert parcel.part("tokens/cin_census/2025")["record_id"].to_pylist() == [int(row["record_id"])]
    assert own.stat().st_mode & 0o777 == 0o600
    for name in parcel.manifest.names:  # it is in no part
        assert "local_id" not in parcel.part(name).column_names


BESIDE = [
    "own.csv",
    "ours/../own.csv",
    "link/own.csv",
    "ours/own.csv",
    "ours/deeper/own.csv",
    "link/ours/own.csv",
]


@pytest.mark.parametrize("beside", BESIDE)
def test_an_own_map_beside_the_parcel_or_below_is_refused_and_nothing_is_made(run, real, tmp_path, beside):
    (tmp_path / "ours" / "deeper").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(TreError, match="beside the parcel"):
        run([real], options=Options(own_map=tmp_path / beside))
    assert {path.name for path in tmp_path.rglob("*")} == {"ours", "deeper", "link"}


def test_an_own_map_takes_no_other_files_place(run, real, tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "leaving").mkdir()
    (tmp_path / "ours" / "own.csv").write_text("somebody's\n")
    with pytest.raises(TreError, match="stands here already"):
        run([real], name="leaving/990.parcel", options=Options(own_map=tmp_path / "ours" / "own.csv"))
    assert {path.name for path in tmp_path.rglob("*")} == {"ours", "own.csv", "leaving"}


def test_returns_of_two_authorities_or_none_are_refused(run, draw):
    with pytest.raises(TreError, match="several authorities"):
        run([draw.cin("990"), draw.cin("991", year=2024)])
    with pytest.raises(TreError, match="don't say whose"):
        run([draw.cin(None)])
    made, _ = run([draw.cin(None)], options=Options(authority="990"))
    assert made.manifests[0].authority == "990"
    with pytest.raises(TreError, match="doesn't name authority"):
        run([draw.cin("201")], name="y.parcel")


def test_the_same_return_twice_is_refused(run, draw):
    with pytest.raises(TreError, match="same dataset and period"):
        run([draw.cin(), draw.cin()])


def test_every_parcel_is_logged_and_counted_up(run, draw, tmp_path):
    first, _ = run([draw.cin()])
    second, _ = run([draw.cin()], name="again.parcel")
    assert (first.manifests[0].counter, second.manifests[0].counter) == (1, 2)
    logged = [event for event in audit.events(tmp_path / "audit.log") if event.name == "parcel sealed"]
    assert [event.facts["parcel"] for event in logged] == [
        first.manifests[0].parcel,
        second.manifests[0].parcel,
    ]


def test_a_log_that_can_t_be_written_leaves_no_parcel(tmp_path, draw, project, key, receiver, signer):
    log = tmp_path / "audit.log"
    log.write_text("cut short")
    with pytest.raises(TreError):
        pseudonymise(
            [draw.cin()],
            project,
            key,
            to=receiver.recipient,
            signer=signer,
            into=tmp_path / "990.parcel",
            log=log,
        )
    assert not (tmp_path / "990.parcel").exists()


def test_rows_leave_in_another_order_than_they_stood(run, draw):
    ids = [f"C{number}" for number in range(200)]
    rows = {
        "LAchildID": ids,
        "PersonDeathDate": [f"20{10 + n // 12 % 15}-{1 + n % 12:02}-01" for n in range(200)],
    }
    _, parcel = run([draw.cin(child_identifiers=rows, cin_details={}, child_characteristics={})])
    left = parcel.part("payload/cin_census/2025/child_identifiers")["PersonDeathDate"].to_pylist()
    stood = sorted(left)
    assert left != stood
    tokens = parcel.part("tokens/cin_census/2025")["record_id"].to_pylist()
    assert parcel.part("payload/cin_census/2025/child_identifiers")["record_id"].to_pylist() != tokens


def test_a_set_with_numbers_of_its_own_gives_each_child_one_token_that_meets_no_authoritys_number(run, draw):
    known = schema("echild", 2021)
    visits = {"tokenid": ["A1", "B2", "A1"], "arrivaldate": ["2021-06-01"] * 3}
    tables = {
        table.name: draw.frame(table, **(visits if table.name == "hes_ae" else {})) for table in known.tables
    }
    hospital = Return(dataset="echild", year=2021, term=None, authority="990", tables=tables, synthetic=True)
    declared = draw.declared(datasets=("cin_census", "echild"))
    _, parcel = run([hospital, draw.cin()], declared=declared)
    here, there = (parcel.part(f"tokens/{name}") for name in ("echild/2021", "cin_census/2025"))
    assert here["t_number"].null_count == 0
    assert here.num_rows == there.num_rows == 2
    assert not set(here["t_number"].to_pylist()) & set(there["t_local_id"].to_pylist())
    owners = parcel.part("payload/echild/2021/hes_ae")["record_id"].to_pylist()
    assert set(owners) == set(here["record_id"].to_pylist())
