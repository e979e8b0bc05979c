"""Rounding: every figure becomes a multiple of a base, near it, and what added up still does where that is asked.

`nearest` is what most published tables do and breaks totals; `controlled` goes up or down by less than the base so
that all totals hold, with the least change, by a whole-number program; `random` goes up or down by chance (so that
the mean is kept), the chance drawn from a secret key and the cell's own labels: the same cell, the same figure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from disclosure.linear import Program
from disclosure.shown import Ints
from tre_toolkit.errors import MisuseError, TreError

HOWS = ("nearest", "controlled", "random")
NODES = 20_000
GAP = 0.0001
WIDE_GAP = 0.05  # for tables in three and more dimensions
WIDE = 3_000  # cells above which the wide gap is enough


@dataclass(frozen=True, slots=True)
class Rounded:
    """Rounded figures, how far one may be from the truth, and whether the least change is proved."""

    figures: Ints
    spread: int
    proved: bool = False


def round_counts(
    truth: Ints,
    base: int,
    *,
    how: str = "controlled",
    rows: sp.csr_matrix | None = None,
    key: bytes | None = None,
    labels: Sequence[str] = (),
) -> Rounded:
    """Round counts to `base`. `rows` are the equations that must hold (controlled), `key` and `labels` for random.

    Raises TreError when no controlled rounding exists, MisuseError for a base below 2 or an unknown way.
    """
    if base < 2 or how not in HOWS:
        raise MisuseError("rounding needs a base of 2 or more and a way: " + ", ".join(HOWS))
    if how == "nearest":
        return Rounded((truth + base // 2) // base * base, base // 2)
    if how == "random":
        return _random(truth, base, key, labels)
    return _controlled(truth, base, rows if rows is not None else sp.csr_matrix((0, len(truth))))


def _random(truth: Ints, base: int, key: bytes | None, labels: Sequence[str]) -> Rounded:
    if not key or len(labels) != len(truth):
        raise MisuseError("random rounding needs a secret key and the cells' labels")
    chance = np.array([_chance(key, label) for label in labels])
    rest = truth % base
    return Rounded(truth - rest + base * (chance * base < rest), base - 1)


def _chance(key: bytes, label: str) -> float:
    mark = hmac.new(key, label.encode(), hashlib.sha256).digest()
    return int.from_bytes(mark[:6], "big") / 2**48


def _controlled(truth: Ints, base: int, rows: sp.csr_matrix) -> Rounded:
    rest = truth % base
    for further in (False, True):  # down or up by less than the base; else one base further, dearly
        steps = _steps(truth - rest, rest, base, rows, further=further)
        if steps is not None:
            spread = 2 * base - 1 if further else base - 1
            return Rounded(truth - rest + base * steps[0], spread, steps[1])
    raise TreError(
        "no rounding to this base keeps the totals", hint="take another base, or hide cells instead"
    )


def _steps(
    floor: Ints, rest: Ints, base: int, rows: sp.csr_matrix, *, further: bool
) -> tuple[Ints, bool] | None:
    """Steps of `base` above the floor that keep the rows with the least change, and whether that is proved."""
    import highspy

    n, free = len(rest), rest > 0
    one = free.astype(float)
    above, below = (free & further).astype(float), ((floor > 0) & further).astype(float)
    need = -(rows @ floor.astype(float)) / base
    program = Program(
        sp.hstack([rows, rows, -rows]),
        np.zeros(3 * n),
        np.r_[one, above, below],
        cost=np.r_[
            (base - 2 * rest) * one, np.full(2 * n, float(base))
        ],  # a step's part of |rounded - truth|
        row_low=need,
        row_high=need,
        presolve=True,
        primal=False,
    )
    kinds = np.array([highspy.HighsVarType.kInteger] * (3 * n))
    program.highs.changeColsIntegrality(3 * n, np.arange(3 * n, dtype=np.int32), kinds)
    program.option("mip_rel_gap", WIDE_GAP if n > WIDE else GAP)
    program.option("mip_max_nodes", NODES)
    if not program.solve():
        return None
    up, over, under = np.round(program.values).astype(np.int64).reshape(3, n)
    return up + over - under, program.optimal


def change(truth: Ints, figures: Ints) -> tuple[float, int]:
    """Mean and largest change a rounding made."""
    moved = np.abs(np.asarray(figures, float) - truth)
    return float(moved.mean()) if len(moved) else 0.0, int(moved.max(initial=0))


def least_base(least: int) -> int:
    """The smallest usual base under which a rounded count can always be `least` or more, or nothing at all."""
    return next((base for base in (5, 10, 15, 20, 25, 50, 100) if 2 * base - 1 >= least), least)
