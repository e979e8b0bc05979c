"""Tokens made by hand, under a key that is thrown away: linkage is tested without pseudonymise."""

from __future__ import annotations

import hmac
import importlib.util
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from helpers.parcels import facts as facts_of

from tre_toolkit.linkage.records import Column, TokenTable, stack
from tre_toolkit.linkage.run import link_records
from tre_toolkit.parcel import RecipientKey, TokenColumn, seal
from tre_toolkit.signing import Signer

KEY = b"thrown away after the test"
TRE, SIGNER = RecipientKey(bytes(range(96))), Signer(bytes(range(64)))  # thrown away too
SHARED = {
    "alias": "number",
    "alias2": "number",
    "mother_id": "number",
    "upn_temp": "upn",
    "former_upn": "upn",
    "middle": "given",
    "surname_part1": "surname",
}
MADE = [
    "local_id", "number", "alias", "alias2", "mother_id", "upn", "upn_temp", "former_upn", "nhs", "uln", "sex+birth_date", "given+birth_date", "surname+birth_date",
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


@pytest.fixture
def parcel(drawn, tmp_path):
    """Seal a parcel of drawn tokens: `parcel("990", {place: drawing}, payload={...}, **facts)` gives its path."""

    def make(authority, tokens, *, payload=None, name=None, **facts):
        parts, columns = dict(payload or {}), {}
        for place, drawing in tokens.items():
            table = drawing if isinstance(drawing, TokenTable) else drawn(drawing, f"{authority} {place}")
            parts[f"tokens/{place.replace(' ', '/')}"] = table.tokens
            columns |= {
                column: TokenColumn(domain="+".join(one.parts), parts=list(one.parts), list=one.listed) for column, one in table.columns.items()
            }  # fmt: skip
        said = {
            "project": "norfolk-suffolk",
            "authority": authority,
            "standardiser": "1-abc",
            "tokens": columns,
        } | facts
        path = tmp_path / (name or f"{authority}.parcel")
        seal(path, parts, facts_of(**said), recipient=TRE.recipient, signer=SIGNER)
        return path

    return make


def widened(codes) -> pa.Array:
    """Codes as tokens of 16 bytes, null where there is none."""
    wide = np.zeros((len(codes), 2), dtype="<i8")
    wide[:, 0] = codes
    return pa.array([one.tobytes() if one[0] else None for one in wide], pa.binary(16))


@pytest.fixture
def tables_of():
    """Records of several sources as token tables again, as they would come out of a parcel."""

    def make(records) -> list[TokenTable]:
        found = []
        for source in np.unique(records.source):
            part = records.take(np.flatnonzero(records.source == source))
            columns = {f"t_{kind}".replace("+", "_"): Column(tuple(kind.split("+"))) for kind in part.tokens}
            made = {f"t_{kind}".replace("+", "_"): widened(codes) for kind, codes in part.tokens.items()}
            for kind, lists in part.lists.items():
                name = f"n_{kind}".replace("+", "_")
                made[name] = pa.ListArray.from_arrays(
                    pa.array(lists.starts, pa.int32()), widened(lists.values)
                )
                columns[name] = Column(tuple(kind.split("+")), listed=True)
            about = part.about.iloc[0]
            table = pa.table({"record_id": part.about["record_id"].to_numpy(), **made})
            found.append(
                TokenTable(
                    about["parcel"], about["authority"], about["dataset"], about["period"], table, columns
                )
            )
        return found

    return make
