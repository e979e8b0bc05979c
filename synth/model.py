"""What a walk may be told beyond the schema: joint tables of approved figures, or trees fitted to real returns.

The walk is the same in every tier; a model only says how often. For the returns that careers are told as,
a model gives the weights of the careers' own draws, so that every rule is kept whatever was fitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import levels as lv
from synth import tree
from synth.care import REASONS
from synth.careers import CATEGORIES, NEEDS, SOURCES
from synth.draw import Draws, Floats, Ints
from synth.margins import Joint, weights
from synth.people import ETHNIC_CODES
from synth.pool import Pool
from tre_toolkit.schema import Schema, Table

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

TREE = "tree"  # the toolkit's own engine of the fitted tier
MOST = 6  # rows below one parent that a model tells apart; the last stands for all above
# column of a return -> the careers' stream that draws it, and its codes in the stream's order
STREAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ReferralSource": ("source", SOURCES),
    "PrimaryNeedCode": ("need", NEEDS),
    "InitialCategoryOfAbuse": ("category", CATEGORIES),
    "Ethnicity": ("ethnic", ETHNIC_CODES),
    "ETHNIC": ("ethnic", ETHNIC_CODES),
    "REASON_PLACE_CHANGE": ("change reason", REASONS),
}


@dataclass(frozen=True, slots=True)
class TableModel:
    """One table: how many rows a child or parent has, and the tree or the pool its columns come from."""

    levels: tuple[lv.Levels, ...]
    tree: tree.Tree | Pool
    rows: Floats
    """How often there are 0, 1, ... MOST rows below one parent."""


@dataclass(frozen=True, slots=True)
class Model:
    """What the walk is told: `joint` of approved tables, `tables` of fitted trees by "dataset.table"."""

    joint: Joint | None = None
    tables: Mapping[str, TableModel] = field(default_factory=dict)

    def streams(self) -> dict[str, Sequence[float]]:
        """The weights for the careers' own draws."""
        found = dict[str, Sequence[float]]()
        for column, (stream, codes) in STREAMS.items():
            if self.joint is not None and column in self.joint.columns:
                found[stream] = weights(self.joint, column, codes)
        for one in self.tables.values():
            for at, level in enumerate(one.levels):
                if level.field.name in STREAMS and one.tree.sizes:
                    stream, codes = STREAMS[level.field.name]
                    found[stream] = _shares(one.tree.shares(at), level.codes, codes)
        return {stream: shares for stream, shares in found.items() if sum(shares) > 0}


def _shares(told: Floats, levels: Sequence[str], codes: Sequence[str]) -> tuple[float, ...]:
    """The one-way shares of a column in the order of `codes`; the last of `told` is missing."""
    of = dict(zip(levels, told, strict=False))
    return tuple(float(of.get(code, 0.0)) for code in codes)


def fit_return(
    one: Return, *, smallest: int, engine: str = TREE, epochs: int = 100, seed: int = 0
) -> dict[str, TableModel]:
    """A tree, or what another engine draws, for each table of a real return.

    Cells (for the engines: levels) of fewer than `smallest` rows are not told. Tables that an engine can't take get a
    tree. Raises TreError when the engine isn't installed or refuses.
    """
    shape, found = one.schema, dict[str, TableModel]()
    told = {table.name: tuple(lv.levels_of(table, shape)) for table in shape.tables}
    codes = {name: coded(one.tables[name], some, shape) for name, some in told.items()}
    pools = dict[str, Pool]()
    if engine != TREE:
        from synth.sdv_engine import fit_pools

        shown = {name: (told[name], common(codes[name], told[name], smallest)) for name in told}
        pools = fit_pools(one.tables, shown, shape, engine=engine, epochs=epochs, seed=seed)
    for table in shape.tables:
        some = told[table.name]
        names, sizes = [lev.field.name for lev in some], [lev.size for lev in some]
        fitted: tree.Tree | Pool = pools.get(table.name) or complete(
            tree.learn(codes[table.name], names, sizes, smallest=smallest), some
        )
        rows = rows_below(one.tables, table, shape)
        found[f"{one.dataset}.{table.name}"] = TableModel(some, fitted, rows)
    return found


def complete(fitted: tree.Tree, told: Sequence[lv.Levels]) -> tree.Tree:
    """The tree, with nothing missing in a column that must be filled, whatever noise or small cells have left there."""
    tables = list(fitted.tables)
    for at, level in enumerate(told):
        if level.field.required and tables[at].size:
            tables[at] = tables[at].copy()
            tables[at][..., -1] = 0.0
            tables[at] = tree.filled(tables[at], last=False)
    return replace(fitted, tables=tuple(tables))


def common(codes: Ints, told: Sequence[lv.Levels], smallest: int) -> Ints:
    """The places, with those of levels that fewer than `smallest` rows have missing (or, in a required column, the commonest)."""
    made = codes.copy()
    for at, level in enumerate(told):
        counts = np.bincount(codes[:, at], minlength=level.size)
        rare = counts < smallest
        instead = int(counts.argmax()) if level.field.required else level.size - 1
        made[rare[codes[:, at]], at] = instead
    return made


def coded(frame: pd.DataFrame, told: Sequence[lv.Levels], shape: Schema) -> Ints:
    """The table as places in lists of levels, one column a level list."""
    if not told:
        return np.zeros((len(frame), 0), dtype=np.int64)
    return np.column_stack([lv.places(one, frame[one.field.name], shape) for one in told])


def rows_below(tables: Mapping[str, pd.DataFrame], table: Table, shape: Schema) -> Floats:
    """How many parents (or children) have 0, 1, ... MOST rows of this table."""
    import pandas as pd

    keys = list(table.inherits) or ([table.person] if table.person else [])
    above = table.parent or next(iter(shape.dataset.person_tables), None)
    if not keys or above is None or any(name not in tables[above] for name in keys):
        keys, above = ([table.person] if table.person else []), table.name
    if not keys:
        return np.ones(1)
    counts = tables[table.name].groupby(keys).size()
    everyone = tables[above].groupby(keys).size()
    many = np.minimum(pd.Series(counts).reindex(everyone.index, fill_value=0).to_numpy(), MOST)
    return np.bincount(many.astype(np.int64), minlength=MOST + 1).astype(np.float64)


def drawn(
    model: TableModel | None, draws: Draws, stream: str, key: Any, taken: Ints | None = None
) -> dict[str, tuple[lv.Levels, Ints]]:
    """The levels of each modelled column, for each row; `taken` are the rows of the pool that were chosen already."""
    if model is None or not model.levels:
        return {}
    if taken is not None and isinstance(model.tree, Pool):
        made = model.tree.rows[taken]
    else:
        made = model.tree.draw(draws, stream, key)
    return {level.field.name: (level, made[:, at]) for at, level in enumerate(model.levels)}
