"""What a gate let go, as its recipient has it: a release verified to the byte, and the tables in it.

Research knows no gate. Whether a release is one, `tre verify` says, a process of its own; what is read then is held
against the digests that were signed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tre_toolkit.errors import Problem, Problems, TreError, Where
from tre_toolkit.research.declared import ARROW

TRE = (sys.executable, "-c", "from tre_toolkit.cli import main; main()")
OTHER_KEY = "wrong-signature"
Cell = tuple[str, str]
"""Label of row and of column."""


@dataclass(frozen=True, slots=True)
class Released:
    """A release that was verified: what it is called, whose it is, and its files' digests by path."""

    folder: Path
    release: str
    gate: str
    fingerprint: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Printed:
    """A released table: header of its labels, and each cell's number, None where it is hidden."""

    corner: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[Cell, int | None]


def verified(
    releases: Sequence[Path], trusted: Sequence[Path], revocations: Sequence[Path]
) -> list[Released]:
    """The releases, each verified by one of the keys. Raises Problems for all that aren't, together."""
    found, problems = list[Released](), list[Problem]()
    for folder in releases:
        reasons, right = set[str](), None
        for key in trusted:
            answer = verify(folder, key, revocations)
            if isinstance(answer, dict):
                right = answer
                break
            reasons.add(answer)
        if right is None:
            told = sorted(reasons - {OTHER_KEY}) or [OTHER_KEY]
            problems.append(Problem(f"the release doesn't verify: {', '.join(told)}", Where(str(folder))))
            continue
        said = json.loads((folder / "release.json").read_text(encoding="utf-8"))
        files = {str(one["path"]): str(one["sha256"]) for one in said["outputs"]}
        found.append(
            Released(folder, str(right["release"]), str(right["gate"]), str(right["fingerprint"]), files)
        )
    if len({one.release for one in found}) < len(found):
        problems.append(Problem("the same release is named twice", hint="name each release once"))
    if problems:
        raise Problems("these releases can't be combined", problems)
    return found


def verify(folder: Path, key: Path, revocations: Sequence[Path]) -> dict[str, Any] | str:
    """What `tre verify` says of a release, or its reason for refusing it."""
    lists = [part for one in revocations for part in ("--revocations", str(one))]
    told = subprocess.run(
        [*TRE, "verify", str(folder), "--trust", str(key), *lists, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answer: dict[str, Any] = json.loads(told.stdout)
    except ValueError:
        return "`tre verify` couldn't be asked: is the gate's room installed, and is this a public key?"
    return answer if told.returncode == 0 and answer["verdict"] == "VERIFIED" else str(answer["reason"])


def read_printed(one: Released, place: str, stages: int) -> Printed:
    """A released table, of exactly the bytes that were released. Raises TreError when its figures aren't whole numbers."""
    path = one.folder / place
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != one.files[place]:
        raise TreError("the file changed since its release was verified", where=str(path))
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines) or len(lines[0]) <= stages:
        raise TreError("not a table of rows and columns", where=str(path))
    corner, columns = tuple(lines[0][:stages]), tuple(lines[0][stages:])
    rows = tuple(ARROW.join(line[:stages]) for line in lines[1:])
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        raise TreError("two rows or columns of one name", where=str(path))
    cells = {
        (row, column): _count(cell, path)
        for row, line in zip(rows, lines[1:], strict=True)
        for column, cell in zip(columns, line[stages:], strict=True)
    }
    return Printed(corner, rows, columns, cells)


def _count(cell: str, path: Path) -> int | None:
    """A printed whole number; None for whatever hides one. Raises TreError for a figure that is no count."""
    text = cell.strip().replace(",", "")
    if text.isdecimal():
        return int(text)
    if any(letter.isdecimal() for letter in text):
        raise TreError("its figures aren't whole numbers, and can't be added", where=str(path))
    return None
