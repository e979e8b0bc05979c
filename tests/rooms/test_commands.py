"""Every command says what it does, for whom, and shows one example that begins with its own words."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest

from tre_toolkit.cli import GROUP, PANELS, Rooms, app
from tre_toolkit.manual import leaves

OFFERED = sorted(found.name for found in entry_points(group=GROUP))


def load(name: str) -> Any:
    return Rooms(name="tre", commands={}).get_command(None, name)


@pytest.mark.parametrize("name", OFFERED)
def test_every_command_is_there_and_shows_an_example(name: str) -> None:
    command = load(name)
    assert command is not None, f"tre {name} can't be loaded"
    for words, leaf in leaves(command, (name,)):
        typed = " ".join(("tre", *words))
        assert leaf.help, f"{typed} has no help"
        assert "Example" in leaf.help, f"{typed} shows no example"
        assert typed in leaf.help, f"the example of {typed} doesn't use it"


def test_every_command_stands_under_one_persons_heading() -> None:
    listed = [name for names in PANELS.values() for name in names]
    assert sorted(listed) == sorted(set(listed))
    assert set(OFFERED) <= set(listed)


def test_the_front_door_offers_every_command() -> None:
    assert app.info.cls is Rooms
    assert set(Rooms(name="tre", commands={}).list_commands(None)) == set(OFFERED)
