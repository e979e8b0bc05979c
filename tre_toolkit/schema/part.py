"""What every part of the catalogue is: strict, frozen, and known by the years and terms in which it exists."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Declared

Type = Literal["string", "date", "datetime", "integer", "decimal", "code", "bool"]


class Part(BaseModel):
    """Strict, frozen, and known by the collection years in which it exists (`from` and `to`, inclusive)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    since: int | None = Declared(None, alias="from")
    """The first collection year in which it exists; none named means from the beginning."""
    until: int | None = Declared(None, alias="to")
    """The last collection year in which it exists; none named means to this day."""

    def exists_in(self, year: int) -> bool:
        return (self.since is None or self.since <= year) and (self.until is None or year <= self.until)


class Termly(Part):
    """A part that may be collected in some terms of the year only."""

    terms: tuple[str, ...] = ()
    """The terms in which it is collected; none named means all of them."""

    def collected_in(self, year: int, term: str | None) -> bool:
        """Whether it exists in `year`, and in `term` when one is asked for."""
        return self.exists_in(year) and (term is None or not self.terms or term in self.terms)
