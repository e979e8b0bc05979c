"""Membership inference on the fitted tier: can somebody tell from the set who was fitted?

Shadow fits answer it. The fitted children are halved at random again and again; each half is fitted as the set was, and a
set is drawn. The attacker knows the model's form: a tree is counted from the drawn set, and a child seems a
member when the tree of that set makes it likelier than the trees of the other sets do. Half of the children were members
each time, so the attack's success is known. Those who stand out are attacked: the rarest records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from synth import tree
from synth.draw import Draws, Floats, Ints
from synth.measure import FAIL, PASS, REVIEW, Measure

SHADOWS = 8
TARGETS = 300  # the rarest records
MEMBERS = 20_000  # children that the experiment uses at most
GUESS, LIKELY, SURE = (
    0.5,
    0.55,
    0.6,
)  # area under the curve: blind, looked at, failed (when its lower bound is above)

Refit = Callable[[Ints, int], Ints]
"""From places of some children and a number of the fit: as many drawn rows as there were children."""


def tree_refit(names: Sequence[str], sizes: Sequence[int], smallest: int, seed: int) -> Refit:
    """How the toolkit's own engine fits and draws."""

    def refit(codes: Ints, turn: int) -> Ints:
        fitted = tree.learn(codes, names, sizes, smallest=smallest)
        who = np.arange(len(codes), dtype=np.uint64)
        return fitted.draw(Draws(seed + turn), "shadow", who)

    return refit


def membership(
    name: str, codes: Ints, sizes: Sequence[int], refit: Refit, *, seed: int, shadows: int = SHADOWS
) -> Measure:
    """The area under the attack's curve, with its interval: 0.5 is blind.

    `codes` are the fitted children as places in lists of levels.
    """
    luck = np.random.default_rng(seed)
    codes = codes[luck.permutation(len(codes))[:MEMBERS]]
    label = f"membership {name}"
    if len(codes) < 40 or shadows < 2:
        return Measure(label, GUESS, GUESS, REVIEW, "too few children, or no shadow fits: not measured")
    names = [str(at) for at in range(len(sizes))]
    targets = np.argsort(_likelihood(codes, codes, names, sizes), kind="stable")[:TARGETS]
    scores, inside = np.zeros((shadows, len(targets))), np.zeros((shadows, len(targets)), dtype=bool)
    for turn in range(shadows):
        member = luck.permutation(np.arange(len(codes)) % 2 == 0)
        drawn = refit(codes[member], turn)
        scores[turn] = _likelihood(drawn, codes[targets], names, sizes)
        inside[turn] = member[targets]
    apart = scores - scores.mean(axis=0)  # what the other sets say of the same child is its own measure
    value, low, high = area(apart[inside], apart[~inside])
    word = FAIL if low > SURE else REVIEW if low > LIKELY else PASS
    note = f"area under the curve; {shadows} shadow fits, the {len(targets)} rarest children"
    return Measure(label, value, GUESS, word, note, low - GUESS, high - GUESS)


def _likelihood(drawn: Ints, children: Ints, names: Sequence[str], sizes: Sequence[int]) -> Floats:
    """The logarithm of each child's likelihood under a tree counted from the drawn rows, every cell one more."""
    fitted = tree.learn(drawn, names, sizes)
    total = np.zeros(len(children))
    for at in fitted.order:
        table = np.atleast_2d(fitted.tables[at]) + 1.0
        shares = np.log(table / table.sum(axis=1, keepdims=True))
        above = (
            children[:, fitted.parent[at]]
            if fitted.parent[at] >= 0
            else np.zeros(len(children), dtype=np.int64)
        )
        total += shares[above, children[:, at]]
    return total


def area(members: Floats, others: Floats) -> tuple[float, float, float]:
    """The area under the curve of two samples' scores, and its 95 % interval (Hanley and McNeil 1982)."""
    both = np.concatenate([members, others])
    order = np.argsort(both, kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(1, len(both) + 1)
    _, group, count = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.bincount(group, weights=ranks) / count)[group]  # ties share their places
    first, second = len(members), len(others)
    value = (ranks[:first].sum() - first * (first + 1) / 2) / max(first * second, 1)
    one, two = value / (2 - value), 2 * value**2 / (1 + value)
    variance = (value * (1 - value) + (first - 1) * (one - value**2) + (second - 1) * (two - value**2)) / max(
        first * second, 1
    )
    wide = 1.96 * float(np.sqrt(max(variance, 0.0)))
    return float(value), float(value) - wide, float(value) + wide
