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
TOGETHER = 30  # kept worlds that are fitted at once


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
        sizes = prior * np.exp(np.clip(classes.kept[1] @ multipliers[classes.independent], -300, 300))
    else:
        for _ in range(SWEEPS):
            _sweep(classes, sizes, multipliers)
    figures = classes.figures[classes.independent]  # the others repeat these
    least, since, off = np.inf, 0, np.inf
    for _ in range(steps):
        gap = figures - classes.kept[0] @ sizes
        off = float(np.abs(gap).max(initial=0.0))
        if off < tolerance or not np.isfinite(off) or off > 1e8:
            break
        least, since = (off, 0) if off < 0.7 * least else (least, since + 1)
        if since > 6:
            break
        step = _newton(classes, sizes[:, None], gap[:, None], np.array([off]))[:, 0]
        moved = classes.kept[1] @ step
        top = float(np.abs(moved).max(initial=0.0))
        if not np.isfinite(top):
            off = np.inf
            break
        along = min(1.0, 2.5 / max(top, 1e-9))
        # the last step is linear, so that the figures really meet
        sizes = sizes * (1 + moved if top < 0.5 and off < 0.05 else np.exp(along * moved))
        multipliers[classes.independent] += along * step
    if off < GOOD:
        off = float(np.abs(classes.figures - classes.matrix @ sizes).max(initial=0.0))
    return World(sizes, off, multipliers)


def _sweep(classes: Classes, sizes: Floats, multipliers: Floats) -> None:
    for number, (inside, place) in enumerate(classes.places):
        low, high = classes.offset[number], classes.offset[number + 1]
        mine = sizes[inside]
        factor = classes.figures[low:high] / np.maximum(np.bincount(place, mine, high - low), 1e-300)
        told = np.unique(place) + low
        multipliers[told] += np.log(np.maximum(factor[told - low], 1e-300))
        sizes[inside] = mine * factor[place]


def _newton(classes: Classes, sizes: Floats, gap: Floats, off: Floats) -> Floats:
    """Steps on the dual for several worlds at once (a column each), by conjugate gradients."""
    rows, transposed = classes.kept
    scale, factor = classes.factor

    def precondition(right: Floats) -> Floats:
        right = scale[:, None] * right
        return np.asarray(scale[:, None] * sl.cho_solve(factor, right, check_finite=False))

    step, left = np.zeros(gap.shape), gap.copy()
    search = precondition(left)
    direction, product = search.copy(), np.einsum("ij,ij->j", left, search)
    enough = np.maximum(np.where(off > 0.05, 0.05, 1e-5) * off, 1e-10)
    for _ in range(12 if (off > 0.05).all() else 60):
        image = np.asarray(rows @ (sizes * (transposed @ direction)))
        along = product / np.maximum(np.einsum("ij,ij->j", direction, image), 1e-300)
        step += along * direction
        left -= along * image
        if (np.abs(left).max(axis=0) < enough).all():
            break
        search = precondition(left)
        new = np.einsum("ij,ij->j", left, search)
        direction = search + (new / np.maximum(product, 1e-300)) * direction
        product = new
    return step


def refit(
    classes: Classes, worlds: Floats, *, tolerance: float = 1e-7, steps: int = 12
) -> tuple[Floats, Floats]:
    """Several worlds (a column each) fitted to everything released again, at once; and how far off each still is."""
    sizes, off = worlds.copy(), np.full(worlds.shape[1], np.inf)
    figures, left = classes.figures[classes.independent][:, None], np.arange(worlds.shape[1])
    for _ in range(steps):
        gap = figures - classes.kept[0] @ sizes[:, left]
        off[left] = np.abs(gap).max(axis=0, initial=0.0)
        going = (off[left] >= tolerance) & (off[left] < 1e8)
        left, gap = left[going], gap[:, going]
        if not len(left):
            break
        moved = classes.kept[1] @ _newton(classes, sizes[:, left], gap, off[left])
        top = np.abs(moved).max(axis=0, initial=0.0)
        along = np.minimum(1.0, 2.5 / np.maximum(top, 1e-9))
        linear = (top < 0.5) & (off[left] < 0.05)
        sizes[:, left] *= np.where(linear, 1 + moved, np.exp(np.where(np.isfinite(top), along * moved, 0.0)))
    return sizes, np.abs(classes.figures[:, None] - classes.matrix @ sizes).max(axis=0, initial=0.0)


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


@dataclass(slots=True)
class Settled:
    """The classes that no world proved safe, how many worlds were tried, and those that proved something."""

    left: Ints
    rounds: int
    worlds: list[Floats]


def settle(
    classes: Classes, open_: Ints, k: int, *, seconds: float = 60.0, started: Floats | None = None
) -> Settled:
    """Prove classes safe by worlds in batches; `started` are worlds of an earlier attack (a column each), tried first."""
    rng = np.random.default_rng(1)
    told = Settled(open_, 0, [])
    began, stalled, fill = time.monotonic(), 0, 0.75
    for at in range(0, 0 if started is None else started.shape[1], TOGETHER):
        worlds, off = refit(classes, started[:, at : at + TOGETHER])  # type: ignore[index]
        for number in np.flatnonzero(off < GOOD):
            _prove(told, worlds[:, number], k)
        told.rounds += worlds.shape[1]
    tried = 0
    while len(told.left) and tried < ROUNDS and stalled < 5 and time.monotonic() - began < seconds:
        batch = pack(classes, told.left, k, fill, rng)
        if stalled:
            batch = batch[: max(1, len(batch) >> (2 * stalled))]
        world = project(classes, prior_for(classes, batch, k))
        tried += 1
        done = _prove(told, world.sizes, k) if world.off < GOOD else 0
        stalled = stalled + 1 if done < max(1, 0.02 * len(batch)) else max(0, stalled - 1)
        if done < 0.3 * len(batch):
            fill = max(0.3, fill * 0.8)
    told.rounds += tried
    return told


def _prove(told: Settled, sizes: Floats, k: int) -> int:
    """Take the classes away that are large enough in this world; how many."""
    large = sizes[told.left] >= k - 1e-6
    if large.any():
        told.left = told.left[~large]
        told.worlds.append(sizes)
    return int(large.sum())
