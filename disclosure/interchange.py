"""To and from SACRO: read what acro recorded, write what SACRO Viewer opens.

acro's record (`results.json`) names outputs, their files and its own summary. We judge the files ourselves and lose
nothing that acro found: it saw the data. What we write has the same shape, with our verdict as its summary and our
findings at the cells where the Viewer marks them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from disclosure.atomic import pretty, sha256, write_bytes
from disclosure.check import Packs, check_files, read_table
from disclosure.files.delimited import read_delimited
from disclosure.findings import Finding, Level, Verdict, verdict_of
from disclosure.ledger import now
from disclosure.packs import HOUSE, chain
from tre_toolkit.errors import TreError

VERSION = "0.4.12"  # of the record's shape: the Viewer asks for 0.4 or later
RECORD, CONFIG = "results.json", "config.json"
INTERNAL = "DONT_RELEASE"  # how acro names what is for checkers only
_STATUS = {Level.PASS: "pass", Level.REVIEW: "review", Level.FAIL: "fail"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One output of acro's record: its files, what acro said of it and of its cells, what the researcher said."""

    name: str
    files: tuple[Path, ...]
    status: str
    summary: str
    command: str
    comments: tuple[str, ...]
    exception: str
    flags: Mapping[str, int] = field(default_factory=dict)  # acro's check -> how many cells it flagged

    @property
    def internal(self) -> bool:
        """Whether acro wrote it for checkers only."""
        return self.name.endswith(INTERNAL)


def read_acro(folder: Path) -> list[Recorded]:
    """The outputs in a folder acro wrote (0.4 to 1.0). Raises TreError when its record can't be read or names files elsewhere."""
    path = folder / RECORD
    try:
        told = json.loads(path.read_bytes())
        return [_recorded(folder, name, item) for name, item in told["results"].items()]
    except FileNotFoundError:
        raise TreError("acro's record isn't here", where=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TreError("not a record that acro wrote", where=str(path)) from None


def _recorded(folder: Path, name: str, item: Mapping[str, Any]) -> Recorded:
    files: list[Path] = []
    flags: dict[str, int] = {}
    for file in item.get("files") or ():
        path = (folder / str(file["name"])).resolve()
        if folder.resolve() not in path.parents:
            raise TreError("acro's record names a file outside its folder", where=str(folder))
        files.append(path)
        for check, cells in ((file.get("sdc") or {}).get("cells") or {}).items():
            if cells:
                flags[str(check)] = flags.get(str(check), 0) + len(cells)
    return Recorded(
        str(name), tuple(files), str(item.get("status") or ""), str(item.get("summary") or ""),
        str(item.get("command") or ""), tuple(map(str, item.get("comments") or ())), str(item.get("exception") or ""), flags,
    )  # fmt: skip


def check_acro(folder: Path, packs: Packs = None) -> dict[str, Verdict]:
    """Our own verdict on every output acro recorded; what acro found of the data, which a file doesn't show, is for review."""
    rules = chain(packs)
    found = {}
    for output in read_acro(folder):
        verdict = verdict_of(_of_record(folder, output), packs=rules.named())
        for one in check_files(output.files, rules).values():
            verdict = verdict.and_(one)
        found[output.name] = verdict
    return found


def _of_record(folder: Path, output: Recorded) -> Iterator[Finding]:
    name = output.name
    if output.internal:
        yield _finding(
            Level.FAIL,
            "file-type",
            name,
            "acro wrote this for checkers only: it tells of every output",
            "leave it out",
        )
    if not output.files:
        yield _finding(Level.REVIEW, "file", name, "an output without a file", "record it again")
    for path in output.files:
        told = folder / "checksums" / f"{path.name}.txt"
        if told.is_file() and path.is_file() and told.read_text().strip() != sha256(path.read_bytes()):
            yield _finding(
                Level.FAIL, "evidence", name, "the file was changed after acro recorded it", "make it again"
            )
    fix = "make the table in a session here, which tells which children stand behind each cell"
    for check, cells in output.flags.items():
        yield _finding(Level.REVIEW, "file", name, f"acro's {check} flagged {cells} cells", fix)
    if output.status != "pass" and not output.flags:
        yield _finding(Level.REVIEW, "file", name, "acro did not pass it", fix)


def _finding(level: Level, rule: str, file: str, message: str, fix: str) -> Finding:
    return Finding(level, f"{HOUSE}/{rule}", file, "whole output", message, fix)


def write_sacro(folder: Path, verdicts: Mapping[Path, Verdict], *, comment: str = "") -> Path:
    """Write `results.json` and `config.json` for SACRO Viewer into `folder`, where the files themselves stand.

    Raises TreError for a file that stands elsewhere or has a name of the Viewer's own.
    """
    for path in verdicts:
        if path.resolve().parent != folder.resolve():
            raise TreError(
                "the file doesn't stand in the folder", where=str(path), hint=f"put it into {folder}"
            )
        if path.name in (RECORD, CONFIG, "outputs.json"):
            raise TreError(
                "SACRO Viewer takes a file of this name for its own",
                where=str(path),
                hint="name it otherwise",
            )
    results = {}
    for number, (path, verdict) in enumerate(verdicts.items()):
        status = _STATUS[verdict.level]
        # the Viewer puts these words into its page as they are
        told = [
            escape(f"{found.rule}: {found.where}: {found.message}", quote=False) for found in verdict.findings
        ]
        results[f"output_{number}"] = {
            "uid": f"output_{number}", "status": status, "type": "custom",
            "properties": {"method": "tre check", "packs": [dict(pack) for pack in verdict.packs]},
            "files": [{"name": path.name, "checksum": sha256(path.read_bytes()), "sdc": {"cells": _cells(path, verdict)}}],
            "outcome": {}, "command": "tre check", "summary": "; ".join([status, *(one.replace("; ", ", ") for one in told)]),
            "timestamp": now(), "comments": [escape(comment, quote=False)] if comment else [], "exception": "",
        }  # fmt: skip
        _checksum(folder, path)
    write_bytes(folder / CONFIG, pretty({"made_by": "tre-toolkit"}))
    return write_bytes(folder / RECORD, pretty({"version": VERSION, "results": results}))


def _cells(path: Path, verdict: Verdict) -> dict[str, list[list[int]]]:
    """The cells each rule speaks of, as rows and columns of figures under the header and beside the first label."""
    if path.suffix.lower() != ".csv" or not verdict.findings:
        return {}
    try:
        grid = read_delimited(path.read_bytes(), str(path))
        table = read_table(grid, str(path), chain(None), None)
    except TreError:
        return {}
    width = table.size[1]
    shift = len(grid.header) - width - 1
    places = {table.where(cell): divmod(cell, width) for cell in range(len(table))}
    found: dict[str, list[list[int]]] = {}
    for finding in verdict.findings:
        if finding.where in places:
            row, column = places[finding.where]
            found.setdefault(finding.rule, []).append([row, column + shift])
    return found


def _checksum(folder: Path, path: Path) -> None:
    sums = folder / "checksums"
    sums.mkdir(exist_ok=True)
    write_bytes(sums / f"{path.name}.txt", sha256(path.read_bytes()).encode(), replace=True)
