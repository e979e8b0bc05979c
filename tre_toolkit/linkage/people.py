"""Person ids: `P` and twelve letters and digits, keyed to the project, the same whenever the same tokens come in.

An id is made from what the person's records hold, never from their order: an authority's own number
where there is one (so that a new year's return doesn't change it), else all tokens of the record. Whoever
holds no tokens can't go back from it, and two projects' ids have nothing in common.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.records import NONE, Codes, Records, mix, signatures, text_codes

LENGTH = 12  # 60 bits: among ten million people one chance meeting in 23,000 runs, and it would be refused


def project_key(project: str, declaration: str, commitment: str) -> bytes:
    """What ids are keyed to: the project, its declaration and the token key's commitment."""
    told = "\0".join(["tre-person-id-v1", project, declaration, commitment])
    return hashlib.sha256(told.encode()).digest()


def name_clusters(records: Records, cluster: Codes, key: bytes, *, letter: str = "P") -> np.ndarray:
    """The person id of each record (text). Raises TreError if two persons would get one id."""
    anchors = _anchors(records, cluster)
    labels, place = np.unique(cluster, return_inverse=True)
    named = [letter + _digest(key, int(anchor)) for anchor in anchors[labels].tolist()]
    if len(set(named)) != len(named):
        raise TreError("two persons would get one id", hint="report this with the number of records")
    return np.array(named, dtype=object)[place]


def named_by(code: int, key: bytes, *, letter: str = "P") -> str:
    """The id of a person of whom there is a number and no record."""
    return letter + _digest(key, code)


def renamed(ids: np.ndarray, key: bytes, taken: set[str]) -> dict[str, str]:
    """For each id that is taken already, another that isn't: the same in every run."""
    names, used = {}, set(ids.tolist()) | taken
    for one in sorted(set(ids.tolist()) & taken):
        name, turn = one, 0
        while name in used:
            turn += 1
            raw = hmac.digest(key, f"{one} {turn}".encode(), "sha256")
            name = one[0] + base64.b32encode(raw).decode()[:LENGTH]
        names[one] = name
        used.add(name)
    return names


def _anchors(records: Records, cluster: Codes) -> pd.Series:
    """One code for each cluster that no other cluster has, from the most lasting thing its records hold."""
    authority = text_codes(records.about["authority"].tolist())
    own = mix(records.of("local_id"), authority)
    own = np.where(own != NONE, own, records.of("number"))
    content = signatures(records)
    row_ids = records.about["record_id"].to_numpy(dtype=np.int64)
    row_ids = np.where(
        row_ids == NONE, np.iinfo(np.int64).min, row_ids
    )  # a row id of 0 is an id all the same
    per_row = pd.DataFrame({"own": np.where(own != NONE, own, content), "content": content, "row": row_ids})
    least = per_row.groupby(cluster).min()
    codes = least["own"].to_numpy(dtype=np.int64)
    # rows that are alike in every token, and still not one person, are told apart by their row ids
    for finer in (
        least["content"].to_numpy(dtype=np.int64),
        mix(codes, least["row"].to_numpy(dtype=np.int64)),
    ):
        codes = np.where(pd.Series(codes).duplicated(keep=False), finer, codes)
    return pd.Series(codes, index=least.index)


def _digest(key: bytes, anchor: int) -> str:
    raw = hmac.digest(key, anchor.to_bytes(8, "little", signed=True), "sha256")
    return base64.b32encode(raw).decode()[:LENGTH]
