"""How good the links are, as the model itself and a held-out number say, whole and by group.

The model's probabilities are calibrated, so their mean over accepted pairs estimates precision, and the
share of all probability that the accepted pairs hold estimates recall. That is the model judging itself;
so a number that both files hold (UPN, NHS) is left out, everything is linked again on the rest, and the
links are scored on the number. A child whose number changed without the old one being kept counts as a
wrong link there, so that figure is a lower bound. It is shown with intervals; small counts are hidden.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.engines import Joined
from tre_toolkit.linkage.model.classes import SAME
from tre_toolkit.linkage.model.engine import Found, Scored, find
from tre_toolkit.linkage.records import NONE, Codes, Records
from tre_toolkit.linkage.tables import SMALL

GOLD = {"UPN": ("upn", "former_upn", "upn_temp", "upn_any"), "NHS number": ("nhs", "nhs", "nhs_any")}
"""A number that can be held out, and the kinds of token that carry it: itself, then its forerunner, then others."""
FEWEST = 100  # pairs that must carry the number on both sides for a held-out check
TRIED = (0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99)
BINS = np.linspace(0, 1, 11)


def overall(joined: Joined) -> dict[str, Any]:
    """Estimated precision and recall of the pairs across files."""
    found = _found(joined)
    accepted = _accepted(found)
    sure = float(found.across.probability[accepted].sum())
    return {
        "pairs": int(accepted.sum()),
        "precision": round(sure / max(int(accepted.sum()), 1), 4),
        "recall": round(min(sure / found.fit.sizes[SAME], 1.0), 4),
        "model's children in two files": round(found.fit.sizes[SAME]),
    }


def by_group(joined: Joined, group_of_unit: pd.Series) -> list[dict[str, Any]]:
    """Estimated precision and recall of each group of children; a pair counts for its left record's group."""
    found = _found(joined)
    frame = pd.DataFrame(
        {
            "group": group_of_unit.to_numpy()[found.across.left],
            "p": found.across.probability,
            "accepted": _accepted(found),
        }
    )
    frame["sure"] = frame["p"].where(frame["accepted"], 0.0)
    sums = frame.groupby("group")[["p", "accepted", "sure"]].sum()
    return [
        {
            "group": str(name),
            "pairs": int(row["accepted"]),
            "precision": round(row["sure"] / row["accepted"], 4) if row["accepted"] >= FEWEST / 10 else None,
            "recall": round(row["sure"] / row["p"], 4) if row["p"] >= FEWEST / 10 else None,
        }
        for name, row in sums.iterrows()
    ]


def by_threshold(joined: Joined) -> list[dict[str, Any]]:
    """What the headline would be at other thresholds: pairs, their estimated precision and recall."""
    found = _found(joined)
    rows, shown = [], [overall(joined)["pairs"]]
    for threshold in sorted({*TRIED, found.threshold}, reverse=True):
        over = found.across.over(threshold)
        pairs = len(over.probability)
        apart = all(pairs == other or abs(pairs - other) >= SMALL for other in shown)
        shown += [pairs] if apart else []
        rows.append(
            {
                "threshold": threshold,
                "pairs": pairs if apart else None,  # too near another that is told
                "precision": round(float(over.probability.mean()), 4) if pairs else None,
                "recall": round(min(float(over.probability.sum()) / found.fit.sizes[SAME], 1.0), 4),
                "taken": threshold == found.threshold,
            }
        )
    return rows[::-1]


def weights(joined: Joined) -> list[dict[str, Any]]:
    """How many pairs have which weight (bits), for the picture: a clean linkage has two hills and little between."""
    found = _found(joined)
    edges = np.arange(-10, 61, 5)
    counts = np.histogram(np.clip(found.across.weight, edges[0], edges[-1]), edges)[0]
    return [
        {"from": int(first), "to": int(first) + 5, "pairs": int(many)}
        for first, many in zip(edges[:-1], counts, strict=True)
    ]


def held_out(joined: Joined) -> list[dict[str, Any]]:
    """For each number that enough pairs carry: link without it, and score the links on it, with 95% intervals."""
    made = joined.units
    if made is None:
        return []
    told = []
    for name, kinds in GOLD.items():
        number = made.records.of(kinds[0])
        if _shared(number, made.file) >= FEWEST:
            told.append({"number": name, **_scored_on(made.records, made.file, kinds)})
    return told


def interval(part: float, whole: float) -> tuple[float, float] | None:
    """Wilson's 95% interval of a share."""
    if whole <= 0:
        return None
    z, share = 1.959964, part / whole
    centre = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * np.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return round(float(max(centre - half, 0)), 4), round(float(min(centre + half, 1)), 4)


def standardised_differences(joined_mask: pd.Series, columns: dict[str, pd.Series]) -> list[dict[str, Any]]:
    """For each category: share among linked and unlinked records, and their difference in standard deviations.

    Over 0.1 is worth a word in a paper; over 0.2 is a bias to be dealt with.
    """
    rows = []
    linked, unlinked = int(joined_mask.sum()), int((~joined_mask).sum())
    if min(linked, unlinked) < FEWEST:
        return []
    for name, values in columns.items():
        for label in sorted(values.unique()):
            here = values == label
            one, other = (here & joined_mask).sum() / linked, (here & ~joined_mask).sum() / unlinked
            if min((here & joined_mask).sum(), (here & ~joined_mask).sum()) < 10:
                continue
            spread = np.sqrt((one * (1 - one) + other * (1 - other)) / 2)
            rows.append(
                {
                    "column": name,
                    "group": str(label),
                    "linked": round(float(one), 4),
                    "unlinked": round(float(other), 4),
                    "difference": round(float((one - other) / spread), 3) if spread else 0.0,
                }
            )
    return rows


def _scored_on(records: Records, file: Codes, kinds: tuple[str, ...]) -> dict[str, Any]:
    number = records.of(kinds[0])
    dropped = {name for name in records.tokens if any(part in kinds for part in name.split("+"))}
    tokens = {name: codes for name, codes in records.tokens.items() if name not in dropped}
    lists = {name: found for name, found in records.lists.items() if name not in kinds}
    try:
        found = find(Records(records.about, tokens, lists, records.sources), file)
    except TreError as refusal:
        return {"not scored": refusal.problem.what}
    over = found.across.over(found.threshold)
    held = found.persons.cluster[over.left] == found.persons.cluster[over.right]
    left, right_row = over.left[held], over.right[held]
    told = (number[left] != NONE) & (number[right_row] != NONE)
    agree = number[left] == number[right_row]
    reached = int(agree[told].sum())  # of the pairs that carry the same number
    for other in kinds[1:2]:  # a number known to have followed another
        former = records.of(other)
        agree |= ((former[left] != NONE) & (former[left] == number[right_row])) | (
            (former[right_row] != NONE) & (former[right_row] == number[left])
        )
    right = int(agree[told].sum())
    meant = _shared(number, file)
    return {
        "links scored": int(told.sum()),
        "precision": round(right / max(int(told.sum()), 1), 4),
        "precision, 95%": interval(right, int(told.sum())),
        "children with the number in two files": meant,
        "recall": round(reached / meant, 4),
        "recall, 95%": interval(reached, meant),
        "calibration": _calibration(found.across, number),
    }


def _calibration(across: Scored, number: Codes) -> list[dict[str, Any]]:
    """By tenth of probability: what was predicted and what the held-out number says, for pairs that carry it."""
    one, two = number[across.left], number[across.right]
    told = (one != NONE) & (two != NONE)
    frame = pd.DataFrame({"p": across.probability[told], "right": one[told] == two[told]})
    tenth = np.clip(np.digitize(frame["p"], BINS), 1, 10)
    told_by = [(at, frame[tenth == at]) for at in range(1, len(BINS))]
    return [
        {
            "from": round(float(BINS[at - 1]), 1),
            "predicted": round(float(group["p"].mean()), 4),
            "observed": round(float(group["right"].mean()), 4),
        }
        for at, group in told_by
        if len(group) >= 10
    ]


def _shared(number: Codes, file: Codes) -> int:
    """How many pairs of records across files carry the same number."""
    held = number != NONE
    counts = pd.DataFrame({"number": number[held], "file": file[held]}).value_counts().unstack(fill_value=0)
    totals = counts.sum(axis=1)
    return int(((totals**2 - (counts**2).sum(axis=1)) / 2).sum())


def _accepted(found: Found) -> np.ndarray:
    """Which pairs across files hold: over the threshold, and of one person in the end."""
    same = found.persons.cluster[found.across.left] == found.persons.cluster[found.across.right]
    accepted: np.ndarray = same & (found.across.probability >= found.threshold)
    return accepted


def _found(joined: Joined) -> Found:
    if joined.found is None:
        raise TreError("only the model estimates the quality of its links", hint="--engine model")
    return joined.found
