"""What a controller may add to a run: lists, lookups, and files for the authority's own eyes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pseudonymise import attack
from pseudonymise.coarsen import Areas
from pseudonymise.making import Elsewhere
from pseudonymise.spill import HELD


@dataclass(frozen=True, slots=True)
class Options:
    """What a controller may add to a run."""

    authority: str | None = None
    without: frozenset[str] = frozenset()
    """Local numbers, in their clean form, of children whose records stay behind."""
    areas: Areas | None = None
    names: attack.Names = attack.Names()  # noqa: RUF009 - frozen, and empty
    """The controller's lists of names, with which the tokens are attacked before they leave."""
    truth_map: Path | None = None
    """Gets record_id with authority, dataset, period and local id, for synthetic returns only."""
    own_map: Path | None = None
    """Gets the same of any returns, for the authority's own eyes: what answers a linker's question about a record."""
    new_series: bool = False
    jobs: int = 1
    elsewhere: Elsewhere | None = None
    """Makes the tokens on other machines (`executors.Executors`); here, in `jobs` processes, if absent."""
    spill: Path | None = None
    """Folder of the nameless file in which what is made waits to be sealed; the system's own place if absent."""
    held: int = HELD
    """Bytes of it that stay in memory before that file is begun."""
