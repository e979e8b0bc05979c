"""The five tables every measurement of suppression and attack runs on, of the shapes and sizes of real releases.

Counts are invented: Poisson around log-normal rates, with the seed in the name, so that anybody makes the same ones.
`python tests/benchmarks/disclosure_tables.py` prints their sizes.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp

# name -> (rates' log mean, log spread); chosen so that 10 to 35 % of cells are small
SHAPES = {
    "20x20": (3.2, 1.0),
    "100 wards": (2.2, 1.0),
    "100x50": (3.3, 1.0),
    "1500 wards": (2.2, 1.1),
    "20x20x10": (2.8, 1.0),
}
LEVELS = {"100 wards": (3, 12, 100), "1500 wards": (9, 150, 1500)}
NEEDS = 6


@dataclass(frozen=True)
class Made:
    """One table: counts, equations (`total - parts = 0`), the members of every dimension, and each cell's codes."""

    name: str
    counts: np.ndarray
    rows: sp.csr_matrix
    codes: np.ndarray
    parents: tuple[dict[int, int], ...]
    sizes: tuple[int, ...]

    def small(self, least: int) -> np.ndarray:
        """The cells with 1 to least - 1 children."""
        return np.flatnonzero((self.counts > 0) & (self.counts < least))


@cache
def make(name: str, seed: int = 0) -> Made:
    """One of the five tables."""
    rng = np.random.default_rng([seed, sorted(SHAPES).index(name)])
    mean, spread = SHAPES[name]
    if name in LEVELS:
        tree, width = _tree(LEVELS[name], rng), NEEDS
        families = (tree, _flat(width))
        leaves = (LEVELS[name][-1], width)
    else:
        leaves = tuple(map(int, name.split("x")))
        families = tuple(_flat(size) for size in leaves)
    inner = rng.poisson(np.exp(rng.normal(mean, spread, leaves)))
    whole = inner
    for axis, family in enumerate(families):
        whole = _with_totals(whole, axis, family)
    codes = np.array(list(itertools.product(*map(range, whole.shape))), np.int64)
    return Made(name, whole.reshape(-1), _equations(whole.shape, families), codes, families, whole.shape)


def _flat(size: int) -> dict[int, int]:
    return dict.fromkeys(range(size), size)


def _tree(levels: tuple[int, int, int], rng: np.random.Generator) -> dict[int, int]:
    regions, areas, wards = levels
    top = wards + areas + regions
    family = {ward: wards + int(at) for ward, at in enumerate(np.sort(rng.integers(0, areas, wards)))}
    family.update({wards + area: wards + areas + area % regions for area in range(areas)})
    family.update({wards + areas + region: top for region in range(regions)})
    return family


def _with_totals(counts: np.ndarray, axis: int, family: dict[int, int]) -> np.ndarray:
    size = max(family.values()) + 1
    wide = np.zeros((size, *np.delete(counts.shape, axis)), np.int64)
    wide[: counts.shape[axis]] = np.moveaxis(counts, axis, 0)
    for child in sorted(family):  # children come before their totals
        wide[family[child]] += wide[child]
    return np.moveaxis(wide, 0, axis)


def _equations(shape: tuple[int, ...], families: tuple[dict[int, int], ...]) -> sp.csr_matrix:
    number = np.arange(int(np.prod(shape))).reshape(shape)
    row, cell, sign, count = [], [], [], 0
    for axis, family in enumerate(families):
        moved = np.moveaxis(number, axis, 0)
        for total in sorted(set(family.values())):
            parts = [child for child, above in family.items() if above == total]
            lines = moved[[total, *parts]].reshape(len(parts) + 1, -1)
            for line in lines.T:
                row += [count] * len(line)
                cell += line.tolist()
                sign += [1.0] + [-1.0] * len(parts)
                count += 1
    return sp.csr_matrix((sign, (row, cell)), shape=(count, number.size))


def main() -> None:
    """Print the sizes."""
    for name in SHAPES:
        made = make(name)
        print(
            f"{name:<12} {len(made.counts):>7,} cells {made.rows.shape[0]:>6,} equations {len(made.small(6)):>6,} small"
        )


if __name__ == "__main__":
    main()
