"""Feasible worlds in which many small classes are large at once: each proves all of them safe.

A batch of classes is started far up and everything released is fitted again: sweeps of proportional fitting, then
Newton steps on the dual, preconditioned with the factor at the truth. What no batch settles is left to `certify`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import scipy.linalg as sl

from disclosure.joint.classes import Classes
from disclosure.shown import Floats, Ints

GOOD = 1e-5  # a world whose figures are further off than this proves nothing
ROUNDS = 200
SWEEPS = 4


@dataclass(frozen=True, slots=True)
class World:
    """Sizes of all classes that keep every released figure up to `off`, and the multipliers that gave them."""

    sizes: Floats
    off: float
    multipliers: Floats


def project(
    classes: Classes, prior: Floats, *, tolerance: float = 1e-7, start: Floats | None = None, steps: int = 40
) -> World:
    """The feasible world nearest to `prior` in relative entropy."""
    sizes, multipliers = prior.copy(), np.zeros(classes.count)
    if start is not None:
        multipliers = start.copy()
        sizes = prior * np.exp(np.clip(classes.transposed @ multipliers, -300, 300))
    else:
        for _ in range(SWEEPS):
            _sweep(classes, sizes, multipliers)
    least, since, off = np.inf, 0, np.inf
    for _ in range(steps):
        gap = classes.figures - classes.matrix @ sizes
        off = float(np.abs(gap).max(initial=0.0))
        if off < tolerance or not np.isfinite(off) or off > 1e8:
            break
        least, since = (off, 0) if off < 0.7 * least else (least, since + 1)
        if since > 6:
            break
        step = _newton(classes, sizes, gap[classes.independent], off)
        moved = classes.kept[1] @ step
        top = float(np.abs(moved).max(initial=0.0))
        if not np.isfinite(top):
            off = np.inf
            break
        along = min(1.0, 2.5 / max(top, 1e-9))
        # the last step is linear, so that the figures really meet
        sizes = sizes * (1 + moved if top < 0.5 and off < 0.05 else np.exp(along * moved))
        multipliers[classes.independent] += along * step
    return World(sizes, off, multipliers)


def _sweep(classes: Classes, sizes: Floats, multipliers: Floats) -> None:
    for number, (inside, place) in enumerate(classes.places):
        low, high = classes.offset[number], classes.offset[number + 1]
        mine = sizes[inside]
        factor = classes.figures[low:high] / np.maximum(np.bincount(place, mine, high - low), 1e-300)
        multipliers[low:high] += np.log(np.maximum(factor, 1e-300))
        sizes[inside] = mine * factor[place]


def _newton(classes: Classes, sizes: Floats, gap: Floats, off: float) -> Floats:
    rows, transposed = classes.kept
    scale, factor = classes.factor

    def precondition(right: Floats) -> Floats:
        return np.asarray(scale * sl.cho_solve(factor, scale * right, check_finite=False))

    step, left = np.zeros(len(gap)), gap.copy()
    search = precondition(left)
    direction, product = search.copy(), float(left @ search)
    enough = max((0.05 if off > 0.05 else 1e-5) * off, 1e-10)
    for _ in range(12 if off > 0.05 else 60):
        image = rows @ (sizes * (transposed @ direction))
        along = product / max(float(direction @ image), 1e-300)
        step += along * direction
        left -= along * image
        if np.abs(left).max() < enough:
            break
        search = precondition(left)
        new = float(left @ search)
        direction = search + (new / product) * direction
        product = new
    return step


def pack(classes: Classes, open_: Ints, k: int, fill: float, rng: np.random.Generator) -> Ints:
    """A batch whose demand of k children each fits into every released cell, the most crowded cells first."""
    room = k * np.maximum(1, np.floor(fill * classes.figures / k))
    load = np.zeros(classes.count)
    row = classes.row[:, open_]
    inside = row >= 0
    queue = np.bincount(row[inside], minlength=classes.count) / np.maximum(room, 1e-9)
    crowded = np.where(inside, queue[np.where(inside, row, 0)], 0).max(axis=0)
    order = open_[np.argsort(-crowded * (0.9 + 0.2 * rng.random(len(open_))), kind="stable")]
    batch = []
    for chunk in np.array_split(order, max(1, len(order) // 250) if len(order) > 2_000 else len(order)):
        kept = _fitting(classes, chunk, k, room, load, rng)
        if len(kept):
            row = classes.row[:, kept]
            load += np.bincount(row[row >= 0], minlength=classes.count) * k
            batch.append(kept)
    return np.concatenate(batch) if batch else open_[:1]


def _fitting(
    classes: Classes, chunk: Ints, k: int, room: Floats, load: Floats, rng: np.random.Generator
) -> Ints:
    for last in (False, False, True):
        row = classes.row[:, chunk]
        inside = row >= 0
        wanted = np.bincount(row[inside], minlength=classes.count) * k
        at = np.where(inside, row, 0)
        over = ((load + wanted > room)[at] & inside).any(axis=0)
        if not over.any():
            return chunk
        full = ((load + k > room)[at] & inside).any(axis=0)
        drop = over if last else full | (over & (rng.random(len(chunk)) < 0.6))
        chunk = chunk[~drop]
        if not len(chunk):
            break
    return chunk


def prior_for(classes: Classes, batch: Ints, k: int) -> Floats:
    """Sizes to start from: the batch far up; where a cell has no room to spare everybody else starts at nothing."""
    sizes = classes.size * max(0.05, 1 - 1.6 * k * len(batch) / classes.size.sum()) + 1e-9
    row = classes.row[:, batch]
    touched = np.unique(row[row >= 0])
    tight = np.zeros(classes.count, bool)
    tight[touched[classes.figures[touched] < k + 2]] = True
    if tight.any():
        at = np.where(classes.row >= 0, classes.row, 0)
        sizes[(tight[at] & (classes.row >= 0)).any(axis=0)] *= 1e-9
    sizes[batch] = 3.0 * k
    return np.asarray(sizes)


def settle(classes: Classes, open_: Ints, k: int, *, seconds: float = 60.0) -> tuple[Ints, int]:
    """The classes that no batch of worlds proved safe, and how many worlds were tried."""
    rng = np.random.default_rng(1)
    began, rounds, stalled, fill = time.monotonic(), 0, 0, 0.75
    while len(open_) and rounds < ROUNDS and stalled < 5 and time.monotonic() - began < seconds:
        batch = pack(classes, open_, k, fill, rng)
        if stalled:
            batch = batch[: max(1, len(batch) >> (2 * stalled))]
        world = project(classes, prior_for(classes, batch, k))
        rounds += 1
        done = open_[world.sizes[open_] >= k - 1e-6] if world.off < GOOD else open_[:0]
        stalled = stalled + 1 if len(done) < max(1, 0.02 * len(batch)) else max(0, stalled - 1)
        if len(done) < 0.3 * len(batch):
            fill = max(0.3, fill * 0.8)
        open_ = np.setdiff1d(open_, done)
    return open_, rounds
