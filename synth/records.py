"""What a child's own record says: the columns of any dataset that are about who the child is.

A column's token, which the catalogue gives, says what it holds; the sex and the ethnic group are told in the
words of the column's own code list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synth import columns as col
from synth import names
from synth.days import NEVER
from synth.draw import Ints
from synth.ids import nhs_numbers, numbered
from synth.people import ETHNIC_CODES
from synth.world import World
from tre_toolkit.schema import Field, Schema, Table

UPN, BORN, POSTCODE, LOCAL = "upn", "birth_date", "postcode", "local_id"


@dataclass(frozen=True, slots=True)
class Record:
    """Whose records are told: the world, the authority, the schema, and the last day of its year."""

    world: World
    authority: int
    shape: Schema
    ends: int


Maker = Callable[[Record, Field, Ints], col.Column | None]


def of_person(record: Record, table: Table, field: Field, child: Ints) -> col.Column | None:
    """The column from the children's own records; None for a column that is about something else."""
    maker = MAKERS.get(field.token or "")
    if maker:
        return maker(record, field, child)
    if field.name == table.person or (field.type == "string" and "linkage_id" in field.role):
        return _local_id(record, field, child)
    if field.type == "code" and set(ETHNIC_CODES) <= set(codes := list(record.shape.codes(field))):
        places = np.array([codes.index(code) for code in ETHNIC_CODES])
        return col.coded(codes, places[record.world.people.ethnic[child]])
    if field.type == "integer" and field.name.lower().startswith("age"):
        age = (record.ends - record.world.people.born[child]) // 365.25
        return col.counts(np.maximum(age, 0).astype(np.int64))
    return None


def _upn(record: Record, field: Field, child: Ints) -> col.Column:
    world = record.world
    return col.text(
        world.upn[child], (world.school_from[child] > record.ends) | (world.people.no_upn[child] > 0)
    )


def _born(record: Record, field: Field, child: Ints) -> col.Column:
    born = record.world.people.born[child]
    return col.dates(np.where(born > record.ends, NEVER, born), record.shape.dataset.form.date_formats[0])


def _given(record: Record, field: Field, child: Ints) -> col.Column:
    return col.coded(names.pool().all, record.world.people.given[child])


def _middle(record: Record, field: Field, child: Ints) -> col.Column:
    return col.coded(names.pool().all, record.world.people.middle[child])


def _surname(record: Record, field: Field, child: Ints) -> col.Column:
    people = record.world.people
    former = "former" in field.name.lower()
    return col.coded(names.pool().all, people.former_surname[child] if former else people.surname[child])


def _postcode(record: Record, field: Field, child: Ints) -> col.Column:
    return col.text(record.world.postcodes(record.world.home_places(child, record.authority)))


def of_household(world: World, child: Ints) -> col.Column:
    """The number of a home where numbers are text: of every child who lives there, the same."""
    return col.text(numbered("SYN", world.people.house[child] % np.uint64(10**12), 12))


def _uprn(record: Record, field: Field, child: Ints) -> col.Column:
    """Thirteen digits that begin with 9, one too many for a UPRN, where numbers are wanted; SYN and digits elsewhere."""
    number = record.world.people.house[child] % np.uint64(10**12)
    return (
        col.text(numbered("9", number, 12)) if field.type == "integer" else of_household(record.world, child)
    )


def _nhs(record: Record, field: Field, child: Ints) -> col.Column:
    people, slots = record.world.people, np.uint64(len(record.world.plan.authorities))
    counter = people.place[child] * slots + people.home[child].astype(np.uint64)
    return col.text(nhs_numbers(counter, key=record.world.draws.key("nhs")))


def _no_number(record: Record, field: Field, child: Ints) -> col.Column | None:
    """No range of unique learner numbers is published as never issued, so none is made up unless it must be."""
    return None if field.required else col.coded(("",), np.full(len(child), -1))


def _local_id(record: Record, field: Field, child: Ints) -> col.Column:
    numbering = field.numbering or record.shape.dataset.numbering
    if numbering and field.token != LOCAL:
        return col.text(record.world.national_ids(child, numbering))
    return col.text(record.world.local_ids(child, record.authority))


def _sex(record: Record, field: Field, child: Ints) -> col.Column | None:
    codes = record.shape.codes(field)
    found = [
        next((value for value, label in codes.items() if label.lower().startswith(word)), None)
        for word in ("male", "female")
    ]
    if None in found:
        return None
    return col.coded([str(value) for value in found], record.world.people.female[child].astype(np.int64))


MAKERS: dict[str, Maker] = {
    UPN: _upn,
    BORN: _born,
    "given": _given,
    "middle": _middle,
    "surname": _surname,
    POSTCODE: _postcode,
    "uprn": _uprn,
    "nhs": _nhs,
    "uln": _no_number,
    LOCAL: _local_id,
    "sex": _sex,
}
