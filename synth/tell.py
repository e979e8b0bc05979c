"""How each dataset is told: those the careers speak of by a teller of their own, all others from their schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from synth.model import Model
from synth.world import World
from tre_toolkit.errors import MisuseError
from tre_toolkit.schema import dataset, datasets

if TYPE_CHECKING:
    import pandas as pd

    from tre_toolkit.returns import Return

Tables = dict[str, "pd.DataFrame"]
TERMS = ("spring",)  # the terms that are written when a dataset has terms


def _cin(world: World, authority: int, year: int, term: str | None) -> Tables:
    from synth.cin_census import cin_census

    return cin_census(world, authority, year)


def _care(world: World, authority: int, year: int, term: str | None) -> Tables:
    from synth.ssda903 import ssda903

    return ssda903(world, authority, year)


def _school(world: World, authority: int, year: int, term: str | None) -> Tables:
    from synth.school_census import school_census

    return school_census(world, authority, year, term or TERMS[0])


TELLERS: dict[str, Callable[[World, int, int, str | None], Tables]] = {
    "cin_census": _cin,
    "ssda903": _care,
    "school_census": _school,
}


def tell(
    world: World, authority: int, name: str, year: int, term: str | None, model: Model | None = None
) -> Return:
    """One return of a world; `model` says more of the datasets that are told from their schema."""
    from synth.hospital import HOSPITAL, hospital
    from synth.structural import structural
    from tre_toolkit.returns import Return

    teller, shape = TELLERS.get(name), dataset(name).at(year, term)
    if teller:
        tables = teller(world, authority, year, term)
    elif name == HOSPITAL and world.plan.tier < 2:
        tables = hospital(world, authority, shape, model)
    else:
        tables = structural(world, authority, shape, model)
    return Return(name, year, term, world.plan.authorities[authority], tables, synthetic=True)


def wanted(plan_years: Sequence[int], names: Sequence[str]) -> list[tuple[str, int, str | None]]:
    """Dataset, year and term of every return of one authority.

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
        for year in years or plan_years:
            found += [(name, year, term) for term in terms]
            known.at(year, terms[0])
    return found


def returns_of(world: World, names: Sequence[str]) -> Iterator[Return]:
    """The returns of a world, one after the other: authority by authority, dataset by dataset, year by year."""
    for authority in range(len(world.plan.authorities)):
        for name, year, term in wanted(world.plan.years, names):
            yield tell(world, authority, name, year, term)


def check_datasets(names: Sequence[str]) -> None:
    """Raise MisuseError for a dataset that the catalogue doesn't have."""
    if not names:
        raise MisuseError("no dataset was named", hint=f"the catalogue has {', '.join(datasets())}")
    for name in names:
        if name not in datasets():
            raise MisuseError(f"the catalogue has no dataset {name}", hint=f"it has {', '.join(datasets())}")
