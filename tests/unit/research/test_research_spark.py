"""The same SQL on Spark: every recipe writes the same bytes, whichever engine its workspace stands on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tre_toolkit.research.recipes import names
from tre_toolkit.research.run import run_recipe
from tre_toolkit.research.workspace import Workspace

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark", reason="the extra `spark` isn't installed")


@pytest.mark.parametrize("name", names())
def test_a_recipe_writes_the_same_bytes_on_spark_and_on_duckdb(
    everything: Workspace, on_spark: SparkSession, tmp_path: Path, name: str
) -> None:
    here = run_recipe(name, everything, tmp_path / "duckdb")
    there = run_recipe(name, dataclasses.replace(everything, spark=on_spark), tmp_path / "spark")
    assert there.left_out == here.left_out
    assert [file.name for file in there.written] == [file.name for file in here.written]
    for one, other in zip(here.written, there.written, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
