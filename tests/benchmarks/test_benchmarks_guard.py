"""A clear loss of speed turns red: processor time of ours over a reference in the same process, never seconds alone.

Each pair of works is run in turn five times and the best of each is compared, so that other work on the machine counts
as little as it can. A limit stands at twice the ratio measured when it was set, or more: it is there to
see a loss, not to praise a gain. `make bench` measures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from benchmarks import bench_spells, bench_tables, bench_tokens

ROUNDS = 5


def ratio(ours: Callable[[], object], reference: Callable[[], object]) -> float:
    """Processor time of `ours` over that of `reference`: the best of five of each, taken in turn."""
    best = [float("inf"), float("inf")]
    for _ in range(ROUNDS):
        for at, work in enumerate((ours, reference)):
            began = time.process_time()
            work()
            best[at] = min(best[at], time.process_time() - began)
    return best[0] / best[1]


def test_the_ratio_tells_a_loss_of_speed() -> None:
    def work() -> object:
        return sum(number * number for number in range(60_000))

    assert ratio(lambda: [work() for _ in range(4)], work) > 2 > ratio(work, work)


def test_tokens_cost_less_than_half_of_a_loop_over_hmac() -> None:
    from pseudonymise.tokens import tokenise

    values = [f"N{number:012d}" for number in range(50_000)]
    secret = bytes(range(32))
    column = pa.array(values)
    assert ratio(lambda: tokenise(column, secret), lambda: bench_tokens.loop(values, secret)) < 0.8


def test_spells_cost_no_more_than_a_few_of_pandas(tmp_path: Path) -> None:
    path = tmp_path / "episodes.parquet"
    bench_spells.invent(path, 20_000)
    assert bench_spells.ours(path, None) == bench_spells.pandas(path)
    assert ratio(lambda: bench_spells.ours(path, None), lambda: bench_spells.pandas(path)) < 3


@pytest.mark.parametrize(("table", "limit"), [("count", 1), ("mean", 1.5)])
def test_a_checked_table_costs_no_more_than_pandas_and_a_half(table: str, limit: float) -> None:
    import disclosure

    frame = bench_tables.children(200_000, 200_000)
    session = disclosure.session(pack="ons-srs", unit="child", data=frame)
    plain, checked = bench_tables.jobs(frame, session)[table]
    assert ratio(checked, plain) < limit
