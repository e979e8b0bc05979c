"""Every command that reads children's data can be held to an amount of memory, or says here why it needs no limit."""

from __future__ import annotations

from tre_toolkit import manual
from tre_toolkit.cli import Rooms

LIMITED = {
    "validate", "pseudonymise", "link", "workspace", "synth", "recipe run", "tabulate", "check",
}  # fmt: skip
# by a command, or by a command and its verb; the longer goes before
UNLIMITED = {
    "demo": "plays the other commands, each in a process of its own, on a few thousand invented children",
    "doctor": "looks at what is installed, and at no data",
    "schema": "reads the catalogue, and files of columns",
    "project": "a declaration of some lines",
    "key": "keys, and lists of what they make",
    "plan": "decides by columns; of the returns it holds a chunk at a time",
    "parcel": "seals, digests and signatures are read as a stream",
    "clerical": "the pairs people look at by eye",
    "recipe list": "the catalogue of recipes",
    "recipe draw": "a checked table",
    "recipe report": "checked tables",
    "recipe combine": "released tables",
    "protect": "a table of counts, with its evidence",
    "explain": "words about a rule",
    "request": "tables on their way out",
    "review": "tables on their way out",
    "release": "tables on their way out",
    "gate": "tables on their way out, and the gate's own records",
    "verify": "digests of released files",
    "audit": "a log, line by line",
}


def verbs() -> dict[str, bool]:
    """Every command with its verb as typed, and whether it has --memory."""
    rooms = Rooms(name="tre", commands={})
    return {
        " ".join(typed): any("--memory" in parameter.opts for parameter in leaf.params)
        for name in rooms.list_commands(None)
        for typed, leaf in manual.leaves(rooms.get_command(None, name), (name,))
    }


def test_every_command_takes_a_limit_of_memory_or_has_a_reason_not_to() -> None:
    for typed, limited in verbs().items():
        reason = UNLIMITED.get(typed) or UNLIMITED.get(typed.partition(" ")[0])
        assert limited != bool(reason), typed


def test_the_commands_that_read_returns_parcels_and_workspaces_take_a_limit() -> None:
    found = verbs()
    assert {typed for typed, limited in found.items() if limited} == LIMITED
    assert {name.partition(" ")[0] for name in UNLIMITED} <= {typed.partition(" ")[0] for typed in found}
