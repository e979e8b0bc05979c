"""What an attacker without the key could still learn from what would leave; measured before sealing.

Two attackers. One holds public lists of how common names and birth dates are, and sorts tokens by
how often they stand: a token borne by many can be guessed, so each token column's share of records
in groups of ten or more is held to a limit. The other knows a child's birth month, sex and the like
and looks for the row: children whose combination of kept quasi-identifiers is shared by fewer than
the project's smallest group are counted, and above the limit the column to coarsen is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pseudonymise.planning import ColumnPlan
from tre_toolkit.errors import Problem, Where
from tre_toolkit.project import Limits

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

COMMON = 10  # records that bear a token before its frequency tells something: the prototype's measure


@dataclass(frozen=True, slots=True)
class TokenExposure:
    """One token column: of `records` with a token, `common` bear one of ten or more; `largest` group."""

    place: str
    column: str
    records: int
    common: int
    largest: int

    @property
    def share(self) -> float:
        return self.common / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True)
class GroupExposure:
    """One return: of `children`, `exposed` share their quasi-identifiers with too few others.

    `coarsest` names the column whose leaving-out would help most, and `would_be` what would remain;
    `alike` counts children whose group, large enough, has one value only in some sensitive column.
    """

    place: str
    columns: tuple[str, ...]
    children: int
    exposed: int
    coarsest: str | None
    would_be: int
    alike: int
    by: str | None = None
    """The sensitive column in which most of those are alike."""
    smallest: int = 0
    """Children in the smallest group: the k of k-anonymity."""
    values: int = 0
    """Values of a sensitive column in the group that has fewest: the l of l-diversity."""

    @property
    def alike_share(self) -> float:
        return self.alike / self.children if self.children else 0.0

    @property
    def share(self) -> float:
        return self.exposed / self.children if self.children else 0.0


def of_tokens(place: str, column: str, pieces: Iterable[np.ndarray]) -> TokenExposure:
    """The exposure of a token column of one return.

    `pieces` tell its tokens apart, as numbers (uint64) of which equal ones stand in one piece.
    """
    import numpy as np

    records = common = largest = 0
    for piece in pieces:
        there = np.sort(piece)
        again = there[1:][there[1:] == there[:-1]]  # few, where tokens tell children apart
        counts = np.unique(again, return_counts=True)[1] + 1
        records += len(there)
        common += int(counts[counts >= COMMON].sum())
        largest = max(largest, int(counts.max(initial=min(1, len(there)))))
    return TokenExposure(place, column, records, common, largest)


def of_groups(
    place: str,
    tables: Mapping[str, pa.Table],
    plans: Sequence[ColumnPlan],
    one_a_child: Sequence[str],
    limits: Limits,
) -> GroupExposure | None:
    """k-anonymity and l-diversity of the kept quasi-identifiers of the tables with one row a child."""
    wanted = person_columns({name: table.column_names for name, table in tables.items()}, plans, one_a_child)
    of_role = {
        role: [f"{one.table}.{one.column}" for some in wanted.values() for one in some if (role in one.role)]
        for role in ("quasi_id", "sensitive")
    }
    names = tuple(of_role["quasi_id"])
    if not names:
        return None
    whole = _joined(tables, wanted)
    sensitive = tuple(name for name in of_role["sensitive"] if name not in names)
    exposed = _exposed(whole, names, limits.smallest_group)
    without = {
        name: _exposed(whole, [one for one in names if one != name], limits.smallest_group) for name in names
    }
    coarsest = min(without, key=lambda name: (without[name], name)) if len(names) > 1 else None
    return GroupExposure(
        place,
        names,
        whole.num_rows,
        exposed,
        coarsest,
        without[coarsest] if coarsest else 0,
        *_alike(whole, names, sensitive, limits.smallest_group),
    )


def problems(
    tokens: Sequence[TokenExposure], groups: Sequence[GroupExposure], limits: Limits
) -> list[Problem]:
    """What is above the project's limits, and what to do about it."""
    found = [
        Problem(
            f"{one.share:.1%} of its records bear a token of ten or more, the limit is {limits.common_tokens:.1%}",
            Where(one.place, column=one.column),
            "look whether these values are real, drop a column they are made of, or agree a higher limit",
        )
        for one in tokens
        if one.share > limits.common_tokens
    ]
    found += [
        Problem(
            f"{one.share:.1%} of its children share {', '.join(one.columns)} with fewer than "
            f"{limits.smallest_group}, the limit is {limits.most_exposed:.1%}",
            Where(one.place),
            f"coarsen or drop {one.coarsest}: {one.would_be / one.children:.1%} would remain"
            if one.coarsest
            else "coarsen or drop the column",
        )
        for one in groups
        if one.share > limits.most_exposed
    ]
    found += [
        Problem(
            f"{one.alike_share:.1%} of its children stand in a group that has one value only of a sensitive column, "
            f"the limit is {limits.most_alike:.1%}",
            Where(one.place, column=one.by),
            f"coarsen or drop {one.by}",
        )
        for one in groups
        if one.alike_share > limits.most_alike
    ]
    return found


def person_columns(
    tables: Mapping[str, Sequence[str]], plans: Sequence[ColumnPlan], one_a_child: Sequence[str]
) -> dict[str, list[ColumnPlan]]:
    """The quasi-identifying and the sensitive columns of the tables with one row a child, by table."""
    found: dict[str, list[ColumnPlan]] = {}
    for plan in plans:
        there = plan.table in one_a_child and plan.column in tables.get(plan.table, ())
        if there and ("quasi_id" in plan.role or "sensitive" in plan.role):
            found.setdefault(plan.table, []).append(plan)
    return found


def _joined(tables: Mapping[str, pa.Table], wanted: Mapping[str, Sequence[ColumnPlan]]) -> pa.Table:
    """One row a child with each column as numbered values; a child a table doesn't have is missing there."""
    import numpy as np
    import pyarrow as pa

    owners = {name: tables[name]["record_id"].to_numpy() for name in wanted}
    children = np.unique(np.concatenate(list(owners.values())))
    made = {"record_id": pa.array(children)}
    for name, plans in wanted.items():
        place = np.searchsorted(children, owners[name])
        for one in plans:
            codes = _codes(tables[name][one.column])
            held = np.full(len(children), np.iinfo(np.int32).max, np.int32)
            np.minimum.at(held, place, codes)
            made[f"{one.table}.{one.column}"] = pa.array(held, mask=held == np.iinfo(np.int32).max)
    return pa.table(made)


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """A number for each value, the largest there is for a missing one."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    indices = (whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole).indices
    codes: np.ndarray = indices.fill_null(np.iinfo(np.int32).max).to_numpy(zero_copy_only=False)
    return codes.astype(np.int32)


def _exposed(whole: pa.Table, names: Sequence[str], smallest: int) -> int:
    """How many children are in groups smaller than `smallest`."""
    import pyarrow.compute as pc

    if not names:
        return 0
    sizes = whole.group_by(list(names), use_threads=False).aggregate([("record_id", "count")])
    count = sizes["record_id_count"]
    return int(pc.sum(pc.if_else(pc.less(count, smallest), count, 0)).as_py() or 0)


def _alike(
    whole: pa.Table, names: Sequence[str], sensitive: Sequence[str], smallest: int
) -> tuple[int, str | None, int, int]:
    """Children in a large enough group with one value only in some sensitive column, the worst such column, k and l."""
    import pyarrow as pa
    import pyarrow.compute as pc

    groups = whole.group_by(list(names), use_threads=False).aggregate(
        [("record_id", "count"), *((name, "count_distinct") for name in sensitive)]
    )
    size = groups["record_id_count"]
    least = int(pc.min(size).as_py() or 0)
    if not sensitive or not groups.num_rows:
        return 0, None, least, 0
    large = pc.greater_equal(size, smallest)
    any_single = pa.chunked_array([pa.array([False] * groups.num_rows, pa.bool_())])
    alike: dict[str, int] = {}
    for name in sensitive:
        single = pc.and_(large, pc.equal(groups[f"{name}_count_distinct"], 1))
        any_single = pc.or_(any_single, single)
        alike[name] = int(pc.sum(pc.if_else(single, size, 0)).as_py() or 0)
    worst = max(alike, key=lambda name: (alike[name], name))
    fewest = min(int(pc.min(groups[f"{name}_count_distinct"]).as_py() or 0) for name in sensitive)
    total = int(pc.sum(pc.if_else(any_single, size, 0)).as_py() or 0)
    return total, worst if alike[worst] else None, least, fewest
