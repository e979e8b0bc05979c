"""Rules as data: what breaks each, in which years, as a query; and the columns and lists those queries need."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tre_toolkit.schema.part import Part, Type

Scope = Literal["row", "cross-table", "cross-row", "cross-year", "needs-lookup"]


class Rule(Part):
    """One rule a return must keep, in the years in which its logic stayed the same.

    `sql` gives the rows that break it: (row_no, child), or (tbl, row_no, child) where more than one table is
    reported. Several rules may share an id when the years split its logic.
    """

    id: str
    """The DfE's number."""
    kind: Literal["error", "query"]
    """An error must be mended; a query may be approved with a reason."""
    scope: Scope
    """How far it looks; `cross-year` reads last year's return, `needs-lookup` a list."""
    tables: tuple[str, ...]
    """The tables it reads."""
    flags: tuple[str, ...]
    """The tables whose rows it reports; the first is meant where the SQL names none."""
    fields: tuple[str, ...] = ()
    """The columns it speaks of."""
    breaks_when: str
    """What breaks it, in words."""
    sql: str | None = None
    """The query that gives the rows that break it."""
    lookup: str | None = None
    """The list it needs, when the return alone can't say."""
    waived: bool = False
    """Not asked of synthetic returns, whose identifiers were never issued."""
    unsettled: bool = False
    """What it asks is not certain: the sources contradict each other or themselves."""
    compared: Literal["same", "explained", "differs", "silent", "not comparable"] | None = None
    """What comparing it row by row with the analysts' validators gave: the same rows; other rows, each explained by an
    error of theirs worked out again; other rows, see the note; no row on either side; theirs can't be run on it."""
    note: str | None = None
    """What else a reader should know."""


class Helper(BaseModel):
    """A named query the SQL of several rules reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """How the rules' SQL calls it."""
    sql: str
    """The query."""


class Derived(BaseModel):
    """A column the rules read that doesn't stand in the files: SQL over a row `t` of its table.

    `{last}` in the SQL is the ending of last year's tables when it is worked out for them, else nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    """The table it is added to."""
    name: str
    """How the rules' SQL calls it."""
    sql: str
    """Its value, over a row `t` of the table."""
    lookup: str | None = None
    """The lookup without which it is missing."""


class Lookup(BaseModel):
    """A list the rules need that isn't ours to ship: `tre validate --lookup NAME=FILE`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """How the rules' SQL calls it."""
    title: str
    """What it is, in words."""
    columns: dict[str, Type]
    """Its columns and their types."""
    optional: tuple[str, ...] = ()
    """Columns it may lack."""
