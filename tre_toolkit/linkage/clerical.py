"""Clerical review on what agrees, never on what stands there: the pairs the engine isn't sure of.

A pair is shown as the levels its two records agree on, its probability and how many rivals each record
has; there is no value to show, for tokens hold none. A decision goes into a hash-chained log beside the
spine and binds the next run (`tre link --decisions SPINE`). Where agreement alone can't settle a pair, each
authority gets a list of pair and row ids, looks its own children up, and answers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tre_toolkit.audit import append, events
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.linkage.engines import Joined
from tre_toolkit.linkage.model.levels import ELSE, NULL
from tre_toolkit.linkage.model.pairs import LABELS, RADIX
from tre_toolkit.linkage.records import Codes, Records

UNSURE = (
    0.1,
    0.9,
)  # probabilities between which a pair is worth a look: 39 pairs in 1,000 true ones measured
LIST, LOG = "clerical.parquet", "clerical.log"
EVENT = "clerical decision"
SIDES = ("left", "right")


def pairs_to_review(records: Records, joined: Joined, key: bytes) -> pd.DataFrame:
    """The pairs worth a look: columns pair, probability, weight, rivals_left, rivals_right, linked, a column for
    each comparison with its level, and parcel, authority and record_id of both sides. None under rules.
    """
    if joined.found is None or joined.units is None:
        return pd.DataFrame(columns=["pair"])
    across, unit = joined.found.across, joined.units.unit
    unsure = (across.probability >= UNSURE[0]) & (across.probability <= UNSURE[1])
    rivals = np.bincount(np.concatenate([across.left, across.right]), minlength=len(joined.units.records)) - 1
    first = np.unique(unit, return_index=True)[1]  # a unit's first record stands for it
    left, right = across.left[unsure], across.right[unsure]
    cluster = joined.found.persons.cluster
    table = pd.DataFrame(
        {
            "probability": across.probability[unsure].round(4),
            "weight": across.weight[unsure].round(2),
            "rivals_left": rivals[left],
            "rivals_right": rivals[right],
            "linked": cluster[left] == cluster[right],
        }
    )
    for name, labels in levels_of(joined.found.patterns.code[across.pattern[unsure]]).items():
        table[name] = labels
    for side, rows in zip(SIDES, (first[left], first[right]), strict=True):
        for column in ("parcel", "authority", "record_id"):
            table[f"{side}_{column}"] = records.about[column].to_numpy()[rows]
    table.insert(0, "pair", [_pair_id(key, *ends) for ends in _ends(table)])
    return table.sort_values(["probability", "pair"], ascending=[False, True], ignore_index=True)


def levels_of(code: Codes) -> dict[str, list[str]]:
    """The level of each pattern in each comparison, in words."""
    return {
        name: np.array(labels, dtype=object)[(code // radix) % len(labels)].tolist()
        for (name, labels), radix in zip(LABELS.items(), RADIX, strict=True)
    }


def in_words(row: Mapping[Hashable, object]) -> str:
    """What a pair agrees on, as one line: comparisons that say nothing are left out."""
    said = [
        f"{name}: {'differs' if row[name] == ELSE else row[name]}" for name in LABELS if row[name] != NULL
    ]
    return "; ".join(said)


def decide(folder: Path, pair: str, *, same: bool, by: str) -> None:
    """Log a decision about a pair of the review list of the spine in `folder`. Raises TreError for a pair not in it."""
    known = read_list(folder)
    if pair not in set(known["pair"]):
        raise TreError(
            "the review list has no such pair", where=str(folder), hint="`tre clerical` lists them"
        )
    append(folder / LOG, EVENT, pair=pair, same=same, by=by)


def take_answers(folder: Path, lists: Sequence[Path], *, by: str) -> dict[str, int]:
    """Log what authorities answered on their lists: counts of pairs that are same, not same, contradicted and open.

    An answer is `yes` or `no` in the column `answer` (blank: not settled). A pair between two authorities counts only
    when both lists say the same; where they differ nothing is logged. Raises Problems when a list isn't of this spine or
    holds another answer, and logs nothing then.
    """
    known = read_list(folder)
    said = [_answers(path, known) for path in lists]
    whole = pd.concat(said, ignore_index=True)
    whole = whole[whole["answer"] != ""]
    told = {"same": 0, "not same": 0, "contradicted": 0}
    asked = authorities_of(known)
    for pair, rows in whole.groupby("pair", sort=True):
        words = set(rows["answer"])
        if len(words) > 1:
            told["contradicted"] += 1
        elif set(rows["authority"]) == asked[str(pair)]:
            same = words == {"yes"}
            decide(
                folder, str(pair), same=same, by=f"{by} (answered by {', '.join(sorted(asked[str(pair)]))})"
            )
            told["same" if same else "not same"] += 1
    return {**told, "open": len(known) - sum(told.values())}


def authorities_of(table: pd.DataFrame) -> dict[str, set[str]]:
    """The authorities whose records a pair is of: one, or two."""
    columns = (table[name].astype(str) for name in ("pair", "left_authority", "right_authority"))
    return {pair: {one, two} for pair, one, two in zip(*columns, strict=True)}


def _answers(path: Path, known: pd.DataFrame) -> pd.DataFrame:
    """An authority's list as it came back: columns pair, authority, answer (yes, no or nothing)."""
    try:
        read = pd.read_csv(path, dtype="string", keep_default_na=False)
        listed = read[["pair", "parcel", "record_id", "answer"]]
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, KeyError):
        raise TreError(
            "this is not a list of pairs",
            where=str(path),
            hint="a CSV file as `tre clerical SPINE --lists` wrote it, with yes or no in the column answer",
        ) from None
    sides = [
        known[["pair", f"{side}_parcel", f"{side}_record_id", f"{side}_authority"]].set_axis(
            ["pair", "parcel", "record_id", "authority"], axis=1
        )
        for side in SIDES
    ]
    ends = pd.concat(sides, ignore_index=True).astype("string")
    found = listed.assign(answer=listed["answer"].str.strip().str.lower()).merge(
        ends, how="left", on=["pair", "parcel", "record_id"]
    )
    problems = []
    if found["authority"].isna().any():
        problems.append(
            Problem(
                f"{int(found['authority'].isna().sum()):,} rows are of no pair of this spine",
                Where(str(path)),
                "answer the list that this spine's `tre clerical --lists` wrote",
            )
        )
    if wrong := int((~found["answer"].isin(["yes", "no", ""])).sum()):
        problems.append(
            Problem(f"{wrong:,} answers are neither yes nor no", Where(str(path), column="answer"))
        )
    if problems:
        raise Problems("these answers can't be taken", problems)
    return found[["pair", "authority", "answer"]]


def decisions(folder: Path) -> pd.DataFrame:
    """The decisions logged beside the spine in `folder`, the last word on each pair.

    Columns pair, same, and parcel and record_id of both sides. Raises TreError when the log was altered.
    """
    log = folder / LOG
    said = (
        [(event.facts["pair"], event.facts["same"]) for event in events(log) if event.name == EVENT]
        if log.exists()
        else []
    )
    table = pd.DataFrame(said, columns=["pair", "same"]).drop_duplicates("pair", keep="last")
    return table.merge(read_list(folder), how="left", on="pair", validate="one_to_one")


def read_list(folder: Path) -> pd.DataFrame:
    """The review list of the spine in `folder`. Raises TreError when it has none."""
    if not (folder / LIST).exists():
        raise TreError("this spine has no review list", where=str(folder), hint="only the model makes one")
    return pd.read_parquet(folder / LIST)


def decided_rows(records: Records, decided: pd.DataFrame) -> tuple[Codes, Codes, np.ndarray]:
    """Row numbers of both sides and the decision, for the decided pairs whose records are both here."""
    place = pd.Series(
        np.arange(len(records)), index=pd.MultiIndex.from_frame(records.about[["parcel", "record_id"]])
    )
    found = [
        place.reindex(pd.MultiIndex.from_frame(decided[[f"{side}_parcel", f"{side}_record_id"]])).to_numpy()
        for side in SIDES
    ]
    here = ~(np.isnan(found[0]) | np.isnan(found[1]))
    one, two = (rows[here].astype(np.int64) for rows in found)
    return np.minimum(one, two), np.maximum(one, two), decided["same"].to_numpy(dtype=bool)[here]


def authority_lists(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For each authority the pairs that touch its records: columns pair, parcel, record_id, and `other` (own or another's).

    The authority looks its own rows up in its register and answers, with the other one where two are asked, yes or no.
    """
    sides = [
        table[
            ["pair", f"{side}_parcel", f"{side}_authority", f"{side}_record_id", f"{other}_authority"]
        ].set_axis(["pair", "parcel", "authority", "record_id", "other"], axis=1)
        for side, other in (SIDES, SIDES[::-1])
    ]
    whole = pd.concat(sides, ignore_index=True)
    whole["other"] = np.where(whole["other"] == whole["authority"], "own", "another authority")
    return {
        str(name): part.drop(columns="authority").sort_values(["pair", "record_id"], ignore_index=True)
        for name, part in whole.groupby("authority")
    }


def _ends(table: pd.DataFrame) -> Sequence[tuple[str, str]]:
    one, two = (table[f"{side}_parcel"] + " " + table[f"{side}_record_id"].astype(str) for side in SIDES)
    return [(min(pair), max(pair)) for pair in zip(one, two, strict=True)]


def _pair_id(key: bytes, one: str, two: str) -> str:
    return "R" + base64.b32encode(hmac.digest(key, f"{one}|{two}".encode(), hashlib.sha256)).decode()[:9]
