"""A table by declaration: what `tre tabulate` runs, and what an output's evidence carries to be derived again.

A declaration says which children are followed (`cohort`), through which states (`pathways`) and what is
counted. `kinds` in `measures` has the kinds of tables; this page has what they share, and the table itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tre_toolkit.research.cohorts import Definition
from tre_toolkit.research.episodes import Rules

MISSING = "Not recorded"
UNKNOWN = "Not in the code book"
TOTAL = "Total"
ARROW = " → "


class Variable(BaseModel):
    """What a table is split by: one value for each child."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    """A column of people.parquet (ethnicity), or of a table (cin_census.cin_details.PrimaryNeedCode)."""
    pick: Literal["first", "last"] = "last"
    """Which of a child's rows speaks, by period and then by row, when the table has several."""
    furthest: tuple[str, ...] | None = None
    """States, highest first: the first of them that the child was ever in on an observed day."""
    told_as: dict[str, str] = {}
    """For `furthest`: states told as another of them (a child with a plan has been assessed, whether seen or not)."""
    has: str | None = None
    """A table, or a column of one: whether the child has a row there (with one of `codes`)."""
    age: bool = False
    """Age in years at the index."""
    codes: tuple[str, ...] = ()
    via: str | None = None
    """For a `column` of a table that isn't about persons: the column of a person's table with the key both share."""
    of: Literal["child", "mother"] = "child"
    """For `column` and `has`: whose rows are read, the child's own or those of its mother (`mother_id` of people)."""
    on: str | None = None
    """For `column` and `has`: only rows whose date, in this column, lies in the child's window."""
    bands: tuple[float, ...] = ()
    """Lower ends by which numbers are grouped; below the first is a group of its own."""
    group: bool = False
    """Roll codes up to their groups, where the code book has them (18 ethnic groups to 5)."""
    yes: str = "Yes"
    none: str = "No"
    """What children are called who have the row, and who haven't; or who were in none of the states."""
    label: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Variable:
        if [self.column is None, self.furthest is None, self.has is None, not self.age].count(False) != 1:
            raise ValueError("give either column, furthest, has or age")
        if not set(self.told_as) | set(self.told_as.values()) <= set(self.furthest or ()):
            raise ValueError("told_as names states that aren't among the furthest")
        if self.of == "mother" and (self.via or "." not in (self.column or self.has or "")):
            raise ValueError("a mother's rows are those of a table, for column or has, without via")
        if self.age and not self.bands:
            raise ValueError("age needs bands")
        if not all(map(isfinite, self.bands)) or list(self.bands) != sorted(set(self.bands)):
            raise ValueError("bands must be numbers that rise")
        return self

    @property
    def title(self) -> str:
        own = (self.column or self.has or ("age" if self.age else "furthest state")).rpartition(".")[2]
        return self.label or own.replace("_", " ").capitalize()


class Declared(BaseModel):
    """What all declared tables share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    unit: Literal["child"] = "child"
    cohort: Definition = Definition()
    pathways: Rules = Rules()


class Crosstab(Declared):
    """Children by rows and columns, each counted once, with totals and the whole code book."""

    kind: Literal["crosstab"] = "crosstab"
    rows: tuple[Variable, ...] = Field(min_length=1)
    columns: tuple[Variable, ...] = Field(min_length=1)


@dataclass(frozen=True, eq=False)
class Table:
    """Figures and, behind each, the number of distinct children (`units`), len(rows) by len(columns)."""

    title: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    units: np.ndarray
    values: np.ndarray | None = None
    """The figures, where they aren't the numbers of children."""
    kind: str = "count"
    """count, or what else the figures are: rate, percentage, ratio."""
    decimals: int | tuple[int, ...] = 0
    """Of the figures, or of each column's."""
    hide_below: int = 0
    """Figures that stand on fewer children, but not on none, are shown as "c"."""
    totals: dict[str, list[str]] = field(default_factory=dict)
    """For each dimension (the corner's name, "column"): the members that are totals."""
    across: str = ""
    """What the columns are."""
    sets: np.ndarray | None = None
    """A number for each cell's set of children, equal for equal sets in tables of one workspace; 0 for nobody."""

    def __repr__(self) -> str:
        return f"<table {self.title!r}: {len(self.rows)} by {len(self.columns)}, not checked>"

    def _repr_html_(self) -> str:
        from tre_toolkit.research.notebook import card

        facts = [("rows", f"{len(self.rows)} of {self.corner}"), ("columns", f"{len(self.columns)} of {self.across}"),
                 ("figures", self.kind), ("checked", "no: write it with its evidence, then `tre check`")]  # fmt: skip
        return card("table", self.title, facts)

    @property
    def figures(self) -> np.ndarray:
        """The figures as numbers."""
        return self.units if self.values is None else self.values

    @property
    def shown(self) -> list[list[str]]:
        """The cells as the file writes them; empty where there is no figure."""
        places = (self.decimals,) * len(self.columns) if isinstance(self.decimals, int) else self.decimals
        small = (self.units > 0) & (self.units < self.hide_below)
        return [
            [
                "c" if hidden else "" if cell != cell else f"{cell:.{place}f}"
                for cell, hidden, place in zip(cells, which, places, strict=True)
            ]
            for cells, which in zip(self.figures.tolist(), small.tolist(), strict=True)
        ]


def plain(declared: Declared) -> dict[str, Any]:
    """A declaration as JSON or TOML can hold it: no nulls."""
    return declared.model_dump(mode="json", exclude_none=True)
