"""The gate on PostgreSQL: a server of the machine's own binaries, on loopback, for these tests only."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.gate import folder, keeping, orm, releases, requests, reviews
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.verify import verify_release

pytestmark = pytest.mark.postgres


def together(*works: Any) -> list[Any]:
    ends: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(at: int) -> None:
        start.wait()
        try:
            ends[at] = works[at]()
        except Exception as error:
            ends[at] = error
        finally:
            orm.close()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def test_a_request_lives_on_postgresql_as_on_sqlite(pg_house: Any, tmp_path: Path) -> None:
    house = pg_house
    key = house.released(into=tmp_path / "out")
    assert verify_release(tmp_path / "out", house.gate.verifier()).approvals == 2
    releases.recall(house.gate, house.dee, key, reason="x", signer=house.signer)
    orm.close()
    assert folder.open_gate(house.gate.folder) == house.gate
    assert all(c.well for c in keeping.look_over(house.gate) if c.name != "disk")


def test_postgresql_refuses_to_change_or_delete_an_event(pg_house: Any) -> None:
    from django.db import DatabaseError, connection, transaction

    for statement in (
        "UPDATE gate_journal SET line = ''",
        "DELETE FROM gate_journal",
        "TRUNCATE gate_journal",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert pg_house.gate


def test_many_votes_at_once_all_count_and_the_chain_holds(pg_house: Any) -> None:
    house = pg_house
    keys = [house.submitted() for _ in range(8)]
    ben, cam = house.ben, house.cam
    works = [
        lambda k=k, who=who: reviews.vote(house.gate, who, k, approve=True)
        for k in keys
        for who in (ben, cam)
    ]
    assert not [e for e in together(*works) if isinstance(e, BaseException)]
    assert {house.state(k) for k in keys} == {"approved"}
    assert audit.verify(house.gate.log) == models.Journal.objects.count()


def test_a_release_clicked_by_many_happens_once(pg_house: Any, tmp_path: Path) -> None:
    house = pg_house
    key, dee = house.approved(), house.dee
    ends = together(
        *(
            lambda n=n: releases.make(house.gate, dee, key, tmp_path / f"o{n}", house.signer)
            for n in range(12)
        )
    )
    assert sum(not isinstance(e, BaseException) for e in ends) == 1
    assert all(isinstance(e, TreError) for e in ends if isinstance(e, BaseException))
    assert models.Release.objects.count() == 1


def test_a_gate_on_postgresql_is_destroyed_and_comes_back_the_same(
    pg_house: Any, tmp_path: Path, server: str, new_database: Any
) -> None:
    house = pg_house
    key = house.released(into=tmp_path / "out")
    requests.comment(house.gate, house.ben, house.submitted(), "hello")
    keeping.backup(house.gate, tmp_path / "b.tar")
    before = house.gate.log.read_bytes()
    orm.close()
    shutil.rmtree(house.gate.folder)
    with pytest.raises(TreError, match="holds a PostgreSQL dump"):
        keeping.restore(tmp_path / "b.tar", tmp_path / "again")
    with pytest.raises(TreError, match="nothing was restored"):
        keeping.restore(tmp_path / "b.tar", tmp_path / "again", database=f"{server} dbname=none")
    assert not (tmp_path / "again").exists()
    fresh = new_database(server)
    assert keeping.restore(tmp_path / "b.tar", tmp_path / "again", database=fresh) == 0
    gate = folder.open_gate(tmp_path / "again")
    assert (gate.database, gate.log.read_bytes()) == (fresh, before)
    assert house.state(key) == "released"
    assert all(c.well for c in keeping.look_over(gate) if c.name != "disk")
    test_postgresql_refuses_to_change_or_delete_an_event(house)
    orm.close()
    with pytest.raises(TreError, match="nothing was restored"):  # into one that is not empty
        keeping.restore(tmp_path / "b.tar", tmp_path / "third", database=fresh)
