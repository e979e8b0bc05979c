"""Invented returns, drawn by hand: UPNs of authority 999, which is never issued."""

import pandas as pd
import pytest

from pseudonymise import Key, pseudonymise
from pseudonymise.batch import Options
from tre_toolkit.parcel import RecipientKey, open_parcel
from tre_toolkit.project import Project
from tre_toolkit.returns import Return
from tre_toolkit.schema import schema
from tre_toolkit.signing import Signer

UPNS = ("N999199900001", "C999199900002")


def frame(table, **columns):
    """A table of a return with the columns of its catalogue table; what isn't given is missing."""
    rows = len(next(iter(columns.values()))) if columns else 0
    made = {name: pd.Series(columns.get(name, [None] * rows), dtype="str") for name in table.columns}
    return pd.DataFrame({**made, "row_no": range(rows)})


def cin(authority="990", *, year=2025, synthetic=True, **tables):
    """A CIN return of two children; name a table to give other rows."""
    known = schema("cin_census", year)
    rows = {
        "child_identifiers": {
            "LAchildID": ["A1", "B2"],
            "UPN": list(UPNS),
            "PersonBirthDate": ["2012-05-13", "2015-11-02"],
            "Sex": ["F", "M"],
        },
        "child_characteristics": {"LAchildID": ["A1", "B2"], "Ethnicity": ["WBRI", "BCRB"]},
        "cin_details": {
            "LAchildID": ["A1", "B2", "B2"],
            "CINdetailsID": ["1", "1", "2"],
            "CINreferralDate": ["2024-06-01", "2024-07-15", "2025-01-09"],
            "ReferralSource": ["2A", "6", "3B"],
            "PrimaryNeedCode": ["N1", "N2", "N2"],
        },
        **tables,
    }
    return Return(
        dataset="cin_census",
        year=year,
        term=None,
        authority=authority,
        tables={table.name: frame(table, **rows.get(table.name, {})) for table in known.tables},
        rows_read=7,
        synthetic=synthetic,
    )


@pytest.fixture(scope="session")
def project():
    return declared()


def declared(**more):
    return Project(
        **{
            "id": "invented",
            "title": "Invented pathways",
            "purpose": "Tests.",
            "authorities": {"990": "North", "991": "South"},
            "datasets": ("cin_census", "ssda903"),
            **more,
        }
    )


@pytest.fixture(scope="session")
def key():
    return Key(bytes(range(32)), "invented")


@pytest.fixture(scope="session")
def receiver():
    return RecipientKey(bytes(range(96)))


@pytest.fixture(scope="session")
def signer():
    return Signer(bytes(range(64)))


@pytest.fixture
def run(tmp_path, key, receiver, signer):
    """Pseudonymise returns into a parcel of their own; gives what was made, and the parcel opened."""
    numbers = iter(range(100))

    def run(returns, declared, *, key=key, log="audit.log", **options):
        into = tmp_path / f"{next(numbers)}.parcel"
        made = pseudonymise(
            returns,
            declared,
            key,
            to=receiver.recipient,
            signer=signer,
            into=into,
            log=tmp_path / log,
            options=Options(**options),
        )
        return made, open_parcel(into, key=receiver, trusted=[signer.verifier])

    return run


@pytest.fixture
def draw():
    """The hand-drawn CIN return and declaration, to be changed in a test."""

    class Draw:
        cin = staticmethod(cin)
        declared = staticmethod(declared)
        frame = staticmethod(frame)

    return Draw
