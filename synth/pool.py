"""Rows that another engine drew, for the walk to take attributes from.

An engine that models tables but keeps no rules gives rows of levels and nothing else. The walk takes a row of
them for each row it makes: keys, dates' order and codes stay its own. Where the engine drew rows that belong together
(the children of one parent, the rows of one sequence), the pool keeps them together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.draw import Draws, Floats, Index, Ints


@dataclass(frozen=True, slots=True)
class Groups:
    """Which rows belong together: group g holds `counts[g]` rows from `starts[g]` on."""

    starts: Ints
    counts: Ints
    of_parent: bool
    """Whether group g belongs to row g of the parent table's pool; else a group is chosen by itself."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Drawn rows of one table: places in the lists of levels, a column each."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: Ints
    engine: str
    groups: Groups | None = None

    @property
    def kept(self) -> list[tuple[str, ...]]:
        """What the draws keep, in the words of the report."""
        return [self.names] if self.names else []

    def draw(self, draws: Draws, stream: str, who: Index) -> Ints:
        """A row of levels for each of `who`, any row as likely as any other."""
        return self.rows[self.choose(draws, stream, who)]

    def choose(self, draws: Draws, stream: str, who: Index) -> Ints:
        """The place of a row for each of `who`."""
        return draws.between(stream, who, 0, len(self.rows) - 1)

    def shares(self, at: int) -> Floats:
        """How often each level of a column stands in the pool."""
        return np.bincount(self.rows[:, at], minlength=self.sizes[at]).astype(np.float64)


def grouped(of: Ints, rows: Ints, groups: int, *, of_parent: bool, most: int) -> tuple[Groups, Ints]:
    """Rows put in order of their group, at most `most` a group; `of` is the group of each row."""
    order = np.argsort(of, kind="stable")
    of, rows = of[order], rows[order]
    first = np.searchsorted(of, np.arange(groups + 1))
    turn = np.arange(len(of)) - first[of]
    keep = turn < most
    of, rows = of[keep], rows[keep]
    starts = np.searchsorted(of, np.arange(groups + 1))
    return Groups(starts[:-1].astype(np.int64), np.diff(starts).astype(np.int64), of_parent), rows
