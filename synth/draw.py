"""Randomness by counter: a number for (seed, stream, who, which), and no state.

A child's draws depend on the child's own index alone, so a population is the same whether it is made in
one piece or in chunks, on one machine or on many, and adding a new stream moves no old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MASK = (1 << 64) - 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def scramble(words: Index) -> Index:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014): every input bit moves half of the output bits."""
    found = words >> np.uint64(30)
    found ^= words
    found *= _MIX_1
    step = found >> np.uint64(27)
    found ^= step
    found *= _MIX_2
    np.right_shift(found, np.uint64(31), out=step)
    found ^= step
    return found


@dataclass(frozen=True, slots=True)
class Draws:
    """All the randomness of one synthetic set. Streams are named after what they decide."""

    seed: int
    flat: bool = False
    """Whether codes are equally likely whatever the weights: nothing but the schema is used."""
    given: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Weights that replace those of a stream: approved tables, or what was fitted."""

    def key(self, stream: str) -> int:
        """The stream's own 64-bit key."""
        text = f"tre-synth-1/{self.seed}/{stream}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")

    def words(self, stream: str, who: Index, which: int = 0) -> Index:
        """64 random bits for each of `who`; `which` numbers repeated draws."""
        start = np.array((self.key(stream) + which * 0xD1342543DE82EF95) & _MASK, dtype=np.uint64)
        words = who * _GOLDEN
        words += start
        return scramble(words)

    def uniform(self, stream: str, who: Index, which: int = 0) -> Floats:
        """Numbers in the open interval (0, 1)."""
        words = self.words(stream, who, which)
        words >>= np.uint64(11)
        found = words.astype(np.float64)
        found += 0.5
        found *= 2.0**-53
        return found

    def chance(self, stream: str, who: Index, probability: float | Floats, which: int = 0) -> Flags:
        """True with the given probability."""
        return self.uniform(stream, who, which) < probability

    def between(self, stream: str, who: Index, low: int | Ints, high: int | Ints, which: int = 0) -> Ints:
        """Whole numbers from `low` to `high`, both included."""
        span = np.asarray(high, dtype=np.int64) - low + 1
        step: Ints = np.floor(self.uniform(stream, who, which) * span).astype(np.int64)
        found: Ints = step + low
        return found

    def pick(self, stream: str, who: Index, weights: Sequence[float] | Floats, which: int = 0) -> Ints:
        """Places in a list, drawn in proportion to `weights`."""
        share = np.asarray(self.given.get(stream, weights), dtype=np.float64)
        steps = np.cumsum((share > 0).astype(np.float64) if self.flat else share)
        found = np.searchsorted(steps, self.uniform(stream, who, which) * steps[-1], side="right")
        places: Ints = np.minimum(found, len(steps) - 1).astype(np.int64)
        return places

    def waiting(self, stream: str, who: Index, mean: float | Floats, which: int = 0) -> Ints:
        """Whole days of an exponential wait with the given mean."""
        return np.floor(-np.log(self.uniform(stream, who, which)) * mean).astype(np.int64)

    def around(self, stream: str, who: Index, median: float | Floats, spread: float, which: int = 0) -> Ints:
        """Whole days of a log-normal length: `median`, and `spread` as the deviation of its logarithm."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(stream, who, 2 * which)))
        angle = 2.0 * np.pi * self.uniform(stream, who, 2 * which + 1)
        return np.floor(median * np.exp(spread * radius * np.cos(angle))).astype(np.int64)


def feistel(counters: Index, *, size: int, key: int, rounds: int = 4) -> Index:
    """A seeded permutation of 0..size-1 (a Feistel network with cycle walking): unique ids without memory."""
    half = max((int(size - 1).bit_length() + 1) // 2, 1)
    mask = np.uint64((1 << half) - 1)
    found = counters.copy()
    waiting: Ints | slice = slice(None)
    while len(found[waiting]):
        left, right = found[waiting] >> np.uint64(half), found[waiting] & mask
        for turn in range(rounds):
            salt = np.array((key + turn * 0xA24BAED4963EE407) & _MASK, dtype=np.uint64)
            left, right = right, left ^ (scramble(right * _GOLDEN + salt) & mask)
        found[waiting] = (left << np.uint64(half)) | right
        waiting = np.flatnonzero(found >= np.uint64(size))
    return found
