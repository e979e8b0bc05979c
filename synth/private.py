"""The private tier: the tables of declared trees, counted once with noise and never looked at again.

The unit of privacy is the child: before counting, each child keeps at most `rows` rows of a table, so that
leaving one child out changes a table by at most that many. Every table is paid from one ledger of
zero-concentrated differential privacy, converted to (epsilon, delta) once. The noise is OpenDP's discrete
Gaussian, which is exact on whole numbers; it can't be seeded, and isn't meant to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import levels as lv
from synth import tree
from synth.draw import Floats, Ints
from synth.model import MOST, TableModel, coded, complete
from tre_toolkit.errors import MisuseError, TreError

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

SLACK = 1e-6  # relative: floating-point sums of a budget must not exceed it


@dataclass(frozen=True, slots=True)
class Entry:
    """What was spent on one table, and how much one child can change it."""

    what: str
    rho: float
    sensitivity: float


@dataclass(slots=True)
class Ledger:
    """One budget for all tables: what was spent on which, and what is left."""

    epsilon: float
    delta: float
    rho: float = field(init=False)
    spent: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not (self.epsilon > 0 and 0 < self.delta < 1):
            raise MisuseError(
                "a private set needs a budget", hint="--epsilon above 0 and --delta between 0 and 1"
            )
        self.rho = rho_of(self.epsilon, self.delta)

    @property
    def left(self) -> float:
        return self.rho - sum(one.rho for one in self.spent)

    def spend(self, what: str, rho: float, sensitivity: float = 1.0) -> None:
        """Take `rho` from the budget. Raises TreError when it isn't there any more."""
        if rho <= 0 or rho > self.left + self.rho * SLACK:
            raise TreError(
                "the privacy budget is spent", where=what, hint="fewer tables, or a larger epsilon"
            )
        self.spent.append(Entry(what, rho, sensitivity))

    def as_json(self) -> dict[str, Any]:
        """What the report tells."""
        return {
            "unit": "child",
            "epsilon": self.epsilon,
            "delta": self.delta,
            "rho": self.rho,
            "spent": [
                {"table": one.what, "rho": one.rho, "sensitivity": one.sensitivity} for one in self.spent
            ],
        }


def rho_of(epsilon: float, delta: float) -> float:
    """The zCDP budget whose conversion (Bun and Steinke 2016) gives this epsilon at this delta."""
    root = math.sqrt(math.log(1 / delta))
    return (math.sqrt(root * root + epsilon) - root) ** 2


def noisy(ledger: Ledger, what: str, rho: float, sensitivity: float) -> tree.Noise:
    """A pass of discrete Gaussian noise over a table, paid for at once."""
    ledger.spend(what, rho, sensitivity)
    scale = sensitivity / math.sqrt(2 * rho)
    measure = gaussian(scale)

    def add(table: Floats) -> Floats:
        return np.array(measure([int(one) for one in table.ravel()]), dtype=np.float64).reshape(table.shape)

    return add


def gaussian(scale: float) -> Callable[[list[int]], list[int]]:
    """OpenDP's measurement: the one door to it."""
    try:
        import opendp.prelude as dp
    except ModuleNotFoundError:
        raise TreError(
            "the private tier needs OpenDP, which isn't installed", hint="pip install 'tre-toolkit[dp]'"
        ) from None
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)
    made: Callable[[list[int]], list[int]] = dp.m.make_gaussian(*space, scale=scale)
    return made


def bounded(frame: pd.DataFrame, child: str, rows: int, seed: int) -> pd.DataFrame:
    """At most `rows` rows of each child, chosen at random."""
    order = np.random.default_rng(seed).permutation(len(frame))
    shuffled = frame.iloc[order]
    return shuffled[shuffled.groupby(child).cumcount() < rows].sort_values("row_no")


def fit_private(
    one: Return, ledger: Ledger, *, pairs: dict[str, dict[str, str]], rows: int = 1, seed: int = 0
) -> dict[str, TableModel]:
    """A noisy tree for each table about children.

    `pairs` declares the trees: for a table, each column's parent; a column not named hangs below none. The
    pairs are chosen by people from the schema: no budget is spent on looking. Raises TreError when delta is too
    large for the number of children, or the budget doesn't reach.
    """
    shape = one.schema
    about = [table for table in shape.tables if table.person and lv.levels_of(table, shape)]
    people = max((one.tables[table.name][table.person].nunique() for table in about), default=0)
    if ledger.delta >= 1 / (10 * max(people, 1)):
        raise TreError(
            "delta is too large for so many children", hint="below one tenth of one over their number"
        )
    passes = sum(len(lv.levels_of(table, shape)) + 1 for table in about)
    found = dict[str, TableModel]()
    for table in about:
        frame = bounded(one.tables[table.name], str(table.person), rows, seed)
        told = lv.levels_of(table, shape)
        share = ledger.rho / max(passes, 1) * (1 - SLACK)
        name = f"{one.dataset}.{table.name}"
        order, parent = _declared([level.field.name for level in told], pairs.get(table.name, {}))
        codes = coded(frame, told, shape)
        fitted = _counted(codes, told, order, parent, ledger, name, share, rows)
        counts = one.tables[table.name].groupby(table.person).size().clip(upper=MOST).to_numpy()
        noise = noisy(ledger, f"{name} rows", share, 1.0)
        many = np.maximum(noise(np.bincount(counts, minlength=MOST + 1).astype(np.float64)), 0)
        found[name] = TableModel(tuple(told), fitted, many if many.sum() else np.ones(MOST + 1))
    return found


def _counted(
    codes: Ints,
    told: list[lv.Levels],
    order: list[int],
    parent: list[int],
    ledger: Ledger,
    name: str,
    rho: float,
    rows: int,
) -> tree.Tree:
    """Every table of the tree counted with noise of its own; one child moves a table by at most `rows`."""
    names, sizes = [one.field.name for one in told], [one.size for one in told]
    tables = list[Floats]()
    for at in range(len(told)):
        noise = noisy(ledger, f"{name}.{names[at]}", rho, float(rows))
        one = tree.count_tree(codes, names, sizes, [at], parent, noise=noise)
        tables.append(one.tables[at])
    made = tree.Tree(tuple(names), tuple(sizes), tuple(order), tuple(parent), tuple(tables))
    return complete(made, told)


def _declared(names: list[str], pairs: dict[str, str]) -> tuple[list[int], list[int]]:
    """Order of drawing and parents. Raises MisuseError for pairs that name no column or run in a ring."""
    unknown = {*pairs, *pairs.values()} - set(names)
    if unknown:
        raise MisuseError(
            "a declared pair names a column that no model speaks of", hint=", ".join(sorted(unknown))
        )
    parent = [names.index(pairs[name]) if name in pairs else -1 for name in names]
    order = list[int]()
    while len(order) < len(names):
        ready = [
            at for at in range(len(names)) if at not in order and (parent[at] < 0 or parent[at] in order)
        ]
        if not ready:
            raise MisuseError("the declared pairs run in a ring")
        order += ready
    return order, parent
