"""Each room does its work with the rooms it must not know made unimportable, as if they were deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SMOKE = Path(__file__).parent / "smoke"
ROOMS = {
    "pseudonymise": "pseudonymise",
    "tre_toolkit.linkage": "linkage",
    "tre_toolkit.research": "research",
    "synth": "synth",
    "disclosure": "disclosure",
    "tre_toolkit.gate": "gate",
}
# what each room may not know: every other room, and what the table of rooms forbids it beside
FORBIDDEN = {
    "pseudonymise": [*(ROOMS.keys() - {"pseudonymise"})],
    "tre_toolkit.linkage": [*(ROOMS.keys() - {"tre_toolkit.linkage"}), "tre_toolkit.returns"],
    "tre_toolkit.research": [
        *(ROOMS.keys() - {"tre_toolkit.research", "disclosure"}), "tre_toolkit.returns", "tre_toolkit.parcel",
    ],
    "synth": [*(ROOMS.keys() - {"synth"}), "tre_toolkit.parcel"],
    "disclosure": [
        *(ROOMS.keys() - {"disclosure"}),
        *(f"tre_toolkit.{name}" for name in ("returns", "parcel", "schema", "audit", "engine", "project", "console", "signing", "keyfile", "files", "cli")),
    ],
    "tre_toolkit.gate": [
        *(ROOMS.keys() - {"tre_toolkit.gate", "disclosure"}), "tre_toolkit.returns", "tre_toolkit.parcel",
    ],
}  # fmt: skip

# run in a process of its own: block, import every module of the room, then do the room's work once
DELETED = """
import importlib, pkgutil, runpy, sys

room, blocked, script, place = sys.argv[1], sys.argv[2].split(","), sys.argv[3], sys.argv[4]

class Deleted:
    def find_spec(self, name, path=None, target=None):
        if any(name == gone or name.startswith(gone + ".") for gone in blocked):
            raise ModuleNotFoundError(f"{name} was deleted", name=name)

sys.meta_path.insert(0, Deleted())
package = importlib.import_module(room)
for found in pkgutil.walk_packages(package.__path__, room + "."):
    if not any(part in OPTIONAL for part in found.name.split(".")):
        importlib.import_module(found.name)
sys.argv = [script, place]
runpy.run_path(script, run_name="__main__")
"""
OPTIONAL = {"splink_engine", "sdv_engine", "dp_engine", "spark", "migrations", "settings", "web"}


def run_deleted(room: str, blocked: list[str], script: Path, place: Path) -> subprocess.CompletedProcess[str]:
    source = DELETED.replace("OPTIONAL", repr(OPTIONAL))
    command = [sys.executable, "-c", source, room, ",".join(blocked), str(script), str(place)]
    return subprocess.run(command, capture_output=True, text=True, cwd=place)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_works_when_the_others_are_deleted(room: str, tmp_path: Path) -> None:
    done = run_deleted(room, FORBIDDEN[room], SMOKE / f"{ROOMS[room]}.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("works"), done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_the_deletion_test_can_fail(room: str, tmp_path: Path) -> None:
    """Falsified: a script that reaches for a deleted room is stopped."""
    script = tmp_path / "reaches.py"
    script.write_text(f"import {sorted(FORBIDDEN[room])[0]}\nprint('works')\n")
    done = run_deleted(room, FORBIDDEN[room], script, tmp_path)
    assert done.returncode != 0
    assert "was deleted" in done.stderr
