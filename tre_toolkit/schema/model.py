"""What a return looks like, as data: the shape every catalogue file must have.

A `Dataset` is a return or a linked set through all its collection years; `Dataset.at(year)` is its
`Schema` for one year, with only the fields and codes of that year. Every field says what it
reveals (its role); one that doesn't can't be loaded, so nothing undeclared is ever handled.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Declared

from tre_toolkit.errors import TreError, Where
from tre_toolkit.schema.part import Part as Part
from tre_toolkit.schema.part import Termly as Termly
from tre_toolkit.schema.part import Type as Type
from tre_toolkit.schema.rule import Derived as Derived
from tre_toolkit.schema.rule import Helper as Helper
from tre_toolkit.schema.rule import Lookup as Lookup
from tre_toolkit.schema.rule import Rule as Rule

Role = Literal["direct_id", "linkage_id", "quasi_id", "sensitive", "none"]
Coarsening = Literal["month", "year", "district", "drop"]
Confidence = Literal["verified", "partial", "believed"]
Form = Literal["xml", "csv", "workbook", "flat"]
EARLIEST = 2017  # the first collection year of the catalogue
COUNTER = "numbers the elements of one parent from 1, in the order of the document"


class Code(Part):
    """One value of a code list, and what it means."""

    value: str
    """As the return writes it."""
    label: str
    """What it means, in a few words."""
    group: str | None = None
    """The broader code it rolls up to (18 ethnic groups to 5), where the list has one."""


class CodeList(BaseModel):
    """A code list through all years."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    codes: tuple[Code, ...]

    def at(self, year: int) -> dict[str, str]:
        """Value to label, for the codes that exist in `year`."""
        return {code.value: code.label for code in self.codes if code.exists_in(year)}


class Field(Termly):
    """One column of a return, named exactly as the return names it."""

    name: str
    """Exactly as the return writes it."""
    type: Type
    """What its cells are; `code` needs `codes`."""
    role: tuple[Role, ...] = Declared(min_length=1)
    """What it reveals about a person; a field without one does not load."""
    codes: str | None = None
    """Name of its code list; `common:` lists are shared by all datasets."""
    required: bool = False
    """Whether it must be filled in every row."""
    repeats: bool = False
    """In XML: the element may stand several times, and each makes a row of its own."""
    format: str | None = None
    """How its text is built (UPN, postcode, 3-digit LA). A string without one counts as free text and stays behind."""
    minimum: int | None = None
    """The least value a number may have."""
    maximum: int | None = None
    """The greatest value a number may have."""
    only: Form | None = None
    """The one form of the return it stands in (header.UASC is in SSDA903's XML, not in its CSV set)."""
    cbds: str | None = None
    """Its number in the DfE's Common Basic Data Set."""
    path: str | None = None
    """Where it stands in an XML form, below its table's element; its own name when not given."""
    after: str | None = None
    """In XML: the child table whose elements it follows (ReferralNFA stands behind Section47)."""
    always: bool = False
    """In XML: its element stands in every row, empty where the cell is blank."""
    headers: tuple[str, ...] = ()
    """In a workbook: further wordings of its header, as regular expressions over the whole of it in lower case."""
    numbering: str | None = None
    """The numbering its number is of, where that isn't the dataset's own: the same person's number somewhere else."""
    whose: Literal["mother", "parent"] | None = None
    """Whose number it holds, where that isn't the person the row is about."""
    token: str | None = None
    """The token domain it is tokenised in (upn, local_id, given, surname, birth_date, sex, postcode, ...)."""
    coarsen: Coarsening | None = None
    """How much of it stays in a research extract when the project declares nothing else."""
    note: str | None = None
    """What else a reader should know."""
    confidence: Confidence | None = None
    """How far it was proved, where that differs from its table."""


class Table(Termly):
    """One table: a module of a CSV set, or a repeated element of an XML form."""

    name: str
    """In lower case; the file of the table is named so."""
    title: str | None = None
    """What a person calls it."""
    file: str | None = None
    """In a CSV set: the stem of its file, without year or letters' case."""
    aliases: tuple[str, ...] = ()
    """Other names its file, sheet or module goes by."""
    path: str | None = None
    """In an XML form: the path of its element from the root, /Message/Children/Child/..."""
    within: str | None = None
    """In an XML form: the table in whose element its cells stand, where it has no element of its own."""
    marked_by: str | None = None
    """With `within`: a column of that other table; filled and not 0, it makes a row even where all own cells are blank."""
    elements: tuple[str, ...] = ()
    """In an XML form: the order of its columns and of the tables inside its element, where it isn't the catalogue's."""
    grain: str
    """What one row is."""
    parent: str | None = None
    """The table its rows hang below."""
    key: tuple[str, ...] = ()
    """The columns that tell its rows apart."""
    inherits: tuple[str, ...] = ()
    """Key columns that come down from its parents (LAchildID); they need no field of their own here."""
    counter: str | None = None
    """A key column that numbers the elements of one parent from 1 in document order (CINdetailsID)."""
    person: str | None = None
    """The column with the authority's own number of the child; None for tables not about persons."""
    fields: tuple[Field, ...]
    """Its columns, in order; in the file they are `[[field]]` blocks."""
    note: str | None = None
    """What else a reader should know."""
    confidence: Confidence | None = None
    """How far it was proved, where that differs from its dataset."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of a frame of this table, in order: inherited keys, counter, own fields."""
        own = [field.name for field in self.fields]
        return tuple(dict.fromkeys([*self.inherits, *([self.counter] if self.counter else []), *own]))

    def field(self, name: str) -> Field:
        """The field called `name`. Raises TreError when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise TreError("the catalogue has no such column", where=Where(table=self.name, column=name))


class FileForm(BaseModel):
    """How the return stands in files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Form
    """The form it is written in: one XML document, a set of CSV files, a workbook, or flat files (CSV, Parquet)."""
    root: str | None = None
    """XML: the root element."""
    also: tuple[Form, ...] = ()
    """Further forms it is read from."""
    date_formats: tuple[str, ...] = ("%Y-%m-%d",)
    """The first is how we write dates; all are read."""
    booleans: tuple[str, str] = ("0", "1")
    """How we write no and yes; 0, 1, true and false are read in any case of letters."""


class Dataset(Part):
    """A return or linked set through all its collection years."""

    name: str
    """The name of its folder."""
    title: str
    """What a person calls it."""
    publisher: str
    """Who collects or publishes it."""
    confidence: Confidence
    """How far its facts were proved: verified against a published schema or code, partial, or believed."""
    form: FileForm
    """How it stands in files; in the file a `[form]` table."""
    complete_to: int | None = None
    """The last year of which all is known, where a later one is known in part."""
    year_ends: str = "03-31"
    """Month and day on which a collection year ends."""
    terms: tuple[str, ...] = ()
    """The terms of a year in which it is collected, where there are several."""
    person_table: str | None = None
    """The table that holds one row a child, where the identifiers stand."""
    more_person_tables: tuple[str, ...] = ()
    """Further tables of that kind, about other children (pupils no longer on roll)."""
    year_from: tuple[str, ...] = ()
    """Columns ("header.ReferenceDate", "episodes.DEC") that tell the collection year, the surest first."""
    authority_from: str | None = None
    """The column ("header.LEA") that names the authority."""
    numbering: str | None = None
    """The numbering of its persons where it isn't the authority's own: sets of one numbering number persons alike."""
    source: tuple[str, ...] = ()
    """Where the facts were seen."""
    note: str | None = None
    """What else a reader should know."""
    tables: tuple[Table, ...]
    code_lists: dict[str, CodeList]
    rules: tuple[Rule, ...] = ()
    helpers: tuple[Helper, ...] = ()
    derived: tuple[Derived, ...] = ()
    lookups: tuple[Lookup, ...] = ()

    def at(self, year: int, term: str | None = None) -> Schema:
        """The schema of one collection year, and of one term where there are terms.

        Raises TreError when the catalogue doesn't know that year or term.
        """
        if not self.exists_in(year):
            raise TreError(
                f"the catalogue doesn't know the {self.title} of {year}; it knows {self.since} to {self.until or 'now'}",
                hint="see the page 'add a dataset or a year' of the documentation",
            )
        if term is not None and term not in self.terms:
            raise TreError(
                f"the {self.title} has no term {term}",
                hint=f"it has {', '.join(self.terms) or 'no terms at all'}",
            )
        tables = tuple(
            table.model_copy(
                update={"fields": tuple(field for field in table.fields if field.collected_in(year, term))}
            )
            for table in self.tables
            if table.collected_in(year, term)
        )
        return Schema(
            dataset=self, year=year, term=term, tables=tuple(table for table in tables if table.fields)
        )

    @property
    def years(self) -> range:
        """The collection years it is known in; without a last one, up to the latest any part of it speaks of."""
        parts = [self, *(part for table in self.tables for part in (table, *table.fields))]
        told = [year for part in parts for year in (part.since, part.until) if year]
        return range(
            self.since or min(told, default=EARLIEST), (self.until or max(told, default=EARLIEST)) + 1
        )

    @property
    def latest(self) -> int:
        """The latest collection year that is fully known."""
        return self.complete_to or self.years[-1]

    @property
    def person_tables(self) -> tuple[str, ...]:
        """All tables with one row a child where identifiers stand, `person_table` first."""
        return tuple(name for name in (self.person_table, *self.more_person_tables) if name)


class Schema(BaseModel):
    """A dataset as it is collected in one year."""

    model_config = ConfigDict(frozen=True)

    dataset: Dataset
    year: int
    term: str | None = None
    tables: tuple[Table, ...]

    @property
    def name(self) -> str:
        return self.dataset.name

    def table(self, name: str) -> Table:
        """The table called `name`. Raises TreError when this year has none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise TreError(f"the {self.dataset.title} of {self.year} has no such table", where=Where(table=name))

    def column(self, table: str, name: str) -> Field:
        """What a column of a frame of `table` is: its own field, an inherited key, or a counter."""
        here = self.table(table)
        if any(field.name == name for field in here.fields):
            return here.field(name)
        if name == here.counter:
            return Field.model_validate({"name": name, "type": "integer", "role": ["none"], "note": COUNTER})
        if name in here.inherits and here.parent:
            return self.column(here.parent, name)
        return here.field(name)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force in this year, in order of their numbers."""
        return tuple(rule for rule in self.dataset.rules if rule.exists_in(self.year))

    def codes(self, field: Field) -> dict[str, str]:
        """Value to label of a coded field in this year; empty when the field has no list."""
        return self.dataset.code_lists[field.codes].at(self.year) if field.codes else {}
