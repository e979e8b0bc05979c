"""Scores against the truth, for invented children only: precision, recall and F1 of record pairs.

The truth says which person an authority's own number stands for; the truth maps, made when the data
were pseudonymised, say which record had which number. Neither can exist for real children.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError

NUMBER = ["authority", "dataset", "period", "local_id"]


def true_persons(spine: pd.DataFrame, truth: Path, maps: Sequence[Path]) -> pd.Series:
    """The true person of each row of `spine`, from truth.csv and the truth maps.

    Raises TreError when a file lacks a column or a record has no true person.
    """
    if not maps:
        raise TreError(
            "the truth needs the truth maps of the parcels", hint="--truth-map FILE, once for each parcel"
        )
    known = _read(truth, [*NUMBER, "person"])
    mapped = pd.concat([_read(path, ["record_id", *NUMBER[1:]]) for path in maps], ignore_index=True)
    mapped = mapped[["record_id", *NUMBER[1:]]].drop_duplicates()
    mapped["record_id"] = mapped["record_id"].astype("int64")
    rows = spine[["authority", "dataset", "period", "record_id"]].astype({"record_id": "int64"})
    rows = rows.merge(mapped, how="left", on=["record_id", "dataset", "period"], validate="one_to_one")
    found = rows.merge(known.drop_duplicates(NUMBER), how="left", on=NUMBER)["person"]
    if found.isna().any():
        raise TreError(
            f"{int(found.isna().sum()):,} of {len(found):,} records have no true person",
            hint="the truth and its maps must be of the very data that were pseudonymised",
        )
    return pd.Series(found.to_numpy(), index=spine.index)


def score(person: pd.Series, true: pd.Series) -> dict[str, Any]:
    """Pairs of records: how many were linked, how many belong together, how many are both."""
    both = pd.DataFrame({"found": person.to_numpy(), "true": true.to_numpy()})
    linked = _pairs(both.groupby("found").size())
    meant = _pairs(both.groupby("true").size())
    right = _pairs(both.groupby(["found", "true"]).size())
    precision = right / linked if linked else 1.0
    recall = right / meant if meant else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "records": len(both),
        "persons_found": int(both["found"].nunique()),
        "persons_true": int(both["true"].nunique()),
        "pairs_linked": linked,
        "pairs_true": meant,
        "pairs_right": right,
        "precision": round(precision, 5),
        "recall": round(recall, 5),
        "f1": round(f1, 5),
    }


def _pairs(sizes: pd.Series) -> int:
    counts = sizes.to_numpy(dtype=np.int64)
    return int((counts * (counts - 1) // 2).sum())


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype="string", keep_default_na=False)
    except (FileNotFoundError, IsADirectoryError):
        raise TreError("there is no such file", where=str(path)) from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise TreError("this is not a CSV file that can be read", where=str(path)) from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise TreError(f"the columns {', '.join(missing)} are missing", where=str(path))
    return frame
