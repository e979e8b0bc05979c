"""Linkage alone: the same token in two places is one person."""

import sys

import pyarrow as pa

from tre_toolkit.linkage.records import Column, TokenTable, stack
from tre_toolkit.linkage.run import link_records

assert sys.argv[1]


def drawn(authority: str, first: int, tokens: list[bytes]) -> TokenTable:
    table = pa.table({"record_id": [first, first + 1], "t_upn": pa.array(tokens, pa.binary(16))})
    return TokenTable(
        f"parcel of {authority}", authority, "cin_census", "2025", table, {"t_upn": Column(("upn",))}
    )


one, two, three = (bytes([n]) * 16 for n in (1, 2, 3))
spine = link_records(
    stack((drawn("990", 1, [one, two]), drawn("991", 11, [one, three]))), key=b"project"
).spine
people = dict(zip(spine["record_id"], spine["person_id"], strict=True))
assert people[1] == people[11]
assert len(set(people.values())) == 3
print("linkage works")
