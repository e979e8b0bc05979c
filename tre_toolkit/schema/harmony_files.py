"""One dataset of a workspace made comparable, from folder to folder, for those who go on in R or Stata.

`harmonise_workspace` reads `tables/<dataset>/*.parquet` of a workspace and writes the comparable tables under
the same names into a new folder, with `report.json`: what was done to how many rows, and what could not be.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tre_toolkit.errors import TreError
from tre_toolkit.files import new_folder
from tre_toolkit.schema.harmony import Groups, Line, Years, harmonise

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "tre-harmonised-v1"


def harmonise_workspace(
    workspace: Path,
    name: str,
    into: Path,
    *,
    years: Years = "latest",
    ethnicity: Groups | None = None,
) -> tuple[Line, ...]:
    """Make one dataset of a workspace comparable; gives the report. Raises TreError when it isn't there."""
    facts = _facts(workspace)
    tables = {path.stem: _read(path) for path in sorted((workspace / "tables" / name).glob("*.parquet"))}
    if not tables:
        raise TreError(
            "the workspace holds no table of this dataset",
            where=name,
            hint=f"it holds {', '.join(sorted(path.name for path in (workspace / 'tables').glob('*'))) or 'none'}",
        )
    done = harmonise(tables, name, years=years, ethnicity=ethnicity)
    report = {
        "format": FORMAT,
        "dataset": name,
        "years": years,
        "ethnicity": ethnicity,
        "synthetic": bool(facts.get("synthetic")),
        "lines": [asdict(line) for line in done.report],
    }
    with new_folder(into) as part:
        for table, frame in done.tables.items():
            frame.to_parquet(part / f"{table}.parquet", index=False)
        (part / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return done.report


def _facts(workspace: Path) -> dict[str, object]:
    try:
        found: dict[str, object] = json.loads((workspace / "workspace.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise TreError(
            "not a workspace: workspace.json is missing or damaged",
            where=str(workspace),
            hint="`tre workspace` makes one from a spine and its parcels",
        ) from None
    return found


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path, dtype_backend="numpy_nullable")
