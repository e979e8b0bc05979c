"""Cell key perturbation: the same children, the same noise, wherever and whenever they are counted.

Every child has a record key, derived with HMAC from a secret of the project and the child's token, so that nobody can
guess it from the token. A cell's key is the sum of its children's keys; it picks the noise for the cell's count from a
table whose mean is nought. The same cell in another table has the same noise; a cell with one child more has another.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from disclosure.shown import Floats, Ints
from tre_toolkit.errors import MisuseError

KEYS = 256  # record and cell keys run from 0 to 255
SPREAD = 4  # the largest change
VARIANCE = 2.0
LABEL = b"tre-toolkit record key v1\x00"


@dataclass(frozen=True, slots=True)
class Perturbed:
    """Perturbed counts, the largest change there can be, and the variance of the noise."""

    figures: Ints
    spread: int
    variance: float


def record_keys(tokens: Iterable[str], secret: bytes) -> Ints:
    """The record key of each child: 0 to 255, from a secret of 16 bytes or more and the child's token."""
    if len(secret) < 16:
        raise MisuseError("the secret of record keys has fewer than 16 bytes", hint="use 32 random bytes")
    start = hmac.new(secret, LABEL, hashlib.sha256)
    found = []
    for token in tokens:
        mac = start.copy()
        mac.update(token.encode())
        found.append(mac.digest()[0])
    return np.array(found, np.int64)


def cell_keys(cell: Ints, keys: Ints, count: int) -> Ints:
    """The key of every cell from those of the children in it (`cell[i]` is where the child of `keys[i]` lies)."""
    return np.bincount(cell, keys, count).astype(np.int64) % KEYS


def perturb(counts: Ints, keys: Ints, *, least: int = 1) -> Perturbed:
    """Counts with the noise their cell keys pick. Zero stays zero; nothing falls below zero.

    Counts below `least` are pulled to 0 or to at least `least` by the same key, so that no small count is shown.
    """
    changed = counts + noise_table()[np.minimum(counts, KEYS - 1), keys % KEYS]
    figures = np.maximum(np.where(counts == 0, 0, changed), 0)
    small = (figures > 0) & (figures < least)
    # up with a chance that keeps the mean: a share figures/least of the keys
    up = (keys * 167 + 13) % KEYS < figures * KEYS // max(least, 1)
    figures = np.where(small, np.where(up, least, 0), figures)
    return Perturbed(figures.astype(np.int64), max(SPREAD, least + SPREAD - 1), VARIANCE)


@cache
def noise_table() -> Ints:
    """The perturbation table: for counts 0 to 255 and keys 0 to 255 the change; mean 0, variance about `VARIANCE`.

    Small counts can't fall by more than they are, so their noise is narrower and still has mean 0.
    """
    table = np.zeros((KEYS, KEYS), np.int64)
    for count in range(1, KEYS):
        table[count] = _row(min(count, SPREAD))
    return table


@cache
def _row(down: int) -> Ints:
    """Changes for one count that may fall by `down`: keys in a fixed scattered order, so that neighbours differ."""
    changes = np.arange(-down, SPREAD + 1)
    share = np.round(_chances(changes) * KEYS).astype(np.int64)
    share[changes == 0] += KEYS - share.sum()
    row = np.repeat(changes, share)
    drift = int(row.sum())
    zero = np.flatnonzero(row == 0)[: abs(drift)]
    row[zero] = -np.sign(drift)
    return row[(np.arange(KEYS) * 101) % KEYS]


def _chances(changes: Ints) -> Floats:
    """The most even distribution over these changes with mean 0 and the wanted variance (or the widest there is)."""
    from scipy.optimize import brentq

    down, up = -int(changes[0]), int(changes[-1])
    variance = min(VARIANCE, 0.6 * down * up)

    def weights(spread: float) -> Floats:
        tilt = brentq(lambda t: float(_tilted(changes, t, spread) @ changes), -20, 20)
        return _tilted(changes, tilt, spread)

    spread = brentq(lambda b: float(weights(b) @ changes**2) - variance, -3, 6)
    return weights(spread)


def _tilted(changes: Ints, tilt: float, spread: float) -> Floats:
    power = tilt * changes - spread * changes**2
    weight = np.exp(power - power.max())
    return np.asarray(weight / weight.sum())
