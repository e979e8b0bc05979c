"""A gate under ordeal, as a program of its own: killed at random, or on a disk that fills up.

`python gate_ordeal.py kill FOLDER TIMES [DATABASE]` forks a worker that makes, reviews and releases requests without
end, kills it at a random moment, and does so TIMES times. `fill FOLDER TIMES [DATABASE REVIVE]` runs the same work on a
small disk that is nearly full (with PostgreSQL two of them: the gate's and the server's; REVIVE says in JSON how a server
that stopped is started). `fault FOLDER TIMES [DATABASE]` lets one after the other of the round's writes, syncs and renames
end with EIO, half done. After each blow the gate is opened again, and at the end everything it promises is checked.
Prints counts; ends with 1 when a promise was broken.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.db import Error

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.gate import findings, folder, orm, releases, requests, reviews, store
from tre_toolkit.gate.orm import models
from tre_toolkit.gate.policies import Role
from tre_toolkit.gate.states import State
from tre_toolkit.gate.verify import verify_release
from tre_toolkit.keyfile import Cost
from tre_toolkit.signing import Signer

PEOPLE = {"ada": Role.RESEARCHER, "ben": Role.CHECKER, "cam": Role.CHECKER, "dee": Role.RELEASE_OFFICER}
PASSPHRASE = b"quiet orange lamp 77"


def all_pass(files: Any, **options: Any) -> dict[str, Any]:
    """The checker of the ordeal has no objections: what is tried here is not its judgement."""
    del files, options
    return {"verdict": "PASS", "findings": []}


findings.run_checker = all_pass


def make(place: Path, database: str = "") -> None:
    folder.new_gate(place / "gate", PASSPHRASE, cost=Cost(64, 1, 1), database=database)
    with orm.change():
        project = models.Project.objects.get()
        for login, role in PEOPLE.items():
            person = models.Person.objects.create(name=login.title())
            models.Account.objects.create(login=login, person=person, role=role, password="!", stamp="-")
            if role is Role.RESEARCHER:
                models.Member.objects.create(person=person, project=project)
    orm.close()
    (place / "work").mkdir(exist_ok=True)
    (place / "out").mkdir(exist_ok=True)


def one_round(place: Path, gate: Any, signer: Signer) -> None:
    """A request from beginning to end, of bytes of its own."""
    people = {login: models.Account.objects.select_related("person").get(login=login) for login in PEOPLE}
    name = f"t{time.time_ns()}.csv"
    (place / "work" / name).write_text(f"area,n\nNorth,{time.time_ns()}\n")
    key = str(requests.new(gate, people["ada"], title="T", context="twenty letters of context").pk)
    requests.add(gate, people["ada"], key, place / "work", [name])
    requests.submit(gate, people["ada"], key)
    for login in ("ben", "cam"):
        reviews.vote(gate, people[login], key, approve=True)
    releases.make(gate, people["dee"], key, place / "out" / key, signer)


def verdict(place: Path) -> str:
    """What was let out, once everything was found as promised."""
    gate = folder.open_gate(place / "gate")
    released = {str(r.pk) for r in models.Request.objects.filter(state=State.RELEASED)}
    left = {p.name for p in (place / "out").iterdir()}
    assert released == left, ("lost or doubled", sorted(released ^ left))
    assert not models.Request.objects.filter(state=State.RELEASING).exists()
    for key in released:
        verify_release(place / "out" / key, gate.verifier())
    assert models.Release.objects.count() == len(released)
    count = audit.verify(gate.log)
    assert count == models.Journal.objects.count()
    if gate.checkpoint.exists():
        audit.verify(gate.log, checkpoint=gate.checkpoint, verifier=gate.verifier())
    for version in models.FileVersion.objects.all():
        store.check(gate, version.sha256)
    told = f"{models.Request.objects.count()} requests, {len(released)} released, {count} events"
    orm.close()
    return told


def kill(place: Path, times: int, database: str = "") -> None:
    make(place, database)
    chance = random.Random(7)
    gate = folder.open_gate(place / "gate")
    started = time.monotonic()
    one_round(place, gate, Signer.read(gate.signer_key, PASSPHRASE))
    usual = time.monotonic() - started
    orm.close()
    for _ in range(times):
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reads)
            gate = folder.open_gate(place / "gate")
            signer = Signer.read(gate.signer_key, PASSPHRASE)
            os.write(writes, b"!")
            while True:
                one_round(place, gate, signer)
        os.close(writes)
        assert os.read(reads, 1) == b"!", "the gate did not open after a kill"
        os.close(reads)
        time.sleep(chance.random() * 2 * usual)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    sys.stdout.write(f"{times} kills: {verdict(place)}\n")


def fill(place: Path, times: int, database: str = "", revive: str = "") -> None:
    make(place, database)
    server = json.loads(revive) if revive else {}
    disks = [place, *([Path(server["disk"])] if server else [])]
    chance, refused = random.Random(7), 0
    for _ in range(times):
        gate = folder.open_gate(place / "gate")
        signer = Signer.read(gate.signer_key, PASSPHRASE)
        for disk in disks:
            room = os.statvfs(disk)
            left = chance.randrange(0, chance.choice([80, 400, 1500])) * 1024
            (disk / "filler").write_bytes(b"\0" * max(0, room.f_bavail * room.f_frsize - left))
        try:
            one_round(place, gate, signer)
        except (OSError, TreError, Error):
            refused += 1
        orm.close()
        for disk in disks:
            (disk / "filler").unlink()
        if server:
            wake(place, server)
        with contextlib.suppress(FileNotFoundError):
            for file in (place / "work").iterdir():
                file.unlink()
    sys.stdout.write(f"{times} rounds, {refused} met a full disk: {verdict(place)}\n")


def wake(place: Path, server: dict[str, Any]) -> None:
    """Wait for the server to have mended itself after a panic, and start it where it stopped for good."""
    for _ in range(600):
        try:
            folder.open_gate(place / "gate")
            return
        except (OSError, TreError, Error):
            orm.close()
        subprocess.run(server["start"], user="postgres", cwd=server["disk"], capture_output=True, check=False)
        time.sleep(0.1)
    raise AssertionError("the server did not come back")


def fault(place: Path, times: int, database: str = "") -> None:
    disk = ctypes.CDLL(None)  # gate_faults.c, preloaded
    make(place, database)
    gate = folder.open_gate(place / "gate")
    signer = Signer.read(gate.signer_key, PASSPHRASE)
    disk.gate_arm(-1, 0)
    one_round(place, gate, signer)
    calls, refused = int(disk.gate_seen()), 0
    for number in range(times):
        try:
            disk.gate_arm(number % calls, errno.EIO)
            one_round(place, gate, signer)
        except (OSError, TreError, Error):
            refused += 1
        finally:
            disk.gate_arm(-1, 0)
        orm.close()
        gate = folder.open_gate(place / "gate")
    sys.stdout.write(f"{times} faults at {calls} calls, {refused} refused: {verdict(place)}\n")


if __name__ == "__main__":
    {"kill": kill, "fill": fill, "fault": fault}[sys.argv[1]](
        Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
    )
