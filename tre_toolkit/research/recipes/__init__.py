"""The recipe gallery: each module is one study as a short script, found by its name.

A recipe module holds `ABOUT` (what it asks and what it needs) and `tables()` (its declared tables by
file name); it runs on the synthetic twin and unchanged on real data.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

from tre_toolkit.errors import TreError


@dataclass(frozen=True, slots=True)
class About:
    """What a recipe asks, of which data, and what its answer can't say."""

    name: str
    title: str
    asks: str
    needs: tuple[str, ...]
    """Datasets it can't do without."""
    limits: tuple[str, ...] = ()


def names() -> tuple[str, ...]:
    """Names of all recipes, in order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def recipe(name: str) -> Any:
    """The module of a recipe. Raises TreError when there is none of that name."""
    if name not in names():
        raise TreError("there is no such recipe", where=name, hint=f"there are {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}")
