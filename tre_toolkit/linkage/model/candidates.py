"""Which pairs are brought up at all, and how those that needn't be are counted.

A pair is brought up when it shares a token of a rule of `levels.CANDIDATES`, or holds values one character apart.
All of it is worked out once for a run (`bring_up`) and read a slice of left rows at a time, so that memory doesn't grow
with the pairs. Pairs of one day and sex that no other rule brings up agree on nothing that is compared: their patterns
follow from what either record lacks, so they are counted block by block and never made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tre_toolkit.linkage.model import levels
from tre_toolkit.linkage.records import NONE, Codes, Records, mix
from tre_toolkit.linkage.room import Room
from tre_toolkit.linkage.rules import pairs_of

CROWD = 2_000
"""Records of one file that may share a token of a rule; beyond it the token is left out and told."""
TOKENS = 4_000_000  # deletion tokens handled at a time
BLOCKS = 20_000  # blocks counted at a time
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Block:
    """The records of a rule in order of their token, those whose token nobody shares left out.

    `row`: the record at each place; `end`: where its token's stretch ends; `order`: places in order of record.
    """

    row: Rows
    end: Rows
    order: Rows


@dataclass(frozen=True, slots=True)
class Brought:
    """Everything that brings pairs up. `near`: for a kind, codes of the pairs of values one character apart (in order);
    `slips`: the pairs of records that hold such values; `day`: each record's code of day and sex, `NONE` where too
    many share it; `lacks`: what each record lacks, a bit for each kind of `levels.LACKS`."""

    file: Codes
    dated: Codes
    blocks: tuple[Block, ...]
    undated: Block | None
    near: dict[str, Codes]
    slips: Codes
    day: Codes
    day_block: Block | None
    lacks: npt.NDArray[np.uint8]
    crowded: dict[str, int]
    slice: int


def bring_up(records: Records, file: Codes, *, room: Room | None = None) -> Brought:
    """Work out what brings pairs up among `records` (with their kind "dated"); `file` says which file each is in."""
    room = room or Room()
    crowded: dict[str, int] = {}
    blocks = [_block(records, kinds, file, crowded, room) for kinds in levels.CANDIDATES]
    undated = _block(records, (levels.UNDATED_CANDIDATE,), file, crowded, room)
    day_block = _block(records, (levels.COUNTED,), file, crowded, room)
    day = np.zeros(len(records), dtype=np.int64)
    if day_block is not None:
        day[day_block.row] = records.of(levels.COUNTED)[day_block.row]
    lacks = np.zeros(len(records), dtype=np.uint8)
    for at, kind in enumerate(levels.LACKS):
        lacks |= (records.of(kind) == NONE).astype(np.uint8) << at
    near, slips = {}, []
    for kind in levels.NEAR:
        one, two = _near_pairs(records, kind)
        near[kind] = room.put(distinct(pair_code(one, two)))
        if kind in levels.NEAR_CANDIDATES:
            slips.append(_records_of(records, kind, one, two))
    return Brought(
        file=file,
        dated=records.of("dated"),
        blocks=tuple(one for one in blocks if one is not None),
        undated=undated,
        near=near,
        slips=room.put(distinct(np.concatenate(slips))),
        day=day,
        day_block=day_block,
        lacks=lacks,
        crowded=crowded,
        slice=room.slice,
    )


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The distinct values in order. Sorts `values` in place: for arrays that nobody else holds."""
    values.sort()
    first = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


def pair_code(one: Codes, two: Codes) -> Codes:
    return mix(np.minimum(one, two), np.maximum(one, two))


def near_values(records: Records, kind: str) -> Codes:
    """Codes, in order, of the pairs of different values that share a deletion token: made once for each distinct value."""
    one, two = _near_pairs(records, kind)
    return distinct(pair_code(one, two))


def _near_pairs(records: Records, kind: str) -> tuple[Codes, Codes]:
    """Pairs of different values that share a deletion token, each once; a part of the tokens at a time."""
    if kind not in records.lists:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    value, lists = records.of(kind), records.lists[kind]
    held = np.flatnonzero(value != NONE)
    first = held[np.unique(value[held], return_index=True)[1]]
    lengths = np.diff(lists.starts)[first]
    parts = int(lengths.sum()) // TOKENS + 1
    whole = np.array_split(np.arange(len(first)), parts)
    found: list[tuple[Codes, Codes]] = []
    for part in range(parts):
        tokens, owners = [], []
        for some in whole:  # every value's tokens, of which those of this part
            rows, many = first[some], lengths[some]
            within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
            token = lists.values[np.repeat(lists.starts[:-1][rows], many) + within]
            own = token.view(np.uint64) % np.uint64(parts) == part
            tokens.append(token[own])
            owners.append(np.repeat(value[rows], many)[own])
        one, two = pairs_of(np.concatenate(owners), np.concatenate(tokens))
        differ = one != two
        found.append((np.minimum(one, two)[differ], np.maximum(one, two)[differ]))
    one, two = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    order = np.lexsort((two, one))
    one, two = one[order], two[order]
    fresh = np.ones(len(one), dtype=bool)
    fresh[1:] = (one[1:] != one[:-1]) | (two[1:] != two[:-1])
    return one[fresh], two[fresh]


def _records_of(records: Records, kind: str, one: Codes, two: Codes) -> Codes:
    """The pairs of records (as left * count + right) that hold these pairs of values."""
    codes, count = records.of(kind), np.int64(len(records))
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    (start, many), (other, more) = (
        (first, np.searchsorted(ordered, value, side="right") - first)
        for value in (one, two)
        for first in (np.searchsorted(ordered, value, side="left"),)
    )
    size = many * more
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    wide = np.repeat(more, size)
    left = order[np.repeat(start, size) + within // wide]
    right = order[np.repeat(other, size) + within % wide]
    found: Codes = np.minimum(left, right) * count + np.maximum(left, right)
    return found


def _block(
    records: Records, kinds: tuple[str, ...], file: Codes, crowded: dict[str, int], room: Room
) -> Block | None:
    """One rule's records by token; tokens that too many records of one file share are left out and told."""
    held = [np.flatnonzero(records.of(kind) != NONE) for kind in kinds]
    row = np.concatenate(held).astype(np.int32)
    key = np.concatenate([records.of(kind)[rows] for kind, rows in zip(kinds, held, strict=True)])
    order = np.lexsort((row, key)) if len(kinds) > 1 else np.argsort(key, kind="stable")
    row, key = row[order], key[order]
    if len(kinds) > 1:
        fresh = np.ones(len(row), dtype=bool)
        fresh[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
        row, key = row[fresh], key[fresh]
    sizes = _sizes(key)
    if len(sizes) and sizes.max() > CROWD:
        bad = _over(row, sizes, file)
        if bad.any():
            crowded[" or ".join(kinds)] = len(np.unique(row[np.repeat(bad, sizes)]))
        row, sizes = row[np.repeat(~bad, sizes)], sizes[~bad]
    row, sizes = row[np.repeat(sizes > 1, sizes)], sizes[sizes > 1]
    if len(row) == 0:
        return None
    end = np.repeat(np.cumsum(sizes), sizes).astype(np.int32)
    return Block(room.put(row), room.put(end), room.put(np.argsort(row, kind="stable").astype(np.int32)))


def _sizes(key: Codes) -> Codes:
    """Lengths of the stretches of equal keys."""
    if len(key) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.diff(np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1], [True]])))


def _over(row: Rows, sizes: Codes, file: Codes) -> npt.NDArray[np.bool_]:
    """Which stretches hold more than `CROWD` records of one file."""
    bad = np.zeros(len(sizes), dtype=bool)
    starts = np.cumsum(sizes) - sizes
    for at in np.flatnonzero(sizes > CROWD):
        many = np.bincount(file[row[starts[at] : starts[at] + sizes[at]]])
        bad[at] = many.max() > CROWD
    return bad


def slices(brought: Brought, *, inside: bool, keep_all: bool = False) -> Iterator[tuple[Codes, Codes]]:
    """Distinct pairs (left < right) in order, a slice of left rows at a time; `keep_all` brings those of one day and sex up too."""
    count = np.int64(len(brought.file))
    blocks = list(brought.blocks)
    if keep_all and brought.day_block is not None:
        blocks.append(brought.day_block)
    work = np.zeros(len(brought.file), dtype=np.int64)
    for block in [*blocks, *([brought.undated] if brought.undated else [])]:
        later = block.end - np.arange(1, len(block.end) + 1)
        work += np.bincount(block.row, weights=later, minlength=len(work)).astype(np.int64)
    done = np.cumsum(work)
    total = int(done[-1]) if len(done) else 0
    starts = np.searchsorted(done, np.arange(0, max(total, 1), brought.slice), side="left")
    starts[:1] = 0
    bounds = np.append(starts, len(work))
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if first == last:
            continue
        found = [_pairs(one, first, last, brought.file, count, inside=inside) for one in blocks]
        if brought.undated is not None:
            pairs = _pairs(brought.undated, first, last, brought.file, count, inside=inside)
            dated = brought.dated
            found.append(pairs[(dated[pairs // count] == NONE) | (dated[pairs % count] == NONE)])
        near = np.searchsorted(brought.slips, [first * count, last * count])
        slips = np.asarray(brought.slips[near[0] : near[1]])
        same = brought.file[slips // count] == brought.file[slips % count]
        found.append(slips[same == inside])
        every = distinct(np.concatenate(found))
        yield every // count, every % count


def _pairs(block: Block, first: int, last: int, file: Codes, count: np.int64, *, inside: bool) -> Codes:
    """Pairs (as left * count + right) whose left row is in [first, last): the rows of a stretch stand in order."""
    at = np.searchsorted(block.row, [first, last], sorter=block.order)
    place = np.asarray(block.order[at[0] : at[1]]).astype(np.int64)
    later = block.end[place] - place - 1
    left = np.repeat(place, later)
    right = left + 1 + np.arange(later.sum()) - np.repeat(np.cumsum(later) - later, later)
    one, two = block.row[left], block.row[right]
    wanted = (file[one] == file[two]) == inside
    found: Codes = one[wanted] * count + two[wanted]
    return found


def day_pairs(brought: Brought, *, inside: bool) -> Codes:
    """How many pairs share day and sex, by what either record of the pair lacks (the place is the union of both)."""
    ways = 1 << len(levels.LACKS)
    told = np.zeros(ways, dtype=np.int64)
    if brought.day_block is None:
        return told
    row, files = brought.day_block.row, int(brought.file.max()) + 1
    block = np.unique(np.asarray(brought.day_block.end), return_inverse=True)[1]
    cuts = np.searchsorted(block, np.arange(0, block[-1] + 1 + BLOCKS, BLOCKS))
    for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        rows = row[start:stop]
        own = (block[start:stop] - block[start]) * files + brought.file[rows]
        places = (int(block[stop - 1] - block[start]) + 1) * files
        held = np.bincount(own * ways + brought.lacks[rows], minlength=places * ways)
        held = held.reshape(-1, files, ways)
        for bit in range(len(levels.LACKS)):  # how many lack no more than these
            view = held.reshape(-1, files, ways >> (bit + 1), 2, 1 << bit)
            view[:, :, :, 1, :] += view[:, :, :, 0, :]
        within = (held * (held - 1) // 2).sum(axis=(0, 1))
        whole = held.sum(axis=1)
        told += within if inside else (whole * (whole - 1) // 2).sum(axis=0) - within
    for bit in range(len(levels.LACKS)):  # and from "no more than" to "just these"
        view = told.reshape(ways >> (bit + 1), 2, 1 << bit)
        view[:, 1, :] -= view[:, 0, :]
    return told
