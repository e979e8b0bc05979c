"""The embedded engine, its four verbs, and the optimiser fault that is switched off."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tre_toolkit.engine import Engine, quote


def test_frames_arrow_tables_and_parquet_come_in_and_rows_go_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({"child": ["A", "B"], "days": [3, 4]})
    (tmp_path / "parts").mkdir()
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "parts" / "a.parquet")
    with Engine() as engine:
        engine.table("from frame", frame)
        engine.table("from_arrow", pa.Table.from_pandas(frame))
        engine.table("from_folder", tmp_path / "parts")
        engine.view(
            "twice",
            'SELECT * FROM "from frame" UNION ALL SELECT * FROM from_arrow UNION ALL SELECT * FROM from_folder',
        )
        assert engine.rows(
            "SELECT CAST(SUM(days) AS INTEGER) AS days FROM twice WHERE child = ?", ["A"]
        ).days.tolist() == [9]
        engine.write("SELECT * FROM twice ORDER BY child, days", tmp_path / "out's.parquet")
        assert engine.arrow("SELECT COUNT(*) AS n FROM twice").to_pylist() == [{"n": 6}]
    assert pq.read_table(tmp_path / "out's.parquet").num_rows == 6


def test_a_union_over_both_sides_of_one_self_join_keeps_every_row() -> None:
    """DuckDB 2.0 loses rows here unless the common_subplan optimiser is off."""
    dice = random.Random(1)
    stays = pd.DataFrame(
        {
            "row_no": range(400),
            "child": [f"K{dice.randrange(150)}" for _ in range(400)],
            "started": [dice.randrange(100) for _ in range(400)],
            "ended": [None if n % 2 else dice.randrange(100) for n in range(400)],
        }
    ).astype({"ended": "Int64"})
    overlap = (
        "FROM stays x JOIN stays y ON y.child = x.child CROSS JOIN period WHERE x.row_no <> y.row_no AND x.started >= y.started"
        " AND (x.started <= y.ended OR (y.ended IS NULL AND x.started <= period.ends))"
    )
    with Engine() as engine:
        engine.table("stays", stays)
        engine.table("period", pd.DataFrame({"ends": [90]}))
        first, second = (set(engine.rows(f"SELECT {side}.row_no {overlap}").row_no) for side in "xy")
        union = engine.rows(f"SELECT x.row_no {overlap} UNION SELECT y.row_no {overlap}")
    assert set(union.row_no) == first | second


def test_a_memory_cap_is_set(tmp_path: Path) -> None:
    with Engine(memory="256MB", spill=tmp_path, threads=1) as engine:
        setting = engine.rows(
            "SELECT current_setting('memory_limit') AS memory, current_setting('threads') AS threads"
        )
    assert setting.memory[0].startswith("244.1")  # 256 MB in MiB
    assert int(setting.threads[0]) == 1


@pytest.mark.parametrize(("name", "quoted"), [("header", '"header"'), ('odd " name', '"odd "" name"')])
def test_any_name_can_be_quoted(name: str, quoted: str) -> None:
    assert quote(name) == quoted


def test_the_engine_reaches_for_no_extension() -> None:
    with Engine() as engine:
        settings = engine.rows(
            "SELECT name, value FROM duckdb_settings() WHERE name IN ('autoinstall_known_extensions', 'autoload_known_extensions')"
        )
    assert set(settings.value) == {"false"}
