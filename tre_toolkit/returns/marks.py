"""Whether the children of a return are invented, by what its cells say and by the sidecar beside its files.

Invented children carry identifiers nobody is ever given, and their returns a word in a column that names the
software. The sidecar can be lost; these stand in the cells. Pupil numbers outweigh everything: a return most of
whose pupil numbers are of authorities that issue them is real, whatever stands beside it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, Where
from tre_toolkit.returns.model import MARK, Found
from tre_toolkit.schema import Field, Schema

if TYPE_CHECKING:
    import pyarrow as pa

UPN = "upn"
# token domain to the form of identifiers nobody is given, and to the form of all it can be told of
NEVER_ISSUED = {
    UPN: (r"^.999[0-9]{8}.$", r"^.[0-9]{11}.$"),
    "nhs": (r"^999[0-9]{7}$", r"^[0-9]{10}$"),
    "postcode": (r"^[Qq][Zz][1-9] ?[0-9][A-Za-z]{2}$", "."),
    "local_id": (r"^SYN[0-9]+[A-Z]?$", "."),
}
CONSTANTS = {"Release": "SYNTHETIC", "sourceid": "SYN"}


class Marks:
    """Counts the marks in the rows of a return as they are read."""

    def __init__(self, schema: Schema) -> None:
        self._looked = {
            table.name: [field for field in table.fields if _kind(field)] for table in schema.tables
        }
        self._invented: Counter[str] = Counter()
        self._all: Counter[str] = Counter()

    def look(self, table: str, rows: pa.Table) -> None:
        """Count the marks of some rows of a table."""
        import pyarrow.compute as pc

        for field in self._looked[table]:
            if field.name not in rows.column_names:
                continue
            cells = pc.utf8_trim_whitespace(rows[field.name])
            kind = _kind(field)
            if kind in NEVER_ISSUED:
                mark, told = NEVER_ISSUED[kind]
                counted = pc.match_substring_regex(cells, told)
            else:
                mark, counted = f"^{CONSTANTS[kind]}$", pc.not_equal(cells, "")
            self._invented[kind] += pc.sum(pc.match_substring_regex(cells, mark)).as_py() or 0
            self._all[kind] += pc.sum(counted).as_py() or 0

    def verdict(self, found: Found) -> tuple[bool, list[Problem]]:
        """Whether the children are invented, and a problem where the marks contradict each other."""
        real = self._all[UPN] - self._invented[UPN]
        cells = any(2 * self._invented[kind] > self._all[kind] for kind in self._all)
        if real <= self._invented[UPN]:
            return found.marked or cells, []
        if not found.marked and not cells:
            return False, []
        said = f"{MARK} says" if found.marked else "a mark in its cells says"
        return False, [
            Problem(
                f"{said} everybody is invented, but most pupil numbers are of authorities that issue them",
                Where(str(_folder(found))),
                hint="treated as real; take the mark away, or the real rows",
                count=real,
            )
        ]


def _kind(field: Field) -> str:
    """What mark a column can bear: the token domain of its identifiers, or its own name."""
    if field.token in NEVER_ISSUED:
        return str(field.token)
    return field.name if field.name in CONSTANTS else ""


def _folder(found: Found) -> Path:
    return next(iter(found.files.values())).parent
