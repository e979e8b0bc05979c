"""Which year, term and authority a return is of, and in whose words that was told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tre_toolkit.errors import TreError
from tre_toolkit.returns import csv_file
from tre_toolkit.returns.claim import Claim, words_of, year_in
from tre_toolkit.schema import Dataset

UP = 2  # folders above the file's own whose names are asked
SURE = 0.6  # share of dates that must lie in one collection year before it is believed


@dataclass(frozen=True, slots=True)
class Told:
    """A year, and how it was told."""

    year: int
    how: str


def year_of(group: Sequence[Claim], files: Mapping[str, Path], known: Dataset, given: int | None) -> Told:
    """The collection year. Raises TreError when nothing says it beyond doubt."""
    if given is not None:
        return Told(given, "the year was given")
    first = group[0]
    inside = _from_document(first, known)
    if inside:
        return Told(inside, "the year stands in its header")
    named = next((claim.year for claim in group if claim.year), None)
    if named:
        return Told(named, "the year stands in the file's name")
    for folder in _folders(first.file):
        year = year_in(folder.name)
        if year:
            return Told(year, "the year stands in the folder's name")
    dated = _from_dates(files, known)
    if dated:
        return dated
    raise TreError(
        f"the year of this {known.title} can't be told",
        where=str(first.file if first.whole else first.file.parent),
        hint="--year says which; or name the folder after it",
    )


def term_of(group: Sequence[Claim], known: Dataset) -> str | None:
    """The term, from the names of files or folders; None where nothing says it."""
    named = next((claim.term for claim in group if claim.term), None)
    if named or not known.terms:
        return named
    for folder in _folders(group[0].file):
        words = words_of(folder.name)
        found = next((term for term in known.terms if term.lower() in words), None)
        if found:
            return found
    return None


def authority_of(group: Sequence[Claim], known: Dataset) -> str | None:
    """The authority's three digits: from the header, the file's name, or a folder called by them."""
    texts = {path: text for claim in group for path, text in claim.inside}
    if known.authority_from:
        inside = texts.get(_path(known, known.authority_from))
        if inside and re.fullmatch(r"\d{3}", inside):
            return inside
    own = re.findall(r"\d{3}", known.name)  # the 903 in a name is the return, not an authority
    named = next((claim.authority for claim in group if claim.authority not in {None, *own}), None)
    if named:
        return named
    for folder in _folders(group[0].file, up=UP + 2):
        found = re.match(r"(\d{3})(?:[-_ ]|$)", folder.name)
        if found and found[1] not in own:
            return found[1]
    return None


def _folders(file: Path, up: int = UP) -> list[Path]:
    parent = file.resolve().parent
    return [parent, *parent.parents[:up]]


def _from_document(claim: Claim, known: Dataset) -> int | None:
    """From the head of an XML document, by the columns the catalogue names for it."""
    texts = dict(claim.inside) if known.form.kind == "xml" else {}
    for column in known.year_from:
        told = re.match(r"(20\d\d)(?:-|$)", texts.get(_path(known, column), ""))
        if told:
            return int(told[1])
    return None


def _path(known: Dataset, column: str) -> tuple[str, ...]:
    name, _, field = column.partition(".")
    for table in known.tables:
        if table.name == name:
            whole = f"{table.path or ''}/{table.field(field).path or field}"
            return tuple(part for part in whole.split("/") if part)
    return ()


def _from_dates(files: Mapping[str, Path], known: Dataset) -> Told | None:
    """From the dates of a column that must lie inside the collection year (the end of an episode)."""
    for column in known.year_from:
        name, _, field = column.partition(".")
        table = next((one for one in known.tables if one.name == name), None)
        if table is None or name not in files:
            continue
        try:
            dates = csv_file.values(files[name], table, field)
        except TreError:
            continue
        years = _collection_years(dates, known)
        if years:
            year, most = years.most_common(1)[0]
            if most >= SURE * years.total():
                share = f"{most:,} of {years.total():,}"
                return Told(year, f"{share} dates in {field} lie in that year")
    return None


def _collection_years(dates: Counter[str], known: Dataset) -> Counter[int]:
    """How many of these dates lie in each collection year."""
    from datetime import datetime

    month, day = map(int, known.year_ends.split("-"))
    years: Counter[int] = Counter()
    for text, count in dates.items():
        for form in known.form.date_formats:
            try:
                date = datetime.strptime(text, form)  # noqa: DTZ007  # a day has no zone
            except ValueError:
                continue
            years[date.year + ((date.month, date.day) > (month, day))] += count
            break
    return years
