"""The spine: which record is which person. Tokens end here; a spine holds none.

A folder: `spine.parquet` (a row for each record of each parcel), `spine.json` (project, parcels, synthetic
mark, settings, what was left out), `report.json` and `report.html`. It is what `tre workspace` reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.files import digest

FORMAT = "tre-spine-v1"
COLUMNS = (
    "parcel",
    "authority",
    "dataset",
    "period",
    "record_id",
    "person_id",
    "household_id",
    "step",
    "weight",
    "band",
)
MOTHER = "mother_id"  # a further column, where some record names its mother: her person id
TEXTS = ("parcel", "authority", "dataset", "period", "person_id", "household_id", "step", "band")


@dataclass(frozen=True, slots=True)
class Spine:
    """`frame` has the columns of `COLUMNS`, and `MOTHER` where mothers are known; `facts` is what `spine.json` says."""

    frame: pd.DataFrame
    facts: Mapping[str, Any]

    @property
    def persons(self) -> int:
        return int(self.frame["person_id"].nunique())

    @property
    def synthetic(self) -> bool:
        return bool(self.facts.get("synthetic"))


def write_spine(spine: Spine, folder: Path) -> Path:
    """Write `spine.parquet` and `spine.json` into `folder` (which is there already)."""
    more = [MOTHER] if MOTHER in spine.frame.columns else []
    frame = spine.frame[[*COLUMNS, *more]].sort_values(
        ["authority", "dataset", "period", "parcel", "record_id"], ignore_index=True
    )
    frame = frame.astype(
        {**dict.fromkeys((*TEXTS, *more), "string"), "record_id": "int64", "weight": "float64"}
    )
    frame.to_parquet(folder / "spine.parquet", index=False)
    facts = {"format": FORMAT, **spine.facts, "sha256": digest(folder / "spine.parquet")}
    (folder / "spine.json").write_text(
        json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return folder


def read_spine(folder: Path) -> Spine:
    """The spine in `folder`. Raises TreError when it isn't one, or its table isn't the one it was written with."""
    try:
        facts = json.loads((folder / "spine.json").read_text(encoding="utf-8"))
        table = folder / "spine.parquet"
        if facts["format"] != FORMAT or digest(table) != facts["sha256"]:
            raise TreError(
                "the spine was altered since it was made", where=str(folder), hint="run `tre link` again"
            )
        return Spine(pd.read_parquet(table), facts)
    except FileNotFoundError:
        raise TreError("there is no spine here", where=str(folder), hint="`tre link` makes one") from None
    except (ValueError, KeyError, TypeError):
        raise TreError("this spine can't be read", where=str(folder), hint="run `tre link` again") from None
