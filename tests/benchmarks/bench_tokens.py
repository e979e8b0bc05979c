"""Tokens: the loop beside hmac.digest, the processor's own limit, several processes, and a whole run.

    python bench_tokens.py [--values 300000] [--children 200000] [--stream 0]

Processor time says what two processes give on a quiet machine: what the parent does, and half of what the workers do.
The aims: at least 2.5 times a loop over hmac.digest (list in, Arrow out, interleaved, median ratio);
1,000,000 children with 12 tokens, cleaned, tokenised and sealed, within 60 processor seconds and twice
the memory of the input (what is held at most, the input with it, but not the empty interpreter); memory that doesn't grow with --stream 10000000.
"""

from __future__ import annotations

import argparse
import hmac
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pseudonymise import attack
from pseudonymise.keys import Key
from pseudonymise.making import STRETCH, Recipe, Tokens, keyed, make
from pseudonymise.measuring import measured
from pseudonymise.profiles import Column
from pseudonymise.spill import Spill
from pseudonymise.tokens import schema_of, tokenise
from tre_toolkit.parcel import Facts, RecipientKey, seal
from tre_toolkit.signing import Signer

KEY = Key(bytes(range(32)), "bench")
TWELVE = tuple(
    Column(parts)
    for parts in (
        ("upn",),
        ("upn", "birth_year"),
        ("upn", "birth_md"),
        ("upn", "given"),
        ("sex", "birth_date"),
        ("given", "birth_date"),
        ("surname", "birth_date"),
        ("given_sound", "birth_date"),
        ("surname_sound", "birth_date"),
        ("names_sorted", "birth_date"),
        ("postcode", "birth_date"),
        ("given", "surname", "birth_ym"),
    )
)
FACTS = Facts(
    project="bench",
    project_digest="",
    authority="990",
    profile="strict",
    standardiser="1",
    key_commitment="",
    catalogue_digest="",
    synthetic=True,
    counter=1,
)


def loop(values: list[str], secret: bytes) -> pa.Array:
    """The peer: one call of hmac.digest for each value."""
    return pa.array([hmac.digest(secret, value.encode(), "sha256")[:16] for value in values], pa.binary(16))


def beside_the_loop(size: int) -> list[tuple[str, str]]:
    values = [f"N{number:012d}" for number in np.random.default_rng(1).permutation(size)]
    secret, rates, ratios = bytes(range(32)), [], []
    for _ in range(5):
        started = time.process_time()
        loop(values, secret)
        theirs = time.process_time() - started
        started = time.process_time()
        tokenise(pa.array(values), secret)
        ours = time.process_time() - started
        rates.append(size / ours)
        ratios.append(theirs / ours)
    rate = statistics.median(rates)
    rows = [
        ("tokens a processor second, unique UPNs", f"{rate / 1e6:.2f} million"),
        ("ratio to a loop over hmac.digest", f"{statistics.median(ratios):.2f}"),
    ]
    limit = sha_limit()
    if limit:
        rows.append(("share of the processor's limit (openssl speed)", f"{rate / limit:.2f}"))
    return rows


def sha_limit() -> float | None:
    """Tokens a second if every compression ran at openssl's speed on long input: two compressions a token."""
    try:
        said = subprocess.run(
            ["openssl", "speed", "-evp", "sha256", "-seconds", "1", "-bytes", "16384"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return float(said.split()[-1].rstrip("k")) * 1000 / 64 / 2
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def people(size: int, seed: int) -> dict[str, pa.Array]:
    """Invented children as a return would write them."""
    rng = np.random.default_rng(seed)
    names = pa.array([f"Na{chr(97 + n % 26)}e{n // 26}-Mae" for n in range(4000)])
    days = (rng.integers(13000, 20000, size)).astype("int32")
    return {
        "upn": pa.array([f"N{number:012d}" for number in rng.integers(0, 10**12, size)]),
        "given": names.take(pa.array(rng.zipf(1.3, size) % 4000)),
        "surname": names.take(pa.array(rng.zipf(1.2, size) % 4000)),
        "sex": pa.array(["M", "F"]).take(pa.array(rng.integers(0, 2, size))),
        "birth_date": pa.array(days).cast(pa.date32()),
        "postcode": pa.array([f"LS{n % 29 + 1} {n % 9 + 1}AB" for n in rng.integers(0, 10**6, size)]),
    }


def recipe() -> Recipe:
    """Twelve tokens a child, and what the exposure gate measures."""
    return keyed(Recipe(TWELVE, 2025), KEY)


def made(raw: dict[str, pa.Array], order: np.ndarray, spill: Spill, jobs: int = 1) -> Tokens:
    """As a run makes the tokens of a return: its cells are given up a stretch at a time, in random order."""

    def cells(number: int) -> dict[str, pa.Array]:
        rows = pa.array(order[number * STRETCH : (number + 1) * STRETCH])
        return {name: column.take(rows) for name, column in raw.items()}

    ids = np.arange(len(order))
    return make(recipe(), cells, order, ids, spill, jobs=jobs)


def held_people(size: int, seed: int) -> dict[str, pa.Array]:
    """The same, made in a process of its own, so that no room its making left is taken for ours."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "people"

        def write() -> None:
            table = pa.table(people(size, seed))
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)

        process = multiprocessing.get_context("fork").Process(target=write)
        process.start()
        process.join()
        with pa.OSFile(str(path), "rb") as source:
            table = pa.ipc.open_file(source).read_all()
    return {name: table[name].chunk(0) for name in table.column_names}


@dataclass(frozen=True)
class Run:
    """What a run took: processor seconds (of them in this process, not its workers), seconds by the clock, MiB."""

    spent: float
    own: float
    wall: float
    held: float
    grown: float


def one_run(size: int, jobs: int) -> Run:
    """Clean, tokenise, measure and seal the tokens of `size` children."""
    raw = held_people(size, 1)
    before = resident()
    wall, started, own = time.monotonic(), processor(), time.process_time()
    with tempfile.TemporaryDirectory() as name, Spill(Path(name)) as spill:
        order = np.random.default_rng(2).permutation(size).astype(np.int32)
        tokens = made(raw, order, spill, jobs)
        measured("bench/1", recipe(), tokens, attack.Names(), jobs=jobs)
        seal(
            Path(name) / "x.parcel",
            {"tokens/a/1": tokens.batches()},
            FACTS,
            recipient=RecipientKey.new().recipient,
            signer=Signer.new(),
        )
    spent, own = processor() - started, time.process_time() - own
    held = sum(column.nbytes for column in raw.values()) / (1 << 20)
    return Run(spent, own, time.monotonic() - wall, held, peak() - before)


def streamed(size: int, stretch: int = 250_000) -> tuple[float, float]:
    """Seal the tokens of children who come a stretch at a time: processor seconds, MiB the process grew by."""

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(0, size, stretch):
            some = people(min(stretch, size - number), number)
            order = np.random.default_rng(number).permutation(len(some["upn"])).astype(np.int32)
            with Spill() as spill:
                yield from made(some, order, spill).batches()

    schema = schema_of(TWELVE)
    one_run(1000, 1)  # so that the libraries are loaded and not counted as the run's
    before, started = resident(), processor()
    with tempfile.TemporaryDirectory() as name:
        seal(
            Path(name) / "x.parcel",
            {"tokens/a/1": pa.RecordBatchReader.from_batches(schema, batches())},
            FACTS,
            recipient=RecipientKey.new().recipient,
            signer=Signer.new(),
        )
    return processor() - started, peak() - before


def processor() -> float:
    """Processor seconds of this process and of its children that ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def resident() -> float:
    """The memory this process holds now, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)


def peak() -> float:
    """The most memory this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--values", type=int, default=300_000)
    options.add_argument("--children", type=int, default=200_000)
    options.add_argument("--stream", type=int, default=0)
    asked = options.parse_args()
    rows = []
    if asked.stream:
        spent, grown = streamed(asked.stream)
        rows.append((f"{asked.stream:,} children streamed", f"{spent:.0f} processor s, {grown:.0f} MiB more"))
    if asked.children:
        one_run(1000, 1)  # so that the libraries are loaded and not counted as the run's
        runs = {jobs: one_run(asked.children, jobs) for jobs in (1, 2)}
        for jobs, run in runs.items():
            told = f"{run.spent:.1f} processor s ({run.own:.1f} in the parent), {run.wall:.1f} s by the clock"
            if jobs == 1:
                told += (
                    f"; peak {1 + run.grown / run.held:.2f} x the input of {run.held:.0f} MiB, itself counted"
                )
            what = (
                f"{asked.children:,} children x 12 tokens, cleaned, measured and sealed, {jobs} process(es)"
            )
            rows.append((what, told))
        one, two = runs[1], runs[2]
        quiet = one.spent / (two.own + (two.spent - two.own) / 2)
        rows.append(
            ("two processes to one", f"{one.wall / two.wall:.2f} by the clock, {quiet:.2f} by processor time")
        )
    if asked.values:
        rows += beside_the_loop(asked.values)
    print("| what | measured |\n|---|---|")
    for what, told in rows:
        print(f"| {what} | {told} |")


if __name__ == "__main__":
    sys.exit(main())
