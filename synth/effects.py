"""Joint structure across datasets: what a child's history in services says in attainment, absence and justice.

`data/effects.toml` holds it as data: for a column a mean or a share for each of four standings (none, in need,
protection plan, looked after, each *ever by the end of the year*), for a table who has rows in it. The walk asks
here before it draws for itself. Tier 0 doesn't ask.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from synth import columns as col
from synth.days import school_year
from synth.draw import Flags, Index, Ints
from synth.world import World
from tre_toolkit.schema import Field

EFFECTS = Path(__file__).parent / "data" / "effects.toml"
ROWS = "rows"


@cache
def effects(dataset: str, table: str) -> Mapping[str, Mapping[str, Any]]:
    """What is said of a table: by column, and under `rows`."""
    told: dict[str, Any] = tomllib.loads(EFFECTS.read_text(encoding="utf-8"))
    found: Mapping[str, Mapping[str, Any]] = told.get(dataset, {}).get(table, {})
    return found


def has_rows(world: World, dataset: str, table: str, children: Ints, on: int) -> Flags:
    """Who of the children is in the table at all."""
    said = effects(dataset, table).get(ROWS, {}) if world.plan.tier else {}
    number = school_year(world.people.born[children], on)
    there = np.ones(len(children), dtype=bool)
    if "school_year" in said:
        there &= number == said["school_year"]
    if "from_school_year" in said:
        there &= number >= said["from_school_year"]
    if "share" in said:
        chance = np.array(said["share"])[world.ever(on)[children]]
        there &= world.draws.chance(f"in {dataset}.{table} {on}", world.people.who[children], chance)
    return there


def column(
    world: World, dataset: str, table: str, field: Field, children: Ints, key: Index, on: int, made: Mapping[str, col.Column]
) -> col.Column | None:  # fmt: skip
    """The column as the children's histories tell it; None where nothing is said of it."""
    said = effects(dataset, table).get(field.name) if world.plan.tier else None
    if said is None or not (children >= 0).all():
        return None
    if "sum" in said:
        return _sum([made[name] for name in said["sum"]])
    standing = world.ever(on)[children]
    stream = f"{dataset}.{table}.{field.name}"
    if "share" in said:
        return col.coded(
            ("0", "1"), world.draws.chance(stream, key, np.array(said["share"])[standing]).astype(np.int64)
        )
    middle = np.array(said["mean"], dtype=np.float64)[standing]
    # a child does as well or as badly in all columns: half of the spread is the child's own
    own, once = (
        _bell(world, name, some) for name, some in (("ability", world.people.who[children]), (stream, key))
    )
    spread = np.broadcast_to(np.array(said["spread"], dtype=np.float64), 4)[standing]
    value = middle + spread * (own + once) / np.sqrt(2)
    value = np.clip(value, field.minimum or 0, np.inf if field.maximum is None else field.maximum)
    if field.type == "decimal":
        return col.hundredths(np.floor(value * 100).astype(np.int64))
    return col.counts(np.round(value).astype(np.int64))


def _bell(world: World, stream: str, key: Index) -> Any:
    """Numbers with mean 0 and deviation 1, near enough to normal: twelve dice less six."""
    return sum(world.draws.uniform(stream, key, at) for at in range(12)) - 6.0


def _sum(parts: list[col.Column]) -> col.Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = [pc.cast(col.plain(one), pa.int64()) for one in parts]
    total = whole[0]
    for one in whole[1:]:
        total = pc.add(total, one)
    return pc.cast(total, pa.string())
