"""The second engine and reference: Splink 5 over the same token tables, behind this one door.

Two classes instead of three, so twins are its weakness; it is here to be compared with, and because it
runs on Spark: hand `find_pairs` any of Splink's database APIs. Tokens go in as whole numbers under neutral names.
Needs the `splink` extra.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tre_toolkit.errors import TreError
from tre_toolkit.linkage.model.levels import HOUSE, PARTIAL
from tre_toolkit.linkage.records import NONE, Codes, Records
from tre_toolkit.linkage.room import Room

D = "birth_date"
DEFAULT = 0.9
SAMPLE = 2e6  # random pairs for the shares of levels among unrelated pairs
ON_ONE_MACHINE = {"spark.sql.shuffle.partitions": "1", "spark.sql.adaptive.enabled": "false"}
"""A session on one machine has no use for the partitions of a cluster: each costs more than what is in it."""
_ROUTE = (
    ("swap", ("given+surname+birth_swap",)),
    *((date, (f"given+surname+{date}",)) for date in PARTIAL),
    ("house", HOUSE),
    ("year", ("given+surname+birth_year",)),
)
# comparison: levels in order (name, kinds of which any may agree), then the kind whose absence says nothing
COMPARISONS: dict[str, tuple[tuple[tuple[str, tuple[str, ...]], ...], str | None]] = {
    "route": ((("day", (f"sex+{D}", f"given+{D}", f"surname+{D}", f"{D}+postcode_district")), *_ROUTE), None),
    "given": (
        (
            ("exact", (f"given+{D}",)),
            ("part", (f"given_joined+{D}",)),
            ("swap", (f"names_sorted+{D}",)),
            ("sound", (f"given_sound+{D}",)),
            ("first three", (f"given_first3+{D}",)),
            ("initial", (f"given_initial+{D}",)),
        ),
        f"given+{D}",
    ),
    "surname": (
        (
            ("exact", (f"surname+{D}",)),
            ("part", (f"surname_part1+{D}", f"surname_part2+{D}")),
            ("sound", (f"surname_sound+{D}",)),
            ("first three", (f"surname_first3+{D}",)),
        ),
        f"surname+{D}",
    ),
    "address": (
        (
            ("uprn", (f"{D}+uprn",)),
            ("house", (f"{D}+house",)),
            ("postcode", (f"{D}+postcode",)),
            ("district", (f"{D}+postcode_district",)),
        ),
        f"{D}+postcode_district",
    ),
    "sex": ((("exact", (f"sex+{D}",)),), f"sex+{D}"),
    "middle": ((("exact", (f"middle+{D}",)),), f"middle+{D}"),
    "upn": ((("exact", ("upn",)),), "upn"),
    "nhs": ((("exact", ("nhs",)),), "nhs"),
    "uln": ((("exact", ("uln",)),), "uln"),
}
BLOCKING = (
    *(("upn", "upn"), ("upn", "former_upn"), ("former_upn", "upn")),
    *((kind, kind) for kind in ("nhs", "uln", f"given_initial+{D}", f"surname_first3+{D}")),
    *((kind, kind) for kind in (f"{D}+postcode_district", f"names_sorted+{D}")),
    *((kind, kind) for kind in ("given+surname+birth_year", "given+surname+birth_md")),
    *((kind, kind) for kind in (*HOUSE, "given+surname+postcode")),
)
"""Kinds of the left and of the right record that bring a pair up. Each rule costs Splink a join that shuts out the pairs of
all rules before, so a kind that another includes (a given name's first three letters, its initial) isn't named."""
TRAINING = ((f"given+{D}", f"surname+{D}"), ("upn",), (f"given+{D}", f"{D}+postcode"))


def database(*, room: Room | None = None, threads: int | None = None, spark: str | None = None) -> Any:
    """What Splink runs on: DuckDB in memory, within the limit of `room` and spilling there; or a cluster at `spark`.

    Raises TreError when Splink isn't installed, or the cluster doesn't answer.
    """
    try:
        from splink import DuckDBAPI
    except ImportError:
        raise TreError("Splink isn't installed here", hint="pip install 'tre-toolkit[splink]'") from None
    room = room or Room()
    if spark is not None:
        return _on_spark(spark, room)
    api: Any = DuckDBAPI()
    limits = {
        "memory_limit": room.memory,
        "temp_directory": room.folder and str(room.folder),
        "threads": threads,
    }
    for name, value in limits.items():
        if value is not None:
            api._execute_sql_against_backend(f"SET {name} = '{value}'")
    return api


def _on_spark(url: str, room: Room) -> Any:
    """Splink's Spark API on a session of ours. Splink's own functions in Java aren't asked for: tokens are compared for
    equality alone. On one machine what it keeps goes to Parquet files in the room's folder, so that Spark knows how small
    it is and plans no further than it; on a cluster the executors hold it."""
    from splink.backends import spark as backend

    from tre_toolkit.spark import session

    spark = session(url, memory=room.memory, folder=room.folder)
    method = "persist"
    if url.startswith("local"):
        for name, value in ON_ONE_MACHINE.items():
            spark.conf.set(name, value)
        if room.folder is not None:
            spark.sparkContext.setCheckpointDir(str(room.folder))
            method = "parquet"
    api: Any = backend.SparkAPI
    return api(spark_session=spark, break_lineage_method=method, register_udfs_automatically=False)


def find_pairs(records: Records, file: Codes, *, api: Any = None, least: float = 0.001) -> pd.DataFrame:
    """Pairs across files with their probability: columns left, right (row numbers, left < right), probability.

    `api` is a Splink database API (as `database` gives it); DuckDB in memory when none is given.
    Raises TreError when Splink isn't installed.
    """
    api = api or database()
    from splink import Linker

    names = {kind: f"c{at}" for at, kind in enumerate(sorted(records.tokens))}
    tables = [
        api.register(_table(records, np.flatnonzero(file == one), names), dataset_display_name=f"file_{one}")
        for one in np.unique(file)
    ]
    linker: Any = Linker(tables, _settings(names), log_level="ERROR")
    sure: list[Any] = [
        _agree(kinds, names)
        for kinds in (("upn",), (f"given+{D}", f"surname+{D}", f"sex+{D}"))
        if _held(kinds, names)
    ]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLE, seed=1)
    for kinds in TRAINING:
        if _held(kinds, names):
            linker.training.estimate_parameters_using_expectation_maximisation(_agree(kinds, names))
    found = linker.inference.predict(threshold_match_probability=least).as_pandas_dataframe()
    one, two = found["row_l"].to_numpy(np.int64), found["row_r"].to_numpy(np.int64)
    return pd.DataFrame(
        {
            "left": np.minimum(one, two),
            "right": np.maximum(one, two),
            "probability": found["match_probability"].to_numpy(float),
        }
    ).sort_values(["left", "right"], ignore_index=True)


def _table(records: Records, rows: Codes, names: dict[str, str]) -> pa.Table:
    """One file's tokens as whole numbers, missing where there is none."""
    columns = {"row": pa.array(rows)}
    for kind, name in names.items():
        codes = records.tokens[kind][rows]
        columns[name] = pa.array(codes, mask=codes == NONE)
    return pa.table(columns)


def _settings(names: dict[str, str]) -> Any:
    from splink import SettingsCreator
    from splink.comparison_library import CustomComparison

    comparisons: list[Any] = []
    for name, (levels, needed) in COMPARISONS.items():
        made: list[dict[str, Any]] = [
            {"sql_condition": _any(kinds, names), "label_for_charts": label}
            for label, kinds in levels
            if _any(kinds, names)
        ]
        if needed in names:
            column = names[str(needed)]
            null = {
                "sql_condition": f"{column}_l is null or {column}_r is null",
                "label_for_charts": "null",
                "is_null_level": True,
            }
            made.insert(0, null)
        elif needed is not None or not made:
            continue
        comparisons.append(
            CustomComparison(
                output_column_name=name,
                comparison_levels=[*made, {"sql_condition": "ELSE", "label_for_charts": "else"}],
            )
        )
    rules: list[Any] = [
        f"l.{names[one]} = r.{names[two]}" for one, two in BLOCKING if {one, two} <= set(names)
    ]
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="row",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def _any(kinds: tuple[str, ...], names: dict[str, str]) -> str:
    """SQL: any of these kinds is equal."""
    return " or ".join(f"{names[kind]}_l = {names[kind]}_r" for kind in kinds if kind in names)


def _agree(kinds: tuple[str, ...], names: dict[str, str]) -> str:
    """SQL of a rule: all of these kinds are equal."""
    return " and ".join(f"l.{names[kind]} = r.{names[kind]}" for kind in kinds)


def _held(kinds: tuple[str, ...], names: dict[str, str]) -> bool:
    return set(kinds) <= set(names)
