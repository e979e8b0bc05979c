"""The recipe gallery: each module is one study as a short script, found by its name.

A recipe module holds `ABOUT` (what it asks, what it needs, what its answer can't say) and `tables()` (its
declared tables by file name). It runs on the synthetic twin and unchanged on real data. A table that needs
a dataset the workspace lacks is left out, and the run says so; without the datasets of `needs`, none is made.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tre_toolkit.errors import TreError

if TYPE_CHECKING:
    from tre_toolkit.research.declared import Declared


@dataclass(frozen=True, slots=True)
class About:
    """What a recipe asks, of which data, and what its answer can't say."""

    name: str
    title: str
    asks: str
    needs: tuple[str, ...]
    """Datasets it can't do without."""
    also: tuple[str, ...] = ()
    """Datasets that some of its tables need."""
    limits: tuple[str, ...] = ()
    disclosure: str = "Children are counted once. Small cells are expected in groups and rare states: protect before release."


def names() -> tuple[str, ...]:
    """Names of all recipes, in order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def recipe(name: str) -> Any:
    """The module of a recipe. Raises TreError when there is none of that name."""
    if name not in names():
        raise TreError("there is no such recipe", where=name, hint=f"there are {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}")


def datasets_of(table: Declared) -> tuple[str, ...]:
    """The datasets a declared table reads beside those of its states."""
    from tre_toolkit.research.declared import Variable

    found: set[str] = set(table.cohort.linked)
    waiting: list[Any] = [value for _, value in table]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Variable):
            found |= {
                name.partition(".")[0] for name in (one.column, one.has, one.via) if name and "." in name
            }
        elif isinstance(one, tuple):
            waiting += one
        elif hasattr(one, "sum") and isinstance(one.sum, str):
            found.add(one.sum.partition(".")[0])
    if rollout := getattr(table, "rollout", None):
        found.add(rollout.partition(".")[0])
    return tuple(sorted(found))
