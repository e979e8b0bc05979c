"""SDV 2 as the engine of the fitted tier: the one door to it.

SDV learns and draws attributes, as levels: codes as they are, numbers and days as bands of the schema. It never sees an
identifier, a key or a date, and levels of fewer than `smallest` rows are missing before it looks. What it draws
is a pool of rows; the walk takes attributes from there and puts keys, dates and codes to them by its own rules.

SDV is source-available under the Business Source Licence 1.1, not open source (docs/explanation/synthetic-engines.md). It
needs pandas below 3 and is the extra `sdv`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from synth import levels as lv
from synth.draw import Ints
from synth.pool import Pool, grouped
from tre_toolkit.errors import TreError
from tre_toolkit.schema import Schema, Table

if TYPE_CHECKING:
    import pandas as pd

TREE, HMA, PAR = "tree", "hma", "par"
SINGLE = {"gaussian-copula": "GaussianCopulaSynthesizer", "ctgan": "CTGANSynthesizer"}
ENGINES = (TREE, *SINGLE, HMA, PAR)
"""`tree` is the toolkit's own and needs nothing; the others are SDV's."""
HMA_TABLES = 5  # SDV's own limits on the open HMA: five tables, one below the other once
MOST = 6  # rows of one parent that are kept together, as everywhere in the fitted tier
POOL = 5_000  # rows drawn of a table, at most
HMA_POOL = 300  # parents drawn by HMA: it takes a fifth of a second for each
ROW, ABOVE, PLACE = "row", "above", "place"
Told = Sequence[lv.Levels]


def fit_pools(
    tables: Mapping[str, pd.DataFrame],
    coded: Mapping[str, tuple[Told, Ints]],
    shape: Schema,
    *,
    engine: str,
    epochs: int,
    seed: int,
) -> dict[str, Pool]:
    """A pool for each table of `coded` (its levels and places) that the engine can model.

    Tables left out are those SDV can't take: without rows or columns, and for HMA those beyond its limits. Raises
    TreError when SDV isn't installed or refuses the tables.
    """
    with _quiet(seed):
        if engine == HMA:
            return _hma(tables, coded, shape)
        found = {}
        for name, (told, places) in coded.items():
            if not told or len(places) < 2:
                continue
            if engine == PAR:
                found[name] = _sequences(tables[name], shape.table(name), told, places, epochs)
            else:
                found[name] = _single(name, told, places, engine, epochs)
        return found


def refit(name: str, told: Told, *, engine: str, epochs: int, seed: int) -> Callable[[Ints, int], Ints]:
    """How a shadow fit is done with one of the engines of a single table: from some children, drawn rows."""

    def again(places: Ints, turn: int) -> Ints:
        with _quiet(seed + turn):
            return _single(name, told, places, engine, epochs).rows

    return again


def _single(name: str, told: Told, places: Ints, engine: str, epochs: int) -> Pool:
    """One table by itself: GaussianCopula or CTGAN."""
    sdv = _sdv("sdv.single_table")
    form = _metadata({name: told})
    more = {} if engine == "gaussian-copula" else {"epochs": epochs, "enable_gpu": False, "pac": 1}
    model = getattr(sdv, SINGLE[engine])(form, **more)
    made = _asked(lambda: _drawn_single(model, name, told, places), engine)
    return Pool(_names(told), _sizes(told), _places(made, told), engine)


def _drawn_single(model: Any, name: str, told: Told, places: Ints) -> Any:
    model.fit({name: _frame(told, places)})
    return model.sample(num_rows=min(max(len(places), 1000), POOL))[name]


def _sequences(frame: pd.DataFrame, table: Table, told: Told, places: Ints, epochs: int) -> Pool:
    """The rows of one child after one another: PAR, which models sequences of one table."""
    import pandas as pd

    sdv = _sdv("sdv.sequential")
    keys = list(table.inherits) or [name for name in (table.person,) if name and name in frame.columns]
    if not keys:
        return _single(table.name, told, places, "gaussian-copula", epochs)
    group = frame.groupby(keys, sort=False).ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    rows = _frame(told, places).iloc[order].reset_index(drop=True)
    rows[ABOVE] = group[order].astype(str)
    form = _metadata({table.name: told}, sequence=table.name)
    model = sdv.PARSynthesizer(form, epochs=epochs, cuda=False)

    def drawn() -> Any:
        model.fit({table.name: rows})
        return model.sample_sequences(num_sequences=min(int(group.max()) + 1, POOL))[table.name]

    made = _asked(drawn, PAR)
    of = pd.factorize(made[ABOVE])[0].astype(np.int64)
    groups, kept = grouped(of, _places(made, told), int(of.max()) + 1, of_parent=False, most=MOST)
    return Pool(_names(told), _sizes(told), kept, PAR, groups)


def _hma(
    tables: Mapping[str, pd.DataFrame], coded: Mapping[str, tuple[Told, Ints]], shape: Schema
) -> dict[str, Pool]:
    """A table and those right below it, together; SDV's HMA takes no more than five and no deeper."""
    sdv = _sdv("sdv.multi_table")
    family = _family(coded, shape)
    if not family:
        raise TreError(
            "no two tables here hang below one another, so HMA has nothing to model", where=shape.name,
            hint="choose --engine gaussian-copula",
        )  # fmt: skip
    top, below = family
    above = tables[top.name]
    parts = {top.name: _frame(*coded[top.name]).assign(**{ROW: np.arange(len(above))})}
    for one in below:
        keys = [name for name in (*one.inherits, one.person) if name and name in above.columns][:1]
        whose = above[keys].assign(place=np.arange(len(above))).drop_duplicates(keys)
        at = tables[one.name][keys].merge(whose, how="left", on=keys)[PLACE]
        known = at.notna().to_numpy()
        rows = _frame(*coded[one.name]).loc[known].reset_index(drop=True)
        parts[one.name] = rows.assign(**{ABOVE: at[known].astype(np.int64).to_numpy()})
    parts = {name: part for name, part in parts.items() if len(part)}
    form = _metadata({name: coded[name][0] for name in parts}, top=top.name)
    model = sdv.HMASynthesizer(form, verbose=False)

    def drawn() -> Any:
        model.fit(parts)
        return model.sample(num_rows=min(len(above), HMA_POOL), main_table_name=top.name)

    made = _asked(drawn, HMA)
    number = {int(row): at for at, row in enumerate(made[top.name][ROW])}
    told = coded[top.name][0]
    found = {top.name: Pool(_names(told), _sizes(told), _places(made[top.name], told), HMA)}
    for name in parts:
        if name != top.name:
            told = coded[name][0]
            of = made[name][ABOVE].map(number).to_numpy(dtype=np.int64)
            groups, kept = grouped(of, _places(made[name], told), len(number), of_parent=True, most=MOST)
            found[name] = Pool(_names(told), _sizes(told), kept, HMA, groups)
    return found


def _family(coded: Mapping[str, tuple[Told, Ints]], shape: Schema) -> tuple[Table, list[Table]] | None:
    """The table with most modelled tables right below it, and those."""
    usable = [
        one for one in shape.tables if one.name in coded and coded[one.name][0] and len(coded[one.name][1])
    ]
    below = {one.name: [two for two in usable if two.parent == one.name] for one in usable}
    top = max(usable, key=lambda one: len(below[one.name]), default=None)
    if top is None or not below[top.name]:
        return None
    return top, below[top.name][: HMA_TABLES - 1]


def _frame(told: Told, places: Ints) -> pd.DataFrame:
    """The levels as SDV likes them: words for codes, numbers for bands, missing where missing."""
    import pandas as pd

    made: dict[str, pd.Series[Any]] = {}
    for at, one in enumerate(told):
        missing = places[:, at] == one.size - 1
        if one.codes:
            words = np.array([f"L{place}" for place in range(one.size - 1)] + [None], dtype=object)
            made[f"c{at}"] = pd.Series(words[places[:, at]])
        else:
            made[f"c{at}"] = pd.Series(np.where(missing, np.nan, places[:, at].astype(np.float64)))
    return pd.DataFrame(made, index=pd.RangeIndex(len(places)))


def _places(made: pd.DataFrame, told: Told) -> Ints:
    """SDV's rows as places in the lists of levels again; what is no level is missing."""
    import pandas as pd

    columns = []
    for at, one in enumerate(told):
        cells, gone = made[f"c{at}"], one.size - 1
        if one.codes:
            number = pd.Index([f"L{place}" for place in range(one.size)]).get_indexer(pd.Index(cells))
            columns.append(np.where(number < 0, gone, number))
        else:
            number = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
            inside = np.clip(np.nan_to_num(np.round(number)), 0, gone - 1)
            columns.append(np.where(np.isnan(number), gone, inside))
    found: Ints = np.column_stack(columns).astype(np.int64)
    return found


def _metadata(tables: Mapping[str, Told], *, top: str | None = None, sequence: str | None = None) -> Any:
    """What SDV must be told of the columns; nothing is detected from the data."""
    described: dict[str, Any] = {}
    for name, told in tables.items():
        columns: dict[str, dict[str, str]] = {
            f"c{at}": {"sdtype": "categorical" if one.codes else "numerical"} for at, one in enumerate(told)
        }
        described[name] = {"columns": columns}
        if top is not None:
            columns[ROW if name == top else ABOVE] = {"sdtype": "id"}
        if name == top:
            described[name]["primary_key"] = ROW
        if name == sequence:
            columns[ABOVE] = {"sdtype": "id"}
            described[name]["sequence_key"] = ABOVE
    links = [
        {
            "parent_table_name": top,
            "child_table_name": name,
            "parent_primary_key": ROW,
            "child_foreign_key": ABOVE,
        }
        for name in tables
        if top is not None and name != top
    ]
    form = {"METADATA_SPEC_VERSION": "V1", "tables": described, "relationships": links}
    return _sdv("sdv.metadata").Metadata.load_from_dict(form)


def _names(told: Told) -> tuple[str, ...]:
    return tuple(one.field.name for one in told)


def _sizes(told: Told) -> tuple[int, ...]:
    return tuple(one.size for one in told)


def _asked(work: Callable[[], Any], engine: str) -> Any:
    """What SDV gives back; its refusals may repeat cells, so only their kind is told."""
    try:
        return work()
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as refused:
        raise TreError(
            f"SDV refuses to model these tables with {engine} ({type(refused).__name__})",
            hint="choose another --engine; `tree` takes any schema",
        ) from None


def _sdv(module: str) -> Any:
    """A module of SDV, imported when it is needed."""
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise TreError(
            "this engine needs SDV 2, which isn't installed",
            hint="pip install 'tre-toolkit[sdv]' in an environment with pandas below 3; --engine tree needs nothing",
        ) from None


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """SDV and torch draw from global generators: they start from the seed, and are as they were afterwards.

    SDV's loggers are silent meanwhile, and so are its warnings: both may repeat what the data hold.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _sdv("sdv.metadata")
        import torch

        before, numbers, level = np.random.get_state(), torch.get_rng_state(), logging.root.manager.disable
        try:
            np.random.seed(seed % (1 << 32))
            torch.manual_seed(seed)
            logging.disable(logging.CRITICAL)
            yield
        finally:
            logging.disable(level)
            np.random.set_state(before)
            torch.set_rng_state(numbers)
