"""Every change has its event, in the same transaction; the plain copy `audit.log` follows it.

The chain lives in the database, so that a change and its event stand or fall together. After each commit
the lines are copied to `audit.log`; what a crash kept from the copy is made up for when the gate is
opened. A copy that knows more than the database betrays a database that was rolled back.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial

from django.db import connection, transaction

from tre_toolkit import audit
from tre_toolkit.audit import Event, Fact
from tre_toolkit.files import new_file
from tre_toolkit.gate.folder import Gate
from tre_toolkit.gate.orm import models
from tre_toolkit.signing import Signer


def write(gate: Gate, name: str, /, *, by: str, **facts: Fact) -> Event:
    """Add an event to the chain; only inside `orm.change()`, beside the change it tells of."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its change")
    event = audit.following(head(), name, {"by": by, **facts})
    models.Journal.objects.create(number=event.number, line=event.line().decode())
    transaction.on_commit(partial(mirror, gate))
    return event


def head() -> Event | None:
    """The last event of the chain."""
    line = models.Journal.objects.order_by("-number").values_list("line", flat=True).first()
    return audit.parse(line) if line else None


def mirror(gate: Gate) -> int:
    """Bring `audit.log` up to date; the number of events it lacked. Raises TreError when the two disagree."""
    return audit.catch_up(gate.log, _lines_from)


def sign_checkpoint(gate: Gate, signer: Signer) -> None:
    """Sign the state of the log into the gate's folder, and into the witness folder where there is one."""
    audit.write_checkpoint(gate.log, gate.checkpoint, signer)
    if gate.witness:
        with new_file(gate.witness / f"{gate.id}.checkpoint", replace=True) as part:
            shutil.copyfile(gate.checkpoint, part)


def _lines_from(number: int) -> Sequence[str]:
    return list(
        models.Journal.objects.filter(number__gte=number).order_by("number").values_list("line", flat=True)
    )
