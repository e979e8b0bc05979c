"""What an attacker without the key could still learn from what would leave; measured before sealing.

Two attackers. One holds public lists of how common names and birth dates are, and sorts tokens by
how often they stand: a token borne by many can be guessed, so each token column's share of records
in groups of ten or more is held to a limit. The other knows a child's birth month, sex and the like
and looks for the row: children whose combination of kept quasi-identifiers is shared by fewer than
the project's smallest group are counted, and above the limit the column to coarsen is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pseudonymise.planning import ColumnPlan
from pseudonymise.profiles import Column
from pseudonymise.tokens import compose, plain
from tre_toolkit.errors import Problem, Where
from tre_toolkit.project import Limits

if TYPE_CHECKING:
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


def of_tokens(place: str, columns: Sequence[Column], parts: Mapping[str, pa.Array]) -> list[TokenExposure]:
    """The exposure of each token column of one return, from the values before they are hashed."""
    import pyarrow.compute as pc

    found = []
    for column in columns:
        if column.deletions:
            continue  # a list's tokens are those of its own column and rarer ones
        value = plain(compose([parts[part] for part in column.parts]))
        counts = pc.value_counts(pc.drop_null(value)).field("counts")
        common = pc.sum(pc.if_else(pc.greater_equal(counts, COMMON), counts, 0)).as_py() or 0
        found.append(
            TokenExposure(
                place,
                column.name,
                len(value) - value.null_count,
                common,
                pc.max(counts).as_py() or 0,
            )
        )
    return found


def of_groups(
    place: str,
    tables: Mapping[str, pa.Table],
    plans: Sequence[ColumnPlan],
    one_a_child: Sequence[str],
    limits: Limits,
) -> GroupExposure | None:
    """k-anonymity and l-diversity of the kept quasi-identifiers of the tables with one row a child."""
    quasi, sensitive = _person_columns(tables, plans, one_a_child)
    if not quasi:
        return None
    names = tuple(quasi)
    whole = _joined({**quasi, **sensitive})
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
        *_alike(whole, names, tuple(sensitive), limits.smallest_group),
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


def _person_columns(
    tables: Mapping[str, pa.Table], plans: Sequence[ColumnPlan], one_a_child: Sequence[str]
) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """Quasi-identifying and sensitive columns, "table.column" to a table of record_id and value, one row a child."""
    quasi: dict[str, pa.Table] = {}
    sensitive: dict[str, pa.Table] = {}
    for plan in plans:
        held = tables.get(plan.table) if plan.table in one_a_child else None
        if held is None or plan.column not in held.column_names:
            continue
        table = held.select(["record_id", plan.column]).rename_columns(["record_id", "value"])
        if "quasi_id" in plan.role:
            quasi[f"{plan.table}.{plan.column}"] = table
        elif "sensitive" in plan.role:
            sensitive[f"{plan.table}.{plan.column}"] = table
    return quasi, sensitive


def _joined(columns: Mapping[str, pa.Table]) -> pa.Table:
    """One row a child with each column as numbered values; a child a table doesn't have is missing there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = None
    for name, column in columns.items():
        codes = pc.dictionary_encode(column["value"].combine_chunks()).indices
        rows = pa.table({"record_id": column["record_id"], "value": codes})
        table = rows.group_by("record_id", use_threads=False).aggregate([("value", "min")])
        one = table.rename_columns({"value_min": name})
        whole = (
            one if whole is None else whole.join(one, "record_id", join_type="full outer", use_threads=False)
        )
    return whole


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
