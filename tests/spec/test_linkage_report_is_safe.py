"""What the linkage report counts is what disclosure lets pass: every table by itself, and all of them together.

Linkage may not know disclosure, so it hides by a rule of its own; here the two meet.
"""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers.parcels import facts

from disclosure.check import check_files
from tre_toolkit.cli import run
from tre_toolkit.linkage import tables
from tre_toolkit.linkage.run import link
from tre_toolkit.parcel import RecipientKey, TokenColumn, seal
from tre_toolkit.signing import Signer

TEN = """
name = "ten"
title = "A threshold of ten, all else as the toolkit has it"
version = "1"
checked = 2026-11-24
source = "this test"
unit = "child"
symbol = "c"
[count]
hidden = [1, 9]
confidence = "house"
[zero]
rule = "shown"
confidence = "house"
[secondary]
required = true
confidence = "house"
"""


def drawn(seed):
    """Records of three returns: a column and a finer one, columns that share those not known, and marks few or nearly all have."""
    draw = np.random.default_rng(seed)
    count = 600
    fine = draw.choice(list("abcdefgh"), count, p=[0.4, 0.2, 0.15, 0.1, 0.08, 0.04, 0.02, 0.01])
    coarse = pd.Series(fine).map(lambda one: "AB"[one in "dfgh"])
    place = np.sort(draw.choice(["990 x", "990 y", "991 x"], count, p=[0.5, 0.3, 0.2]))
    known = (place != "991 x") & (draw.random(count) < 0.97)
    columns = {
        "fine": pd.Series(np.where(known, fine, "not known")),
        "coarse": pd.Series(np.where(known, coarse, "not known")),
        "uasc": pd.Series(np.where(known, np.where(draw.random(count) < 0.02, "yes", "no"), "not known")),
        "looked after": pd.Series(np.where(draw.random(count) < 0.3, "yes", "not known")),
        "return": pd.Series(place),
    }
    shares = {"linked": 0.9, "UPN": 0.97, "NHS number": 0.5, "names": 0.999, "records": 2.0}
    return columns, tables.told({name: draw.random(count) < share for name, share in shares.items()})


@pytest.fixture
def checked(tmp_path):
    pack = tmp_path / "ten.toml"
    pack.write_text(TEN)

    def check(axes, marks, name):
        tables.write(axes, marks, tmp_path / name, synthetic=True)
        return check_files(sorted((tmp_path / name).glob("*.csv")), [pack])

    return check


@pytest.mark.parametrize("seed", range(6))
def test_every_table_passes_and_all_of_them_together(checked, seed):
    columns, marks = drawn(seed)
    axes = tables.axes(columns, marks)
    told = checked(axes, marks, "safe")
    assert len(told) >= 10
    assert {one.standing for one in told.values()} == {"claimed"}
    assert {str(path): one.findings for path, one in told.items() if not one.passed} == {}
    fit = np.concatenate([~axis.hidden[~tables.is_small(axis.cells)] for axis in axes.values()])
    assert fit.mean() > 0.5  # and they say something


def test_it_is_what_is_hidden_that_makes_them_pass(checked):
    columns, marks = drawn(0)
    bare = {
        name: replace(axis, hidden=axis.hidden & False) for name, axis in tables.axes(columns, marks).items()
    }
    assert "FAIL" in {one.verdict for one in checked(bare, marks, "bare").values()}


def test_hiding_only_small_rows_lets_them_come_out_of_the_totals(checked):
    columns, marks = drawn(0)
    small = {
        name: replace(axis, hidden=tables.is_small(axis.cells))
        for name, axis in tables.axes(columns, marks).items()
    }
    assert "FAIL" in {one.verdict for one in checked(small, marks, "small").values()}


def test_what_tre_link_writes_passes_tre_check(tmp_path, capsys):
    """A hundred and sixty children of one authority, ninety of whom another knows; five are of a small group."""
    key, signer = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))
    paths = []
    for authority, children in (("990", range(160)), ("991", range(70, 200))):
        ids = [one + (1000 if authority == "991" else 0) for one in children]
        upn = [hashlib.sha256(b"%d" % one).digest()[:16] if one % 16 else None for one in children]
        tokens = pa.table({"record_id": pa.array(ids, pa.int64()), "t_upn": pa.array(upn, pa.binary(16))})
        about = pa.table(
            {
                "record_id": pa.array(ids, pa.int64()),
                "sex": ["M" if one % 3 else "F" for one in children],
                "ethnicity": [
                    "Mixed" if one % 40 == 1 else "Asian" if one % 4 == 0 else "White" for one in children
                ],
            }
        )
        paths.append(tmp_path / f"{authority}.parcel")
        said = facts(authority=authority, tokens={"t_upn": TokenColumn(domain="upn", parts=["upn"])})
        parts = {"tokens/cin_census/2025": tokens, "about/cin_census/2025": about}
        seal(paths[-1], parts, said, recipient=key.recipient, signer=signer)
    link(paths, key=key, trusted=[signer.verifier], into=tmp_path / "spine", report=tmp_path / "report")
    made = sorted((tmp_path / "report" / "tables").glob("*.csv"))
    assert {path.name for path in made} >= {
        "sex_by_linked.csv",
        "ethnicity_by_linked.csv",
        "return_by_upn.csv",
    }
    assert ",c," in (tmp_path / "report" / "tables" / "ethnicity_by_linked.csv").read_text()
    assert all((path.with_name(path.name + ".evidence.json").stat().st_mode & 0o077) == 0 for path in made)
    assert not (
        tmp_path / "spine" / "tables"
    ).exists()  # evidence holds true counts: it isn't handed on with the spine
    assert run(["check", *map(str, made), "--pack", "dfe-cin"]) == 0
    assert capsys.readouterr().out.count("PASS") == len(made)
