"""Life tables whose every figure stands on enough children: what a published survival curve is made of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def merged_steps(
    time: np.ndarray, cause: np.ndarray, n: np.ndarray, *, causes: int, length: float, least: int
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Steps (first, last, in units of `length` days) and their figures: at risk, entries by cause, left.

    `time` in days, `cause` 0 for left unobserved and 1 to `causes` for entries, `n` how many children share both.
    Steps are merged until each figure is zero or at least `least`; what is left at the end goes into the step
    before it. A group that isn't safe even as one step has no steps at all.
    """
    if int(n.sum()) < max(least, 1):
        return [], np.zeros((0, causes + 2), dtype=np.int64)
    step = np.minimum(np.floor(time / length).astype(np.int64), 10_000)
    grid = np.zeros((int(step.max()) + 1, causes + 1), dtype=np.int64)
    place = np.where(cause == 0, causes, cause - 1).astype(np.int64)
    np.add.at(grid, (step, place), n.astype(np.int64))
    bounds = [0]
    held = np.zeros(causes + 1, dtype=np.int64)
    for at in range(len(grid)):
        held = held + grid[at]
        if held.sum() and ((held == 0) | (held >= least)).all():
            bounds.append(at + 1)
            held = np.zeros_like(held)
    if bounds[-1] != len(
        grid
    ):  # what is left over: with the step before it, and on backwards while figures are small
        bounds = [*bounds[:-1], len(grid)] if len(bounds) > 1 else [0, len(grid)]
    while len(bounds) > 2 and not _safe(grid[bounds[-2] : bounds[-1]].sum(axis=0), least):
        del bounds[-2]
    if not _safe(grid[bounds[-2] : bounds[-1]].sum(axis=0), least):
        return [], np.zeros((0, causes + 2), dtype=np.int64)  # even as one step a figure is too small
    body = np.array([grid[low:high].sum(axis=0) for low, high in pairwise(bounds)])
    gone = np.concatenate([[0], np.cumsum(body.sum(axis=1))[:-1]])
    at_risk = int(n.sum()) - gone
    return list(pairwise(bounds)), np.column_stack([at_risk, body])


def _safe(figures: np.ndarray, least: int) -> bool:
    return bool(((figures == 0) | (figures >= least)).all())


def cumulative(at_risk: np.ndarray, entries: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Cumulative incidence of each cause at the end of each step (steps x causes), from a life table.

    Those who left count as at risk for half of their step, as actuaries have it.
    """
    exposed = np.maximum(at_risk - left / 2, 1e-12)
    share = entries / exposed[:, None]
    surviving = np.concatenate([[1.0], np.cumprod(np.clip(1 - share.sum(axis=1), 0, 1))[:-1]])
    return np.cumsum(surviving[:, None] * share, axis=0)
