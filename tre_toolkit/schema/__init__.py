"""The catalogue: what every return looks like in every year. Public: `datasets`, `dataset`, `schema`, `harmonise`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tre_toolkit.schema.harmony import Harmonised, areas, ethnic_groups, harmonise
    from tre_toolkit.schema.load import CATALOGUE, dataset, datasets, load_dataset, schema
    from tre_toolkit.schema.model import Code, CodeList, Dataset, Field, Rule, Schema, Table

__all__ = [
    "CATALOGUE",
    "Code",
    "CodeList",
    "Dataset",
    "Field",
    "Harmonised",
    "Rule",
    "Schema",
    "Table",
    "areas",
    "dataset",
    "datasets",
    "ethnic_groups",
    "harmonise",
    "load_dataset",
    "schema",
]
_HARMONY = {"Harmonised", "areas", "ethnic_groups", "harmonise"}
_MODELS = {"Code", "CodeList", "Dataset", "Field", "Rule", "Schema", "Table"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "model" if name in _MODELS else "harmony" if name in _HARMONY else "load"
    return getattr(importlib.import_module(f"tre_toolkit.schema.{home}"), name)
