"""The catalogue: what every return looks like in every year. Public: `datasets`, `dataset`, `schema`."""

from __future__ import annotations

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
