"""The private tier's proof, looked at from outside: does the ledger add up, and is the noise what it says?

Nothing here looks at a child. The mechanism is run thousands of times on two tables that one child tells
apart (a table of nothing, and the same with all that one child may put into one cell), with the noise of the ledger's own
entries. How well the two can be told apart bounds epsilon from below; the bound must not exceed what the ledger
claims. No attack replaces a ledger that is missing.
"""

from __future__ import annotations

import math

import numpy as np

from synth.draw import Floats
from synth.measure import FAIL, PASS, Measure, wilson
from synth.private import SLACK, Ledger, gaussian, rho_of

RUNS = 4000


def audited(ledger: Ledger, *, runs: int = RUNS) -> list[Measure]:
    """The ledger's sum, the noise's size, and the lower bound of epsilon. Raises TreError without OpenDP."""
    return [_adds_up(ledger), *_noise(ledger, runs)]


def _adds_up(ledger: Ledger) -> Measure:
    spent = sum(one.rho for one in ledger.spent)
    allowed = rho_of(ledger.epsilon, ledger.delta)
    word = PASS if ledger.spent and spent <= allowed * (1 + SLACK) else FAIL
    return Measure("ledger", spent, allowed, word, f"zCDP spent and allowed, {len(ledger.spent)} tables")


def _noise(ledger: Ledger, runs: int) -> list[Measure]:
    """Run every entry's noise on both tables; the best test there is adds up what they say."""
    told, size = np.zeros((2, runs)), list[float]()
    for one in ledger.spent:
        scale = one.sensitivity / math.sqrt(2 * one.rho)
        measure = gaussian(scale)
        reach = math.ceil(one.sensitivity)
        without, with_ = (np.array(measure([there] * runs), dtype=np.float64) for there in (0, reach))
        told[0] += without * reach / scale**2
        told[1] += with_ * reach / scale**2
        size.append(float(np.var(without) / scale**2))
    if not size:
        return []
    bound = lower_bound(told[0], told[1], ledger.delta)
    word = PASS if bound <= ledger.epsilon else FAIL
    least, most = min(size), max(size)
    # a variance of `runs` draws lies within 5 deviations of its own: sqrt(2 / runs) each
    wide = 5 * math.sqrt(2 / runs)
    right = PASS if least > 1 - wide and most < 1 + wide else FAIL
    return [
        Measure(
            "epsilon, audited from below", bound, ledger.epsilon, word, f"{runs:,} runs on each of two tables"
        ),
        Measure(
            "noise against the ledger",
            least,
            1.0,
            right,
            f"variance over that claimed, {least:.3f} to {most:.3f}",
        ),
    ]


def lower_bound(without: Floats, with_: Floats, delta: float) -> float:
    """The largest epsilon that two samples of a mechanism's answers rule out, with 95 % confidence.

    The cut is chosen on the first halves and judged on the second, so that the choice costs no confidence.
    """
    half = len(without) // 2
    cuts = np.quantile(np.concatenate([without[:half], with_[:half]]), np.linspace(0.02, 0.98, 49))
    best = max(cuts, key=lambda cut: _told(without[:half], with_[:half], float(cut), delta))
    return max(_told(without[half:], with_[half:], float(best), delta), 0.0)


def _told(without: Floats, with_: Floats, cut: float, delta: float) -> float:
    z = 2.24  # two one-sided bounds together hold with 95 %
    found = wilson(int((with_ > cut).sum()), len(with_), z)[0]
    wrong = wilson(int((without > cut).sum()), len(without), z)[1]
    other = wilson(int((without <= cut).sum()), len(without), z)[0]
    missed = wilson(int((with_ <= cut).sum()), len(with_), z)[1]
    ways = ((found, wrong), (other, missed))
    return max(math.log(max(good - delta, 1e-12) / max(bad, 1e-12)) for good, bad in ways)
