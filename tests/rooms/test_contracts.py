"""The import contracts hold, and each of them can fail: a planted import turns it red."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("tre_toolkit", "pseudonymise", "synth", "disclosure")

# contract that must break, the file the import is planted in, the import
PLANTED = (
    ("The kernel stands on nothing but itself", "tre_toolkit/files.py", "import tre_toolkit.audit"),
    ("Rooms stand above the parcel", "tre_toolkit/returns/__init__.py", "import tre_toolkit.research"),
    ("Pseudonymise knows the return and the parcel", "pseudonymise/__init__.py", "import disclosure"),
    (
        "Nothing that runs in the authority can reach a network",
        "pseudonymise/__init__.py",
        "import urllib.request",
    ),
    (
        "Nothing that runs in the authority can reach a network",
        "tre_toolkit/returns/__init__.py",
        "import socket",
    ),
    ("Nobody but pseudonymise knows pseudonymise", "tre_toolkit/linkage/__init__.py", "import pseudonymise"),
    ("Linkage sees tokens, never a return", "tre_toolkit/linkage/__init__.py", "import tre_toolkit.returns"),
    ("Research sees the workspace", "tre_toolkit/research/__init__.py", "import tre_toolkit.parcel"),
    ("Synth writes returns and never opens a parcel", "synth/__init__.py", "import tre_toolkit.parcel"),
    ("Disclosure stands alone", "disclosure/__init__.py", "import tre_toolkit.schema"),
    ("The gate sees outputs and evidence", "tre_toolkit/gate/__init__.py", "import tre_toolkit.linkage"),
    ("Only the Spark module can reach a cluster", "tre_toolkit/returns/__init__.py", "import pyspark"),
    ("Heavy engines have one door each", "tre_toolkit/cli.py", "import pandas"),
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={"PATH": "", "PYTHONPATH": str(folder)}
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the four packages and their contracts, to plant in."""
    pytest.importorskip("importlinter", reason="the contracts are checked where import-linter is installed")
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__", "catalogue", "*.csv")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    return tmp_path


def test_the_contracts_hold(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("contract", "file", "planted"), PLANTED, ids=[f"{file}: {planted}" for _, file, planted in PLANTED]
)
def test_a_planted_import_breaks_its_contract(house: Path, contract: str, file: str, planted: str) -> None:
    path = house / file
    path.write_text(f"{path.read_text()}\n{planted}\n")
    done = lint(house)
    assert done.returncode != 0
    broken = [line for line in done.stdout.splitlines() if contract in line]
    assert any("BROKEN" in line for line in broken), done.stdout
