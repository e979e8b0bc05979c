"""A return that was found, and a return that was read: the two shapes the other rooms take from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import Problem
from tre_toolkit.schema import Schema, dataset

if TYPE_CHECKING:
    import pandas as pd

MARK = "SYNTHETIC.json"  # the sidecar that says: everybody in this folder is invented
ROW_NO = "row_no"
EARLIEST = 1000  # a date of an earlier year is a blank some system wrote out (0001-01-01)
TRUTHS = {
    "1": True,
    "true": True,
    "yes": True,
    "y": True,
    "0": False,
    "false": False,
    "no": False,
    "n": False,
}
SHORT = {"xml": "XML", "csv": "CSV files", "workbook": "a workbook", "flat": "flat files"}


@dataclass(frozen=True, slots=True)
class Found:
    """A return that stands somewhere in files, told by names and headers alone; nothing is read yet.

    `files` maps a table to its file; where the whole return is one document its only key is "".
    """

    dataset: str
    year: int
    term: str | None
    authority: str | None
    form: str
    """xml, csv, workbook or flat."""
    files: Mapping[str, Path]
    how: str
    """How the year was told, in words."""
    marked: bool = False
    """Whether the sidecar of synthetic data stands beside the files."""
    problems: tuple[Problem, ...] = ()

    @property
    def period(self) -> str:
        return period(self.year, self.term)

    @property
    def schema(self) -> Schema:
        return dataset(self.dataset).at(self.year, self.term)

    def __str__(self) -> str:
        whose = f" of authority {self.authority}" if self.authority else ""
        return f"{self.dataset} {self.period}{whose} ({SHORT[self.form]}; {self.how})"


@dataclass(frozen=True, slots=True)
class Return:
    """A return as frames: every cell as text, as the return wrote it, blanks missing.

    `tables[name]` has the columns of that year's `schema.Table.columns`, then `row_no` (int64): the
    row's place in its file or document, from 0. What could not be read stands in `problems`;
    `rows_read + rows_refused` is the number of rows in the files.
    """

    dataset: str
    year: int
    term: str | None
    authority: str | None
    tables: Mapping[str, pd.DataFrame]
    problems: tuple[Problem, ...] = ()
    files: tuple[Path, ...] = ()
    rows_read: int = 0
    rows_refused: int = 0
    synthetic: bool = False
    absent: frozenset[str] = frozenset()
    """Tables of a set of files whose file wasn't there; their frames are empty."""

    @property
    def period(self) -> str:
        return period(self.year, self.term)

    @property
    def schema(self) -> Schema:
        return dataset(self.dataset).at(self.year, self.term)

    @property
    def name(self) -> str:
        """dataset, authority and period in one word, as its files are called."""
        return "_".join(part for part in (self.dataset, self.authority, self.period) if part)


def period(year: int, term: str | None) -> str:
    """The year, with the term where the dataset has terms."""
    return f"{year}-{term}" if term else str(year)
