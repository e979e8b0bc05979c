"""Tiers 2 and 3: sets in the likeness of real returns, made inside the TRE, judged before anybody sees them.

The real children are split: most are fitted, the rest are held out, and the judge compares. A set made this
way is an *output*: it carries its report, and only the gate releases it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synth.draw import Draws
from synth.judge import Measure, judge
from synth.marks import check_unmarked
from synth.model import STREAMS, TREE, Model, TableModel, fit_return
from synth.private import Ledger, fit_private
from synth.sdv_engine import ENGINES
from synth.tell import TELLERS
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

HELD_OUT = 0.2
SMALLEST = 10  # cells of fewer rows are not told by the fitted tier


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was learnt, and the real children to judge by."""

    model: Model
    fitted: tuple[Return, ...]
    held: tuple[Return, ...]
    ledger: Ledger | None = None
    engine: str = TREE

    @property
    def streams(self) -> dict[str, Sequence[float]]:
        """Weights for the careers."""
        return self.model.streams()


def real_returns(paths: Sequence[Path], names: Sequence[str]) -> list[Return]:
    """The real returns of these datasets, one a dataset: the latest. Raises TreError for invented ones or none."""
    from tre_toolkit.returns import find, read

    latest: dict[str, Return] = {}
    for found in find(list(paths)):
        if found.dataset in names:
            latest[found.dataset] = read(found)
    missing = [name for name in names if name not in latest]
    if missing:
        raise TreError(f"there is no return of {', '.join(missing)} to learn from", where=str(paths[0]))
    check_unmarked(latest.values(), wanted="a fit learns from real ones")
    return list(latest.values())


def learn(
    returns: Sequence[Return], *, tier: int, seed: int, ledger: Ledger | None = None,
    pairs: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    engine: str = TREE, epochs: int = 100,
) -> Likeness:  # fmt: skip
    """Fit to four fifths of the children of each return; the private tier pays for its tables from `ledger`.

    `engine` (one of `sdv_engine.ENGINES`) draws the attributes of the fitted tier. Raises TreError when it
    isn't installed, MisuseError when there is no such engine.
    """
    if engine not in ENGINES:
        raise MisuseError(f"there is no engine {engine}", hint=f"choose from {', '.join(ENGINES)}")
    if engine != TREE and tier != 2:
        raise MisuseError("other engines belong to tier 2", hint="leave --engine out, or choose --tier 2")
    halves = [split(one, seed) for one in returns]
    tables: dict[str, TableModel] = {}
    for one, _ in halves:
        if tier == 2:
            tables |= fit_return(one, smallest=SMALLEST, engine=engine, epochs=epochs, seed=seed)
        else:
            if ledger is None:
                raise MisuseError("the private tier needs a budget", hint="give --epsilon and --delta")
            share = Ledger(ledger.epsilon, ledger.delta)
            share.rho = ledger.left / (len(halves))
            declared = {name: dict(told) for name, told in (pairs or {}).get(one.dataset, {}).items()}
            tables |= fit_private(one, share, pairs=declared, seed=seed)
            ledger.spent += share.spent
    model = Model(tables=tables)
    fitted, held = tuple(one for one, _ in halves), tuple(out for _, out in halves)
    return Likeness(model, fitted, held, ledger, engine)


def split(one: Return, seed: int) -> tuple[Return, Return]:
    """The return of the children who are fitted, and of those held out, chosen by their numbers and the seed."""
    import pandas as pd

    shape, fitted, held = one.schema, dict[str, Any](), dict[str, Any]()
    for table in shape.tables:
        frame = one.tables[table.name]
        if not table.person or table.person not in frame.columns:
            fitted[table.name] = held[table.name] = frame
            continue
        number = pd.util.hash_pandas_object(frame[table.person], index=False).to_numpy(dtype=np.uint64)
        out = Draws(seed).chance("held out", number.astype(np.uint64), HELD_OUT)
        fitted[table.name] = frame[~out].reset_index(drop=True)
        held[table.name] = frame[out].reset_index(drop=True)
    return replace(one, tables=fitted), replace(one, tables=held)


def judged(likeness: Likeness, made: Sequence[Return]) -> dict[str, list[Measure]]:
    """The measures of every made return that has a real one."""
    told = {}
    for real, held in zip(likeness.fitted, likeness.held, strict=True):
        for one in made:
            if one.dataset == real.dataset:
                told[one.name] = judge(real.tables, held.tables, one.tables, real.schema)
    return told


def kept(likeness: Likeness) -> dict[str, list[list[str]]]:
    """Which margins the set keeps: for careers one-way shares, for all others the pairs of the trees."""
    told: dict[str, list[list[str]]] = {}
    for name, one in likeness.model.tables.items():
        if name.split(".")[0] in TELLERS:
            told[name] = [[level.field.name] for level in one.levels if level.field.name in STREAMS]
        else:
            told[name] = [list(pair) for pair in one.tree.kept]
    return {name: pairs for name, pairs in told.items() if pairs}


def distances(real: pd.DataFrame, made: pd.DataFrame, one: TableModel, shape: Any) -> dict[str, float]:
    """Total variation of all columns and of all pairs, mean and largest."""
    from synth.model import coded

    first, second = coded(real, one.levels, shape), coded(made, one.levels, shape)
    sizes = [level.size for level in one.levels]
    ones, twos = [], []
    for at in range(len(sizes)):
        ones.append(_apart(first[:, at], second[:, at], sizes[at]))
        for other in range(at):
            width = sizes[at] * sizes[other]
            twos.append(
                _apart(
                    first[:, at] * sizes[other] + first[:, other],
                    second[:, at] * sizes[other] + second[:, other],
                    width,
                )
            )
    told = {"one_way": ones, "two_way": twos}
    return {
        f"{name}_{what}": float(made_of)
        for name, some in told.items()
        if some
        for what, made_of in (("mean", np.mean(some)), ("max", np.max(some)))
    }


def _apart(first: Any, second: Any, size: int) -> float:
    """Half the sum of the differences of shares."""
    shares = [np.bincount(one, minlength=size) / max(len(one), 1) for one in (first, second)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
