"""Several tables that share cells, protected in one program: what is hidden in one is hidden in all.

Cells are the same when the evidence says that they hold the same children, or when they carry the same labels
(everything else at its total) and the same true figure. Protecting
tables one by one hides a shared margin in one and prints it in the next; here a shared cell is one unknown.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from disclosure.attack import System, audit
from disclosure.check import Packs, check_table, printed
from disclosure.checks.counts import small
from disclosure.checks.solved import SOLVED
from disclosure.compare import Face, face, project, shared_dimensions
from disclosure.findings import Finding, Level
from disclosure.ledger import Entry
from disclosure.linear import FREE
from disclosure.methods import suppressed, with_truth
from disclosure.packs import Rules, chain
from disclosure.protection import Protected, read_source
from disclosure.shown import Ints
from disclosure.suppress import solve
from disclosure.suppress.problem import problem
from disclosure.table import Table
from tre_toolkit.errors import TreError


@dataclass(frozen=True, slots=True)
class Joined:
    """Tables over common unknowns: `cell[t]` gives each cell of table t its number."""

    tables: tuple[Table, ...]
    cell: tuple[Ints, ...]
    count: int

    @property
    def shared(self) -> int:
        """How many cells stand in more than one table."""
        return int(sum(len(cells) for cells in self.cell)) - self.count


def protect_together(
    sources: Sequence[Path | str | Any],
    *,
    packs: Packs = None,
    unit: str | None = None,
    seconds: float = 60.0,
    done: Callable[[int], None] = lambda _: None,
) -> list[Protected]:
    """Suppress several tables as one: files or frames of counts, as for `protect`.

    `done` is called with 1 once a pattern is found, and after each table. Raises TreError when a table can't be read
    or no pattern protects them all.
    """
    rules = chain(packs)
    read = [read_source(source, rules, unit) for source in sources]
    tables = [with_truth(table, rules) for table, *_ in read]
    joined = join(tables, rules)
    hidden = _solved(joined, rules, seconds)
    done(1)
    safe = []
    for table, cells, (_, grid, told, _) in zip(tables, joined.cell, read, strict=True):
        made = suppressed(table, rules, hidden.pattern, hidden.mask[cells])
        verdict = check_table(made.table, rules, prove=True)
        if verdict.level is Level.FAIL:
            first = next(found for found in verdict.findings if found.verdict is Level.FAIL)
            raise TreError(first.message, where=first.where, hint=first.fix)
        safe.append(Protected(made.table, "suppress", made.settings, made.lost, verdict, grid, told))
        done(1)
    return safe


def write_together(done: Sequence[Protected], files: Sequence[Path], into: Path) -> None:
    """Write each protected table under its file's name into the new folder `into`: all of them, or nothing.

    Raises TreError when two files have one name, or something stands at `into`.
    """
    if len({file.name for file in files}) < len(files):
        raise TreError("two of the files have the same name", hint="protect them under names of their own")
    if not into.parent.is_dir():
        raise TreError("the folder to write into doesn't exist", where=str(into.parent))
    try:
        into.mkdir()
    except FileExistsError:
        raise TreError("something stands here already", where=str(into), hint="name a new folder") from None
    try:
        for file, one in zip(files, done, strict=True):
            one.write(into / file.name)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise


def join(tables: Sequence[Table], rules: Rules, *, by_label: int | None = None) -> Joined:
    """Give the same cell the same number in every table it stands in.

    Only the first `by_label` tables (all, without it) are joined by their labels; by their children all are.
    """
    faces = [face(table, printed(table, rules)) for table in tables[:by_label]]
    start = np.r_[0, np.cumsum([len(table) for table in tables])]
    above = np.arange(int(start[-1]))
    for one in range(len(faces)):
        for two in range(one + 1, len(faces)):
            for a, b in _same(faces[one], faces[two], tables[one], tables[two]):
                low, high = sorted((_root(above, int(start[one]) + a), _root(above, int(start[two]) + b)))
                above[high] = low
    for alike in _same_children(tables):
        low, *rest = sorted({_root(above, int(at)) for at in alike})
        above[rest] = low
    roots = np.array([_root(above, at) for at in range(len(above))])
    _, number = np.unique(roots, return_inverse=True)
    number = number.reshape(-1)
    parts = tuple(number[start[at] : start[at + 1]] for at in range(len(tables)))
    return Joined(tuple(tables), parts, int(number.max(initial=-1)) + 1)


def _same_children(tables: Sequence[Table]) -> list[Ints]:
    """Groups of cells, numbered through all tables, that hold the same children as their evidence tells."""
    if not tables:
        return []
    sets = np.concatenate(
        [np.zeros(len(table), np.int64) if table.sets is None else table.sets for table in tables]
    )
    order = np.argsort(sets, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(sets[order])) + 1)
    return [group for group in groups if len(group) > 1 and sets[group[0]] != 0]


def attack_together(tables: Sequence[Table], rules: Rules, past: Sequence[Entry] = ()) -> list[Finding]:
    """What several tables give away together although each alone keeps it: hidden small cells of any of them.

    Only tables whose evidence tells the truth and which cells hold the same children take part; and of what was
    released earlier (`past`) all that shares a cell with them, or with others that do.
    """
    new = [table for table in tables if table.truth is not None and table.sets is not None and not table.base]
    earlier = [_table_of(entry) for entry in _sharing(new, past)]
    told = [*new, *earlier]
    if not new or len(told) < 2:
        return []
    joined = join(told, rules, by_label=len(new))
    cells_of = [printed(table, rules) for table in told]
    point, hidden, asked = np.zeros(joined.count), np.ones(joined.count, bool), np.zeros(joined.count, bool)
    for table, cells, shown in zip(told, joined.cell, cells_of, strict=True):
        point[cells] = table.truth
        np.logical_and.at(hidden, cells, ~shown.numbers)
        np.logical_or.at(asked, cells, small(table, rules) & ~shown.numbers)
    system = System(_stacked(joined), point, np.where(hidden, point, 0.0), np.where(hidden, FREE, 0.0))
    targets = np.flatnonzero(asked)
    least = rules.least or 1
    leaks = audit(system, targets, np.maximum(least - point[targets], 1.0), np.minimum(point[targets], 1.0))
    given = np.array(sorted({leak.cell for leak in leaks}), np.int64)
    found = []
    for number, (table, cells, shown) in enumerate(zip(told, joined.cell, cells_of, strict=True)):
        out = np.flatnonzero(np.isin(cells, given) & ~shown.numbers)
        if number < len(new):
            found += [_given_away(table, int(cell), told, rules) for cell in out]
        elif len(out):
            found += [_given_back(one, table, len(out), rules) for one in new]
    return found


def _sharing(new: Sequence[Table], past: Sequence[Entry]) -> list[Entry]:
    """The earlier releases that share a set of children with the new tables, or with one that does."""
    known = {int(number) for table in new if table.sets is not None for number in table.sets if number}
    left = {
        entry.number: (entry, {int(number) for number in entry.sets if number})
        for entry in past
        if entry.sets is not None and entry.truth is not None
    }
    found: list[Entry] = []
    while near := [number for number, (_, sets) in left.items() if not known.isdisjoint(sets)]:
        for number in near:
            entry, sets = left.pop(number)
            found.append(entry)
            known |= sets
    return sorted(found, key=lambda entry: entry.number)


def _table_of(entry: Entry) -> Table:
    """An earlier release as a table: what it printed, and the truth the ledger keeps."""
    exact = entry.low == entry.high
    return Table(
        name=f"release {entry.number} ({entry.name})",
        dimensions=entry.dimensions,
        members=entry.members,
        codes=entry.codes,
        shown=tuple(f"{low:.0f}" if one else "" for low, one in zip(entry.low, exact, strict=True)),
        size=(len(entry.codes), 1),
        units=entry.truth,
        unit=entry.unit,
        sets=entry.sets,
        parents=entry.parents or tuple({} for _ in entry.members),
    )


def _given_away(table: Table, cell: int, told: Sequence[Table], rules: Rules) -> Finding:
    others = ", ".join(sorted({_called(other) for other in told if other.name != table.name}))
    return Finding(
        Level.FAIL,
        f"{rules.packs[0].name}/{SOLVED}",
        table.name,
        table.where(cell),
        f"a reader of this table and of {others} together can work the hidden figure out too closely",
        "protect them as one: `tre protect FILE FILE --into FOLDER`",
    )


def _given_back(table: Table, earlier: Table, count: int, rules: Rules) -> Finding:
    figures = "a figure" if count == 1 else f"{count} figures"
    return Finding(
        Level.FAIL,
        f"{rules.packs[0].name}/differencing",
        table.name,
        "whole table",
        f"with this table a reader can work out {figures} that {earlier.name} hid",
        "hide the same cells as in the earlier release, or leave this table out",
    )


def _called(table: Table) -> str:
    return table.name if table.name.startswith("release ") else Path(table.name).name


def _stacked(joined: Joined) -> sp.csr_matrix:
    """The equations of all tables over their common cells."""
    blocks = []
    for table, cells in zip(joined.tables, joined.cell, strict=True):
        rows = table.known().tocoo()
        blocks.append(
            sp.csr_matrix((rows.data, (rows.row, cells[rows.col])), shape=(rows.shape[0], joined.count))
        )
    rows = sp.vstack(blocks).tocsr()
    rows.eliminate_zeros()  # a total and its only part are one cell: their equation says nothing
    return rows[np.diff(rows.indptr) > 0]


def _root(above: Ints, at: int) -> int:
    while above[at] != at:
        at = int(above[at])
    return at


def _same(one: Face, two: Face, first: Table, second: Table) -> list[tuple[int, int]]:
    shared = shared_dimensions(one, two)
    if not shared or first.truth is None or second.truth is None:
        return []
    ours, theirs = project(one, [a for a, _ in shared]), project(two, [b for _, b in shared])
    pairs = [(ours[key][2], theirs[key][2]) for key in ours.keys() & theirs.keys()]
    return sorted((a, b) for a, b in pairs if a >= 0 and b >= 0 and first.truth[a] == second.truth[b])


@dataclass(frozen=True, slots=True)
class _Solved:
    pattern: Any
    mask: Any


def _solved(joined: Joined, rules: Rules, seconds: float) -> _Solved:
    if rules.least is None:
        raise TreError("no named pack has a confirmed threshold", hint="chain one that has, such as dfe-cin")
    point, targets = np.zeros(joined.count), np.zeros(joined.count, bool)
    for table, cells in zip(joined.tables, joined.cell, strict=True):
        point[cells] = table.truth
        np.logical_or.at(targets, cells, small(table, rules))
    asked = problem(_stacked(joined), point, np.flatnonzero(targets), least=rules.least)
    pattern = solve(asked, seconds=seconds)
    if pattern is None:
        raise TreError(
            "no pattern of hidden cells protects these tables together",
            hint="leave out a total, merge categories, or round instead",
        )
    mask = np.zeros(joined.count, bool)
    mask[list(pattern.hidden)] = True
    return _Solved(pattern, mask)
