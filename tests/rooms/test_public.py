"""What stands in a room's `__all__` can be had, is light to import, and says what it is for."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("tre_toolkit", "pseudonymise", "synth", "disclosure", "tre_toolkit.returns", "tre_toolkit.parcel", "tre_toolkit.schema",
         "tre_toolkit.linkage", "tre_toolkit.research", "tre_toolkit.gate")  # fmt: skip
PUBLIC = [(room, name) for room in ROOMS for name in importlib.import_module(room).__all__]
SAID = re.compile(r"raise|refus", re.IGNORECASE)


@pytest.mark.parametrize(("room", "name"), PUBLIC, ids=[f"{room}.{name}" for room, name in PUBLIC])
def test_a_public_object_says_what_it_is_for(room: str, name: str) -> None:
    thing = getattr(importlib.import_module(room), name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return  # a constant: its module says it
    assert (inspect.getdoc(thing) or "").strip(), f"{room}.{name} has no docstring"
    if inspect.isclass(thing):
        methods = [
            one for key, one in vars(thing).items() if inspect.isfunction(one) and not key.startswith("_")
        ]
        bare = [
            one.__name__
            for one in methods
            if one.__module__.startswith(room.split(".")[0]) and not inspect.getdoc(one)
        ]
        assert not bare, f"{room}.{name}: {', '.join(bare)} without a docstring"


@pytest.mark.parametrize("room", ROOMS)
def test_a_function_that_refuses_says_so(room: str) -> None:
    """A public function in whose own body a TreError is raised names it, so that a caller knows what to catch."""
    silent = []
    for name in importlib.import_module(room).__all__:
        thing = getattr(importlib.import_module(room), name)
        if not inspect.isfunction(thing):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(thing)))
        raised = [node for node in ast.walk(body) if isinstance(node, ast.Raise) and node.exc is not None]
        if raised and not SAID.search(inspect.getdoc(thing) or ""):
            silent.append(f"{thing.__module__}.{name}")
    assert not silent, "\n".join(silent)


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_loads_nothing_heavy(room: str) -> None:
    heavy = "{'pandas', 'numpy', 'pyarrow', 'duckdb', 'django', 'lxml', 'scipy', 'matplotlib'}"
    code = f"import sys, {room}; print(sorted({heavy} & set(sys.modules)), {room}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "[]"


@pytest.mark.parametrize("room", ROOMS)
def test_a_name_that_is_not_public_is_not_there(room: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute"):
        _ = importlib.import_module(room).nothing_of_the_kind  # type: ignore[attr-defined]
