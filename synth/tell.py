"""How each dataset is told: those the careers speak of by a teller of their own, all others from their schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from synth.model import Model
from synth.world import World
from tre_toolkit.errors import MisuseError
from tre_toolkit.schema import Schema, dataset, datasets

if TYPE_CHECKING:
    from synth.columns import Sheet
    from tre_toolkit.returns import Return

TERMS = ("spring",)  # the terms that are written when a dataset has terms


@dataclass(frozen=True, slots=True)
class Draft:
    """A return as columns, before anybody wants frames: what is written goes straight from here into its files."""

    schema: Schema
    authority: str | None
    sheets: Mapping[str, Sheet]

    @property
    def empty(self) -> Return:
        """The return without its frames: what it is called, and of which period."""
        from tre_toolkit.returns import Return

        shape = self.schema
        return Return(shape.name, shape.year, shape.term, self.authority, {}, synthetic=True)

    def finished(self) -> Return:
        """The return with its frames."""
        from synth.columns import frames

        return replace(self.empty, tables=frames(self.sheets))


def draft_of(one: Return) -> Draft:
    """The draft that a return was made from."""
    from synth.columns import sheet_of

    return Draft(one.schema, one.authority, {name: sheet_of(frame) for name, frame in one.tables.items()})


Teller = Callable[[World, int, Schema], "dict[str, Sheet]"]


def _cin(world: World, authority: int, shape: Schema) -> dict[str, Sheet]:
    from synth.cin_census import cin_census

    return cin_census(world, authority, shape)


def _care(world: World, authority: int, shape: Schema) -> dict[str, Sheet]:
    from synth.ssda903 import ssda903

    return ssda903(world, authority, shape)


def _school(world: World, authority: int, shape: Schema) -> dict[str, Sheet]:
    from synth.school_census import school_census

    return school_census(world, authority, shape)


def _maternity(world: World, authority: int, shape: Schema) -> dict[str, Sheet]:
    from synth.maternity import maternity

    return maternity(world, authority, shape)


TELLERS: dict[str, Teller] = {
    "cin_census": _cin,
    "ssda903": _care,
    "school_census": _school,
    "hes_deliveries": _maternity,
    "hes_births": _maternity,
}


def draft(world: World, authority: int, shape: Schema, model: Model | None = None) -> Draft:
    """One return of a world as columns; `model` says more of the datasets that are told from their schema."""
    from synth.hospital import HOSPITAL, hospital
    from synth.structural import structural

    if teller := TELLERS.get(shape.name):
        sheets = teller(world, authority, shape)
    elif shape.name == HOSPITAL and world.plan.tier < 2:
        sheets = hospital(world, authority, shape, model)
    else:
        sheets = structural(world, authority, shape, model)
    return Draft(shape, world.plan.authorities[authority], sheets)


def tell(
    world: World, authority: int, name: str, year: int, term: str | None, model: Model | None = None
) -> Return:
    """One return of a world, with frames."""
    return draft(world, authority, dataset(name).at(year, term), model).finished()


def wanted(plan_years: Sequence[int], names: Sequence[str]) -> list[Schema]:
    """The shape of every return of one authority.

    A dataset is told in those of the years in which it exists; one that was made once (a census) and in none of them,
    in its nearest. Raises TreError for any other that exists in none.
    """
    found = []
    for name in names:
        known = dataset(name)
        years = [year for year in plan_years if known.exists_in(year)]
        if not years and known.since and known.since == known.until:
            years = [min(known.years, key=lambda year: min(abs(year - one) for one in plan_years))]
        terms: Sequence[str | None] = [term for term in known.terms if term in TERMS] or [None]
        found += [known.at(year, term) for year in years or plan_years for term in terms]
    return found


def returns_of(world: World, names: Sequence[str]) -> Iterator[Return]:
    """The returns of a world, one after the other: authority by authority, dataset by dataset, year by year."""
    shapes = wanted(world.plan.years, names)
    for authority in range(len(world.plan.authorities)):
        for shape in shapes:
            yield draft(world, authority, shape).finished()


def check_datasets(names: Sequence[str]) -> None:
    """Raise MisuseError for a dataset that the catalogue doesn't have."""
    if not names:
        raise MisuseError("no dataset was named", hint=f"the catalogue has {', '.join(datasets())}")
    for name in names:
        if name not in datasets():
            raise MisuseError(f"the catalogue has no dataset {name}", hint=f"it has {', '.join(datasets())}")
