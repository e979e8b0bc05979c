"""The plan: every column of every return and its fate, agreed before anything is made.

A fate has two halves. `token`: the domain in which the column becomes (part of) tokens, if any.
`stays`: what of it goes into the payload: all (`keep`), another form (`month`, `year`, `shifted`,
`days`, `district`, `area`), or nothing (`drop`). The catalogue proposes, the project's signed declaration decides,
and three things nobody can decide: a direct identifier never stays, a column nobody declared stops
the run, free text is dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pseudonymise import births, fates, profiles, rows
from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.project import Project
from tre_toolkit.schema import Field, Schema, Table

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

OWN = "local_id"  # the domain of an authority's own numbers
NUMBER, MOTHER = (
    "number",
    "mother_id",
)  # a person's number in a numbering beyond one authority, and the mother's
ALIASES = ("alias", "alias2", "alias3", "alias4", "alias5", "alias6")
"""The same person's numbers in further numberings; which of these words a numbering gets says nothing."""
UNKNOWN = "the catalogue doesn't know"  # how a reader words a column or element it left out
GUARDS = ("birth_date", "given", "surname")
COARSE_OF = {"birth_year": "birth_date", "sex": "sex"}  # a coarse column to the domain it is made of

# which parts of the token contract a domain of the catalogue gives
GIVES: dict[str, tuple[str, ...]] = {
    "local_id": ("local_id",),
    **{word: (word,) for word in (NUMBER, *ALIASES, MOTHER)},
    "upn": ("upn", "upn_temp", "upn_any"),
    "former_upn": ("former_upn",),
    "nhs": ("nhs", "nhs_any"),
    "uln": ("uln",),
    "given": ("given", "given_joined", "given_sound", "given_first3", "given_initial", "middle"),
    "middle": ("middle",),
    "surname": ("surname", "surname_part1", "surname_part2", "surname_sound", "surname_first3"),
    "sex": ("sex",),
    "birth_date": ("birth_date", "birth_ym", "birth_md", "birth_yd", "birth_swap", "birth_year"),
    "postcode": ("postcode", "postcode_sector", "postcode_district"),
    "uprn": ("uprn",),
    "house": ("house",),
    **births.GIVES,
}


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column and its fate; `why` says whose word it is."""

    dataset: str
    table: str
    column: str
    type: str
    role: str
    token: str | None
    stays: str
    why: str
    domain: str | None = None
    """The token domain the catalogue names, whether this column gives it or another does."""
    format: str | None = None
    coarsest: str | None = None
    """How much the catalogue lets stay at most, where it says so."""
    of_children: bool = True
    """Whether it stands in a table about children."""

    @property
    def name(self) -> str:
        return f"{self.dataset}.{self.table}.{self.column}"

    @property
    def fate(self) -> str:
        """As one word: `drop`, `token`, `keep`, `token+month`, ..."""
        if self.token and self.stays != "drop":
            return f"token+{self.stays}"
        return "token" if self.token else self.stays


@dataclass(frozen=True, slots=True)
class Plan:
    """All columns, the token columns each return gives, and what stands against running it."""

    project: Project
    columns: tuple[ColumnPlan, ...]
    tokens: dict[str, tuple[str, ...]]
    """"dataset/period" to names of its token columns."""
    problems: tuple[Problem, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over project and every fate: what a signature under the printed plan is for."""
        lines = [self.project.digest, *(f"{one.name} {one.fate}" for one in self.columns)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def of(self, dataset: str, table: str) -> tuple[ColumnPlan, ...]:
        """The columns of one table."""
        return tuple(one for one in self.columns if (one.dataset, one.table) == (dataset, table))

    def check(self) -> None:
        """Raise Problems when anything stands against running it."""
        if self.problems:
            raise Problems("the plan can't be carried out", self.problems)


def plan(returns: Sequence[Return], project: Project) -> Plan:
    """The fate of every column of `returns` under the declaration. Writes nothing, refuses nothing: see `problems`."""
    columns: dict[str, ColumnPlan] = {}
    tokens: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for return_ in returns:
        schema = return_.schema
        for one in _of_schema(schema, project):
            columns.setdefault(one.name, one)
        made = profiles.columns(project.profile, parts_of(schema, project))
        tokens[f"{return_.dataset}/{return_.period}"] = tuple(column.name for column in made)
        problems += _undeclared(return_, schema, project)
        problems += _outside(return_, project)
    problems += _bad_fates(columns, project)
    problems += fates.bad_anchors(columns, project)
    return Plan(project, tuple(columns.values()), tokens, tuple(dict.fromkeys(problems)))


def parts_of(schema: Schema, project: Project | None = None) -> set[str]:
    """The parts a return of this schema can give: what its person tables hold, and a home address elsewhere.

    A column that the `project` declares dropped gives none.
    """
    parts = {part for domain in token_fields(schema, project) for part in GIVES.get(domain, ())}
    if {"given", "surname"} <= parts:
        parts.add("names_sorted")
    return parts


def token_fields(schema: Schema, project: Project | None = None) -> dict[str, list[tuple[Table, Field]]]:
    """Domain to the columns that give it: those of the person tables, else those of another table about children.

    The first column of a table in a domain is the current value; a second UPN is the former one. Columns that the
    `project` declares dropped are left out: nothing is made of them.
    """
    every = _every_token_field(schema)
    if project is None:
        return every
    dropped = {name for name, fate in project.fates.items() if fate == "drop"}
    kept = {
        domain: [
            (table, field)
            for table, field in fields
            if f"{schema.name}.{table.name}.{field.name}" not in dropped
        ]
        for domain, fields in every.items()
    }
    return {domain: fields for domain, fields in kept.items() if fields}


def looked_at(schema: Schema, project: Project) -> dict[str, list[tuple[Table, Field]]]:
    """The columns that give tokens, and those that are dropped and yet guard others: by a birth date, dates are moved off
    birthdays; for names, text is searched."""
    every = _every_token_field(schema)
    guards = {domain: fields for domain, fields in every.items() if domain in GUARDS}
    return {**guards, **token_fields(schema, project)}


def beside_tokens(schema: Schema, project: Project) -> tuple[str, ...]:
    """The coarse columns that stand beside the tokens: none of a column that is declared dropped."""
    given = token_fields(schema, project)
    return tuple(
        word for word in project.about if COARSE_OF.get(word, word) in given or word not in COARSE_OF
    )


def _every_token_field(schema: Schema) -> dict[str, list[tuple[Table, Field]]]:
    people = person_tables(schema)
    found: dict[str, list[tuple[Table, Field]]] = {}
    for table in people:
        here: set[str] = set()
        for field in table.fields:
            domain = _former(field.token, here)
            if domain:
                found.setdefault(domain, []).append((table, field))
                here.add(domain)
    elsewhere: dict[str, list[tuple[Table, Field]]] = {}
    for table in schema.tables:
        for field in table.fields if table.person and table not in people else ():
            if field.token and field.token not in found:
                elsewhere.setdefault(field.token, []).append((table, field))
    return {**_own_numbers(schema, found), **other_numbers(schema), **found, **elsewhere}


def has_local_ids(schema: Schema) -> bool:
    """Whether children bear the authority's own numbers here, the same as in its other returns."""
    return any(field.token == OWN for table in schema.tables for field in table.fields)


def _own_numbers(
    schema: Schema, found: dict[str, list[tuple[Table, Field]]]
) -> dict[str, list[tuple[Table, Field]]]:
    """A set whose children bear numbers of its own (a national extract) still needs one token for each of them."""
    about = [
        (table, field) for table in schema.tables for field in table.fields if field.name == table.person
    ]
    if OWN in found or has_local_ids(schema) or not about:
        return {}
    return {NUMBER if schema.dataset.numbering else OWN: about}


def other_numbers(schema: Schema) -> dict[str, list[tuple[Table, Field]]]:
    """Columns with another number than the row's own: the same person's in further numberings, and the mother's."""
    aliases: dict[str, list[tuple[Table, Field]]] = {}
    mothers: list[tuple[Table, Field]] = []
    for table in schema.tables:
        for field in table.fields if table.person else ():
            if field.whose == "mother":
                mothers.append((table, field))
            elif field.numbering and not field.whose and field.name != table.person:
                aliases.setdefault(field.numbering, []).append((table, field))
    if len(aliases) > len(ALIASES):
        raise TreError(
            f"numbers of {len(aliases)} further numberings, and there are words for {len(ALIASES)}",
            where=schema.name,
            hint="part the dataset in the catalogue",
        )
    found = dict(zip(ALIASES, aliases.values(), strict=False))
    return {**found, MOTHER: mothers} if mothers else found


def numbering_of(schema: Schema, field: Field) -> str:
    """The name under which a number of this column is told apart from the same digits elsewhere."""
    return field.numbering or schema.dataset.numbering or schema.name


def person_tables(schema: Schema) -> list[Table]:
    """The tables identifiers are taken from: those the catalogue names, else every table about children."""
    named = [table for table in schema.tables if table.name in schema.dataset.person_tables]
    return named or [table for table in schema.tables if table.person]


def _former(token: str | None, here: set[str]) -> str | None:
    return f"former_{token}" if token in here and f"former_{token}" in GIVES else token


def _of_schema(schema: Schema, project: Project) -> Iterator[ColumnPlan]:
    giving = {
        (table.name, field.name): domain
        for domain, fields in token_fields(schema).items()
        for table, field in fields
    }
    for table in schema.tables:
        for name in table.columns:
            gives = None if project.profile == "research" else giving.get((table.name, name))
            yield _fate(schema, table, schema.column(table.name, name), project, gives=gives)


def _fate(schema: Schema, table: Table, field: Field, project: Project, *, gives: str | None) -> ColumnPlan:
    declared = project.fates.get(f"{schema.name}.{table.name}.{field.name}")
    token = gives and (field.token or gives)
    stays, why = fates.proposed(table, field, project.dates.get(schema.name))
    if declared is not None:
        why = "the project's declaration"
        token = None if declared == "drop" else token
        stays = "drop" if declared == "token" else declared
    return ColumnPlan(
        schema.name,
        table.name,
        field.name,
        field.type,
        ", ".join(field.role),
        token,
        stays,
        why,
        field.token,
        field.format,
        field.coarsen,
        table.person is not None,
    )


def _undeclared(return_: Return, schema: Schema, project: Project) -> Iterator[Problem]:
    """Columns of the files or frames that neither catalogue nor declaration knows."""
    dropped = {
        (name.split(".")[0], name.split(".")[-1]) for name, fate in project.fates.items() if fate == "drop"
    }
    hint = 'if it may be left behind, say so in the declaration: fates = {"dataset.table.column" = "drop"}'
    for problem in return_.problems:
        column = problem.where.column or (problem.where.file or "").rsplit("/", 1)[-1]
        if UNKNOWN in problem.what and (return_.dataset, column) not in dropped:
            yield Problem("a column nobody declared", problem.where, hint)
    known = {table.name: {*table.columns, "row_no"} for table in schema.tables}
    for name in return_.tables:
        for column in rows.columns(return_, name):
            if column not in known.get(name, set()) and (return_.dataset, column) not in dropped:
                yield Problem("a column nobody declared", Where(return_.dataset, name, column), hint)


def _outside(return_: Return, project: Project) -> Iterator[Problem]:
    """A return of a dataset or authority that the project doesn't have."""
    if return_.dataset not in project.datasets:
        yield Problem(
            "the project's declaration doesn't name this dataset",
            Where(return_.dataset),
            "leave the return out, or agree a new declaration",
        )
    if return_.authority is not None and return_.authority not in project.authorities:
        yield Problem(
            f"the project's declaration doesn't name authority {return_.authority}", Where(return_.dataset)
        )


def _bad_fates(columns: dict[str, ColumnPlan], project: Project) -> Iterable[Problem]:
    """Declared fates that can't be: an identifier kept, a month of what is no date, a token of what gives none."""
    datasets = {one.dataset for one in columns.values()}
    for name, fate in project.fates.items():
        one = columns.get(name)
        if one is None:
            if fate != "drop" and name.split(".")[0] in datasets:
                yield Problem(f"the declaration says {fate} of a column no return has", Where(column=name))
            continue
        yield from fates.refusals(one, fate)
