"""What a person is told when something can't be done.

A refusal says what, where and what to do, and never repeats a value: the message is built from
names of files, tables and columns and from row numbers. Everything a person is meant to read is a
`TreError`; anything else is our bug and shows its traceback. Several problems are gathered in a
`Problems` and told together, so that an extract is mended once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FINDINGS = 1  # exit status of a refusal, or of a command that found something
MISUSE = 2  # exit status when the command itself was put wrongly


@dataclass(frozen=True, slots=True)
class Where:
    """A place in somebody's files: never what stands there. Rows are counted from 1, as people count."""

    file: str | None = None
    table: str | None = None
    column: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        names = [self.file, self.table and f"table {self.table}", self.column and f"column {self.column}"]
        row = f"row {self.row}" if self.row is not None else None
        return ", ".join(part for part in [*names, row] if part)

    def __bool__(self) -> bool:
        return bool(str(self))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, what to do; `rule` is the DfE's number where there is one."""

    what: str
    where: Where = Where()
    hint: str | None = None
    rule: str | None = None
    count: int = 1

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        if self.count > 1:
            line += f" ({self.count:,} times)"
        return f"{line}\nhint: {self.hint}" if self.hint else line


class TreError(Exception):
    """A refusal that a person is meant to read. `str()` is the whole message, hint included."""

    status = FINDINGS

    def __init__(self, what: str, *, where: Where | str | None = None, hint: str | None = None) -> None:
        self.problem = Problem(what, Where(file=where) if isinstance(where, str) else where or Where(), hint)
        super().__init__(str(self.problem))


class MisuseError(TreError):
    """The command or call was put wrongly; nothing was tried (exit status 2)."""

    status = MISUSE


class Problems(TreError):
    """Several problems told together; `.problems` holds them in the order they were found."""

    def __init__(self, what: str, problems: Iterable[Problem], *, hint: str | None = None) -> None:
        self.problems = tuple(problems)
        super().__init__(what, hint=hint)
        self.args = ("\n".join([what, *map(str, self.problems), *([f"hint: {hint}"] if hint else [])]),)
