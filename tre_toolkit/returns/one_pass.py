"""Rules that ask each row of a table about itself, asked together in one pass over the table.

About half of all rules are of the form "rows of T where …". Planning a query costs more than running it on a
usual return, and on a large one each pass over the table counts, so those of one table are put into one
query, a column of row numbers for each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tre_toolkit.engine import Engine
from tre_toolkit.returns.model import ROW_NO
from tre_toolkit.schema.model import Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 100_000  # rows of an answer looked at at a time
CAST = re.compile(r"\bCAST\(")
FORM = re.compile(
    r"SELECT (?:x\.)?row_no(?:, (?:x\.)?\w+)? FROM (?P<source>\w+(?: x)?(?: CROSS JOIN period p)?) WHERE (?P<test>.*)"
)


def forgiving(sql: str) -> str:
    """The rule's SQL with casts that give NULL for what they can't read: one bad cell must not end a rule."""
    return CAST.sub("TRY_CAST(", sql)


def split(rules: Sequence[Rule]) -> tuple[dict[str, dict[str, Rule]], list[Rule]]:
    """The rules that can be asked together, by what they read and then by their test; and all others."""
    together: dict[str, dict[str, Rule]] = {}
    alone: list[Rule] = []
    for rule in rules:
        found = FORM.fullmatch(" ".join(forgiving(rule.sql or "").split()))
        if (
            found
            and "SELECT " not in found["test"]
            and found["test"] not in together.get(found["source"], {})
        ):
            together.setdefault(found["source"], {})[found["test"]] = rule
        else:
            alone.append(rule)
    return together, alone


def ask_together(engine: Engine, source: str, tests: dict[str, Rule]) -> list[tuple[Rule, NDArray[Any]]]:
    """Each rule with the numbers of the rows that break it, in order; rules no row breaks are left out.

    The answer is a column of truths for each rule, looked at a chunk of rows at a time.
    """
    import numpy as np

    place = f"x.{ROW_NO}" if " x" in source else ROW_NO
    columns = ", ".join(f"({test}) IS TRUE" for test in tests)
    broken: list[list[NDArray[Any]]] = [[] for _ in tests]
    for batch in engine.batches(f"SELECT {place}, {columns} FROM {source}", CHUNK):
        rows = batch.column(0).to_numpy()
        for at, truths in enumerate(batch.columns[1:]):
            if truths.true_count:
                broken[at].append(rows[truths.to_numpy(zero_copy_only=False)])
    return [
        (rule, np.unique(np.concatenate(found)).astype("int64"))
        for rule, found in zip(tests.values(), broken, strict=True)
        if found
    ]
