"""Django, set up for one gate's database; importing this module readies it, `point_at` chooses the gate.

Service modules take the models from here (`from tre_toolkit.gate.orm import models`). A process serves one
gate at a time; tests that open many call `point_at` for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections, transaction

from tre_toolkit.errors import TreError
from tre_toolkit.gate.settings import SETTINGS

LOCK = 0x7472656761746500  # the one lock that writers on PostgreSQL take, for the journal's order
UNREACHED = (OperationalError, InterfaceError)  # the database is away, locked, broken off or without room
FULL = ("full", "No space left")  # SQLite's and PostgreSQL's words for a disk without room
PATIENCE = 30  # seconds a writer waits for another


class Unreached(TreError):
    """The database could not do it now; it may soon."""

    http = 503


def sqlite(name: str) -> dict[str, Any]:
    """Connection settings for a gate of one machine: every commit is on the disk before it counts."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "OPTIONS": {
            "timeout": PATIENCE,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }


def point_at(database: Mapping[str, Any]) -> None:
    """Work on this database from now on."""
    handler: Any = connections
    for alias in list(handler):
        if hasattr(handler._connections, alias):
            handler[alias].close()
            del handler[alias]
    handler.settings["default"] = handler.configure_settings({"default": dict(database)})["default"]


@contextmanager
def change() -> Iterator[None]:
    """One transaction that no other writer overlaps: all of it happens, or none."""
    try:
        with transaction.atomic(durable=not connection.in_atomic_block):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield
    except UNREACHED as error:
        raise unreached(error) from None


def unreached(error: Exception) -> TreError:
    """What a person is told when the database could not be read or written."""
    if any(word in str(error) for word in FULL):
        return Unreached("the disk is full: nothing was changed", hint="make room, then do it again")
    return Unreached(
        "the gate's database doesn't answer", hint="try again; `tre gate doctor` looks the gate over"
    )


def postgres(url: str) -> dict[str, Any]:
    """Connection settings from a string of the form `host=… port=… dbname=… user=…` (libpq's own)."""
    words = dict(word.split("=", 1) for word in url.split())
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER"}
    options = {name: value for name, value in words.items() if name not in names}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{names[name]: value for name, value in words.items() if name in names},
        "OPTIONS": options,
    }


def close() -> None:
    """Let go of the database."""
    connections.close_all()


def check_schema() -> None:
    """Raise TreError when the database was made by another version of the gate."""
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        raise TreError(
            "the gate's database can't be read", hint="`tre gate restore` brings back the last backup"
        ) from None
    known = set(executor.loader.disk_migrations)
    done = {name for name in executor.loader.applied_migrations if name[0] == "gate"}
    if not done:
        raise TreError(
            "the gate's database is missing or empty", hint="`tre gate restore` brings back the last backup"
        )
    if done - known:
        raise TreError(
            "the gate's database was written by a newer version", hint="install that version or a later one"
        )
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise TreError(
            "the gate's database is of an older version", hint="`tre gate migrate` brings it up to date"
        )


def migrate() -> None:
    """Bring the database to this version's schema."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


if not settings.configured:
    settings.configure(**SETTINGS)
    django.setup()

from tre_toolkit.gate import models as models  # noqa: E402  # models need Django to be ready
