"""The exposure gate: it measures what it says, refuses above the limit and names the column to coarsen."""

import numpy as np
import pyarrow as pa
import pytest

from pseudonymise import pseudonymise
from pseudonymise.batch import Options
from pseudonymise.exposure import of_groups, of_tokens, problems
from pseudonymise.planning import ColumnPlan
from pseudonymise.recipients import To
from pseudonymise.tokens import heads, tokenise
from tre_toolkit.errors import Problems, TreError
from tre_toolkit.parcel import RecipientKey, open_parcel
from tre_toolkit.project import Limits


def column(name, role, table="people"):
    return ColumnPlan("d", table, name, "code", role, None, "keep", "test")


def measured(rows, *, roles=None, smallest=2, **limits):
    names = list(rows)
    count = len(rows[names[0]])
    table = pa.table({"record_id": pa.array(range(count), pa.int64()), **rows})
    roles = roles or {}
    plans = [column(name, roles.get(name, "quasi_id")) for name in names]
    return of_groups(
        "d/2025", {"people": table}, plans, ["people"], Limits(smallest_group=smallest, **limits)
    )


def test_a_token_borne_by_ten_is_common_and_one_borne_by_nine_isn_t():
    values = ["a"] * 10 + ["b"] * 9 + ["c", None]
    told = heads(tokenise(pa.array(values), bytes(32)))
    told = told[told != 0]
    found = of_tokens("d/2025", "t_upn", [told])
    assert found == of_tokens("d/2025", "t_upn", [told[told % 2 == 0], told[told % 2 == 1]])
    assert (found.records, found.common, found.largest) == (20, 10, 10)
    assert problems([found], [], Limits(common_tokens=0.4))[0].where.column == "t_upn"
    assert problems([found], [], Limits(common_tokens=0.5)) == []


def test_a_column_without_a_token_exposes_nobody():
    assert heads(tokenise(pa.nulls(3, pa.string()), bytes(32))).tolist() == [0, 0, 0]
    found = of_tokens("d/2025", "t_upn", [np.empty(0, np.uint64)])
    assert (found.records, found.common, found.largest, found.share) == (0, 0, 0, 0)


def test_children_in_small_groups_are_counted_and_the_worst_column_named():
    found = measured({"sex": list("FFFFMMMM"), "born": [1, 2, 3, 4, 5, 6, 7, 8]})
    assert (found.children, found.exposed) == (8, 8)
    assert found.coarsest == "people.born"
    assert found.would_be == 0


def test_large_groups_expose_nobody():
    found = measured({"sex": list("FFMM"), "born": [1, 1, 2, 2]})
    assert found.exposed == 0
    assert measured({"sex": list("FFMM"), "born": [1, 1, 2, 2]}, smallest=3).exposed == 4


def test_a_large_group_with_one_sensitive_value_is_alike():
    rows = {"sex": list("FFMM"), "need": ["N1", "N1", "N1", "N2"]}
    assert measured(rows, roles={"need": "sensitive"}).alike == 2


def test_a_return_without_a_child_exposes_nobody_whatever_its_columns_say():
    nobody = pa.array([], pa.string())
    found = measured({"sex": nobody, "need": nobody, "born": nobody}, roles={"need": "sensitive"})
    assert (found.children, found.exposed, found.alike) == (0, 0, 0)
    assert problems([], [found], Limits(most_exposed=0.0)) == []


def test_above_the_limit_the_hint_says_which_column_to_coarsen():
    found = measured({"sex": list("FFMM"), "born": [1, 2, 3, 4]})
    (problem,) = problems([], [found], Limits(smallest_group=2, most_exposed=0.5))
    assert "100.0%" in problem.what
    assert "people.born: 0.0% would remain" in problem.hint
    assert problems([], [found], Limits(smallest_group=2, most_exposed=1.0)) == []


def test_groups_agree_with_counting_by_hand():
    import pandas as pd

    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"a": rng.integers(0, 4, 300), "b": rng.integers(0, 5, 300), "c": rng.integers(0, 3, 300)}
    )
    found = measured({name: frame[name].tolist() for name in frame}, smallest=5)
    sizes = frame.groupby(["a", "b", "c"]).a.transform("size")
    assert found.exposed == (sizes < 5).sum()


@pytest.fixture
def run(tmp_path, key, receiver, signer):
    def run(returns, declared, *, to=None, **options):
        return pseudonymise(
            returns,
            declared,
            key,
            to=to or receiver.recipient,
            signer=signer,
            into=tmp_path / "990.parcel",
            log=tmp_path / "audit.log",
            options=Options(**options),
        )

    return run


def test_a_batch_above_the_limit_leaves_nothing(run, draw, tmp_path):
    with pytest.raises(Problems, match="more would be exposed"):
        run([draw.cin()], draw.declared(limits=Limits(most_exposed=0.1)))
    assert list(tmp_path.iterdir()) == []


def test_bare_tokens_of_the_standard_profile_are_refused_until_the_limit_says_so(
    run, draw, receiver, tmp_path
):
    ids = [f"C{number}" for number in range(12)]
    return_ = draw.cin(
        child_identifiers={"LAchildID": ids, "Sex": ["F"] * 12}, child_characteristics={}, cin_details={}
    )
    to = To(linker=receiver.recipient, research=RecipientKey.new().recipient)
    with pytest.raises(Problems, match="more would be exposed") as refused:
        run([return_], draw.declared(profile="standard"), to=to)
    assert "t_sex" in str(refused.value)
    made = run([return_], draw.declared(profile="standard", limits=Limits(common_tokens=1)), to=to)
    assert len(made.manifests) == 2


def test_the_standard_profile_never_stands_beside_payload(run, draw):
    with pytest.raises(TreError, match="beside payload"):
        run([draw.cin()], draw.declared(profile="standard"))


def test_a_split_file_gives_each_half_to_its_own_key(run, draw, tmp_path, receiver, signer):
    research = RecipientKey.new()
    run([draw.cin()], draw.declared(), to=To(linker=receiver.recipient, research=research.recipient))
    linkage, attributes = tmp_path / "990.linkage.parcel", tmp_path / "990.attributes.parcel"
    tokens = open_parcel(linkage, key=receiver, trusted=[signer.verifier])
    payload = open_parcel(attributes, key=research, trusted=[signer.verifier])
    assert tokens.manifest.names == ["tokens/cin_census/2025"]
    assert {name.split("/")[0] for name in payload.manifest.names} == {"payload"}
    assert tokens.manifest.parcel == payload.manifest.parcel
    assert (tokens.manifest.content, payload.manifest.content) == ("linkage", "attributes")
    assert payload.manifest.tokens == {}
    ids = set(tokens.part("tokens/cin_census/2025", columns=["record_id"])["record_id"].to_pylist())
    assert ids == set(payload.part("payload/cin_census/2025/child_identifiers")["record_id"].to_pylist())
    with pytest.raises(TreError, match="not for yours"):
        open_parcel(attributes, key=receiver, trusted=[signer.verifier])


def test_halves_to_one_key_or_one_half_alone_are_refused(run, draw, receiver, tmp_path):
    for to in (
        To(linker=receiver.recipient, research=receiver.recipient),
        To(linker=receiver.recipient),
        To(all=receiver.recipient, linker=receiver.recipient),
        To(),
    ):
        with pytest.raises(TreError):
            run([draw.cin()], draw.declared(), to=to)
    assert list(tmp_path.iterdir()) == []
