"""The marks of an invented set, so that it never passes for a real one.

1. identifiers from ranges that are never issued (`synth.ids`);
2. a sidecar `SYNTHETIC.json` in every folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from synth.plan import Plan
from tre_toolkit.files import write_text

MARK = "SYNTHETIC.json"
TIERS = ("T0-structural", "T1-aggregate", "T2-fitted", "T3-dp")


def facts(plan: Plan, datasets: tuple[str, ...]) -> dict[str, Any]:
    """What the sidecar of the whole set says."""
    from tre_toolkit import __version__

    return {
        "synthetic": True,
        "notice": "Every person, family, school and authority in these files is invented.",
        "tier": TIERS[plan.tier],
        "made_by": f"tre-toolkit {__version__}",
        "seed": plan.seed,
        "authorities": list(plan.authorities),
        "children": plan.children,
        "years": list(plan.years),
        "known": plan.known,
        "datasets": list(datasets),
        "identifiers": {
            "upn": "authority number 999, which no authority has",
            "postcode": "outward codes QZ1 to QZ9, which the format rules make impossible",
            "local_id": "begins with SYN",
            "urn": "the invented register in lookups/",
        },
    }


def mark(folder: Path, said: dict[str, Any]) -> Path:
    """Write the sidecar into a folder."""
    return write_text(folder / MARK, json.dumps(said, indent=2) + "\n", replace=True)
