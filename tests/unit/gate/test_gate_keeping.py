"""Keeping a gate: backup and restore to the byte, the signer as a process of its own, evidence run again, the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from disclosure import rederive
from tre_toolkit.errors import TreError
from tre_toolkit.gate import findings, folder, keeping, orm, releases, requests, reviews
from tre_toolkit.gate import signer as signing
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.verify import verify_release


def test_a_gate_is_destroyed_and_comes_back_the_same(house: Any, tmp_path: Path) -> None:
    import shutil

    key = house.released(into=tmp_path / "out")
    house.approved("other.csv")
    keeping.backup(house.gate, tmp_path / "b.tar")
    state = list(models.Journal.objects.values_list("line", flat=True))
    orm.close()
    shutil.rmtree(house.gate.folder)
    assert keeping.restore(tmp_path / "b.tar", house.gate.folder) == 0
    assert list(models.Journal.objects.values_list("line", flat=True)) == state
    assert house.state(key) == "released"
    assert all(c.well for c in keeping.look_over(house.gate) if c.name != "disk")
    assert house.gate.signer_key.stat().st_mode & 0o777 == 0o600


def test_what_yesterdays_backup_lacks_is_counted_by_todays_log(house: Any, tmp_path: Path) -> None:
    keeping.backup(house.gate, tmp_path / "b.tar")
    before = models.Journal.objects.count()
    house.submitted()
    lost = models.Journal.objects.count() - before
    assert keeping.restore(tmp_path / "b.tar", tmp_path / "again", log=house.gate.log) == lost > 0


def test_what_can_take_long_says_how_far_it_is(house: Any, tmp_path: Path) -> None:
    submitted: list[int] = []
    released: list[int] = []
    restored: list[int] = []
    key = house.draft("one.csv", "two.csv")
    requests.submit(house.gate, house.ada, key, done=submitted.append)
    for checker in (house.ben, house.cam):
        reviews.vote(house.gate, checker, key, approve=True)
    releases.make(house.gate, house.dee, key, tmp_path / "out", house.signer, done=released.append)
    keeping.backup(house.gate, tmp_path / "b.tar")
    keeping.restore(tmp_path / "b.tar", tmp_path / "again", done=restored.append)
    assert (sum(submitted), sum(released)) == (4, 4)
    assert 0 < sum(restored) < (tmp_path / "b.tar").stat().st_size
    assert len(restored) > 4


def test_an_altered_backup_is_refused_and_leaves_nothing(house: Any, tmp_path: Path) -> None:
    house.submitted()
    keeping.backup(house.gate, tmp_path / "b.tar")
    raw = bytearray((tmp_path / "b.tar").read_bytes())
    at = raw.find(b"North,120")
    raw[at + 6] ^= 1
    (tmp_path / "b.tar").write_bytes(raw)
    with pytest.raises(TreError, match="altered"):
        keeping.restore(tmp_path / "b.tar", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    (tmp_path / "c.tar").write_bytes(b"no archive")
    with pytest.raises(TreError, match="can't be read"):
        keeping.restore(tmp_path / "c.tar", tmp_path / "again")


@pytest.fixture
def at_work(house: Any) -> Any:
    """The signer, answering on its socket."""
    house.start_signer()
    return house


def test_the_signer_signs_what_two_people_approved(at_work: Any, tmp_path: Path) -> None:
    house = at_work
    key = house.approved()
    releases.make(house.gate, house.dee, key, tmp_path / "out", signing.RemoteSigner.of(house.gate))
    assert verify_release(tmp_path / "out", house.gate.verifier()).approvals == 2
    releases.recall(house.gate, house.dee, key, reason="x", signer=signing.RemoteSigner.of(house.gate))
    assert house.state(key) == "recalled"


def test_the_signer_signs_nothing_else(at_work: Any, tmp_path: Path) -> None:
    house = at_work
    remote = signing.RemoteSigner.of(house.gate)
    forged = {"release": "none", "request": {"number": 1}, "outputs": [], "files": {}}
    with pytest.raises(TreError, match="no release of this name"):
        remote.sign(json.dumps(forged).encode(), purpose="release")
    with pytest.raises(TreError, match="this purpose"):
        remote.sign(b"x", purpose="parcel")
    assert tmp_path


def test_a_web_server_taken_over_gets_no_signature_for_one_persons_vote(house: Any, tmp_path: Path) -> None:
    key = house.submitted()
    reviews.vote(house.gate, house.ben, key, approve=True)
    version = requests.outputs(models.Request.objects.get(pk=key))[0]
    models.Request.objects.filter(pk=key).update(state="releasing")
    release = models.Release.objects.create(
        request_id=int(key), number="r-1", folder="x", staged="y", by=house.dee.person
    )
    told = {
        "release": release.number,
        "request": {"number": int(key)},
        "outputs": [{"path": "data/table.csv", "sha256": version.sha256}],
        "files": {"data/table.csv": {"sha256": version.sha256}},
    }
    with pytest.raises(TreError, match="two people"):
        signing.check_mandate(house.gate, json.dumps(told).encode(), "release")
    told["outputs"] = [{"path": "data/table.csv", "sha256": "0" * 64}]
    with pytest.raises(TreError, match="not the files"):
        signing.check_mandate(house.gate, json.dumps(told).encode(), "release")
    assert tmp_path


def test_the_signer_runs_as_a_process_of_its_own(house: Any, tmp_path: Path) -> None:
    secret = tmp_path / "pass"
    secret.write_text("quiet orange lamp 77\n")
    secret.chmod(0o600)
    code = "from tre_toolkit.cli import main; main()"
    words = ["gate", "signer", "--gate", str(house.gate.folder), "--passphrase-file", str(secret)]
    running = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr
        assert "at work" in running.stderr.readline()
        for _ in range(200):
            if signing.socket_of(house.gate).exists():
                break
            time.sleep(0.05)
        assert signing.socket_of(house.gate).stat().st_mode & 0o777 == 0o600
        key = house.approved()
        releases.make(house.gate, house.dee, key, tmp_path / "out", signing.RemoteSigner.of(house.gate))
    finally:
        running.terminate()
        running.communicate(timeout=20)
    assert verify_release(tmp_path / "out", house.gate.verifier()).approvals == 2


EVIDENCE = {
    "format": "tre-evidence-v1",
    "recipe": {"name": "x"},
    "cells": {"rows": ["N"], "columns": ["n"], "units": [[120]]},
}


@pytest.mark.parametrize(
    ("numbers", "ends", "stands"),
    [([[120]], 0, "verified"), ([[121]], 0, "differs"), ([[120]], 1, "claimed")],
)
def test_evidence_is_run_again_and_believed_only_when_it_agrees(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: Any, ends: int, stands: str
) -> None:
    from dataclasses import replace

    house.gate = replace(house.gate, workspaces=(("main", tmp_path),))

    def again(command: list[str], **options: Any) -> Any:
        into = Path(command[command.index("--into") + 1])
        cells = {**EVIDENCE["cells"], "units": numbers}  # type: ignore[dict-item]
        into.with_suffix(".evidence.json").write_text(json.dumps({**EVIDENCE, "cells": cells}))
        return subprocess.CompletedProcess(command, ends)

    monkeypatch.setattr(rederive.subprocess, "run", again)
    house.write("t.csv.evidence.json", json.dumps(EVIDENCE))
    house.write("t.csv")
    key = house.draft("t.csv")
    requests.submit(house.gate, house.ada, key)
    version = requests.outputs(models.Request.objects.get(pk=key))[0]
    assert version.standing == stands
    assert (reviews.open_failures(version) == ["evidence-differs"]) is (stands == "differs")


@pytest.mark.parametrize(
    ("claims", "stands"),
    [
        ({"values": [[3]]}, "differs"),
        ({"kind": "rate"}, "differs"),
        ({"structural_zeros": [[0, 0]]}, "differs"),
        ({"totals": {"area": ["N"]}}, "differs"),
        ({"shown": [["c"]]}, "verified"),
    ],
    ids=str,
)
def test_evidence_that_claims_more_than_the_recipe_gives_is_not_believed(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], stands: str
) -> None:
    _run_again(house, tmp_path, monkeypatch, b"area,n\nN,120\n", EVIDENCE)
    told = {**EVIDENCE, "cells": {**EVIDENCE["cells"], **claims}}  # type: ignore[dict-item]
    house.write("t.csv.evidence.json", json.dumps(told))
    house.write("t.csv")
    assert _standing(house) == stands


def test_figures_that_are_no_counts_are_believed_only_when_the_recipe_prints_the_very_same(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {**EVIDENCE, "cells": {**EVIDENCE["cells"], "kind": "rate"}}  # type: ignore[dict-item]
    _run_again(house, tmp_path, monkeypatch, b"area,n\nN,41.5\n", told)
    house.write("t.csv.evidence.json", json.dumps(told))
    house.write("t.csv", "area,n\nN,41.5\n")
    assert _standing(house) == "verified"
    house.write("t.csv", "area,n\nN,3\n")
    assert _standing(house) == "differs"


def _run_again(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: bytes, told: dict[str, Any]
) -> None:
    """Have the recipe, run again, print `table` and tell `told`."""
    from dataclasses import replace

    house.gate = replace(house.gate, workspaces=(("main", tmp_path),))

    def again(command: list[str], **options: Any) -> Any:
        into = Path(command[command.index("--into") + 1])
        into.write_bytes(table)
        into.with_suffix(".evidence.json").write_text(json.dumps(told))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(rederive.subprocess, "run", again)


def _standing(house: Any) -> str:
    key = house.draft("t.csv")
    requests.submit(house.gate, house.ada, key)
    return str(requests.outputs(models.Request.objects.get(pk=key))[0].standing)


def test_evidence_without_a_workspace_is_its_authors_word(house: Any) -> None:
    house.write("t.csv.evidence.json", json.dumps(EVIDENCE))
    key = house.submitted("t.csv")
    assert requests.outputs(models.Request.objects.get(pk=key))[0].standing == "claimed"


def test_the_real_checker_answers_and_its_refusals_stop_a_submission(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    house.write("t.csv", "area,children\nNorth,3\nSouth,340\n")
    key = house.submitted("t.csv")
    version = requests.outputs(models.Request.objects.get(pk=key))[0]
    assert version.findings.exclude(verdict="PASS").exists()
    house.write("u.csv", "area,children\nNorth,120\n")
    house.write("u.csv.evidence.json", '{"format": "other"}')
    key = house.draft("u.csv")
    with pytest.raises(TreError, match="gave no answer"):
        requests.submit(house.gate, house.ada, key)
    assert house.state(key) == "draft"


def test_an_unknown_finding_counts_for_every_file() -> None:
    said = {"verdict": "FAIL", "rule": "r", "file": "elsewhere.csv", "message": "m"}
    report = {"verdict": "FAIL", "findings": [said]}
    assert findings._of_file(report, Path("/x/0/a.csv"), {"a.csv"})
    assert not findings._of_file(report, Path("/x/0/a.csv"), {"a.csv", "elsewhere.csv"})


def test_a_gate_of_another_version_or_none_is_told_kindly(tmp_path: Path) -> None:
    with pytest.raises(TreError, match="not a gate"):
        folder.open_gate(tmp_path)
    (tmp_path / "gate.toml").write_text('format = "tre-gate-v9"\n')
    with pytest.raises(TreError, match="another version"):
        folder.open_gate(tmp_path)
    (tmp_path / "gate.toml").write_text("format = ")
    with pytest.raises(TreError, match="can't be read"):
        folder.open_gate(tmp_path)
