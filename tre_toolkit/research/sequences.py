"""Sequences of states: how alike children's pathways are, and the groups they form.

Sequences are rows of small whole numbers, one state a step. Real ones repeat heavily, so they are
deduplicated first: distances are between distinct sequences, weighted by how many children share each.
No public function gives a single child's sequence back: a group is told by its size and by the share of
its children in each state at each step, and its modal sequence belongs to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tre_toolkit.errors import TreError

Array = np.ndarray
LARGEST = 10_000  # distinct sequences between which all distances are taken; the rest is assigned to medoids
_WORD = 64


@dataclass(frozen=True)
class Distinct:
    """The distinct sequences (n x steps), how many children share each, and which one each child has."""

    sequences: Array
    weight: Array
    of: Array


def distinct(sequences: ArrayLike, weight: ArrayLike | None = None) -> Distinct:
    """Each sequence once, in sorted order. Raises TreError when states aren't 0 to 254."""
    whole = np.asarray(sequences)
    if whole.ndim != 2 or (whole.size and (whole.min() < 0 or whole.max() > 254)):
        raise TreError("sequences are rows of states, numbers from 0 to 254")
    rows = np.ascontiguousarray(whole.astype(np.uint8))
    keys = rows.view(np.dtype((np.void, max(rows.shape[1], 1)))).ravel()
    _, first, of = np.unique(keys, return_index=True, return_inverse=True)
    ones = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=float)
    return Distinct(rows[first], np.bincount(of, weights=ones, minlength=len(first)), of)


def lcs_distances(sequences: ArrayLike, others: ArrayLike | None = None) -> Array:
    """Distances 2(steps - longest common subsequence): optimal matching with indel 1 and substitution 2.

    Between all pairs of `sequences`, or from each of them to each of `others`; uint16. One bit a step, so that
    64 steps of a comparison are one machine word (Hyyrö 2004), and all pairs of a row go together.
    """
    a = np.asarray(sequences, dtype=np.uint8)
    b = a if others is None else np.asarray(others, dtype=np.uint8)
    steps = a.shape[1]
    masks = _masks(b)
    out = np.zeros((len(a), len(b)), dtype=np.uint16)
    for at, row in enumerate(a):
        first = at + 1 if others is None else 0
        if first < len(b):
            out[at, first:] = 2 * (steps - _common(row, masks, first))
    return out + out.T if others is None else out


def _masks(sequences: Array) -> list[list[Array]]:
    """For each state and word of 64 steps, an array over sequences: bit i is set where the word's step i is that state.

    The last word is of the narrowest type that holds its steps: fewer bytes to go through.
    """
    steps, found = sequences.shape[1], []
    for state in range(int(sequences.max(initial=0)) + 1):
        words = []
        for start in range(0, steps, _WORD):
            width = min(_WORD, steps - start)
            kind = np.dtype(f"u{next(size for size in (1, 2, 4, 8) if size * 8 >= width)}")
            word = np.zeros(len(sequences), dtype=kind)
            for bit in range(width):
                word |= np.where(sequences[:, start + bit] == state, kind.type(1 << bit), kind.type(0))
            words.append(word)
        found.append(words)
    return found


def _common(row: Array, masks: list[list[Array]], first: int) -> Array:
    """Length of the longest common subsequence of one sequence with each from `first` on: the zeros that are left.

    v + (v & m) carries from word to word; v - (v & m) can't borrow. A state nobody has changes nothing.
    """
    own = [[word[first:] for word in words] for words in masks]
    left = [np.full(len(word), np.iinfo(word.dtype).max, dtype=word.dtype) for word in own[0]]
    added, matched = [np.empty_like(word) for word in left], [np.empty_like(word) for word in left]
    over = np.empty(len(left[0]), dtype=bool)
    carry, last = over.view(np.uint8), len(left) - 1
    for state in row.tolist():
        if state >= len(own):
            continue
        for at, mask in enumerate(own[state]):
            v, total, both = left[at], added[at], matched[at]
            np.bitwise_and(v, mask, out=both)
            np.add(v, both, out=total)
            if at == last:
                if at:
                    np.add(total, carry, out=total)
            elif at:
                once = total < v
                np.add(total, carry, out=total)
                over[:] = once | ((carry == 1) & (total == 0))
            else:
                np.less(total, v, out=over)
            np.subtract(v, both, out=both)
            np.bitwise_or(total, both, out=v)
    return np.asarray(np.stack([np.bitwise_count(~word) for word in left]).sum(axis=0), dtype=np.int64)


def hamming_distances(sequences: ArrayLike, *, dynamic: bool = False) -> Array:
    """Steps at which two sequences differ; `dynamic` weighs each by how rare the swap is at that step (Lesnard 2010).

    float32. Dynamic costs are 4 - p(i->j at t) - p(j->i at t) - p(i->j at t+1) - p(j->i at t+1).
    """
    rows = np.asarray(sequences, dtype=np.uint8)
    states = int(rows.max(initial=0)) + 1
    out = np.zeros((len(rows), len(rows)), dtype=np.float32)
    costs = _dynamic_costs(rows, states) if dynamic else None
    for step in range(rows.shape[1]):
        own = rows[:, step]
        if costs is None:
            out += own[:, None] != own[None, :]
        else:
            out += costs[step][own[:, None], own[None, :]]
    return out


def _dynamic_costs(rows: Array, states: int) -> Array:
    steps = rows.shape[1]
    moves = np.zeros((steps + 1, states, states))
    for step in range(1, steps):
        np.add.at(moves[step], (rows[:, step - 1], rows[:, step]), 1)
    left = moves.sum(axis=2, keepdims=True)
    share = np.divide(moves, left, out=np.zeros_like(moves), where=left > 0)
    both = share + share.transpose(0, 2, 1)
    cost = 4 - both[:-1] - both[1:]
    cost[0], cost[-1] = 4 - 2 * both[1], 4 - 2 * both[steps - 1]  # one side only at either end, counted twice
    cost[:, np.arange(states), np.arange(states)] = 0
    return np.asarray(cost, dtype=np.float32)


@dataclass(frozen=True)
class Groups:
    """Groups of sequences around medoids: which group each child is in, the groups' sizes, and the mean distance."""

    of: Array
    sizes: Array
    cost: float

    def __repr__(self) -> str:
        return f"<{len(self.sizes)} groups of sequences>"


def group(sequences: ArrayLike, k: int, *, seed: int = 0, least: int = 10, rounds: int = 50) -> Groups:
    """Groups of children by alternating k-medoids on LCS distances, started by spread (k-means++), weighted.

    Beyond `LARGEST` distinct sequences a sample is grouped and the others join the nearest medoid. Groups
    are in order of size, the largest first. Raises TreError when a group would be of fewer than `least` children.
    """
    told = distinct(sequences)
    n = len(told.sequences)
    if not 1 <= k <= n:
        raise TreError("more groups than there are different sequences", hint="ask for fewer groups")
    rng = np.random.default_rng(seed)
    chosen = np.arange(n) if n <= LARGEST else np.sort(rng.choice(n, LARGEST, replace=False))
    distances = lcs_distances(told.sequences[chosen])
    weight = told.weight[chosen]
    medoids = _settle(distances, weight, _spread(distances, weight, k, rng), rounds)
    own = (
        distances[:, medoids]
        if n <= LARGEST
        else lcs_distances(told.sequences, told.sequences[chosen][medoids])
    )
    nearest = own.argmin(axis=1)
    cost = float((own.min(axis=1) * told.weight).sum() / told.weight.sum())
    sizes = np.bincount(nearest, weights=told.weight, minlength=k)
    order = np.argsort(-sizes, kind="stable")
    if sizes.min() < least:
        raise TreError(f"a group would be of fewer than {least} children", hint="ask for fewer groups")
    rank = np.empty(k, dtype=np.int64)
    rank[order] = np.arange(k)
    return Groups(rank[nearest][told.of], sizes[order].astype(np.int64), cost)


def _spread(distances: Array, weight: Array, k: int, rng: np.random.Generator) -> Array:
    """Start: the medoid of all, then sequences far from those chosen, by chance in proportion to distance squared."""
    found = [int((distances.astype(np.float32) @ weight.astype(np.float32)).argmin())]
    near = distances[found[0]].astype(float)
    while len(found) < k:
        odds = near**2 * weight
        found.append(int(rng.choice(len(weight), p=odds / odds.sum())))
        near = np.minimum(near, distances[found[-1]])
    return np.array(found)


def _settle(distances: Array, weight: Array, medoids: Array, rounds: int) -> Array:
    """Let each group choose its medoid anew until none does."""
    for _ in range(rounds):
        nearest = distances[:, medoids].argmin(axis=1)
        moved = medoids.copy()
        for at in range(len(medoids)):
            members = np.flatnonzero(nearest == at)
            if len(members):
                within = distances[np.ix_(members, members)].astype(np.float32) @ weight[members].astype(
                    np.float32
                )
                moved[at] = members[int(within.argmin())]
        if (moved == medoids).all():
            break
        medoids = moved
    return medoids


def shares(sequences: ArrayLike, of: ArrayLike, *, states: int) -> Array:
    """Children of each group in each state at each step (groups x steps x states): counts, to be gated."""
    rows, place = np.asarray(sequences, dtype=np.int64), np.asarray(of, dtype=np.int64)
    out = np.zeros((int(place.max(initial=0)) + 1, rows.shape[1], states), dtype=np.int64)
    for step in range(rows.shape[1]):
        np.add.at(out[:, step], (place, rows[:, step]), 1)
    return out


def entropy(counts: ArrayLike) -> Array:
    """Shannon's entropy over the last axis as a share of the most it can be: 0 all alike, 1 evenly spread."""
    n = np.asarray(counts, dtype=float)
    whole = n.sum(axis=-1, keepdims=True)
    p = np.divide(n, whole, out=np.zeros_like(n), where=whole > 0)
    bits = -(p * np.log(p, out=np.zeros_like(p), where=p > 0)).sum(axis=-1)
    return np.asarray(bits / np.log(max(n.shape[-1], 2)))


def turbulence(sequences: ArrayLike) -> Array:
    """Elzinga's turbulence of each sequence: log2(subsequences of its states x how unequal the stays are not)."""
    rows = np.asarray(sequences, dtype=np.int64)
    out = np.empty(len(rows))
    told = distinct(rows)
    for at, row in enumerate(told.sequences.astype(np.int64)):
        turns = np.flatnonzero(np.diff(row)) + 1
        stays = np.diff(np.concatenate([[0], turns, [len(row)]]))
        phi = _subsequences(row[np.concatenate([[0], turns])].tolist())
        variance, mean = stays.var(), stays.mean()
        most = (len(stays) - 1) * (1 - mean) ** 2
        out[told.of == at] = np.log2(phi * (most + 1) / (variance + 1))
    return out


def _subsequences(states: list[int]) -> int:
    """How many distinct subsequences a sequence has, the empty one among them."""
    total = 1
    last: dict[int, int] = {}
    for state in states:
        total, last[state] = 2 * total - last.get(state, 0), total
    return total
