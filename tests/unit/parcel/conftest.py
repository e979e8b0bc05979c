import pyarrow as pa
import pytest
from helpers.parcels import facts as facts_of

from tre_toolkit.parcel.keys import RecipientKey
from tre_toolkit.parcel.manifest import TokenColumn
from tre_toolkit.signing import Signer

FACTS = facts_of(
    tokens={"t_upn": TokenColumn(domain="upn", parts=["upn"])},
    fates={"cin_census.child_identifiers.UPN": "token"},
)


@pytest.fixture(scope="session")
def receiver():
    return RecipientKey(bytes(range(96)))


@pytest.fixture(scope="session")
def signer():
    return Signer(bytes(range(64)))


@pytest.fixture
def facts():
    return FACTS


@pytest.fixture
def parts():
    tokens = pa.table(
        {
            "record_id": pa.array([5, 9], pa.int64()),
            "t_upn": pa.array([b"0123456789abcdef", None], pa.binary(16)),
        }
    )
    return {
        "tokens/cin_census/2025": tokens,
        "payload/cin_census/2025/cin_details": pa.table(
            {"record_id": [5, 9, 9], "ReferralSource": ["1A", "6", None]}
        ),
    }
