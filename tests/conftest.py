"""The journey of `tre demo`, played once for all that look at it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.journey import Played

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The journey's folder; TRE_JOURNEY names one that stands already, for a quick look at a page."""
    if "TRE_JOURNEY" in os.environ:
        return Played(Path(os.environ["TRE_JOURNEY"]), "")
    folder = tmp_path_factory.mktemp("demo") / "journey"
    done = subprocess.run(
        [str(Path(sys.executable).with_name("tre")), "demo", "--children", "300", "--into", str(folder)],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Played(folder, done.stdout + done.stderr)


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Spark tells what it planned and how it was set, for tests that read it."""
    return tmp_path_factory.mktemp("spark-events")


@pytest.fixture(scope="session")
def on_spark(tmp_path_factory: pytest.TempPathFactory, event_log: Path) -> Iterator[SparkSession]:
    """Spark on two cores of this machine, set for small data."""
    from tre_toolkit.errors import TreError
    from tre_toolkit.spark import session

    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which isn't on this machine")
    defaults = tmp_path_factory.mktemp("spark-conf") / "spark-defaults.conf"
    defaults.write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.compress false\nspark.eventLog.dir {event_log.as_uri()}\n"
    )
    os.environ["SPARK_CONF_DIR"] = str(defaults.parent)
    try:
        spark = session("local[2]", memory="2GB", folder=tmp_path_factory.mktemp("spark"))
    except TreError as refusal:
        pytest.skip(f"Spark doesn't start on this machine: {refusal}")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    yield spark
    spark.stop()
