"""The linker's pages: their commands run, in the order a linker would type them."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from tre_toolkit.cli import run
from tre_toolkit.keyfile import Cost
from tre_toolkit.linkage.clerical import read_list
from tre_toolkit.linkage.records import stack
from tre_toolkit.linkage.rule_sets import RULES
from tre_toolkit.linkage.spine import COLUMNS
from tre_toolkit.parcel import RecipientKey
from tre_toolkit.signing import Signer

DOCS = Path(__file__).parents[3] / "docs"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands(page: str) -> list[list[str]]:
    found = BLOCK.findall((DOCS / "how-to" / "linker" / page).read_text())
    return [shlex.split(line)[1:] for block in found for line in block.strip().splitlines()]


@pytest.fixture
def zone(population, tables_of, parcel, tmp_path, monkeypatch):
    """A linkage zone with two authorities' parcels and a later one, keys and a passphrase file."""
    a, b = population.invent(2600, 51)
    records = population.records(population.parts(a), population.parts(b))
    for name in ("990", "991", "tre"):
        (tmp_path / name).mkdir()
    for table in tables_of(records):
        parcel(
            table.authority,
            {"school_census 2025-spring": table},
            name=f"{table.authority}/{table.authority}.parcel",
        )
    parcel("990", {"cin_census 2026": "local_id | record_id\nZ1 | 999991"}, name="990/next.parcel", counter=2)
    secret, cheap = b"four random words here", Cost(memory=8 * 1024, passes=1, lanes=1)
    RecipientKey(bytes(range(96))).write(tmp_path / "tre" / "tre.key", secret, cost=cheap)
    for name in ("990", "991"):
        Signer(bytes(range(64))).write(tmp_path / name / "signer.key", secret, cost=cheap)
    (tmp_path / "passphrase").write_bytes(secret + b"\n")
    (tmp_path / "passphrase").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_linkers_pages_run_as_they_stand(zone, capsys):
    for words in commands("link.md"):
        assert run(words) == 0, capsys.readouterr().err
    pair = read_list(zone / "spine")["pair"].iloc[0]
    for words in commands("review.md"):
        assert run([pair if word == "PAIR" else word for word in words]) == 0, capsys.readouterr().err
    for words in commands("refresh.md"):
        assert run(words) == 0, capsys.readouterr().err
    before, after = (pd.read_parquet(zone / name / "spine.parquet") for name in ("spine", "spine-2"))
    met = before.merge(after, on=["parcel", "record_id"])
    assert (met["person_id_x"] == met["person_id_y"]).all()
    assert (zone / "spine-2" / "events.parquet").exists()
    assert (zone / "workspace" / "people.parquet").exists()


def test_records_come_out_of_parcels_as_they_went_in(population, tables_of):
    a, _ = population.invent(300, 52)
    records = population.records(population.parts(a))
    again = stack(tables_of(records))
    order = again.about["record_id"].to_numpy()
    for kind, codes in records.tokens.items():
        assert (again.tokens[kind] == codes[order]).all(), kind
    taken = records.take(order)
    for kind, lists in taken.lists.items():
        assert (again.lists[kind].starts == lists.starts).all(), kind
        assert (again.lists[kind].values == lists.values).all(), kind


def test_the_reference_names_every_rule_set_and_column():
    linkage = (DOCS / "reference" / "linkage.md").read_text()
    spine = (DOCS / "reference" / "spine.md").read_text()
    assert all(f"`{name}`" in linkage for name in RULES)
    assert all(f"`{name}`" in spine for name in COLUMNS)
