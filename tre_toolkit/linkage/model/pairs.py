"""Pairs worth a look, and the pattern of what they agree on.

Pairs come from `candidates`, a slice of the left records at a time so that memory doesn't grow with the
square of a file. A pattern is one number (mixed radix over the comparisons' levels). Pairs of the same
day that agree on nothing else are all but a few of all pairs and can't be one person: they are
counted, not kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tre_toolkit.linkage.model import levels
from tre_toolkit.linkage.model.candidates import Brought, Rows, bring_up, day_pairs, pair_code, slices
from tre_toolkit.linkage.model.levels import COMPARISONS, ELSE, NULL, SEX_DIFFERS, Mask
from tre_toolkit.linkage.records import NONE, Codes, Records
from tre_toolkit.linkage.room import SLICE, Room

RADIX = np.cumprod([1, *(len(one.labels) for one in COMPARISONS)])[:-1].astype(np.int64)
LABELS = {one.name: one.labels for one in COMPARISONS}


@dataclass(frozen=True, slots=True)
class Patterns:
    """Counts of patterns over all pairs looked at, and the pairs that were kept.

    `code`, `count`: each pattern and how many pairs have it. `left`, `right`, `pattern`: the kept pairs (row
    numbers, left < right) and the place of their pattern in `code`. `kept`: whether pairs of a pattern were kept;
    `nameless`: whether it is one of pairs without names that weren't.
    """

    code: Codes
    count: Codes
    kept: Mask
    nameless: Mask
    left: Rows
    right: Rows
    pattern: Rows
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


def patterns(
    records: Records,
    file: Codes,
    *,
    inside: bool,
    keep_all: bool = False,
    brought: Brought | None = None,
    room: Room | None = None,
) -> Patterns:
    """Patterns of all pairs brought up, across files or (`inside`) within them.

    `keep_all` keeps the pairs that agree on nothing but the day as well. `brought` is what `bring_up` made of the
    records before, and `room` says where what grows is put.
    """
    room = room or Room()
    brought = brought or bring_up(records, file, room=room)
    known: dict[int, int] = {}  # the number of each pattern, in order of coming up
    count: list[int] = []
    ends, own = (room.grow(np.int32), room.grow(np.int32)), room.grow(np.int32)
    seen = np.zeros(1 << len(levels.LACKS), dtype=np.int64)
    for left, right in slices(brought, inside=inside, keep_all=keep_all):
        code = _codes(_View(records, brought.near, left, right))
        told, many = np.unique(code, return_counts=True)
        number = np.array([known.setdefault(one, len(known)) for one in told.tolist()], dtype=np.int32)
        count.extend([0] * (len(known) - len(count)))
        for one, more in zip(number.tolist(), many.tolist(), strict=True):
            count[one] += more
        day = brought.day[left]
        met = (day != NONE) & (day == brought.day[right])
        seen += np.bincount(brought.lacks[left[met]] | brought.lacks[right[met]], minlength=len(seen))
        hopeful = ~_hopeless(code) | keep_all
        for end, rows in zip(ends, (left, right), strict=True):
            end.add(rows[hopeful])
        own.add(number[np.searchsorted(told, code[hopeful])])
    if not keep_all:
        unmade = _unmade(day_pairs(brought, inside=inside) - seen)
    else:
        unmade = {}
    codes = np.array([*known, *(one for one in unmade if one not in known)], dtype=np.int64)
    order = np.argsort(codes)
    place = np.empty(len(codes), dtype=np.int32)
    place[order] = np.arange(len(codes))
    counts = np.array([*count, *[0] * (len(codes) - len(count))], dtype=np.int64)
    counts += np.array([unmade.get(one, 0) for one in codes.tolist()], dtype=np.int64)
    codes, counts = codes[order], counts[order]
    hopeless, nameless = _hopeless(codes), np.isin(codes, list(unmade))
    kept, nameless = ~(hopeless | nameless) | keep_all, nameless & ~hopeless
    return Patterns(
        codes,
        counts,
        kept,
        nameless,
        ends[0].whole(),
        ends[1].whole(),
        _renumbered(own.whole(), place),
        brought.crowded,
    )


def _renumbered(own: Rows, place: Rows) -> Rows:
    """Numbers by order of coming up as numbers by order of code, a stretch at a time and where they are."""
    for start in range(0, len(own), SLICE):
        own[start : start + SLICE] = place[own[start : start + SLICE]]
    return own


def _unmade(many: Codes) -> dict[int, int]:
    """The patterns of pairs of one day and sex that were never made, by what either record lacks."""
    found: dict[int, int] = {}
    for lacks in np.flatnonzero(many).tolist():
        code = int(RADIX[0]) * levels.ROUTES.index("day")
        for at, name in enumerate(LABELS):
            if name == "route":
                continue
            bit = _LACKING.get(name)
            labels = LABELS[name]
            if bit is None:
                level = labels.index(NULL)
            elif lacks >> bit & 1:  # the last of the nulls is the one of what is missing
                level = len(labels) - 1 - labels[::-1].index(NULL)
            else:
                level = labels.index(ELSE)
            code += int(RADIX[at]) * level
        found[code] = found.get(code, 0) + int(many[lacks])
    return found


_LACKING = {name: at for at, name in enumerate(("given", "surname", "middle", "address", *levels.NUMBERS))}
"""The comparisons of a pair of one day that aren't null, and which of `levels.LACKS` makes them so."""


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
        asked = pair_code(left, right)
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
