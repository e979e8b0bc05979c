"""Attacks on a fitted set by somebody who looks for the nearest invented child, each against the hold-out.

* linkability: two people each know half of what is told of a child; do both find the same invented one?
* inference: somebody knows what may be known of a child; does the nearest invented one give a secret away?
* the distance to the closest record, for information only.

All tables are attacked at once, on flat children. An attack that does as well on children the fit never saw tells of the
world and not of the fit; the interval of the excess is Newcombe's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from synth.draw import Floats, Ints
from synth.flat import encoded
from synth.measure import INFORMATION, Measure, attack
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

TARGETS = 400  # children of each kind that are attacked
SECRETS = 3  # secrets that are guessed
CHUNK = 50  # children that are looked for at once
WIDTH = 40  # columns of a flat child that an attacker may use


def attacks(
    flats: Sequence[pd.DataFrame], shape: Schema, keys: Sequence[str], secrets: Sequence[str], *, seed: int
) -> list[Measure]:
    """Both attacks and the distances; nothing where there is too little to attack."""
    names, matrices, quantity = encoded(flats, shape)
    real, held, made = matrices
    if len(names) < 2 or not min(len(real), len(held), len(made)):
        return []
    luck = np.random.default_rng(seed)
    targets = [one[luck.permutation(len(one))[:TARGETS]] for one in (real, held)]
    found = [_linkability(targets, made, quantity, luck)]
    known = [at for at, name in enumerate(names) if name in keys]
    for secret in [names.index(name) for name in secrets if name in names][:SECRETS]:
        if known:
            found.append(_inference(targets, made, quantity, known, secret, names[secret]))
    return [*found, _closest(targets, made, quantity)]


def _linkability(
    targets: Sequence[Floats], made: Floats, quantity: Ints, luck: np.random.Generator
) -> Measure:
    """Whether both halves of what is told of a child lead to one invented child, and to it alone."""
    columns = luck.permutation(made.shape[1])[:WIDTH]
    halves = columns[::2], columns[1::2]
    hits = []
    for some in targets:
        first, second = (_nearest(some, made, half, quantity) for half in halves)
        both = [
            len(one) == 1 and len(two) == 1 and one[0] == two[0]
            for one, two in zip(first, second, strict=True)
        ]
        hits.append(int(sum(both)))
    return attack(
        "linkability", hits[0], len(targets[0]), hits[1], len(targets[1]), f"{len(columns)} columns"
    )


def _inference(
    targets: Sequence[Floats], made: Floats, quantity: Ints, known: Sequence[int], secret: int, name: str
) -> Measure:
    """Whether the secret that most of the nearest invented children have is the child's own."""
    columns = np.array([at for at in known if at != secret][:WIDTH])
    hits = []
    for some in targets:
        near = _nearest(some, made, columns, quantity)
        guesses = [_commonest(made[rows, secret]) for rows in near]
        hits.append(int(sum(guess == own for guess, own in zip(guesses, some[:, secret], strict=True))))
    commonest = _commonest(made[:, secret])
    blind = float(np.mean(targets[0][:, secret] == commonest))
    weak = "; weak: the commonest guess does better" if hits[0] / len(targets[0]) < blind else ""
    return attack(
        f"inference {name}",
        hits[0],
        len(targets[0]),
        hits[1],
        len(targets[1]),
        f"{len(columns)} columns known{weak}",
    )


def _closest(targets: Sequence[Floats], made: Floats, quantity: Ints) -> Measure:
    """Median share of differing cells to the closest invented child: for information, never for a verdict."""
    columns = np.arange(made.shape[1])[:WIDTH]
    near = [
        float(
            np.median(np.concatenate([block.min(axis=1) for block in _apart(some, made, columns, quantity)]))
        )
        for some in (one[:CHUNK] for one in targets)
    ]
    note = "no part of the verdict: sets that pass such distances have been shown to leak"
    return Measure("distance to the closest record", near[0], near[1], INFORMATION, note)


def _nearest(some: Floats, made: Floats, columns: Ints, quantity: Ints) -> list[Ints]:
    """The rows of `made` nearest to each of `some`, all that are as near."""
    found = list[Ints]()
    for block in _apart(some, made, columns, quantity):
        least = block.min(axis=1, keepdims=True)
        found += [np.flatnonzero(row) for row in block <= least + 1e-6]
    return found


def _apart(some: Floats, made: Floats, columns: Ints, quantity: Ints) -> Iterator[Floats]:
    """Gower's distance, a block of children at a time: a code differs or not, a quantity by its share of the range."""
    sides = [np.ascontiguousarray(made[:, at]) for at in columns]
    for start in range(0, len(some), CHUNK):
        block = some[start : start + CHUNK]
        total = np.zeros((len(block), len(made)), dtype=np.float32)
        for side, at in zip(sides, columns, strict=True):
            own = block[:, at][:, None]
            if quantity[at]:
                total += np.abs(own - side)
            else:
                total += own != side
        yield total / len(columns)


def _commonest(values: Floats) -> float:
    told, count = np.unique(values, return_counts=True)
    return float(told[count.argmax()])
