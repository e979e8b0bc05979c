"""Pairs worth a look, and the pattern of what they agree on.

Pairs are brought up by shared tokens (the rules of `levels.CANDIDATES`), a slice of the left records
at a time so that memory doesn't grow with the square of a file. A pattern is one number (mixed radix
over the comparisons' levels). Pairs of the same day that agree on nothing else are all but a few of
all pairs and can't be one person: they are counted, not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tre_toolkit.linkage.model import levels
from tre_toolkit.linkage.model.levels import COMPARISONS, ELSE, NULL, SEX_DIFFERS, Mask
from tre_toolkit.linkage.records import NONE, Codes, Records, mix
from tre_toolkit.linkage.rules import pairs_of

CROWD = (
    2_000  # records of one file that may share a token of a rule; beyond it the token is left out and told
)
SLICE = 4_000_000  # candidate pairs handled at a time
RADIX = np.cumprod([1, *(len(one.labels) for one in COMPARISONS)])[:-1].astype(np.int64)
LABELS = {one.name: one.labels for one in COMPARISONS}


@dataclass(frozen=True, slots=True)
class Patterns:
    """Counts of patterns over all pairs looked at, and the pairs that were kept.

    `code`, `count`: each pattern and how many pairs have it. `left`, `right`, `pattern`: the kept pairs (row
    numbers, left < right) and the place of their pattern in `code`. `kept`: whether pairs of a pattern were kept.
    """

    code: Codes
    count: Codes
    kept: Mask
    left: Codes
    right: Codes
    pattern: Codes
    crowded: dict[str, int]

    def level(self, comparison: str) -> Codes:
        """The level of each pattern in one comparison (its place among the labels)."""
        at = list(LABELS).index(comparison)
        found: Codes = (self.code // RADIX[at]) % len(LABELS[comparison])
        return found


def with_dated(records: Records) -> Records:
    """The records with one kind more, "dated": whether the record has a birth date at all."""
    dated = np.zeros(len(records), dtype=np.int64)
    for kind in levels.DATED:
        dated |= (records.of(kind) != NONE).astype(np.int64)
    return Records(records.about, {**records.tokens, "dated": dated}, records.lists, records.sources)


def patterns(records: Records, file: Codes, *, inside: bool, keep_all: bool = False) -> Patterns:
    """Patterns of all pairs brought up, across files or (`inside`) within them.

    `keep_all` keeps the pairs that agree on nothing but the day as well.
    """
    near = {kind: near_values(records, kind) for kind in levels.NEAR}
    crowded: dict[str, int] = {}
    blocks = [
        block for kinds in levels.CANDIDATES if (block := _block(records, kinds, file, crowded)) is not None
    ]
    undated = _block(records, (levels.UNDATED_CANDIDATE,), file, crowded)
    slips = _slips(records, file, inside=inside)
    counts: dict[int, int] = {}
    kept: list[tuple[Codes, Codes, Codes]] = []
    for left, right in _slices(records, blocks, undated, slips, file, inside=inside):
        code = _codes(_View(records, near, left, right))
        for one, many in zip(*np.unique(code, return_counts=True), strict=True):
            counts[int(one)] = counts.get(int(one), 0) + int(many)
        hopeful = ~_hopeless(code) | keep_all
        kept.append((left[hopeful], right[hopeful], code[hopeful]))
    code = np.array(sorted(counts), dtype=np.int64)
    left, right, own = (
        np.concatenate([one[at] for one in kept]) if kept else np.zeros(0, np.int64) for at in range(3)
    )
    count = np.array([counts[one] for one in code.tolist()], dtype=np.int64)
    return Patterns(
        code, count, ~_hopeless(code) | keep_all, left, right, np.searchsorted(code, own), crowded
    )


def near_values(records: Records, kind: str) -> Codes:
    """Sorted codes of the pairs of different values that share a deletion token: made once for each distinct value."""
    one, two = _near_pairs(records, kind)
    return np.unique(_pair_code(one, two))


def _near_pairs(records: Records, kind: str) -> tuple[Codes, Codes]:
    """Pairs of different values that share a deletion token; a pair may come more than once."""
    if kind not in records.lists:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    value, lists = records.of(kind), records.lists[kind]
    held = np.flatnonzero(value != NONE)
    first = held[np.unique(value[held], return_index=True)[1]]
    lengths = np.diff(lists.starts)[first]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    tokens = lists.values[np.repeat(lists.starts[:-1][first], lengths) + within]
    one, two = pairs_of(np.repeat(value[first], lengths), tokens)
    return one[one != two], two[one != two]


def _slips(records: Records, file: Codes, *, inside: bool) -> Codes:
    """Pairs of records (as left * count + right, in order) whose numbers differ by one character."""
    count, found = np.int64(len(records)), []
    for kind in levels.NEAR_CANDIDATES:
        values = pd.DataFrame(dict(zip(("one", "two"), _near_pairs(records, kind), strict=True)))
        rows = pd.DataFrame({"value": records.of(kind), "row": np.arange(len(records))})
        rows = rows[rows["value"] != NONE]
        met = values.drop_duplicates().merge(rows, left_on="one", right_on="value")
        met = met.merge(rows, left_on="two", right_on="value", suffixes=("", "_two"))
        one, two = met["row"].to_numpy(np.int64), met["row_two"].to_numpy(np.int64)
        wanted = (file[one] == file[two]) == inside
        found.append(np.minimum(one, two)[wanted] * count + np.maximum(one, two)[wanted])
    return np.unique(np.concatenate(found))


class _View:
    """Pairs and their records' codes, fetched when a test asks for them."""

    def __init__(self, records: Records, near: dict[str, Codes], left: Codes, right: Codes) -> None:
        self._records, self._near = records, near
        self._rows = left, right
        self._day: Mask = np.logical_or.reduce([levels.equal(kind)(self) for kind in levels.DATED])
        self._route = _level(levels.ROUTE, self)

    def __len__(self) -> int:
        return len(self._rows[0])

    def left(self, kind: str) -> Codes:
        return self._records.of(kind)[self._rows[0]]

    def right(self, kind: str) -> Codes:
        return self._records.of(kind)[self._rows[1]]

    def near(self, kind: str) -> Mask:
        known = self._near[kind]
        if len(known) == 0:
            return np.zeros(len(self), dtype=bool)
        left, right = self.left(kind), self.right(kind)
        asked = _pair_code(left, right)
        place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        found: Mask = (left != NONE) & (right != NONE) & (known[place] == asked)
        return found

    @property
    def same_day(self) -> Mask:
        return self._day

    @property
    def route(self) -> Codes:
        return self._route


def _level(comparison: levels.Comparison, view: _View) -> Codes:
    """The first level that fits each pair."""
    found = np.full(len(view), len(comparison.levels), dtype=np.int64)
    for place, (_, test) in reversed(list(enumerate(comparison.levels))):
        found[test(view)] = place
    return found


def _codes(view: _View) -> Codes:
    """The pattern of each pair."""
    code: Codes = view.route * RADIX[0]
    for at, comparison in enumerate(COMPARISONS[1:], start=1):
        code = code + _level(comparison, view) * RADIX[at]
    return code


def _hopeless(code: Codes) -> Mask:
    """Same day and nothing else alike: given name, surname and address differ or are missing, and no number agrees."""
    away = {
        "given": (NULL, ELSE, ELSE + SEX_DIFFERS),
        "surname": (NULL, ELSE),
        "address": (NULL, ELSE, "district"),
        "middle": (NULL, ELSE),
        "upn": (NULL, ELSE),
        "nhs": (NULL, ELSE),
        "uln": (NULL, ELSE),
    }
    hopeless = np.ones(len(code), dtype=bool)
    names_known = np.zeros(len(code), dtype=bool)
    for at, comparison in enumerate(COMPARISONS):
        if comparison.name in away:
            level = (code // RADIX[at]) % len(comparison.labels)
            hopeless &= np.isin(
                level, [i for i, one in enumerate(comparison.labels) if one in away[comparison.name]]
            )
            if comparison.name in ("given", "surname"):
                names_known |= ~np.isin(level, [i for i, one in enumerate(comparison.labels) if one == NULL])
    found: Mask = hopeless & names_known & (code % len(levels.ROUTES) == levels.ROUTES.index("day"))
    return found


def _pair_code(one: Codes, two: Codes) -> Codes:
    return mix(np.minimum(one, two), np.maximum(one, two))


def _block(
    records: Records, kinds: tuple[str, ...], file: Codes, crowded: dict[str, int]
) -> pd.DataFrame | None:
    """Columns row and key of one rule, sorted by key; tokens that too many records of one file share are left out."""
    held = [np.flatnonzero(records.of(kind) != NONE) for kind in kinds]
    frame = pd.DataFrame(
        {
            "row": np.concatenate(held),
            "key": np.concatenate([records.of(kind)[rows] for kind, rows in zip(kinds, held, strict=True)]),
        }
    )
    if frame.empty:
        return None
    if len(kinds) > 1:
        frame = frame.drop_duplicates()
    frame["file"] = file[frame["row"]]
    size = frame.groupby(["key", "file"])["row"].transform("size")
    if (size > CROWD).any():
        bad = frame["key"].isin(frame.loc[size > CROWD, "key"])
        crowded[" or ".join(kinds)] = int(frame.loc[bad, "row"].nunique())
        frame = frame[~bad]
    return frame.sort_values(["key", "row"], ignore_index=True)


def _slices(
    records: Records,
    blocks: list[pd.DataFrame],
    undated: pd.DataFrame | None,
    slips: Codes,
    file: Codes,
    *,
    inside: bool,
) -> Iterator[tuple[Codes, Codes]]:
    """Distinct pairs, a slice of left rows at a time."""
    work = np.zeros(len(records), dtype=np.int64)
    for block in [*blocks, *([] if undated is None else [undated])]:
        size = block.groupby("key")["row"].transform("size").to_numpy()
        np.add.at(work, block["row"].to_numpy(), size)
    starts = np.searchsorted(np.cumsum(work), np.arange(0, max(work.sum(), 1), SLICE), side="left")
    starts[0] = 0
    bounds = np.append(starts, len(records))
    count = np.int64(len(records))
    prepared = [_prepared(block) for block in blocks]
    late = None if undated is None else _prepared(undated)
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if first == last:
            continue
        found = [_pairs_from(one, first, last, file, count, inside=inside) for one in prepared]
        if late is not None:
            pairs = _pairs_from(late, first, last, file, count, inside=inside)
            dated = records.of("dated")
            found.append(pairs[(dated[pairs // count] == NONE) | (dated[pairs % count] == NONE)])
        found.append(slips[np.searchsorted(slips, first * count) : np.searchsorted(slips, last * count)])
        every = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
        yield every // count, every % count


def _prepared(block: pd.DataFrame) -> tuple[Codes, Codes]:
    """Rows in order of key, and for each the end of its block."""
    row, key = block["row"].to_numpy(dtype=np.int64), block["key"].to_numpy(dtype=np.int64)
    sizes = np.diff(np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1], [True]])))
    return row, np.repeat(np.cumsum(sizes), sizes)


def _pairs_from(
    prepared: tuple[Codes, Codes], first: int, last: int, file: Codes, count: np.int64, *, inside: bool
) -> Codes:
    """Pairs (as left * count + right) whose left row is in [first, last): rows of a block stand in order."""
    row, end = prepared
    place = np.flatnonzero((row >= first) & (row < last))
    later = end[place] - place - 1
    left = np.repeat(place, later)
    right = left + 1 + np.arange(later.sum()) - np.repeat(np.cumsum(later) - later, later)
    one, two = row[left], row[right]
    wanted = (file[one] == file[two]) == inside
    found: Codes = one[wanted] * count + two[wanted]
    return found
