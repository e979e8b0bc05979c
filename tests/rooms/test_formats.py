"""What the first version made is read by this one: a release, its audit log, a parcel (its own tests), tokens (theirs)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tre_toolkit import audit
from tre_toolkit.errors import TreError
from tre_toolkit.gate import verify_release
from tre_toolkit.signing import Verifier

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "vectors" / "release-v1"
ALONE = ROOT / "docs" / "reference" / "verify_release.py"


def alone(bag: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ALONE), str(bag), str(KEPT / "gate.pub")], capture_output=True, text=True
    )


def test_the_first_release_verifies_by_both_verifiers() -> None:
    told = verify_release(KEPT / "bag", Verifier.read(KEPT / "gate.pub"))
    assert told.request == 1
    assert alone(KEPT / "bag").returncode == 0


def test_a_changed_byte_of_it_is_refused_by_both(tmp_path: Path) -> None:
    bag = Path(shutil.copytree(KEPT / "bag", tmp_path / "bag"))
    (table,) = bag.rglob("state_flow.csv")
    table.write_bytes(table.read_bytes() + b"\n")
    with pytest.raises(TreError, match="not the one that was released"):
        verify_release(bag, Verifier.read(KEPT / "gate.pub"))
    assert alone(bag).returncode == 1


def test_the_first_audit_log_verifies_and_a_bent_one_does_not(tmp_path: Path) -> None:
    assert audit.verify(KEPT / "audit.log") > 5
    lines = (KEPT / "audit.log").read_text(encoding="utf-8").splitlines(keepends=True)
    bent = tmp_path / "audit.log"
    bent.write_text("".join([*lines[:2], *lines[3:]]), encoding="utf-8")
    with pytest.raises(TreError):
        audit.verify(bent)


def test_every_promise_of_compatibility_names_what_holds_it() -> None:
    import re

    page = (ROOT / "docs" / "explanation" / "compatibility.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|docs)/[\w./-]+)`", page)
    assert len(named) >= 6
    assert not [place for place in named if not (ROOT / place).exists()]
