"""The four marks of an invented set, so that it never passes for a real one.

1. Identifiers from ranges that are never issued: UPN authority 999, NHS numbers of the 999 block, outward
   codes QZ1 to QZ9, local numbers that begin with SYN (`RANGES`).
2. A constant in every return that has room for one: the CIN census says SYNTHETIC as its software's release,
   the school census SYN as its source.
3. A sidecar `SYNTHETIC.json` in every folder.
4. A manifest `manifest.json` of every file's digest, signed where a signer is given.

`marks_of` says which of the first two a return carries whatever was done to its folder; `check_unmarked`
refuses invented children where real ones are wanted. Taking one mark away leaves the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.plan import Plan
from tre_toolkit.errors import MisuseError, TreError
from tre_toolkit.files import digest, write_text
from tre_toolkit.signing import Signer, Verifier

if TYPE_CHECKING:
    from tre_toolkit.returns import Return

MARK, MANIFEST, SIGNATURE = "SYNTHETIC.json", "manifest.json", "manifest.sig"
PURPOSE = "synthetic-manifest-v1"
TIERS = ("T0-structural", "T1-aggregate", "T2-fitted", "T3-dp")
RANGES = {
    "upn": re.compile(r"^[A-Z]999[0-9]{8}[0-9A-Z]$"),
    "nhs": re.compile(r"^999[0-9]{7}$"),
    "postcode": re.compile(r"^QZ[1-9] ?[0-9][A-Z]{2}$"),
    "local_id": re.compile(r"^SYN[0-9]+[A-Z]?$"),
}
CONSTANTS = {"Release": "SYNTHETIC", "sourceid": "SYN"}
MOST = 0.5  # a column carries a mark when more than this share of its filled cells does


def facts(plan: Plan, datasets: tuple[str, ...]) -> dict[str, Any]:
    """What the sidecar of the whole set says."""
    from tre_toolkit import __version__

    return {
        "synthetic": True,
        "notice": "Every person, family, school and authority in these files is invented.",
        "tier": TIERS[plan.tier],
        "made_by": f"tre-toolkit {__version__}",
        "seed": plan.seed if plan.tier < len(TIERS) - 1 else "the noise is not seeded",
        "authorities": list(plan.authorities),
        "children": plan.children,
        "years": list(plan.years),
        "known": plan.known,
        "datasets": list(datasets),
        "identifiers": {
            "upn": "authority number 999, which no authority has",
            "nhs": "the block that begins with 999, set aside for test patients",
            "postcode": "outward codes QZ1 to QZ9, which the format rules make impossible",
            "local_id": "begins with SYN",
            "urn": "the invented register in lookups/",
        },
    }


def mark(folder: Path, said: dict[str, Any]) -> Path:
    """Write the sidecar into a folder."""
    return write_text(folder / MARK, json.dumps(said, indent=2) + "\n", replace=True)


def write_manifest(folder: Path, signer: Signer | None = None) -> Path:
    """Write the digest of every file below `folder`, and sign it where there is a signer."""
    files = {
        str(path.relative_to(folder)): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (MANIFEST, SIGNATURE)
    }
    told = json.dumps({"synthetic": True, "format": PURPOSE, "files": files}, indent=2) + "\n"
    made = write_text(folder / MANIFEST, told, replace=True)
    if signer is not None:
        (folder / SIGNATURE).write_bytes(signer.sign(told.encode(), purpose=PURPOSE))
    return made


def check_manifest(folder: Path, verifier: Verifier | None = None) -> int:
    """Insist that every file is there as the manifest says, and that it is signed by `verifier` where one is given.

    Gives back the number of files. Raises TreError that names the first file that differs, is missing or is new.
    """
    raw = (folder / MANIFEST).read_bytes() if (folder / MANIFEST).is_file() else None
    if raw is None:
        raise TreError("the manifest of the synthetic set is missing", where=str(folder))
    if verifier is not None:
        signature = (folder / SIGNATURE).read_bytes() if (folder / SIGNATURE).is_file() else b""
        verifier.check(signature, raw, purpose=PURPOSE, where=str(folder / MANIFEST))
    told: dict[str, str] = json.loads(raw)["files"]
    there = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (MANIFEST, SIGNATURE)
    }
    for name in sorted({*told, *there}):
        if name not in there:
            raise TreError("a file of the synthetic set is missing", where=name)
        if told.get(name) != digest(folder / name):
            raise TreError("a file of the synthetic set isn't the one that was made", where=name)
    return len(told)


def marks_of(one: Return) -> set[str]:
    """Which marks a return carries: names of ranges, `constant`, and `sidecar` where its folder has one."""
    shape, found = one.schema, set[str]()
    if any((path.parent / MARK).is_file() for path in one.files):
        found.add("sidecar")
    for table in shape.tables:
        frame = one.tables[table.name]
        for field in table.fields:
            cells = frame[field.name].dropna() if field.name in frame.columns else frame["row_no"].iloc[:0]
            if not len(cells):
                continue
            if CONSTANTS.get(field.name) and (cells == CONSTANTS[field.name]).all():
                found.add("constant")
            pattern = RANGES.get(field.format or "") or RANGES.get(field.token or "")
            if pattern is not None and cells.str.fullmatch(pattern).mean() > MOST:
                found.add(field.token or field.format or "")
    return found


def check_unmarked(returns: Iterable[Return], *, wanted: str) -> None:
    """Raise MisuseError when any of the returns carries a mark: real children are wanted here."""
    for one in returns:
        marks = {"synthetic"} if one.synthetic else marks_of(one)
        if marks:
            raise MisuseError(
                f"these children are invented ({', '.join(sorted(marks))}); {wanted}",
                where=one.name,
                hint="tiers 0 and 1 need no data",
            )
