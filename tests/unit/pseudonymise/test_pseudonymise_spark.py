"""Tokens made in Spark's executors are the tokens made here, and the key is nowhere but in its file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from pseudonymise import Key
from pseudonymise.making import STRETCH, Recipe, keyed, make, stretches_of
from pseudonymise.profiles import Column
from pseudonymise.spill import Spill
from tre_toolkit.errors import TreError
from tre_toolkit.keyfile import Cost

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark", reason="the extra `spark` isn't installed")

COLUMNS = (
    Column(("upn_any",)),
    Column(("given", "birth_date")),
    Column(("given", "birth_date"), deletions=True),
)
ROWS = STRETCH + 10  # two stretches
SECRET = bytes(range(101, 133))  # no bytes of any other test's


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A project's key file, its passphrase file, and the key."""
    folder = tmp_path_factory.mktemp("keys")
    passphrase = folder / "passphrase"
    passphrase.write_text("violet kettle 4141\n")
    passphrase.chmod(0o600)
    key = Key(SECRET, "invented")
    key.write(folder / "project.key", b"violet kettle 4141", cost=Cost(64, 1, 1))
    return folder / "project.key", passphrase, key


@pytest.fixture(scope="module")
def raw():
    days = pa.array(np.arange(ROWS) % 6000 + 14_000, pa.int32()).cast(pa.date32())
    return {
        "upn": pa.array([None if n % 7 == 0 else f"N999{n:09d}" for n in range(ROWS)]),
        "given": pa.array([f"Zebediah{chr(65 + n % 23)}" for n in range(ROWS)]),
        "birth_date": days,
    }


def tokens(raw, key, **more):
    order = np.random.default_rng(1).permutation(ROWS)
    cut = np.arange(ROWS) % 9 == 0
    kept = [
        dict(zip(raw, cells, strict=True))
        for cells in zip(*(stretches_of(raw[name].take(pa.array(order))) for name in raw), strict=True)
    ]
    with Spill() as spill:
        made = make(
            keyed(Recipe(COLUMNS, 2025, words=True, about=True), key),
            kept.__getitem__,
            order,
            np.arange(ROWS),
            spill,
            cut=cut,
            **more,
        )
        return (
            made.batches().read_all(),
            made,
            {name: np.concatenate([head for head, _ in made.heads_of(name)]) for name in made.heads},
        )


def test_executors_make_the_tokens_that_are_made_here(raw, held, on_spark: SparkSession):
    from pseudonymise.executors import Executors

    path, passphrase, key = held
    table, here, heads = tokens(raw, key)
    other, there, others = tokens(raw, key, elsewhere=Executors(on_spark, path, passphrase, key.commitment))
    assert other.schema == table.schema
    for name in ("record_id", "t_upn_any", "t_given_birth_date"):
        assert other[name].equals(table[name])
    lists = [set(one["n_given_birth_date"].drop_null()[0].as_py()) for one in (table, other)]
    assert 0 < len(lists[0] & lists[1]) < len(lists[0])  # the real ones of it; random ones fill it up
    assert all(np.array_equal(others[name], heads[name]) for name in heads)
    assert np.array_equal(there.born, here.born, equal_nan=True)
    assert (there.missing, there.words, there.about) == (here.missing, here.words, here.about)


def test_neither_key_nor_name_is_in_what_is_sent_planned_or_logged(
    raw, held, on_spark: SparkSession, monkeypatch, event_log: Path
):
    from pyspark import cloudpickle

    import tre_toolkit.spark
    from pseudonymise.executors import Executors

    sent, mapped = [], tre_toolkit.spark.mapped
    monkeypatch.setattr(
        tre_toolkit.spark,
        "mapped",
        lambda session, tables, work, schema: sent.append(work) or mapped(session, tables, work, schema),
    )
    path, passphrase, key = held
    tokens(raw, key, elsewhere=Executors(on_spark, path, passphrase, key.commitment))
    log = b"".join(one.read_bytes() for one in event_log.rglob("*") if one.is_file())
    assert b"MapInArrow" in log  # the plans are there to be read
    assert b"spark.app.name" in log  # and so are the settings
    said = cloudpickle.dumps(sent[0]) + log
    assert str(path).encode() in said
    recipe = keyed(Recipe(COLUMNS, 2025), key)
    for secret in (SECRET, *recipe.secrets.values(), recipe.naming, b"violet kettle", b"Zebediah"):
        for form in (
            secret,
            secret.hex().encode(),
            base64.b64encode(secret),
            base64.b64encode(secret)[:-4],
            repr(secret)[2:-1].encode(),
        ):
            assert form not in said


def test_executors_with_another_key_or_none_make_nothing(
    raw, held, on_spark: SparkSession, tmp_path: Path, capfd
):
    from pseudonymise.executors import Executors

    path, passphrase, key = held
    for where, commitment in (
        (path, Key(bytes(32), "invented").commitment),
        (tmp_path / "none.key", key.commitment),
    ):
        with pytest.raises(TreError, match="the executors made no tokens") as refused:
            tokens(raw, key, elsewhere=Executors(on_spark, where, passphrase, commitment))
        assert "on every worker" in str(refused.value)
    assert "Zebediah" not in "".join(capfd.readouterr())
