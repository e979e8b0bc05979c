"""A tree of two-way tables: the model behind the fitted and the private tier, and its draws.

Columns are places in lists of levels. A tree says which column depends on which; for every edge there is one
table of counts. Fitting is counting (with noise, where a budget is given); drawing goes from the root to the
leaves by counters. What the tree keeps is exactly its tables: a reader is told which, and nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synth.draw import Draws, Floats, Index, Ints

Noise = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Tree:
    """Columns in order of drawing: `parent[at]` is the place of the column it depends on, -1 for none."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    order: tuple[int, ...]
    parent: tuple[int, ...]
    tables: tuple[Floats, ...]
    """Of each column the counts: a row of levels for the root, (levels of the parent, levels) else."""

    @property
    def kept(self) -> list[tuple[str, ...]]:
        """The margins the draws keep, by name."""
        return [
            (self.names[at],) if self.parent[at] < 0 else (self.names[self.parent[at]], self.names[at])
            for at in self.order
        ]

    def shares(self, at: int) -> Floats:
        """How often each level of a column stands in its table."""
        table = self.tables[at]
        summed: Floats = table if table.ndim == 1 else table.sum(axis=0)
        return summed

    def draw(self, draws: Draws, stream: str, who: Index) -> Ints:
        """A row of levels for each of `who`."""
        made = np.zeros((len(who), len(self.names)), dtype=np.int64)
        for at in self.order:
            luck = draws.uniform(f"{stream} {self.names[at]}", who)
            table = np.atleast_2d(self.tables[at])
            given = made[:, self.parent[at]] if self.parent[at] >= 0 else np.zeros(len(who), dtype=np.int64)
            steps = np.cumsum(table, axis=1)
            steps /= np.maximum(steps[:, -1:], 1e-12)
            made[:, at] = np.minimum((luck[:, None] > steps[given]).sum(axis=1), self.sizes[at] - 1)
        return made


def learn(codes: Ints, names: Sequence[str], sizes: Sequence[int], *, smallest: int = 0) -> Tree:
    """The tree that keeps most of what the columns tell of one another (Chow and Liu 1968).

    Cells of fewer than `smallest` rows are not told: their rows are shared out as the columns are overall.
    """
    count = len(names)
    worth = np.zeros((count, count))
    for one in range(count):
        for other in range(one):
            worth[one, other] = worth[other, one] = _shared(
                codes[:, one], codes[:, other], sizes[one], sizes[other]
            )
    order, parent = _spanning(worth)
    return count_tree(codes, names, sizes, order, parent, smallest=smallest)


def count_tree(
    codes: Ints,
    names: Sequence[str],
    sizes: Sequence[int],
    order: Sequence[int],
    parent: Sequence[int],
    *,
    smallest: int = 0,
    noise: Noise | None = None,
) -> Tree:
    """Count the tables of a tree that is given; with `noise` they are what the noise makes of them, never below 0."""
    tables = [np.zeros(0)] * len(names)
    for at in order:
        above = parent[at]
        size = (sizes[at],) if above < 0 else (sizes[above], sizes[at])
        flat = codes[:, at] if above < 0 else codes[:, above] * sizes[at] + codes[:, at]
        table = np.bincount(flat, minlength=int(np.prod(size))).astype(np.float64).reshape(size)
        if noise is not None:
            table = np.maximum(noise(table), 0.0)
        elif smallest:
            table = _untold(table, smallest)
        tables[at] = filled(table)
    return Tree(tuple(names), tuple(sizes), tuple(order), tuple(parent), tuple(tables))


def _untold(table: Floats, smallest: int) -> Floats:
    """The table without its small cells: in each row they share what they have together as their columns do overall."""
    whole = table.sum(axis=0) if table.ndim == 2 else table
    told = np.where(whole < smallest, 0.0, whole)
    small = table < smallest
    rest = np.where(small, table, 0.0).sum(axis=-1, keepdims=True)
    shares = np.where(small, told, 0.0)
    total = shares.sum(axis=-1, keepdims=True)
    told_table: Floats = np.where(small, 0.0, table) + rest * shares / np.where(total > 0, total, 1.0)
    return told_table


def filled(table: Floats, *, last: bool = True) -> Floats:
    """A parent's level of which nothing is told takes the shares of all levels together.

    With `last` False the last level, missing, stays empty where all are.
    """
    even = np.ones(table.shape[-1])
    even[-1] = 1.0 if last or table.shape[-1] == 1 else 0.0
    if table.ndim == 1:
        return table if table.sum() else even
    whole = table.sum(axis=0)
    whole = whole if whole.sum() else even
    empty = table.sum(axis=1) == 0
    return np.where(empty[:, None], whole, table)


def _shared(one: Ints, other: Ints, first: int, second: int) -> float:
    """Mutual information in nats."""
    joint = np.bincount(one * second + other, minlength=first * second).reshape(first, second) / max(
        len(one), 1
    )
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    some = joint > 0
    return float((joint[some] * np.log(joint[some] / apart[some])).sum())


def _spanning(worth: Floats) -> tuple[list[int], list[int]]:
    """The tree of the greatest worth, from the column that tells most (Prim)."""
    count = len(worth)
    parent = [-1] * count
    if not count:
        return [], parent
    order = [int(worth.sum(axis=0).argmax())]
    while len(order) < count:
        left = [at for at in range(count) if at not in order]
        block = worth[np.ix_(order, left)]
        row, column = np.unravel_index(int(block.argmax()), block.shape)
        parent[left[column]] = order[row]
        order.append(left[column])
    return order, parent
