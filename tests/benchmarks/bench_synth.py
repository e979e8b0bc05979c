"""What inventing children costs, against Faker in the same run, and how close the private tier comes.

Run with `python tests/benchmarks/bench_synth.py [--children N] [--large N]`. All times are CPU seconds of the
process, all targets ratios, so that a slow or a shared machine gives the same answer. `--large` writes a whole set
in a process of its own and tells its memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("cin_census", "ssda903", "school_census")
YEARS = (2023, 2024, 2025)  # as `tre demo` asks for them
FAKED = 2000  # rows that Faker makes
CHILD = 200_000  # rows of the child table that we make


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds, and what came out."""
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def faked(rows: int) -> list[tuple[Any, ...]]:
    """A child table of ten columns by Faker, value by value."""
    from faker import Faker

    maker = Faker("en_GB")
    maker.seed_instance(1)
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    made = []
    for _ in range(rows):
        number = f"999{maker.random_number(9, fix_len=True)}"
        check = letters[sum(int(digit) * place for place, digit in enumerate(number, start=2)) % 23]
        made.append(
            (
                maker.bothify("SYN########"), check + number, maker.first_name(), maker.first_name(),
                maker.last_name(), maker.date_of_birth(minimum_age=0, maximum_age=17).isoformat(),
                maker.random_element(("M", "F")), maker.random_element(("WBRI", "BAFR", "AIND", "OOTH")),
                maker.postcode(), maker.random_int(1, 99),
            )
        )  # fmt: skip
    return made


def faked_set(world: Any, folder: Path, rows: int) -> tuple[float, int]:
    """The same tables by Faker, value by value, in the same forms: CPU seconds that all rows of the set would take, and rows.

    Of each table some rows are made, with a value wherever ours has one: a code by `random_element`, a date by
    `date_between`, a name by its provider. They are written by the standard library: `csv` where the return is CSV,
    `xml.etree` where it is a document. What a row costs is then counted for all rows of the table.
    """
    from faker import Faker

    from synth.tell import returns_of

    maker, total, made = Faker("en_GB"), 0.0, 0
    maker.seed_instance(1)
    for one in returns_of(world, NAMES):
        for table in one.schema.tables:
            frame = one.tables[table.name]
            if not len(frame):
                continue
            makers = [_maker(maker, one.schema, table, name) for name in frame.columns[:-1]]
            filled = frame.iloc[:rows, :-1].notna().to_numpy()
            start = time.process_time()
            cells = [
                [make() if wanted else "" for make, wanted in zip(makers, there, strict=True)]
                for there in filled
            ]
            write = _document if one.schema.dataset.form.kind == "xml" else _sheet
            write(folder / f"{one.name}.{table.name}", table.name, list(frame.columns[:-1]), cells)
            total += (time.process_time() - start) / len(filled) * len(frame)
            made += len(frame)
    return total, made


def _sheet(path: Path, name: str, columns: list[str], rows: list[list[Any]]) -> None:
    import csv

    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _document(path: Path, name: str, columns: list[str], rows: list[list[Any]]) -> None:
    from xml.etree import ElementTree

    root = ElementTree.Element("records")
    for row in rows:
        element = ElementTree.SubElement(root, name)
        for column, cell in zip(columns, row, strict=True):
            if cell != "":
                ElementTree.SubElement(element, column).text = str(cell)
    ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _maker(maker: Any, shape: Any, table: Any, name: str) -> Callable[[], Any]:
    field = shape.column(table.name, name)
    codes = tuple(shape.codes(field))
    by_token = {
        "given": maker.first_name, "middle": maker.first_name, "surname": maker.last_name, "postcode": maker.postcode,
        "upn": lambda: maker.bothify("?999#########"), "local_id": lambda: maker.bothify("SYN########"),
    }  # fmt: skip
    if field.token in by_token:
        return by_token[field.token]
    if codes:
        return lambda: maker.random_element(codes)
    if field.type in ("date", "datetime"):
        return lambda: maker.date_between("-5y", "today").isoformat()
    if field.type in ("integer", "decimal"):
        return lambda: maker.random_int(0, 99)
    if field.type == "bool":
        return lambda: maker.random_element(("0", "1"))
    return lambda: maker.bothify("SYN########")


def child_table(rows: int) -> Any:
    """The same ten columns by us, as an Arrow table, a chunk of children at a time as every set is made."""
    import pyarrow as pa

    from synth.plan import Plan
    from synth.write import CHUNK

    plan = Plan(("990",), rows, (2025,), seed=1)
    return pa.concat_tables([_children(plan, first) for first in range(0, rows, CHUNK)])


def _children(plan: Any, first: int) -> Any:
    import pyarrow as pa

    from synth import columns as col
    from synth import names
    from synth.ids import local_ids, postcodes, upns
    from synth.people import ETHNIC_CODES, people
    from synth.write import CHUNK

    who, pool = people(plan, first, first + CHUNK), names.pool().all
    return pa.table(
        {
            "id": col.text(local_ids(who.place, key=1)),
            "upn": col.text(upns(who.place, key=2)),
            "given": col.coded(pool, who.given),
            "middle": col.coded(pool, who.middle),
            "surname": col.coded(pool, who.surname),
            "born": col.dates(who.born, "%Y-%m-%d"),
            "sex": col.coded(("M", "F"), who.female.astype(np.int64)),
            "ethnic": col.coded(ETHNIC_CODES, who.ethnic),
            "post": col.text(postcodes(who.house)),
            "house": col.counts((who.house % np.uint64(99)).astype(np.int64) + 1),
        }
    )


def whole_set(children: int, folder: Path) -> dict[str, Any]:
    """All returns of one authority and of the years, written."""
    folder.mkdir(exist_ok=True)
    from synth.plan import Plan
    from synth.write import synthesise

    return synthesise(NAMES, folder / "set", plan=Plan(("990",), children, YEARS, seed=1))


def private(rows: int) -> dict[str, float]:
    """Tier 3 at epsilon 1: the mean two-way distance of the declared pairs over that of a fresh draw of the same size."""
    from synth import tree
    from synth.draw import Draws
    from synth.private import Ledger, noisy

    columns = 15
    luck = np.random.default_rng(1)

    def draw(seed: int) -> np.ndarray:
        luck = np.random.default_rng(seed)
        made = np.zeros((rows, columns), dtype=np.int64)
        made[:, 0] = luck.integers(0, 5, rows)
        for at in range(1, columns):
            made[:, at] = np.where(luck.random(rows) < 0.6, made[:, at - 1], luck.integers(0, 5, rows))
        return made

    def apart(first: np.ndarray, second: np.ndarray) -> float:
        told = []
        for at in range(1, columns):
            shares = [
                np.bincount(one[:, at - 1] * 5 + one[:, at], minlength=25) / rows for one in (first, second)
            ]
            told.append(np.abs(shares[0] - shares[1]).sum() / 2)
        return float(np.mean(told))

    real, fresh = draw(1), draw(2)
    names, sizes = [f"c{at}" for at in range(columns)], [5] * columns
    parent, ledger = [-1, *range(columns - 1)], Ledger(1.0, 1e-6)
    share = ledger.rho / columns * (1 - 1e-6)
    start, tables = time.process_time(), []
    for at in range(columns):
        noise = noisy(ledger, names[at], share, 1.0)
        tables.append(tree.count_tree(real, names, sizes, [at], parent, noise=noise).tables[at])
    fitted = tree.Tree(tuple(names), tuple(sizes), tuple(range(columns)), tuple(parent), tuple(tables))
    made = fitted.draw(Draws(int(luck.integers(1, 9))), "bench", np.arange(rows, dtype=np.uint64))
    cost = time.process_time() - start
    return {"distance_over_floor": apart(real, made) / apart(real, fresh), "cpu_seconds": cost, "rows": rows}


def against_sdv(children: int = 20_000) -> dict[str, Any]:
    """Tier 2 beside SDV on the same data: two-way distances to the fitted rows, and how fast HMA samples.

    Of each table a tree (cells below 10 rows untold) and GaussianCopula learn the same levels and draw as many rows.
    """
    from synth import levels as lv
    from synth import sdv_engine, tree
    from synth.draw import Draws
    from synth.model import coded
    from synth.plan import Plan
    from synth.tell import tell
    from synth.utility import distances
    from synth.world import invent

    world = invent(Plan(("990",), children, (2025,), seed=9))
    told: dict[str, Any] = {}
    for name, table, term in (
        ("cin_census", "cin_details", None), ("cin_census", "section47", None), ("ssda903", "episodes", None),
        ("school_census", "pupilonroll", "spring"), ("npd_absence_exclusions", "absence", None),
    ):  # fmt: skip
        one = tell(world, 0, name, 2025, term)
        some = tuple(lv.levels_of(one.schema.table(table), one.schema))[:20]
        codes = coded(one.tables[table], some, one.schema)
        some = tuple(lev for at, lev in enumerate(some) if len(np.unique(codes[:, at])) > 1)
        codes = coded(one.tables[table], some, one.schema)[:5000]
        sizes, who = [lev.size for lev in some], np.arange(len(codes), dtype=np.uint64)
        names = [lev.field.name for lev in some]
        cost, fitted = spent(partial(tree.learn, codes, names, sizes, smallest=10))
        ours = distances(codes, fitted.draw(Draws(1), "bench", who), sizes)
        copula = sdv_engine.refit(table, some, engine="gaussian-copula", epochs=1, seed=1)
        gc_cost, pool = spent(partial(copula, codes, 0))
        theirs = distances(codes, pool, sizes)
        told[f"{name}.{table}"] = {
            "rows": len(codes), "columns": len(sizes), "tree_two_way_mean": ours["two_way_mean"],
            "gaussian_copula_two_way_mean": theirs["two_way_mean"], "tree_cpu": cost, "gaussian_copula_cpu": gc_cost,
        }  # fmt: skip
    return told | {"hma_rows_per_cpu_second": _hma_speed(world)}


def _hma_speed(world: Any) -> float:
    """Rows that HMA samples in a CPU second: two tables of LEO, 200 parents."""
    import pandas as pd
    from sdv.metadata import Metadata
    from sdv.multi_table import HMASynthesizer

    from synth.tell import tell

    one = tell(world, 0, "leo", 2025, None)
    people = one.tables["person"].head(300)[["leo_person_id", "year_of_birth"]]
    people = people.assign(year_of_birth=pd.to_numeric(people["year_of_birth"]))
    jobs = one.tables["employment"]
    jobs = jobs[jobs["leo_person_id"].isin(people["leo_person_id"])][
        ["leo_person_id", "pay", "days_employed"]
    ]
    jobs = jobs.assign(pay=pd.to_numeric(jobs["pay"]), days_employed=pd.to_numeric(jobs["days_employed"]))
    numbers = {"sdtype": "numerical"}
    form = Metadata.load_from_dict(
        {
            "METADATA_SPEC_VERSION": "V1",
            "tables": {
                "person": {"columns": {"leo_person_id": {"sdtype": "id"}, "year_of_birth": numbers}, "primary_key": "leo_person_id"},
                "employment": {"columns": {"leo_person_id": {"sdtype": "id"}, "pay": numbers, "days_employed": numbers}},
            },
            "relationships": [
                {"parent_table_name": "person", "child_table_name": "employment",
                 "parent_primary_key": "leo_person_id", "child_foreign_key": "leo_person_id"}
            ],
        }
    )  # fmt: skip
    model = HMASynthesizer(form, verbose=False)
    model.fit({"person": people.reset_index(drop=True), "employment": jobs.reset_index(drop=True)})
    cost, made = spent(lambda: model.sample(num_rows=200, main_table_name="person"))
    return sum(len(frame) for frame in made.values()) / cost


def main() -> None:
    """Print the measures as JSON."""
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--children", type=int, default=20_000)
    wanted.add_argument("--large", type=int, nargs="*", default=[])
    wanted.add_argument("--only-set", type=int)
    given = wanted.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if given.only_set:
            cost, made = spent(lambda: whole_set(given.only_set, Path(place)))
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                json.dumps(
                    {"children": given.only_set, "cpu_seconds": cost, "rows": made["rows"], "peak_mb": memory}
                )
            )
            return
        (
            faked(10),
            child_table(100),
            whole_set(50, Path(place) / "warm"),
        )  # imports and caches are nobody's cost
        faker_cost, rows = spent(lambda: faked(FAKED))
        ours, _ = spent(lambda: child_table(CHILD))
        whole, made = spent(lambda: whole_set(given.children, Path(place)))
        from synth import Plan, invent, returns_of

        in_memory, frames = spent(
            lambda: list(returns_of(invent(Plan(("990",), given.children, YEARS, seed=1)), NAMES))
        )
        told_rows = sum(len(frame) for one in frames for frame in one.tables.values())
        del frames
        world = invent(Plan(("990",), 2000, YEARS, seed=1))
        faked_cost, faked_rows = faked_set(world, Path(place), 100)
    per_second = {
        "faker": len(rows) / faker_cost,
        "child_table": CHILD / ours,
        "faker_whole_set_written": faked_rows / faked_cost,
        "whole_set_told": told_rows / in_memory,
        "whole_set_written": made["rows"] / whole,
    }
    told: dict[str, Any] = {
        "rows_per_cpu_second": per_second,
        "child_table_over_faker": per_second["child_table"] / per_second["faker"],
        "whole_set_written_over_faker": per_second["whole_set_written"]
        / per_second["faker_whole_set_written"],
    }
    for children in given.large:
        line = [sys.executable, __file__, "--only-set", str(children)]
        told[f"set of {children}"] = json.loads(
            subprocess.run(line, capture_output=True, text=True, check=True).stdout
        )
    try:
        told["private"] = [private(10_000), private(100_000)]
    except Exception as missing:
        told["private"] = str(missing)
    try:
        told["sdv"] = against_sdv()
        told["whole_set_written_over_hma_sampling"] = (
            per_second["whole_set_written"] / told["sdv"]["hma_rows_per_cpu_second"]
        )
    except Exception as missing:
        told["sdv"] = str(missing)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
