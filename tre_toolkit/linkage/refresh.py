"""A new year, or a new authority: ids stay, and what changes is published.

The records of the earlier run are known by parcel and row id, so its parcels are named again (a spine
keeps no token to know them by). A person keeps the id that most of its earlier records had; persons that
came together or fell apart are listed in the spine's `events.parquet`. The earlier persons are held, under rules and
under the model alike: new records join them, and never bring two of them together or take one apart; only a
reviewer's decision does. A run that is to learn and link everything anew must be asked for it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.cluster import Decided, components
from tre_toolkit.linkage.records import NONE, Codes, Records
from tre_toolkit.linkage.spine import Spine

ROW = ["parcel", "record_id"]
MERGED, SPLIT = "merged", "split"


def earlier_persons(records: Records, previous: Spine, *, column: str = "person_id") -> pd.Series:
    """The earlier run's person id (or household id) of each record, missing for new ones.

    Raises TreError when a parcel of the earlier run wasn't named again.
    """
    wanted = {
        str(one["parcel"]) for one in previous.facts["parcels"] if _had_records(previous, one["parcel"])
    }
    missing = wanted - set(records.about["parcel"])
    if missing:
        raise TreError(
            f"{len(missing)} parcels of the earlier run are not among these",
            hint="name them again: a spine keeps no tokens, so its records are known by their parcels",
        )
    known = previous.frame[[*ROW, column]].astype({"record_id": "int64"})
    found = records.about[ROW].merge(known, how="left", on=ROW, validate="one_to_one")[column]
    return found.astype("object").where(found.notna(), None)


def held_codes(earlier: pd.Series) -> Codes:
    """A code for each earlier person, `NONE` for new records."""
    return (pd.factorize(earlier)[0] + 1).astype(np.int64)


def as_decided(held: Codes, decided: Decided | None) -> Codes:
    """The held codes after a reviewer's word: a person said to be two is let go, two said to be one are one."""
    if decided is None:
        return held
    left, right, same = decided
    apart = np.unique(held[left[~same & (held[left] == held[right])]])
    held = np.where(np.isin(held, apart[apart != NONE]), NONE, held)
    both = same & (held[left] != NONE) & (held[right] != NONE)
    joined = components(int(held.max(initial=0)) + 1, held[left[both]], held[right[both]])
    return joined[held]


def carried_ids(fresh: np.ndarray, cluster: Codes, earlier: pd.Series, rename: dict[str, str]) -> np.ndarray:
    """Person ids with the earlier ones kept: each earlier id goes to the one person that holds most of its records.

    `fresh` are the ids that the records would get anew; `rename` gives the id for one that is taken.
    """
    known = pd.DataFrame({"cluster": cluster, "before": earlier.to_numpy()}).dropna()
    counts = (
        known.value_counts()
        .reset_index(name="many")
        .sort_values(["many", "before", "cluster"], ascending=[False, True, True])
    )
    by_person = counts.drop_duplicates("cluster").drop_duplicates("before")
    kept = by_person.set_index("cluster")["before"]
    ids = pd.Series(cluster).map(kept)
    taken = set(earlier.dropna())
    return ids.where(ids.notna(), [rename[one] if one in taken else one for one in fresh.tolist()]).to_numpy(
        object
    )


def events_between(earlier: pd.Series, person: pd.Series) -> pd.DataFrame:
    """What changed for earlier persons: columns event, person_id, before, records.

    A merge has a row for each earlier person that came into one; a split a row for each person one fell into.
    """
    met = pd.DataFrame({"before": earlier.to_numpy(), "person_id": person.to_numpy()}).dropna()
    moves = met.value_counts().reset_index(name="records")
    into = moves.groupby("person_id")["before"].transform("nunique")
    out_of = moves.groupby("before")["person_id"].transform("nunique")
    found = pd.concat(
        [moves[into > 1].assign(event=MERGED), moves[out_of > 1].assign(event=SPLIT)], ignore_index=True
    )
    return found[["event", "person_id", "before", "records"]].sort_values(
        ["event", "person_id", "before"], ignore_index=True
    )


def _had_records(previous: Spine, parcel: str) -> bool:
    return bool((previous.frame["parcel"] == parcel).any())
