"""One found return into frames, whatever form it stands in; and whether its children are invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.returns import cells, csv_file, flat_file, workbook, xml_file
from tre_toolkit.returns.model import MARK, Found, Return
from tre_toolkit.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

UPN = "upn"  # the token domain of pupil numbers
NEVER_ISSUED = "999"  # the authority number in pupil numbers that no pupil has


def read(found: Found, done: Callable[[int], None] | None = None) -> Return:
    """Read a return. `done` is called with the number of files, sheets or records just read.

    Raises TreError (all files' troubles together) when a file can't be read at all; rows that can't, columns
    and blocks the catalogue doesn't know are counted in `.problems`.
    """
    schema = found.schema
    frames, refused, problems = _FORMS[found.form](found, schema, done)
    rows_read = sum(len(frame) for frame in frames.values())
    absent = frozenset(table.name for table in schema.tables) - frozenset(frames)
    for table in schema.tables:
        frames.setdefault(table.name, cells.empty(table))
    synthetic, doubt = _is_synthetic(frames, schema, found)
    return Return(
        dataset=found.dataset,
        year=found.year,
        term=found.term,
        authority=found.authority,
        tables={table.name: frames[table.name] for table in schema.tables},
        problems=(*found.problems, *problems, *doubt),
        files=tuple(dict.fromkeys(found.files.values())),
        rows_read=rows_read,
        rows_refused=refused,
        synthetic=synthetic,
        absent=absent,
    )


_Read = tuple[dict[str, "pd.DataFrame"], int, list[Problem]]


def _read_xml(found: Found, schema: Schema, done: Callable[[int], None] | None) -> _Read:
    frames, problems = xml_file.read_xml(found.files[""], schema, done)
    return frames, 0, problems


def _read_workbook(found: Found, schema: Schema, done: Callable[[int], None] | None) -> _Read:
    return workbook.read_workbook(found.files[""], schema, done)


def _read_files(found: Found, schema: Schema, done: Callable[[int], None] | None) -> _Read:
    """A set of files, one a table; what is wrong with several is told together."""
    frames: dict[str, pd.DataFrame] = {}
    problems: list[Problem] = []
    fatal: list[Problem] = []
    refused = 0
    known = {table.name: table for table in schema.tables}
    for name, path in found.files.items():
        try:
            if name not in known:
                rows = csv_file.count_rows(path)
                refused += rows
                problems.append(
                    Problem(
                        f"rows refused: {schema.year} has no table {name}",
                        Where(path.name, name),
                        count=max(rows, 1),
                    )
                )
                continue
            part = (
                flat_file.read_parquet(path, known[name])
                if path.suffix.lower() == ".parquet"
                else csv_file.read_csv(path, known[name])
            )
            frames[name] = part.frame
            refused += part.refused
            problems.extend(part.problems)
        except TreError as error:
            fatal.append(error.problem)
        if done:
            done(1)
    if fatal:
        raise Problems(f"{len(fatal)} of {len(found.files)} files can't be read", fatal)
    return frames, refused, problems


_FORMS: dict[str, Callable[[Found, Schema, Callable[[int], None] | None], _Read]] = {
    "xml": _read_xml,
    "csv": _read_files,
    "flat": _read_files,
    "workbook": _read_workbook,
}


def _is_synthetic(
    frames: dict[str, pd.DataFrame], schema: Schema, found: Found
) -> tuple[bool, list[Problem]]:
    """By the sidecar or by pupil numbers nobody was given. Real numbers beside the sidecar outweigh it."""
    invented = real = 0
    for table in schema.tables:
        for field in table.fields:
            if field.token == UPN:
                issuers = frames[table.name][field.name].dropna()
                issuers = issuers[issuers.str.len() == 13].str.slice(1, 4)
                issuers = issuers[issuers.str.isdigit()]
                invented += int((issuers == NEVER_ISSUED).sum())
                real += int((issuers != NEVER_ISSUED).sum())
    if not found.marked:
        return invented > real, []
    if real <= invented:
        return True, []
    file = next(iter(found.files.values()))
    return False, [
        Problem(
            f"{MARK} says everybody is invented, but most pupil numbers are of authorities that issue them",
            Where(str(file.parent)),
            hint="treated as real; take the mark away, or the real rows",
            count=real,
        )
    ]
