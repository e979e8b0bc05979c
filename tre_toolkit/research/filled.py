"""What the returns leave blank: for each column how many children have it filled in at least once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from tre_toolkit.engine import quote
from tre_toolkit.errors import TreError
from tre_toolkit.research.declared import Declared, Table
from tre_toolkit.research.workspace import OWN

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


class Missing(Declared):
    """For each column of some datasets: children with a row, with the column filled in, and never filled in."""

    kind: Literal["missing"] = "missing"
    datasets: tuple[str, ...] = ()
    """All of the workspace's when not given."""


def missing(paths: Pathways, wanted: Missing) -> Table:
    """Make the table of `Missing`: children of the cohort, each counted once a column."""
    workspace = paths.workspace
    lacking = [name for name in wanted.datasets if name not in workspace.datasets]
    if lacking:
        raise TreError(
            f"the workspace lacks the dataset {lacking[0]}", hint=f"it holds {', '.join(workspace.datasets)}"
        )
    rows: list[str] = []
    counts: list[list[int]] = []
    for name, columns in workspace.tables.items():
        own = [column for column in columns if column not in OWN]
        if not own or (wanted.datasets and name.partition(".")[0] not in wanted.datasets):
            continue
        told = ", ".join(
            f"COUNT(DISTINCT CASE WHEN t.{quote(one)} IS NOT NULL THEN c.child END) AS f{at}"
            for at, one in enumerate(own)
        )
        found = workspace.engine.rows(
            f"SELECT COUNT(DISTINCT c.child) AS whole, {told} FROM {quote(name)} AS t "
            f"INNER JOIN children AS c ON t.person_id = c.person_id "
            f"INNER JOIN {quote(paths.windows)} AS w ON c.child = w.child"
        )
        whole = int(found.whole[0])
        if whole:
            rows += [f"{name}.{one}" for one in own]
            filled = [int(found[f"f{at}"][0]) for at in range(len(own))]
            counts += [[one, whole - one, whole] for one in filled]
    body = np.array(counts, dtype=np.int64).reshape(-1, 3)
    columns = ("Filled in", "Never filled in", "Total")
    return Table(
        wanted.title, "Column", tuple(rows), columns, body, totals={"column": ["Total"]}, across="Children"
    )
