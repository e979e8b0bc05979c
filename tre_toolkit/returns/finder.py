"""Which returns stand in these files and folders: dataset, year, term, authority, and how each was told.

Names come first (`2025-spring/`, `ssda903_990_2025_episodes.csv`), headers decide what a file is, and the
dates inside are asked last. Where the year stays in doubt nothing is guessed: `--year` is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.files import digest
from tre_toolkit.returns import period
from tre_toolkit.returns.claim import Claim, claims
from tre_toolkit.returns.model import MARK, Found
from tre_toolkit.schema import dataset

SUFFIXES = {".xml": "xml", ".csv": "csv", ".txt": "csv", ".xlsx": "workbook", ".parquet": "flat"}


@dataclass(frozen=True, slots=True)
class Search:
    """What a search gave: the returns found, and files that look like data but belong to none."""

    found: tuple[Found, ...]
    left_out: tuple[Path, ...]


def find(
    paths: Iterable[Path | str], *, year: int | None = None, authority: str | None = None
) -> list[Found]:
    """The returns in files and folders, in order of authority, dataset and period.

    `year` and `authority` decide where names and contents don't say. Raises Problems when there is none,
    or when one can't be told apart or dated.
    """
    return list(search(paths, year=year, authority=authority).found)


def search(paths: Iterable[Path | str], *, year: int | None = None, authority: str | None = None) -> Search:
    """As `find`, and the files left out besides."""
    files = [file for path in paths for file in _files(Path(path))]
    claimed: list[Claim] = []
    left_out: list[Path] = []
    for file in dict.fromkeys(files):
        told = claims(file, SUFFIXES[file.suffix.lower()])
        claimed.extend(told)
        left_out.extend([] if told else [file])
    found: list[Found] = []
    problems: list[Problem] = []
    for group in _groups(claimed):
        try:
            found.append(_found(group, year, authority))
        except Problems as several:
            problems.extend(several.problems)
        except TreError as one:
            problems.append(one.problem)
    if problems:
        raise Problems("it can't be told which returns these are", problems)
    if not found:
        raise TreError(
            "no return that the catalogue knows stands here",
            where=", ".join(str(path) for path in left_out[:3]) or None,
            hint="`tre schema show` lists the returns and the names of their files",
        )
    found.sort(key=lambda one: (one.authority or "", one.dataset, one.period))
    return Search(tuple(found), tuple(left_out))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        if path.suffix.lower() in SUFFIXES:
            yield path
            return
        raise TreError(
            "not a kind of file a return comes in",
            where=str(path),
            hint=f"it can be {', '.join(SUFFIXES)}",
        )
    if not path.is_dir():
        raise TreError("there is no such file or folder", where=str(path))
    for one in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        if not hidden and one.is_file() and one.suffix.lower() in SUFFIXES:
            yield one


def _groups(claimed: Sequence[Claim]) -> list[list[Claim]]:
    """Claims that make one return: a document alone; tables of one dataset in one folder, by year and term."""
    groups: dict[tuple[object, ...], list[Claim]] = {}
    for claim in claimed:
        if claim.whole:
            groups[claim.file, claim.dataset] = [claim]
        else:
            groups.setdefault((claim.file.parent, claim.dataset, claim.year, claim.term), []).append(claim)
    for key in [key for key in groups if len(key) == 4 and key[2] is None]:
        dated = [other for other in groups if len(other) == 4 and other[:2] == key[:2] and other[2]]
        if len(dated) == 1:  # files without a year stand beside files of one year: they belong together
            groups[dated[0]].extend(groups.pop(key))
    return list(groups.values())


def _found(group: list[Claim], year: int | None, authority: str | None) -> Found:
    first = group[0]
    what = dataset(first.dataset)
    files, problems = _one_file_a_table(group)
    folder = first.file.parent
    told = period.year_of(group, files, what, year)
    if not what.exists_in(told.year):
        raise TreError(
            f"the catalogue knows the {what.title} of {what.since} to {what.until or 'now'}, not of {told.year}",
            where=str(folder if not first.whole else first.file),
            hint="--year says which year it is",
        )
    term = period.term_of(group, what)
    if what.terms and term is None:
        raise TreError(
            f"the term of this {what.title} can't be told",
            where=str(folder),
            hint=f"name the folder or its files after it: {told.year}-{what.terms[0]}",
        )
    form = "xml" if first.form == "xml" else first.form
    return Found(
        dataset=first.dataset,
        year=told.year,
        term=term,
        authority=authority or period.authority_of(group, what),
        form=form,
        files=files,
        how=told.how,
        marked=(folder / MARK).is_file(),
        problems=tuple(problems),
    )


def _one_file_a_table(group: list[Claim]) -> tuple[dict[str, Path], list[Problem]]:
    """Table to file. The same file twice is told and read once; two different ones are refused."""
    files: dict[str, Path] = {}
    notes: list[Problem] = []
    clashes: list[Problem] = []
    for claim in group:
        other = files.setdefault(claim.table, claim.file)
        if other == claim.file:
            continue
        where = Where(claim.file.name, claim.table or None)
        if digest(other) == digest(claim.file):
            notes.append(Problem(f"the same file as {other.name}: read once", where))
        else:
            clashes.append(
                Problem(
                    f"two different files for one table: this and {other.name}",
                    where,
                    hint="take one away",
                )
            )
    if clashes:
        raise Problems("a table has two files", clashes)
    return files, notes
