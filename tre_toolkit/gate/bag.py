"""Making a release: a BagIt bag (RFC 8493) that holds a Five Safes RO-Crate 0.4, signed to the last byte.

```
release.json            what was released, on whose votes, digests of every other file    release.sig  over it
bagit.txt bag-info.txt manifest-sha512.txt tagmanifest-sha512.txt                         the bag
data/ro-crate-metadata.json                                                               the crate
data/outputs/...                                                                          the files
```
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tre_toolkit.gate import crate
from tre_toolkit.gate.verify import FORMAT, PURPOSE, SIGNATURE, SIGNED, TAGS, tag_lines
from tre_toolkit.signing import Signer

BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class Item:
    """One file that leaves: its bytes, and who approved exactly these."""

    path: str
    blob: Path
    sha256: str
    type: str
    media: str
    verdict: str  # what the machine said
    standing: str  # of its evidence: none, claimed, verified or differs
    approved_by: tuple[str, ...]
    exceptions: tuple[str, ...] = ()  # rules a senior checker waived


def build(folder: Path, items: Sequence[Item], facts: Mapping[str, Any], signer: Signer) -> str:
    """Fill the empty `folder` with the bag; the SHA-256 of its `release.json`.

    `facts` says which release, gate, request and moment. Nothing is synced to the disk here.
    """
    for item in items:
        path = folder / "data" / item.path
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(item.blob, path)
    (folder / "data" / crate.NAME).write_text(crate.describe(items, facts), encoding="utf-8")
    payload = {p: hashlib.sha512((folder / p).read_bytes()).hexdigest() for p in _files(folder)}
    size = sum((folder / path).stat().st_size for path in payload)
    (folder / "bagit.txt").write_text(BAGIT)
    (folder / "bag-info.txt").write_text(_info(facts, size, len(payload)), encoding="utf-8")
    (folder / "manifest-sha512.txt").write_bytes(tag_lines(payload))
    raw = _declaration(folder, items, facts)
    (folder / SIGNED).write_bytes(raw)
    (folder / SIGNATURE).write_text(signer.sign(raw, purpose=PURPOSE).hex() + "\n")
    tags = {p: hashlib.sha512((folder / p).read_bytes()).hexdigest() for p in _files(folder) if "/" not in p}
    (folder / TAGS).write_bytes(tag_lines(tags))
    return hashlib.sha256(raw).hexdigest()


def _declaration(folder: Path, items: Sequence[Item], facts: Mapping[str, Any]) -> bytes:
    files = {}
    for path in _files(folder):
        raw = (folder / path).read_bytes()
        files[path] = {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    outputs = [
        {
            "path": f"data/{item.path}",
            "sha256": item.sha256,
            "type": item.type,
            "machine": item.verdict,
            "evidence": item.standing,
            "approved_by": list(item.approved_by),
            "exceptions": list(item.exceptions),
        }
        for item in items
    ]
    said = {"format": FORMAT, **facts, "outputs": outputs, "files": files}
    return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _info(facts: Mapping[str, Any], size: int, count: int) -> str:
    lines = {
        "Source-Organization": facts["gate"]["name"],
        "External-Identifier": facts["release"],
        "Bagging-Date": facts["at"][:10],
        "Payload-Oxum": f"{size}.{count}",
        "Bag-Software-Agent": "tre-toolkit",
    }
    return "".join(f"{name}: {' '.join(str(value).split())}\n" for name, value in lines.items())


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
