"""Who is followed: a cohort, as a description with a hash, never as a list of children."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tre_toolkit.research.episodes import Rules
from tre_toolkit.research.workspace import Workspace

if TYPE_CHECKING:
    from tre_toolkit.research.pathways import Pathways


def cohort(name: str, workspace: Workspace) -> Cohort:
    """A cohort of all the workspace's children who were in any state on an observed day."""
    return Cohort(name, workspace)


@dataclass(frozen=True, eq=False)
class Cohort:
    """Children followed over a window of days."""

    name: str
    workspace: Workspace

    def __repr__(self) -> str:
        return f"<cohort {self.name!r} of {self.workspace.folder.name}, {self.digest[:12]}>"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the definition: the same words over the same data give the same children."""
        return hashlib.sha256(f"{self.name}\n{self.workspace.digest}".encode()).hexdigest()

    def pathways(self, **rules: Any) -> Pathways:
        """The cohort's pathways under declared `Rules` (order, bridge, same_day, open_end, observed_from, observed_to)."""
        from tre_toolkit.research.pathways import Pathways

        return Pathways(self.workspace, Rules.model_validate(rules))
