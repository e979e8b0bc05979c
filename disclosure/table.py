"""A table as the attacker sees it: cells named by their members in each dimension, and what adds up to what.

A dimension is a label column or the header. `parents` says for each dimension which member is the total (or
subtotal) of which; from that come the equations. Cells are flat and in printed order, row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from disclosure.shown import Bools, Ints
from tre_toolkit.errors import TreError

NOISY = frozenset(["round", "cell-key"])  # the methods that move figures instead of hiding them
Parents = Mapping[int, int]  # member -> the member that is its total


@dataclass(frozen=True, slots=True)
class Table:
    """One table: labels, what is printed, and (where evidence tells) how many units stand behind each cell."""

    name: str
    dimensions: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    codes: Ints  # cells x dimensions
    shown: tuple[str, ...]
    size: tuple[int, int]  # printed rows and figure columns
    units: Ints | None = None  # distinct children behind each cell
    unit: str | None = None
    values: Ints | None = None  # the true figure of each cell, where it isn't the number of units
    sets: Ints | None = None  # a number for each cell's set of units, the same in every table; 0 for none
    parents: tuple[Parents, ...] = ()
    structural: Bools | None = None  # cells that are zero by definition
    base: int | None = None  # what printed counts are rounded to
    spread: int | None = None  # how far a printed count may be from the truth, where a method says so
    method: str | None = None
    kind: str = "count"
    extra: tuple[tuple[int, tuple[int, ...]], ...] = field(default=())  # declared equations: total, its parts

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def noisy(self) -> bool:
        """Whether a method moved the figures, so that a printed one isn't the count behind it."""
        return self.method in NOISY

    @property
    def truth(self) -> Ints | None:
        """The figure behind each cell before anything was hidden, where evidence tells."""
        return self.units if self.values is None else self.values

    def where(self, cell: int | np.integer) -> str:
        """The place of a cell in words: its labels, or row and column numbers where labels could name a child."""
        row, column = divmod(int(cell), self.size[1])
        parts = [self.members[at][self.codes[cell, at]] for at in range(len(self.dimensions))]
        if not all(map(is_category, parts)):
            return f"row {row + 1}, column {column + 1}"
        told = [f"{name} {part!r}" for name, part in zip(self.dimensions, parts, strict=True)]
        return ", ".join(told)

    def where_all(self, cells: Sequence[int] | Ints) -> str:
        """The place of the first of these cells, and how many more there are."""
        return self.where(cells[0]) + (f" and {len(cells) - 1} more" if len(cells) > 1 else "")

    def equations(self) -> sp.csr_matrix:
        """Rows of `total - parts = 0` over the cells, from the parents of every dimension and what is declared."""
        blocks = [_equations(self.codes, at, family) for at, family in enumerate(self.parents) if family]
        if self.extra:
            blocks.append(_declared(self.extra, len(self)))
        blocks = [block for block in blocks if block.shape[0]]
        if not blocks:
            return sp.csr_matrix((0, len(self)))
        return _distinct(sp.vstack(blocks).tocsr())

    def known(self) -> sp.csr_matrix:
        """The equations that truly hold, where the truth is known; all of them where it isn't."""
        rows = self.equations()
        if self.truth is None or not rows.shape[0]:
            return rows
        return rows[np.abs(rows @ self.truth.astype(float)) < 0.5]

    def with_shown(self, shown: Sequence[str]) -> Table:
        """The same table, printed otherwise."""
        return replace(self, shown=tuple(shown))


def is_category(label: str) -> bool:
    """Whether a label reads as the name of a category, not as something that could identify a child."""
    return len(label) <= 60 and sum(mark.isdigit() for mark in label) < 6


def build(
    name: str,
    labels: Sequence[Sequence[str]],
    header: Sequence[str],
    body: Sequence[Sequence[str]],
    *,
    dimensions: Sequence[str] = (),
) -> Table:
    """A table from printed rows: `labels[i]` are row i's labels, `body[i]` its figures under `header`.

    A label that stands again gets a number. Raises TreError when rows are ragged.
    """
    if any(len(row) != len(header) for row in body):
        raise TreError("the rows of the table don't all have as many figures as its header", where=name)
    width, depth = len(header), len(labels[0]) if labels else 0
    keys = _told_apart([tuple(row) for row in labels])
    if not depth:
        keys = [(f"row {at + 1}",) for at in range(len(body))]
        dimensions, depth = ("row",), 1
    names = list(dimensions) if len(dimensions) == depth else [f"label {at + 1}" for at in range(depth)]
    columns = [title for (title,) in _told_apart([(str(title),) for title in header])]
    members, codes = [], []
    for at in range(depth):
        order = list(dict.fromkeys(key[at] for key in keys))
        place = {member: number for number, member in enumerate(order)}
        members.append(tuple(order))
        codes.append(np.repeat([place[key[at]] for key in keys], width))
    if width > 1 or not depth:
        members.append(tuple(columns))
        codes.append(np.tile(np.arange(width), len(body)))
        names.append("column")
    return Table(
        name=name,
        dimensions=tuple(names),
        members=tuple(members),
        codes=np.stack(codes, axis=1).astype(np.int64) if body else np.zeros((0, len(members)), np.int64),
        shown=tuple(text for row in body for text in row),
        size=(len(body), width),
        parents=tuple({} for _ in members),
    )


def _told_apart(keys: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The labels, those that stood before with a number: `Total`, `Total (2)`."""
    if len(set(keys)) == len(keys):
        return list(keys)
    taken, times, found = set(keys), dict.fromkeys(keys, 0), []
    for key in keys:
        times[key] += 1
        again = key
        while times[key] > 1 and again in taken:
            again = (*key[:-1], f"{key[-1]} ({times[key]})")
            times[key] += again in taken
        taken.add(again)
        found.append(again)
    return found


def _equations(codes: Ints, at: int, family: Parents) -> sp.csr_matrix:
    n = len(codes)
    others = np.delete(codes, at, axis=1)
    slice_of = (
        np.unique(others, axis=0, return_inverse=True)[1].reshape(-1) if others.shape[1] else np.zeros(n, int)
    )
    own = codes[:, at]
    top = int(own.max(initial=0)) + 1
    parent = np.full(top, -1)
    for child, above in family.items():
        parent[child] = above
    is_total = np.zeros(top, bool)
    is_total[list(set(family.values()))] = True
    has_parent = parent[own] >= 0
    row = np.r_[
        slice_of[has_parent] * top + parent[own[has_parent]],
        slice_of[is_total[own]] * top + own[is_total[own]],
    ]
    cell = np.r_[np.flatnonzero(has_parent), np.flatnonzero(is_total[own])]
    sign = np.r_[-np.ones(has_parent.sum()), np.ones(is_total[own].sum())]
    _, number = np.unique(row, return_inverse=True)
    whole = sp.csr_matrix((sign, (number, cell)), shape=(int(number.max(initial=-1)) + 1, n))
    positive = np.asarray((whole > 0).sum(axis=1)).ravel()
    negative = np.asarray((whole < 0).sum(axis=1)).ravel()
    return whole[(positive == 1) & (negative > 0)]


def _declared(extra: Sequence[tuple[int, tuple[int, ...]]], n: int) -> sp.csr_matrix:
    row, cell, sign = [], [], []
    for number, (total, parts) in enumerate(extra):
        row += [number] * (len(parts) + 1)
        cell += [total, *parts]
        sign += [1.0] + [-1.0] * len(parts)
    return sp.csr_matrix((sign, (row, cell)), shape=(len(extra), n))


def _distinct(rows: sp.csr_matrix) -> sp.csr_matrix:
    rows.sort_indices()
    seen: dict[bytes, int] = {}
    for at in range(rows.shape[0]):
        part = slice(rows.indptr[at], rows.indptr[at + 1])
        seen.setdefault(rows.indices[part].tobytes() + rows.data[part].tobytes(), at)
    return rows[sorted(seen.values())]
