"""The linkage report: what went in, what came together, who is missed; every small count hidden.

The report leaves the linkage zone with the spine, so it obeys the rule of every output: a count
under ten is not shown, and neither is a rate over it. It holds no token and no id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.linkage import estimates
from tre_toolkit.linkage.engines import ALONE
from tre_toolkit.linkage.records import NONE
from tre_toolkit.linkage.run import Linked

SMALL = 10  # counts below it are not shown
HIDDEN = "<10"
AGES = ((0, "under 1"), (1, "1 to 4"), (5, "5 to 9"), (10, "10 to 15"), (16, "16 and over"))
NOT_KNOWN = "not known"
MAIN = {
    "UPN": "upn",
    "NHS number": "nhs",
    "names": "given+birth_date",
    "birth date and sex": "sex+birth_date",
    "postcode": "birth_date+postcode",
}
"""The identifiers whose completeness is told by group, and a token that shows whether a record has them."""


def report_on(linked: Linked, about: pd.DataFrame, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the report says, ready for JSON."""
    spine = linked.spine
    joined = spine["band"] != ALONE
    sizes = spine.groupby("person_id").size()
    columns = _columns(spine, about)
    return {
        "format": "tre-linkage-report-v1",
        "project": facts["project"],
        "synthetic": facts["synthetic"],
        "standardiser": facts["standardiser"],
        "profile": facts["profile"],
        "records": {"in": len(spine), **_split(int(joined.sum()), len(spine))},
        "persons": {
            "all": len(sizes),
            "by records": _counted(
                sizes.clip(upper=10).map(lambda size: f"{size}" if size < 10 else "10 or more")
            ),
        },
        "households": {
            "all": _safe(int(spine["household_id"].nunique())),
            "records at communal addresses": _safe(linked.homes.communal),
            "records by": {name: _safe(many) for name, many in linked.homes.by.items()},
        },
        "steps": _steps(linked),
        "returns": _returns(linked),
        "pairs of returns": _between(spine),
        "identifiers": _completeness(linked),
        "groups": _groups(joined, columns),
        "conflicts": _counted(linked.joined.conflicts["reason"]),
        "left out": [
            {
                "step": one["step"],
                "tokens": one["tokens"] and _safe(one["tokens"]),
                "records": _safe(one["records"]),
            }
            for one in linked.joined.left_out
        ],
        "settings": dict(linked.joined.settings),
        "completeness by group": _completeness_by_group(linked, columns),
        "standardised differences": estimates.standardised_differences(joined, columns),
        **_estimated(linked, columns),
    }


def _safe(count: float) -> int | str:
    """A count, or `HIDDEN` when it is small (nought is shown)."""
    return HIDDEN if 0 < count < SMALL else int(count)


def _split(part: int, whole: int) -> dict[str, int | str]:
    """Linked and unlinked; both hidden when one of them is small, for the other would give it away."""
    if any(0 < count < SMALL for count in (part, whole - part)):
        return {"linked": HIDDEN, "unlinked": HIDDEN}
    return {"linked": part, "unlinked": whole - part}


def _rate(part: float, whole: float) -> float | str | None:
    """A rate; only a bound of it where it or its complement rests on a small count, and nothing over a small whole."""
    if whole == 0:
        return None
    if whole < SMALL:
        return HIDDEN
    if 0 < part < SMALL:
        return f"< {SMALL / whole:.1%}"
    if 0 < whole - part < SMALL:
        return f"> {1 - SMALL / whole:.1%}"
    return round(part / whole, 4)


def _counted(values: pd.Series) -> dict[str, int | str]:
    return {str(name): _safe(count) for name, count in values.value_counts().sort_index().items()}


def _steps(linked: Linked) -> list[dict[str, Any]]:
    """How many records came to their person by each step, surest first."""
    counts = linked.spine.groupby(["step", "band"]).size()
    return [
        {"step": step, "band": band, "records": _safe(int(counts.get((step, band), 0)))}
        for step, band in linked.joined.steps
    ]


def _returns(linked: Linked) -> list[dict[str, Any]]:
    """For each return: records, persons, and how many records were linked to any other."""
    spine = linked.spine.assign(joined=linked.spine["band"] != ALONE)
    groups = spine.groupby(["authority", "dataset", "period"], sort=True)
    return [
        {
            "authority": name[0],
            "dataset": name[1],
            "period": name[2],
            "records": len(group),
            "persons": int(group["person_id"].nunique()),
            "linked": _rate(int(group["joined"].sum()), len(group)),
        }
        for name, group in groups
    ]


def _between(spine: pd.DataFrame) -> list[dict[str, Any]]:
    """For each two (authority, dataset): persons in each, persons in both, and the share of the smaller that is in both."""
    held = spine.drop_duplicates(["authority", "dataset", "person_id"])
    held = held.assign(place=held["authority"] + " " + held["dataset"])[["place", "person_id"]]
    met = held.merge(held, on="person_id")
    counts = met.groupby(["place_x", "place_y"]).size()
    own = {place: int(counts[(place, place)]) for place in sorted(held["place"].unique())}
    rows = []
    for one, many in own.items():
        for other, more in own.items():
            if one < other:
                both = int(counts.get((one, other), 0))
                rows.append(
                    {
                        "one": one,
                        "other": other,
                        "persons": [many, more],
                        "both": _safe(both),
                        "rate": _rate(both, min(many, more)),
                    }
                )
    return rows


def _completeness(linked: Linked) -> list[dict[str, Any]]:
    """For each kind of token: the share of each return's records that carry it."""
    source = linked.records.source
    sizes = np.bincount(source)
    rows = []
    for name, codes in linked.records.tokens.items():
        carried = np.bincount(source[codes != NONE], minlength=len(sizes))
        share = {
            place: _rate(int(part), int(whole))
            for place, part, whole in zip(linked.records.sources, carried, sizes, strict=True)
        }
        rows.append({"token": name, "share": share})
    return rows


def _columns(spine: pd.DataFrame, about: pd.DataFrame) -> dict[str, pd.Series]:
    """The coarse columns of the about parts for each record, with a band of age for the year of birth."""
    frame = spine[["parcel", "record_id", "period"]].merge(about, how="left", on=["parcel", "record_id"])
    names = [name for name in about.columns if name not in ("parcel", "record_id", "birth_year")]
    columns = {name: frame[name] for name in names}
    if "birth_year" in about.columns:
        year = pd.to_numeric(frame["period"].str[:4]) - pd.to_numeric(frame["birth_year"], errors="coerce")
        place = np.searchsorted([first for first, _ in AGES], year.fillna(-1), side="right") - 1
        bands = np.array([name for _, name in AGES] + [NOT_KNOWN], dtype=object)
        columns["age band"] = pd.Series(bands[place])
    return {
        name: values.astype("object").where(values.notna(), NOT_KNOWN).astype(str)
        for name, values in columns.items()
    }


def _in_order(labels: pd.Index) -> pd.Index:
    """Labels as people read them: bands of age by age, what isn't known last, all else by name."""
    place = {name: f"{at:02}" for at, (_, name) in enumerate(AGES)} | {NOT_KNOWN: "~"}
    return labels.map(lambda label: place.get(label, label))


def _groups(joined: pd.Series, columns: Mapping[str, pd.Series]) -> dict[str, list[dict[str, Any]]]:
    """Records and match rate by each coarse column: who is linked less than others.

    What is hidden of one group could be had from the totals and the other groups; so where all that is hidden comes
    to a small count, the smallest group that isn't hidden is hidden with it.
    """
    told = {}
    for name, values in columns.items():
        counts = joined.groupby(values).agg(["size", "sum"]).sort_index(key=_in_order)
        size, part = counts["size"].to_numpy(np.int64), counts["sum"].to_numpy(np.int64)
        no_size = _covered((size > 0) & (size < SMALL), size)
        small = ((part > 0) & (part < SMALL)) | ((size - part > 0) & (size - part < SMALL))
        no_part = _covered(small | no_size, np.minimum(part, size - part), weight=size)
        told[name] = [
            {
                "group": str(label),
                "records": HIDDEN if no_size[at] else int(size[at]),
                "linked": HIDDEN if no_part[at] else int(part[at]),
                "unlinked": HIDDEN if no_part[at] else int(size[at] - part[at]),
                "rate": _hidden_rate(int(part[at]), int(size[at]))
                if no_part[at]
                else _rate(part[at], size[at]),
            }
            for at, label in enumerate(counts.index)
        ]
    return told


def _covered(hidden: np.ndarray, counts: np.ndarray, *, weight: np.ndarray | None = None) -> np.ndarray:
    """What is hidden, and as much more (the lightest first) as it takes that it doesn't come to a small count."""
    covered = hidden.copy()
    order = np.argsort(counts if weight is None else weight, kind="stable")
    for at in order.tolist():
        if not hidden.any() or (covered.sum() > 1 and counts[covered].sum() >= SMALL):
            break
        covered[at] = True
    return covered


def _hidden_rate(part: int, whole: int) -> float | str | None:
    """A rate whose counts are hidden: only the bound a small part leaves, else nothing."""
    told = _rate(part, whole)
    return HIDDEN if isinstance(told, float) else told


def _completeness_by_group(linked: Linked, columns: Mapping[str, pd.Series]) -> list[dict[str, Any]]:
    """For the main identifiers: the share of each group's records that carry them."""
    rows = []
    for told, kind in MAIN.items():
        held = pd.Series(linked.records.of(kind) != NONE)
        for name, values in columns.items():
            counts = held.groupby(values).agg(["size", "sum"]).sort_index(key=_in_order)
            shares = {
                str(label): _rate(int(row["sum"]), int(row["size"])) for label, row in counts.iterrows()
            }
            rows.append({"identifier": told, "column": name, "share": shares})
    return rows


def _estimated(linked: Linked, columns: Mapping[str, pd.Series]) -> dict[str, Any]:
    """What the model and a held-out number say of the links; nothing under rules."""
    made = linked.joined.units
    if linked.joined.found is None or made is None:
        return {}
    first = np.unique(made.unit, return_index=True)[1]
    groups = {
        name: estimates.by_group(linked.joined, values.iloc[first].reset_index(drop=True), show=_safe)
        for name, values in columns.items()
    }
    return {
        "estimated": estimates.overall(linked.joined),
        "estimated by group": groups,
        "held out": estimates.held_out(linked.joined),
        "threshold": estimates.by_threshold(linked.joined),
        "weights": estimates.weights(linked.joined, show=_safe),
    }
