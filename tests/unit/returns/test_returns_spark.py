"""The rules on Spark find the same rows as on DuckDB, and Spark's faults are told without words of its own."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.returns import validate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark", reason="the extra `spark` isn't installed")


def spoiled(return_):
    """The return with every third cell of each table gone, and the rest a place further down: it breaks many rules."""
    tables = {}
    for at, (name, frame) in enumerate(return_.tables.items()):
        broken = frame.copy()
        for place, column in enumerate(column for column in frame.columns if column != "row_no"):
            moved = frame[column].shift(1 + (place + at) % 2)
            broken[column] = moved.where((frame.index + place) % 3 != 0)
        tables[name] = broken
    return dataclasses.replace(return_, tables=tables)


@pytest.mark.parametrize("dataset", ["ssda903", "cin_census"])
def test_every_rule_of_a_year_flags_the_same_rows_on_both_engines(
    make_return, on_spark: SparkSession, dataset
):
    broken, last = spoiled(make_return(dataset, 2025)), make_return(dataset, 2024)
    here = validate(broken, last)
    there = validate(broken, last, spark=on_spark)
    assert here.crashed == there.crashed == ()
    assert len({finding.rule for finding in here.findings}) > 20
    assert there.as_json(rows=True) == here.as_json(rows=True)


def test_a_fault_of_sparks_tells_neither_query_nor_cell(
    on_spark: SparkSession, capfd: pytest.CaptureFixture[str]
):
    from tre_toolkit.spark import SparkEngine

    with SparkEngine(on_spark) as engine, pytest.raises(TreError) as refused:
        engine.rows("SELECT CAST(cell AS INTEGER) AS n FROM (SELECT 'Zebediah Quillfeather' AS cell) AS one")
    said = capfd.readouterr()
    assert "CAST_INVALID_INPUT" in str(refused.value)
    assert "Quillfeather" not in str(refused.value) + said.out + said.err


def test_what_an_engine_made_is_gone_when_it_closes(on_spark: SparkSession):
    from tre_toolkit.spark import SparkEngine

    before = {table.name for table in on_spark.catalog.listTables()}
    with SparkEngine(on_spark) as engine:
        engine.run("CREATE TABLE made AS SELECT 1 AS n")
        engine.view("a.view", "SELECT n + 1 AS n FROM made")
        assert engine.rows('SELECT n FROM "a.view"').n.tolist() == [2]
        assert engine.columns("a.view") == ["n"]
    assert {table.name for table in on_spark.catalog.listTables()} == before
