"""Published or approved tables, suppressed cells and all, and the fullest distribution that agrees with them.

A margin is a table of counts over one or more columns. A cell that was suppressed is unknown, not zero: it
takes what the other margins and the total leave to it, spread evenly (the most even distribution that
agrees with what is known). Tables that contradict one another are refused.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.draw import Draws, Floats, Index, Ints
from tre_toolkit.errors import Problem, Problems, TreError, Where

SUPPRESSED = {"c", "x", "z", "u", "k", ":", "..", "*", "-", "low", "suppressed", ""}
COUNT = "count"
LARGEST = 2_000_000  # cells of a joint table
CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Margin:
    """Counts over columns: NaN is a suppressed cell."""

    columns: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    counts: Floats
    total: float | None = None
    """The total, where the table gives one."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A distribution over all combinations of levels."""

    columns: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    shares: Floats

    def draw(self, draws: Draws, stream: str, who: Index) -> dict[str, Ints]:
        """For each column the place of its level, for each of `who`."""
        cell = draws.pick(stream, who, self.shares.ravel())
        places = np.unravel_index(cell, self.shares.shape)
        return {name: place.astype(np.int64) for name, place in zip(self.columns, places, strict=True)}

    def margin(self, columns: Sequence[str]) -> Floats:
        """The shares summed to these columns, in their order."""
        keep = [self.columns.index(name) for name in columns]
        rest = tuple(at for at in range(len(self.columns)) if at not in keep)
        summed = self.shares.sum(axis=rest)
        return np.transpose(summed, np.argsort(np.argsort(keep)))


def read_margin(path: Path) -> Margin:
    """A CSV with a column for each variable and `count`; a row `total` in every variable gives the total.

    Raises Problems for counts that are neither numbers nor marks of suppression, by row.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = tuple(name for name in reader.fieldnames or () if name != COUNT)
        rows = list(reader)
    if not names or not rows or COUNT not in (reader.fieldnames or ()):
        raise TreError(
            "not a margin: it needs a column for each variable, `count`, and rows", where=path.name
        )
    problems, total = list[Problem](), None
    cells = dict[tuple[str, ...], float]()
    for number, row in enumerate(rows, start=2):
        value = _count((row[COUNT] or "").strip())
        where = tuple((row[name] or "").strip() for name in names)
        if value is None:
            problems.append(
                Problem("neither a count nor a mark of suppression", Where(path.name, None, COUNT, number))
            )
        elif all(word.lower() == "total" for word in where):
            total = value
        elif where in cells:
            problems.append(Problem("the cell stands there twice", Where(path.name, row=number)))
        else:
            cells[where] = value
    if problems:
        raise Problems("the margin can't be read", problems)
    levels = tuple(tuple(dict.fromkeys(where[at] for where in cells)) for at in range(len(names)))
    counts = np.zeros([len(one) for one in levels])
    for where, value in cells.items():
        counts[tuple(one.index(word) for one, word in zip(levels, where, strict=True))] = value
    return Margin(names, levels, counts, total)


def _count(word: str) -> float | None:
    """The number, NaN where suppressed ('<5' is suppressed too), None where it is neither."""
    if word.lower() in SUPPRESSED or word.startswith("<"):
        return float("nan")
    try:
        value = float(word.replace(",", ""))
    except ValueError:
        return None
    return value if value >= 0 and np.isfinite(value) else None


def fit(margins: Sequence[Margin], *, steps: int = 500, tolerance: float = 0.005) -> Joint:
    """The most even joint distribution that agrees with all margins (iterative proportional fitting).

    Raises TreError when they contradict one another (no distribution comes within `tolerance` of all shares)
    or when their joint table would be too large.
    """
    columns, levels = _levels(margins)
    size = [len(levels[name]) for name in columns]
    if np.prod(size, dtype=np.float64) > LARGEST:
        raise TreError(
            "the margins speak of too many combinations at once", hint="give fewer variables in one set"
        )
    total = next((one.total for one in margins if one.total), None) or max(
        float(np.nansum(one.counts)) for one in margins
    )
    targets = [(_placed(one, columns, levels), one) for one in margins]
    shares = np.full(size, 1 / np.prod(size))
    for _ in range(steps):
        before = shares
        for (axes, known), _one in targets:
            shares = _scaled(shares, axes, known / total)
        if np.abs(shares - before).max() < CLOSE:
            break
    for (axes, known), one in targets:
        got = shares.sum(axis=axes, keepdims=True)
        apart = np.abs(got - known / total)
        if np.nanmax(np.where(np.isnan(known), 0, apart)) > tolerance:
            raise TreError(
                "the tables contradict one another: no children could have all of them",
                where=", ".join(one.columns),
                hint="check that they are of the same children and the same year",
            )
    return Joint(columns, tuple(levels[name] for name in columns), shares / shares.sum())


def _levels(margins: Sequence[Margin]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    found = dict[str, dict[str, None]]()
    for one in margins:
        for name, levels in zip(one.columns, one.levels, strict=True):
            found.setdefault(name, {}).update(dict.fromkeys(levels))
    return tuple(found), {name: tuple(levels) for name, levels in found.items()}


def _placed(
    margin: Margin, columns: Sequence[str], levels: Mapping[str, Sequence[str]]
) -> tuple[tuple[int, ...], Floats]:
    """The margin's counts in the shape of the joint, and the axes it says nothing of."""
    shape = [len(levels[name]) if name in margin.columns else 1 for name in columns]
    order = [margin.columns.index(name) for name in columns if name in margin.columns]
    inside = [[list(levels[name]).index(one) for one in margin.levels[margin.columns.index(name)]]
              for name in columns if name in margin.columns]  # fmt: skip
    placed = np.zeros([size for size in shape if size > 1] or [1])
    placed = np.zeros([len(levels[name]) for name in columns if name in margin.columns])
    placed[np.ix_(*inside)] = np.transpose(margin.counts, order)
    axes = tuple(at for at, name in enumerate(columns) if name not in margin.columns)
    return axes, placed.reshape(shape)


def _scaled(shares: Floats, axes: tuple[int, ...], known: Floats) -> Floats:
    """One step of fitting: known cells take their share, unknown ones together what is left of the whole."""
    got = shares.sum(axis=axes, keepdims=True)
    hidden = np.isnan(known)
    left = max(1 - float(np.nansum(known)), 0.0)
    held = float(got[hidden].sum())
    factor = np.where(
        got > 0,
        np.where(hidden, left / held if held else 0.0, np.nan_to_num(known))
        / np.where(hidden, 1, np.where(got > 0, got, 1)),
        0.0,
    )
    return shares * factor


def weights(joint: Joint, column: str, codes: Sequence[str]) -> tuple[float, ...]:
    """The shares of one column in the order of a code list; codes no table speaks of get none."""
    shares = dict(zip(joint.levels[joint.columns.index(column)], joint.margin([column]), strict=True))
    return tuple(float(shares.get(code, 0.0)) for code in codes)


def whole(counts: Ints) -> Floats:
    """Counts as floats, for a margin built in Python."""
    return counts.astype(np.float64)
