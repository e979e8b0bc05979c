"""Synth alone: twins of a return, marked."""

import sys
from pathlib import Path

from tre_toolkit.cli import run

place = Path(sys.argv[1])
words = ["synth", "cin_census", "--authority", "990", "--years", "2025", "--children", "50", "--seed", "1"]
assert run([*words, "--into", str(place / "invented")]) == 0
assert list((place / "invented").rglob("*.xml"))
assert (place / "invented" / "SYNTHETIC.json").exists()
print("synth works")
