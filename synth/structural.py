"""Any dataset from its schema alone: the right columns, codes, keys and order of dates, and nothing else.

This is the walk for datasets whose joint structure the careers don't tell, and for schemas never seen before.
Identifiers are those of the invented people, so that what is made here joins with everything else. Codes are
equally likely, dates of one row follow one another in the order of their columns, optional columns are
sometimes missing, children's tables have children that exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synth import columns as col
from synth import levels as lv
from synth import pattern
from synth.days import NEVER, Days, day, month_start
from synth.draw import Draws, Floats, Index, Ints
from synth.effects import column as column_of
from synth.effects import has_rows
from synth.ids import numbered
from synth.model import Model, TableModel, drawn
from synth.mothers import mother_ids, mothers
from synth.pool import Pool
from synth.records import BORN, POSTCODE, UPN, Record, of_household, of_person
from synth.world import World
from tre_toolkit.errors import TreError, Where
from tre_toolkit.schema import Field, Schema, Table

MISSING = 0.15  # share of the cells of an optional column that are missing
PER_PARENT = (0.3, 0.4, 0.2, 0.1)  # how often a parent's row has 0, 1, 2, 3 rows below it
CHILDREN_PER_ENTITY = 25  # children for each row of a table that is not about children
ONE_FILE = "one per file"
WORDS = tuple(f"SYN {letter * 2}" for letter in "ABDEGHKQ")  # free text that is nobody's name
HOUSEHOLD, BIRTH_MONTH = "household", "birth_month"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table: which child each is about (-1 for none), a number of its own, and what came down."""

    child: Ints
    key: Index
    inherited: dict[str, col.Column]
    taken: Ints | None = None
    """The row of an engine's pool that each row takes its attributes from."""

    def __len__(self) -> int:
        return len(self.child)


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything a column may need to know."""

    world: World
    authority: int
    shape: Schema
    model: Model

    def of(self, table: Table) -> TableModel | None:
        """What is told of one table beyond its schema."""
        return self.model.tables.get(f"{self.shape.name}.{table.name}")

    def pool(self, table: Table) -> Pool | None:
        """The rows an engine drew of a table, where it is told by one."""
        told = self.of(table)
        return told.tree if told and told.levels and isinstance(told.tree, Pool) else None

    @property
    def draws(self) -> Draws:
        return self.world.draws

    @property
    def ends(self) -> int:
        """The last day of the collection year."""
        return day(f"{self.shape.year}-{self.shape.dataset.year_ends}")


def structural(
    world: World, authority: int, shape: Schema, model: Model | None = None
) -> dict[str, col.Sheet]:
    """All tables of a schema for one authority. Raises TreError for a schema whose tables hang in a ring."""
    done = walked(world, authority, shape, model)
    return {table.name: sheet(table, done[table.name]) for table in shape.tables}


def sheet(table: Table, rows: Rows) -> col.Sheet:
    """The rows of a table as its sheet."""
    return col.sheet(table, rows.inherited, len(rows))


def walked(world: World, authority: int, shape: Schema, model: Model | None = None) -> dict[str, Rows]:
    """The rows of every table of a schema, their columns under `inherited`."""
    walk, done = Walk(world, authority, shape, model or Model()), dict[str, Rows]()
    for table in _parents_first(shape):
        rows = _rows(walk, table, done)
        made = _columns(walk, table, rows)
        keep = _first_of_each_key(table, made, len(rows))
        if len(keep) < len(rows):
            made = {name: one.take(keep) for name, one in made.items()}
            taken = None if rows.taken is None else rows.taken[keep]
            rows = Rows(rows.child[keep], rows.key[keep], {}, taken)
        done[table.name] = Rows(rows.child, rows.key, made, rows.taken)
    return done


def _parents_first(shape: Schema) -> list[Table]:
    waiting, order = list(shape.tables), list[Table]()
    while waiting:
        ready = [one for one in waiting if not one.parent or one.parent in {done.name for done in order}]
        if not ready:
            raise TreError(
                "these tables hang below one another in a ring", where=Where(table=waiting[0].name)
            )
        order += ready
        waiting = [one for one in waiting if one not in ready]
    return order


def _rows(walk: Walk, table: Table, done: dict[str, Rows]) -> Rows:
    """How many rows there are, what each hangs below, and which row of a pool each takes."""
    rows = _hung(walk, table, done)
    pool = walk.pool(table)
    if rows.taken is None and pool is not None and not pool.groups:
        return replace(rows, taken=pool.choose(walk.draws, f"pool {table.name}", rows.key))
    return rows


def _hung(walk: Walk, table: Table, done: dict[str, Rows]) -> Rows:
    """How many rows there are, and what each hangs below."""
    below = done.get(table.parent or "")
    single = set(table.key) <= {*table.inherits, *([table.person] if table.person else [])} and bool(
        table.key
    )
    if below is not None and (table.inherits or table.person):
        named = [
            *table.inherits,
            *([table.person] if table.person and table.person not in table.inherits else []),
        ]
        at, turn, taken = _repeated(
            walk, table, below.key, least=0, most=1 if single else 3, single=single, above=below.taken
        )
        key = below.key[at] * np.uint64(8) + turn.astype(np.uint64)
        down = {name: below.inherited[name].take(at) for name in named if name in below.inherited}
        if table.counter:
            down[table.counter] = col.counts(turn + 1)
        return Rows(below.child[at], key, down, taken)
    if table.person:
        children = _children(walk, table)
        who = walk.world.people.who[children]
        alone = table.grain.startswith("one per ") and not table.grain.startswith(ONE_FILE)
        everyone = table.name in walk.shape.dataset.person_tables or single or alone
        at, turn, taken = _repeated(
            walk, table, who, least=1 if everyone else 0, most=1 if everyone else 3, single=everyone
        )
        return Rows(children[at], who[at] * np.uint64(8) + turn.astype(np.uint64), {}, taken)
    if table.grain == HOUSEHOLD:
        people = walk.world.people
        heads = np.flatnonzero((people.home == walk.authority) & (people.who == people.household))
        return Rows(heads, people.who[heads], {})
    first, last = (-(-place // CHILDREN_PER_ENTITY) for place in (walk.world.first, walk.world.last))
    if table.grain.startswith(ONE_FILE):
        first, last = 0, int(walk.world.first == 0)
    start = np.uint64(int(walk.world.plan.authorities[walk.authority]) << 40)
    return Rows(np.full(last - first, -1), start + np.arange(first, last, dtype=np.uint64), {})


def _repeated(
    walk: Walk, table: Table, key: Index, *, least: int, most: int, single: bool, above: Ints | None = None
) -> tuple[Ints, Ints, Ints | None]:
    """Place of the parent, number below it, and where a pool has rows that belong together the row of it, for each row."""
    told, pool, first = walk.of(table), walk.pool(table), None
    if pool is not None and pool.groups is not None and (above is not None or not pool.groups.of_parent):
        some = pool.groups
        group = above if some.of_parent else None
        if group is None:
            group = walk.draws.between(f"group of {table.name}", key, 0, len(some.counts) - 1)
        many, first = some.counts[group], some.starts[group]
        many = np.clip(many, least * (many > 0), 1) if single else many
    else:
        shares: Sequence[float] | Floats = PER_PARENT
        if told and len(told.rows) > 1:
            shares, most = told.rows, 1 if single else len(told.rows) - 1
        many = np.clip(walk.draws.pick(f"rows of {table.name}", key, shares), least, most)
    at = np.repeat(np.arange(len(key)), many)
    turn = np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
    return at, turn, None if first is None else first[at] + turn


def _children(walk: Walk, table: Table) -> Ints:
    """The authority's children who were born by the end of the year; with a UPN where that is their number here."""
    people = walk.world.people
    mine = (people.home == walk.authority) & (people.born <= walk.ends) & (walk.world.died > walk.ends - 365)
    if table.person and any(one.name == table.person and one.token == UPN for one in table.fields):
        mine &= (walk.world.school_from <= walk.ends) & (people.no_upn == 0)
    if any(is_of_mother(one) for one in table.fields):
        mine &= ~people.uasc
    children = np.flatnonzero(mine)
    return children[has_rows(walk.world, walk.shape.name, table.name, children, walk.ends)]


def _columns(walk: Walk, table: Table, rows: Rows) -> dict[str, col.Column]:
    made = {name: one for name, one in rows.inherited.items() if name in table.columns}
    told = drawn(walk.of(table), walk.draws, f"fitted {table.name}", rows.key, rows.taken)
    joint = walk.model.joint.draw(walk.draws, f"joint {table.name}", rows.key) if walk.model.joint else {}
    dates = [field for field in table.fields if field.type in ("date", "datetime") and field.token != BORN]
    days = _days(walk, table, dates, rows, told)
    for field in table.fields:
        if field.name in made or (field.only and field.only != walk.shape.dataset.form.kind):
            continue
        if (fact := _fact(walk, table, field, len(rows))) is not None:
            made[field.name] = fact
            continue
        if field.name in joint and walk.model.joint and (codes := walk.shape.codes(field)):
            levels = walk.model.joint.levels[walk.model.joint.columns.index(field.name)]
            made[field.name] = col.coded(
                levels, np.where(np.isin(levels, list(codes)), np.arange(len(levels)), -1)[joint[field.name]]
            )
            continue
        if field.name in told and field.name not in days:
            level, chosen = told[field.name]
            made[field.name] = lv.cells(
                level, chosen, walk.draws, f"inside {table.name}.{field.name}", rows.key, walk.shape
            )
            continue
        effect = column_of(
            walk.world, walk.shape.name, table.name, field, rows.child, rows.key, walk.ends, made
        )
        if effect is not None:
            made[field.name] = effect
            continue
        column = (
            _date(walk, field, days[field.name]) if field.name in days else _column(walk, table, field, rows)
        )
        if field.name in told:
            made[field.name] = column
            continue
        if not field.required and field.name not in table.key and field.name != table.person:
            gone = walk.draws.chance(f"missing {table.name}.{field.name}", rows.key, MISSING)
            column = col.blank(column, gone)
        made[field.name] = column
    return made


def _days(
    walk: Walk, table: Table, dates: list[Field], rows: Rows, told: dict[str, tuple[lv.Levels, Ints]]
) -> dict[str, Days]:
    """The dates of a row in the order of their columns, inside the year and never before the birth.

    A date that a model speaks of is drawn in its band and then moved, if need be, behind those before it.
    """
    found, before = dict[str, Days](), np.full(len(rows), walk.ends - 364)
    born = np.full(len(rows), -(1 << 30))
    if len(rows) and (rows.child >= 0).all():
        born = walk.world.people.born[rows.child]
        before = np.maximum(before, walk.world.people.born[rows.child])
    for at, field in enumerate(dates):
        if field.name == BIRTH_MONTH:
            found[field.name] = month_start(walk.world.people.born[rows.child])
            continue
        if field.name in told:
            chosen = lv.days(told[field.name][1], walk.draws, f"inside {field.name}", rows.key, walk.shape)
            found[field.name] = np.where(chosen < NEVER, np.maximum(chosen, before if at else born), NEVER)
            before = np.where(chosen < NEVER, np.maximum(chosen, before if at else born), before)
            continue
        step = walk.draws.between(f"day {table.name}.{field.name}", rows.key, 0, 200 if at == 0 else 60)
        before = np.minimum(before + step, walk.ends)
        found[field.name] = before
    return found


def _fact(walk: Walk, table: Table, field: Field, rows: int) -> col.Column | None:
    """What the file says of itself in the columns the catalogue names: whose it is, and of which year."""
    place, shape = f"{table.name}.{field.name}", walk.shape
    if place == shape.dataset.authority_from:
        return col.constant(walk.world.plan.authorities[walk.authority], rows)
    if place not in shape.dataset.year_from or not table.grain.startswith(ONE_FILE):
        return None
    if field.type in ("date", "datetime"):
        return _date(walk, field, np.full(rows, walk.ends))
    return col.constant(str(shape.year), rows)


def is_of_mother(field: Field) -> bool:
    """Whether a column numbers the child's mother or parent instead of the child."""
    return field.whose is not None


def _date(walk: Walk, field: Field, days: Days) -> col.Column:
    style = walk.shape.dataset.form.date_formats[0]
    if field.type == "datetime" and "%H" not in style:
        style += "T09:00:00"
    return col.dates(days, style)


def _column(walk: Walk, table: Table, field: Field, rows: Rows) -> col.Column:
    """One column: an identifier by its token, else by its type."""
    own_key = table.key == (field.name,) and field.name != table.person  # numbers its rows, not the children
    if (rows.child >= 0).all() and not is_of_mother(field) and not own_key:
        record = Record(walk.world, walk.authority, walk.shape, walk.ends)
        if (told := of_person(record, table, field, rows.child)) is not None:
            return told
    stream = f"{table.name}.{field.name}"
    if field.type == "code":
        values = list(walk.shape.codes(field))
        return col.coded(values or ["1"], walk.draws.pick(stream, rows.key, [1.0] * max(len(values), 1)))
    if field.type == "bool":
        return col.coded(walk.shape.dataset.form.booleans, walk.draws.pick(stream, rows.key, [1.0, 1.0]))
    if field.type == "integer":
        if field.name.lower() in ("year", "collection year"):
            return col.constant(str(walk.shape.year), len(rows))
        low, high = field.minimum or 0, 20 if field.maximum is None else field.maximum
        return col.counts(walk.draws.between(stream, rows.key, low, max(low, high)))
    if field.type == "decimal":
        return col.hundredths(walk.draws.between(stream, rows.key, 0, 10_000))
    return _text(walk, table, field, rows, stream)


def _text(walk: Walk, table: Table, field: Field, rows: Rows, stream: str) -> col.Column:
    if table.grain == HOUSEHOLD and field.name in table.key:
        return of_household(walk.world, rows.child)
    if is_of_mother(field) and (rows.child >= 0).all():
        them = mothers(walk.world)
        numbering = field.numbering or walk.shape.dataset.numbering or walk.shape.name
        return col.text(mother_ids(walk.world, them.of[rows.child], numbering, them))
    if table.key == (field.name,) or "linkage_id" in field.role:
        return col.text(numbered("SYN", rows.key % np.uint64(10**12), 12))
    if POSTCODE in (field.format, field.token):
        number = (walk.draws.words(stream, rows.key) % np.uint64(4000)).astype(np.int64)
        return col.text(walk.world.postcodes(number))
    if field.format and (parts := pattern.parts(field.format)):
        return col.text(pattern.words(walk.draws, stream, rows.key, parts))
    if field.name.upper() in ("LEA", "LA", "LA_CODE"):
        return col.constant(walk.world.plan.authorities[walk.authority], len(rows))
    if field.name.lower() in ("academicyear", "acadyr"):
        return col.constant(f"{walk.shape.year - 1}/{walk.shape.year}", len(rows))
    return col.coded(WORDS, walk.draws.pick(stream, rows.key, [1.0] * len(WORDS)))


def _first_of_each_key(table: Table, made: dict[str, col.Column], rows: int) -> Ints:
    """Rows whose key stands for the first time; all where the table has no key or a part of it isn't there."""
    import pandas as pd

    if not table.key or not rows or any(name not in made for name in table.key):
        return np.arange(rows)
    keys = pd.DataFrame({name: col.plain(made[name]).to_pandas() for name in table.key})
    return np.flatnonzero(~keys.duplicated().to_numpy())
