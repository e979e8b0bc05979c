"""A gate with five people, as cheap as can be: fast passwords and keys, a checker that says what a test tells it."""

from __future__ import annotations

import atexit
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tre_toolkit.errors import TreError
from tre_toolkit.gate import findings, folder, orm
from tre_toolkit.gate.policies import Role
from tre_toolkit.keyfile import Cost
from tre_toolkit.signing import Signer

FAST = Cost(memory=64, passes=1, lanes=1)
PASSPHRASE = b"quiet orange lamp 77"
PASSWORD = "violet kettle 4141"
PEOPLE = {
    "ada": (Role.RESEARCHER, "Ada Researcher"),
    "lee": (Role.LEAD, "Lee Lead"),
    "ben": (Role.CHECKER, "Ben Checker"),
    "cam": (Role.CHECKER, "Cam Checker"),
    "sam": (Role.SENIOR_CHECKER, "Sam Senior"),
    "dee": (Role.RELEASE_OFFICER, "Dee Officer"),
    "ova": (Role.AUDITOR, "Ova Auditor"),
    "kit": (Role.ADMINISTRATOR, "Kit Keeper"),
}
CONTEXT = "Counts of invented children by region, 2023 to 2025."


@dataclass
class House:
    """A gate under test, its accounts by name, and a workspace to add files from."""

    gate: Any
    workspace: Path
    signer: Signer
    said: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # what the checker says, by file name

    def __getattr__(self, name: str) -> Any:
        from tre_toolkit.gate.orm import models

        return models.Account.objects.select_related("person").get(login=name)

    def write(self, name: str, text: str | bytes = "area,children\nNorth,120\nSouth,340\n") -> str:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def draft(self, *names: str) -> str:
        from tre_toolkit.gate import requests

        key = str(requests.new(self.gate, self.ada, title="Regions", context=CONTEXT).pk)
        for name in names or ("table.csv",):
            if not (self.workspace / name).exists():
                self.write(name)
            requests.add(self.gate, self.ada, key, self.workspace, [name])
        return key

    def submitted(self, *names: str) -> str:
        from tre_toolkit.gate import requests

        key = self.draft(*names)
        requests.submit(self.gate, self.ada, key)
        return key

    def approved(self, *names: str) -> str:
        from tre_toolkit.gate import reviews

        key = self.submitted(*names)
        reviews.vote(self.gate, self.ben, key, approve=True)
        reviews.vote(self.gate, self.cam, key, approve=True)
        return key

    def released(self, *names: str, into: Path) -> str:
        from tre_toolkit.gate import releases

        key = self.approved(*names)
        releases.make(self.gate, self.dee, key, into, self.signer)
        return key

    def state(self, key: str) -> str:
        from tre_toolkit.gate.orm import models

        return str(models.Request.objects.get(pk=int(key)).state)

    def start_signer(self) -> None:
        """The signer at work, in a thread of this process; it answers when this returns."""
        from tre_toolkit.gate import signer

        threading.Thread(target=signer.serve, args=(self.gate, self.signer), daemon=True).start()
        for _ in range(6000):
            try:
                signer.RemoteSigner.of(self.gate)
                return
            except TreError:
                time.sleep(0.01)
        raise AssertionError("the signer does not answer")

    def account(self, login: str, role: Role, person: str, *projects: str) -> Any:
        from tre_toolkit.gate import accounts

        return accounts.add(
            self.gate, login, role=role, person=person, password=PASSWORD, projects=tuple(projects)
        )


@pytest.fixture(scope="session")
def fast_hashes() -> Iterator[None]:
    """Passwords as real ones, at a hundredth of the cost."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    import tre_toolkit.gate.orm  # noqa: F401

    before = (
        Argon2PasswordHasher.memory_cost,
        Argon2PasswordHasher.time_cost,
        Argon2PasswordHasher.parallelism,
    )
    Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.time_cost, Argon2PasswordHasher.parallelism = (
        64,
        1,
        1,
    )
    yield
    (Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.time_cost, Argon2PasswordHasher.parallelism) = (
        before
    )


_template: Path | None = None


def template() -> Path:
    """A gate with its people, made once in a process and copied for each test."""
    global _template
    if _template is None:
        place = Path(tempfile.mkdtemp(prefix="tre-gate-house-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        _people(House(folder.new_gate(place / "gate", PASSPHRASE, cost=FAST), place, None))  # type: ignore[arg-type]
        orm.close()
        _template = place / "gate"
    return _template


def _people(house: House) -> None:
    for login, (role, person) in PEOPLE.items():
        house.account(login, role, person)


def make_house(at: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> House:
    workspace = at / "workspace"
    workspace.mkdir()
    if options:
        gate = folder.new_gate(at / "gate", PASSPHRASE, cost=FAST, **options)
    else:
        shutil.copytree(template(), at / "gate")
        gate = folder.open_gate(at / "gate")
    house = House(gate, workspace, Signer.read(gate.signer_key, PASSPHRASE))

    def checker(files: list[Path], **options: Any) -> dict[str, Any]:
        del options
        found = [{**said, "file": str(file)} for file in files for said in house.said.get(file.name, [])]
        return {"verdict": findings.worst([f["verdict"] for f in found]), "findings": found}

    monkeypatch.setattr(findings, "run_checker", checker)
    if options:
        _people(house)
    return house


@pytest.fixture
def make() -> Callable[..., House]:
    """For tests that make a house of their own."""
    return make_house


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast_hashes: None) -> House:
    return make_house(tmp_path, monkeypatch)


@pytest.fixture
def fail() -> Callable[..., dict[str, str]]:
    def finding(verdict: str = "FAIL", rule: str = "threshold") -> dict[str, str]:
        return {
            "verdict": verdict,
            "rule": rule,
            "where": "row 2",
            "message": "a small cell",
            "fix": "round it",
        }

    return finding


@dataclass(frozen=True)
class Postgres:
    """A server of the machine's own binaries, run by an unprivileged user on loopback."""

    url: str
    start: list[str]
    place: Path


@contextmanager
def postgres(place: Path, *options: str, settings: str = "") -> Iterator[Postgres]:
    """A fresh server in `place`, stopped at the end; skips where PostgreSQL's programs are missing."""
    pytest.importorskip("psycopg", reason="needs psycopg (the postgres extra)")
    initdb = shutil.which("initdb") or next(
        iter(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None
    )
    if initdb is None:
        pytest.skip("needs PostgreSQL's own programs")
    bins = Path(initdb).resolve().parent
    shutil.chown(place, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    at = ["-D", str(place / "data")]
    flags = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} -c fsync=off {settings}"
    start = [str(bins / "pg_ctl"), *at, "-l", str(place / "log"), "-w", "-o", flags, "start"]

    def run(*words: str) -> None:
        subprocess.run(
            words, check=True, capture_output=True, user="postgres", cwd=place, stdin=subprocess.DEVNULL
        )

    run(str(bins / "initdb"), *at, "-U", "gate", "--auth=trust", "-N", "-E", "UTF8", *options)
    run(*start)
    yield Postgres(f"host=127.0.0.1 port={port} user=gate", start, place)
    orm.close()
    run(str(bins / "pg_ctl"), *at, "-m", "immediate", "-w", "stop")


def _new_database(url: str) -> str:
    """A fresh database on the server; the connection string to it."""
    import psycopg

    name = f"g{secrets.token_hex(8)}"
    with psycopg.connect(f"{url} dbname=postgres", autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name}")
    return f"{url} dbname={name}"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A connection string to a server for the whole run."""
    place = Path(tempfile.mkdtemp(prefix="tre-gate-pg-"))
    with postgres(place) as made:
        yield made.url
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def database(server: str) -> str:
    return _new_database(server)


@pytest.fixture(scope="session")
def new_database() -> Callable[[str], str]:
    return _new_database


@pytest.fixture(scope="session")
def small_postgres() -> Callable[[Path], Any]:
    """A server that fits on a small disk, for filling it up."""
    small = "-c max_wal_size=4MB -c min_wal_size=2MB -c shared_buffers=4MB -c autovacuum=off"
    return lambda place: postgres(place, "--wal-segsize=1", settings=small)


@pytest.fixture
def pg_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast_hashes: None, database: str, make: Any
) -> Any:
    return make(tmp_path, monkeypatch, database=database)
