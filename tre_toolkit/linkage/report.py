"""The linkage report: what went in, what came together, who is missed; every small count hidden.

The report leaves the linkage zone with the spine, so it obeys the rule of every output: a count
under ten is not shown, and can't be had by taking figures that are shown from one another. Its counts
by group and by return are those of `tables`, which `tre check` can read. It holds no token and no id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tre_toolkit.linkage import estimates, tables
from tre_toolkit.linkage.engines import ALONE
from tre_toolkit.linkage.records import NONE
from tre_toolkit.linkage.run import Linked
from tre_toolkit.linkage.tables import EVERY, HIDDEN, SMALL, Axis, Mask, covered, is_small

RETURN, LINKED = "return", "linked"
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
    axes, marks = counts_of(linked, about)
    groups = {name: axis for name, axis in axes.items() if name != RETURN}
    return {
        "format": "tre-linkage-report-v1",
        "project": facts["project"],
        "synthetic": facts["synthetic"],
        "standardiser": facts["standardiser"],
        "profile": facts["profile"],
        "records": {"in": len(spine), **_split(int(joined.sum()), len(spine))},
        "persons": {
            "all": len(sizes),
            "by records": _counted_whole(
                sizes.clip(upper=10)
                .map(lambda size: f"{size}" if size < 10 else "10 or more")
                .value_counts()
                .sort_index()
            ),
        },
        "households": {
            "all": _safe(int(spine["household_id"].nunique())),
            "records at communal addresses": _safe(linked.homes.communal),
            "records by": _counted_whole({name: int(many) for name, many in linked.homes.by.items()}),
        },
        "steps": _steps(linked),
        "returns": _returns(linked, axes[RETURN], marks),
        "pairs of returns": _between(spine),
        "identifiers": _completeness(linked),
        "groups": {name: _group(axis, marks) for name, axis in groups.items()},
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
        "completeness by group": _completeness_by_group(groups, marks),
        "standardised differences": [
            one
            for one in estimates.standardised_differences(joined, columns)
            if one["group"] not in _gone(groups[one["column"]], marks)
        ],
        **_estimated(linked, columns, groups, marks),
    }


def counts_of(linked: Linked, about: pd.DataFrame) -> tuple[dict[str, Axis], dict[str, Mask]]:
    """What the report counts: the axes (each group's column, and the return), and the marks they are counted by."""
    columns = {
        name: values.astype(pd.CategoricalDtype(sorted(values.unique(), key=_place), ordered=True))
        for name, values in _columns(linked.spine, about).items()
    }
    place = linked.spine[["authority", "dataset", "period"]].agg(" ".join, axis=1)
    held = {name: linked.records.of(kind) != NONE for name, kind in MAIN.items()}
    every = {EVERY: np.ones(len(place), dtype=bool)}
    marks = tables.told({LINKED: (linked.spine["band"] != ALONE).to_numpy(), **held, **every})
    return tables.axes({**columns, RETURN: place}, marks), marks


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


def _counted_whole(counts: Mapping[str, int] | pd.Series) -> dict[str, int | str]:
    """Counts whose sum is shown elsewhere: what is hidden doesn't come to a small count."""
    many = np.array([int(one) for _, one in counts.items()], dtype=np.int64)
    gone = covered(many.reshape(-1, 1))[0].tolist()
    return {
        str(name): HIDDEN if hide else one
        for (name, _), one, hide in zip(counts.items(), many.tolist(), gone, strict=True)
    }


def _steps(linked: Linked) -> list[dict[str, Any]]:
    """How many records came to their person by each step, surest first."""
    counts = linked.spine.groupby(["step", "band"]).size()
    shown = _counted_whole({f"{at}": int(counts.get(one, 0)) for at, one in enumerate(linked.joined.steps)})
    return [
        {"step": step, "band": band, "records": records}
        for (step, band), records in zip(linked.joined.steps, shown.values(), strict=True)
    ]


def _returns(linked: Linked, axis: Axis, marks: Mapping[str, Mask]) -> list[dict[str, Any]]:
    """For each return: records, persons, and how many records were linked to any other."""
    names = ["authority", "dataset", "period"]
    persons = linked.spine.groupby(names)["person_id"].nunique()
    rows = []
    for place, many in zip(persons.index.tolist(), persons.tolist(), strict=True):
        one = _figures(axis, LINKED, marks)[" ".join(place)]
        twice = one["records"] - many if isinstance(one["records"], int) else 0
        few = f"> {one['records'] - SMALL:,}" if 0 < twice < SMALL else int(many)
        rows.append(
            {
                **dict(zip(names, place, strict=True)),
                "records": one["records"],
                "persons": HIDDEN if one["records"] == HIDDEN else few,
                "linked": one["rate"],
            }
        )
    return rows


def _figures(axis: Axis, mark: str, marks: Mapping[str, Mask]) -> dict[str, dict[str, Any]]:
    """The rows of an axis by label, with a mark; only the records where the mark can't be told of."""
    if mark in marks:
        return {one["label"]: one for one in tables.figures(axis, list(marks).index(mark))}
    rows = tables.figures(axis, list(marks).index(EVERY))
    return {one["label"]: {**one, **dict.fromkeys(("yes", "no", "rate"), HIDDEN)} for one in rows}


def _gone(axis: Axis, marks: Mapping[str, Mask]) -> set[str]:
    """The rows whose links aren't shown."""
    return {label for label, one in _figures(axis, LINKED, marks).items() if one["yes"] == HIDDEN}


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
                few = is_small(np.array([both, many - both, more - both])).any()
                rows.append(
                    {
                        "one": one,
                        "other": other,
                        "persons": [many, more],
                        "both": HIDDEN if few else both,
                        "rate": _rough(both, min(many, more)) if few else _rate(both, min(many, more)),
                    }
                )
    return rows


def _completeness(linked: Linked) -> list[dict[str, Any]]:
    """For each kind of token: about what share of each return's records carry it. Kinds are made of one another's
    parts, so exact shares could be taken from one another."""
    source = linked.records.source
    sizes = np.bincount(source)
    rows = []
    for name, codes in linked.records.tokens.items():
        carried = np.bincount(source[codes != NONE], minlength=len(sizes))
        share = {
            place: _rough(int(part), int(whole))
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


def _place(label: str) -> str:
    """Where a label stands: bands of age by age, what isn't known last, all else by name."""
    return {name: f"{at:02}" for at, (_, name) in enumerate(AGES)}.get(
        label, "~" if label == NOT_KNOWN else label
    )


def _group(axis: Axis, marks: Mapping[str, Mask]) -> list[dict[str, Any]]:
    """Records and match rate of each row of a column: who is linked less than others."""
    return [
        {
            "group": label,
            "records": one["records"],
            "linked": one["yes"],
            "unlinked": one["no"],
            "rate": one["rate"],
        }
        for label, one in _figures(axis, LINKED, marks).items()
    ]


def _rough(part: float, whole: float) -> float | str | None:
    """A rate so coarse that counts a small count apart look alike."""
    if whole == 0:
        return None
    if whole < 2 * SMALL:
        return HIDDEN
    step = max(0.01, 2 * SMALL / whole)
    return round(min(round(part / whole / step) * step, 1.0), 2)


def _completeness_by_group(groups: Mapping[str, Axis], marks: Mapping[str, Mask]) -> list[dict[str, Any]]:
    """For the main identifiers: the share of each group's records that carry them."""
    return [
        {
            "identifier": name,
            "column": column,
            "share": {label: one["rate"] for label, one in _figures(axis, name, marks).items()},
        }
        for name in MAIN
        for column, axis in groups.items()
    ]


def _estimated(
    linked: Linked, columns: Mapping[str, pd.Series], axes: Mapping[str, Axis], marks: Mapping[str, Mask]
) -> dict[str, Any]:
    """What the model and a held-out number say of the links; nothing under rules."""
    made = linked.joined.units
    if linked.joined.found is None or made is None:
        return {}
    first = np.unique(made.unit, return_index=True)[1]
    groups = {
        name: _hidden_with(
            estimates.by_group(linked.joined, values.iloc[first].reset_index(drop=True)),
            _gone(axes[name], marks),
        )
        for name, values in columns.items()
    }
    return {
        "estimated": estimates.overall(linked.joined),
        "estimated by group": groups,
        "held out": estimates.held_out(linked.joined),
        "threshold": estimates.by_threshold(linked.joined),
        "weights": _weights(linked),
    }


def _hidden_with(rows: list[dict[str, Any]], gone: set[str]) -> list[dict[str, Any]]:
    """The estimates of each group, without those of groups whose records or pairs are hidden."""
    start = np.array([one["group"] in gone for one in rows], dtype=bool)
    pairs = np.array([[one["pairs"]] for one in rows], dtype=np.int64).reshape(-1, 1)
    none = {"pairs": HIDDEN, "precision": None, "recall": None}
    return [
        {**one, **none} if hide else one
        for one, hide in zip(rows, covered(pairs, start=start)[0].tolist(), strict=True)
    ]


def _weights(linked: Linked) -> list[dict[str, Any]]:
    """Pairs by weight; on either side of nought, where the thresholds tell the sum, what is hidden is no small count."""
    rows = estimates.weights(linked.joined)
    shown: dict[str, int | str] = {}
    for below in (True, False):
        shown |= _counted_whole(
            {str(one["from"]): one["pairs"] for one in rows if (one["from"] < 0) == below}
        )
    return [{**one, "pairs": shown[str(one["from"])]} for one in rows]
