"""From agreeing pairs to persons: connected records, kept apart where one person can't be meant.

Two things bar a merger: two different permanent UPNs in one person (a former UPN bridges its
successor), and two records of one return that were not themselves found to be duplicates. Almost
every group breaks neither and is taken whole; the few that do are built up again pair by pair, best
first, and what was refused is reported as a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tre_toolkit.linkage.records import NONE, Codes, Records

Decided = tuple[Codes, Codes, np.ndarray]
"""What a reviewer said: left and right rows (the lower one left), and whether they are one person."""


@dataclass(frozen=True, slots=True)
class Persons:
    """`cluster`: a number for each record, the same for records of one person.

    `conflicts`: a row for each refused merger with left, right (row numbers), order and reason
    ("two numbers", "two earlier persons", "kept apart by a reviewer" or "two records of one return").
    """

    cluster: Codes
    conflicts: pd.DataFrame


def components(count: int, left: Codes, right: Codes) -> Codes:
    """A number for each of `count` things, equal for those that `left`-`right` pairs join, in order of first row."""
    if len(left) == 0:
        return np.arange(count, dtype=np.int64)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    first = pd.Series(np.arange(count)).groupby(labels).transform("min")
    return first.to_numpy(dtype=np.int64)


def identities(records: Records) -> Codes:
    """A code for each record's permanent UPN, one code for numbers that succeed one another; `NONE` without one."""
    upn, former = records.of("upn"), records.of("former_upn")
    numbers, place = np.unique(np.concatenate([upn, former]), return_inverse=True)
    both = (upn != NONE) & (former != NONE)
    joined = components(len(numbers), place[: len(upn)][both], place[len(upn) :][both])
    own = np.where(upn != NONE, place[: len(upn)], place[len(upn) :])
    return np.where((upn != NONE) | (former != NONE), joined[own] + 1, NONE)


def persons(
    records: Records,
    left: Codes,
    right: Codes,
    order: Codes,
    *,
    numbers: bool = True,
    held: Codes | None = None,
    apart: tuple[Codes, Codes] | None = None,
) -> Persons:
    """Join records by agreeing pairs; `order` says which pair counts first (ties by row).

    `numbers=False` lets two different permanent UPNs meet (a model weighs them itself). `held` is a code for each
    record's earlier person: two earlier persons never meet, and pairs of order -1 (the earlier links, and what a
    reviewer decided) always do. `apart` are pairs (lower row first) that a reviewer said are two persons.
    """
    labels = {"two numbers": identities(records)} if numbers else {}
    if held is not None:
        labels["two earlier persons"] = held
    told = apart or (np.zeros(0, np.int64), np.zeros(0, np.int64))
    whole = components(len(records), left, right)
    contested = _contested(whole, records.source, labels, left, right)
    contested |= np.isin(whole, whole[told[0]][whole[told[0]] == whole[told[1]]])
    if not contested.any():
        return Persons(whole, _conflicts([]))
    inside = contested[left]
    ranked = np.lexsort((right[inside], left[inside], order[inside]))
    pairs = (left[inside][ranked], right[inside][ranked], order[inside][ranked])
    bars = _Bars(records.source, labels, set(zip(*(end.tolist() for end in told), strict=True)))
    rebuilt, conflicts = _rebuild(np.flatnonzero(contested), *pairs, bars)
    cluster = whole.copy()
    cluster[list(rebuilt)] = list(rebuilt.values())
    return Persons(cluster, _conflicts(conflicts))


def _contested(
    cluster: Codes, source: Codes, labels: Mapping[str, Codes], left: Codes, right: Codes
) -> np.ndarray:
    """Whether each record is in a group that holds two of one label, or two records of a return that aren't duplicates."""
    per_return = pd.DataFrame({"cluster": cluster, "source": source}).value_counts(sort=False)
    wanted = (per_return * (per_return - 1) // 2).groupby(level="cluster").sum()
    same = source[left] == source[right]
    direct = pd.Series(cluster[left[same]]).value_counts()
    missing = wanted.sub(direct, fill_value=0)
    bad = [missing.index[missing > 0].to_numpy()]
    for label in labels.values():
        named = label != NONE
        several = pd.Series(label[named]).groupby(cluster[named]).nunique()
        bad.append(several.index[several > 1].to_numpy())
    return np.isin(cluster, np.concatenate(bad))


@dataclass(frozen=True, slots=True)
class _Bars:
    """What keeps two groups of records from being one person."""

    source: Codes
    labels: Mapping[str, Codes]
    apart: set[tuple[int, int]]

    def between(self, one: list[int], two: list[int], accepted: set[tuple[int, int]]) -> str | None:
        """Why two groups can't be one person, or None when they can."""
        for reason, label in self.labels.items():
            if len({int(label[row]) for row in [*one, *two]} - {NONE}) > 1:
                return reason
        for first in one:
            for second in two:
                pair = (min(first, second), max(first, second))
                if pair in self.apart:
                    return "kept apart by a reviewer"
                if self.source[first] == self.source[second] and pair not in accepted:
                    return "two records of one return"
        return None


def _rebuild(
    rows: Codes, left: Codes, right: Codes, order: Codes, bars: _Bars
) -> tuple[dict[int, int], list[tuple[int, int, int, str]]]:
    """Merge contested records pair by pair, best first. Few records come here; the loop is over pairs, not rows."""
    home = {int(row): int(row) for row in rows}
    members = {int(row): [int(row)] for row in rows}
    accepted = set(zip(left.tolist(), right.tolist(), strict=True))
    conflicts = []
    for one, two, rank in zip(left.tolist(), right.tolist(), order.tolist(), strict=True):
        first, second = sorted((home[one], home[two]))
        if first == second:
            continue
        reason = None if rank < 0 else bars.between(members[first], members[second], accepted)
        if reason:
            conflicts.append((one, two, rank, reason))
            continue
        for row in members[second]:
            home[row] = first
        members[first] += members.pop(second)
    return home, conflicts


def with_decisions(
    left: Codes, right: Codes, order: Codes, decided: Decided | None
) -> tuple[Codes, Codes, Codes, tuple[Codes, Codes] | None]:
    """The pairs with a reviewer's decisions: what is one person comes first of all, what is two is set apart."""
    if decided is None:
        return left, right, order, None
    one, two, same = decided
    order = np.concatenate([np.full(int(same.sum()), -1), order])
    return (
        np.concatenate([one[same], left]),
        np.concatenate([two[same], right]),
        order,
        (one[~same], two[~same]),
    )


def with_held(left: Codes, right: Codes, order: Codes, held: Codes | None) -> tuple[Codes, Codes, Codes]:
    """The pairs with those of earlier persons (`held` codes) before all others; pairs of two earlier records count no more."""
    if held is None:
        return left, right, order
    fresh = (held[left] == NONE) | (held[right] == NONE)
    rows = np.flatnonzero(held != NONE)
    rows = rows[np.argsort(held[rows], kind="stable")]
    one, two = rows[:-1], rows[1:]
    same = held[one] == held[two]
    before = np.minimum(one, two)[same], np.maximum(one, two)[same]
    return (
        np.concatenate([before[0], left[fresh]]),
        np.concatenate([before[1], right[fresh]]),
        np.concatenate([np.full(int(same.sum()), -1), order[fresh]]),
    )


def _conflicts(found: list[tuple[int, int, int, str]]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=["left", "right", "order", "reason"]).astype(
        {"left": "int64", "right": "int64", "order": "int64", "reason": "object"}
    )
