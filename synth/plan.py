"""What is asked for: which authorities, how many children, which years, which seed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from synth.days import year_end, year_start
from synth.draw import Draws
from tre_toolkit.errors import MisuseError

FIGURES = Path(__file__).parent / "data" / "figures.toml"
WARM_UP = (
    900  # days before the first collection year in which careers may begin, so that it opens with open cases
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A request. `children` is the number in each authority; `known` the share of them who are referred.

    In England about 5 in 100 children are referred in a year; half is the default so that a small set has
    enough of every path.
    """

    authorities: tuple[str, ...] = ("990",)
    children: int = 1000
    years: tuple[int, ...] = (2025,)
    seed: int = 0
    known: float = 0.5
    tier: int = 1
    """0: from the schema alone, every code equally likely; 1: by published or approved figures; 2: fitted; 3: private."""
    given: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Weights of streams that approved or fitted tables give."""

    def __post_init__(self) -> None:
        if self.children < 0:
            raise MisuseError("the number of children can't be below 0")
        if not self.years or list(self.years) != list(range(self.years[0], self.years[-1] + 1)):
            raise MisuseError("the years must follow one another", hint="such as 2023-2025")
        if not 0 <= self.known <= 1:
            raise MisuseError("the known share lies between 0 and 1")
        if len(set(self.authorities)) != len(self.authorities) or not self.authorities:
            raise MisuseError("each authority is named once, and there is at least one")
        for code in self.authorities:
            if not (len(code) == 3 and code.isdigit() and "944" <= code <= "998"):
                raise MisuseError(
                    "an invented authority has a number that no authority has",
                    hint="choose from 944 to 998, such as 990 and 991",
                )

    @property
    def draws(self) -> Draws:
        """All the randomness of the set."""
        return Draws(self.seed, flat=self.tier == 0, given=self.given)

    @property
    def opens(self) -> int:
        """The first day of the first collection year."""
        return year_start(self.years[0])

    @property
    def closes(self) -> int:
        """The last day of the last collection year."""
        return year_end(self.years[-1])


@cache
def published(name: str) -> dict[str, Any]:
    """A published figure set by name, its `source` among the values."""
    found: dict[str, Any] = tomllib.loads(FIGURES.read_text(encoding="utf-8"))["published"][name]
    return found
