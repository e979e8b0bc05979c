"""Past one machine: the verbs of the engine on Apache Spark, from the same SQL text.

Rooms write one SQL, DuckDB's portable subset; sqlglot turns it into Spark's as it passes. Nothing else differs: a
`SparkEngine` is handed where an `Engine` goes. What the engine makes stays in the session as temporary
views, kept on the executors' own disks (`spark.local.dir`) and gone when the engine closes. Needs the extra `spark` and Java 17.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tre_toolkit.engine import Engine
from tre_toolkit.errors import TreError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql import SparkSession as SparkSession
    from sqlglot.expressions import Expression


def session(url: str, *, memory: str | None = None, folder: Path | None = None) -> SparkSession:
    """A Spark session at `url` (`local[2]`, `spark://host:7077`); of the same process, always the same one.

    `memory` is what each executor may hold ("2g"), `folder` where Spark spills: it must be as guarded as the data.
    Raises TreError where Java is missing or the cluster doesn't answer.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # it quotes queries
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    local = url.startswith("local")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.shuffle.partitions": "4" if local else None,
        "spark.driver.host": "127.0.0.1" if local else None,
        "spark.driver.bindAddress": "127.0.0.1" if local else None,
        "spark.driver.memory" if local else "spark.executor.memory": memory
        and memory.lower().removesuffix("b"),
        "spark.local.dir": folder and str(folder),
        "spark.log.level": "OFF",  # its errors quote cells
        "spark.executor.syncLogLevel.enabled": "true",  # nor do the executors' own logs
    }
    builder = SparkSession.builder.master(url).appName("tre-toolkit")
    for name, value in settings.items():
        if value is not None:
            builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise TreError(
            f"Spark didn't start ({type(error).__name__})",
            where=url,
            hint="Spark 4 needs Java 17 or newer on the PATH or in JAVA_HOME, and a cluster that answers at this address",
        ) from None


def mapped(
    session: SparkSession,
    tables: Iterable[pa.Table],
    work: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    """What `work` makes of each table in the executors, batch by batch and in order: rows of `schema`.

    `work` is sent to them inside the plan, so it may hold the paths of secrets and never a secret. A table is on its way at a
    time: no more than one and its answer are held here. Raises TreError where an executor fails, without its words.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    kind = from_arrow_schema(schema)
    for table in tables:
        with _wordless():
            sent = session.createDataFrame(cast("pd.DataFrame", _without_large(table)))
            answer = sent.mapInArrow(cast("Any", work), kind).toArrow()
        yield from answer.cast(schema).to_batches()


class SparkEngine(Engine):
    """The engine's verbs on a Spark session. What it made is dropped when it closes; the session stays."""

    def __init__(self, session: SparkSession) -> None:
        self._spark = session
        self._made: set[str] = set()

    def table(self, name: str, source: pd.DataFrame | pa.Table | Path) -> None:
        if isinstance(source, Path):
            self._keep(name, self._spark.read.parquet(str(source)))
        else:
            with self.lent(name, _as_table(source)):
                made = self._spark.table(f"`{_plain(name)}`")
            self._keep(name, made)

    def view(self, name: str, sql: str) -> None:
        self._name(name, self._ask(_spark_sql(sql)))

    def run(self, sql: str, params: Sequence[object] = ()) -> None:
        """Carry out `CREATE [OR REPLACE] TABLE name AS query` or `DROP TABLE name`, the statements of the subset."""
        from sqlglot import exp

        statement = _parsed(sql)
        name = statement.find(exp.Table)
        if isinstance(statement, exp.Drop) and name is not None:
            self._drop(name.name)
        elif isinstance(statement, exp.Create) and name is not None and statement.expression is not None:
            if statement.args.get("exists") and name.name in self._made:
                return
            self._keep(name.name, self._ask(_rendered(statement.expression), params))
        else:
            raise ValueError(f"not a statement of the portable subset: {type(statement).__name__}")

    def rows(self, sql: str, params: Sequence[object] = ()) -> pd.DataFrame:
        return as_frame(self.arrow(sql, params))

    def arrow(self, sql: str, params: Sequence[object] = ()) -> pa.Table:
        with _wordless():
            return self._ask(_spark_sql(sql), params).toArrow()

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        yield from self.arrow(sql).to_batches(rows)

    @contextmanager
    def lent(self, name: str, rows: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        import pyarrow as pa

        whole = rows if isinstance(rows, pa.Table) else rows.read_all()
        self._spark.createDataFrame(cast("pd.DataFrame", _without_large(whole))).createOrReplaceTempView(
            _plain(name)
        )
        try:
            yield
        finally:
            self._spark.catalog.dropTempView(_plain(name))

    def pack(self) -> None:
        """Spark's own columns are compressed."""

    def settle(self) -> None:
        """Nothing to do."""

    def columns(self, name: str) -> list[str]:
        return list(self._spark.table(f"`{_plain(name)}`").columns)

    def write(self, sql: str, path: Path) -> None:
        import pyarrow.parquet as pq

        pq.write_table(self.arrow(sql), path)

    def close(self) -> None:
        for name in list(self._made):
            self._drop(name)

    def _ask(self, sql: str, params: Sequence[object] = ()) -> DataFrame:
        with _wordless():
            return cast("DataFrame", self._spark.sql(sql, args=list(params) or None))

    def _keep(self, name: str, frame: DataFrame) -> None:
        # not persisted: Spark would carry the plan of everything before into the plan of everything after
        with _wordless():
            self._name(name, frame.localCheckpoint())

    def _name(self, name: str, frame: DataFrame) -> None:
        frame.createOrReplaceTempView(_plain(name))
        self._made.add(name)

    def _drop(self, name: str) -> None:
        self._spark.catalog.dropTempView(_plain(name))
        self._made.discard(name)


@contextmanager
def _wordless() -> Iterator[None]:
    """Spark's faults by their kind alone: their words quote the query and the cell."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        kind = error.getCondition() or type(error).__name__
    else:
        return
    raise TreError(f"Spark couldn't answer a query ({kind})")


def as_frame(table: pa.Table) -> pd.DataFrame:
    """An answer of Spark's with the types DuckDB's frames have: decimals as floats, dates as times."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(at, field.name, table.column(at).cast(pa.float64()))
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def _as_table(source: pd.DataFrame | pa.Table) -> pa.Table:
    import pyarrow as pa

    return source if isinstance(source, pa.Table) else pa.Table.from_pandas(source, preserve_index=False)


def _without_large(table: pa.Table) -> pa.Table:
    """The table with text of the usual kind: Spark reads no other."""
    import pyarrow as pa

    kinds = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    return table.cast(
        pa.schema([field.with_type(kinds.get(field.type, field.type)) for field in table.schema])
    )


def _plain(name: str) -> str:
    """A name as Spark's temporary views can bear it: they know neither dot nor blank."""
    return re.sub(r"\W", "__", name)


def _parsed(sql: str) -> Expression:
    import sqlglot

    return cast("Expression", sqlglot.parse_one(sql, read="duckdb"))


def _spark_sql(sql: str) -> str:
    return _rendered(_parsed(sql))


def _rendered(query: Expression) -> str:
    return str(query.transform(_as_spark_has_it).sql(dialect="spark"))


def _form(form: str) -> str:
    """A date format as Java writes it."""
    for ours, java in (
        ("%d", "d"),
        ("%m", "M"),
        ("%Y", "yyyy"),
        ("%b", "MMM"),
        ("%H", "H"),
        ("%M", "m"),
        ("%S", "s"),
    ):
        form = form.replace(ours, java)
    return form


def _is_day(node: Expression) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Cast) and node.to.is_type("date")


def _full_match(text: Expression, pattern: Expression) -> Expression:
    from sqlglot import exp

    return exp.RegexpLike(this=text, expression=exp.Literal.string(f"^(?:{pattern.name})$"))


def _try_strptime(text: Expression, form: Expression) -> Expression:
    from sqlglot import exp

    return exp.Anonymous(this="try_to_timestamp", expressions=[text, exp.Literal.string(_form(form.name))])


FUNCTIONS: dict[str, Callable[..., Expression]] = {"try_strptime": _try_strptime}


def _as_spark_has_it(node: Expression) -> Expression:
    """What the dialects don't say for each other: names with a dot, a Parquet file as a table, frames that mean nothing."""
    from sqlglot import exp

    if isinstance(node, exp.Table):
        if isinstance(node.this, exp.ReadParquet):
            path = node.this.expressions[0].name
            return exp.Table(
                this=exp.to_identifier(path, quoted=True),
                db=exp.to_identifier("parquet"),
                alias=node.args.get("alias"),
            )
        if _plain(node.name) != node.name:
            node.set("this", exp.to_identifier(_plain(node.name), quoted=True))
    if isinstance(node, exp.Anonymous) and node.name.lower() in FUNCTIONS:
        return FUNCTIONS[node.name.lower()](*node.expressions)
    if isinstance(node, exp.Extract) and node.this.name.upper() == "ISODOW":
        node.set("this", exp.var("DAYOFWEEK_ISO"))
    if isinstance(node, exp.Sub) and all(_is_day(one) for one in (node.this, node.expression)):
        return exp.DateDiff(this=node.this, expression=node.expression)  # a number of days, not an interval
    if isinstance(node, exp.RegexpFullMatch | exp.SimilarTo):
        return _full_match(node.this, node.expression)
    if isinstance(node, exp.Window) and isinstance(node.this, exp.Lead | exp.Lag):
        node.set("spec", None)  # the next row is the next row, whatever the frame
    return node
