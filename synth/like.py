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

from synth.audit import audited
from synth.draw import Draws
from synth.judge import judge
from synth.levels import Levels
from synth.marks import check_unmarked
from synth.measure import REVIEW, Measure
from synth.membership import Refit, membership, tree_refit
from synth.model import STREAMS, TREE, Model, TableModel, coded, common, fit_return
from synth.private import Ledger, fit_private
from synth.sdv_engine import ENGINES, SINGLE
from synth.sdv_engine import refit as sdv_refit
from synth.tell import TELLERS
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

HELD_OUT = 0.2
ATTACKED = 2  # tables of a return that membership inference is tried on
SMALLEST = 10  # cells of fewer rows are not told by the fitted tier


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was learnt, and the real children to judge by."""

    model: Model
    fitted: tuple[Return, ...]
    held: tuple[Return, ...]
    ledger: Ledger | None = None
    engine: str = TREE
    epochs: int = 100

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
    for at, (one, _) in enumerate(halves):
        if tier == 2:
            tables |= fit_return(one, smallest=SMALLEST, engine=engine, epochs=epochs, seed=seed)
        else:
            if ledger is None:
                raise MisuseError("the private tier needs a budget", hint="give --epsilon and --delta")
            share = Ledger(ledger.epsilon, ledger.delta)
            share.rho = ledger.left / (len(halves) - at)
            declared = {name: dict(told) for name, told in (pairs or {}).get(one.dataset, {}).items()}
            tables |= fit_private(one, share, pairs=declared, seed=seed)
            ledger.spent += share.spent
    model = Model(tables=tables)
    fitted, held = tuple(one for one, _ in halves), tuple(out for _, out in halves)
    return Likeness(model, fitted, held, ledger, engine, epochs)


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


def judged(likeness: Likeness, made: Sequence[Return], *, seed: int = 0) -> dict[str, list[Measure]]:
    """The measures of every made return that has a real one; of the fits themselves; of the private tier's ledger."""
    told = {}
    for real, held in zip(likeness.fitted, likeness.held, strict=True):
        for one in made:
            if one.dataset == real.dataset:
                told[one.name] = judge(real.tables, held.tables, one.tables, real.schema, seed=seed)
        if likeness.ledger is None:
            told[real.dataset] = members(likeness, real, seed=seed)
    if likeness.ledger is not None:
        told["the private tier"] = audited(likeness.ledger)
    return {name: some for name, some in told.items() if some}


def members(likeness: Likeness, real: Return, *, seed: int) -> list[Measure]:
    """Membership inference on the tables of a return of which most is learnt."""
    about = []
    for table in real.schema.tables:
        model = likeness.model.tables.get(f"{real.dataset}.{table.name}")
        some = [lev for lev in model.levels if used(real.dataset, lev.field.name)] if model else []
        if some and table.person and len(real.tables[table.name]):
            about.append((len(some), table.name, some))
    found = []
    for _, name, some in sorted(about, key=lambda one: -one[0])[:ATTACKED]:
        codes = coded(real.tables[name], some, real.schema)
        if likeness.engine in ("tree", *SINGLE):
            refit = _refit(likeness, name, some, seed)
            found.append(membership(name, codes, [lev.size for lev in some], refit, seed=seed))
        else:
            note = f"not measured: eight more fits with {likeness.engine} take too long"
            found.append(Measure(f"membership {name}", 0.5, 0.5, REVIEW, note))
    return found


def _refit(likeness: Likeness, name: str, told: Sequence[Levels], seed: int) -> Refit:
    names, sizes = [one.field.name for one in told], [one.size for one in told]
    if likeness.engine == TREE:
        return tree_refit(names, sizes, SMALLEST, seed)
    again = sdv_refit(name, told, engine=likeness.engine, epochs=likeness.epochs, seed=seed)
    return lambda codes, turn: again(common(codes, told, SMALLEST), turn)


def used(dataset: str, column: str) -> bool:
    """Whether a column's fitted table reaches the set: careers take up the shares of some columns only."""
    return dataset not in TELLERS or column in STREAMS


def kept(likeness: Likeness) -> dict[str, list[list[str]]]:
    """Which margins the set keeps: for careers one-way shares, for all others the pairs of the trees."""
    told: dict[str, list[list[str]]] = {}
    for name, one in likeness.model.tables.items():
        if name.split(".")[0] in TELLERS:
            told[name] = [
                [level.field.name] for level in one.levels if used(name.split(".")[0], level.field.name)
            ]
        else:
            told[name] = [list(pair) for pair in one.tree.kept]
    return {name: pairs for name, pairs in told.items() if pairs}
