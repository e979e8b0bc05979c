"""What linkage promises whoever reads its files: no token, no row id and no small count in what leaves the zone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers.parcels import facts as facts_of

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.records import Column, TokenTable, stack
from tre_toolkit.linkage.run import link
from tre_toolkit.parcel import RecipientKey, TokenColumn, seal
from tre_toolkit.signing import Signer

TRE, SIGNER = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))
CANARY = b"\xca\x17\xa9" * 5 + b"\xff"


def sealed(tmp_path, authority: str, tokens: list[bytes | None], **facts):
    ids = pa.array([7_700_000_000 + int(authority) * 1000 + at for at in range(len(tokens))], pa.int64())
    table = pa.table({"record_id": ids, "t_upn": pa.array(tokens, pa.binary(16))})
    tokens_of = {"t_upn": TokenColumn(domain="upn", parts=["upn"])}
    said = {"project": "norfolk", "authority": authority, "tokens": tokens_of} | facts
    path = tmp_path / f"{authority}.parcel"
    seal(path, {"tokens/cin_census/2025": table}, facts_of(**said), recipient=TRE.recipient, signer=SIGNER)
    return path


def spine_of(tmp_path, *paths):
    return link(list(paths), key=TRE, trusted=[SIGNER.verifier], into=tmp_path / "spine")


@pytest.fixture
def two(tmp_path):
    shared = [CANARY, *(bytes([at]) * 16 for at in range(1, 15))]
    return sealed(tmp_path, "990", shared), sealed(tmp_path, "991", shared[:12])


def test_no_byte_of_a_token_is_in_any_file_of_a_spine(tmp_path, two):
    spine_of(tmp_path, *two)
    for path in (tmp_path / "spine").iterdir():
        written = path.read_bytes()
        assert CANARY[:8] not in written, path.name
        assert CANARY.hex()[:12].encode() not in written.lower(), path.name
        assert str(int.from_bytes(CANARY[:8], "little", signed=True)).encode() not in written, path.name


def test_no_row_id_and_no_person_id_is_in_the_report(tmp_path, two):
    spine = spine_of(tmp_path, *two)
    for name in ("report.json", "report.html", "spine.json"):
        written = (tmp_path / "spine" / name).read_text()
        assert "77000" not in written, name
        assert not any(person in written for person in spine.frame["person_id"]), name


def test_no_count_under_ten_is_in_the_report(tmp_path, two):
    spine_of(tmp_path, *two)
    told = json.loads((tmp_path / "spine" / "report.json").read_text())
    assert told["records"] == {"in": 27, "linked": "<10", "unlinked": "<10"}  # three were not linked
    assert told["pairs of returns"][0]["both"] == "<10"  # twelve of fifteen would tell the other three


def test_no_value_is_in_a_refusal(tmp_path):
    one = sealed(tmp_path, "990", [CANARY, CANARY])
    other = sealed(tmp_path, "991", [CANARY], project="suffolk")
    with pytest.raises(TreError) as refused:
        spine_of(tmp_path, one, other)
    assert CANARY.hex()[:10] not in str(refused.value)
    assert "77000" not in str(refused.value)
    assert not (tmp_path / "spine").exists()


def test_records_that_share_only_what_is_missing_are_never_one_person():
    tokens = pa.array([None] * 50, pa.binary(16))
    tables = [
        TokenTable(
            f"p{name}",
            name,
            "cin_census",
            "2025",
            pa.table({"record_id": np.arange(50), "t_upn": tokens}),
            {"t_upn": Column(("upn",))},
        )
        for name in ("990", "991")
    ]
    from tre_toolkit.linkage.run import link_records

    for engine in ("rules", "auto"):
        assert link_records(stack(tables), key=b"k", engine=engine).spine["person_id"].nunique() == 100


def test_report_totals_add_up(tmp_path, two):
    spine = spine_of(tmp_path, *two)
    told = json.loads((tmp_path / "spine" / "report.json").read_text())
    assert told["records"]["in"] == len(spine.frame) == sum(one["records"] for one in told["returns"])
    assert (
        told["persons"]["all"]
        == spine.persons
        == pd.read_parquet(tmp_path / "spine" / "spine.parquet")["person_id"].nunique()
    )
