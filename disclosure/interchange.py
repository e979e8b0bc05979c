"""To and from SACRO: read what acro recorded, write what SACRO Viewer opens.

acro's record (`results.json`) names outputs, their files and its own summary; we keep its comments and judge the
files ourselves. What we write has the same shape, with our verdict as its summary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disclosure.atomic import pretty, sha256, write_bytes
from disclosure.check import Packs, check_files
from disclosure.findings import Level, Verdict
from disclosure.ledger import now
from tre_toolkit.errors import TreError

VERSION = "0.4.12"  # of the record's shape
_STATUS = {Level.PASS: "pass", Level.REVIEW: "review", Level.FAIL: "fail"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One output of acro's record: its files, what acro said of it, what the researcher said."""

    name: str
    files: tuple[Path, ...]
    status: str
    summary: str
    command: str
    comments: tuple[str, ...]
    exception: str


def read_acro(folder: Path) -> list[Recorded]:
    """The outputs in a folder acro wrote. Raises TreError when its record can't be read or names files elsewhere."""
    path = folder / "results.json"
    try:
        told = json.loads(path.read_bytes())
        return [_recorded(folder, name, item) for name, item in told["results"].items()]
    except FileNotFoundError:
        raise TreError("acro's record isn't here", where=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TreError("not a record that acro wrote", where=str(path)) from None


def _recorded(folder: Path, name: str, item: Mapping[str, Any]) -> Recorded:
    files = []
    for file in item.get("files") or ():
        path = (folder / str(file["name"])).resolve()
        if folder.resolve() not in path.parents:
            raise TreError("acro's record names a file outside its folder", where=str(folder))
        files.append(path)
    return Recorded(
        str(name), tuple(files), str(item.get("status", "")), str(item.get("summary", "")),
        str(item.get("command", "")), tuple(map(str, item.get("comments") or ())), str(item.get("exception", "")),
    )  # fmt: skip


def check_acro(folder: Path, packs: Packs = None) -> dict[str, Verdict]:
    """Our own verdict on every output acro recorded, whatever acro said of it."""
    found = {}
    for output in read_acro(folder):
        tables = [path for path in output.files if path.suffix != ".json"]
        verdict = Verdict(Level.PASS)
        for one in check_files(tables, packs).values():
            verdict = verdict.and_(one)
        found[output.name] = verdict
    return found


def write_sacro(folder: Path, verdicts: Mapping[Path, Verdict], *, comment: str = "") -> Path:
    """Write `results.json` and `config.json` for SACRO Viewer into `folder`, where the files themselves stand."""
    results = {}
    for number, (path, verdict) in enumerate(verdicts.items()):
        told = "; ".join(f"{found.rule}: {found.where}: {found.message}" for found in verdict.findings)
        results[f"output_{number}"] = {
            "uid": f"output_{number}", "status": _STATUS[verdict.level], "type": "custom",
            "properties": {"method": "tre check", "packs": [dict(pack) for pack in verdict.packs]},
            "files": [{"name": path.name, "checksum": sha256(path.read_bytes()), "sdc": {}}],
            "outcome": {}, "command": "tre check", "summary": f"{_STATUS[verdict.level]}; {told}" if told else "pass",
            "timestamp": now(), "comments": [comment] if comment else [], "exception": "",
        }  # fmt: skip
        _checksum(folder, path)
    write_bytes(folder / "config.json", pretty({"made_by": "tre-toolkit"}))
    return write_bytes(folder / "results.json", pretty({"version": VERSION, "results": results}))


def _checksum(folder: Path, path: Path) -> None:
    sums = folder / "checksums"
    sums.mkdir(exist_ok=True)
    write_bytes(sums / f"{path.name}.txt", sha256(path.read_bytes()).encode(), replace=True)
