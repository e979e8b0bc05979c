"""Tokens made by hand, under a key that is thrown away: linkage is tested without pseudonymise."""

from __future__ import annotations

import hmac
import importlib.util
from pathlib import Path

import pyarrow as pa
import pytest

from tre_toolkit.linkage.records import Column, TokenTable, stack
from tre_toolkit.linkage.run import link_records

KEY = b"thrown away after the test"
SHARED = {"upn_temp": "upn", "former_upn": "upn", "middle": "given", "surname_part1": "surname"}
MADE = [
    "local_id", "upn", "upn_temp", "former_upn", "nhs", "uln", "sex+birth_date", "given+birth_date", "surname+birth_date",
    "middle+birth_date", "postcode+birth_date", "uprn+birth_date", "given+surname+postcode", "given+surname+birth_ym",
    "given+surname+birth_md", "given+surname+birth_yd", "given+surname+birth_swap",
]  # fmt: skip


def token(domain: str, *parts: str) -> bytes:
    told = b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in (domain, *parts))
    return hmac.digest(KEY, told, "sha256")[:16]


def rows_of(text: str) -> list[dict[str, str]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [{name: cell for name, cell in zip(lines[0], line, strict=True) if cell} for line in lines[1:]]


def tokens_of(
    text: str, place: str = "990 cin_census 2025", *, parcel: str | None = None, first: int | None = None
):
    """A token table from a drawing: a column for each part, a row for each child; `place` is authority, dataset, period."""
    authority, dataset, period = place.split()
    start = first if first is not None else sum(map(ord, place)) * 1000
    rows = rows_of(text)
    for row in rows:
        if date := row.get("birth_date"):
            year, month, day = date.split("-")
            row |= {
                "birth_ym": year + month,
                "birth_md": month + day,
                "birth_yd": year + day,
                "birth_year": year,
            }
            row["birth_swap"] = year + "".join(sorted([month, day]))
    made = {}
    for kinds in MADE:
        parts = kinds.split("+")
        domain = "+".join(SHARED.get(part, part) for part in parts)
        cells = [
            token(domain, *(row[part] for part in parts)) if set(parts) <= set(row) else None for row in rows
        ]
        if any(cells):
            made["t_" + "_".join(parts)] = (pa.array(cells, pa.binary(16)), Column(tuple(parts)))
    ids = [int(row["record_id"]) if "record_id" in row else start + at for at, row in enumerate(rows)]
    table = pa.table({"record_id": pa.array(ids, pa.int64()), **{name: one[0] for name, one in made.items()}})
    columns = {name: one[1] for name, one in made.items()}
    return TokenTable(parcel or f"parcel of {authority}", authority, dataset, period, table, columns)


def people_in(*tables: TokenTable, key: bytes = b"project", **more) -> dict[int, str]:
    """record_id -> person_id."""
    spine = link_records(stack(tables), key=key, **more).spine
    return dict(zip(spine["record_id"], spine["person_id"], strict=True))


@pytest.fixture
def drawn():
    return tokens_of


@pytest.fixture
def linked():
    return people_in


@pytest.fixture(scope="session")
def population():
    """The invented two-authority population of the benchmarks, as a module."""
    path = Path(__file__).parents[2] / "benchmarks" / "linkage_population.py"
    spec = importlib.util.spec_from_file_location("linkage_population", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def two_files(population):
    """Two invented files: (clear left, clear right, records)."""
    a, b = population.invent(4000, 21)
    return a, b, population.records(population.parts(a), population.parts(b))
