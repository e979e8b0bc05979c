"""What one file may be: which dataset, which table, and what its name says of year, term and authority.

A file is told by its name and its header together: `header.csv` is many things, and a list saved under
any name is still a list of episodes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.returns import csv_file, workbook, xml_open
from tre_toolkit.schema import Dataset, Table, dataset, datasets

YEAR = re.compile(r"(?<!\d)(20\d\d)(?:[-_/ ]((?:20)?\d\d))?(?!\d)")
LIKENESS = 0.7  # share of a file's columns a table must know for a file whose name says nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """One file as part of a return; `table` is "" where the file is the whole return."""

    file: Path
    form: str
    dataset: str
    table: str
    year: int | None
    term: str | None
    authority: str | None
    inside: tuple[tuple[tuple[str, ...], str], ...] = ()
    """XML: paths and texts at the head of the document."""

    @property
    def whole(self) -> bool:
        return self.table == ""


def claims(file: Path, form: str) -> list[Claim]:
    """What `file` is; empty when the catalogue knows nothing like it."""
    return {"xml": _xml, "csv": _csv, "workbook": _workbook, "flat": _flat}[form](file)


def year_in(name: str) -> int | None:
    """The collection year a name speaks of: 2025, 2024-25 and 2024_2025 are all 2025."""
    years = set()
    for found in YEAR.finditer(name):
        start, end = int(found[1]), found[2]
        follows = end is not None and int(end) % 100 == (start + 1) % 100
        years.add(start + 1 if follows else start)
        if end is not None and len(end) == 4 and not follows:
            years.add(int(end))
    return years.pop() if len(years) == 1 else None


def words_of(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def _claim(file: Path, form: str, known: Dataset, table: str, **more: object) -> Claim:
    words = words_of(file.stem)
    term = next((term for term in known.terms if term.lower() in words), None)
    authority = next((word for word in words if re.fullmatch(r"\d{3}", word)), None)
    inside = more.get("inside", ())
    return Claim(file, form, known.name, table, year_in(file.stem), term, authority, inside)  # type: ignore[arg-type]


def _all() -> list[Dataset]:
    return [dataset(name) for name in datasets()]


def _takes(known: Dataset, form: str) -> bool:
    return form == known.form.kind or form in known.form.also


def _xml(file: Path) -> list[Claim]:
    paths, texts = xml_open.peek(file)
    if not paths:
        root = None
    else:
        root = min(paths, key=len)[0]
    best, most = None, -1
    for known in _all():
        if not _takes(known, "xml") or (root is not None and known.form.root != root):
            continue
        wanted = {tuple(part for part in (table.path or "").split("/") if part) for table in known.tables}
        score = len(wanted & paths)
        named = known.name in file.stem.lower()
        if score + named > most and (root is not None or named):
            best, most = known, score + named
    return [_claim(file, "xml", best, "", inside=tuple(texts.items()))] if best else []


def _csv(file: Path) -> list[Claim]:
    named = [
        (known, table)
        for known in _all()
        if _takes(known, "csv") or _takes(known, "flat")
        for table in known.tables
        if _is_named(file, known, table)
    ]
    names = _header(file)
    if names is None:  # not text: claimed by its name alone, so that reading it says what is wrong
        return [_claim(file, "csv", *_first(named))] if named else []
    options = named or [
        (known, table)
        for known in _all()
        if _takes(known, "csv") or _takes(known, "flat")
        for table in known.tables
    ]
    likeness = [(_likeness(names, table), known, table) for known, table in options]
    most, known, table = max(likeness, key=lambda one: one[0], default=(0.0, None, None))
    if known is None or table is None or (most < LIKENESS and not named):
        return []
    return [_claim(file, "csv" if _takes(known, "csv") else "flat", known, table.name)]


def _first(named: list[tuple[Dataset, Table]]) -> tuple[Dataset, str]:
    return named[0][0], named[0][1].name


def _header(file: Path) -> frozenset[str] | None:
    try:
        return frozenset(name.lower() for name in csv_file.header_of(file).names if name)
    except TreError:
        return None


def _likeness(names: frozenset[str], table: Table) -> float:
    """Share of the file's columns the table has, times the share of the table's columns the file has."""
    known = _columns(table)
    both = len(names & known)
    return both / max(len(names), 1) + 0.01 * both / max(len(known), 1)


@cache
def _lower(columns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in columns)


def _columns(table: Table) -> frozenset[str]:
    return _lower(table.columns)


def _is_named(file: Path, known: Dataset, table: Table) -> bool:
    """Whether the file's name is the table's, once year, term, authority and the dataset's name are gone."""
    rest = YEAR.sub(" ", file.stem.lower())
    words = [
        word
        for word in words_of(rest.replace(known.name, " "))
        if not re.fullmatch(r"\d{1,4}", word) and word not in {term.lower() for term in known.terms}
    ]
    name = "".join(words)
    own = (table.file or table.name, table.name, *table.aliases)
    return name in {"".join(words_of(one)) for one in own}


def _workbook(file: Path) -> list[Claim]:
    sheets = workbook.sheet_names(file)
    for known in _all():
        if _takes(known, "workbook") and any(workbook.table_of(name, known) for name in sheets):
            return [_claim(file, "workbook", known, "")]
    return []


def _flat(file: Path) -> list[Claim]:
    from pyarrow import ArrowInvalid, parquet

    try:
        names = frozenset(name.lower() for name in parquet.read_schema(file).names)
    except (ArrowInvalid, OSError):
        names = frozenset()
    options = [(known, table) for known in _all() if _takes(known, "flat") for table in known.tables]
    named = [(known, table) for known, table in options if _is_named(file, known, table)]
    scored = [(_likeness(names, table), known, table) for known, table in named or options]
    most, known, table = max(scored, key=lambda one: one[0], default=(0.0, None, None))
    if known is None or table is None or (most < LIKENESS and not named):
        return []
    return [_claim(file, "flat", known, table.name)]
