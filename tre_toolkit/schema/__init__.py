"""The catalogue: what every return looks like in every year. Public: `datasets`, `dataset`, `schema`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tre_toolkit.schema.load import CATALOGUE, dataset, datasets, load_dataset, schema
    from tre_toolkit.schema.model import Code, CodeList, Dataset, Field, Schema, Table

__all__ = [
    "CATALOGUE",
    "Code",
    "CodeList",
    "Dataset",
    "Field",
    "Schema",
    "Table",
    "dataset",
    "datasets",
    "load_dataset",
    "schema",
]
_MODELS = {"Code", "CodeList", "Dataset", "Field", "Schema", "Table"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "tre_toolkit.schema.model" if name in _MODELS else "tre_toolkit.schema.load"
    return getattr(importlib.import_module(home), name)
